"""What the market's events do to our resting orders at the venue: trades, changes of their levels, and the other side reaching them."""

from typing import Any

from mmkit.engine.executing import allowed, count_taken, execute
from mmkit.engine.places import depth_change, through, trade
from mmkit.engine.resting import end_of, first_of, in_base, level_key, lots_at, opposite, unrank


def hit(s: Any, leg: Any, book: Any, log: Any, now: int, side: int, tick: int, lots: int) -> None:
    """An aggressor traded `lots` at `tick` with our side: our better prices execute, orders at the price move up their queue."""
    exchange = leg.exchange
    left = lots
    i = first_of(exchange, side)
    end = end_of(exchange, side)
    while i < end:
        place = exchange.resting[i]
        order = leg.desk.orders[place]
        if (order.tick - tick) * side < 0:
            return
        done = allowed(exchange, order, reached(s, leg, order, tick, lots, left))
        if done > 0:
            left -= done
            execute(s, leg, log, now, place, order.tick, done, 1)
        if order.open == 0:
            unrank(leg, book, side, i)
            end -= 1
        else:
            i += 1


def reached(s: Any, leg: Any, order: Any, tick: int, lots: int, left: int) -> int:
    """Returns how much of an order a trade of `lots` at `tick` executes; `left` is not yet used up by better orders."""
    partial = leg.exchange.partial_fills
    beyond = left
    if order.tick == tick:
        trade(s, leg, order, in_base(leg.exchange, lots))
        if partial:
            order.front += in_base(leg.exchange, lots - left)  # that part went to better orders of ours
        past = -order.front / leg.exchange.lot_size
        if past < 0.5:
            return 0
        beyond = int(past + 0.5)
    if not through(s, leg, order, (order.tick - tick) * order.side):
        return 0
    if not partial:
        return int(order.open)
    if order.tick == tick:
        order.front = 0.0
    return int(min(beyond, left, order.open))


def cross(s: Any, leg: Any, book: Any, log: Any, now: int, side: int) -> None:
    """After a change of the book: our orders of a side that the other side's best price has reached execute."""
    exchange = leg.exchange
    orders = leg.desk.orders
    i = first_of(exchange, side)
    end = end_of(exchange, side)
    best = opposite(exchange, side)
    met = False
    while i < end:
        place = exchange.resting[i]
        order = orders[place]
        if (order.tick - best) * side < 0:
            break
        if not through(s, leg, order, (order.tick - best) * side):
            i += 1
            continue
        met = True
        lots = allowed(exchange, order, order.open)
        if exchange.partial_fills:
            lots = min(lots, shown(exchange, book, side, best, order.tick))
            count_taken(exchange, side, lots)
        if lots > 0:
            execute(s, leg, log, now, place, order.tick, lots, 1)
        if order.open == 0:
            unrank(leg, book, side, i)
            end -= 1
        else:
            i += 1
    if not met:
        if side > 0:
            exchange.taken_asks = 0
        else:
            exchange.taken_bids = 0


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


def change(s: Any, leg: Any, key: int, previous: int, new: int) -> None:
    """A marked level goes from `previous` to `new` lots: the queue model hears of it for each order that rests there."""
    exchange = leg.exchange
    orders = leg.desk.orders
    side = -1 if key & 1 else 1
    for i in range(first_of(exchange, side), end_of(exchange, side)):
        order = orders[exchange.resting[i]]
        if order.key == key:
            depth_change(s, leg, order, in_base(leg.exchange, previous), in_base(leg.exchange, new))
