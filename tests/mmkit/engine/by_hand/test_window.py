"""The books' window of ticks moves with the market, and nobody notices."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import mmkit
from mmkit import conversion
from mmkit.engine import plain
from mmkit.tape import WINDOW

POST = mmkit.POST_ONLY


def visit(market: Any, height: int) -> Any:
    """The market leaves 99 | 101 for a place `height` ticks higher, trades there, and comes back."""
    market.ask(2000, 101, 0).ask(2000, 102, 0).ask(2000, height + 101, 7)
    market.bid(2100, height + 99, 4).bought(2200, height + 101, 9).sold(2300, height + 99, 6)
    market.bid(3000, height + 99, 0).ask(3000, height + 101, 0).ask(3000, 101, 10)
    return market.bid(3100, 99, 6).sold(3500, 99, 9).bought(3600, 101, 11).until(6000)


def script(height: int) -> Any:
    """An order that rests all the while, and two that quote where the market has gone."""
    there = [("buy", height + 99, 1, POST), ("sell", height + 101, 1, POST)]
    return {1000: [("buy", 99, 5, POST)], 2150: there, 2250: there, 3300: [("sell", 101, 2, POST)]}


def shifted(fills: list[Any], height: int) -> list[Any]:
    return [(*fill[:3], fill[3] - height if fill[3] > height else fill[3], *fill[4:]) for fill in fills]


@pytest.mark.parametrize("model", ["risk-averse", "power"])
@pytest.mark.parametrize("height", [WINDOW // 2, WINDOW + 3, 40 * WINDOW])
def test_far_away_and_back_again_fills_are_those_of_a_near_place(
    market: Any, play: Any, height: int, model: str
) -> None:
    rows = list(market.rows)
    near = play(visit(market, 1000), script(1000), model=model)
    market.rows = rows
    far = play(visit(market, height), script(height), model=model)
    assert len(near.fills) == 5
    assert shifted(far.fills, height) == shifted(near.fills, 1000)
    assert [now for now, *_ in far.seen] == [now for now, *_ in near.seen]
    assert far.orders == near.orders


def test_a_market_order_finds_the_levels_of_the_new_window(market: Any, play: Any) -> None:
    height = 3 * WINDOW
    visit(market, height)
    result = play(market, {2150: [("buy", 0, 9, mmkit.MARKET)]})
    assert result.fills == [(2160, 2180, 1, height + 101, 7, 1, False)]
    assert result.orders["expired"] == 1


DRIFTING = """
import attrs
import mmkit
import numpy as np


@attrs.frozen
class Params:
    rows: int = mmkit.field(1500, doc="messages")


def events(params, instrument, rng):
    for kind, start in ((mmkit.BID, 9_990), (mmkit.ASK, 10_001)):
        yield rows_of(0, [(start + i, int(rng.integers(1, 40)), kind) for i in range(10)])
    touch, now = 10_000, 0
    for _ in range(params.rows):
        now += int(rng.integers(1, 30)) * 1_000_000
        if rng.random() < 0.3:
            side = mmkit.BUY if rng.random() < 0.5 else mmkit.SELL
            yield rows_of(now, [(touch + (1 if side == mmkit.BUY else -1), int(rng.integers(1, 30)), side)])
            continue
        before, touch = touch, touch + int(rng.integers(-2, 5))
        gone = [(t, 0, mmkit.ASK) for t in range(before, touch + 1)] + [(t, 0, mmkit.BID) for t in range(touch, before + 1)]
        new = [(touch - int(d), int(rng.integers(1, 40)), mmkit.BID) for d in rng.choice(9, 3, False) + 1]
        new += [(touch + int(d), int(rng.integers(1, 40)), mmkit.ASK) for d in rng.choice(9, 3, False) + 1]
        new += [(touch - 1, 5, mmkit.BID), (touch + 1, 5, mmkit.ASK)]
        yield rows_of(now, list({(row[0], row[2]): row for row in gone + new}.values()))


