"""State of the market: normal, ranging, trending up or down; and whether it is calm or excited.

    trending   from |trend| >= enter on, in the direction of the trend, until |trend| < leave or its sign turns
    ranging    while |trend|, |momentum| and |reversal| have been under `quiet` for `ranging_candles` candles and for
               `ranging_after`; both 0 = never
    normal     otherwise

`trend` is a direction between -1 and 1: `trend` publishes one, `volume-candles` predicts one, which is 0 once it has expired;
then the state is no longer trending. A state is taken once its condition has lasted `hold`. value: 0 normal, 1 trending up,
-1 trending down, 2 ranging; trending, trending_up, trending_down, ranging: 1 in that state, else 0. NaN while the trend is.

    volatility_regime   1 while volatility > high P, -1 while volatility < low P, else 0

P is the 75th percentile of the last `window` volatilities, one per `sample`; NaN before there are so many, 0 without that input.
Everything follows from the inputs of the moment, and is looked at before each decision and each record.
"""

import math
from typing import Any

import attrs

import mmkit

WINDOW = 500
"""Most volatilities that are ranked."""

NORMAL, UP, DOWN, RANGING = 0, 1, -1, 2
"""What `value` says."""


@attrs.frozen
class Params:
    enter: float = mmkit.field(0.5, unit="", above=0, at_most=1, doc="strength of the trend from which on it is one")
    leave: float = mmkit.field(0.25, unit="", at_least=0, at_most=1, doc="strength under which a trend has ended")
    hold: mmkit.Duration = mmkit.field(
        "0s", at_least=0, doc="time for which a condition lasts before its state is taken"
    )
    quiet: float = mmkit.field(
        0.2, unit="", above=0, at_most=1, doc="trend, momentum and reversal under which the market is quiet"
    )
    ranging_candles: int = mmkit.field(0, unit="candles", at_least=0, doc="candles of quiet that make a range")
    ranging_after: mmkit.Duration = mmkit.field(
        "0s", at_least=0, doc="time of quiet that makes a range; both 0 = never"
    )
    window: int = mmkit.field(100, unit="samples", at_least=2, at_most=WINDOW, doc="volatilities that are ranked")
    sample: mmkit.Duration = mmkit.field("1s", above=0, doc="time between two ranked volatilities")
    high: float = mmkit.field(
        1.5, unit="", above=0, doc="multiple of the 75th percentile above which the market is excited"
    )
    low: float = mmkit.field(
        0.5, unit="", at_least=0, doc="multiple of the 75th percentile under which the market is calm"
    )


@attrs.define
class Inputs:
    trend: float = mmkit.required(doc="direction and strength of the trend, -1..1")
    momentum: float = mmkit.field(0.0, doc="the volume candles' momentum, -1..1")
    reversal: float = mmkit.field(0.0, doc="the volume candles' reversal, -1..1")
    completed: float = mmkit.field(0.0, doc="candles completed so far")
    volatility: float = mmkit.field(0.0, doc="volatility in any unit")


@attrs.define
class State:
    """state, candidate: one of NORMAL, UP, DOWN, RANGING; since: when the candidate's condition began; quiet_since and
    quiet_candles: when the quiet began, -1 = it is not quiet; recent: volatilities in order of time, ranked: in order of size.
    """

    value: float = mmkit.field(math.nan, doc="0 normal, 1 trending up, -1 trending down, 2 ranging")
    trending: float = mmkit.field(math.nan, doc="1 in a trend of either direction, else 0")
    trending_up: float = mmkit.field(math.nan, doc="1 in a rising market, else 0")
    trending_down: float = mmkit.field(math.nan, doc="1 in a falling market, else 0")
    ranging: float = mmkit.field(math.nan, doc="1 in a ranging market, else 0")
    volatility_regime: float = mmkit.field(0.0, doc="1 excited, -1 calm, else 0")
    state: int = NORMAL
    candidate: int = NORMAL
    since: int = 0
    quiet_since: int = -1
    quiet_candles: float = 0.0
    last_time: int = -1
    count: int = 0
    head: int = 0
    recent: list[float] = mmkit.array(float, WINDOW, needs=lambda params: params.window)
    ranked: list[float] = mmkit.array(float, WINDOW, needs=lambda params: params.window)


def setup(params: Params, state: State, instrument: Any) -> None:
    """Raises mmkit.ConfigError where a threshold to leave lies above the one to enter."""
    faults = []
    if params.leave > params.enter:
        faults.append(f"regime.leave: {params.leave:g} is above regime.enter, {params.enter:g}")
    if params.quiet > params.enter:
        faults.append(f"regime.quiet: {params.quiet:g} is above regime.enter, {params.enter:g}")
    if params.low > params.high:
        faults.append(f"regime.low: {params.low:g} is above regime.high, {params.high:g}")
    if faults:
        raise mmkit.ConfigError(*faults)


