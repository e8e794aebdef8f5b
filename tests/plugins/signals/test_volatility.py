"""The volatility signal against explicit weighted sums and the estimators over arrays, and on random walks of known sigma."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

import mmkit
from mmkit import sigma as arrays
from mmkit.contract import faults
from mmkit.engine.records import MarketView
from mmkit_plugins.signals import _volatility, volatility
from mmkit_plugins.signals.volatility import Estimator

SECOND = 10**9
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


class Published(NamedTuple):
    value: float
    daily: float


def published(times: Any, mids: Any, clock: bool = False, **given: Any) -> list[float]:
    """Returns the published value after each mid; `clock`: told by the clock instead of the book."""
    return [state.value for state in states(times, mids, clock, **given)]


def states(times: Any, mids: Any, clock: bool = False, volume_volatility: float = 0.0, **given: Any) -> list[Published]:
    """Returns what is published after each mid."""
    params = volatility.Params(**given)
    state = volatility.State()
    inputs = volatility.Inputs(volume_volatility=volume_volatility)
    volatility.setup(params, state, None)
    found = []
    for now, mid in zip(map(int, times), map(float, mids), strict=True):
        (volatility.on_clock if clock else volatility.on_book)(params, state, MarketView(now=now, mid=mid), inputs)
        found.append(Published(state.value, state.daily))
    return found


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
    state, inputs = volatility.State(), volatility.Inputs()
    volatility.on_book(params, state, MarketView(now=0, mid=100.0), inputs)
    volatility.on_book(params, state, MarketView(now=SECOND, mid=103.0), inputs)
    excited = state.value
    for second in range(2, 12):
        volatility.on_clock(params, state, MarketView(now=second * SECOND, mid=103.0), inputs)
    assert excited == pytest.approx(3.0)
    # One change of 3 in 11 s: its weight is (1 - w) w^10 of 1 - w^11 in all.
    w = 2.0**-0.5
    assert state.value == pytest.approx(3.0 * math.sqrt((1 - w) * w**10 / (1 - w**11)))


def test_a_missing_mid_is_no_sample() -> None:
    times = [0, SECOND, 2 * SECOND, 4 * SECOND]
    found = published(times, [math.nan, 100.0, math.nan, 103.0], warm_up=0)
    assert found[-1] == pytest.approx(3.0 / math.sqrt(3.0))
    assert published([0, SECOND], [math.nan, math.nan], warm_up=0)[-1] != 0.0


def test_it_publishes_price_per_root_second_and_a_fraction_per_root_day() -> None:
    rule = volatility.mmkit_signals()
    assert dict(rule.outputs) == {"value": "price/sqrt(s)", "daily": "fraction/sqrt(day)"}
    assert list(faults(rule)) == []


BARS = [Estimator.REALISED, Estimator.PARKINSON, Estimator.GARMAN_KLASS, Estimator.ROGERS_SATCHELL]
WINDOWED = [*BARS, Estimator.YANG_ZHANG, Estimator.TWO_SCALE]


def walk(seed: int, count: int, sigma: float = 1.0, step: int = SECOND // 10) -> tuple[Times, Floats]:
    """Returns a random walk seen about every `step` ns, never on a whole second."""
    rng = np.random.default_rng(seed)
    times = 3 + np.cumsum(rng.integers(step // 2, step + step // 2, count)) // 10 * 10
    waits = np.diff(times, prepend=times[0]) * 1e-9
    return times, 500.0 + np.cumsum(sigma * np.sqrt(waits) * rng.normal(size=count))


def by_arrays(estimator: Estimator, times: Times, mids: Floats, window: int, scale: int = 5) -> float:
    """Returns the same estimate with numpy, from the bars that have ended by the last time."""
    columns = arrays.bars(arrays.segments(times, mids), 1.0)
    if estimator == Estimator.YANG_ZHANG:
        columns = tuple(column[-(window + 1) :] for column in columns)  # type: ignore[assignment]
        return math.sqrt(arrays.yang_zhang(*columns))
    open_, high, low, close = (column[-window:] for column in columns)
    if estimator == Estimator.TWO_SCALE:
        return math.sqrt(arrays.two_scale(np.append(open_[0], close), scale) / len(close))
    each = {
        Estimator.REALISED: (close - open_) ** 2,
        Estimator.PARKINSON: arrays.parkinson(high, low),
        Estimator.GARMAN_KLASS: arrays.garman_klass(open_, high, low, close),
        Estimator.ROGERS_SATCHELL: arrays.rogers_satchell(open_, high, low, close),
    }
    return math.sqrt(float(each[estimator].mean()))


@pytest.mark.parametrize("estimator", WINDOWED)
@pytest.mark.parametrize("window", [12, 60])
def test_a_window_of_bars_is_estimated_as_over_arrays(estimator: Estimator, window: int) -> None:
    times, mids = walk(7, 1000, sigma=4.27)
    found = published(times, mids, estimator=estimator, window=window, warm_up=0)
    for end in (300, 777, 1000):
        expected = by_arrays(estimator, times[:end], mids[:end], window)
        assert found[end - 1] == pytest.approx(expected, rel=1e-9), (estimator, end)


@pytest.mark.parametrize("estimator", WINDOWED)
@pytest.mark.parametrize("seed", [1, 2])
def test_d_58_every_estimator_recovers_sigma_within_its_standard_error(estimator: Estimator, seed: int) -> None:
    # 400 mids per bar; ranges that are seen at so many points come out lower by known factors (of the variance).
    times, mids = walk(seed, 40_000, sigma=7.5, step=SECOND // 400)
    found = published(times, mids, estimator=estimator, window=95, warm_up=90 * SECOND, scale=2)[-1]
    seen = {Estimator.PARKINSON: 0.935, Estimator.GARMAN_KLASS: 0.91}
    seen |= dict.fromkeys((Estimator.ROGERS_SATCHELL, Estimator.YANG_ZHANG), 0.91)
    variance = {Estimator.PARKINSON: 0.407, Estimator.GARMAN_KLASS: 0.27, Estimator.ROGERS_SATCHELL: 0.331}
    error = math.sqrt(variance.get(estimator, 2.0)) / (2.0 * math.sqrt(95))
    if estimator == Estimator.TWO_SCALE:
        error *= 1.5
    assert abs(found / 7.5 / math.sqrt(seen.get(estimator, 1.0)) - 1.0) < 4.0 * error


def test_two_scales_look_through_noise_that_misleads_the_realised_variance() -> None:
    times, mids = walk(5, 10_200, sigma=1.0, step=SECOND // 10)
    noisy = mids + np.random.default_rng(6).normal(0.0, 3.0, len(mids))
    given = {"window": 1000, "warm_up": 0, "scale": 20}
    naive = published(times, noisy, estimator=Estimator.REALISED, **given)[-1]
    found = published(times, noisy, estimator=Estimator.TWO_SCALE, **given)[-1]
    assert naive > 3.5
    # Asymptotic variance of Zhang, Mykland and Ait-Sahalia at this scale, in units of sigma^4.
    n, c = 1000.0, 20.0 / 1000.0 ** (2.0 / 3.0)
    error = 0.5 * math.sqrt(n ** (-1.0 / 3.0) * (8.0 * (9.0 / n) ** 2 / c**2 + 4.0 / 3.0 * c))
    assert abs(found - 1.0) < 4.0 * error


def test_two_scales_say_nothing_where_noise_is_all_they_see() -> None:
    times = 3 + np.arange(200) * SECOND
    found = published(times, 100.0 + np.arange(200) % 2, estimator=Estimator.TWO_SCALE, window=50, scale=2, warm_up=0)
    assert math.isnan(found[-1])


def test_d_59_yang_zhang_counts_the_jump_over_time_without_a_mid() -> None:
    times, mids = walk(9, 600)
    broken = np.where(np.arange(600) // 100 % 2 == 1, math.nan, mids)
    jumped = broken + 200.0 * (np.arange(600) >= 200)
    given = {"estimator": Estimator.YANG_ZHANG, "window": 60, "warm_up": 0}
    assert published(times, jumped, clock=True, **given)[-1] > 10.0 * published(times, broken, clock=True, **given)[-1]
    for other in BARS:
        still, moved = (
            published(times, given, clock=True, estimator=other, window=60, warm_up=0)[-1] for given in (broken, jumped)
        )
        assert moved == pytest.approx(still, rel=1e-9)


def test_d_60_the_figure_does_not_depend_on_how_often_the_mid_is_seen() -> None:
    times, mids = walk(11, 20_000, sigma=2.0, step=SECOND // 100)
    rare = slice(None, None, 20)
    for estimator in (Estimator.EWMA, Estimator.REALISED):
        often = published(times, mids, estimator=estimator, half_life=300 * SECOND, window=150)[-1]
        seldom = published(times[rare], mids[rare], estimator=estimator, half_life=300 * SECOND, window=150)[-1]
        assert often == pytest.approx(2.0, rel=0.25)
        assert seldom == pytest.approx(often, rel=0.1)


@pytest.mark.parametrize("estimator", WINDOWED)
def test_d_61_what_left_the_window_leaves_nothing_behind(estimator: Estimator) -> None:
    wild, calm = walk(12, 700, sigma=1e6), walk(13, 1400, sigma=1e-3)
    times = np.concatenate([wild[0], wild[0][-1] + calm[0]])
    mids = np.concatenate([wild[1] - wild[1][-1] + 500.0, calm[1]])
    found = published(times, mids, estimator=estimator, window=40, warm_up=0, scale=3)[-1]
    last = slice(-700, None)
    assert found == pytest.approx(by_arrays(estimator, times[last], mids[last], 40, 3), rel=1e-2)
    assert found < 2e-3


@pytest.mark.parametrize("estimator", BARS)
def test_a_silence_is_made_of_still_bars(estimator: Estimator) -> None:
    times = [3, 3 + SECOND // 2, 3 + 4 * SECOND + 1]
    found = published(times, [100.0, 104.0, 104.0], estimator=estimator, warm_up=0)
    first = {
        Estimator.REALISED: 16.0,
        Estimator.PARKINSON: 16.0 / (4.0 * math.log(2.0)),
        Estimator.GARMAN_KLASS: 8.0 - 16.0 * (2.0 * math.log(2.0) - 1.0),
        Estimator.ROGERS_SATCHELL: 0.0,
    }
    assert found[-1] == pytest.approx(math.sqrt(first[estimator] / 4.0))
    long = published([*times, 3 + 10**6 * SECOND], [100.0, 104.0, 104.0, 104.0], estimator=estimator, warm_up=0)
    assert long[-1] == 0.0


def test_the_formulas_of_one_bar_are_those_of_the_oracle() -> None:
    bars = [(100.0, 102.0, 99.0, 101.0), (101.0, 103.0, 100.5, 102.5)]
    assert sum(_volatility.parkinson(h, low) for _, h, low, _ in bars) / 2 == pytest.approx(
        2.7501374216945864, rel=1e-12
    )
    assert sum(_volatility.garman_klass(*bar) for bar in bars) / 2 == pytest.approx(3.184771663180178, rel=1e-12)
    assert sum(_volatility.rogers_satchell(*bar) for bar in bars) / 2 == pytest.approx(3.0, rel=1e-12)


def test_m_04_daily_is_a_fraction_of_the_mid_per_root_day() -> None:
    last = states([0, SECOND, 2 * SECOND], [100.0, 101.0, 100.0], warm_up=0)[-1]
    assert last.value == pytest.approx(1.0)
    assert last.daily == pytest.approx(1.0 / 100.0 * math.sqrt(86400.0))


def test_m_04_daily_stays_within_floor_and_ceiling_and_the_value_does_not_care() -> None:
    mids = [100.0, 101.0, 100.0]
    times = [0, SECOND, 2 * SECOND]
    assert states(times, mids, warm_up=0, ceiling=0.7)[-1].daily == 0.7
    assert states(times, mids, warm_up=0, floor=3.5)[-1].daily == 3.5
    assert {states(times, mids, warm_up=0, **bound)[-1].value for bound in ({}, {"floor": 3.5}, {"ceiling": 0.7})} == {
        1.0
    }


def test_m_04_the_fallback_stands_for_daily_until_there_is_an_estimate() -> None:
    times, mids = [0, SECOND, 20 * SECOND], [100.0, 101.0, 101.0]
    assert [state.daily for state in states(times, mids, fallback=0.01)[:2]] == [0.01, 0.01]
    assert states(times, mids, fallback=0.01)[-1].daily == states(times, mids)[-1].daily != 0.01
    assert math.isnan(states(times, mids, fallback=0.01)[0].value)
    assert math.isnan(states(times, mids)[0].daily)


@pytest.mark.parametrize(("activity", "factor"), [(0.0, 1.0), (0.5, 1.0), (0.6, 1.12), (1.0, 1.2), (math.nan, 1.0)])
def test_m_07_busy_candles_raise_daily(activity: float, factor: float) -> None:
    times, mids = [0, SECOND], [100.0, 101.0]
    plain = states(times, mids, warm_up=0)[-1].daily
    assert states(times, mids, warm_up=0, volume_volatility=activity)[-1].daily == pytest.approx(factor * plain)
    more = states(times, mids, warm_up=0, volume_volatility=0.4, boost=1.0, boost_above=0.3)[-1].daily
    assert more == pytest.approx(1.4 * plain)


def test_impossible_settings_are_refused_with_their_keys() -> None:
    def refuse(**given: Any) -> str:
        with pytest.raises(mmkit.ConfigError) as caught:
            volatility.setup(volatility.Params(**given), volatility.State(), None)
        return str(caught.value)

    assert "volatility.floor" in refuse(floor=0.2, ceiling=0.1)
    assert "volatility.window" in refuse(estimator=Estimator.TWO_SCALE, window=9, scale=5)


@settings(max_examples=60, deadline=None)
@drawn(
    estimator=st.sampled_from(list(Estimator)),
    waits=st.lists(st.integers(0, 5 * SECOND), min_size=1, max_size=60),
    data=st.data(),
)
def test_the_figures_are_never_negative_and_never_infinite(
    estimator: Estimator, waits: list[int], data: st.DataObject
) -> None:
    mid = st.one_of(st.just(math.nan), st.floats(-1e6, 1e9))
    mids = data.draw(st.lists(mid, min_size=len(waits), max_size=len(waits)))
    for state in states(np.cumsum(waits), mids, clock=True, estimator=estimator, window=10, scale=3, warm_up=0):
        for figure in (state.value, state.daily):
            assert math.isnan(figure) or 0.0 <= figure < math.inf
