"""Our side of the desk: placing, amending, cancelling, and what answers tell us."""

from typing import Any

from mmkit.engine.ledger import book_fill
from mmkit.engine.noting import note_trouble
from mmkit.engine.places import on_fill
from mmkit.engine.records import (
    ACCEPTED,
    AMENDED,
    AMENDING,
    CANCELLED,
    CANCELLING,
    EXECUTED,
    EXPIRED,
    FILLED,
    LAPSED,
    LAST_ID,
    NOT_AMENDED,
    NOTHING,
    PLACING,
    REFUSED,
    REJECTED,
    SENT,
    TOO_MANY_ORDERS,
    WITHDRAWN,
    WORKING,
)


def send(desk: Any, now: int, place: int, id: int, kind: int) -> None:
    """Puts a request on its way; requests arrive in the order sent."""
    end = desk.sent_end
    if end - desk.sent_first > desk.mask:
        desk.fault = TOO_MANY_ORDERS
        return
    time = now + desk.entry_latency
    if end != desk.sent_first:
        time = max(time, desk.sent[(end - 1) & desk.mask].time)
    request = desk.sent[end & desk.mask]
    request.time = time
    request.place = place
    request.id = id
    request.kind = kind
    desk.sent_end = end + 1


def place(desk: Any, market: Any, side: int, tick: int, lots: int, kind: int) -> None:
    """Sends an order: side +1 buys, -1 sells; kind mmkit.POST_ONLY, mmkit.LIMIT or mmkit.MARKET (tick is ignored)."""
    if desk.spare_count == 0 or desk.next_id > LAST_ID:
        desk.fault = TOO_MANY_ORDERS
        return
    desk.spare_count -= 1
    at = desk.spare[desk.spare_count]
    order = desk.orders[at]
    order.id = desk.next_id
    order.side = side
    order.tick = tick
    order.lots = lots
    order.kind = kind
    order.state = SENT
    order.request = PLACING
    order.remaining = lots
    order.open = 0
    order.sent = market.now
    order.asked_tick = tick
    order.asked_lots = lots
    order.cause = desk.cause
    order.reduce_only = 0
    desk.next_id += 1
    desk.live[desk.live_count] = at
    desk.live_count += 1
    desk.submitted += 1
    send(desk, market.now, at, order.id, PLACING)


def reduce(desk: Any, market: Any, side: int, tick: int, lots: int, kind: int) -> None:
    """Sends an order that the venue never lets open or turn a position."""
    before = desk.live_count
    place(desk, market, side, tick, lots, kind)
    if desk.live_count > before:
        desk.orders[desk.live[before]].reduce_only = 1


def amend(desk: Any, market: Any, at: int, tick: int, lots: int) -> None:
    """Asks that the order in place `at`, which must be working, stand at `tick` with `lots` in total, what is executed included.

    What that does to its place in the queue is the venue's (`desk.amend`); a total not above what is executed cancels the rest.
    """
    order = desk.orders[at]
    order.request = AMENDING
    order.asked_tick = tick
    order.asked_lots = lots
    desk.amending += 1
    send(desk, market.now, at, order.id, AMENDING)


def cancel(desk: Any, market: Any, at: int) -> None:
    """Asks for the cancellation of the order in place `at` (an element of desk.live), which must be working."""
    order = desk.orders[at]
    order.request = CANCELLING
    desk.cancels += 1
    send(desk, market.now, at, order.id, CANCELLING)


def working(order: Any) -> bool:
    """Returns whether the venue has acknowledged the order and no request is under way."""
    return bool(order.state == WORKING and order.request == NOTHING)


def cancelling(order: Any) -> bool:
    """Returns whether the order's cancel is under way."""
    return bool(order.request == CANCELLING)


