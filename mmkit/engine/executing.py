"""What the venue tells us: answers on their way, and executions with their row in the log."""

import math
from typing import Any

from mmkit.engine.funds import pay
from mmkit.engine.logs import FILL_COLUMNS
from mmkit.engine.records import EXECUTED, NO_ASK, NO_BID, TOO_MANY_ANSWERS


def answer(leg: Any, now: int, place: int, kind: int, tick: int, lots: int, maker: int) -> int:
    """Puts an answer on its way and returns when it will arrive; answers arrive in the order sent."""
    exchange = leg.exchange
    end = exchange.answer_end
    if end - exchange.answer_first > exchange.mask:
        exchange.fault = TOO_MANY_ANSWERS
        return now
    time = now + exchange.response_latency
    if end != exchange.answer_first:
        time = max(time, exchange.answers[(end - 1) & exchange.mask].time)
    sent = exchange.answers[end & exchange.mask]
    sent.time = time
    sent.place = place
    sent.id = leg.desk.orders[place].id
    sent.kind = kind
    sent.tick = tick
    sent.lots = lots
    sent.maker = maker
    exchange.answer_end = end + 1
    return int(time)


def execute(s: Any, leg: Any, log: Any, now: int, place: int, tick: int, lots: int, maker: int) -> None:
    """Executes `lots` of an order at `tick`: an answer, and a row of the fill log."""
    order = leg.desk.orders[place]
    exchange = leg.exchange
    order.open -= lots
    exchange.position += order.side * lots
    if exchange.limited:
        pay(leg, order.side, tick, lots, maker)
    known = answer(leg, now, place, EXECUTED, tick, lots, maker)
    if log.fills == log.fill_capacity:
        exchange.fault = TOO_MANY_ANSWERS
        return
    at = log.fills * FILL_COLUMNS
    log.fill[at] = now
    log.fill[at + 1] = known
    log.fill[at + 2] = order.side
    log.fill[at + 3] = tick
    log.fill[at + 4] = lots
    log.fill[at + 5] = order.id
    log.fill[at + 6] = maker
    log.fill[at + 7] = order.cause
    log.fill[at + 8] = s.clock.path
    log.fill[at + 9] = leg.market.number
    mid = math.nan
    if exchange.mid_bid != NO_BID and exchange.mid_ask != NO_ASK:
        mid = (exchange.mid_bid + exchange.mid_ask) * leg.market.tick_size / 2.0
    log.fill_mid[log.fills] = mid
    log.fills += 1
    if s.clock.hears_fills and leg.market.number == 0 and known < s.clock.next_fill:
        s.clock.next_fill = known


def allowed(exchange: Any, order: Any, lots: int) -> int:
    """Returns how much of an execution an order may have: one that only reduces ends where the position does."""
    if order.reduce_only:
        return int(max(min(lots, -order.side * exchange.position), 0))
    return lots


def count_taken(exchange: Any, side: int, lots: int) -> None:
    """Notes that our orders of a side took lots which the recorded book goes on to show."""
    if side > 0:
        exchange.taken_asks += lots
    else:
        exchange.taken_bids += lots
