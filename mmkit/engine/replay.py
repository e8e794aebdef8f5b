"""The path of one market event: the loop that replays a tape through a stack.

    venue segments -> exchange (book, queues, our executions) --latency--> answers
    local segments and answers, merged by time -> ledger, signals -> decision or record when due -> requests --latency--> venue

Between two decisions nothing new reaches the venue, so it runs first, up to the next decision; then what we could know follows in
order of local time. At equal times: local feed, answers, venue feed, requests, decision.
"""

import math
from typing import Any

from mmkit.engine.matching import arrive, change, cross, hit, mark_all
from mmkit.engine.noting import note_decision, started_at, took
from mmkit.engine.orders import answered, forget
from mmkit.engine.places import decide, next_time, on_book, on_clock, on_depth, on_trade, record_signals
from mmkit.engine.records import NEVER, NO_ASK, NO_BID, RECORD_COLUMNS, WORKING
from mmkit.tape import CLEARED_BIDS, DEPTH, INVALID, MORE, TRADE_BUY, TRADE_SELL
from mmkit.tape import NO_ASK as NO_ASK_TICK
from mmkit.tape import NO_BID as NO_BID_TICK

DONE, NEED_LOCAL, NEED_VENUE, FULL, STOPPED = range(5)
"""Why the loop returns: the end, a stream's next chunk is needed, the log is to be collected, a fault or an interruption."""

TIMER, BOOK, TRADE = 1, 2, 4
"""What can trigger a decision."""


def replay(local: Any, venue: Any, local_book: Any, venue_book: Any, s: Any, log: Any) -> int:
    """Runs until a stream is used up, the log is full, or nothing is left; call again to go on."""
    clock = s.clock
    desk = s.desk
    exchange = s.exchange
    while True:
        if clock.stop or clock.fault or desk.fault or exchange.fault:
            return STOPPED
        if log.records >= log.record_capacity - 1 or log.events > log.event_capacity // 2:
            return FULL
        until = min(clock.next_timer, clock.next_record)
        if clock.triggers & (BOOK | TRADE):
            if clock.next_event == NEVER:
                event = next_trigger(local, clock, until)
                if event < 0:
                    return NEED_LOCAL
                clock.next_event = event
            until = min(until, clock.next_event)
        code = run_venue(venue, venue_book, s, log, until)
        if code != DONE:
            return code
        code = run_local(local, local_book, s, log, until)
        if code != DONE:
            return code
        if (
            clock.local_over
            and clock.venue_over
            and clock.local == local.count
            and clock.venue == venue.count
            and desk.sent_first == desk.sent_end
            and exchange.answer_first == exchange.answer_end
        ):
            s.market.now = last_time(local, venue, s)
            on_clock(s, local_book)
            record(s, log)
            return DONE
        s.market.now = until
        on_clock(s, local_book)
        if until == clock.next_record:
            record(s, log)
            clock.next_record += clock.record_every
        if until == clock.next_timer or until == clock.next_event:
            forget(desk)
            if s.market.bid_ticks != NO_BID and s.market.ask_ticks != NO_ASK:
                clock.decisions += 1
                begun = started_at(s)
                decide(s, local_book)
                took(log, begun)
                note_decision(s, log)
            clock.next_event = NEVER
            if until == clock.next_timer:
                clock.next_timer = next_time(s)


def last_time(local: Any, venue: Any, s: Any) -> int:
    """Returns the time of the last thing that happened: a market event, a request or an answer."""
    desk = s.desk
    exchange = s.exchange
    last = s.market.start
    if local.count > 0:
        last = max(last, local.segments[local.count - 1].ts)
    if venue.count > 0:
        last = max(last, venue.segments[venue.count - 1].ts)
    if desk.sent_end > 0:
        last = max(last, desk.sent[(desk.sent_end - 1) & desk.mask].time)
    if exchange.answer_end > 0:
        last = max(last, exchange.answers[(exchange.answer_end - 1) & exchange.mask].time)
    return int(last)


def next_trigger(local: Any, clock: Any, until: int) -> int:
    """Returns the time of the next local event up to `until` that triggers a decision, NEVER if there is none, -1 to read on first."""
    i = clock.local
    while i < local.count:
        segment = local.segments[i]
        if segment.ts > until:
            return NEVER
        if segment.kind in (TRADE_BUY, TRADE_SELL):
            if clock.triggers & TRADE:
                return int(segment.ts)
        elif clock.triggers & BOOK and not segment.flag & MORE:
            return int(segment.ts)
        i += 1
    return NEVER if clock.local_over else -1


