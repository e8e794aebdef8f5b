"""What executions share: their parameters, and when an order of ours may be sent, kept or has to be taken back.

Timer decisions fall at t0 + n * every, n >= 1, t0 the first event. A quote is sent only to a price at which no other
order of ours stands, and never to one at which it could trade with an order of ours on the other side: those whose
cancel is under way do not count there, as requests arrive in the order in which they are sent.
"""

from typing import Any

import attrs

import mmkit

ORDERS = 1024
"""Most orders alive at once."""


@attrs.frozen
class Common:
    every: mmkit.Duration = mmkit.field("100ms", above=0, doc="time between two timer decisions")
    on: mmkit.Trigger = mmkit.field(
        mmkit.Trigger.TIMER, doc="what triggers a decision: timer, book, trade, fill, candle"
    )
    min_interval: mmkit.Duration = mmkit.field(
        "0s", at_least=0, doc="least time between two decisions; a trigger in between is served at its end"
    )
    one_in_flight: bool = mmkit.field(
        False, doc="a decision sends nothing while requests of an earlier one are unanswered"
    )
    post_only: bool = mmkit.field(
        True, doc="quotes stay clear of the book, and the venue refuses those that would take"
    )
    max_per_side: int = mmkit.field(
        1024, at_least=1, at_most=1024, doc="most orders alive on a side, those being cancelled too"
    )
    max_orders: int = mmkit.field(1024, at_least=1, at_most=1024, doc="the same on both sides together")
    max_order_age: mmkit.Duration = mmkit.field(
        "0s", at_least=0, doc="orders placed longer ago are taken back; 0s = none"
    )
    max_distance: float = mmkit.field(
        0.0,
        unit="fraction of mid",
        at_least=0,
        doc="orders farther from the mid are taken back, quotes not sent; 0 = none",
    )
    wait_for_cancel: bool = mmkit.field(
        True, doc="a level gets no second order while one that stood for it has a request under way"
    )


@attrs.define
class Timed:
    timer: int = 0


def setup(params: Any, state: Any, instrument: Any) -> None:
    """Notes whether the timer triggers."""
    state.timer = int(mmkit.Trigger.TIMER in params.on)


def triggers(params: Any) -> int:
    """Returns the mask of what triggers a decision."""
    return int(params.on)


def post_only(params: Any) -> bool:
    """Returns whether quotes stay clear of the book."""
    return bool(params.post_only)


def most(params: Any, levels: int, latency: int) -> int:
    """Returns how many orders can be alive at once.

    A decision sends at most one order per level and side. It can be cancelled once it is known to work, and is forgotten once that is
    known: each takes as many decisions as fall into the way to the venue and back. Without the timer alone there is no limit to those.
    """
    if params.on != mmkit.Trigger.TIMER:
        return ORDERS
    generations = 2 * max(-(-latency // params.every), 1)
    return 2 * levels * generations + 4


def next_time(params: Any, state: Any, market: Any) -> int:
    """Returns the next multiple of `every` after now, counted from the first event."""
    if not state.timer:
        return mmkit.NEVER
    return int(market.start + ((market.now - market.start) // params.every + 1) * params.every)


def execution(name: str, **own: Any) -> mmkit.Execution:
    """Returns an execution: its own functions and classes, with those that all of them share."""
    return mmkit.Execution(
        name, setup=setup, triggers=triggers, post_only=post_only, most=most, next_time=next_time, **own
    )


def unanswered(desk: Any) -> bool:
    """Returns whether a request is under way."""
    for i in range(desk.live_count):
        if not mmkit.working(desk.orders[desk.live[i]]):
            return True
    return False


def alive(desk: Any, side: int) -> int:
    """Returns how many orders of a side have not ended as far as we know."""
    count = 0
    for i in range(desk.live_count):
        if desk.orders[desk.live[i]].side == side:
            count += 1
    return count


def overdue(params: Any, market: Any, order: Any) -> bool:
    """Returns whether an order has to be taken back whatever is wanted: it is too old or too far away."""
    if params.max_order_age > 0 and market.now - order.sent >= params.max_order_age:
        return True
    return far(params, market, order.tick)


def far(params: Any, market: Any, tick: int) -> bool:
    """Returns whether a price lies farther from the mid than orders may; without a mid none does."""
    if params.max_distance <= 0.0:
        return False
    return bool(abs(tick * market.tick_size - market.mid) > params.max_distance * market.mid)
