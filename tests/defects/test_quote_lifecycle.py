"""Defects of the reference bot's quote lifecycle, each by its number: tests that its behaviour would fail."""

import math
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import mmkit

# Tests are imported by path: the modules beside them are not on the path by themselves.
sys.path.append(str(Path(__file__).parent))

from watched import watch

Go = Callable[..., mmkit.Run]

SECOND = 10**9
LADDER = '[ladder]\nuse = "uniform"\nlevels = 3\ngap_ticks = 2\n'
CALM = (
    "execution.min_spread=0.0",
    "execution.amend_threshold=100.0",
    "execution.position_threshold=1000.0",
    "execution.position_limit=1e9",
    "execution.max_distance=0.0",
)
"""Classic-requote by time alone."""


def test_d_67_quotes_age_from_when_they_were_placed(go: Go) -> None:
    # The bot never set the time of its last quote, so that every quote was stale; and nothing asked.
    run, decisions = watch(go, "classic-requote", *CALM, half=5.0)
    moved = [decision.time for decision in decisions if decision.cancelled]
    assert len(decisions) > 500
    assert len(moved) == 1
    assert moved[0] == pytest.approx(36 * SECOND, abs=SECOND)
    assert run.summary["orders"]["submitted"] == 4


def test_d_68_a_decision_does_not_bring_about_the_next(go: Go) -> None:
    # Each of the bot's updates set the signal that its loop waited for.
    plugin = """
import mmkit

trades = []

def on_trade(params, state, market, trade):
    trades.append(market.now)

@mmkit.hookimpl
def mmkit_signals():
    return mmkit.Signal("ears", on_trade=on_trade, compiled=False)
"""
    run = go(on='["trade"]', plugin=plugin, more='[signals.ears]\nuse = "ears"\n')
    ears = next(slot for slot in run.stack.signals if slot.name == "ears")
    times = ears.rule.on_trade.__globals__["trades"]  # type: ignore[attr-defined]
    assert run.summary["orders"]["submitted"] > 100
    assert 0 < run.summary["counters"]["decisions"] <= len(times)


@pytest.mark.parametrize("use", ["requote", "tolerance", "queue-value"])
def test_d_69_what_is_wanted_and_stands_is_left_alone(go: Go, use: str) -> None:
    # The bot cancelled and replaced identical quotes, and had no order at work 39.8 % of the time.
    _, decisions = watch(go, use, more=LADDER)
    for decision in decisions:
        prices = {(1, bid) for bid, lots, _, _ in decision.wanted if lots}
        prices |= {(-1, ask) for _, _, ask, lots in decision.wanted if lots}
        assert not [own for own in decision.cancelled if (own.side, own.tick) in prices and own.lots == 200]
    bare = sum(not decision.before for decision in decisions)
    assert bare <= 1


def test_d_70_a_pause_ends_by_the_clock(go: Go) -> None:
    # The bot cleared its cooldown inside the placing that the cooldown kept from being reached.
    changes = ("execution.cancels_per_minute=6", "execution.max_ticks=0", "instruments.SIM.market.duration=200s")
    _, decisions = watch(go, "queue-value", *changes)
    times = [decision.time for decision in decisions for _ in decision.cancelled]
    for minute in range(3):
        assert 0 < sum(60 * SECOND * minute <= time < 60 * SECOND * (minute + 1) for time in times) <= 6


@pytest.mark.parametrize(
    ("use", "more"), [("requote", "one_in_flight"), ("tolerance", "one_in_flight"), ("tolerance", "")]
)
def test_d_71_one_update_at_a_time(go: Go, use: str, more: str) -> None:
    # Two of the bot's updates could interleave and double its orders. Here an answer takes longer than three decisions.
    changes = [f"execution.{more}=true"] if more else []
    slow = ["instruments.SIM.venue.entry_latency=200ms", "instruments.SIM.venue.response_latency=200ms"]
    _, decisions = watch(go, use, "execution.wait_for_cancel=true", *changes, *slow)
    assert sum(len(decision.placed) for decision in decisions) > 20
    for decision in decisions:
        assert max(sum(own.side == side for own in decision.after) for side in (1, -1)) <= 1
        if more and any(own.request for own in decision.before):
            assert decision.placed == decision.cancelled == []


def test_d_72_a_refused_order_is_not_counted_as_placed(go: Go) -> None:
    # The bot logged an order without a number as placed.
    slow = ["instruments.SIM.venue.entry_latency=300ms", "instruments.SIM.venue.partial_fills=false"]
    run, decisions = watch(go, "requote", *slow, half=0.0)
    orders = run.summary["orders"]
    assert orders["rejected"] > 0
    ended = run.summary["fills"]["count"] + orders["cancelled"] + orders["rejected"] + orders["expired"]
    # What is not settled at the end of the run is alive, or its end was not known at the last decision.
    assert 0 <= orders["submitted"] - ended <= len(decisions[-1].after)


