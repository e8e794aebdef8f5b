"""The venue's side: orders arrive, rest, queue and execute against a replayed book.

Both sides are one code: `side` is +1 for our bids and -1 for our asks, and (a - b) * side > 0 says that price a is better for us to trade
at first than b. Our resting orders stand in `exchange.resting`, bids from place 0, asks from `room`, best price first, then oldest.
"""

import math
from typing import Any

from mmkit.engine.places import depth_change, rest, trade
from mmkit.engine.records import (
    ACCEPTED,
    EXECUTED,
    FILL_COLUMNS,
    LAPSED,
    MARKET,
    NO_ASK,
    NO_BID,
    NOT_FOUND,
    PLACING,
    POST_ONLY,
    REFUSED,
    TOO_MANY_ANSWERS,
    WITHDRAWN,
)


def answer(s: Any, now: int, place: int, kind: int, tick: int, lots: int, maker: int) -> int:
    """Puts an answer on its way and returns when it will arrive; answers arrive in the order sent."""
    exchange = s.exchange
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
    sent.id = s.desk.orders[place].id
    sent.kind = kind
    sent.tick = tick
    sent.lots = lots
    sent.maker = maker
    exchange.answer_end = end + 1
    return int(time)


def execute(s: Any, log: Any, now: int, place: int, tick: int, lots: int, maker: int) -> None:
    """Executes `lots` of an order at `tick`: an answer, and a row of the fill log."""
    order = s.desk.orders[place]
    exchange = s.exchange
    order.open -= lots
    known = answer(s, now, place, EXECUTED, tick, lots, maker)
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
    log.fill[at + 7] = 0
    log.fill[at + 8] = s.clock.path
    mid = math.nan
    if exchange.mid_bid != NO_BID and exchange.mid_ask != NO_ASK:
        mid = (exchange.mid_bid + exchange.mid_ask) * s.market.tick_size / 2.0
    log.fill_mid[log.fills] = mid
    log.fills += 1


def first_of(exchange: Any, side: int) -> int:
    """Returns where a side begins in `resting`."""
    return 0 if side > 0 else int(exchange.room)


def end_of(exchange: Any, side: int) -> int:
    """Returns where a side ends in `resting`."""
    return int(exchange.bid_count) if side > 0 else int(exchange.room + exchange.ask_count)


def rank(s: Any, book: Any, place: int) -> None:
    """Enters a resting order into its side, and marks its level."""
    exchange = s.exchange
    orders = s.desk.orders
    side = orders[place].side
    i = end_of(exchange, side)
    first = first_of(exchange, side)
    while i > first and (orders[place].tick - orders[exchange.resting[i - 1]].tick) * side > 0:
        exchange.resting[i] = exchange.resting[i - 1]
        i -= 1
    exchange.resting[i] = place
    if side > 0:
        exchange.bid_count += 1
    else:
        exchange.ask_count += 1
    mark(book, orders[place].key)
    note_span(s)


def unrank(s: Any, book: Any, side: int, at: int) -> None:
    """Takes the order at position `at` of `resting` out of its side; its level stays marked while another order of ours is there."""
    exchange = s.exchange
    orders = s.desk.orders
    key = orders[exchange.resting[at]].key
    for i in range(at, end_of(exchange, side) - 1):
        exchange.resting[i] = exchange.resting[i + 1]
    if side > 0:
        exchange.bid_count -= 1
    else:
        exchange.ask_count -= 1
    if key >= 0:
        book[key] = lots_at(book, key)
        for i in range(first_of(exchange, side), end_of(exchange, side)):
            if orders[exchange.resting[i]].key == key:
                mark(book, key)
    note_span(s)


def note_span(s: Any) -> None:
    """Notes the best prices of our resting orders, and between which keys all of them lie."""
    exchange = s.exchange
    orders = s.desk.orders
    bids = exchange.bid_count
    asks = exchange.ask_count
    exchange.our_bid = orders[exchange.resting[0]].tick if bids > 0 else NO_BID
    exchange.our_ask = orders[exchange.resting[exchange.room]].tick if asks > 0 else NO_ASK
    exchange.low = 0
    exchange.high = -1
    if bids > 0:
        exchange.low = (orders[exchange.resting[bids - 1]].tick - exchange.base) * 2
        exchange.high = (exchange.our_bid - exchange.base) * 2
    if asks > 0:
        exchange.high = (orders[exchange.resting[exchange.room + asks - 1]].tick - exchange.base) * 2 + 1
        if bids == 0:
            exchange.low = (exchange.our_ask - exchange.base) * 2 + 1


