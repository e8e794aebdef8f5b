"""The loop over a world without a book: one path of mid prices, quotes that fill by chance (Avellaneda & Stoikov 2008, 3.3)."""

import math
from typing import Any

from mmkit.engine.grid import lot_at
from mmkit.engine.ledger import book_fill
from mmkit.engine.logs import FILL_COLUMNS
from mmkit.engine.noting import note_decision, started_at, took
from mmkit.engine.orders import forget
from mmkit.engine.places import decide, fill_probability, on_book, on_clock, on_fill, watch
from mmkit.engine.recording import record_quotes
from mmkit.engine.records import FILLED, QUOTE


def walk(mids: Any, draws: Any, dt: float, step: int, s: Any, book: Any, log: Any) -> None:
    """Runs one path: at each step decide, fill each side by chance, move.

    mids: N + 1 prices in quote currency; draws: 2 N uniform numbers, bid and ask of each step; dt: seconds, step: ns.
    """
    market = s.market
    clock = s.clock
    ladder = s.ladder
    for i in range(len(mids) - 1):
        if clock.stop or clock.fault:
            return
        mid = mids[i]
        market.now = i * step
        place_mid(market, mid)
        if s.reading.hears_book:
            on_book(s, s, book)
        on_clock(s, s, book)
        if clock.watches:
            watch(s, log)
            close_at_mid(s, book, log, mid)
        if market.now >= clock.next_record:
            record_step(s, log)
            clock.next_record += clock.record_every
        ladder.levels = 0
        clock.decisions += 1
        begun = started_at(s)
        decide(s, book)
        took(log, begun)
        if clock.fault:
            return
        note_decision(s, log)
        count_spread(s)
        for level in range(ladder.levels):
            if ladder.bid_lots[level] > 0:
                distance = mid - ladder.bid_ticks[level] * market.tick_size
                if draws[2 * i] < fill_probability(s, distance, dt):
                    fill(s, book, log, mid, 1, ladder.bid_ticks[level], ladder.bid_lots[level], 1)
            if ladder.ask_lots[level] > 0:
                distance = ladder.ask_ticks[level] * market.tick_size - mid
                if draws[2 * i + 1] < fill_probability(s, distance, dt):
                    fill(s, book, log, mid, -1, ladder.ask_ticks[level], ladder.ask_lots[level], 1)
    market.now = (len(mids) - 1) * step
    place_mid(market, mids[len(mids) - 1])
    record_step(s, log)


def place_mid(market: Any, mid: float) -> None:
    """Shows a mid price to the rules: best bid and ask are both the mid."""
    market.updated = market.now
    market.mid = mid
    market.bid = mid
    market.ask = mid
    market.bid_ticks = int(math.floor(mid / market.tick_size))
    market.ask_ticks = int(math.ceil(mid / market.tick_size))
    if market.per_lot > 0.0:
        lot_at(market)


def count_spread(s: Any) -> None:
    """Adds the distance between the inner quotes, where there are two."""
    ladder = s.ladder
    if ladder.levels > 0 and ladder.bid_lots[0] > 0 and ladder.ask_lots[0] > 0:
        s.clock.quoted += 1
        s.clock.spread += (ladder.ask_ticks[0] - ladder.bid_ticks[0]) * s.market.tick_size


def close_at_mid(s: Any, book: Any, log: Any, mid: float) -> None:
    """Executes what closes the position: there is no book here, so it is the mid's tick that is worse for us, at once."""
    desk = s.desk
    while desk.sent_first != desk.sent_end:
        order = desk.orders[desk.sent[desk.sent_first & desk.mask].place]
        desk.sent_first += 1
        tick = s.market.ask_ticks if order.side > 0 else s.market.bid_ticks
        s.desk.cause = order.cause
        fill(s, book, log, mid, order.side, tick, order.lots, 0)
        s.desk.cause = QUOTE
        order.state = FILLED
    forget(desk)


def fill(s: Any, book: Any, log: Any, mid: float, side: int, tick: int, lots: int, maker: int) -> None:
    """Executes an order: known at once."""
    at = log.fills * FILL_COLUMNS
    now = s.market.now
    log.fill[at] = now
    log.fill[at + 1] = now
    log.fill[at + 2] = side
    log.fill[at + 3] = tick
    log.fill[at + 4] = lots
    log.fill[at + 5] = s.desk.next_id
    log.fill[at + 6] = maker
    log.fill[at + 7] = s.desk.cause
    log.fill[at + 8] = s.clock.path
    log.fill[at + 9] = 0
    log.fill_mid[log.fills] = mid
    log.fills += 1
    s.desk.next_id += 1
    book_fill(s, s, log, side, tick, lots, maker)
    on_fill(s, s, book)


def record_step(s: Any, log: Any) -> None:
    """Writes the state as it is now: our quotes are the wanted ones."""
    ladder = s.ladder
    tick_size = s.market.tick_size
    bid = math.nan
    ask = math.nan
    if ladder.levels > 0 and ladder.bid_lots[0] > 0:
        bid = ladder.bid_ticks[0] * tick_size
    if ladder.levels > 0 and ladder.ask_lots[0] > 0:
        ask = ladder.ask_ticks[0] * tick_size
    record_quotes(s, log, bid, ask, s.market.mid)
