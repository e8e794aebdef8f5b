"""The least-variance hedge against numpy's solution, closed forms and simulated prices of known beta."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hedging_world import SECOND, Leg, World
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkit_plugins.hedging import minimum_variance as rule
from mmkit_plugins.hedging._covariance import SIZE, add_changes, solve

Floats = npt.NDArray[np.float64]


def prices(covariance: Floats, count: int, seed: int, start: float = 1e6) -> Floats:
    """Returns mids (a row per sample) whose changes have the covariance; instrument 0 is the quoted one."""
    changes = np.random.default_rng(seed).multivariate_normal(np.zeros(len(covariance)), covariance, count)
    return start + np.vstack([np.zeros(len(covariance)), np.cumsum(changes, axis=0)])


def sampled(mids: Floats, **given: Any) -> World:
    """Returns the rule's world after it has seen a row of mids each second."""
    legs = [Leg(1.0, tick_size=1e-6, lot_size=1e-6) for _ in range(mids.shape[1] - 1)]
    world = World(rule, *legs, **{"sample_every": SECOND, "half_life": 10**6 * SECOND, "least_samples": 1, **given})
    for second, row in enumerate(mids):
        show(world, row)
        world.look(second * SECOND)
    return world


def show(world: World, row: Floats) -> None:
    world.market.mid = float(row[0])
    for leg, mid in zip(world.legs, row[1:], strict=True):
        leg.quote(float(mid))


def weighted(mids: Floats, half_life: float) -> Floats:
    """Returns the ratios by explicit weights and numpy's solver."""
    changes = np.diff(mids, axis=0)
    weights = 2.0 ** (-np.arange(len(changes))[::-1] / half_life)
    moments = changes.T @ (weights[:, None] * changes)
    return np.linalg.solve(moments[1:, 1:], moments[1:, 0])


@pytest.mark.parametrize("hedges", [1, 2, 3, 8])
@pytest.mark.parametrize("half_life", [5.0, 1000.0])
def test_ratios_are_those_of_weighted_least_squares(hedges: int, half_life: float) -> None:
    root = np.random.default_rng(hedges).normal(size=(hedges + 1, hedges + 1))
    mids = prices(root @ root.T, 200, seed=7)
    world = sampled(mids, half_life=int(half_life * SECOND))
    assert world.state.beta[:hedges] == pytest.approx(weighted(mids, half_life), rel=1e-7)
    world.look(position=1.0)
    assert world.aimed == pytest.approx(-weighted(mids, half_life), abs=1e-6)


