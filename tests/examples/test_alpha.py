"""The alpha example stack: signals move the price that is quoted."""

from pathlib import Path

import pytest

import mmkit
from mmkit import settings
from mmkit.explaining import explain
from mmkit.snapshot import Snapshot

STACK = Path(__file__).parents[2] / "examples" / "alpha.toml"


def price(**signals: float) -> float:
    """Returns the reservation price at a mid of 100."""
    known = {name.replace("_", ".", 1): number for name, number in signals.items()}
    found = explain(settings.read(STACK), Snapshot(0, 0, 99.99, 100.01, position=1.0, signals=known))
    [only] = [step.value for step in found.steps if step.name == "reservation price"]
    return only


def test_each_signal_shifts_the_price_by_its_own_step() -> None:
    at_rest = price()
    assert at_rest == pytest.approx(100.0 - 0.01)
    assert price(micro_value=100.004) == pytest.approx(at_rest + 0.004)
    assert price(lean_value=-0.5) == pytest.approx(at_rest - 0.005)
    assert price(micro_value=100.004, lean_value=-0.5) == pytest.approx(at_rest - 0.001)


@pytest.mark.parametrize("fair", ["micro.value", "smooth.value"])
def test_it_runs_with_either_fair_price(fair: str) -> None:
    changes = ["instruments.SIM.market.duration=30s", f"pricing.inputs.fair={fair}"]
    assert mmkit.run(STACK, engine="python", set=changes).summary["fills"]["count"] > 0
