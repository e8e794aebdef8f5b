"""The venue's side: orders arrive, rest, queue and execute against a replayed book."""

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
        last = exchange.answer_time[(end - 1) & exchange.mask]
        if time < last:
            time = last
    at = end & exchange.mask
    exchange.answer_time[at] = time
    exchange.answer_place[at] = place
    exchange.answer_id[at] = s.desk.orders[place].id
    exchange.answer_kind[at] = kind
    exchange.answer_tick[at] = tick
    exchange.answer_lots[at] = lots
    exchange.answer_maker[at] = maker
    exchange.answer_end = end + 1
    return int(time)


def execute(s: Any, log: Any, now: int, place: int, tick: int, lots: int, maker: int) -> None:
    """Executes `lots` of an order at `tick`: an answer, and a row of the fill log."""
    order = s.desk.orders[place]
    order.open -= lots
    known = answer(s, now, place, EXECUTED, tick, lots, maker)
    exchange = s.exchange
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


def rank(s: Any, place: int) -> None:
    """Enters a resting order into its side: best price first, oldest first at one price."""
    exchange = s.exchange
    orders = s.desk.orders
    tick = orders[place].tick
    if orders[place].side > 0:
        i = exchange.bid_count
        while i > 0 and orders[exchange.bids[i - 1]].tick < tick:
            exchange.bids[i] = exchange.bids[i - 1]
            i -= 1
        exchange.bids[i] = place
        exchange.bid_count += 1
    else:
        i = exchange.ask_count
        while i > 0 and orders[exchange.asks[i - 1]].tick > tick:
            exchange.asks[i] = exchange.asks[i - 1]
            i -= 1
        exchange.asks[i] = place
        exchange.ask_count += 1


def unrank_bid(exchange: Any, at: int) -> None:
    """Takes the bid at position `at` out."""
    exchange.bid_count -= 1
    for i in range(at, exchange.bid_count):
        exchange.bids[i] = exchange.bids[i + 1]


def unrank_ask(exchange: Any, at: int) -> None:
    """Takes the ask at position `at` out."""
    exchange.ask_count -= 1
    for i in range(at, exchange.ask_count):
        exchange.asks[i] = exchange.asks[i + 1]


def level_key(view: Any, book: Any, side: int, tick: int) -> int:
    """Returns the place of a level in the book whose base `view` has, or -1 outside of its window."""
    key = (tick - view.base) * 2
    if side < 0:
        key += 1
    if 0 <= key < len(book):
        return int(key)
    return -1


def arrive(s: Any, book: Any, log: Any, now: int) -> None:
    """Takes the next request: an order is refused, takes, or rests; a cancel finds its order or comes too late."""
    desk = s.desk
    exchange = s.exchange
    at = desk.sent_first & desk.mask
    desk.sent_first += 1
    place = desk.sent_place[at]
    order = desk.orders[place]
    if desk.sent_kind[at] != PLACING:
        withdraw(s, now, place, desk.sent_id[at])
        return
    order.open = order.lots
    crosses = order.tick >= exchange.best_ask if order.side > 0 else order.tick <= exchange.best_bid
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
        ahead = float(book[order.key])
    order.traded = 0.0
    rest(s, order, ahead)
    rank(s, place)
    answer(s, now, place, ACCEPTED, order.tick, 0, 1)


def withdraw(s: Any, now: int, place: int, id: int) -> None:
    """Cancels a resting order, or answers that there is none."""
    exchange = s.exchange
    orders = s.desk.orders
    if orders[place].id == id and orders[place].open > 0:
        for i in range(exchange.bid_count):
            if exchange.bids[i] == place:
                unrank_bid(exchange, i)
                break
        for i in range(exchange.ask_count):
            if exchange.asks[i] == place:
                unrank_ask(exchange, i)
                break
        orders[place].open = 0
        exchange.cancelled += 1
        answer(s, now, place, WITHDRAWN, orders[place].tick, 0, 1)
    else:
        answer(s, now, place, NOT_FOUND, orders[place].tick, 0, 1)


def take(s: Any, book: Any, log: Any, now: int, place: int) -> None:
    """An order that crosses takes from the other side: level by level, or (partial_fills off) whole at the best price."""
    exchange = s.exchange
    order = s.desk.orders[place]
    base = exchange.base
    if not exchange.partial_fills:
        best = exchange.best_ask if order.side > 0 else exchange.best_bid
        if NO_BID < best < NO_ASK:
            execute(s, log, now, place, best, order.open, 0)
        return
    if order.side > 0:
        tick = exchange.best_ask
        skip = exchange.taken_asks
        while order.open > 0 and tick - base < len(book) // 2 and (order.kind == MARKET or tick <= order.tick):
            lots = book[(tick - base) * 2 + 1]
            used = min(skip, lots)
            skip -= used
            lots = min(lots - used, order.open)
            if lots > 0:
                exchange.taken_asks += lots
                execute(s, log, now, place, tick, lots, 0)
            tick += 1
    else:
        tick = exchange.best_bid
        skip = exchange.taken_bids
        while order.open > 0 and tick >= base and (order.kind == MARKET or tick >= order.tick):
            lots = book[(tick - base) * 2]
            used = min(skip, lots)
            skip -= used
            lots = min(lots - used, order.open)
            if lots > 0:
                exchange.taken_bids += lots
                execute(s, log, now, place, tick, lots, 0)
            tick -= 1


