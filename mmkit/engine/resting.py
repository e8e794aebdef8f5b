"""Our resting orders at the venue: in which order they stand, and the marks of their levels in its book.

Both sides are one code: `side` is +1 for our bids and -1 for our asks, and (a - b) * side > 0 says that price a is better for us to trade
at first than b. Our resting orders stand in `exchange.resting`, bids from place 0, asks from `room`, best price first, then oldest.
"""

from typing import Any

from mmkit.engine.records import NO_ASK, NO_BID


def first_of(exchange: Any, side: int) -> int:
    """Returns where a side begins in `resting`."""
    return 0 if side > 0 else int(exchange.room)


def end_of(exchange: Any, side: int) -> int:
    """Returns where a side ends in `resting`."""
    return int(exchange.bid_count) if side > 0 else int(exchange.room + exchange.ask_count)


def rank(leg: Any, book: Any, place: int) -> None:
    """Enters a resting order into its side, and marks its level."""
    exchange = leg.exchange
    orders = leg.desk.orders
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
    note_span(leg)


def unrank(leg: Any, book: Any, side: int, at: int) -> None:
    """Takes the order at position `at` of `resting` out of its side; its level stays marked while another order of ours is there."""
    exchange = leg.exchange
    orders = leg.desk.orders
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
    note_span(leg)


def note_span(leg: Any) -> None:
    """Notes the best prices of our resting orders, and between which keys all of them lie."""
    exchange = leg.exchange
    orders = leg.desk.orders
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


def mark_all(leg: Any, book: Any) -> None:
    """Marks the levels of all our resting orders, in a book that has lost the marks or has moved."""
    exchange = leg.exchange
    for side in (1, -1):
        for i in range(first_of(exchange, side), end_of(exchange, side)):
            mark(book, leg.desk.orders[exchange.resting[i]].key)
    note_span(leg)


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


def in_base(exchange: Any, lots: int) -> float:
    """Returns lots in base currency as their decimals parse: nine lots of 0.001 are 0.009, not 9 * 0.001."""
    if exchange.lots_per_unit > 0.0:
        return float(lots / exchange.lots_per_unit)
    return float(lots * exchange.lot_size)
