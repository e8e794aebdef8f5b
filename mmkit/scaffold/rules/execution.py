"""An order stays until the wanted price has moved by more than some ticks: fewer messages, and queue places are kept.

    kept      |price of the order - a wanted price of its side| <= tolerance
    placed    a wanted price for which no order of ours is near enough

in ticks, at t0 + n every, t0 the first event and n >= 1. A price for which an order near enough is being cancelled
has to wait for its end, and nothing is sent to where it could trade with an order of ours on the other side.

Source: yours.
"""

from typing import Any

import attrs
import mmkit


@attrs.frozen
class Params:
    every: mmkit.Duration = mmkit.field("100ms", above=0, doc="time between two decisions")
    tolerance: int = mmkit.field(1, unit="ticks", at_least=0, at_most=10**6, doc="move of the price that is let pass")


def triggers(params: Params) -> int:
    """Returns the mask of what triggers a decision: only the timer."""
    return int(mmkit.Trigger.TIMER)


def next_time(params: Params, state: Any, market: Any) -> int:
    """Returns the next multiple of `every` after now, counted from the first event."""
    return int(market.start + ((market.now - market.start) // params.every + 1) * params.every)


def act(params: Params, state: Any, market: Any, ladder: Any, desk: Any) -> None:
    """Sends cancels, then orders from the inside out."""
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if mmkit.working(order) and not wanted(params, ladder, order):
            mmkit.cancel(desk, market, desk.live[i])
    for i in range(ladder.levels):
        if ladder.bid_lots[i] > 0 and free(params, desk, 1, ladder.bid_ticks[i]):
            mmkit.place(desk, market, 1, ladder.bid_ticks[i], ladder.bid_lots[i], mmkit.POST_ONLY)
        if ladder.ask_lots[i] > 0 and free(params, desk, -1, ladder.ask_ticks[i]):
            mmkit.place(desk, market, -1, ladder.ask_ticks[i], ladder.ask_lots[i], mmkit.POST_ONLY)


def wanted(params: Params, ladder: Any, order: Any) -> bool:
    """Returns whether a level of the order's side is near enough to its price."""
    for i in range(ladder.levels):
        if order.side > 0:
            if ladder.bid_lots[i] > 0 and abs(ladder.bid_ticks[i] - order.tick) <= params.tolerance:
                return True
        elif ladder.ask_lots[i] > 0 and abs(ladder.ask_ticks[i] - order.tick) <= params.tolerance:
            return True
    return False


def free(params: Params, desk: Any, side: int, tick: int) -> bool:
    """Returns whether an order may be sent: none of its side is near enough, none of the other would trade with it."""
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if order.side == side:
            if abs(order.tick - tick) <= params.tolerance:
                return False
        elif (tick - order.tick) * side >= 0:
            return False
    return True


@mmkit.hookimpl
def mmkit_execution() -> mmkit.Execution:
    """Offers the rule."""
    return mmkit.Execution(
        "new-rule",
        params=Params,
        triggers=triggers,
        next_time=next_time,
        act=act,
    )
