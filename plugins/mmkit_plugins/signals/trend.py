"""Trend of the mid: an EMA cross measured in average true ranges.

    per bar of length `sample`:  EMA <- EMA + 2 / (n + 1) (C - EMA), once over `fast` and once over `slow` bars, from the first close
    true range  max(H - L, |H - C'|, |L - C'|), C' the close before
    atr         mean true range of the last `atr_window` bars, price
    strength    (EMA_fast - EMA_slow) / EMA_slow, a fraction of the price
    value       tanh((EMA_fast - EMA_slow) / (sensitivity max(atr, tick))), between -1 and 1: above 0 the mid rises

A bar opens with the mid that stands, so nothing falls between two bars; a stretch in which nothing happens is made of still
bars; time without a mid is left out, and the jump over it belongs to the true range of the bar after it. Not ready (NaN) before
`slow` and `atr_window` bars have ended. Sources: Appel (1979) for the cross, Wilder (1978) for the true range, averaged plainly.
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.signals._bars import carry_on, ended_bars, follow

RANGES = 512
"""Most bars in the average true range."""


@attrs.frozen
class Params:
    sample: mmkit.Duration = mmkit.field("1s", above=0, doc="length of a bar")
    fast: int = mmkit.field(12, unit="bars", at_least=1, at_most=100_000, doc="length of the fast average")
    slow: int = mmkit.field(26, unit="bars", at_least=2, at_most=100_000, doc="length of the slow average")
    atr_window: int = mmkit.field(14, unit="bars", at_least=1, at_most=RANGES, doc="bars of the average true range")
    sensitivity: float = mmkit.field(
        1.0, unit="", above=0, doc="distance of the averages, in true ranges, for a value of 0.76"
    )


@attrs.define
class State:
    """running to close: the running bar; bars: ended so far; ranges: true ranges, the next one goes to `head`."""

    value: float = mmkit.field(math.nan, doc="direction and strength of the trend, -1..1")
    strength: float = mmkit.field(math.nan, doc="fast less slow average, a fraction of the price")
    atr: float = mmkit.field(math.nan, doc="average true range")
    running: int = 0
    bar_start: int = 0
    open: float = 0.0
    high: float = 0.0
    low: float = 0.0
    close: float = 0.0
    last_close: float = 0.0
    fast: float = 0.0
    slow: float = 0.0
    bars: int = 0
    count: int = 0
    head: int = 0
    ranges: list[float] = mmkit.array(float, RANGES, unit="price")


def setup(params: Params, state: State, instrument: Any) -> None:
    """Raises mmkit.ConfigError where the fast average is not the faster one."""
    if params.fast >= params.slow:
        raise mmkit.ConfigError(f"trend.fast: {params.fast} bars are not fewer than trend.slow, {params.slow}")


def on_book(params: Params, state: State, market: Any) -> None:
    """Takes the mid into its bar."""
    advance(params, state, market)


def on_clock(params: Params, state: State, market: Any) -> None:
    """Ends bars at decisions and records too: a still market loses its trend."""
    advance(params, state, market)


def advance(params: Params, state: State, market: Any) -> None:
    """Ends the bars that are due, and takes the mid into the running one."""
    ended = ended_bars(state, market, params.sample)
    if ended > 0:
        take_bar(params, state)
        carry_on(state)
        stand_still(params, state, ended - 1)
        state.bar_start += ended * params.sample
        if state.bars >= params.slow and state.bars >= params.atr_window:
            publish(params, state, market.tick_size)
    follow(state, market)


def take_bar(params: Params, state: State) -> None:
    """Takes an ended bar into averages and ranges."""
    if state.bars == 0:
        state.last_close = state.open
        state.fast = state.close
        state.slow = state.close
    state.fast += 2.0 / (params.fast + 1.0) * (state.close - state.fast)
    state.slow += 2.0 / (params.slow + 1.0) * (state.close - state.slow)
    state.ranges[state.head] = true_range(state.high, state.low, state.last_close)
    state.head = (state.head + 1) % params.atr_window
    state.count = min(state.count + 1, params.atr_window)
    state.last_close = state.close
    state.bars += 1


def stand_still(params: Params, state: State, bars: int) -> None:
    """Takes that many still bars at once."""
    if bars <= 0:
        return
    state.fast += (1.0 - (1.0 - 2.0 / (params.fast + 1.0)) ** bars) * (state.close - state.fast)
    state.slow += (1.0 - (1.0 - 2.0 / (params.slow + 1.0)) ** bars) * (state.close - state.slow)
    for _ in range(min(bars, params.atr_window)):
        state.ranges[state.head] = 0.0
        state.head = (state.head + 1) % params.atr_window
        state.count = min(state.count + 1, params.atr_window)
    state.bars += bars


def true_range(high: float, low: float, last_close: float) -> float:
    """Returns the range that a bar spans with the close before it."""
    return max(high, last_close) - min(low, last_close)


def publish(params: Params, state: State, tick_size: float) -> None:
    """Publishes the cross; the ranges are summed anew, so that none that left the window leaves rounding behind."""
    total = 0.0
    for i in range(state.count):
        total += state.ranges[i]
    state.atr = total / state.count
    apart = state.fast - state.slow
    state.strength = apart / state.slow if state.slow > 0.0 else math.nan
    state.value = math.tanh(apart / (params.sensitivity * max(state.atr, tick_size)))


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "trend",
        params=Params,
        state=State,
        outputs={"value": "", "atr": "price", "strength": ""},
        setup=setup,
        on_book=on_book,
        on_clock=on_clock,
        examples=({"fast": 3, "slow": 8, "atr_window": 5},),
    )
