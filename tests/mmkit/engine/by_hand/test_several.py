"""Two instruments at once: what becomes known comes by time, each venue has its own clock, grid and end."""

from collections.abc import Callable
from typing import Any

import pytest

import mmkit
from mmkit import conversion
from mmkit.engine.records import NOTHING, WORKING
from mmkit.errors import DataError

POST = mmkit.POST_ONLY
MARKET = mmkit.MARKET

EARS = """
[signals.x]
use = "listener"
[signals.y]
use = "listener"
instrument = "Y"
"""

HEDGE = '[hedging]\nuse = "script-hedge"\n'

BUY = ("buy", 99, 5, POST)


@pytest.fixture
def other(market: Any) -> Any:
    """Returns a second market whose book is 40 and 60 lots deep a side, 198 199 | 201 202, from 0 on, known 100 ns later."""
    return type(market)().book(0, {199: 40, 198: 60}, {201: 40, 202: 60})


@pytest.fixture
def chunked(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Returns a function that cuts tapes into chunks of so many rows."""
    whole = conversion.chunks
    return lambda rows: monkeypatch.setattr(conversion, "chunks", lambda events: whole(events, rows=rows))


def heard(result: Any) -> list[tuple[int, int]]:
    """Returns instrument and time of the trades that were heard, in their order."""
    return [(number, now) for number, now, what, _ in result.heard if what == "trade"]


@pytest.mark.parametrize("rows", [10**6, 1, 3])
def test_what_becomes_known_comes_in_order_of_time(
    market: Any, other: Any, play: Any, chunked: Callable[[int], None], rows: int
) -> None:
    chunked(rows)
    for at in (2000, 2300, 2301, 2700):
        market.bought(at, 101, 1)
    for at in (1999, 2100, 2302, 2600, 3000):
        other.bought(at, 201, 1)
    result = play(market.until(5000), {}, others={"Y": {"market": other.until(4000)}}, rules=EARS)
    times = [(0, 2000), (0, 2300), (0, 2301), (0, 2700), (1, 1999), (1, 2100), (1, 2302), (1, 2600), (1, 3000)]
    assert heard(result) == sorted(((who, at + 100) for who, at in times), key=lambda each: each[1])


@pytest.mark.parametrize("rows", [10**6, 1, 3])
@pytest.mark.parametrize("order", ["XY", "YX"])
def test_at_equal_times_the_order_of_the_file_decides_and_not_which_is_quoted(
    market: Any, other: Any, play: Any, chunked: Callable[[int], None], order: str, rows: int
) -> None:
    chunked(rows)
    for each, tick in ((market, 101), (other, 201)):
        each.bought(2000, tick, 1).bought(2000, tick, 2).bought(2500, tick, 1)
    others = {"Y": {"market": other.until(5000)}}
    result = play(market.until(5000), {2100: []}, others=others, order=order, rules=EARS)
    first, second = (0, 1) if order == "XY" else (1, 0)
    assert heard(result) == [
        *((first, 2100), (first, 2100), (second, 2100), (second, 2100)),
        *((first, 2600), (second, 2600)),
    ]


def test_an_order_of_messages_by_local_time_holds_across_different_delays(market: Any, other: Any, play: Any) -> None:
    # Y happens first and is known last.
    other.bought(2000, 201, 1, known=2200)
    market.bought(2050, 101, 1, known=2150)
    result = play(market.until(5000), {}, others={"Y": {"market": other.until(5000)}}, rules=EARS)
    assert heard(result) == [(0, 2150), (1, 2200)]


@pytest.mark.parametrize(("source", "known"), [("Y.mid", [200.0, 200.5, 200.5]), ("Y.bid", [199.0, 200.0, 200.0])])
def test_an_input_is_what_is_known_of_the_other_at_that_time_and_nothing_later(
    market: Any, other: Any, play: Any, source: str, known: list[float]
) -> None:
    # Y moves at its venue at 2000; that is known at 2300. X trades at 2299 (before), at 2300 (as Y, declared first) and after.
    other.bid(2000, 200, 5, known=2300).bid(2600, 200, 9, known=2900)
    market.bought(2100, 101, 1, known=2299).bought(2150, 101, 1, known=2300).bought(2200, 101, 1, known=2301)
    rules = f'[signals.x]\nuse = "listener"\ninputs = {{ other = "{source}" }}\n'
    result = play(market.until(5000), {}, others={"Y": {"market": other.until(5000)}}, order="YX", rules=rules)
    assert [value for _, _, what, value in result.heard if what == "trade"] == known


def test_of_two_at_one_time_the_one_declared_later_knows_the_other(market: Any, other: Any, play: Any) -> None:
    other.bid(2000, 200, 5)
    market.bought(2000, 101, 1)
    rules = '[signals.x]\nuse = "listener"\ninputs = { other = "Y.mid" }\n'
    others = {"Y": {"market": other.until(5000)}}
    values = {
        order: [
            value
            for _, _, what, value in play(market, {}, others=others, order=order, rules=rules).heard
            if what == "trade"
        ]
        for order in ("XY", "YX")
    }
    assert values == {"XY": [200.0], "YX": [200.5]}


def test_another_instruments_signal_is_read_as_it_was_last_published(market: Any, other: Any, play: Any) -> None:
    other.bought(2000, 202, 1).bought(2500, 201, 1)
    market.bought(1900, 101, 1).bought(2100, 101, 1).bought(2600, 101, 1)
    rules = (
        '[signals.y]\nuse = "listener"\ninstrument = "Y"\n'
        '[signals.x]\nuse = "listener"\ninputs = { other = "Y.listener" }\n'
    )
    result = play(market.until(5000), {}, others={"Y": {"market": other.until(5000)}}, rules=rules)
    assert [value for who, _, what, value in result.heard if (who, what) == (0, "trade")] == [0.0, 202.0, 201.0]


def test_a_hedge_executes_at_its_own_venue_after_its_own_latency(market: Any, other: Any, play: Any) -> None:
    # Y takes 300 ns to its venue and 50 back: the ask of 201 is gone when the order of 2000 gets there.
    other.ask(2200, 201, 0).until(5000)
    result = play(
        market.until(5000),
        {1000: [("buy", 0, 3, MARKET)]},
        others={"Y": {"market": other, "entry": 300, "response": 50}},
        rules=HEDGE,
        hedges={2000: [(0, "buy", 0, 4, MARKET)], 2349: [], 2350: []},
    )
    fills = result.run.fills.select("exch_ts", "local_ts", "instrument", "price", "qty", "cause", "maker").rows()
    assert fills == [
        (1010, 1030, "X", 101.0, 3.0, "quote", False),
        (2300, 2350, "Y", 202.0, 4.0, "hedge", False),
    ]
    positions = {now: held for now, _, _, held in result.hedged}
    assert (positions[2349], positions[2350]) == ([0], [4])
    assert result.run.summary["position"] == {"X": 3.0, "Y": 4.0}


def test_a_hedge_that_rests_has_its_own_queue_and_grid(market: Any, other: Any, play: Any) -> None:
    # 40 are ahead at the fourth tick of half a unit; 43 trade.
    grid = type(other)().book(0, {199: 40}, {201: 40}).sold(3000, 199, 43).until(5000)
    result = play(
        market.sold(3000, 99, 4).until(5000),
        {},
        others={"Y": {"market": grid, "tick_size": 0.5}},
        rules=HEDGE,
        hedges={2000: [(0, "buy", 199, 9, POST)]},
    )
    assert result.run.fills.select("instrument", "price", "qty", "maker", "mid").rows() == [
        ("Y", 99.5, 3.0, True, 100.0)
    ]


def test_the_hedging_rule_is_asked_when_a_fill_of_the_quoted_one_becomes_known(
    market: Any, other: Any, play: Any
) -> None:
    market.sold(2000, 99, 12).until(5000)
    result = play(
        market,
        {1000: [BUY]},
        others={"Y": {"market": other.until(5000)}},
        rules=HEDGE,
        hedges={2020: [(0, "sell", 0, 2, MARKET)], 3000: []},
    )
    # What the hedge itself executes (known at 2050) asks nobody: a hedge is not hedged.
    assert [(now, position, held) for now, position, _, held in result.hedged] == [(2020, 2, [0]), (3000, 2, [-2])]


def test_the_hedging_rule_sees_what_all_instruments_have_made(market: Any, other: Any, play: Any) -> None:
    # X: 2 bought at 99, mid 100: +2. Y: 3 sold at 199, mid 200: -3.
    market.sold(2000, 99, 12).until(5000)
    result = play(
        market,
        {1000: [BUY]},
        others={"Y": {"market": other.until(5000)}},
        rules=HEDGE,
        hedges={2020: [(0, "sell", 0, 3, MARKET)], 3000: []},
    )
    assert [equity for now, _, equity, _ in result.hedged if now == 3000] == [-1.0]


def test_a_recording_that_ends_early_leaves_its_orders_and_the_other_goes_on(
    market: Any, other: Any, play: Any
) -> None:
    market.sold(4000, 99, 12).sold(9000, 99, 50).until(9500)
    other.until(1500)
    result = play(
        market,
        {1000: [BUY], 8000: []},
        others={"Y": {"market": other}},
        rules=HEDGE,
        hedges={3000: [(0, "sell", 0, 7, MARKET)]},
    )
    assert [fill[:5] for fill in result.fills] == [
        (3010, 3030, -1, 199, 7),
        (4000, 4020, 1, 99, 2),
        (9000, 9020, 1, 99, 3),
    ]


def test_a_quoted_recording_that_ends_early_goes_on_deciding_while_the_other_lasts(
    market: Any, other: Any, play: Any
) -> None:
    market.until(1500)
    result = play(
        market,
        {1000: [BUY], 6000: [("sell", 0, 4, MARKET)], 6030: []},
        others={"Y": {"market": other.bought(8000, 201, 1).until(9000)}},
        rules=EARS,
    )
    assert [fill[:5] for fill in result.fills] == [(6010, 6030, -1, 99, 4)]
    assert result.at(6030)[3] == {1: (WORKING, NOTHING, 5)}
    assert heard(result) == [(1, 8100)]


def test_a_fault_in_one_recording_ends_it_alone_and_is_said(market: Any, other: Any, play: Any) -> None:
    market.sold(4000, 99, 12).until(5000)
    other.bought(2000, 201, 1)
    result = play(market, {1000: [BUY]}, others={"Y": {"market": other, "fault": "true"}}, rules=EARS, fails=True)
    assert isinstance(result.run.error, DataError)
    assert "broken off" in str(result.run.error)
    assert heard(result) == [(1, 2100), (0, 4100)]
    assert result.run.summary["position"] == {"X": 2.0, "Y": 0.0}


def test_a_gap_in_one_keeps_its_orders_from_filling_and_leaves_the_other_alone(
    market: Any, other: Any, play: Any
) -> None:
    other.gap(2500).sold(3000, 199, 90).book(3500, {199: 40}, {201: 40}).sold(4000, 199, 90).until(5000)
    market.sold(3000, 99, 12).until(5000)
    result = play(
        market,
        {1000: [BUY]},
        others={"Y": {"market": other}},
        rules=HEDGE,
        hedges={2000: [(0, "buy", 199, 6, POST)]},
    )
    assert [(fill[0], fill[3], fill[4]) for fill in result.fills] == [(3000, 99, 2), (4000, 199, 6)]


def test_records_hold_both_and_their_money_together(market: Any, other: Any, play: Any) -> None:
    market.sold(2000, 99, 12).until(6000)
    result = play(
        market,
        {1000: [BUY]},
        others={"Y": {"market": other.until(6000), "account": "taker_fee = 0.01"}},
        rules=HEDGE,
        hedges={3000: [(0, "sell", 0, 3, MARKET)]},
        record_every="1us",
    )
    rows = result.run.records.select("time", "position", "Y.position", "Y.mid", "cash", "equity").rows()
    fee = 0.01 * 3 * 199
    assert rows[2] == (3000, 2.0, 0.0, 200.0, -198.0, 2.0)
    assert rows[3] == pytest.approx((4000, 2.0, -3.0, 200.0, -198 + 597 - fee, 2 - 3 - fee))
    assert result.run.summary["equity"] == pytest.approx(-1 - fee)
    assert result.run.summary["instruments"]["Y"]["fees"] == pytest.approx(fee)
    assert result.run.summary["fees"] == pytest.approx(fee)


def test_each_instruments_orders_are_counted_by_themselves(market: Any, other: Any, play: Any) -> None:
    result = play(
        market.until(5000),
        {1000: [BUY], 2000: [("cancel", 1)]},
        others={"Y": {"market": other.until(5000)}},
        rules=HEDGE,
        hedges={2000: [(0, "buy", 199, 6, POST), (0, "buy", 201, 6, POST)], 3000: [(0, "amend", 1, 198, 2)]},
    )
    parts = result.run.summary["instruments"]
    assert {name: part["submitted"] for name, part in parts.items()} == {"X": 1, "Y": 2}
    assert result.orders == {"submitted": 3, "cancelled": 1, "rejected": 1, "expired": 0, "amended": 1}


@pytest.mark.parametrize("rows", [10**6, 1, 2, 3, 5])
def test_triggers_of_the_quoted_one_and_ends_of_chunks_lose_nothing_of_either(
    market: Any, other: Any, play: Any, chunked: Callable[[int], None], rows: int
) -> None:
    chunked(rows)
    for at in (2000, 2003, 3000):
        market.bid(at, 100, 1 + at % 7).bought(at + 1, 101, 1).bought(at + 2, 101, 1)
    for at in (1999, 2001, 2004, 2500, 2501, 3003, 3500):
        other.bought(at, 201, 1)
    others = {"Y": {"market": other.until(4500)}}
    result = play(market.until(5000), {}, on='["book"]', others=others, rules=EARS)
    own = [(0, at + 100) for at in (2001, 2002, 2004, 2005, 3001, 3002)]
    there = [(1, at + 100) for at in (1999, 2001, 2004, 2500, 2501, 3003, 3500)]
    assert heard(result) == sorted([*own, *there], key=lambda each: (each[1], each[0]))
    assert [now for now, *_ in result.seen] == [100, 2100, 2103, 3100]


def test_fills_of_another_instrument_trigger_no_decision(market: Any, other: Any, play: Any) -> None:
    result = play(
        market.sold(3000, 99, 12).until(5000),
        {1000: [BUY]},
        on='["timer", "fill"]',
        others={"Y": {"market": other.until(5000)}},
        rules=HEDGE,
        hedges={2000: [(0, "buy", 0, 4, MARKET)]},
    )
    assert [now for now, *_ in result.seen] == [1000, 3020]
