"""Volatility of the mid, price per sqrt(second): time-aware EWMA, or an estimator over a window of bars.

    ewma: every `sample`,  w = 2^(-dt / half_life),  v <- w v + (1 - w) (M - M')^2 / dt,  value = sqrt(v)

M' is the mid at the sample before, dt the time since (s). Sampling against bounce: between samples the mid may hop
between two prices without counting. The average is divided by the weight it has gathered, so that it does not start
at zero; not ready (NaN) before `warm_up`.

The others look at the last `window` bars of length `sample` (open O, high H, low L, close C; opening with the mid that
stands; still bars where nothing happens; time without a mid does not count):

    realised          mean (C - O)^2
    parkinson         mean (H - L)^2 / (4 ln 2)
    garman-klass      mean (H - L)^2 / 2 - (2 ln 2 - 1) (C - O)^2
    rogers-satchell   mean (H - C)(H - O) + (L - C)(L - O)
    yang-zhang        var(O - C') + kappa var(C - O) + (1 - kappa) rogers-satchell, C' the close before: counts jumps over
                      time without a mid too
    two-scale         moves over `scale` bars less the noise that moves over one show; NaN while noise is all there is

each per second: divided by `sample`. Ranges seen at few mids per bar come out low. Besides, `daily` is value / mid *
sqrt(86400), a fraction per sqrt(day), raised by (1 + boost volume_volatility) while that input is above `boost_above`,
and kept within `floor` and `ceiling`; before the first value it is `fallback` if there is one. Sources: Parkinson (1980),
Garman & Klass (1980), Rogers & Satchell (1991), Yang & Zhang (2000), Zhang, Mykland & Aït-Sahalia (2005).
"""

import enum
import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.signals._bars import carry_on, ended_bars, follow
from mmkit_plugins.signals._volatility import (
    garman_klass,
    mean,
    mean_square,
    parkinson,
    rogers_satchell,
    two_scale,
    yang_zhang,
)

BARS = 1024
"""Most bars in a window."""

ROOT_DAY = math.sqrt(86400.0)


class Estimator(enum.IntEnum):
    EWMA = 0
    REALISED = 1
    PARKINSON = 2
    GARMAN_KLASS = 3
    ROGERS_SATCHELL = 4
    YANG_ZHANG = 5
    TWO_SCALE = 6


EWMA = int(Estimator.EWMA)
"""As a plain number: looking an enum's member up at every event takes longer than the rest."""