def test_with_one_instrument_it_is_correlation_times_the_ratio_of_volatilities() -> None:
    mids = prices(np.array([[100.0, 24.0], [24.0, 9.0]]), 500, seed=1)
    [beta] = sampled(mids).state.beta[:1]
    quoted, hedge = np.diff(mids, axis=0).T
    correlation = np.sum(quoted * hedge) / math.sqrt(np.sum(quoted**2) * np.sum(hedge**2))
    assert beta == pytest.approx(correlation * math.sqrt(np.sum(quoted**2) / np.sum(hedge**2)), rel=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_it_recovers_the_betas_of_simulated_prices_within_their_standard_errors(seed: int) -> None:
    # dM = 20 dM_1 + 0.5 dM_2 + noise: a coin of 80 000 against one of 3 200 and one of 150.
    hedges, noise, count = np.array([[4.0, 1.2], [1.2, 2.25]]), 25.0, 4000
    betas = np.array([20.0, 0.5])
    covariance = np.block(
        [[np.array([[betas @ hedges @ betas + noise]]), (hedges @ betas)[None, :]], [(hedges @ betas)[:, None], hedges]]
    )
    world = sampled(prices(covariance, count, seed), half_life=10**9 * SECOND)
    errors = np.sqrt(noise * np.diag(np.linalg.inv(hedges)) / count)
    assert np.all(errors < [0.1, 0.1])
    assert np.all(np.abs(np.array(world.state.beta[:2]) - betas) < 4.0 * errors)


def test_the_hedged_position_varies_less_than_with_any_other_ratio() -> None:
    covariance = np.array([[9.0, 4.0, 3.0], [4.0, 4.0, 1.0], [3.0, 1.0, 2.0]])
    mids = prices(covariance, 300, seed=3)
    world = sampled(mids, half_life=10**9 * SECOND)
    changes = np.diff(mids, axis=0)
    held = np.array([1.0, *(-np.array(world.state.beta[:2]))])
    least = np.sum((changes @ held) ** 2)
    for shift in np.random.default_rng(4).normal(scale=0.05, size=(200, 2)):
        assert np.sum((changes @ np.add(held, [0.0, *shift])) ** 2) > least


def test_a_hedge_that_another_one_makes_superfluous_gets_nothing() -> None:
    # Hedge 2 is hedge 1 with noise of its own.
    mids = prices(np.array([[5.0, 4.0, 4.0], [4.0, 4.0, 4.0], [4.0, 4.0, 5.0]]), 20_000, seed=5)
    ratios = sampled(mids, half_life=10**9 * SECOND).state.beta[:2]
    assert ratios == pytest.approx([1.0, 0.0], abs=0.05)


def test_samples_lie_a_period_apart_whatever_happens_between_them() -> None:
    mids = prices(np.array([[4.0, 2.0], [2.0, 3.0]]), 100, seed=6)
    world = sampled(mids[:1])
    for second in range(1, 101):
        for part in (200, 500, 700):
            show(world, mids[second] + np.array([part, -part]))
            world.look((second - 1) * SECOND + part * 10**6)
        show(world, mids[second])
        world.look(second * SECOND)
    assert world.state.samples == 100
    assert world.state.beta[0] == sampled(mids).state.beta[0]


def test_prices_that_follow_late_need_long_samples() -> None:
    # Epps: the hedge shows each move a second late, so changes over one second look unrelated.
    path = 1e6 + np.cumsum(np.random.default_rng(8).normal(size=8001))
    mids = np.column_stack([path[1:], path[:-1]])
    short = sampled(mids, sample_every=SECOND).state.beta[0]
    long = sampled(mids, sample_every=40 * SECOND).state.beta[0]
    assert abs(short) < 4.0 / math.sqrt(8000)
    # 39 of 40 seconds are common to both; the rest of a change is noise to the other.
    assert abs(long - 39 / 40) < 4.0 * math.sqrt(2 / 40 / 200)


def test_the_next_call_is_for_the_next_sample_or_the_next_look_whichever_comes_first() -> None:
    world = World(rule, Leg(), sample_every=3 * SECOND, every=2 * SECOND)
    for now, due in ((0, 2), (2, 3), (3, 4), (4, 6)):
        world.market.now = now * SECOND
        assert world.next == due * SECOND


def test_nothing_is_hedged_before_enough_samples() -> None:
    mids = prices(np.array([[4.0, 2.0], [2.0, 3.0]]), 60, seed=9)
    early, ready = sampled(mids[:-1], least_samples=60), sampled(mids, least_samples=60)
    early.look(position=1.0)
    ready.look(position=1.0)
    assert early.alive == [[]]
    assert len(ready.alive[0]) == 1


def test_a_hedge_put_off_for_lack_of_samples_is_made_when_they_are_there() -> None:
    mids = prices(np.array([[4.0, 2.0], [2.0, 3.0]]), 60, seed=9)
    world = sampled(mids[:-1], least_samples=60, every=3600 * SECOND)
    world.look(position=1.0)
    show(world, mids[-1])
    world.look(60 * SECOND)
    assert world.aimed == pytest.approx([-world.state.beta[0]], abs=1e-6)


@pytest.mark.parametrize("twin", [2.0, -1.0, 0.0], ids=["multiple", "mirror", "still"])
def test_with_hedges_that_are_alike_or_still_there_is_no_hedge(twin: float) -> None:
    mids = prices(np.array([[4.0, 2.0], [2.0, 3.0]]), 100, seed=10)
    mids = np.column_stack([mids, 1e6 + twin * (mids[:, 1] - 1e6)])
    world = sampled(mids)
    world.look(position=1.0)
    assert world.alive == [[], []]


def test_a_flat_position_closes_its_hedge_even_without_a_ratio() -> None:
    world = World(rule, Leg(position=-500))
    world.look(position=0.0)
    assert world.aimed == [0.0]


@pytest.mark.parametrize("part", [0.5, 2.0])
def test_hedges_count_as_two_from_a_part_of_their_own_on(part: float) -> None:
    # Hedge 2 = hedge 1 + own noise of variance v: own part v / (1 + v).
    least = 0.01
    own = least * part / (1.0 - least * part)
    moments = [0.0] * SIZE * SIZE
    matrix = [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0 + own]]
    for i in range(3):
        moments[i * SIZE : i * SIZE + 3] = matrix[i]
    assert solve(moments, [0.0] * SIZE * SIZE, [0.0] * 8, 3, least) is (part > 1.0)


