"""Levels at geometric distances: the first at the inner quote, the next first_ticks, first_ticks ratio, first_ticks ratio^2, …

Offsets are rounded to ticks, at least one beyond the level before. Quantities go by size_ratio from level to level; from
the inside out they stay within the sizing rule's capacity, and a level below `minimum` is dropped.
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.ladder._levels import room

FARTHEST = 1e12
"""Offsets beyond this many ticks are as good as none, and go on tick by tick."""


@attrs.frozen
class Params:
    levels: int = mmkit.field(5, at_least=1, at_most=64, doc="levels a side")
    first_ticks: float = mmkit.field(1.0, unit="ticks", above=0, at_most=1e6, doc="distance of the second level")
    ratio: float = mmkit.field(
        2.0, unit="", at_least=1, at_most=100, doc="distance of a level, as a multiple of the one before"
    )
    size_ratio: float = mmkit.field(1.0, unit="", at_least=0, at_most=10, doc="the same of its quantity")
    minimum: float = mmkit.field(0.0, unit="base", at_least=0, doc="least quantity of a level; below it there is none")


@attrs.define
class Inputs:
    bid_capacity: float = mmkit.field(math.nan, unit="base", doc="what all bids together may hold; absent: no limit")
    ask_capacity: float = mmkit.field(math.nan, unit="base", doc="what all asks together may hold; absent: no limit")


def most(params: Params) -> int:
    """Returns how many levels there can be."""
    return params.levels


def levels(
    params: Params, state: Any, market: Any, inputs: Inputs, ladder: Any, bid_qty: float, ask_qty: float
) -> None:
    """Sets the levels."""
    ladder.levels = params.levels
    bids = room(inputs.bid_capacity)
    asks = room(inputs.ask_capacity)
    distance = params.first_ticks
    share = 1.0
    offset = 0
    for i in range(params.levels):
        if i > 0:
            offset = max(offset + 1, int(round(distance)))
            distance = min(distance * params.ratio, FARTHEST)
        bid = min(bid_qty * share, bids)
        if bid < params.minimum:
            bid = 0.0
        bids -= bid
        ask = min(ask_qty * share, asks)
        if ask < params.minimum:
            ask = 0.0
        asks -= ask
        share *= params.size_ratio
        ladder.offset_ticks[i] = offset
        ladder.bid_qty[i] = bid
        ladder.ask_qty[i] = ask
        mmkit.step("offset", offset, "ticks")


@mmkit.hookimpl
def mmkit_ladder() -> mmkit.Ladder:
    """Offers the rule."""
    return mmkit.Ladder("geometric", params=Params, inputs=Inputs, most=most, levels=levels)