@attrs.frozen
class Params:
    half_life: mmkit.Duration = mmkit.field("60s", above=0, doc="ewma: time after which an observation counts half")
    sample: mmkit.Duration = mmkit.field("1s", above=0, doc="time between the mids that are compared; length of a bar")
    warm_up: mmkit.Duration = mmkit.field("10s", at_least=0, doc="time before the first value is published")
    estimator: Estimator = mmkit.field(Estimator.EWMA, doc="how the variance is estimated")
    window: int = mmkit.field(60, unit="bars", at_least=2, at_most=BARS, doc="bars that count; not for ewma")
    scale: int = mmkit.field(5, unit="bars", at_least=2, at_most=BARS // 2, doc="two-scale: bars of a slow move")
    floor: float = mmkit.field(0.0, unit="fraction/sqrt(day)", at_least=0, doc="smallest daily volatility")
    ceiling: float = mmkit.field(math.inf, unit="fraction/sqrt(day)", above=0, doc="largest daily volatility")
    fallback: float = mmkit.field(
        0.0, unit="fraction/sqrt(day)", at_least=0, doc="daily volatility before the first value; 0 = none, NaN"
    )
    boost: float = mmkit.field(0.2, unit="", at_least=0, doc="rise of daily at a volume volatility of 1")
    boost_above: float = mmkit.field(0.5, unit="", at_least=0, doc="volume volatility above which daily rises")


@attrs.define
class Inputs:
    volume_volatility: float = mmkit.field(0.0, doc="the volume candles' volatility, 0..1")


def bars(params: Params) -> int:
    """Returns how many bars are kept."""
    return 0 if params.estimator == Estimator.EWMA else params.window


@attrs.define
class State:
    """Of the average: variance to first_time; of the bars: running to last_close, and rings of what each bar said.

    count: bars in the rings; head: where the next one goes.
    """

    value: float = mmkit.field(math.nan, doc="volatility of the mid")
    daily: float = mmkit.field(math.nan, doc="volatility, a fraction of the price, within its bounds")
    variance: float = 0.0
    weight: float = 0.0
    last_mid: float = math.nan
    last_time: int = 0
    first_time: int = -1
    running: int = 0
    bar_start: int = 0
    open: float = 0.0
    high: float = 0.0
    low: float = 0.0
    close: float = 0.0
    last_close: float = math.nan
    count: int = 0
    head: int = 0
    within: list[float] = mmkit.array(float, BARS, unit="price^2", doc="variance that a bar's range shows", needs=bars)
    moves: list[float] = mmkit.array(float, BARS, unit="price", doc="close less open", needs=bars)
    jumps: list[float] = mmkit.array(float, BARS, unit="price", doc="open less the close before", needs=bars)


def setup(params: Params, state: State, instrument: Any) -> None:
    """Sets daily to its fallback. Raises mmkit.ConfigError for bounds and windows that cannot be."""
    faults = []
    if params.floor > params.ceiling:
        faults.append(f"volatility.floor: {params.floor:g} is above volatility.ceiling, {params.ceiling:g}")
    if params.estimator == Estimator.TWO_SCALE and params.window < 2 * params.scale:
        faults.append(f"volatility.window: {params.window} bars are fewer than twice volatility.scale, {params.scale}")
    if faults:
        raise mmkit.ConfigError(*faults)
    if params.fallback > 0.0:
        state.daily = min(max(params.fallback, params.floor), params.ceiling)


def on_book(params: Params, state: State, market: Any, inputs: Inputs) -> None:
    """Remembers the first mid; afterwards the clock samples."""
    advance(params, state, market, inputs)


def on_clock(params: Params, state: State, market: Any, inputs: Inputs) -> None:
    """Samples at decisions and records too, so that a still market counts as still."""
    advance(params, state, market, inputs)


def advance(params: Params, state: State, market: Any, inputs: Inputs) -> None:
    """Takes a sample or a bar if one is due."""
    if params.estimator != EWMA:
        advance_bars(params, state, market, inputs)
        return
    mid = market.mid
    if not math.isfinite(mid):
        return
    if state.first_time < 0:
        state.first_time = market.now
        state.last_time = market.now
        state.last_mid = mid
        return
    if market.now - state.last_time < params.sample:
        return
    dt = (market.now - state.last_time) * 1e-9
    change = mid - state.last_mid
    w = math.exp(-math.log(2.0) * dt / (params.half_life * 1e-9))
    state.variance = w * state.variance + (1.0 - w) * change * change / dt
    state.weight = w * state.weight + (1.0 - w)
    state.last_mid = mid
    state.last_time = market.now
    if market.now - state.first_time >= params.warm_up:
        publish(params, state, inputs, state.variance / state.weight, mid)


def advance_bars(params: Params, state: State, market: Any, inputs: Inputs) -> None:
    """Ends the bars that are due, and takes the mid into the running one."""
    ended = ended_bars(state, market, params.sample)
    if state.first_time < 0 and state.running:
        state.first_time = market.now
    if ended > 0:
        take_bar(params, state)
        carry_on(state)
        # More still bars than the window holds change nothing.
        for _ in range(min(ended - 1, params.window)):
            take_bar(params, state)
        state.bar_start += ended * params.sample
        if market.now - state.first_time >= params.warm_up:
            variance = bar_variance(params, state) / (params.sample * 1e-9)
            if variance >= 0.0:
                publish(params, state, inputs, variance, state.close)
            else:
                state.value = math.nan
                state.daily = math.nan
    follow(state, market)


def take_bar(params: Params, state: State) -> None:
    """Puts what the bar says in the place of the oldest; Yang-Zhang needs a close before it."""
    known = math.isfinite(state.last_close)
    jump = state.open - state.last_close if known else 0.0
    state.last_close = state.close
    if params.estimator == Estimator.YANG_ZHANG and not known:
        return
    at = state.head
    state.moves[at] = state.close - state.open
    state.jumps[at] = jump
    if params.estimator == Estimator.PARKINSON:
        state.within[at] = parkinson(state.high, state.low)
    elif params.estimator == Estimator.GARMAN_KLASS:
        state.within[at] = garman_klass(state.open, state.high, state.low, state.close)
    else:
        state.within[at] = rogers_satchell(state.open, state.high, state.low, state.close)
    state.head = (at + 1) % params.window
    state.count = min(state.count + 1, params.window)


def bar_variance(params: Params, state: State) -> float:
    """Returns the variance per bar (price squared), NaN while too few bars are there or noise is all they show.

    Summed anew every time: what left the window leaves no rounding behind.
    """
    count = state.count
    least = 2 * params.scale if params.estimator == Estimator.TWO_SCALE else 2
    if count < least:
        return math.nan
    if params.estimator == Estimator.REALISED:
        return mean_square(state.moves, count)
    if params.estimator == Estimator.YANG_ZHANG:
        return yang_zhang(state.jumps, state.moves, state.within, count)
    if params.estimator == Estimator.TWO_SCALE:
        return two_scale(state.moves, count, state.head % count, params.scale)
    return mean(state.within, count)


def publish(params: Params, state: State, inputs: Inputs, variance: float, mid: float) -> None:
    """Publishes both figures of a variance per second, at least zero."""
    state.value = math.sqrt(variance)
    if mid <= 0.0:
        state.daily = math.nan
        return
    daily = state.value / mid * ROOT_DAY
    # A signal that is not ready, NaN, is above nothing.
    if inputs.volume_volatility > params.boost_above:
        daily *= 1.0 + params.boost * inputs.volume_volatility
    state.daily = min(max(daily, params.floor), params.ceiling)


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "volatility",
        params=Params,
        state=State,
        inputs=Inputs,
        outputs={"value": "price/sqrt(s)", "daily": "fraction/sqrt(day)"},
        setup=setup,
        on_book=on_book,
        on_clock=on_clock,
        examples=(
            {"half_life": "5s", "warm_up": "2s"},
            {"estimator": "realised", "warm_up": "2s"},
            {"estimator": "two-scale", "window": 12, "sample": "500ms", "warm_up": "2s"},
        ),
    )
