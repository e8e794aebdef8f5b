"""What arrives at the venue: orders are refused, take, or rest; cancels and amendments find their order or come too late."""

from typing import Any

from mmkit.engine.executing import allowed, answer, count_taken, execute
from mmkit.engine.funds import payable, reach, short_of_funds, too_small
from mmkit.engine.places import rest
from mmkit.engine.records import (
    ACCEPTED,
    AMEND_KEEP,
    AMEND_NONE,
    AMENDED,
    CANCELLING,
    CLOSE,
    LAPSED,
    MARKET,
    NO_ASK,
    NO_BID,
    NOT_AMENDED,
    NOT_FOUND,
    PLACING,
    POST_ONLY,
    REFUSED,
    WITHDRAWN,
)
from mmkit.engine.resting import end_of, first_of, in_base, level_key, lots_at, opposite, rank, unrank


def arrive(s: Any, leg: Any, book: Any, log: Any, now: int) -> None:
    """Takes the next request."""
    desk = leg.desk
    request = desk.sent[desk.sent_first & desk.mask]
    desk.sent_first += 1
    place = request.place
    if request.kind == PLACING:
        desk.orders[place].open = desk.orders[place].lots
        enter(s, leg, book, log, now, place)
    elif request.kind == CANCELLING:
        withdraw(leg, book, now, place, request.id)
    else:
        change_order(s, leg, book, log, now, place, request.id)


def enter(s: Any, leg: Any, book: Any, log: Any, now: int, place: int) -> None:
    """A new order is refused, takes, or rests."""
    exchange = leg.exchange
    order = leg.desk.orders[place]
    crosses = (order.tick - opposite(exchange, order.side)) * order.side >= 0
    if order.kind == POST_ONLY and crosses and exchange.reprice:
        order.tick = opposite(exchange, order.side) - order.side
        leg.desk.amending += 1  # until the answer tells of it, the price that was asked is taken too
        crosses = False
    lots = allowed(exchange, order, order.open)
    if (order.kind == POST_ONLY and crosses) or lots == 0 or (exchange.bounded and unfit(leg, order, lots)):
        exchange.rejected += 1
        order.open = 0
        answer(leg, now, place, REFUSED, order.tick, 0, 1)
        return
    if lots < order.open:  # what only reduces is no more than there is to reduce
        order.open = lots
        answer(leg, now, place, AMENDED, order.tick, lots, 1)
    if order.kind == MARKET or crosses:
        exchange.mid_bid = exchange.best_bid
        exchange.mid_ask = exchange.best_ask
        take(s, leg, book, log, now, place)
        if order.open == 0:
            return
        if order.kind == MARKET:
            exchange.expired += 1
            order.open = 0
            answer(leg, now, place, LAPSED, order.tick, 0, 0)
            return
    stand(s, leg, book, place)
    answer(leg, now, place, ACCEPTED, order.tick, 0, 1)


def unfit(leg: Any, order: Any, lots: int) -> bool:
    """Returns whether the venue refuses a new order of `lots`: below its least, or more than the account can pay."""
    exchange = leg.exchange
    small = order.cause != CLOSE and too_small(exchange, reach(exchange, order), lots)
    return bool(small or short_of_funds(leg, order, lots))


def stand(s: Any, leg: Any, book: Any, place: int) -> None:
    """An order comes to rest behind all that is at its price."""
    exchange = leg.exchange
    order = leg.desk.orders[place]
    order.key = level_key(exchange, book, order.side, order.tick)
    ahead = 0.0
    if order.key >= 0:
        ahead = in_base(exchange, lots_at(book, order.key))
    order.traded = 0.0
    rest(s, leg, order, ahead)
    rank(leg, book, place)


def withdraw(leg: Any, book: Any, now: int, place: int, id: int) -> None:
    """Cancels a resting order, or answers that there is none."""
    order = leg.desk.orders[place]
    kind = NOT_FOUND
    if order.id == id and order.open > 0:
        kind = WITHDRAWN
        order.open = 0
        leg.exchange.cancelled += 1
        take_away(leg, book, place)
    answer(leg, now, place, kind, order.tick, 0, 1)


def take_away(leg: Any, book: Any, place: int) -> None:
    """A resting order rests no more."""
    exchange = leg.exchange
    side = leg.desk.orders[place].side
    for i in range(first_of(exchange, side), end_of(exchange, side)):
        if exchange.resting[i] == place:
            unrank(leg, book, side, i)
            return


def change_order(s: Any, leg: Any, book: Any, log: Any, now: int, place: int, id: int) -> None:
    """An amendment: refused, too late, or the order stands anew: at the back of the queue unless the venue lets it keep its place.

    Nothing left to execute, or a post-only order that would take: the rest of the order is cancelled (as Binance's futures do).
    """
    exchange = leg.exchange
    order = leg.desk.orders[place]
    if order.id != id or order.open == 0:
        answer(leg, now, place, NOT_FOUND, order.tick, 0, 1)
        return
    if leg.desk.amend == AMEND_NONE:
        answer(leg, now, place, NOT_AMENDED, order.tick, 0, 1)
        return
    before = order.open
    executed = order.lots - before
    left = allowed(exchange, order, order.asked_lots - executed)
    tick = order.asked_tick
    crosses = (tick - opposite(exchange, order.side)) * order.side >= 0
    if left <= 0 or (order.kind == POST_ONLY and crosses):
        withdraw(leg, book, now, place, id)
        return
    if exchange.bounded and unaffordable(leg, order, tick, left):
        answer(leg, now, place, NOT_AMENDED, order.tick, 0, 1)
        return
    exchange.amended += 1
    if leg.desk.amend == AMEND_KEEP and tick == order.tick and left <= before:
        order.open = left
        answer(leg, now, place, AMENDED, tick, executed + left, 1)
        return
    take_away(leg, book, place)
    order.asked_tick = order.tick
    order.tick = tick
    order.open = left
    answer(leg, now, place, AMENDED, tick, executed + left, 1)
    if crosses:
        exchange.mid_bid = exchange.best_bid
        exchange.mid_ask = exchange.best_ask
        take(s, leg, book, log, now, place)
    if order.open > 0:
        stand(s, leg, book, place)


def unaffordable(leg: Any, order: Any, tick: int, left: int) -> bool:
    """Returns whether the venue refuses to amend a resting order to `left` lots at `tick`: what it has now is free for that."""
    before_tick, before = order.tick, order.open
    order.tick = tick
    order.open = 0
    refused = too_small(leg.exchange, tick, left + order.lots - before) or short_of_funds(leg, order, left)
    order.tick = before_tick
    order.open = before
    return bool(refused)


def take(s: Any, leg: Any, book: Any, log: Any, now: int, place: int) -> None:
    """An order that crosses takes from the other side: level by level, or (partial_fills off) whole at the best price."""
    exchange = leg.exchange
    order = leg.desk.orders[place]
    side = order.side
    tick = opposite(exchange, side)
    if tick in (NO_BID, NO_ASK):
        return
    if not exchange.partial_fills:
        execute(s, leg, log, now, place, tick, order.open, 0)
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
        paid = payable(leg, order, tick, lots)
        if paid > 0:
            count_taken(exchange, side, paid)
            execute(s, leg, log, now, place, tick, paid, 0)
        if paid < lots:
            return
        tick += side
