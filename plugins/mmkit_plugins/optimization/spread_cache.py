"""Keeps what a pricing rule prepared (the spread and the risk) as long as nothing it was made from has changed.

    exact   until an input changes in any bit: the quotes are the same with it and without
    ttl     for at most `ttl` of market time, while every input moved by less than its tolerance, the mid and the position by
            less than theirs, and nothing filled: what is reused is as old as that, and no older

The reference rule kept a spread by wall-clock time; here time is the market's own. An input named for an impact has an
absolute tolerance in the bot this grew out of, 0.001; the other inputs a relative one.
"""

import enum
import math
from typing import Any

import attrs

import mmkit

INPUTS = 32
"""Most inputs of a rule."""


class Mode(enum.IntEnum):
    EXACT = 0
    TTL = 1


@attrs.frozen
class Params:
    mode: Mode = mmkit.field(Mode.EXACT, doc="keep until an input changes, or for a time within tolerances")
    ttl: mmkit.Duration = mmkit.field("100ms", above=0, doc="longest time of market that a result is kept in mode ttl")
    absolute: float = mmkit.field(
        0.001, unit="", at_least=0, doc="change of an input below which it always counts as the same"
    )
    relative: float = mmkit.field(0.01, unit="fraction", at_least=0, doc="the same, relative to the input")
    mid: float = mmkit.field(0.0005, unit="fraction", at_least=0, doc="relative change of the mid that ends it")
    position: float = mmkit.field(
        0.0, unit="base", at_least=0, doc="change of the position that ends it, if above this"
    )


@attrs.define
class State:
    hits: int = 0
    misses: int = 0
    until: int = -(2**62)
    fills: int = 0
    mid: float = math.nan
    position: float = 0.0
    key: list[float] = mmkit.array(float, INPUTS, math.nan)


def exact(params: Params) -> bool:
    """Returns whether the mode changes nothing but time."""
    return params.mode == Mode.EXACT


def keeps(params: Params, state: State, market: Any, key: tuple[float, ...]) -> bool:
    """Returns whether what was prepared from an earlier key still holds; otherwise remembers this one."""
    if holds(params, state, market, key):
        state.hits += 1
        return True
    state.misses += 1
    for i in range(len(key)):
        state.key[i] = key[i]
    state.until = market.now + params.ttl
    state.fills = market.fills
    state.mid = market.mid
    state.position = market.position
    return False


def holds(params: Params, state: State, market: Any, key: tuple[float, ...]) -> bool:
    """Returns whether the remembered key stands for this one; one with a NaN never does."""
    if params.mode == Mode.EXACT:
        for i in range(len(key)):
            before = state.key[i]
            # 0.0 equals -0.0, but what is made from it may not.
            if key[i] != before or (key[i] == 0.0 and math.copysign(1.0, key[i]) != math.copysign(1.0, before)):
                return False
        return True
    if market.now >= state.until or market.fills != state.fills:
        return False
    if not abs(market.mid - state.mid) <= params.mid * abs(state.mid):
        return False
    if abs(market.position - state.position) > params.position:
        return False
    for i in range(len(key)):
        change = abs(key[i] - state.key[i])
        if not (change < params.absolute or change <= params.relative * abs(state.key[i])):
            return False
    return True


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    return mmkit.Optimization(
        "spread-cache",
        params=Params,
        state=State,
        applies=("pricing",),
        keeps=keeps,
        exact=exact,
        bound="mode ttl: prices made from inputs up to ttl old, each within its tolerance",
        examples=({"mode": "ttl", "ttl": "5s"},),
    )
