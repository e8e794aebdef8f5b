"""The same amount of quote currency on both sides: quantity = notional / mid, reduced where the position's value meets its limit.

    bid = min(notional, max_notional - q mid) / mid,  ask = min(notional, max_notional + q mid) / mid;  q position (base)

The grid rounds down, so an order is never worth more than `notional` at the mid.
"""

import math
from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    notional: float = mmkit.field(unit="quote", above=0, doc="value of each order at the mid")
    max_notional: float = mmkit.field(
        math.inf, unit="quote", above=0, doc="largest value of the position, long or short"
    )
    max_quantity: float = mmkit.field(math.inf, unit="base", above=0, doc="largest quantity of an order")


@attrs.define
class State:
    order_size: float = mmkit.field(math.nan, doc="quantity of each order at the mid")


def sizes(params: Params, state: State, market: Any) -> tuple[float, float]:
    """Returns bid and ask quantity in base currency; no quote without a price above zero."""
    state.order_size = math.nan
    if not market.mid > 0.0:
        return 0.0, 0.0
    state.order_size = min(params.notional / market.mid, params.max_quantity)
    value = market.position * market.mid
    mmkit.step("position", value, "quote")
    bid = min(max(min(params.notional, params.max_notional - value), 0.0) / market.mid, params.max_quantity)
    ask = min(max(min(params.notional, params.max_notional + value), 0.0) / market.mid, params.max_quantity)
    mmkit.step("bid", bid, "base")
    mmkit.step("ask", ask, "base")
    return bid, ask


@mmkit.hookimpl
def mmkit_sizing() -> mmkit.Sizing:
    """Offers the rule."""
    return mmkit.Sizing("notional", params=Params, state=State, outputs={"order_size": "base"}, sizes=sizes)
