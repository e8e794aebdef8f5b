"""Exponential sizes: the side that adds to the position shrinks by e^(-eta |q|), the other keeps the full quantity.

    bid = quantity e^(-eta max(q, 0)),  ask = quantity e^(-eta max(-q, 0));  q position (base), eta 1/base

Source: Fushimi, Gonzalez Rojas and Herman (2018), Optimal High-Frequency Market Making, Stanford MS&E 448, section 4.
"""

import math
from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    quantity: float = mmkit.field(unit="base", above=0, doc="quantity of each order while the position is flat")
    eta: float = mmkit.field(unit="1/base", at_least=0, doc="decay of the quantity with the position it adds to")
    max_position: float = mmkit.field(math.inf, unit="base", above=0, doc="position at which a side stops quoting")


@attrs.define
class State:
    order_size: float = mmkit.field(0.0, doc="quantity of an order while the position is flat")


def setup(params: Params, state: State, instrument: Any) -> None:
    """Publishes the quantity; refuses less than one lot."""
    # What a lot of an inverse contract is in base currency follows the price.
    if not instrument.inverse and round(params.quantity / instrument.lot) < 1:
        raise mmkit.ConfigError(f"sizing.quantity: {params.quantity:g} is less than one lot ({instrument.lot:g})")
    state.order_size = params.quantity


def sizes(params: Params, state: State, market: Any) -> tuple[float, float]:
    """Returns bid and ask quantity in base currency."""
    # Half a lot short of the limit is at it: a position is a number of lots, and its float may lie a bit below.
    reached = params.max_position - 0.5 * market.lot_size
    bid = params.quantity * math.exp(-params.eta * max(market.position, 0.0)) if market.position < reached else 0.0
    ask = params.quantity * math.exp(-params.eta * max(-market.position, 0.0)) if -market.position < reached else 0.0
    mmkit.step("bid", bid, "base")
    mmkit.step("ask", ask, "base")
    return bid, ask


@mmkit.hookimpl
def mmkit_sizing() -> mmkit.Sizing:
    """Offers the rule."""
    return mmkit.Sizing(
        "exponential", params=Params, state=State, outputs={"order_size": "base"}, setup=setup, sizes=sizes
    )
