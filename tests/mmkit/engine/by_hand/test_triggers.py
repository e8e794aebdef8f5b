"""What makes a decision and when: executions that become known, candles that close, and a least interval between two."""

from collections.abc import Callable
from typing import Any

import pytest

import mmkit
from mmkit import conversion
from mmkit.engine.records import CANCELLING, NOTHING, PLACING, SENT, WORKING

POST = mmkit.POST_ONLY
BUY = ("buy", 99, 5, POST)
FILL = '["timer", "fill"]'

LISTENER = '[signals.ear]\nuse = "listener"\n'
CANDLES = '[signals.candles]\nuse = "volume-candles"\nthreshold = 10.0\n'


def times(result: Any) -> list[int]:
    """Returns when decisions were."""
    return [now for now, *_ in result.seen]


@pytest.fixture
def chunked(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Returns a function that cuts tapes into chunks of so many rows."""
    whole = conversion.chunks
    return lambda rows: monkeypatch.setattr(conversion, "chunks", lambda events: whole(events, rows=rows))


def test_a_fill_triggers_when_it_becomes_known_and_only_then(market: Any, play: Any) -> None:
    market.sold(2000, 99, 13).bid(2005, 99, 4).sold(2500, 99, 1).until(5000)
    result = play(market, {1000: [BUY]}, on=FILL)
    assert times(result) == [1000, 2020, 2520]
    assert [result.at(time)[0] for time in (2020, 2520)] == [3, 4]
    assert result.at(2020)[3] == {1: (WORKING, NOTHING, 2)}


def test_without_the_trigger_a_fill_leads_to_no_decision(market: Any, play: Any) -> None:
    market.sold(2000, 99, 13).until(5000)
    assert times(play(market, {1000: [BUY]})) == [1000]


@pytest.mark.parametrize("response", [0, 20, 700])
def test_several_fills_under_way_are_a_decision_each(market: Any, play: Any, response: int) -> None:
    market.sold(2000, 99, 11).sold(2100, 99, 1).sold(2100, 99, 1).sold(2300, 99, 1).until(5000)
    result = play(market, {1000: [BUY]}, on=FILL, response=response)
    assert times(result) == [1000, *(time + response for time in (2000, 2100, 2300))]
    assert [result.at(time + response)[0] for time in (2000, 2100, 2300)] == [1, 3, 4]


def test_one_sweep_of_several_levels_is_one_decision(market: Any, play: Any) -> None:
    result = play(market.until(5000), {1000: [("buy", 0, 25, mmkit.MARKET)]}, on=FILL)
    assert [fill[3:5] for fill in result.fills] == [(101, 10), (102, 15)]
    assert times(result) == [1000, 1030]
    assert result.at(1030)[0] == 25


def test_a_decision_on_a_fill_sees_the_requests_under_way_as_they_are(market: Any, play: Any) -> None:
    # Order 2 is cancelled at 1990 and order 3 sent at 2015, both unanswered at 2020.
    market.sold(2000, 99, 12).until(5000)
    script = {1000: [BUY, ("buy", 98, 4, POST)], 1995: [("cancel", 2)], 2015: [("sell", 101, 1, POST)]}
    result = play(market, script, on=FILL)
    assert times(result) == [1000, 1995, 2015, 2020]
    assert result.at(2020) == (
        2,
        99,
        101,
        {1: (WORKING, NOTHING, 3), 2: (WORKING, CANCELLING, 4), 3: (SENT, PLACING, 1)},
    )


def test_what_a_decision_on_a_fill_sends_counts_from_there(market: Any, play: Any) -> None:
    # Sent at 2020, at the venue at 2030: what trades at 2029 comes too early for it, what trades at 2030 does not reach it.
    market.sold(2000, 99, 15).sold(2029, 98, 90).sold(2030, 98, 90).sold(2031, 98, 22).until(5000)
    result = play(market, {1000: [BUY], 2020: [("buy", 98, 4, POST)]}, on=FILL)
    assert [(fill[0], fill[3], fill[4]) for fill in result.fills] == [(2000, 99, 5), (2031, 98, 2)]


def test_a_fill_at_the_time_of_a_timer_is_one_decision(market: Any, play: Any) -> None:
    market.sold(2000, 99, 12).until(5000)
    assert times(play(market, {1000: [BUY], 2020: []}, on=FILL)) == [1000, 2020]


def test_a_fill_that_becomes_known_when_all_is_over_counts_and_leads_to_no_decision(market: Any, play: Any) -> None:
    market.sold(2000, 99, 12)
    result = play(market, {1000: [BUY]}, on=FILL, response=5000)
    assert result.run.summary["position"] == {"X": 2.0}
    assert times(result) == [1000]


@pytest.mark.parametrize("rows", [10**6, 1, 3])
def test_a_candle_triggers_when_it_closes_and_no_other_trade_does(
    market: Any, play: Any, chunked: Callable[[int], None], rows: int
) -> None:
    # Candles of 10: 4 + 5 are none yet, 3 more close the first; 9, then 1 close the second.
    chunked(rows)
    market.bought(2000, 101, 4).bought(2100, 101, 5).bought(2200, 101, 3).bid(2250, 100, 1)
    market.sold(2300, 99, 9).sold(2400, 99, 1).sold(2500, 99, 1).until(5000)
    assert times(play(market, {}, on='["candle"]', rules=CANDLES)) == [2300, 2500]


def test_a_candle_that_time_closes_triggers_with_the_next_turn(market: Any, play: Any) -> None:
    market.bought(2000, 101, 4).until(5000)
    candles = CANDLES + 'max_time = "500ns"\nrefresh = "0s"\n'
    result = play(market, {}, on='["candle"]', rules=candles, record_every="100ns")
    assert times(result) == [2600]


@pytest.mark.parametrize("rows", [10**6, 1, 2, 3, 5, 8])
def test_every_trade_is_heard_wherever_chunks_end(
    market: Any, play: Any, chunked: Callable[[int], None], rows: int
) -> None:
    chunked(rows)
    trades = [2010, 2020, 2030, 2500, 2510, 2520, 3010, 3020]
    for at in (2000, 2490, 3000):
        market.bid(at, 100 if at != 2490 else 98, 3 if at != 2490 else 7)
        for trade in trades:
            if at < trade < at + 100:
                market.bought(trade, 101, 1)
    market.bid(3500, 97, 5).until(5000)
    result = play(market, {}, on='["book"]', rules=LISTENER)
    assert [now for _, now, what, _ in result.heard if what == "trade"] == [time + 100 for time in trades]
    assert times(result) == [100, 2100, 2590, 3100, 3600]


def test_trades_that_end_the_tape_are_heard_though_nothing_triggers(
    market: Any, play: Any, chunked: Callable[[int], None]
) -> None:
    chunked(4)
    market.bid(2000, 100, 3).bought(2010, 101, 1).bought(2020, 101, 1).bought(2030, 101, 1)
    result = play(market, {}, on='["book"]', rules=LISTENER)
    assert [now for _, now, what, _ in result.heard if what == "trade"] == [2110, 2120, 2130]


INTERVAL = 500


def test_a_trigger_within_the_least_interval_is_served_at_its_end(market: Any, play: Any) -> None:
    market.bought(2000, 101, 1).bought(2200, 101, 1).until(5000)
    result = play(market, {}, on='["trade"]', min_interval=INTERVAL)
    assert times(result) == [2100, 2600]


def test_several_within_it_are_one_decision(market: Any, play: Any) -> None:
    for at in (2000, 2001, 2200, 2450, 2499, 2550, 4000):
        market.bought(at, 101, 1)
    result = play(market.until(5000), {}, on='["trade"]', min_interval=INTERVAL)
    assert times(result) == [2100, 2600, 3100, 4100]


def test_at_its_end_a_trigger_is_served_at_once(market: Any, play: Any) -> None:
    market.bought(2000, 101, 1).bought(2500, 101, 1).until(5000)
    assert times(play(market, {}, on='["trade"]', min_interval=INTERVAL)) == [2100, 2600]


def test_the_timer_waits_too(market: Any, play: Any) -> None:
    script: Any = {1000: [], 1100: [], 1200: [], 3000: []}
    assert times(play(market.until(5000), script, min_interval=INTERVAL)) == [1000, 1500, 3000]


def test_a_fill_waits_too_and_is_known_meanwhile(market: Any, play: Any) -> None:
    market.sold(2000, 99, 12).sold(2100, 99, 1).until(5000)
    result = play(market, {1000: [BUY]}, on=FILL, min_interval=1050)
    assert times(result) == [1000, 2050, 3100]
    assert [result.at(time)[0] for time in (2050, 3100)] == [2, 3]


@pytest.mark.parametrize("order", [("trade", "book"), ("book", "trade")])
def test_a_change_of_the_book_behind_a_trade_that_closes_no_candle_is_not_forgotten(
    market: Any, play: Any, order: tuple[str, str]
) -> None:
    # Both come within the interval after the decision at 2100; the trade alone would cause none.
    market.bid(2000, 100, 3)
    for what, at in zip(order, (2200, 2300), strict=True):
        if what == "trade":
            market.bought(at, 101, 1)
        else:
            market.bid(at, 100, 5)
    result = play(market.until(5000), {}, on='["book", "candle"]', rules=CANDLES, min_interval=INTERVAL)
    assert times(result) == [100, 2100, 2600]


def test_a_candle_that_closes_within_the_interval_is_served_at_its_end(market: Any, play: Any) -> None:
    market.bought(2000, 101, 10).bought(2100, 101, 4).bought(2200, 101, 6).until(5000)
    result = play(market, {}, on='["candle"]', rules=CANDLES, min_interval=INTERVAL)
    assert times(result) == [2100, 2600]
