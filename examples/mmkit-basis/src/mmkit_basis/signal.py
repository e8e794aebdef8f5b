"""Basis of a perpetual: how far its mid stands above the mid of spot, and what is usual.

    basis      b = (P - S) / S, a fraction; P, S mids of the perpetual and of spot, quote currency
    decay      d = 2^(-dt / half_life),   weight  w <- d w + (1 - d), from 0,   gain  g = (1 - d) / w
    mean       m <- m + g (b' - m)
    variance   v <- (1 - g) (v + g (b' - m)^2), m before its own step;   deviation = sqrt(v), a fraction

b' is the basis that has stood for dt: both mids are looked at when the best prices of the perpetual change and at every decision
and record, and hold until the next look. Mean and deviation are those of all looks, weighted by how long each stood and how
long ago; time without one of the mids is left out. They are published once half of the weight is there, after one half-life.

Sources: Finch (2009), "Incremental calculation of weighted mean and variance", University of Cambridge, section 9, for the
recursion; He, Manela, Ross and von Wachter (2022), "Fundamentals of Perpetual Futures", arXiv:2212.06888, for why the basis comes back.
"""

import math
from typing import Any

import attrs

import mmkit

LN2 = math.log(2.0)

READY = 0.5
"""Weight from which mean and deviation are published."""


@attrs.frozen
class Params:
    half_life: mmkit.Duration = mmkit.field("60s", above=0, doc="time after which a basis counts half")


@attrs.define
class Inputs:
    spot: float = mmkit.required(unit="quote", doc="mid of spot")


@attrs.define
class State:
    """since: time of the last look (ns); seen: whether it saw both mids; average, variance: as far as they go; weight: as above."""

    value: float = mmkit.field(math.nan, doc="perpetual mid less spot mid, a fraction of spot")
    mean: float = mmkit.field(math.nan, doc="mean of the basis")
    deviation: float = mmkit.field(math.nan, doc="standard deviation of the basis")
    since: int = 0
    seen: int = mmkit.field(0, at_least=0, at_most=1)
    average: float = 0.0
    variance: float = 0.0
    weight: float = 0.0


def on_book(params: Params, state: State, market: Any, inputs: Inputs) -> None:
    """Looks at both mids when the perpetual's best prices have changed."""
    look(params, state, market, inputs)


def on_clock(params: Params, state: State, market: Any, inputs: Inputs) -> None:
    """Looks at both mids before a decision and a record: spot may have moved alone."""
    look(params, state, market, inputs)


def look(params: Params, state: State, market: Any, inputs: Inputs) -> None:
    """Takes the basis that has stood until now into mean and variance, then looks at the mids anew."""
    if state.seen == 1 and market.now > state.since:
        take(params, state, market.now - state.since)
    state.since = market.now
    state.seen = 0
    state.value = math.nan
    state.mean = math.nan
    state.deviation = math.nan
    if math.isfinite(market.mid) and math.isfinite(inputs.spot) and inputs.spot > 0.0:
        state.seen = 1
        state.value = (market.mid - inputs.spot) / inputs.spot
        if state.weight >= READY:
            state.mean = state.average
            state.deviation = math.sqrt(state.variance)


def take(params: Params, state: State, dt: int) -> None:
    """Takes in that the basis was state.value for dt ns."""
    fresh = 1.0 - math.exp(-LN2 * dt / params.half_life)
    state.weight += fresh * (1.0 - state.weight)
    gain = fresh / state.weight
    apart = state.value - state.average
    state.average += gain * apart
    state.variance = max((1.0 - gain) * (state.variance + gain * apart * apart), 0.0)


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "basis",
        params=Params,
        state=State,
        inputs=Inputs,
        outputs={"value": "fraction", "mean": "fraction", "deviation": "fraction"},
        on_book=on_book,
        on_clock=on_clock,
    )