def test_hedges_that_become_alike_end_the_hedging() -> None:
    covariance = np.array([[4.0, 2.0, 1.0], [2.0, 3.0, 1.0], [1.0, 1.0, 2.0]])
    mids = prices(covariance, 100, seed=13)
    alike = mids[-1] + (prices(covariance, 100, seed=14) - 1e6)[1:, [0, 1, 1]]
    world = sampled(np.vstack([mids, alike]), half_life=5 * SECOND)
    assert sampled(mids, half_life=5 * SECOND).state.sound
    world.look(position=1.0)
    assert world.alive == [[], []]


@pytest.mark.parametrize("missing", [[0], [1], [0, 1]])
def test_a_missing_price_breaks_the_chain_and_no_change_spans_it(missing: list[int]) -> None:
    mids = prices(np.array([[4.0, 2.0], [2.0, 3.0]]), 100, seed=11)
    broken = mids.copy()
    broken[50:] += 1000.0  # a jump that nobody saw
    broken[49, missing] = math.nan
    world = sampled(broken, half_life=10**9 * SECOND)
    changes = np.diff(broken, axis=0)
    seen = changes[~np.isnan(changes).any(axis=1)]
    assert len(seen) == world.state.samples == 98
    assert world.state.beta[0] == pytest.approx(np.sum(seen[:, 0] * seen[:, 1]) / np.sum(seen[:, 1] ** 2), rel=1e-6)


def test_a_stale_price_is_no_sample_either() -> None:
    mids = prices(np.array([[4.0, 2.0], [2.0, 3.0]]), 20, seed=12)
    world = sampled(mids, max_age=SECOND)
    before = world.state.samples
    world.legs[0].stale = True
    world.look(22 * SECOND)
    assert (world.state.samples, world.state.linked) == (before, 0)


matrices = st.integers(1, 8).flatmap(
    lambda n: st.lists(st.lists(st.integers(-9, 9), min_size=n + 1, max_size=n + 1), min_size=2 * n + 2, max_size=30)
)


@given(changes=matrices, scales=st.lists(st.sampled_from([1e-4, 1.0, 1e4]), min_size=9, max_size=9))
@settings(deadline=None)
def test_whatever_the_scales_an_answer_solves_the_equations(changes: list[list[int]], scales: list[float]) -> None:
    rows = np.array(changes, dtype=float) * np.array(scales[: len(changes[0])])
    count = rows.shape[1]
    moments = [0.0] * SIZE * SIZE
    for row in rows:
        add_changes(moments, list(row), count, 0.9)
    ratio = [math.nan] * 8
    if solve(moments, [0.0] * SIZE * SIZE, ratio, count, 1e-3):
        matrix = np.array(moments).reshape(SIZE, SIZE)[:count, :count]
        assert np.array_equal(matrix, matrix.T)
        root = np.sqrt(np.diag(matrix))
        residual = matrix[1:, 1:] @ ratio[: count - 1] - matrix[1:, 0]
        assert np.all(np.abs(residual) <= 1e-9 * root[1:] * (root[0] + 1e-300))
