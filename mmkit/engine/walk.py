"""The loop over a world without a book: one path of mid prices, quotes that fill by chance (Avellaneda & Stoikov 2008, 3.3)."""

import math
from typing import Any

from mmkit.engine.noting import note_decision, started_at, took
from mmkit.engine.orders import book_fill
from mmkit.engine.places import decide, fill_probability, on_book, on_clock, on_fill, record_signals
from mmkit.engine.records import FILL_COLUMNS, RECORD_COLUMNS


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
        if clock.hears_book:
            on_book(s, book)
        on_clock(s, book)
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
                    fill(s, book, log, mid, 1, ladder.bid_ticks[level], ladder.bid_lots[level])
            if ladder.ask_lots[level] > 0:
                distance = ladder.ask_ticks[level] * market.tick_size - mid
                if draws[2 * i + 1] < fill_probability(s, distance, dt):
                    fill(s, book, log, mid, -1, ladder.ask_ticks[level], ladder.ask_lots[level])
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


def count_spread(s: Any) -> None:
    """Adds the distance between the inner quotes, where there are two."""
    ladder = s.ladder
    if ladder.levels > 0 and ladder.bid_lots[0] > 0 and ladder.ask_lots[0] > 0:
        s.clock.quoted += 1
        s.clock.spread += (ladder.ask_ticks[0] - ladder.bid_ticks[0]) * s.market.tick_size


def fill(s: Any, book: Any, log: Any, mid: float, side: int, tick: int, lots: int) -> None:
    """Executes a quote: known at once."""
    at = log.fills * FILL_COLUMNS
    now = s.market.now
    log.fill[at] = now
    log.fill[at + 1] = now
    log.fill[at + 2] = side
    log.fill[at + 3] = tick
    log.fill[at + 4] = lots
    log.fill[at + 5] = s.desk.next_id
    log.fill[at + 6] = 1
    log.fill[at + 7] = 0
    log.fill[at + 8] = s.clock.path
    log.fill_mid[log.fills] = mid
    log.fills += 1
    s.desk.next_id += 1
    book_fill(s, log, side, tick, lots, 1)
    on_fill(s, book)


def record_step(s: Any, log: Any) -> None:
    """Writes the state as it is now."""
    market = s.market
    ledger = s.ledger
    ladder = s.ladder
    at = log.records * log.record_width
    row = log.record
    log.record_time[log.records] = market.now
    row[at] = market.bid
    row[at + 1] = market.ask
    row[at + 2] = market.mid
    row[at + 3] = math.nan
    row[at + 4] = math.nan
    if ladder.levels > 0 and ladder.bid_lots[0] > 0:
        row[at + 3] = ladder.bid_ticks[0] * market.tick_size
    if ladder.levels > 0 and ladder.ask_lots[0] > 0:
        row[at + 4] = ladder.ask_ticks[0] * market.tick_size
    row[at + 5] = float(ledger.position)
    row[at + 6] = float(ledger.spent)
    row[at + 7] = float(ledger.maker)
    row[at + 8] = float(ledger.taker)
    row[at + 9] = float(s.clock.path)
    record_signals(s, log, at + RECORD_COLUMNS)
    log.records += 1
