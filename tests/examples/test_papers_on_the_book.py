"""The example stacks of the papers' quotes on the simulated book: they run, lean against the position and keep their caps."""

from pathlib import Path

import numpy as np
import pytest

import mmkit
from mmkit import settings
from mmkit.explaining import explain
from mmkit.snapshot import Snapshot

EXAMPLES = Path(__file__).parents[2] / "examples"
EXACT = ("pricing.method=exact", "pricing.sigma=0.03", "pricing.order_size=0.2")
CARTEA_JAIMUNGAL = """\
use = "cartea-jaimungal"
phi = 4.5e-4
A = 1.9
k = 100.0
max_position = 4.0
"""


STACKS = [
    ("avellaneda", ()),
    ("avellaneda", ("pricing.infinite_horizon=true",)),
    ("glft", ()),
    ("glft", ("pricing.xi=0",)),
    ("glft", EXACT),
    ("glft", (*EXACT, "pricing.session=true", "pricing.horizon=5m")),
]


def steps(name: str, changes: tuple[str, ...], position: float) -> dict[str, float]:
    """Returns the steps of the pricing rule's decision at a mid of 100 by their names."""
    stack = settings.read(EXAMPLES / f"{name}.toml", overrides=changes)
    known = {"sigma.value": 0.03}
    found = explain(stack, Snapshot(0, 0, 99.995, 100.005, position=position, signals=known))
    return {step.name: step.value for step in found.steps}


@pytest.mark.parametrize(("name", "changes"), STACKS)
def test_it_fills_on_both_sides_and_keeps_its_cap(name: str, changes: tuple[str, ...]) -> None:
    run = mmkit.run(EXAMPLES / f"{name}.toml", engine="python", set=changes)
    assert min(run.summary["fills"]["buy"], run.summary["fills"]["sell"]) > 20
    assert run.records["position"].abs().max() <= 4.0


@pytest.mark.parametrize(("name", "changes"), STACKS)
def test_it_leans_against_the_position_and_says_so_step_by_step(name: str, changes: tuple[str, ...]) -> None:
    flat, long = steps(name, changes, 0.0), steps(name, changes, 2.0)
    assert flat["fair price"] == long["fair price"] == 100.0
    assert flat["reservation price"] == pytest.approx(100.0)
    assert long["reservation price"] < 99.995
    if "inventory" in long:
        assert long["reservation price"] == pytest.approx(100.0 + long["inventory"])


def test_more_risk_aversion_holds_less() -> None:
    held = []
    for gamma in (0.2, 20.0):
        run = mmkit.run(EXAMPLES / "glft.toml", engine="python", set=[f"pricing.gamma={gamma}"])
        held.append(run.summary["metrics"]["std_position_base"])
    assert held[1] < 0.5 * held[0]


def test_the_fee_floor_keeps_the_spread_above_both_fees() -> None:
    changes = ["instruments.SIM.maker_fee=4bp", "instruments.SIM.market.duration=1m"]
    run = mmkit.run(EXAMPLES / "avellaneda.toml", engine="python", set=changes)
    spreads = (run.records["ask_quote"] - run.records["bid_quote"]).to_numpy()
    assert np.isfinite(spreads).sum() > 20
    assert np.nanmin(spreads) >= 2 * 0.0004 * 99.0


def test_another_pricing_takes_its_place_without_another_line(tmp_path: Path) -> None:
    text = (EXAMPLES / "glft.toml").read_text()
    first, last = text.index("[pricing]"), text.index("[sizing]")
    file = tmp_path / "stack.toml"
    file.write_text(f"{text[:first]}[pricing]\n{CARTEA_JAIMUNGAL}\n{text[last:]}")
    for changes in ((), ("pricing.method=exact", "pricing.order_size=0.2", "pricing.min_position=-1.0")):
        run = mmkit.run(file, engine="python", set=changes)
        assert run.summary["fills"]["count"] > 40
        assert run.records["position"].max() <= 4.0
    assert run.records["position"].min() >= -1.0
