"""The paper's tables: profit and final inventory of the example stack against the exact moments of the same scheme."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mmkit

PAPER = Path(__file__).parents[2] / "examples" / "paper.toml"
PATHS = 500

# gamma: spread, then mean and standard deviation of the profit and standard deviation of the final inventory (whose mean
# is zero), all exact, with the standard errors of these and of the mean inventory at 1000 runs: profit, std, q, std q.
INVENTORY = {
    0.1: (1.49, 64.893, 6.543, 2.927, (0.21, 0.15, 0.09, 0.07)),
    0.01: (1.35, 68.400, 8.961, 5.213, (0.28, 0.23, 0.16, 0.12)),
    1.0: (3.02, 31.455, 4.838, 1.641, (0.15, 0.11, 0.05, 0.04)),
}
SYMMETRIC = {
    0.1: (1.49, 68.228, 13.457, 8.402, (0.43, 0.45, 0.27, 0.19)),
    0.01: (1.35, 68.666, 13.678, 8.712, (0.43, 0.47, 0.28, 0.19)),
    1.0: (3.02, 43.869, 10.751, 5.189, (0.34, 0.29, 0.16, 0.12)),
}


@pytest.fixture(scope="module")
def ran() -> Callable[..., dict[str, Any]]:
    """Returns a function that runs a stack file and returns what its summary says of the paths."""

    def run(file: Path, *settings: str) -> dict[str, Any]:
        given = [*settings, f"instruments.ASSET.market.paths={PATHS}"]
        found: dict[str, Any] = mmkit.run(file, seed=8, engine="python", set=given).summary["paths"]
        return found

    return run


def average_spread(gamma: float) -> float:
    """The mean of the paper's spread over the horizon: k = 1.5, sigma = 2, T = 1 s."""
    return 2.0 / gamma * math.log1p(gamma / 1.5) + gamma * 4.0 / 2.0


def agrees(found: dict[str, Any], expected: tuple[Any, ...], gamma: float) -> None:
    spread, profit, deviation, inventory_deviation, errors = expected
    scale = 4.0 * math.sqrt(1000 / PATHS)
    assert found["count"] == PATHS
    assert found["spread"]["mean"] == pytest.approx(average_spread(gamma), abs=0.011 * gamma + 1e-5)
    assert found["spread"]["mean"] == pytest.approx(spread, abs=0.015)
    assert abs(found["profit"]["mean"] - profit) < scale * errors[0]
    assert abs(found["profit"]["std"] - deviation) < scale * errors[1]
    assert abs(found["position"]["mean"]) < scale * errors[2]
    assert abs(found["position"]["std"] - inventory_deviation) < scale * errors[3]


@pytest.mark.parametrize("gamma", INVENTORY)
def test_the_inventory_strategy_has_the_exact_moments(ran: Callable[..., dict[str, Any]], gamma: float) -> None:
    agrees(ran(PAPER, f"pricing.gamma={gamma}"), INVENTORY[gamma], gamma)


@pytest.mark.parametrize("gamma", SYMMETRIC)
def test_the_symmetric_strategy_at_the_average_spread_has_the_exact_moments(
    ran: Callable[..., dict[str, Any]], gamma: float, tmp_path: Path
) -> None:
    text = PAPER.read_text()
    first, last = text.index("[pricing]"), text.index("[sizing]")
    fixed = f'[pricing]\nuse = "fixed"\nhalf_spread = {average_spread(gamma) / 2!r}\n\n'
    (tmp_path / "symmetric.toml").write_text(text[:first] + fixed + text[last:])
    agrees(ran(tmp_path / "symmetric.toml"), SYMMETRIC[gamma], gamma)
