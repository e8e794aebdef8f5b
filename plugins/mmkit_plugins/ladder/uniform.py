"""Levels at equal distances: level i lies i * gap_ticks outside the inner quote, each of the full quantity."""

from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    levels: int = mmkit.field(3, at_least=1, at_most=64, doc="levels a side")
    gap_ticks: int = mmkit.field(1, unit="ticks", at_least=1, doc="distance between two levels")


def most(params: Params) -> int:
    """Returns how many levels there can be."""
    return params.levels


def levels(params: Params, state: Any, market: Any, ladder: Any, bid_qty: float, ask_qty: float) -> None:
    """Sets the levels."""
    ladder.levels = params.levels
    for i in range(params.levels):
        ladder.offset_ticks[i] = i * params.gap_ticks
        ladder.bid_qty[i] = bid_qty
        ladder.ask_qty[i] = ask_qty


@mmkit.hookimpl
def mmkit_ladder() -> mmkit.Ladder:
    """Offers the rule."""
    return mmkit.Ladder("uniform", params=Params, most=most, levels=levels)
