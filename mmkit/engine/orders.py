"""Our side of the desk: placing, cancelling, and what answers tell us."""

from typing import Any

from mmkit.engine.noting import note, note_trouble
from mmkit.engine.places import on_fill
from mmkit.engine.records import (
    ACCEPTED,
    CANCELLED,
    CANCELLING,
    EXECUTED,
    EXECUTION,
    EXPIRED,
    FILLED,
    LAPSED,
    NOT_FOUND,
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
    if desk.spare_count == 0:
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
    desk.next_id += 1
    desk.live[desk.live_count] = at
    desk.live_count += 1
    desk.submitted += 1
    send(desk, market.now, at, order.id, PLACING)


def cancel(desk: Any, market: Any, at: int) -> None:
    """Asks for the cancellation of the order in place `at` (an element of desk.live), which must be working."""
    order = desk.orders[at]
    order.request = CANCELLING
    desk.cancels += 1
    send(desk, market.now, at, order.id, CANCELLING)


def working(order: Any) -> bool:
    """Returns whether the venue has acknowledged the order and no request is under way."""
    return bool(order.state == WORKING and order.request == NOTHING)


def has_order(desk: Any, tick: int) -> bool:
    """Returns whether an own order of any state that we have not forgotten stands at `tick`."""
    for i in range(desk.live_count):
        if desk.orders[desk.live[i]].tick == tick:
            return True
    return False


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


def answered(s: Any, book: Any, log: Any) -> None:
    """Takes the next answer: the order's state, and for an execution the ledger."""
    desk = s.desk
    exchange = s.exchange
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
            order.request = NOTHING
        book_fill(s, log, order.side, answer.tick, answer.lots, answer.maker)
        on_fill(s, book)
    elif kind == ACCEPTED:
        order.state = WORKING
        order.request = NOTHING
    elif kind == NOT_FOUND:
        order.request = NOTHING
    else:
        order.request = NOTHING
        if kind == WITHDRAWN:
            order.state = CANCELLED
        elif kind == REFUSED:
            order.state = REJECTED
            note_trouble(s, log, order, kind)
        elif kind == LAPSED:
            order.state = EXPIRED
            note_trouble(s, log, order, kind)


def book_fill(s: Any, log: Any, side: int, tick: int, lots: int, maker: int) -> None:
    """Enters an execution into the ledger and shows it to the rules."""
    ledger = s.ledger
    market = s.market
    fill = s.fill
    amount = tick * lots
    ledger.position += side * lots
    ledger.spent += side * amount
    if maker:
        ledger.maker += amount
    else:
        ledger.taker += amount
    ledger.fills += 1
    market.fills = ledger.fills
    market.position_lots = ledger.position
    market.position = ledger.position * market.lot_size
    fill.side = side
    fill.price_ticks = tick
    fill.qty_lots = lots
    fill.price = tick * market.tick_size
    fill.qty = lots * market.lot_size
    fill.maker = maker
    note(s, log, EXECUTION, side, fill.qty, fill.price, side * fill.qty, market.position)
