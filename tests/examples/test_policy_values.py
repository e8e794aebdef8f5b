"""Values of quoting policies in the market of Avellaneda & Stoikov through whole runs, against exact moments of the same scheme."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mmkit

PAPER = Path(__file__).parents[2] / "examples" / "paper.toml"
PATHS = 250

# By gamma and policy: cap Q, then exact mean and standard deviation of the profit, standard deviation of the final
# inventory (whose mean is zero), mean number of fills, certainty equivalent -ln E exp(-gamma W) / gamma; 200 steps of 5 ms.
VALUES = {
    (0.01, "exact"): (30, 68.528, 9.753, 5.498, 102.658, 68.053),
    (0.01, "closed-form"): (30, 68.424, 9.151, 3.915, 102.475, 68.006),
    (0.01, "symmetric"): (30, 68.665, 13.675, 8.704, 101.808, 67.728),
    (0.1, "exact"): (25, 67.831, 7.251, 3.097, 103.861, 65.237),
    (0.1, "closed-form"): (25, 67.729, 7.175, 2.196, 103.702, 65.188),
    (0.1, "symmetric"): (25, 68.219, 13.444, 8.364, 91.522, 51.383),
    (0.5, "exact"): (15, 66.049, 6.132, 2.046, 111.438, 57.200),
    (0.5, "closed-form"): (15, 65.986, 6.124, 1.418, 111.377, 57.152),
    (0.5, "symmetric"): (15, 59.864, 12.197, 6.635, 55.669, -93.911),
    (1.0, "exact"): (10, 63.923, 5.618, 1.701, 118.957, 49.890),
    (1.0, "closed-form"): (10, 63.918, 5.616, 1.149, 119.083, 49.871),
    (1.0, "symmetric"): (10, 43.604, 10.565, 4.824, 28.861, -104.506),
}


def stack(gamma: float, policy: str, cap: int) -> str:
    """Returns the paper's stack with another pricing, and no quote on the side that would pass the cap."""
    glft = (
        f'use = "glft"\nmethod = "{policy}"\ngamma = {gamma}\nk = 1.5\nA = 140.0\nsigma = 2.0\nmax_position = {cap}.0\n'
    )
    if policy == "exact":
        glft += 'order_size = 1.0\nsession = true\nhorizon = "1s"\n'
    average = 2.0 / gamma * math.log1p(gamma / 1.5) + gamma * 4.0 / 2.0
    fixed = f'use = "fixed"\nhalf_spread = {average / 2!r}\n'
    text = PAPER.read_text()
    first, sizing, execution = (text.index(section) for section in ("[pricing]", "[sizing]", "[execution]"))
    pricing = fixed if policy == "symmetric" else glft
    limit = f"max_position = {cap}.0\n\n" if policy == "symmetric" else "\n"
    return f"{text[:first]}[pricing]\n{pricing}\n{text[sizing:execution].rstrip()}\n{limit}{text[execution:]}"


def agrees(sample: Any, mean: float, std: float | None = None) -> None:
    """Holds a sample's mean, and its standard deviation, against the exact ones: within four of their standard errors."""
    count = len(sample)
    spread = sample.std(ddof=1)
    assert abs(sample.mean() - mean) < 4.0 * spread / math.sqrt(count) + 0.0005
    if std is not None:
        kurtosis = ((sample - sample.mean()) ** 4).mean() / spread**4
        assert abs(spread - std) < 4.0 * spread * math.sqrt((kurtosis - 1.0) / (4.0 * count)) + 0.0005


@pytest.mark.parametrize(("gamma", "policy"), VALUES)
def test_a_policy_has_the_exact_moments_of_the_same_scheme(gamma: float, policy: str, tmp_path: Path) -> None:
    cap, profit, deviation, inventory, fills, equivalent = VALUES[gamma, policy]
    file = tmp_path / "policy.toml"
    file.write_text(stack(gamma, policy, cap))
    ran = mmkit.run(file, seed=11, engine="python", set=[f"instruments.ASSET.market.paths={PATHS}"])
    ends = ran.records.group_by("path", maintain_order=True).last()
    assert len(ends) == PATHS
    assert ran.records["position"].abs().max() <= cap
    wealth = ends["equity"].to_numpy()
    agrees(wealth, profit, deviation)
    agrees(ends["position"].to_numpy(), 0.0, inventory)
    per_path = ran.fills.group_by("path").agg(pl.len())["len"].to_numpy().astype(np.float64)
    agrees(per_path, fills)
    if gamma <= 0.1 and policy != "symmetric":
        # For more aversion, or more risk, the expectation hangs on paths that a sample of this size does not have.
        utility = np.exp(-gamma * (wealth - equivalent))
        agrees(utility, 1.0)
