"""Quotes a perpetual around what spot and the usual basis say that it is worth.

    worth              F = S (1 + m)
    reservation price  P + correction (F - P) - skew q
    half-spread        half_spread + widening v S

P, S mids of the perpetual and of spot (quote), m and v mean and deviation of the basis (fractions, of the signal `basis`), q position
(base). The basis comes back to its mean, so a perpetual above F is expected to fall: `correction` says how much of the way is believed,
0 none of it, 1 all. Sources: the signal's; the lean against the position is linear in it, as in Avellaneda and Stoikov (2008).
"""

import math
from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    half_spread: float = mmkit.field(unit="quote", at_least=0, doc="distance of each quote from the reservation price")
    correction: float = mmkit.field(
        0.5, unit="fraction", at_least=0, at_most=1, doc="share of the way back to the usual basis that is believed"
    )
    skew: float = mmkit.field(
        0.0, unit="quote/base", at_least=0, doc="shift of the reservation price per unit of position"
    )
    widening: float = mmkit.field(
        0.0, unit="deviations", at_least=0, at_most=100, doc="deviations of the basis that are added to the half-spread"
    )


@attrs.define
class Inputs:
    spot: float = mmkit.required(unit="quote", doc="mid of spot")
    mean: float = mmkit.required(unit="fraction", doc="usual basis")
    deviation: float = mmkit.field(0.0, unit="fraction", doc="standard deviation of the basis; absent: 0")


def quote(params: Params, state: Any, market: Any, inputs: Inputs) -> tuple[float, float, float]:
    """Returns reservation price and half-spreads in quote currency."""
    correction = params.correction * (inputs.spot * (1.0 + inputs.mean) - market.mid)
    mmkit.step("towards spot", correction, "quote")
    shift = -params.skew * market.position
    mmkit.step("inventory", shift, "quote")
    half = params.half_spread
    if math.isfinite(inputs.deviation):
        wider = params.widening * max(inputs.deviation, 0.0) * max(inputs.spot, 0.0)
        mmkit.step("deviation of the basis", wider, "quote")
        half += wider
    return market.mid + correction + shift, half, half


@mmkit.hookimpl
def mmkit_pricing() -> mmkit.Pricing:
    """Offers the rule."""
    examples = ({"half_spread": 1.0, "skew": 2.0}, {"half_spread": 1.0, "widening": 1.0})
    return mmkit.Pricing("basis", params=Params, inputs=Inputs, quote=quote, examples=examples)
