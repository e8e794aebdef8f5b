"""Defects of the reference bot's candles, its cache and its caps, each by its number: tests that its behaviour would fail."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

import mmkit

Go = Callable[..., mmkit.Run]

CANDLES = [
    f"candles.{name}" for name in ("completed", "momentum", "reversal", "exhaustion", "cumulative_delta", "price_fast")
]


def test_d_05_a_cache_says_how_often_it_was_right_and_changes_nothing(tmp_path: Path) -> None:
    # The bot's note claimed gains of its cache that nobody could check.
    stack = Path(__file__).parents[2] / "examples" / "classic.toml"
    short = {"engine": "python", "set": ["instruments.SIM.market.duration=60s"]}
    plain = mmkit.run(stack, disable=["pricing.all"], **short)
    cached = mmkit.run(stack, disable=["pricing.all"], enable=["pricing.spread-cache"], **short)
    assert cached.records.equals(plain.records)
    counted = cached.summary["counters"]["caches"]["pricing.spread-cache"]
    assert counted["hits"] + counted["misses"] > 100
    assert counted["hit_ratio"] == counted["hits"] / (counted["hits"] + counted["misses"])


def test_d_29_multipliers_of_size_and_spacing_of_levels_matter(go: Go) -> None:
    # The bot had keys for both and read neither.
    ladder = '[ladder]\nuse = "fibonacci"\nlevels = 3\nstep_ticks = 1\n'
    usual = go(more=ladder)
    assert not go(more=ladder + "sizes = [1.0, 0.5]\n").fills.equals(usual.fills)
    assert go(more=ladder + "spacing = 5.0\n").summary["orders"] != usual.summary["orders"]


def test_d_30_caps_on_orders_hold_on_each_side_and_in_all(go: Go) -> None:
    # The bot took both caps as arguments and ignored them.
    ladder = '[ladder]\nuse = "uniform"\nlevels = 8\n'
    plugin = """
import mmkit

most = [0, 0, 0]

def limit(params, state, market, ladder, desk):
    sides = [desk.orders[desk.live[i]].side for i in range(desk.live_count)]
    for at, count in enumerate((sides.count(1), sides.count(-1), len(sides))):
        most[at] = max(most[at], count)

@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("counter", limit=limit, compiled=False)
"""

    def most(*changes: str) -> list[int]:
        run = go(more=ladder + '[risk.counter]\nuse = "counter"\n', plugin=plugin, set=changes)
        found: list[int] = run.stack.risk[0].rule.limit.__globals__["most"]  # type: ignore[attr-defined]
        return found

    assert min(most()) >= 8
    assert max(most("execution.max_per_side=5")[:2]) == 5
    assert most("execution.max_per_side=5", "execution.max_orders=7")[2] == 7


def test_d_38_a_candle_that_a_trade_completes_is_decided_upon_at_that_trade(go: Go) -> None:
    # The bot's requotes by candle never happened: it called a method that did not exist.
    plugin = """
import attrs
import mmkit

@attrs.define
class Inputs:
    completed: float = mmkit.field(0.0)

told = []

def limit(params, state, market, inputs, ladder, desk):
    if not told or told[-1][1] != inputs.completed:
        told.append((market.now, inputs.completed))

@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("reader", inputs=Inputs, limit=limit, compiled=False)
"""
    run = go(on='["trade"]', plugin=plugin, more='[risk.reader]\nuse = "reader"\n', set=["signals.candles.max_time=1h"])
    told = run.stack.risk[0].rule.limit.__globals__["told"]  # type: ignore[attr-defined]
    changes = run.records.filter(pl.col("candles.completed").diff() > 0)
    assert len(changes) > 3
    for time, before, count in zip(
        changes["time"], changes["time"] - 100_000_000, changes["candles.completed"], strict=True
    ):
        at = next(when for when, seen in told if seen == count)
        assert before < at <= time


def test_d_39_own_fills_do_not_enter_the_candles(go: Go) -> None:
    # The bot's own fills came into its candles a second time, with local time.
    near, far = go(half=0.02), go(half=5.0)
    assert near.summary["fills"]["count"] > 0 == far.summary["fills"]["count"]
    assert near.records.select(CANDLES).equals(far.records.select(CANDLES), null_equal=True)


def test_d_47_a_candle_ends_for_the_reason_that_comes_first(go: Go) -> None:
    # The bot cleared its flag before it read the reason, and always said "time".
    by_volume = (
        go(set=["signals.candles.threshold=0.5", "signals.candles.max_time=1h"]).records["candles.completed"].max()
    )
    by_time = (
        go(set=["signals.candles.threshold=1e9", "signals.candles.max_time=5s"]).records["candles.completed"].max()
    )
    neither = (
        go(set=["signals.candles.threshold=1e9", "signals.candles.max_time=1h"]).records["candles.completed"].max()
    )
    assert by_volume > by_time > neither == 0  # type: ignore[operator]
    assert by_time <= 12  # type: ignore[operator]


def test_d_57_the_formula_that_is_documented_is_the_one_that_is_computed(go: Go) -> None:
    # vwap = sum(price * quantity) / sum(quantity) over the last trades, as its page says; the bot's page said something else.
    plugin = """
import mmkit

trades = []

def on_trade(params, state, market, trade):
    trades.append((market.now, trade.price, trade.qty))

@mmkit.hookimpl
def mmkit_signals():
    return mmkit.Signal("ears", on_trade=on_trade, compiled=False)
"""
    more = '[signals.vamp]\nuse = "vamp"\n[signals.ears]\nuse = "ears"\n'
    run = go(plugin=plugin, more=more)
    ears = next(slot for slot in run.stack.signals if slot.name == "ears")
    trades = ears.rule.on_trade.__globals__["trades"]  # type: ignore[attr-defined]
    last = run.records.row(-1, named=True)
    window = [each for each in trades if each[0] <= last["time"]][-50:]
    vwap = sum(price * qty for _, price, qty in window) / sum(qty for _, _, qty in window)
    assert abs(last["vamp.vwap"] - vwap) < 1e-6
