"""A limit on the position that the worst case keeps: every order that may still fill counts as filled.

For each side: position + all own orders of that side that we have not seen end (working, on their way, or with a
request under way) + what is about to be sent stays within max_position. Levels are served from the inside out; the
one that meets the limit is reduced, those beyond it are dropped. A price at which an order already stands sends
nothing new and stays as it is; where orders can be amended it grows by no more than there is room for. The limit is
counted in lots anew at each decision: in base currency the lot of an inverse contract changes with the price.
"""

from typing import Any

import attrs

import mmkit
from mmkit_plugins.risk._lots import keep_within, whole_lots


@attrs.frozen
class Params:
    max_position: float = mmkit.field(
        0.0, unit="base", at_least=0, doc="largest position, long or short; 0 = ten times the order size"
    )


@attrs.define
class Inputs:
    order_size: float = mmkit.required(unit="base", doc="the sizing rule's quantity", unless="max_position")


def limit(params: Params, state: Any, market: Any, inputs: Inputs, ladder: Any, desk: Any) -> None:
    """Lowers the ladder's lots to what the worst case allows; a limit between two lots is the lower one."""
    most = params.max_position
    if most == 0.0:
        most = 10.0 * inputs.order_size
    keep_within(market, ladder, desk, whole_lots(most, market.lot_size))


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the rule."""
    return mmkit.Risk("position-limit", params=Params, inputs=Inputs, limit=limit, examples=({"max_position": 0.5},))
