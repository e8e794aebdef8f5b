"""The trend signal against averages and ranges written out with numpy."""

import math
from typing import Any

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
from mmkit_plugins.signals import trend

SECOND = 10**9
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


def after(times: Any, mids: Any, tick: float = 0.01, **given: Any) -> trend.State:
    """Returns the state after these mids."""
    params, state = trend.Params(**given), trend.State()
    trend.setup(params, state, None)
    for i, (now, mid) in enumerate(zip(map(int, times), map(float, mids), strict=True)):
        hear = trend.on_clock if i % 2 else trend.on_book
        hear(params, state, MarketView(now=now, mid=mid, tick_size=tick))
    return state


def walk(seed: int, count: int, drift: float = 0.0) -> tuple[Times, Floats]:
    """Returns a random walk seen about ten times a second, never on a whole second."""
    rng = np.random.default_rng(seed)
    times = 3 + np.cumsum(rng.integers(SECOND // 20, SECOND // 7, count)) // 10 * 10
    return times, 500.0 + np.cumsum(rng.normal(drift, 0.3, count))


def averaged(closes: Floats, bars: int) -> float:
    """Returns the exponential average of closes, as one weighted sum."""
    alpha = 2.0 / (bars + 1.0)
    weights = alpha * (1.0 - alpha) ** np.arange(len(closes) - 1, -1, -1)
    weights[0] = (1.0 - alpha) ** (len(closes) - 1)
    return float(weights @ closes)


@pytest.mark.parametrize(("fast", "slow", "window"), [(12, 26, 14), (2, 5, 40)])
def test_it_is_the_cross_of_two_averages_in_true_ranges(fast: int, slow: int, window: int) -> None:
    times, mids = walk(1, 1000)
    _, high, low, close = arrays.bars(arrays.segments(times, mids), 1.0)
    assert len(close) > 60
    apart = averaged(close, fast) - averaged(close, slow)
    # Bars open with the close before: it lies within the range, which is the true one.
    atr = float(np.mean((high - low)[-window:]))
    found = after(times, mids, fast=fast, slow=slow, atr_window=window, sensitivity=0.7)
    assert found.atr == pytest.approx(atr, rel=1e-9)
    assert found.strength == pytest.approx(apart / averaged(close, slow), rel=1e-9)
    assert found.value == pytest.approx(math.tanh(apart / (0.7 * atr)), rel=1e-9)


def test_the_length_of_a_bar_matters() -> None:
    times, mids = walk(2, 4000)
    _, high, low, _ = arrays.bars(arrays.segments(times, mids), 5.0)
    found = after(times, mids, sample=5 * SECOND)
    assert found.atr == pytest.approx(float(np.mean((high - low)[-14:])), rel=1e-9)
    assert found.value != after(times, mids).value


@pytest.mark.parametrize("drift", [0.05, -0.05])
def test_it_has_the_sign_of_a_steady_drift(drift: float) -> None:
    found = after(*walk(3, 2000, drift))
    assert math.copysign(1.0, drift) * found.value > 0.5
    assert math.copysign(1.0, drift) * found.strength > 0.0


def test_d_62_the_average_true_range_forgets_what_left_its_window() -> None:
    times = 3 + np.arange(80) * SECOND
    mids = np.where(np.arange(80) == 10, 1000.0, 100.0)
    assert after(times[:20], mids[:20], fast=2, slow=5).atr > 50.0
    # The original keeps the highest and lowest price ever seen: 900 for good.
    assert after(times, mids, fast=2, slow=5).atr == 0.0


def test_d_62_the_jump_over_time_without_a_mid_belongs_to_the_true_range() -> None:
    times = 3 + np.arange(40) * SECOND
    mids = np.where(np.arange(40) < 30, 100.0, 107.0)
    mids[28:32] = math.nan
    assert after(times, mids, fast=2, slow=5, atr_window=14).atr == pytest.approx(7.0 / 14.0)


def test_a_still_market_loses_its_trend_by_the_clock_alone() -> None:
    times, mids = walk(4, 1000, 0.1)
    assert after(times, mids).value > 0.5
    still = after(np.append(times, times[-1] + 1000 * SECOND), np.append(mids, mids[-1]))
    assert abs(still.value) < 1e-9
    assert still.atr == 0.0


def test_a_silence_is_as_many_still_bars() -> None:
    times, mids = walk(5, 600)
    silent = np.append(times, times[-1] + 7 * SECOND)
    seconds = np.arange(times[-1] + SECOND // 10, silent[-1], SECOND // 10)
    told = np.concatenate([times, seconds, silent[-1:]])
    one, many = (after(at, np.append(mids, np.full(len(at) - 600, mids[-1]))) for at in (silent, told))
    assert (one.value, one.strength, one.atr) == pytest.approx((many.value, many.strength, many.atr), rel=1e-9)


def test_it_is_not_ready_before_its_bars_have_ended() -> None:
    times, mids = 3 + np.arange(40) * SECOND, 100.0 + np.arange(40)
    assert [math.isnan(after(times[:n], mids[:n]).value) for n in (26, 27)] == [True, False]
    assert math.isnan(after(times[:20], mids[:20], fast=2, slow=5, atr_window=30).value)
    assert math.isnan(after(times[:20], mids[:20]).atr)


def test_moves_under_a_tick_are_no_trend() -> None:
    times, mids = 3 + np.arange(60) * SECOND, 100.0 + 1e-4 * np.arange(60)
    assert after(times, mids, tick=0.1).value < 0.02
    assert after(times, mids, tick=1e-9).value > 0.9


def test_a_fast_average_that_is_not_faster_is_refused() -> None:
    with pytest.raises(mmkit.ConfigError, match=r"trend\.fast"):
        after([], [], fast=26, slow=26)


def test_it_is_a_sound_rule() -> None:
    assert list(faults(trend.mmkit_signals())) == []
    assert set(trend.mmkit_signals().outputs) == {"value", "atr", "strength"}


@settings(max_examples=60, deadline=None)
@drawn(waits=st.lists(st.integers(0, 9 * SECOND), min_size=1, max_size=60), data=st.data())
def test_the_value_stays_between_minus_one_and_one(waits: list[int], data: st.DataObject) -> None:
    mid = st.one_of(st.just(math.nan), st.floats(-1e6, 1e9))
    mids = data.draw(st.lists(mid, min_size=len(waits), max_size=len(waits)))
    found = after(np.cumsum(waits), mids, fast=2, slow=4, atr_window=3)
    assert math.isnan(found.value) or -1.0 <= found.value <= 1.0
    assert math.isnan(found.atr) or 0.0 <= found.atr < math.inf
    assert not math.isinf(found.strength)
