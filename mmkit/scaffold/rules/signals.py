"""Slope of the mid: an exponentially weighted mean of how fast it moved.

    every `sample`:  w = 2^(-dt / half_life),  v <- w v + (1 - w) (M - M') / dt,  u <- w u + (1 - w),  value = v / u

with M the mid (quote currency), M' the mid at the sample before, dt the seconds since; v and u start at zero, and u
is the weight that v has gathered. Not ready (NaN) before `warm_up`; without a mid no sample is taken.

Source: yours.
"""

import math
from typing import Any

import attrs
import mmkit


@attrs.frozen
class Params:
    half_life: mmkit.Duration = mmkit.field("10s", above=0, doc="time after which a move counts half")
    sample: mmkit.Duration = mmkit.field("200ms", above=0, doc="least time between the mids that are compared")
    warm_up: mmkit.Duration = mmkit.field("2s", at_least=0, doc="time before the first value is published")


@attrs.define
class State:
    """mean, weight: v and u; first_time: when the first mid was there, -1 before."""

    value: float = mmkit.field(math.nan, doc="mean speed of the mid, positive for up")
    mean: float = 0.0
    weight: float = 0.0
    last_mid: float = 0.0
    last_time: int = 0
    first_time: int = -1


def on_book(params: Params, state: State, market: Any) -> None:
    """Takes a sample when the book changes."""
    advance(params, state, market)


def on_clock(params: Params, state: State, market: Any) -> None:
    """Takes a sample at decisions and records too: in a still market the slope fades."""
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
    elapsed = market.now - state.last_time
    if elapsed < params.sample:
        return
    w = math.exp(-math.log(2.0) * elapsed / params.half_life)
    state.mean = w * state.mean + (1.0 - w) * (mid - state.last_mid) / (elapsed * 1e-9)
    state.weight = w * state.weight + (1.0 - w)
    state.last_mid = mid
    state.last_time = market.now
    if market.now - state.first_time >= params.warm_up and state.weight > 0.0:
        state.value = state.mean / state.weight


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "new-rule",
        params=Params,
        state=State,
        outputs={"value": "price/s"},
        on_book=on_book,
        on_clock=on_clock,
    )
