"""Every pricing with every sizing and ladder, with executions, risk rules, hedges and signals in turn, over a recording and a book.

Any two rules of different roles meet in some stack: only names change.
"""

import importlib.metadata
import itertools
from collections.abc import Callable, Sequence
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


ROLES = ("pricing", "sizing", "ladder", "execution", "risk", "hedging")
AMEND = ("requeue", "keep-on-decrease", "none")


def pairs(names: Sequence[str]) -> set[tuple[Any, ...]]:
    """Returns every two rules of a stack, each with its role's number."""
    return set(itertools.combinations(enumerate(names), 2))


def combinations() -> list[tuple[str, ...]]:
    """Returns every pricing with every sizing and ladder; to each the execution, risk and hedging that bring most that is new."""
    found: list[tuple[str, ...]] = []
    met: set[tuple[Any, ...]] = set()
    position = list(itertools.product(*(every(role) for role in ROLES[3:])))
    for first in itertools.product(*(every(role) for role in ROLES[:3])):
        names = max(((*first, *others) for others in position), key=lambda names: len(pairs(names) - met))
        met |= pairs(names)
        found.append(names)
    return found


COMBINATIONS = list(enumerate(combinations()))


def test_every_two_rules_of_different_roles_meet() -> None:
    met = set().union(*(pairs(names) for _, names in COMBINATIONS))
    wanted = {
        pair
        for (one, first), (other, second) in itertools.combinations(enumerate(ROLES), 2)
        for pair in itertools.product(((one, name) for name in every(first)), ((other, name) for name in every(second)))
    }
    assert met == wanted


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
    """Asserts that what was bought less what was sold is each position, and what was paid for all the cash."""
    fills = run.fills
    for leg in run.stack.legs.values():
        instrument = leg.instrument
        own = fills.filter(fills["instrument"] == instrument.name)
        lots = np.rint(own["qty"].to_numpy() / instrument.lot_size) * own["side"].to_numpy()
        position = run.summary["position"][instrument.name]
        assert position == pytest.approx(lots.sum() * instrument.lot_size, abs=1e-9)
    spent = (fills["price"] * fills["qty"] * fills["side"]).sum() + fills["fee"].sum()
    assert run.summary["cash"] == pytest.approx(-spent, rel=1e-9, abs=1e-6)


def hedges_stand_against_the_position(run: Any) -> None:
    """Asserts that hedges trade, and lie on the other side than the position more often than on its own."""
    assert run.stack.hedges == ("H",)
    assert (run.fills["instrument"] == "H").any()
    product = (run.records["position"] * run.records["H.position"]).to_numpy()
    assert (product < 0.0).sum() > (product > 0.0).sum()


@pytest.mark.parametrize("world", ["book", "recording"])
@pytest.mark.parametrize(("number", "names"), COMBINATIONS, ids=[f"{n}-{'-'.join(names)}" for n, names in COMBINATIONS])
def test_it_runs_to_its_end_with_sound_quotes_and_fills(
    stack_file: Callable[..., Path], stack_cache: Path, world: str, number: int, names: tuple[str, ...]
) -> None:
    rules = dict(zip(ROLES, names, strict=True))
    # Recovery comes after something to recover from.
    rules["risk"] = ["stop-loss", "recovery"] if rules["risk"] == "recovery" else [rules["risk"]]
    more = {"venue": {"amend": AMEND[number % 3]}, "stack": {"cost": ("average", "fifo")[number % 2]}}
    run = attempt(stack_file(world, number, more=more, **rules), engine="python")
    assert run.error is None
    assert not run.interrupted
    quotes_are_sound(run)
    position_is_that_of_the_fills(run)
    assert run.fills.height > 0
    if rules["hedging"] != "none":
        hedges_stand_against_the_position(run)


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
