"""Levels at constant steps, each a constant factor larger or smaller than the one inside of it.

    level i lies i step_ticks outside the inner quote and has growth^i times its quantity,  i = 0 .. levels - 1

with prices in ticks and quantities in base currency.

Source: yours.
"""

from typing import Any

import attrs
import mmkit

LEVELS = 64
"""Most levels that a ladder can have."""


@attrs.frozen
class Params:
    levels: int = mmkit.field(3, at_least=1, at_most=LEVELS, doc="levels a side")
    step_ticks: int = mmkit.field(2, unit="ticks", at_least=1, at_most=10**6, doc="distance between two levels")
    growth: float = mmkit.field(
        1.5, unit="factor", above=0, at_most=10, doc="quantity of a level over that inside of it"
    )


@attrs.define
class Constants:
    """What follows from the parameters alone: each level's factor."""

    factor: list[float] = mmkit.array(float, LEVELS, unit="factor")


def assemble(params: Params, constants: Constants) -> None:
    """Works the factors out once, before the first event."""
    factor = 1.0
    for i in range(params.levels):
        constants.factor[i] = factor
        factor *= params.growth


def most(params: Params) -> int:
    """Returns how many levels there can be."""
    return params.levels


def levels(
    params: Params, state: Any, market: Any, constants: Constants, ladder: Any, bid_qty: float, ask_qty: float
) -> None:
    """Sets the levels."""
    ladder.levels = params.levels
    for i in range(params.levels):
        ladder.offset_ticks[i] = i * params.step_ticks
        ladder.bid_qty[i] = bid_qty * constants.factor[i]
        ladder.ask_qty[i] = ask_qty * constants.factor[i]


@mmkit.hookimpl
def mmkit_ladder() -> mmkit.Ladder:
    """Offers the rule."""
    return mmkit.Ladder(
        "new-rule",
        params=Params,
        constants=Constants,
        assemble=assemble,
        most=most,
        levels=levels,
    )
