"""Variances from bars: what one bar says, and what a ring of bars says together; price squared per bar.

The same formulas over numpy arrays are in mmkit.sigma; a test holds both against each other.
"""

import math
from typing import Any

PARKINSON = 1.0 / (4.0 * math.log(2.0))
GARMAN_KLASS = 2.0 * math.log(2.0) - 1.0


def parkinson(high: float, low: float) -> float:
    """Returns a bar's variance from its range, (H - L)^2 / (4 ln 2)."""
    return PARKINSON * (high - low) * (high - low)


def garman_klass(open: float, high: float, low: float, close: float) -> float:
    """Returns a bar's variance from range and move, (H - L)^2 / 2 - (2 ln 2 - 1) (C - O)^2; never below zero."""
    return 0.5 * (high - low) * (high - low) - GARMAN_KLASS * (close - open) * (close - open)


def rogers_satchell(open: float, high: float, low: float, close: float) -> float:
    """Returns a bar's variance whatever the drift, (H - C)(H - O) + (L - C)(L - O); never below zero."""
    return (high - close) * (high - open) + (low - close) * (low - open)


def mean(ring: Any, count: int) -> float:
    """Returns the mean of a ring's first `count` numbers."""
    total = 0.0
    for i in range(count):
        total += ring[i]
    return total / count


def sample_variance(ring: Any, count: int) -> float:
    """Returns the variance (ddof 1) of a ring's first `count` numbers, at least two."""
    centre = mean(ring, count)
    total = 0.0
    for i in range(count):
        total += (ring[i] - centre) * (ring[i] - centre)
    return total / (count - 1)


def mean_square(ring: Any, count: int) -> float:
    """Returns the mean square of a ring's first `count` numbers."""
    total = 0.0
    for i in range(count):
        total += ring[i] * ring[i]
    return total / count


def yang_zhang(jumps: Any, moves: Any, within: Any, count: int) -> float:
    """Returns var(O - C') + kappa var(C - O) + (1 - kappa) mean(RS) over at least two bars."""
    kappa = 0.34 / (1.34 + (count + 1.0) / (count - 1.0))
    between = sample_variance(jumps, count)
    return between + kappa * sample_variance(moves, count) + (1.0 - kappa) * mean(within, count)


def two_scale(moves: Any, count: int, oldest: int, scale: int) -> float:
    """Returns the variance per bar free of noise, from a ring of `count` moves beginning at `oldest`; may be below zero.

    (Q_K - nbar/n Q_1) / (1 - nbar/n) / n with Q_K = sum (Y_(i+K) - Y_i)^2 / K and nbar = (n - K + 1) / K.
    """
    fast = 0.0
    slow = 0.0
    span = 0.0
    for i in range(count):
        move = moves[(oldest + i) % count]
        fast += move * move
        span += move
        if i >= scale:
            span -= moves[(oldest + i - scale) % count]
        if i >= scale - 1:
            slow += span * span
    share = (count - scale + 1.0) / scale / count
    return (slow / scale - share * fast) / (1.0 - share) / count