def run_venue(venue: Any, book: Any, s: Any, log: Any, until: int) -> int:
    """Takes the venue's events and our requests up to `until`; feed before requests at equal times."""
    clock = s.clock
    desk = s.desk
    exchange = s.exchange
    segments, key, lots = venue.segments, venue.key, venue.lots
    base = exchange.base
    count = venue.count
    i = clock.venue
    while True:
        arrival = NEVER
        if desk.sent_first != desk.sent_end:
            arrival = desk.sent[desk.sent_first & desk.mask].time
        stop = min(arrival, until)
        # Numbers of their own and not the record's fields: a segment mostly leaves our orders alone.
        resting = exchange.bid_count + exchange.ask_count > 0
        taken = exchange.taken_asks + exchange.taken_bids > 0
        our_bid, our_ask, low, high = exchange.our_bid, exchange.our_ask, exchange.low, exchange.high
        best_bid, best_ask, valid = exchange.best_bid, exchange.best_ask, exchange.valid
        while i < count:
            segment = segments[i]
            if segment.ts > stop:
                break
            kind = segment.kind
            first = segment.start
            met = False
            if kind == DEPTH:
                end = first + segment.len
                if not resting or not valid:
                    for row in range(first, end):
                        book[key[row]] = lots[row]
                    if resting:
                        mark_all(s, book)
                else:
                    for row in range(first, end):
                        at = key[row]
                        if low <= at <= high and book[at] < 0:
                            change(s, at, -1 - int(book[at]), int(lots[row]))
                            book[at] = -1 - lots[row]
                        else:
                            book[at] = lots[row]
                bid_before, ask_before = best_bid, best_ask
                best_bid = base + segment.bid if segment.bid != NO_BID_TICK else NO_BID
                best_ask = base + segment.ask if segment.ask != NO_ASK_TICK else NO_ASK
                valid = 1 - (segment.flag & INVALID)
                met = resting and valid == 1 and (our_bid >= best_ask or our_ask <= best_bid or taken)
                if met:
                    exchange.mid_bid, exchange.mid_ask = bid_before, ask_before
                    exchange.best_bid, exchange.best_ask = best_bid, best_ask
                    cross(s, book, log, segment.ts, 1)
                    cross(s, book, log, segment.ts, -1)
                elif taken and not resting:
                    exchange.taken_asks, exchange.taken_bids = 0, 0
                    taken = False
            elif kind in (TRADE_BUY, TRADE_SELL):
                if resting and valid:
                    tick = base + (key[first] >> 1)
                    met = our_ask <= tick if kind == TRADE_BUY else our_bid >= tick
                    if met:
                        exchange.mid_bid, exchange.mid_ask = best_bid, best_ask
                        hit(s, book, log, segment.ts, -1 if kind == TRADE_BUY else 1, tick, int(lots[first]))
            else:
                clear(book, kind, key[first] >> 1, best_bid - base, best_ask - base)
                mark_all(s, book)
                best_bid = base + segment.bid if segment.bid != NO_BID_TICK else NO_BID
                best_ask = base + segment.ask if segment.ask != NO_ASK_TICK else NO_ASK
            i += 1
            if met:
                resting = exchange.bid_count + exchange.ask_count > 0
                taken = exchange.taken_asks + exchange.taken_bids > 0
                our_bid, our_ask, low, high = exchange.our_bid, exchange.our_ask, exchange.low, exchange.high
                if log.fills > log.fill_capacity // 2:
                    break
        exchange.best_bid, exchange.best_ask, exchange.valid = best_bid, best_ask, valid
        clock.venue = i
        if log.fills > log.fill_capacity // 2:
            return FULL
        if i == count and not clock.venue_over:
            return NEED_VENUE
        if arrival > until:
            return DONE
        arrive(s, book, log, arrival)
        if exchange.fault or desk.fault:
            return STOPPED


