"""Cancel what is no longer wanted, place what is missing: at every timer tick, book change or trade, as configured.

Timer decisions fall at t0 + n * every, n >= 1, t0 the first event. First the working orders that are not wanted are
cancelled; then wanted prices are placed from the inside out, bid before ask at each level, as far as the caps on orders
alive allow. A price at which an own order of any state still stands gets no second one.
"""

from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    every: mmkit.Duration = mmkit.field("100ms", above=0, doc="time between two timer decisions")
    on: mmkit.Trigger = mmkit.field(mmkit.Trigger.TIMER, doc="what triggers a decision: timer, book, trade")
    post_only: bool = mmkit.field(
        True, doc="quotes stay clear of the book, and the venue refuses those that would take"
    )
    max_per_side: int = mmkit.field(
        1024, at_least=1, at_most=1024, doc="most orders alive on a side, those being cancelled too"
    )
    max_orders: int = mmkit.field(1024, at_least=1, at_most=1024, doc="the same on both sides together")


@attrs.define
class State:
    timer: int = 0


def setup(params: Params, state: State, instrument: Any) -> None:
    """Notes whether the timer triggers."""
    state.timer = int(mmkit.Trigger.TIMER in params.on)


def triggers(params: Params) -> int:
    """Returns the mask of what triggers a decision."""
    return int(params.on)


def post_only(params: Params) -> bool:
    """Returns whether quotes stay clear of the book."""
    return params.post_only


def most(params: Params, levels: int, latency: int) -> int:
    """Returns how many orders can be alive at once.

    A decision sends at most one order per level and side. It can be cancelled once it is known to work, and is forgotten once that is
    known: each takes as many decisions as fall into the way to the venue and back. Without the timer alone there is no limit to those.
    """
    if params.on != mmkit.Trigger.TIMER:
        return 1024
    generations = 2 * max(-(-latency // params.every), 1)
    return 2 * levels * generations + 4


def next_time(params: Params, state: State, market: Any) -> int:
    """Returns the next multiple of `every` after now, counted from the first event."""
    if not state.timer:
        return mmkit.NEVER
    return market.start + ((market.now - market.start) // params.every + 1) * params.every


def act(params: Params, state: Any, market: Any, ladder: Any, desk: Any) -> None:
    """Sends cancels and orders."""
    bids = 0
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if order.side > 0:
            bids += 1
        if mmkit.working(order) and not wanted(ladder, order):
            mmkit.cancel(desk, market, desk.live[i])
    asks = desk.live_count - bids
    kind = mmkit.POST_ONLY if params.post_only else mmkit.LIMIT
    for i in range(ladder.levels):
        if ladder.bid_lots[i] > 0 and bids < params.max_per_side and bids + asks < params.max_orders:
            if not mmkit.has_order(desk, ladder.bid_ticks[i]):
                mmkit.place(desk, market, 1, ladder.bid_ticks[i], ladder.bid_lots[i], kind)
                bids += 1
        if ladder.ask_lots[i] > 0 and asks < params.max_per_side and bids + asks < params.max_orders:
            if not mmkit.has_order(desk, ladder.ask_ticks[i]):
                mmkit.place(desk, market, -1, ladder.ask_ticks[i], ladder.ask_lots[i], kind)
                asks += 1


def wanted(ladder: Any, order: Any) -> bool:
    """Returns whether the ladder has a level at the order's price and side."""
    for i in range(ladder.levels):
        if order.side > 0:
            if ladder.bid_lots[i] > 0 and ladder.bid_ticks[i] == order.tick:
                return True
        elif ladder.ask_lots[i] > 0 and ladder.ask_ticks[i] == order.tick:
            return True
    return False


@mmkit.hookimpl
def mmkit_execution() -> mmkit.Execution:
    """Offers the rule."""
    return mmkit.Execution(
        "requote",
        params=Params,
        state=State,
        setup=setup,
        triggers=triggers,
        post_only=post_only,
        most=most,
        next_time=next_time,
        act=act,
    )
