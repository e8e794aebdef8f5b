"""Volatility of the mid: time-aware EWMA of squared mid changes, price per sqrt(second).

    every `sample`: w = 2^(-dt / half_life),  v <- w v + (1 - w) (M - M')^2 / dt,  value = sqrt(v)

M' is the mid at the sample before, dt the time since (s). Sampling against bounce: between samples the mid may hop
between two prices without counting. The average is divided by the weight it has gathered, so that it does not start
at zero; not ready (NaN) before `warm_up`.
"""

import math
from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    half_life: mmkit.Duration = mmkit.field("60s", above=0, doc="time after which an observation counts half")
    sample: mmkit.Duration = mmkit.field("1s", above=0, doc="time between the mids that are compared")
    warm_up: mmkit.Duration = mmkit.field("10s", at_least=0, doc="time before the first value is published")


@attrs.define
class State:
    value: float = math.nan
    variance: float = 0.0
    weight: float = 0.0
    last_mid: float = math.nan
    last_time: int = 0
    first_time: int = -1


def on_book(params: Params, state: State, market: Any) -> None:
    """Remembers the first mid; afterwards the clock samples."""
    advance(params, state, market)


def on_clock(params: Params, state: State, market: Any) -> None:
    """Samples at decisions and records too, so that a still market counts as still."""
    advance(params, state, market)


def advance(params: Params, state: State, market: Any) -> None:
    """Takes a sample if one is due."""
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
        state.value = math.sqrt(state.variance / state.weight)


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "volatility",
        params=Params,
        state=State,
        outputs={"value": "price/sqrt(s)"},
        on_book=on_book,
        on_clock=on_clock,
    )
