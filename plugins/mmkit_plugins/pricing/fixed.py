"""A fixed half-spread around the mid, shifted against the position: reservation price = mid - skew * position."""

from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    half_spread: float = mmkit.field(unit="quote", at_least=0, doc="distance of each quote from the reservation price")
    skew: float = mmkit.field(
        0.0, unit="quote/base", at_least=0, doc="shift of the reservation price per unit of position"
    )


def quote(params: Params, state: Any, market: Any) -> tuple[float, float, float]:
    """Returns reservation price and half-spreads in quote currency."""
    shift = params.skew * market.position
    mmkit.step("inventory", -shift, "quote")
    return market.mid - shift, params.half_spread, params.half_spread


@mmkit.hookimpl
def mmkit_pricing() -> mmkit.Pricing:
    """Offers the rule."""
    return mmkit.Pricing("fixed", params=Params, quote=quote)