def on_clock(params: Params, state: State, market: Any, inputs: Inputs) -> None:
    """Looks at the inputs of the moment."""
    rank_volatility(params, state, market.now, inputs.volatility)
    trend = inputs.trend
    if trend != trend:
        state.quiet_since = -1
        state.state = NORMAL
        state.candidate = NORMAL
        state.since = market.now
        tell(state, math.nan, math.nan, math.nan, math.nan)
        return
    note_quiet(params, state, market.now, inputs)
    wanted = condition(params, state, market.now, trend, inputs.completed)
    if wanted != state.candidate:
        state.candidate = wanted
        state.since = market.now
    if market.now - state.since >= params.hold:
        state.state = wanted
    tell(
        state,
        float(state.state),
        1.0 if state.state == UP else 0.0,
        1.0 if state.state == DOWN else 0.0,
        1.0 if state.state == RANGING else 0.0,
    )


def tell(state: State, value: float, up: float, down: float, ranging: float) -> None:
    """Publishes the state."""
    state.value = value
    state.trending = up + down
    state.trending_up = up
    state.trending_down = down
    state.ranging = ranging


def condition(params: Params, state: State, now: int, trend: float, completed: float) -> int:
    """Returns the state that the inputs of the moment speak for."""
    if trend >= params.enter or (state.state == UP and trend >= params.leave and trend > 0.0):
        return UP
    if trend <= -params.enter or (state.state == DOWN and trend <= -params.leave and trend < 0.0):
        return DOWN
    if state.quiet_since < 0 or (params.ranging_candles == 0 and params.ranging_after == 0):
        return NORMAL
    if completed - state.quiet_candles < params.ranging_candles or now - state.quiet_since < params.ranging_after:
        return NORMAL
    return RANGING


def note_quiet(params: Params, state: State, now: int, inputs: Inputs) -> None:
    """Notes when the quiet began; an input that is not ready, NaN, is none."""
    loud = abs(inputs.trend) >= params.quiet or abs(inputs.momentum) >= params.quiet
    if loud or abs(inputs.reversal) >= params.quiet:
        state.quiet_since = -1
    elif state.quiet_since < 0:
        state.quiet_since = now
        state.quiet_candles = inputs.completed if inputs.completed == inputs.completed else 0.0


def rank_volatility(params: Params, state: State, now: int, volatility: float) -> None:
    """Compares the volatility with the percentile of those before it; a missing one is not ranked."""
    if not (math.isfinite(volatility) and volatility > 0.0):
        return
    if state.count < params.window:
        state.volatility_regime = math.nan
    else:
        percentile = third_quartile(state.ranked, state.count)
        if volatility > params.high * percentile:
            state.volatility_regime = 1.0
        elif volatility < params.low * percentile:
            state.volatility_regime = -1.0
        else:
            state.volatility_regime = 0.0
    if state.last_time >= 0 and now - state.last_time < params.sample:
        return
    state.last_time = now
    if state.count == params.window:
        remove(state.ranked, state.count, state.recent[state.head])
        state.count -= 1
    insert(state.ranked, state.count, volatility)
    state.count += 1
    state.recent[state.head] = volatility
    state.head = (state.head + 1) % params.window


def third_quartile(ranked: Any, count: int) -> float:
    """Returns the 75th percentile of ranked numbers, interpolated linearly between two of them."""
    place = 0.75 * (count - 1)
    below = int(place)
    above = min(below + 1, count - 1)
    return float(ranked[below] + (place - below) * (ranked[above] - ranked[below]))


def insert(ranked: Any, count: int, value: float) -> None:
    """Puts a number into its place among `count` ranked ones."""
    i = count
    while i > 0 and ranked[i - 1] > value:
        ranked[i] = ranked[i - 1]
        i -= 1
    ranked[i] = value


def remove(ranked: Any, count: int, value: float) -> None:
    """Takes a number out of `count` ranked ones that hold it."""
    i = 0
    while i < count - 1 and ranked[i] < value:
        i += 1
    while i < count - 1:
        ranked[i] = ranked[i + 1]
        i += 1


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "regime",
        params=Params,
        state=State,
        inputs=Inputs,
        outputs={
            "value": "",
            "trending": "",
            "trending_up": "",
            "trending_down": "",
            "ranging": "",
            "volatility_regime": "",
        },
        setup=setup,
        on_clock=on_clock,
        examples=({"window": 8}, {"window": 8, "enter": 0.9, "quiet": 0.75, "ranging_after": "100ms"}),
    )
