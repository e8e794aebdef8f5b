"""The basis signal against the integrals that its recursion stands for, and in a run of two instruments."""

import math
import random
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import mmkit
from mmkit_basis import signal

STACK = Path(__file__).parents[1] / "stack.toml"
SECOND = 10**9


def looked(looks: list[tuple[int, float, float]], half_life: int = 10 * SECOND) -> signal.State:
    """Returns the state after looks at (time in ns, perpetual mid, spot mid)."""
    state = signal.State()
    for now, mid, spot in looks:
        signal.on_book(signal.Params(half_life), state, SimpleNamespace(now=now, mid=mid), signal.Inputs(spot))
    return state


def weighted(looks: list[tuple[int, float, float]], half_life: int) -> tuple[float, float]:
    """Returns mean and standard deviation of the basis over the time between looks, half as much weight per half-life ago."""
    end = looks[-1][0]
    weights, values = [], []
    for (begun, mid, spot), (ended, _, _) in pairwise(looks):
        if math.isfinite(mid) and math.isfinite(spot):
            weights.append(2.0 ** ((ended - end) / half_life) - 2.0 ** ((begun - end) / half_life))
            values.append((mid - spot) / spot)
    total = math.fsum(weights)
    mean = math.fsum(w * x for w, x in zip(weights, values, strict=True)) / total
    squares = math.fsum(w * (x - mean) * (x - mean) for w, x in zip(weights, values, strict=True))
    return mean, math.sqrt(squares / total)


@pytest.mark.parametrize("seed", range(5))
def test_mean_and_deviation_are_the_weighted_ones(seed: int) -> None:
    chance = random.Random(seed)
    time, looks = 0, []
    for _ in range(200):
        time += chance.randrange(1, SECOND)
        looks.append((time, 60_000 + chance.gauss(0, 20), 60_000 + chance.gauss(0, 5)))
    state = looked(looks)
    assert (state.mean, state.deviation) == pytest.approx(weighted(looks, 10 * SECOND), rel=1e-9)


def test_a_longer_half_life_remembers_more() -> None:
    looks = [(0, 101.0, 100.0), (60 * SECOND, 100.0, 100.0), (80 * SECOND, 100.0, 100.0)]
    assert looked(looks, 10 * SECOND).mean < 0.5 * looked(looks, 40 * SECOND).mean


def test_it_is_not_ready_before_a_half_life() -> None:
    early = looked([(0, 101.0, 100.0), (9 * SECOND, 101.0, 100.0)])
    assert early.value == pytest.approx(0.01)
    assert math.isnan(early.mean)
    ready = looked([(0, 101.0, 100.0), (11 * SECOND, 101.0, 100.0)])
    assert (ready.mean, ready.deviation) == pytest.approx((0.01, 0.0))


@pytest.mark.parametrize(("mid", "spot"), [(math.nan, 100.0), (101.0, math.nan), (101.0, 0.0)])
def test_without_one_of_the_mids_nothing_is_known_and_no_time_counts(mid: float, spot: float) -> None:
    before = [(0, 101.0, 100.0), (11 * SECOND, 101.0, 100.0)]
    hole = looked([*before, (12 * SECOND, mid, spot)])
    assert math.isnan(hole.value)
    assert math.isnan(hole.mean)
    after = looked([*before, (12 * SECOND, mid, spot), (3600 * SECOND, 99.0, 100.0)])
    assert after.mean == pytest.approx(0.01)


def test_in_a_run_it_reads_the_other_instrument() -> None:
    lengths = [f"instruments.{name}.market.duration=90s" for name in ("PERP", "SPOT")]
    records = mmkit.run(STACK, engine="python", set=lengths).records.drop_nans(["basis.value", "basis.mean"])
    assert len(records) > 20
    mid, spot = records["mid"].to_numpy(), records["SPOT.mid"].to_numpy()
    # A record's mids are the venues', which we know 5 ms later: now and then a best price has moved in between.
    apart = np.abs(records["basis.value"].to_numpy() - (mid - spot) / spot)
    assert np.median(apart) < 1e-12
    assert apart.max() < 2e-5
    assert records["basis.mean"].mean() == pytest.approx(30.0 / 60_000.0, abs=5.0 / 60_000.0)
