"""Cancels that come in time and cancels that race an execution: the venue's order of events decides."""

from typing import Any

import pytest

import mmkit
from mmkit.engine.records import CANCELLING, NOTHING, PLACING, SENT, WORKING

POST = mmkit.POST_ONLY
BUY = ("buy", 99, 5, POST)


def test_a_cancel_in_time_ends_the_order(market: Any, play: Any) -> None:
    market.sold(2011, 99, 50).until(5000)
    result = play(market, {1000: [BUY], 2000: [("cancel", 1)], 2029: [], 2030: []})
    assert result.fills == []
    assert result.orders["cancelled"] == 1
    assert result.at(2029)[3] == {1: (WORKING, CANCELLING, 5)}
    assert result.at(2030)[3] == {}


@pytest.mark.parametrize("traded", [2001, 2009, 2010])
def test_an_execution_before_the_cancel_arrives_wins(market: Any, play: Any, traded: int) -> None:
    market.sold(traded, 99, 50).until(5000)
    result = play(market, {1000: [BUY], 2000: [("cancel", 1)], 2100: []})
    assert result.fills == [(traded, traded + 20, 1, 99, 5, 1, True)]
    assert result.orders["cancelled"] == 0
    assert result.at(2100)[0] == 5
    assert result.at(2100)[3] == {}
    assert result.run.summary["position"] == {"X": 5.0}


def test_the_late_cancel_of_an_order_does_not_touch_the_one_that_took_its_place(market: Any, play: Any) -> None:
    # The fill of order 1 is known at 2025, order 2 is sent at 2026, and at 2030 the cancel of order 1 is answered.
    market.sold(2005, 99, 15).until(5000)
    script = {1000: [BUY], 2000: [("cancel", 1)], 2026: [("buy", 98, 7, POST)], 2031: [], 2056: []}
    result = play(market, script)
    assert result.at(2031)[3] == {2: (SENT, PLACING, 7)}
    assert result.at(2056)[3] == {2: (WORKING, NOTHING, 7)}
    assert result.orders == {"submitted": 2, "cancelled": 0, "rejected": 0, "expired": 0, "amended": 0}


def test_an_order_executed_in_part_loses_only_its_rest(market: Any, play: Any) -> None:
    market.sold(2005, 99, 12).sold(2011, 99, 50).until(5000)
    result = play(market, {1000: [BUY], 2000: [("cancel", 1)], 2029: [], 2030: []})
    assert result.fills == [(2005, 2025, 1, 99, 2, 1, True)]
    assert result.at(2029)[3] == {1: (WORKING, CANCELLING, 3)}
    assert result.at(2030)[3] == {}
    assert result.orders["cancelled"] == 1
    assert result.run.summary["position"] == {"X": 2.0}


def test_other_orders_stay_where_they_are(market: Any, play: Any) -> None:
    market.sold(3000, 98, 40).until(5000)
    script = {1000: [BUY, ("buy", 98, 5, POST), ("sell", 101, 5, POST)], 2000: [("cancel", 1)], 4000: []}
    result = play(market, script)
    assert [fill[2:6] for fill in result.fills] == [(1, 98, 5, 2)]
    assert list(result.at(4000)[3]) == [3]


def test_a_price_is_free_again_only_when_the_end_is_known(market: Any, play: Any) -> None:
    # The venue has cancelled at 2010, which is known at 2030.
    result = play(market.until(5000), {1000: [BUY], 2000: [("cancel", 1)], 2010: [], 2030: [BUY], 2060: []})
    assert list(result.at(2010)[3]) == [1]
    assert list(result.at(2030)[3]) == []
    assert result.at(2060)[3] == {2: (WORKING, NOTHING, 5)}
