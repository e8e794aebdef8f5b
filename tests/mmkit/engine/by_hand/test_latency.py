"""What happens when, to the nanosecond: requests, answers, and which of two things at one time comes first."""

from typing import Any

import pytest

import mmkit
from mmkit.engine.records import NOTHING, PLACING, SENT, WORKING

BUY = ("buy", 99, 5, mmkit.POST_ONLY)


@pytest.mark.parametrize(("entry", "filled"), [(9, True), (10, False), (11, False)])
def test_an_order_that_arrives_with_a_trade_comes_after_it(market: Any, play: Any, entry: int, filled: bool) -> None:
    # 10 lots stand ahead, 12 trade.
    market.sold(1010, 99, 12).until(5000)
    result = play(market, {1000: [BUY]}, entry=entry)
    assert result.fills == ([(1010, 1030, 1, 99, 2, 1, True)] if filled else [])


def test_an_execution_becomes_known_a_response_latency_later(market: Any, play: Any) -> None:
    market.sold(2000, 99, 15).until(5000)
    result = play(market, {1000: [BUY], 2019: [], 2020: [], 2021: []})
    assert result.fills == [(2000, 2020, 1, 99, 5, 1, True)]
    assert [result.at(time)[0] for time in (2019, 2020, 2021)] == [0, 5, 5]


def test_an_order_is_acknowledged_after_both_latencies(market: Any, play: Any) -> None:
    result = play(market.until(5000), {1000: [BUY], 1029: [], 1030: []})
    assert result.at(1029)[3] == {1: (SENT, PLACING, 5)}
    assert result.at(1030)[3] == {1: (WORKING, NOTHING, 5)}


def test_without_latencies_an_order_arrives_when_it_is_sent_behind_the_feed(market: Any, play: Any) -> None:
    market.sold(1000, 99, 12).sold(1001, 99, 13).until(5000)
    result = play(market, {1000: [BUY], 1001: []}, entry=0, response=0)
    assert result.fills == [(1001, 1001, 1, 99, 3, 1, True)]
    assert result.at(1001)[:1] == (3,)


def test_the_market_is_seen_as_it_is_known_and_not_as_it_is(market: Any, play: Any) -> None:
    market.bid(1000, 100, 7).until(5000)
    result = play(market, {1099: [], 1100: []})
    assert result.at(1099)[1:3] == (99, 101)
    assert result.at(1100)[1:3] == (100, 101)


def test_requests_arrive_in_the_order_sent(market: Any, play: Any) -> None:
    # One lot gets past the queue, to whoever came first.
    market.sold(2000, 99, 11).until(5000)
    result = play(market, {1000: [("buy", 99, 1, mmkit.POST_ONLY), ("buy", 99, 1, mmkit.POST_ONLY)]})
    assert result.fills == [(2000, 2020, 1, 99, 1, 1, True)]


def test_nothing_is_decided_before_both_sides_of_the_book_are_known(empty_market: Any, play: Any) -> None:
    empty_market.book(0, {99: 10}, {}).ask(1000, 101, 5).until(5000)
    result = play(empty_market, {500: [], 1099: [], 1100: [], 2000: []})
    assert [now for now, *_ in result.seen] == [1100, 2000]


def test_a_decision_needs_something_later_than_itself(market: Any, play: Any) -> None:
    # The last row is known at 1000.
    market.until(900)
    assert [now for now, *_ in play(market, {999: [], 1000: [], 1001: []}).seen] == [999]


def test_an_answer_under_way_is_something_later(market: Any, play: Any) -> None:
    market.until(900)
    result = play(market, {995: [BUY], 1000: [], 1024: [], 1025: [], 1026: []})
    assert [now for now, *_ in result.seen] == [995, 1000, 1024]
    assert result.run.summary["data"]["last"] == 1025


def test_what_is_left_after_the_last_decision_still_happens(market: Any, play: Any) -> None:
    market.sold(3000, 99, 15)
    result = play(market, {1000: [BUY]})
    assert result.fills == [(3000, 3020, 1, 99, 5, 1, True)]
    assert result.run.summary["position"] == {"X": 5.0}


def test_a_record_is_no_decision(market: Any, play: Any) -> None:
    result = play(market.until(5000), {1000: [], 2250: []}, record_every="500ns")
    assert [now for now, *_ in result.seen] == [1000, 2250]
    assert result.run.summary["counters"]["decisions"] == 2
    assert result.run.records["time"].to_list() == [*range(500, 5001, 500), 5100]