def rows_of(now, levels):
    out = np.zeros(len(levels), mmkit.EVENT)
    for i, (tick, lots, kind) in enumerate(levels):
        out[i] = (now, now + 2_000_000, tick, lots, kind, mmkit.BOTH)
    return out


@mmkit.hookimpl
def mmkit_market():
    return mmkit.Market("drifting", params=Params, events=events)
"""

STACK = """
[stack]
plugins = ["drifting.py"]
[instruments.X]
tick_size = 0.1
lot_size = 0.1
[instruments.X.market]
use = "drifting"
[instruments.X.venue]
use = "queue"
model = "log"
[signals.sigma]
use = "volatility"
[sizing]
use = "fixed"
quantity = 0.5
max_position = 4.0
[pricing]
use = "fixed"
half_spread = 0.1
skew = 0.1
[ladder]
use = "uniform"
levels = 4
[execution]
use = "requote"
every = "40ms"
[report]
"""


@pytest.fixture
def drifting(tmp_path: Any) -> Callable[[], Any]:
    """Returns a function that runs a ladder over a market that climbs about one tick a message."""
    (tmp_path / "drifting.py").write_text(DRIFTING)
    (tmp_path / "stack.toml").write_text(STACK)
    return lambda: mmkit.run(tmp_path / "stack.toml", seed=11, engine="python")


def test_a_small_window_that_moves_often_gives_the_run_of_a_large_one(
    drifting: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = drifting()
    window = 128
    assert still.records["mid"][-1] - still.records["mid"][0] > 0.1 * 4 * window
    monkeypatch.setitem(conversion.chunks.__kwdefaults__, "window", window)
    monkeypatch.setattr(plain, "WINDOW", window)
    moved = drifting()
    assert len(still.fills) > 100
    assert moved.fills.equals(still.fills)
    assert moved.records.equals(still.records, null_equal=True)
    assert moved.summary["orders"] == still.summary["orders"]


@pytest.mark.parametrize("rows", [7, 100, 10**6])
def test_where_chunks_end_does_not_matter(drifting: Any, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    usual = drifting()
    monkeypatch.setitem(conversion.chunks.__kwdefaults__, "rows", rows)
    again = drifting()
    assert len(usual.fills) > 100
    for table in ("fills", "records"):
        frames = [getattr(run, table).write_ipc(None, compression="uncompressed").getvalue() for run in (usual, again)]
        assert frames[0] == frames[1]
    assert without_timing(again.summary) == without_timing(usual.summary)


def without_timing(summary: dict[str, Any]) -> dict[str, Any]:
    counters = {key: value for key, value in summary["counters"].items() if key != "latency"}
    return {**{key: value for key, value in summary.items() if key != "timing"}, "counters": counters}


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_chunks_of_two_clocks_and_a_gap_may_end_anywhere(
    market: Any, play: Any, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    market.bid(2100, 99, 6, known=2300).sold(2000, 99, 8, known=2600).ask(2700, 100, 3).bid(2800, 97, 1, known=2810)
    market.gap(3000).sold(3100, 90, 99).book(3500, {99: 10}, {101: 10}).sold(4000, 99, 30).bought(4100, 101, 12).until(
        6000
    )
    script = {1000: [("buy", 99, 5, POST), ("sell", 101, 3, POST)], 3700: [("buy", 98, 2, POST)]}
    usual = play(market, script, on='["timer", "book", "trade"]')
    monkeypatch.setitem(conversion.chunks.__kwdefaults__, "rows", rows)
    again = play(market, script, on='["timer", "book", "trade"]')
    assert len(usual.fills) >= 2
    assert again.fills == usual.fills
    assert again.seen == usual.seen
    assert again.run.records.equals(usual.run.records, null_equal=True)
    assert usual.run.fills.filter(pl.col("exch_ts").is_between(3000, 3499)).is_empty()
