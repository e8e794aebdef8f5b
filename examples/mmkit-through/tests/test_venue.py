"""The venue rule over a market written by hand, and in the stack."""

from pathlib import Path
from typing import Any

import pytest

import mmkit

STACK = Path(__file__).parents[1] / "stack.toml"
SECOND = 10**9

MARKET = """
import mmkit
import numpy as np

SECOND = 10**9


def events(params, instrument, rng):
    rows = [(0, 9900, 50, mmkit.BID), (0, 10100, 50, mmkit.ASK)]
    rows += [(SECOND * n, 9900 - n + 1, 5, mmkit.SELL) for n in (1, 2, 3)]
    rows.append((5 * SECOND, 9000, 1, mmkit.BID))
    yield from mmkit.two_clocks(
        iter([np.array([(at, at, tick, lots, kind, mmkit.BOTH) for at, tick, lots, kind in rows], mmkit.EVENT)])
    )


@mmkit.hookimpl
def mmkit_market():
    return mmkit.Market("by-hand", events=events)
"""

BY_HAND = """
[stack]
plugins = ["market.py"]
[instruments.X]
tick_size = 0.01
lot_size = 1.0
[instruments.X.market]
use = "by-hand"
[instruments.X.venue]
use = "through"
ticks = {ticks}
partial_fills = {partial}
[sizing]
use = "fixed"
quantity = 8.0
[pricing]
use = "fixed"
half_spread = 1.0
[report]
"""


@pytest.fixture
def first_fill(tmp_path: Path) -> Any:
    """Returns a function that says when our bid at 99, at which trades print at 1 s, 2 s a tick below, and so on, first fills."""

    def run(ticks: int, partial: str = "true") -> tuple[int, float] | None:
        (tmp_path / "market.py").write_text(MARKET)
        (tmp_path / "stack.toml").write_text(BY_HAND.format(ticks=ticks, partial=partial))
        fills = mmkit.run(tmp_path / "stack.toml", engine="python").fills
        return fills.select("exch_ts", "qty").row(0) if len(fills) else None

    return run


@pytest.mark.parametrize(("ticks", "second"), [(1, 2), (2, 3)])
def test_a_fill_waits_until_the_market_is_so_many_ticks_through(first_fill: Any, ticks: int, second: int) -> None:
    assert first_fill(ticks) == (second * SECOND, 5.0)


def test_what_never_gets_there_never_fills(first_fill: Any) -> None:
    assert first_fill(3) is None


def test_whole_orders_fill_where_partial_fills_are_off(first_fill: Any) -> None:
    assert first_fill(1, "false") == (2 * SECOND, 8.0)


def test_in_the_stack_more_ticks_fill_less_and_each_fill_is_worse() -> None:
    found = []
    for ticks in (1, 3):
        run = mmkit.run(STACK, engine="python", set=[f"instruments.SIM.venue.ticks={ticks}"])
        found.append((run.summary["fills"]["count"], run.summary["metrics"]["markouts"][0]["quote"]))
    assert found[0][0] > found[1][0] > 0
    assert found[0][1] > found[1][1]