def run_local(local: Any, book: Any, s: Any, log: Any, until: int) -> int:
    """Takes the local feed and the answers up to `until`, in order of time; feed before answers at equal times."""
    clock = s.clock
    exchange = s.exchange
    market = s.market
    segments, key, lots = local.segments, local.key, local.lots
    reads_depth, hears_trades = clock.reads_depth, clock.hears_trades
    hears = clock.hears_book or clock.hears_depth
    quiet = not (reads_depth or hears_trades or hears)
    base = market.base
    count = local.count
    i = clock.local
    while True:
        due = NEVER
        if exchange.answer_first != exchange.answer_end:
            due = exchange.answers[exchange.answer_first & exchange.mask].time
        stop = min(due, until)
        if quiet:
            i = glance(local, market, i, stop)
        while i < count:
            segment = segments[i]
            now = segment.ts
            if now > stop:
                break
            kind = segment.kind
            first = segment.start
            if kind == DEPTH:
                if reads_depth:
                    for row in range(first, first + segment.len):
                        book[key[row]] = lots[row]
                changed = see(market, base, segment.bid, segment.ask)
                if hears:
                    tell(s, book, now, changed, segment.flag)
            elif kind in (TRADE_BUY, TRADE_SELL):
                if hears_trades and not segment.flag & INVALID and market.mid == market.mid:
                    trade = s.trade
                    trade.side = 1 if kind == TRADE_BUY else -1
                    trade.price_ticks = base + (key[first] >> 1)
                    trade.qty_lots = lots[first]
                    trade.price = trade.price_ticks * market.tick_size
                    trade.qty = trade.qty_lots * market.lot_size
                    market.now = now
                    on_trade(s, book)
            else:
                if reads_depth:
                    clear(book, kind, key[first] >> 1, market.bid_ticks - base, market.ask_ticks - base)
                changed = see(market, base, segment.bid, segment.ask)
                if hears:
                    tell(s, book, now, changed, segment.flag)
            i += 1
        clock.local = i
        if i > 0:
            market.updated = segments[i - 1].ts
        if i == count and not clock.local_over:
            return NEED_LOCAL
        if due > until:
            return DONE
        market.now = due
        answered(s, book, log)


def glance(local: Any, market: Any, i: int, stop: int) -> int:
    """Passes over what no rule listens to, up to `stop`, for the best prices at its end; returns the next segment's number."""
    segments = local.segments
    last = -1
    while i < local.count and segments[i].ts <= stop:
        if segments[i].kind != TRADE_BUY and segments[i].kind != TRADE_SELL:
            last = i
        i += 1
    if last >= 0:
        see(market, market.base, segments[last].bid, segments[last].ask)
    return i


def see(market: Any, base: int, bid: int, ask: int) -> bool:
    """Sets the best prices that rules see; returns whether they changed."""
    bid_ticks = base + bid if bid != NO_BID_TICK else NO_BID
    ask_ticks = base + ask if ask != NO_ASK_TICK else NO_ASK
    if bid_ticks == market.bid_ticks and ask_ticks == market.ask_ticks:
        return False
    market.bid_ticks = bid_ticks
    market.ask_ticks = ask_ticks
    show(market)
    return True


def show(market: Any) -> None:
    """Works best prices and mid (quote currency) out from their ticks."""
    market.bid = market.bid_ticks * market.tick_size if market.bid_ticks != NO_BID else math.nan
    market.ask = market.ask_ticks * market.tick_size if market.ask_ticks != NO_ASK else math.nan
    if market.bid_ticks != NO_BID and market.ask_ticks != NO_ASK:
        market.mid = (market.bid_ticks + market.ask_ticks) * market.tick_size / 2.0
    else:
        market.mid = math.nan


def tell(s: Any, book: Any, now: int, changed: bool, flag: int) -> None:
    """Lets the signals hear of a change, once a message is complete and both sides of the book are there."""
    market = s.market
    if market.mid != market.mid or flag & MORE:
        return
    market.now = now
    if s.clock.hears_book and changed:
        on_book(s, book)
    if s.clock.hears_depth:
        on_depth(s, book)


def clear(book: Any, kind: int, tick: int, best_bid: int, best_ask: int) -> None:
    """Removes the bids from the best down to `tick`, or the asks from the best up to it (ticks from the book's base)."""
    if kind == CLEARED_BIDS:
        for level in range(max(tick, 0), min(best_bid, len(book) // 2 - 1) + 1):
            book[2 * level] = 0
    else:
        for level in range(max(best_ask, 0), min(tick, len(book) // 2 - 1) + 1):
            book[2 * level + 1] = 0


def record(s: Any, log: Any) -> None:
    """Writes the state as it is now."""
    market = s.market
    ledger = s.ledger
    exchange = s.exchange
    desk = s.desk
    bid = NO_BID
    ask = NO_ASK
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if order.state == WORKING:
            if order.side > 0:
                bid = max(bid, order.tick)
            else:
                ask = min(ask, order.tick)
    at = log.records * log.record_width
    row = log.record
    log.record_time[log.records] = market.now
    row[at] = market.bid
    row[at + 1] = market.ask
    row[at + 2] = math.nan
    if exchange.best_bid != NO_BID and exchange.best_ask != NO_ASK:
        row[at + 2] = (exchange.best_bid + exchange.best_ask) * market.tick_size / 2.0
    row[at + 3] = bid * market.tick_size if bid != NO_BID else math.nan
    row[at + 4] = ask * market.tick_size if ask != NO_ASK else math.nan
    row[at + 5] = float(ledger.position)
    row[at + 6] = float(ledger.spent)
    row[at + 7] = float(ledger.maker)
    row[at + 8] = float(ledger.taker)
    row[at + 9] = float(s.clock.path)
    record_signals(s, log, at + RECORD_COLUMNS)
    log.records += 1
