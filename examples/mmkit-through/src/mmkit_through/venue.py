"""Orders fill only where the market has gone through their price: the strictest answer to where in the queue one stood.

    executes   where a trade prints, or the other side's best price stands, at least `ticks` ticks beyond the order's price

Whoever stood ahead of an order is filled before the market goes through its price, so what fills here would have filled with any place
in the queue; what filled only because of a good place does not. With every tick more the fill is worse for whoever made it, by a tick: what
a stack still earns here it owes to no assumption about queues. No queue is kept, and volume at the price fills nothing.

Backtests on bars do the same where a limit order fills only if the bar's low is below it; here it is trade by trade, and a number of ticks.
"""

from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    ticks: int = mmkit.field(
        1, unit="ticks", at_least=1, at_most=1000, doc="how far beyond an order's price the market has to be"
    )
    entry_latency: mmkit.Duration = mmkit.field("10ms", at_least=0, doc="from our request to the venue")
    response_latency: mmkit.Duration = mmkit.field("10ms", at_least=0, doc="from the venue to our knowledge")
    partial_fills: bool = mmkit.field(
        True, doc="an execution never exceeds what traded or rests there; off: orders execute whole"
    )


def rest(params: Params, state: Any, order: Any, ahead: float) -> None:
    """No queue is kept: whatever stands ahead of an order is gone where the market is through its price."""


def trade(params: Params, state: Any, order: Any, quantity: float) -> None:
    """What trades at the price brings an order no nearer."""


def depth_change(params: Params, state: Any, order: Any, previous: float, new: float) -> None:
    """Neither does what leaves its level."""


def through(params: Params, state: Any, order: Any, ticks: int) -> bool:
    """Returns whether an order executes where the market is `ticks` beyond its price."""
    return ticks >= params.ticks


@mmkit.hookimpl
def mmkit_venue() -> mmkit.Venue:
    """Offers the rule."""
    return mmkit.Venue("through", params=Params, rest=rest, trade=trade, depth_change=depth_change, through=through)
