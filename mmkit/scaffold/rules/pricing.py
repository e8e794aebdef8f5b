"""Reservation price that leans against the position, in units of how far the price strays while a position is held.

    risk = sigma sqrt(horizon)
    reservation price = mid - lean (position / order size) risk
    half-spread = max(width risk, tick)

with sigma in price per sqrt(second), horizon in seconds, position and order size in base currency, prices in quote
currency. After one fill of full size the reservation price has moved by `lean` risks.

Source: yours, after Avellaneda and Stoikov 2008 (Quantitative Finance 8, 217-224).
"""

import math
from typing import Any

import attrs
import mmkit


@attrs.frozen
class Params:
    horizon: mmkit.Duration = mmkit.field("1s", above=0, doc="time for which a position is held")
    width: float = mmkit.field(1.0, unit="risks", at_least=0, doc="half-spread, in moves of the price over the horizon")
    lean: float = mmkit.field(0.2, unit="risks", at_least=0, doc="shift of the price per order size of position")


@attrs.define
class Inputs:
    volatility: float = mmkit.required(unit="price/sqrt(s)", doc="volatility of the mid")
    order_size: float = mmkit.required(unit="base", doc="the sizing rule's quantity")


@attrs.define
class Terms:
    """What follows from the inputs, so that a cache may keep it: shift of the price per base currency, and the risk."""

    risk: float = 0.0
    shift: float = 0.0


def prepare(params: Params, terms: Terms, volatility: float, order_size: float) -> None:
    """Leaves the risk and the shift; without an order size there is nothing to lean with."""
    terms.risk = volatility * math.sqrt(params.horizon * 1e-9)
    terms.shift = params.lean * terms.risk / order_size if order_size > 0.0 else 0.0


def quote(params: Params, state: Any, market: Any, inputs: Inputs, terms: Terms) -> tuple[float, float, float]:
    """Returns reservation price and half-spreads in quote currency."""
    shift = terms.shift * market.position
    mmkit.step("inventory", -shift, "quote")
    half = max(params.width * terms.risk, market.tick_size)
    mmkit.step("half-spread", half, "quote")
    return market.mid - shift, half, half


@mmkit.hookimpl
def mmkit_pricing() -> mmkit.Pricing:
    """Offers the rule."""
    return mmkit.Pricing(
        "new-rule",
        params=Params,
        inputs=Inputs,
        terms=Terms,
        prepare=prepare,
        quote=quote,
    )