def has_order(desk: Any, tick: int) -> bool:
    """Returns whether an own order of any state that we have not forgotten stands at `tick`, or is being amended to it or away from it."""
    for i in range(desk.live_count):
        if desk.orders[desk.live[i]].tick == tick:
            return True
    if desk.amending > 0:
        for i in range(desk.live_count):
            if desk.orders[desk.live[i]].asked_tick == tick:
                return True
    return False


def standing(desk: Any, side: int, tick: int, lots: int) -> int:
    """Returns how many of `lots` that are wanted at a price send nothing new, as an order of ours has it.

    All of them, unless the execution amends orders: then an order can grow, and only what remains of it counts.
    """
    if not has_order(desk, tick):
        return 0
    if not desk.may_amend:
        return lots
    remaining = 0
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if order.side == side and order.tick == tick:
            remaining += order.remaining
    # Next to an order of the other side, or one that is being moved here, nothing is sent.
    return lots if remaining == 0 else min(lots, remaining)


def outstanding_both(desk: Any) -> tuple[int, int]:
    """Returns the lots of bids and of asks that may still execute: all that is not known to have ended, amendments at their largest."""
    bids = 0
    asks = 0
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if order.side > 0:
            bids += largest(order)
        else:
            asks += largest(order)
    return bids, asks


def outstanding(desk: Any, side: int) -> int:
    """Returns the lots of one side (+1 bids, -1 asks) that may still execute."""
    bids, asks = outstanding_both(desk)
    return bids if side > 0 else asks


def alive_at(desk: Any, side: int, tick: int) -> int:
    """Returns the same of the orders at one price alone, or on their way to it."""
    lots = 0
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if order.side == side and (order.tick == tick or order.asked_tick == tick):
            lots += largest(order)
    return lots


def largest(order: Any) -> int:
    """Returns the lots of an order that may still execute, an amendment under way at its largest."""
    return int(order.remaining + max(order.asked_lots - order.lots, 0))


def forget(desk: Any) -> None:
    """Drops the orders whose end we know: their prices and places are free again."""
    kept = 0
    for i in range(desk.live_count):
        at = desk.live[i]
        if desk.orders[at].state <= WORKING:
            desk.live[kept] = at
            kept += 1
        else:
            desk.spare[desk.spare_count] = at
            desk.spare_count += 1
    desk.live_count = kept


def answered(s: Any, leg: Any, book: Any, log: Any) -> None:
    """Takes an instrument's next answer: the order's state, and for an execution the ledger."""
    desk = leg.desk
    exchange = leg.exchange
    answer = exchange.answers[exchange.answer_first & exchange.mask]
    exchange.answer_first += 1
    order = desk.orders[answer.place]
    if order.id != answer.id:
        return  # a cancel came too late, and we had forgotten the order
    kind = answer.kind
    if kind == EXECUTED:
        order.remaining -= answer.lots
        if order.remaining == 0:
            order.state = FILLED
            settle(desk, order)
        book_fill(s, leg, log, order.side, answer.tick, answer.lots, answer.maker)
        on_fill(s, leg, book)
    elif kind == AMENDED:
        order.remaining += answer.lots - order.lots
        order.lots = answer.lots
        if order.request == AMENDING:
            settle(desk, order)
        order.asked_lots = order.lots
    else:
        settle(desk, order)
        if kind == ACCEPTED:
            order.state = WORKING
        elif kind == WITHDRAWN:
            order.state = CANCELLED
        elif kind == REFUSED:
            order.state = REJECTED
            note_trouble(s, leg, log, order, kind)
        elif kind == LAPSED:
            order.state = EXPIRED
            note_trouble(s, leg, log, order, kind)
        elif kind == NOT_AMENDED:
            note_trouble(s, leg, log, order, kind)


def settle(desk: Any, order: Any) -> None:
    """An order's request has been answered: it is as it is, amended or repriced or not."""
    if desk.amending > 0 and (order.request == AMENDING or order.asked_tick != order.tick):
        desk.amending -= 1
        order.asked_tick = order.tick
        order.asked_lots = order.lots
    order.request = NOTHING
