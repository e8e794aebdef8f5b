"""Estimators of the volatility of a price over arrays: variance per second, in the square of the prices' unit.

    realised          sum dp^2 / T; at irregular times also mean(dp^2 / dt), the most likely one
    Parkinson         (H - L)^2 / (4 ln 2)
    Garman-Klass      (H - L)^2 / 2 - (2 ln 2 - 1) (C - O)^2
    Rogers-Satchell   (H - C)(H - O) + (L - C)(L - O)
    Yang-Zhang        var(O - C') + kappa var(C - O) + (1 - kappa) RS, kappa = 0.34 / (1.34 + (n + 1) / (n - 1)), C' the close before
    two-scale         (Q_K - nbar/n Q_1) / (1 - nbar/n), Q_K = sum (Y_(i+K) - Y_i)^2 / K, nbar = (n - K + 1) / K
    Zhou              sum r^2 + 2 sum r_i r_(i+1)
    realised kernel   g_0 + 2 sum_h w(h / (H + 1)) g_h, g_h autocovariances, w Parzen's weights

Sources: Parkinson (1980), Garman & Klass (1980), Rogers & Satchell (1991), Yang & Zhang (2000), Zhang, Mykland & Aït-Sahalia (2005),
Zhou (1996), Barndorff-Nielsen et al. (2008). Given log prices, every one gives the volatility of returns.
"""

import math
from collections.abc import Callable, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from mmkit.errors import DataError

Floats = npt.NDArray[np.float64]
Segments = Sequence[tuple[Floats, Floats]]

VARIANCE_OF = {"parkinson": 0.407, "garman-klass": 0.270, "rogers-satchell": 0.331}
"""Variance of the estimate from one bar, over sigma^4, when the price is seen without a pause; 2 for closes."""


@attrs.frozen
class Estimate:
    """A volatility in price/sqrt(s) and its standard error, by the name of its estimator."""

    name: str
    value: float
    standard_error: float


def realised(prices: npt.ArrayLike, span_s: float) -> float:
    """Returns the realised variance per second of prices over `span_s` seconds."""
    steps = np.diff(np.asarray(prices, np.float64))
    return float(steps @ steps) / span_s


def demeaned(prices: npt.ArrayLike, step_s: float) -> float:
    """Returns the sample variance (ddof 1) per second of changes over `step_s` seconds each."""
    return float(np.diff(np.asarray(prices, np.float64)).var(ddof=1)) / step_s


def most_likely(times_s: npt.ArrayLike, prices: npt.ArrayLike) -> float:
    """Returns mean(dp^2 / dt): the maximum likelihood estimate of the variance per second at irregular, strictly rising times."""
    steps = np.diff(np.asarray(prices, np.float64))
    return float(np.mean(steps * steps / np.diff(np.asarray(times_s, np.float64))))


def ewma(squares: npt.ArrayLike, weights: npt.ArrayLike) -> Floats:
    """Returns v <- w v + (1 - w) s for every square s (per second), beginning with the first; weights: one w for all, or one for each."""
    given = np.asarray(squares, np.float64)
    kept = np.broadcast_to(np.asarray(weights, np.float64), given.shape)
    value = given.copy()
    for i in range(1, len(given)):
        value[i] = kept[i] * value[i - 1] + (1.0 - kept[i]) * given[i]
    return value


def parkinson(high: Floats, low: Floats) -> Floats:
    """Returns each bar's variance from its range."""
    return (high - low) ** 2 / (4.0 * math.log(2.0))


def garman_klass(open: Floats, high: Floats, low: Floats, close: Floats) -> Floats:
    """Returns each bar's variance from its range and its move."""
    return 0.5 * (high - low) ** 2 - (2.0 * math.log(2.0) - 1.0) * (close - open) ** 2


def rogers_satchell(open: Floats, high: Floats, low: Floats, close: Floats) -> Floats:
    """Returns each bar's variance, whatever the drift."""
    return (high - close) * (high - open) + (low - close) * (low - open)


def yang_zhang(open: Floats, high: Floats, low: Floats, close: Floats) -> float:
    """Returns the variance per bar, jumps between bars included; the first bar lends its close only. At least three bars."""
    n = len(open) - 1
    if n < 2:
        raise DataError("Yang-Zhang needs three bars")
    kappa = _kappa(n)
    jumps = open[1:] - close[:-1]
    moves = (close - open)[1:]
    within = rogers_satchell(open, high, low, close)[1:]
    return float(jumps.var(ddof=1) + kappa * moves.var(ddof=1) + (1.0 - kappa) * within.mean())


def _kappa(n: int) -> float:
    return 0.34 / (1.34 + (n + 1) / (n - 1))


