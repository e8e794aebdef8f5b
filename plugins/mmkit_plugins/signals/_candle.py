"""How candles of equal volume form: what `volume-candles` takes in, and what a completed candle leaves behind.

Quantities are whole lots, so that a candle is full exactly when it should be; prices are in quote currency.
"""

import math
from typing import Any

HISTORY = 16
"""Candles that are remembered: more than the longest horizon, a power of two."""


def threshold_in_lots(threshold: float, lot_size: float) -> int:
    """Returns the fewest lots that reach a threshold (base), at least one; 0.3 / 0.1 is 3 whatever its last digit."""
    return max(1, math.ceil(threshold / lot_size * (1.0 - 1e-12)))


def absorb(state: Any, now: int, price: float, side: int, lots: int) -> None:
    """Takes lots of a trade into the running candle; side 0 (no known aggressor) leaves the delta as it is."""
    if state.lots == 0:
        state.candle_start = now
        state.open = price
        state.high = price
        state.low = price
    state.high = max(state.high, price)
    state.low = min(state.low, price)
    state.close = price
    state.lots += lots
    state.delta_lots += side * lots


def complete(state: Any, fast: int, medium: int, slow: int, lot_size: float) -> None:
    """Remembers the running candle, lets the averages follow, and starts an empty one.

    fast, medium, slow: lengths n of the averages in candles, alpha = 2 / (n + 1), seeded with the first candle.
    """
    at = state.candles % HISTORY
    delta = state.delta_lots / state.lots
    state.opens[at] = state.open
    state.closes[at] = state.close
    state.ranges[at] = state.high / state.low - 1.0
    state.volumes[at] = float(state.lots)
    state.deltas[at] = delta
    state.total_delta += state.delta_lots
    state.cumulative_delta = state.total_delta * lot_size
    first = state.candles == 0
    state.price_fast = averaged(first, state.price_fast, state.close, fast)
    state.price_medium = averaged(first, state.price_medium, state.close, medium)
    state.price_slow = averaged(first, state.price_slow, state.close, slow)
    state.delta_fast = averaged(first, state.delta_fast, delta, fast)
    state.delta_medium = averaged(first, state.delta_medium, delta, medium)
    state.delta_slow = averaged(first, state.delta_slow, delta, slow)
    state.candles += 1
    state.completed = float(state.candles)
    state.lots = 0
    state.delta_lots = 0


def averaged(first: bool, average: float, value: float, length: int) -> float:
    """Returns an exponential average one candle later."""
    if first:
        return value
    alpha = 2.0 / (length + 1.0)
    return alpha * value + (1.0 - alpha) * average


def mean_of(values: Any, newest: int) -> float:
    """Returns the mean over the last three candles; newest: number of the newest, counted from 0."""
    total = 0.0
    for back in range(3):
        total += values[(newest - back) % HISTORY]
    return total / 3.0


def deviation_of(values: Any, newest: int) -> float:
    """Returns the standard deviation (ddof 0) over the last three candles."""
    mean = mean_of(values, newest)
    variance = 0.0
    for back in range(3):
        distance = values[(newest - back) % HISTORY] - mean
        variance += distance * distance
    return math.sqrt(variance / 3.0)
