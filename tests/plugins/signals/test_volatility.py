"""The volatility signal against explicit weighted sums, and on a random walk of known sigma."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mmkit.engine.records import MarketView
from mmkit_plugins.signals import volatility

SECOND = 10**9
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


def published(times: Any, mids: Any, clock: bool = False, **given: Any) -> list[float]:
    """Returns the published value after each mid; `clock`: told by the clock instead of the book."""
    params = volatility.Params(**given)
    state = volatility.State()
    values = []
    for now, mid in zip(map(int, times), map(float, mids), strict=True):
        (volatility.on_clock if clock else volatility.on_book)(params, state, MarketView(now=now, mid=mid))
        values.append(state.value)
    return values


def weighted(times: Times, mids: Floats, half_life: float) -> tuple[float, Floats]:
    """Returns sigma by the explicit sum over all samples, and their weights."""
    dt = np.diff(times) * 1e-9
    age = (times[-1] - times[1:]) * 1e-9
    weights = (1.0 - 2.0 ** (-dt / half_life)) * 2.0 ** (-age / half_life)
    return math.sqrt(np.sum(weights * np.diff(mids) ** 2 / dt) / np.sum(weights)), weights


def irregular(seed: int, count: int, least: int = SECOND) -> Times:
    """Returns times at random distances of at least a sample."""
    rng = np.random.default_rng(seed)
    return 17 * SECOND + np.cumsum(least + rng.exponential(2.0 * SECOND, count).astype(np.int64))


@pytest.mark.parametrize("half_life", [3.0, 60.0, 3600.0])
def test_it_is_the_weighted_mean_of_squared_changes_per_second(half_life: float) -> None:
    times = irregular(1, 300)
    mids = 100.0 + np.cumsum(np.random.default_rng(2).normal(size=300))
    found = published(times, mids, half_life=int(half_life * SECOND), warm_up=0)
    assert math.isnan(found[0])
    for end in (2, 3, 50, 300):
        expected, _ = weighted(times[:end], mids[:end], half_life)
        assert found[end - 1] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("sigma", [0.02, 7.5])
@pytest.mark.parametrize("seed", [3, 4, 5])
def test_it_recovers_the_sigma_of_a_random_walk_within_its_standard_error(sigma: float, seed: int) -> None:
    times = irregular(seed, 4000)
    steps = np.diff(times, prepend=times[0]) * 1e-9
    mids = 50_000.0 + np.cumsum(sigma * np.sqrt(steps) * np.random.default_rng(seed + 100).normal(size=4000))
    found = published(times, mids, half_life=900 * SECOND)[-1]
    _, weights = weighted(times, mids, 900.0)
    error = math.sqrt(0.5 * np.sum(weights**2)) / np.sum(weights)
    assert error < 0.05
    assert abs(found / sigma - 1.0) < 4.0 * error


def test_it_is_not_ready_before_its_warm_up() -> None:
    times = [0, 4 * SECOND, 9 * SECOND, 10 * SECOND, 11 * SECOND]
    found = published(times, [100.0, 101.0, 100.0, 101.0, 100.0], warm_up=10 * SECOND)
    assert [math.isnan(value) for value in found] == [True, True, True, False, False]


def test_bounce_between_two_samples_does_not_count() -> None:
    times = np.arange(200) * SECOND // 10
    mids = np.where(np.arange(200) % 10 == 0, 100.0, 100.0 + 0.5 * (np.arange(200) % 2))
    assert published(times, mids, warm_up=0)[-1] == 0.0
    assert published(times, mids, warm_up=0, sample=SECOND // 10)[-1] > 0.3


def test_changes_count_from_sample_to_sample_and_not_from_event_to_event() -> None:
    times = [0, SECOND // 4, SECOND // 2, SECOND]
    assert published(times, [100.0, 105.0, 99.0, 102.0], warm_up=0)[-1] == pytest.approx(2.0)


def test_a_still_market_that_only_the_clock_sees_calms_it_down() -> None:
    params = volatility.Params(half_life=2 * SECOND, warm_up=0)
    state = volatility.State()
    volatility.on_book(params, state, MarketView(now=0, mid=100.0))
    volatility.on_book(params, state, MarketView(now=SECOND, mid=103.0))
    excited = state.value
    for second in range(2, 12):
        volatility.on_clock(params, state, MarketView(now=second * SECOND, mid=103.0))
    assert excited == pytest.approx(3.0)
    # One change of 3 in 11 s: its weight is (1 - w) w^10 of 1 - w^11 in all.
    w = 2.0**-0.5
    assert state.value == pytest.approx(3.0 * math.sqrt((1 - w) * w**10 / (1 - w**11)))


def test_a_missing_mid_is_no_sample() -> None:
    times = [0, SECOND, 2 * SECOND, 4 * SECOND]
    found = published(times, [math.nan, 100.0, math.nan, 103.0], warm_up=0)
    assert found[-1] == pytest.approx(3.0 / math.sqrt(3.0))
    assert published([0, SECOND], [math.nan, math.nan], warm_up=0)[-1] != 0.0


def test_it_publishes_a_value_in_price_per_root_second() -> None:
    assert dict(volatility.mmkit_signals().outputs) == {"value": "price/sqrt(s)"}
