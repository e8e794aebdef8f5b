"""A world without a book: a rule that flattens closes at the mid's tick that is worse for us, at once and as a taker."""

from pathlib import Path
from typing import Any

import pytest

import mmkit

PLUGIN = """
import attrs
import mmkit
import numpy as np


@attrs.frozen
class Paths:
    mids: tuple[float, ...] = mmkit.field(capacity=16, doc="mids")


@attrs.frozen
class When:
    flatten: int = mmkit.field(doc="time from which on")
    level: int = mmkit.field(4, doc="what is asked for")


def watch(params, state, market, account, desk, control):
    return params.level if market.now >= params.flatten else mmkit.NORMAL


@mmkit.hookimpl
def mmkit_market():
    def paths(params, instrument, rng):
        yield np.array(params.mids)
        yield np.array(params.mids)

    return mmkit.Market("walk", params=Paths, paths=paths, step=lambda params: 10)


@mmkit.hookimpl
def mmkit_venue():
    return mmkit.Venue("near", fill_probability=lambda params, distance, dt: 1.0 if distance < 2.0 else 0.0)


@attrs.frozen
class Halves:
    bid: float = mmkit.field(doc="half-spread")
    ask: float = mmkit.field(doc="half-spread")


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing(
        "one-sided", params=Halves, quote=lambda params, state, market: (market.mid, params.bid, params.ask)
    )


@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("eye", params=When, watch=watch)
"""

STACK = """
[stack]
plugins = ["walk.py"]
record_every = "10ns"
[instruments.X]
tick_size = 1.0
lot_size = 1.0
taker_fee = 0.01
[instruments.X.market]
use = "walk"
mids = {mids}
[instruments.X.venue]
use = "near"
[sizing]
use = "fixed"
quantity = 2.0
[pricing]
use = "one-sided"
bid = {bid}
ask = {ask}
[risk.eye]
use = "eye"
flatten = {flatten}
level = {level}
[report]
"""


@pytest.fixture
def walked(tmp_path: Path) -> Any:
    """Returns a function that runs two equal paths, 10 ns a step, on which only one side of the quotes ever fills."""

    def run(mids: list[float], flatten: int, bid: float = 1.0, ask: float = 5.0, level: int = 4) -> Any:
        (tmp_path / "walk.py").write_text(PLUGIN)
        text = STACK.format(mids=mids, flatten=flatten, bid=bid, ask=ask, level=level)
        (tmp_path / "stack.toml").write_text(text)
        return mmkit.run(tmp_path / "stack.toml", engine="python")

    return run


def fills(run: Any) -> list[tuple[Any, ...]]:
    columns = ("path", "exch_ts", "side", "price", "qty", "maker", "cause")
    return run.fills.select(columns).rows()  # type: ignore[no-any-return]


def test_a_long_position_is_sold_at_the_tick_below_the_mid(walked: Any) -> None:
    run = walked([100.3, 100.3, 100.3, 95.7, 95.7, 95.7], 30)
    one = [
        (0, 1, 99.0, 2.0, True, "quote"),
        (10, 1, 99.0, 2.0, True, "quote"),
        (20, 1, 99.0, 2.0, True, "quote"),
        (30, -1, 95.0, 6.0, False, "flatten"),
    ]
    assert fills(run) == [(path, *row) for path in (0, 1) for row in one]
    assert run.summary["fees"] == pytest.approx(2 * 0.01 * 6 * 95)
    assert run.summary["equity"] == pytest.approx(2 * (6 * 95 - 6 * 99 - 0.01 * 6 * 95))


def test_a_short_position_is_bought_at_the_tick_above_the_mid(walked: Any) -> None:
    run = walked([100.3, 100.3, 100.3, 100.3], 10, bid=5.0, ask=1.0)
    assert fills(run)[:2] == [(0, 0, -1, 102.0, 2.0, True, "quote"), (0, 10, 1, 101.0, 2.0, False, "flatten")]
    assert len(fills(run)) == 4


def test_the_records_say_so_and_nothing_is_quoted_after_it(walked: Any) -> None:
    rows = walked([100.3] * 5, 20).records.select("path", "time", "position", "risk_level", "bid_quote").rows()
    own = [(time, position, level, bid != bid) for path, time, position, level, bid in rows if path == 0]
    assert own == [(10, 2.0, 0, False), (20, 0.0, 4, True), (30, 0.0, 4, True), (40, 0.0, 4, True)]


def test_without_a_position_nothing_is_sent(walked: Any) -> None:
    assert fills(walked([100.3] * 4, 0)) == []


def test_a_level_below_it_takes_quotes_back_and_keeps_the_position(walked: Any) -> None:
    run = walked([100.3] * 5, 20, level=3)
    assert [row[1:3] for row in fills(run) if row[0] == 0] == [(0, 1), (10, 1)]
    assert run.summary["position"] == {"X": 8.0}