def mark(book: Any, key: int) -> None:
    """Marks a level where an order of ours rests: a change of it concerns the queue. Its lots are then -1 - what stands there."""
    if key >= 0 and book[key] >= 0:
        book[key] = -1 - book[key]


def mark_all(s: Any, book: Any) -> None:
    """Marks the levels of all our resting orders, in a book that has lost the marks or has moved."""
    exchange = s.exchange
    for side in (1, -1):
        for i in range(first_of(exchange, side), end_of(exchange, side)):
            mark(book, s.desk.orders[exchange.resting[i]].key)
    note_span(s)


def lots_at(book: Any, key: int) -> int:
    """Returns the lots of a level, whether it is marked or not."""
    lots = int(book[key])
    return lots if lots >= 0 else -1 - lots


def level_key(exchange: Any, book: Any, side: int, tick: int) -> int:
    """Returns the place of a level in the venue's book, or -1 outside of its window."""
    key = (tick - exchange.base) * 2
    if side < 0:
        key += 1
    if 0 <= key < len(book):
        return int(key)
    return -1


def opposite(exchange: Any, side: int) -> int:
    """Returns the best price that our orders of a side would trade with."""
    return int(exchange.best_ask) if side > 0 else int(exchange.best_bid)


def arrive(s: Any, book: Any, log: Any, now: int) -> None:
    """Takes the next request: an order is refused, takes, or rests; a cancel finds its order or comes too late."""
    desk = s.desk
    exchange = s.exchange
    request = desk.sent[desk.sent_first & desk.mask]
    desk.sent_first += 1
    place = request.place
    order = desk.orders[place]
    if request.kind != PLACING:
        withdraw(s, book, now, place, request.id)
        return
    order.open = order.lots
    crosses = (order.tick - opposite(exchange, order.side)) * order.side >= 0
    if order.kind == POST_ONLY and crosses:
        exchange.rejected += 1
        order.open = 0
        answer(s, now, place, REFUSED, order.tick, 0, 1)
        return
    if order.kind == MARKET or crosses:
        exchange.mid_bid = exchange.best_bid
        exchange.mid_ask = exchange.best_ask
        take(s, book, log, now, place)
        if order.open == 0:
            return
        if order.kind == MARKET:
            exchange.expired += 1
            order.open = 0
            answer(s, now, place, LAPSED, order.tick, 0, 0)
            return
    order.key = level_key(exchange, book, order.side, order.tick)
    ahead = 0.0
    if order.key >= 0:
        ahead = in_base(s.market, lots_at(book, order.key))
    order.traded = 0.0
    rest(s, order, ahead)
    rank(s, book, place)
    answer(s, now, place, ACCEPTED, order.tick, 0, 1)


def withdraw(s: Any, book: Any, now: int, place: int, id: int) -> None:
    """Cancels a resting order, or answers that there is none."""
    exchange = s.exchange
    order = s.desk.orders[place]
    kind = NOT_FOUND
    if order.id == id and order.open > 0:
        kind = WITHDRAWN
        order.open = 0
        exchange.cancelled += 1
        for i in range(first_of(exchange, order.side), end_of(exchange, order.side)):
            if exchange.resting[i] == place:
                unrank(s, book, order.side, i)
                break
    answer(s, now, place, kind, order.tick, 0, 1)


def take(s: Any, book: Any, log: Any, now: int, place: int) -> None:
    """An order that crosses takes from the other side: level by level, or (partial_fills off) whole at the best price."""
    exchange = s.exchange
    order = s.desk.orders[place]
    side = order.side
    tick = opposite(exchange, side)
    if tick in (NO_BID, NO_ASK):
        return
    if not exchange.partial_fills:
        execute(s, log, now, place, tick, order.open, 0)
        return
    skip = exchange.taken_asks if side > 0 else exchange.taken_bids
    while order.open > 0 and (order.kind == MARKET or (order.tick - tick) * side >= 0):
        key = level_key(exchange, book, -side, tick)
        if key < 0:
            return
        there = lots_at(book, key)
        used = min(skip, there)
        skip -= used
        lots = min(there - used, order.open)
        if lots > 0:
            count_taken(exchange, side, lots)
            execute(s, log, now, place, tick, lots, 0)
        tick += side


