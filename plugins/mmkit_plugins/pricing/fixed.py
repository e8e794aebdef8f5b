"""A fixed half-spread around a fair price, shifted against the position.

    reservation price = fair + alpha_shift alpha - skew position

fair is the mid unless a signal says otherwise (a microprice, say); alpha a signal around zero (an imbalance, say).
"""

import math
from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    half_spread: float = mmkit.field(unit="quote", at_least=0, doc="distance of each quote from the reservation price")
    skew: float = mmkit.field(
        0.0, unit="quote/base", at_least=0, doc="shift of the reservation price per unit of position"
    )
    alpha_shift: float = mmkit.field(
        0.0, unit="quote", unbounded="either sign", doc="shift of the reservation price at an alpha of 1"
    )


@attrs.define
class Inputs:
    fair: float = mmkit.field(0.0, unit="quote", doc="price to quote around; absent: the mid")
    alpha: float = mmkit.field(0.0, doc="expected direction, positive for up")


def quote(params: Params, state: Any, market: Any, inputs: Inputs) -> tuple[float, float, float]:
    """Returns reservation price and half-spreads in quote currency."""
    price = market.mid
    if inputs.fair != 0.0 and math.isfinite(inputs.fair):
        price = inputs.fair
    mmkit.step("fair price", price, "quote")
    if math.isfinite(inputs.alpha):
        lean = params.alpha_shift * inputs.alpha
        mmkit.step("alpha", lean, "quote")
        price += lean
    shift = params.skew * market.position
    mmkit.step("inventory", -shift, "quote")
    return price - shift, params.half_spread, params.half_spread


@mmkit.hookimpl
def mmkit_pricing() -> mmkit.Pricing:
    """Offers the rule."""
    return mmkit.Pricing("fixed", params=Params, inputs=Inputs, quote=quote, examples=({"half_spread": 0.01},))
