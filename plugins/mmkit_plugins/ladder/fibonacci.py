"""Levels at Fibonacci distances: the first at the inner quote, the next 1, 2, 3, 5, 8, … times step_ticks outside it."""

from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    levels: int = mmkit.field(5, at_least=1, at_most=40, doc="levels a side")
    step_ticks: int = mmkit.field(1, unit="ticks", at_least=1, at_most=10**6, doc="what the multipliers multiply")
    sizes: tuple[float, ...] = mmkit.field(
        (1.0,),
        unit="of the quantity",
        at_least=0,
        capacity=40,
        doc="quantity by level; the last one holds for all further levels",
    )


def most(params: Params) -> int:
    """Returns how many levels there can be."""
    return params.levels


def levels(params: Params, state: Any, market: Any, ladder: Any, bid_qty: float, ask_qty: float) -> None:
    """Sets the levels."""
    ladder.levels = params.levels
    multiplier = 0
    following = 1
    for i in range(params.levels):
        share = params.sizes[min(i, len(params.sizes) - 1)]
        ladder.offset_ticks[i] = multiplier * params.step_ticks
        ladder.bid_qty[i] = bid_qty * share
        ladder.ask_qty[i] = ask_qty * share
        if i == 0:
            multiplier = 1
            following = 2
        else:
            multiplier, following = following, multiplier + following


@mmkit.hookimpl
def mmkit_ladder() -> mmkit.Ladder:
    """Offers the rule."""
    return mmkit.Ladder("fibonacci", params=Params, most=most, levels=levels)