def two_scale(prices: npt.ArrayLike, scale: int) -> float:
    """Returns the integrated variance free of noise, from returns over `scale` steps on every grid, corrected by those over one."""
    y = np.asarray(prices, np.float64)
    n = len(y) - 1
    if not 1 < scale <= n // 2:
        raise DataError(f"a scale of {scale} needs to lie between 2 and half of {n} steps")
    share = (n - scale + 1) / scale / n
    slow = float(np.sum((y[scale:] - y[:-scale]) ** 2)) / scale
    return (slow - share * float(np.sum(np.diff(y) ** 2))) / (1.0 - share)


def noise_variance(prices: npt.ArrayLike) -> float:
    """Returns the variance of the noise around the price, from all returns: sum r^2 / (2 n)."""
    steps = np.diff(np.asarray(prices, np.float64))
    return float(steps @ steps) / (2.0 * len(steps))


def noise_autocovariance(prices: npt.ArrayLike) -> float:
    """Returns the variance of the noise as minus the autocovariance of neighbouring returns: free of the price's own moves."""
    steps = np.diff(np.asarray(prices, np.float64))
    return -float(np.mean(steps[1:] * steps[:-1]))


def best_scale(n: int, noise: float, integrated: float) -> int:
    """Returns the scale for two_scale: (12 w^4 / V^2)^(1/3) n^(2/3), w^2 the noise and V the integrated variance; within 2 and n / 2."""
    if noise <= 0.0 or integrated <= 0.0 or n < 4:
        return 2
    wanted = (12.0 * (noise / integrated) ** 2) ** (1.0 / 3.0) * n ** (2.0 / 3.0)
    return int(min(max(round(wanted), 2), n // 2))


def zhou(prices: npt.ArrayLike) -> float:
    """Returns the integrated variance corrected by the first autocovariance."""
    steps = np.diff(np.asarray(prices, np.float64))
    return float(steps @ steps + 2.0 * (steps[1:] @ steps[:-1]))


def realised_kernel(prices: npt.ArrayLike, bandwidth: int) -> float:
    """Returns the integrated variance with Parzen's weights over `bandwidth` autocovariances."""
    steps = np.diff(np.asarray(prices, np.float64))
    value = float(steps @ steps)
    for lag in range(1, bandwidth + 1):
        x = lag / (bandwidth + 1)
        weight = 1.0 - 6.0 * x * x + 6.0 * x**3 if x <= 0.5 else 2.0 * (1.0 - x) ** 3
        value += 2.0 * weight * float(steps[lag:] @ steps[:-lag])
    return value


def segments(times_ns: npt.ArrayLike, mids: npt.ArrayLike) -> list[tuple[Floats, Floats]]:
    """Returns the stretches with a mid: seconds since the stretch began and mids, the last one once more at the stretch's end.

    A mid of NaN ends a stretch at its time; times must not fall. Raises DataError for anything else.
    """
    times, prices = np.asarray(times_ns, np.int64), np.asarray(mids, np.float64)
    if times.shape != prices.shape or times.ndim != 1:
        raise DataError("times and mids are not of one length")
    if (np.diff(times) < 0).any():
        raise DataError("times must not fall")
    there = np.isfinite(prices)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    found = []
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        last = min(end, len(times) - 1)
        seconds = np.append(times[first:end], times[last]) - times[first]
        found.append((seconds * 1e-9, np.append(prices[first:end], prices[end - 1])))
    return found


def sampled(stretches: Segments, step_s: float) -> list[Floats]:
    """Returns each stretch's mid every `step_s` seconds, as it stood then."""
    return [prices[_places(seconds, step_s)] for seconds, prices in stretches]


def bars(stretches: Segments, step_s: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Returns open, high, low and close of whole bars of `step_s` seconds; each opens with the mid that stood when it began."""
    columns: tuple[list[Floats], ...] = ([], [], [], [])
    for seconds, prices in stretches:
        place = _places(seconds, step_s)
        first, last = prices[place[:-1]], prices[place[1:]]
        if len(first) == 0:
            continue
        inside = [reduce(prices[: place[-1] + 1], place[:-1]) for reduce in (np.maximum.reduceat, np.minimum.reduceat)]
        rows = (first, np.maximum(inside[0], last), np.minimum(inside[1], last), last)
        for column, row in zip(columns, rows, strict=True):
            column.append(row)
    open_, high, low, close = (np.concatenate(column) if column else np.empty(0) for column in columns)
    return open_, high, low, close


def _places(seconds: Floats, step_s: float) -> npt.NDArray[np.intp]:
    count = int(seconds[-1] / step_s * (1.0 + 1e-12))
    # A hair late, so that a mid at a sample's very time belongs to it in spite of rounding.
    return np.searchsorted(seconds, np.arange(count + 1) * step_s * (1.0 + 1e-12), side="right") - 1


def sigma_estimates(
    times_ns: npt.ArrayLike,
    mids: npt.ArrayLike,
    *,
    sample_s: float = 1.0,
    bar_s: float = 60.0,
    half_life_s: float = 60.0,
) -> list[Estimate]:
    """Returns estimates of sigma, price/sqrt(s), side by side, each with its standard error.

    times_ns: rising; mids: at these times, NaN from where there is none (time without a mid does not count). sample_s: time
    between sampled mids, of which also ten and sixty are taken together; bar_s: length of the bars; half_life_s: of the average at
    the end. Estimates that lack the data are left out. Raises DataError where none is possible.
    """
    stretches = [(t, p) for t, p in segments(times_ns, mids) if t[-1] > 0.0]
    found = [_every_change(stretches)] if stretches else []
    for times in (1, 10, 60):
        steps = _steps(sampled(stretches, times * sample_s))
        if len(steps) >= 2:
            value = math.sqrt(float(np.mean(steps * steps)) / (times * sample_s))
            name = f"realised, every {times * sample_s:g} s"
            found.append(Estimate(name, value, value / math.sqrt(2.0 * len(steps))))
    steps = _steps(sampled(stretches, sample_s))
    if len(steps) >= 2:
        w = 2.0 ** (-sample_s / half_life_s)
        weights = w ** np.arange(len(steps) - 1, -1, -1)
        value = math.sqrt(float(weights @ (steps * steps)) / float(weights.sum()) / sample_s)
        error = value * math.sqrt(0.5 * float(weights @ weights)) / float(weights.sum())
        found.append(Estimate(f"ewma at the end, half-life {half_life_s:g} s", value, error))
    found += _from_bars(bars(stretches, bar_s), bar_s)
    found += _free_of_noise(sampled(stretches, sample_s), sample_s)
    if not found:
        raise DataError("no two mids: sigma cannot be told")
    return found


def _steps(paths: Sequence[Floats]) -> Floats:
    return np.concatenate([np.diff(path) for path in paths]) if paths else np.empty(0)


def _every_change(stretches: Segments) -> Estimate:
    waits = np.concatenate([np.diff(t) for t, _ in stretches])
    squares = np.concatenate([np.diff(p) ** 2 for _, p in stretches])
    span = float(waits.sum())
    value = math.sqrt(float(squares.sum()) / span)
    return Estimate("realised, every change", value, value * math.sqrt(2.0 * float(waits @ waits)) / (2.0 * span))


def _from_bars(ohlc: tuple[Floats, Floats, Floats, Floats], bar_s: float) -> list[Estimate]:
    open_, high, low, close = ohlc
    n = len(open_)
    if n < 3:
        return []
    each = {
        "parkinson": parkinson(high, low),
        "garman-klass": garman_klass(open_, high, low, close),
        "rogers-satchell": rogers_satchell(open_, high, low, close),
    }
    found = []
    for name, variances in each.items():
        value = math.sqrt(float(variances.mean()) / bar_s)
        error = value * math.sqrt(VARIANCE_OF[name]) / (2.0 * math.sqrt(n))
        found.append(Estimate(f"{name}, bars of {bar_s:g} s", value, error))
    kappa = _kappa(n - 1)
    one = 2.0 * kappa * kappa + (1.0 - kappa) ** 2 * VARIANCE_OF["rogers-satchell"]
    value = math.sqrt(yang_zhang(*ohlc) / bar_s)
    found.append(Estimate(f"yang-zhang, bars of {bar_s:g} s", value, value * math.sqrt(one) / (2.0 * math.sqrt(n - 1))))
    return found


def _free_of_noise(paths: Sequence[Floats], step_s: float) -> list[Estimate]:
    """Returns the estimators that look through noise, over the longest stretch; their errors come from ten blocks of it."""
    path = max(paths, key=len, default=np.empty(0))
    n = len(path) - 1
    if n < 200:
        return []
    noise = max(noise_autocovariance(path), 0.0)
    scale = best_scale(n, noise, max(zhou(path), 1e-3 * n * noise))
    bandwidth = max(round(n**0.5), 1)
    estimators: dict[str, Callable[[Floats], float]] = {
        f"two-scale, {scale} steps of {step_s:g} s": lambda y: two_scale(y, min(scale, (len(y) - 1) // 2)),
        f"zhou, every {step_s:g} s": zhou,
        f"realised kernel, {bandwidth} lags of {step_s:g} s": lambda y: realised_kernel(
            y, min(bandwidth, (len(y) - 1) // 2)
        ),
    }
    found = []
    for name, integrated in estimators.items():
        variance = integrated(path) / (n * step_s)
        blocks = [integrated(path[i * n // 10 : (i + 1) * n // 10 + 1]) / (n // 10 * step_s) for i in range(10)]
        if variance > 0.0:
            value = math.sqrt(variance)
            found.append(Estimate(name, value, float(np.std(blocks, ddof=1)) / math.sqrt(10.0) / (2.0 * value)))
    return found
