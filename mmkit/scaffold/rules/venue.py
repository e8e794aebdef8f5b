"""An order fills once a multiple of what stood ahead of it has traded at its price; what is cancelled never helps.

    front = caution ahead  when it comes to rest;  front <- front - quantity  at each trade at its price

in base currency, `ahead` being what rested at the price before it; it executes when front is used up. caution = 1 is
the pessimistic queue in which every cancel stood behind us; above 1 others are faster than we are. An order also
executes when a trade prints through its price, or the opposite best reaches it: that is the kernel's.

Source: yours.
"""

from typing import Any

import attrs
import mmkit


@attrs.frozen
class Params:
    caution: float = mmkit.field(
        2.0,
        unit="factor",
        at_least=0,
        at_most=1000,
        doc="how often the quantity ahead has to trade before the order does",
    )
    entry_latency: mmkit.Duration = mmkit.field("10ms", at_least=0, doc="from our request to the venue")
    response_latency: mmkit.Duration = mmkit.field(
        "10ms", at_least=0, doc="from the venue to our knowledge of its answer"
    )


def rest(params: Params, state: Any, order: Any, ahead: float) -> None:
    """A new order stands behind more than there is."""
    order.front = params.caution * ahead


def trade(params: Params, state: Any, order: Any, quantity: float) -> None:
    """A trade at the price takes from the front."""
    order.front -= quantity


def depth_change(params: Params, state: Any, order: Any, previous: float, new: float) -> None:
    """What leaves the level without a trade is taken to have stood behind the order."""


@mmkit.hookimpl
def mmkit_venue() -> mmkit.Venue:
    """Offers the rule."""
    return mmkit.Venue(
        "new-rule",
        params=Params,
        rest=rest,
        trade=trade,
        depth_change=depth_change,
    )