def count_taken(exchange: Any, side: int, lots: int) -> None:
    """Notes that our orders of a side took lots which the recorded book goes on to show."""
    if side > 0:
        exchange.taken_asks += lots
    else:
        exchange.taken_bids += lots


def hit(s: Any, book: Any, log: Any, now: int, side: int, tick: int, lots: int) -> None:
    """An aggressor traded `lots` at `tick` with our side: our better prices execute, orders at the price move up their queue."""
    exchange = s.exchange
    left = lots
    i = first_of(exchange, side)
    end = end_of(exchange, side)
    while i < end:
        place = exchange.resting[i]
        order = s.desk.orders[place]
        if (order.tick - tick) * side < 0:
            return
        done = reached(s, order, tick, lots, left)
        if done > 0:
            left -= done
            execute(s, log, now, place, order.tick, done, 1)
        if order.open == 0:
            unrank(s, book, side, i)
            end -= 1
        else:
            i += 1


def reached(s: Any, order: Any, tick: int, lots: int, left: int) -> int:
    """Returns how much of an order a trade of `lots` at `tick` executes; `left` is not yet used up by better orders."""
    partial = s.exchange.partial_fills
    beyond = left
    if order.tick == tick:
        trade(s, order, in_base(s.market, lots))
        if partial:
            order.front += in_base(s.market, lots - left)  # that part went to better orders of ours
        past = -order.front / s.market.lot_size
        if past < 0.5:
            return 0
        beyond = int(past + 0.5)
    if not partial:
        return int(order.open)
    if order.tick == tick:
        order.front = 0.0
    return int(min(beyond, left, order.open))


def in_base(market: Any, lots: int) -> float:
    """Returns lots in base currency as their decimals parse: nine lots of 0.001 are 0.009, not 9 * 0.001."""
    if market.lots_per_unit > 0.0:
        return float(lots / market.lots_per_unit)
    return float(lots * market.lot_size)


def cross(s: Any, book: Any, log: Any, now: int, side: int) -> None:
    """After a change of the book: our orders of a side that the other side's best price has reached execute."""
    exchange = s.exchange
    orders = s.desk.orders
    i = first_of(exchange, side)
    end = end_of(exchange, side)
    best = opposite(exchange, side)
    if i == end or (orders[exchange.resting[i]].tick - best) * side < 0:
        if side > 0:
            exchange.taken_asks = 0
        else:
            exchange.taken_bids = 0
        return
    while i < end:
        place = exchange.resting[i]
        order = orders[place]
        if (order.tick - best) * side < 0:
            return
        lots = order.open
        if exchange.partial_fills:
            lots = min(lots, shown(exchange, book, side, best, order.tick))
            count_taken(exchange, side, lots)
        if lots > 0:
            execute(s, log, now, place, order.tick, lots, 1)
        if order.open == 0:
            unrank(s, book, side, i)
            end -= 1
        else:
            i += 1


def shown(exchange: Any, book: Any, side: int, best: int, limit: int) -> int:
    """Returns the lots from the other side's best price up to a limit that our orders have not taken yet."""
    found = -exchange.taken_asks if side > 0 else -exchange.taken_bids
    tick = best
    while (limit - tick) * side >= 0:
        key = level_key(exchange, book, -side, tick)
        if key < 0:
            break
        found += lots_at(book, key)
        tick += side
    return int(max(found, 0))


def change(s: Any, key: int, previous: int, new: int) -> None:
    """A marked level goes from `previous` to `new` lots: the queue model hears of it for each order that rests there."""
    exchange = s.exchange
    orders = s.desk.orders
    side = -1 if key & 1 else 1
    for i in range(first_of(exchange, side), end_of(exchange, side)):
        order = orders[exchange.resting[i]]
        if order.key == key:
            depth_change(s, order, in_base(s.market, previous), in_base(s.market, new))