def hit_bids(s: Any, log: Any, now: int, tick: int, lots: int) -> None:
    """An aggressive seller traded `lots` at `tick`: our bids above it execute, those at it move up their queue."""
    exchange = s.exchange
    left = lots
    i = 0
    while i < exchange.bid_count:
        place = exchange.bids[i]
        order = s.desk.orders[place]
        if order.tick < tick:
            break
        done = reached(s, order, tick, lots, left)
        if done > 0:
            left -= done
            execute(s, log, now, place, order.tick, done, 1)
        if order.open == 0:
            unrank_bid(exchange, i)
        else:
            i += 1


def hit_asks(s: Any, log: Any, now: int, tick: int, lots: int) -> None:
    """An aggressive buyer traded `lots` at `tick`: our asks below it execute, those at it move up their queue."""
    exchange = s.exchange
    left = lots
    i = 0
    while i < exchange.ask_count:
        place = exchange.asks[i]
        order = s.desk.orders[place]
        if order.tick > tick:
            break
        done = reached(s, order, tick, lots, left)
        if done > 0:
            left -= done
            execute(s, log, now, place, order.tick, done, 1)
        if order.open == 0:
            unrank_ask(exchange, i)
        else:
            i += 1


def reached(s: Any, order: Any, tick: int, lots: int, left: int) -> int:
    """Returns the lots of an order that a trade of `lots` at `tick` executes, `left` of them not yet used up by better orders."""
    if order.tick == tick:
        trade(s, order, float(lots))
        if s.exchange.partial_fills:
            order.front += lots - left  # that part went to better orders of ours
        if order.front > -0.5:
            return 0
        beyond = int(0.5 - order.front)
    else:
        beyond = left
    if not s.exchange.partial_fills:
        return int(order.open)
    if order.tick == tick:
        order.front = 0.0
    return int(min(beyond, left, order.open))


def cross(s: Any, book: Any, log: Any, now: int) -> None:
    """After a change of the book: our orders that the other side's best price has reached execute."""
    exchange = s.exchange
    orders = s.desk.orders
    base = exchange.base
    if exchange.bid_count > 0 and exchange.best_ask <= orders[exchange.bids[0]].tick:
        i = 0
        while i < exchange.bid_count:
            place = exchange.bids[i]
            order = orders[place]
            if order.tick < exchange.best_ask:
                break
            lots = order.open
            if exchange.partial_fills:
                resting = -exchange.taken_asks
                for tick in range(exchange.best_ask, min(order.tick + 1, base + len(book) // 2)):
                    resting += book[(tick - base) * 2 + 1]
                lots = min(lots, max(resting, 0))
                exchange.taken_asks += lots
            if lots > 0:
                execute(s, log, now, place, order.tick, lots, 1)
            if order.open == 0:
                unrank_bid(exchange, i)
            else:
                i += 1
    else:
        exchange.taken_asks = 0
    if exchange.ask_count > 0 and exchange.best_bid >= orders[exchange.asks[0]].tick:
        i = 0
        while i < exchange.ask_count:
            place = exchange.asks[i]
            order = orders[place]
            if order.tick > exchange.best_bid:
                break
            lots = order.open
            if exchange.partial_fills:
                resting = -exchange.taken_bids
                for tick in range(max(order.tick, base), exchange.best_bid + 1):
                    resting += book[(tick - base) * 2]
                lots = min(lots, max(resting, 0))
                exchange.taken_bids += lots
            if lots > 0:
                execute(s, log, now, place, order.tick, lots, 1)
            if order.open == 0:
                unrank_ask(exchange, i)
            else:
                i += 1
    else:
        exchange.taken_bids = 0


def watch(s: Any, book: Any) -> None:
    """Before rows are stored: remembers the lots at our levels and marks them, so that touched ones show."""
    exchange = s.exchange
    orders = s.desk.orders
    for i in range(exchange.bid_count):
        order = orders[exchange.bids[i]]
        if order.key >= 0:
            order.seen = book[order.key]
    for i in range(exchange.ask_count):
        order = orders[exchange.asks[i]]
        if order.key >= 0:
            order.seen = book[order.key]
    for i in range(exchange.bid_count):
        key = orders[exchange.bids[i]].key
        if key >= 0:
            book[key] = -1
    for i in range(exchange.ask_count):
        key = orders[exchange.asks[i]].key
        if key >= 0:
            book[key] = -1


def queue(s: Any, book: Any) -> None:
    """After rows are stored: levels still marked were not touched and are restored; the queue model hears of the others."""
    exchange = s.exchange
    orders = s.desk.orders
    for i in range(exchange.bid_count):
        untouched(orders[exchange.bids[i]], book)
    for i in range(exchange.ask_count):
        untouched(orders[exchange.asks[i]], book)
    for i in range(exchange.bid_count):
        requeue(s, book, orders[exchange.bids[i]])
    for i in range(exchange.ask_count):
        requeue(s, book, orders[exchange.asks[i]])


def untouched(order: Any, book: Any) -> None:
    """Turns `seen` negative where the level still carries the mark; several orders may share a level."""
    if order.key >= 0 and book[order.key] == -1:
        order.seen = -1 - order.seen


def requeue(s: Any, book: Any, order: Any) -> None:
    """Restores an untouched level, or tells the queue model how the level of this order changed."""
    if order.key >= 0:
        if order.seen < 0:
            book[order.key] = -1 - order.seen
        else:
            depth_change(s, order, float(order.seen), float(book[order.key]))