@pytest.mark.parametrize("bid", [100.0149, 100.0249, 100.1, 100.123])
def test_d_74_crossed_quotes_part_on_the_grid(bid: float) -> None:
    # The bot's repair left prices between two ticks.
    levels = SimpleNamespace(levels=1, offset_ticks=[0], bid_qty=[1.0], ask_qty=[1.0])
    levels.bid_ticks, levels.ask_ticks, levels.bid_lots, levels.ask_lots = [0], [0], [0], [0]
    market = SimpleNamespace(tick_size=0.01, lot_size=1.0, bid_ticks=9000, ask_ticks=11000)
    session = SimpleNamespace(
        ladder=levels, market=market, desk=SimpleNamespace(post_only=1), clock=SimpleNamespace(quotes=0)
    )
    mmkit.to_grid(session, bid, 100.0)
    assert isinstance(levels.bid_ticks[0], int)
    assert isinstance(levels.ask_ticks[0], int)
    assert 10000 <= levels.bid_ticks[0] < levels.ask_ticks[0] <= math.ceil(100 * bid)


@pytest.mark.parametrize("tick", [0.1, 0.01])
def test_d_75_a_price_on_the_grid_stays_where_it_is(tick: float) -> None:
    # The bot's ceil(p * (1 / h)) moved a fifth of such asks up a tick.
    ticks = range(1, 100_001)
    prices = [n * tick for n in ticks]
    moved = sum(math.ceil(price * (1 / tick)) != n for n, price in zip(ticks, prices, strict=True))
    assert moved / len(ticks) > 0.05
    for n, price in zip(ticks, prices, strict=True):
        assert mmkit.ceil_to_grid(price / tick) == n == mmkit.floor_to_grid(price / tick)


@pytest.mark.parametrize("use", ["requote", "tolerance", "queue-value"])
def test_d_76_what_is_sent_is_clear_of_the_book_and_near_the_mid(go: Go, use: str) -> None:
    # The bot's validation was wired to nothing, and measured quotes against themselves.
    _, decisions = watch(go, use, "execution.max_distance=0.0004", half=0.0, more=LADDER)
    placed = [(decision, own) for decision in decisions for own in decision.placed]
    assert len(placed) > 100
    for decision, own in placed:
        mid = 0.5 * (decision.bid + decision.ask)
        assert abs(own.tick - mid) <= 0.0004 * mid
        assert own.lots > 0
        assert own.tick < decision.ask if own.side > 0 else own.tick > decision.bid
    assert any(abs(own.tick - 0.5 * (each.bid + each.ask)) > 3.0 for each, own in placed)


@pytest.mark.parametrize(
    ("key", "value", "half", "others"),
    [
        ("every", "900ms", 0.02, []),
        ("min_interval", "3s", 0.02, []),
        ("max_order_age", "2s", 0.02, []),
        ("quote_lifetime", "10s", 0.3, []),
        ("max_lifetime", "12s", 0.3, []),
        ("lifetime_share", "0.1", 0.3, []),
        ("amend_threshold", "1.0", 0.3, []),
        ("amend_fraction", "0.0001", 0.3, ["amend_threshold=0.0"]),
        ("min_spread", "70.0", 0.3, []),
        ("position_threshold", "0.0", 0.05, []),
        ("position_check_interval", "1s", 0.05, ["position_threshold=0.0"]),
        ("min_quote_interval", "1s", 0.05, ["position_limit=0.1"]),
        ("position_limit", "0.1", 0.05, []),
    ],
)
def test_d_77_the_configured_times_and_thresholds_take_effect(
    go: Go, key: str, value: str, half: float, others: list[str]
) -> None:
    # The bot's intervals were literals; its keys for them had no effect.
    usual = ["execution.use=classic-requote", *CALM, *(f"execution.{each}" for each in others)]

    def requests(*changes: str) -> tuple[int, int, int]:
        run = go(half=half, set=[*usual, *changes])
        return run.summary["orders"]["submitted"], run.summary["orders"]["cancelled"], run.fills.height

    assert requests(f"execution.{key}={value}") != requests()


def test_d_79_without_a_model_there_is_no_quote(go: Go) -> None:
    # The bot quoted by a fallback that knew of no position, limit or fee.
    plugin = """
import attrs
import math
import mmkit


@attrs.define
class State:
    ready: float = 1.0


def on_clock(params, state, market):
    state.ready = math.nan if 20 <= (market.now - market.start) * 1e-9 < 40 else 1.0


@mmkit.hookimpl
def mmkit_signals():
    return mmkit.Signal("model", state=State, outputs={"ready": ""}, on_clock=on_clock)


@attrs.frozen
class Params:
    half_spread: float = mmkit.field(0.02)


@attrs.define
class Inputs:
    ready: float = mmkit.required()


def quote(params, state, market, inputs):
    return market.mid, params.half_spread, params.half_spread


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("by-model", params=Params, inputs=Inputs, quote=quote)
"""
    run = go(plugin=plugin, more='[signals.model]\nuse = "model"\n', set=["pricing.use=by-model"])
    start = run.records["time"][0]
    seconds = [(time - start) / SECOND for time in run.fills["exch_ts"]]
    assert [time for time in seconds if time < 20]
    assert [time for time in seconds if time > 40.2]
    assert not [time for time in seconds if 20.3 < time < 40]
