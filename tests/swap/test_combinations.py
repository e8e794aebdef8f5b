"""Every pricing with every sizing and every ladder and a mix of signals, over a recording and a simulated book: only names change."""

import importlib.metadata
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmkit.runs import attempt
from mmkit.settings import read

EXAMPLES = Path(__file__).parents[2] / "examples"


def every(role: str) -> list[str]:
    """Returns the names of the built-in rules of a role."""
    return sorted(entry.name for entry in importlib.metadata.entry_points(group=f"mmkit.{role}"))


COMBINATIONS = [
    (number, *names)
    for number, names in enumerate(itertools.product(every("pricing"), every("sizing"), every("ladder")))
]


def quotes_are_sound(run: Any) -> None:
    """Asserts that there are quotes, none of them infinite or not above zero, and none at or beyond the other side's."""
    bids, asks = (run.records[f"{side}_quote"].to_numpy() for side in ("bid", "ask"))
    for prices in (bids, asks):
        quoted = prices[~np.isnan(prices)]
        assert len(quoted) > 0
        assert np.isfinite(quoted).all()
        assert (quoted > 0.0).all()
    both = ~np.isnan(bids) & ~np.isnan(asks)
    assert both.any()
    assert (bids[both] < asks[both]).all()


def position_is_that_of_the_fills(run: Any) -> None:
    """Asserts that what was bought less what was sold is the position, and what was paid for it the cash."""
    fills, instrument = run.fills, run.stack.leg.instrument
    lots = np.rint(fills["qty"].to_numpy() / instrument.lot_size) * fills["side"].to_numpy()
    position = run.summary["position"][instrument.name]
    assert position == pytest.approx(lots.sum() * instrument.lot_size, abs=1e-9)
    spent = (fills["price"] * fills["qty"] * fills["side"]).sum() + fills["fee"].sum()
    assert run.summary["cash"] == pytest.approx(-spent, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("world", ["book", "recording"])
@pytest.mark.parametrize(("number", "pricing", "sizing", "ladder"), COMBINATIONS)
def test_it_runs_to_its_end_with_sound_quotes_and_fills(
    stack_file: Callable[..., Path],
    stack_cache: Path,
    world: str,
    number: int,
    pricing: str,
    sizing: str,
    ladder: str,
) -> None:
    run = attempt(stack_file(world, number, pricing, sizing, ladder), engine="python")
    assert run.error is None
    assert not run.interrupted
    quotes_are_sound(run)
    position_is_that_of_the_fills(run)
    assert run.fills.height > 0


@pytest.mark.parametrize("world", ["book", "recording"])
def test_all_signals_side_by_side_publish(stack_file: Callable[..., Path], stack_cache: Path, world: str) -> None:
    run = attempt(stack_file(world, every("signals"), "fixed", "fixed", "single"), engine="python")
    assert run.error is None
    assert sorted(slot.name for slot in run.stack.signals) == every("signals")
    silent = [
        slot.name
        for slot in run.stack.signals
        if not any(np.isfinite(run.records[f"{slot.name}.{output}"].to_numpy()).any() for output in slot.rule.outputs)
    ]
    assert silent == []


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: str(file.stem))
def test_every_example_runs(stack_cache: Path, file: Path) -> None:
    leg = read(file).leg
    market = f"instruments.{leg.instrument.name}.market"
    shorter = [f"{market}.paths=20"] if leg.market.rule.paths else [f"{market}.duration=40s"]
    run = attempt(file, engine="python", set=shorter)
    assert run.error is None
    quotes_are_sound(run)
    if leg.market.rule.paths:
        assert run.summary["paths"]["count"] == 20
    else:
        assert run.summary["orders"]["submitted"] > 0
        position_is_that_of_the_fills(run)
