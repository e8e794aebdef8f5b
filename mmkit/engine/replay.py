"""The path of one market event: the loop that replays a tape through a stack.

    venue segments -> exchange (book, queues, our executions) --latency--> answers
    local segments and answers, merged by time -> ledger, signals -> decision or record when due -> requests --latency--> venue

Between two decisions nothing new reaches the venue, so it runs first, up to the next decision; then what we could know follows in
order of local time. At equal times: local feed, answers, venue feed, requests, decision.
"""

import math
from typing import Any

from mmkit.engine.arriving import arrive
from mmkit.engine.grid import lot_at
from mmkit.engine.matching import change, cross, hit
from mmkit.engine.orders import answered
from mmkit.engine.places import on_book, on_clock, on_depth, on_trade
from mmkit.engine.records import NEVER, NO_ASK, NO_BID
from mmkit.engine.resting import mark_all
from mmkit.engine.turn import coast, due, end, take_turn
from mmkit.tape import CLEARED_BIDS, DEPTH, INVALID, MORE, TRADE_BUY, TRADE_SELL
from mmkit.tape import NO_ASK as NO_ASK_TICK
from mmkit.tape import NO_BID as NO_BID_TICK

DONE, NEED_LOCAL, NEED_VENUE, FULL, STOPPED, SETTLE = range(6)
"""Why the loop returns: the end, a stream's next chunk is needed, the log is full, a fault or an interruption, funding is due."""


def replay(local: Any, venue: Any, local_book: Any, venue_book: Any, s: Any, log: Any) -> int:
    """Runs until a stream is used up, the log is full, or nothing is left; call again to go on."""
    clock = s.clock
    while True:
        if clock.stop or clock.fault or s.desk.fault or s.exchange.fault:
            return STOPPED
        if log.records >= log.record_capacity - 1 or log.events > log.event_capacity // 2:
            return FULL
        until = due(local, s)
        if until < 0:
            return NEED_LOCAL
        code = run_venue(venue, venue_book, s, s, log, until)
        if code != DONE:
            return code
        until = min(until, clock.next_fill)
        code = run_local(local, local_book, s, s, log, until)
        if code != DONE:
            return code
        if at_end(local, venue, s):
            s.market.now = last_time(local, venue, s)
            on_clock(s, s, local_book)
            end(s, log)
            return DONE
        s.market.now = until
        on_clock(s, s, local_book)
        if until > last_word(local, venue, s):
            coast(s, log, until)
        else:
            take_turn(s, local_book, log, until)


def last_word(local: Any, venue: Any, leg: Any) -> int:
    """Returns by when all that was under way at an instrument's last market event is answered, NEVER while there may be more events."""
    if not (leg.reading.local_over and leg.reading.venue_over):
        return NEVER
    return last_event(local, venue, leg) + int(leg.desk.entry_latency + leg.exchange.response_latency)


def last_event(local: Any, venue: Any, leg: Any) -> int:
    """Returns the time of an instrument's last market event in the chunks at hand."""
    last = leg.market.start
    if local.count > 0:
        last = max(last, local.segments[local.count - 1].ts)
    if venue.count > 0:
        last = max(last, venue.segments[venue.count - 1].ts)
    return int(last)


def at_end(local: Any, venue: Any, leg: Any) -> bool:
    """Returns whether nothing of an instrument is left: no event, no request, no answer."""
    reading = leg.reading
    desk = leg.desk
    exchange = leg.exchange
    return bool(
        reading.local_over
        and reading.venue_over
        and reading.local == local.count
        and reading.venue == venue.count
        and desk.sent_first == desk.sent_end
        and exchange.answer_first == exchange.answer_end
    )


def last_time(local: Any, venue: Any, leg: Any) -> int:
    """Returns the time of the last thing that happened: a market event, a request or an answer."""
    desk = leg.desk
    exchange = leg.exchange
    last = last_event(local, venue, leg)
    if desk.sent_end > 0:
        last = max(last, desk.sent[(desk.sent_end - 1) & desk.mask].time)
    if exchange.answer_end > 0:
        last = max(last, exchange.answers[(exchange.answer_end - 1) & exchange.mask].time)
    return int(last)


def run_venue(venue: Any, book: Any, s: Any, leg: Any, log: Any, until: int) -> int:
    """Takes an instrument's venue events and our requests up to `until`; feed before requests at equal times.

    An execution that somebody listens to ends it where it becomes known.
    """
    clock = s.clock
    reading = leg.reading
    desk = leg.desk
    exchange = leg.exchange
    segments, key, lots = venue.segments, venue.key, venue.lots
    base = exchange.base
    count = venue.count
    i = reading.venue
    while True:
        arrival = NEVER
        if desk.sent_first != desk.sent_end:
            arrival = desk.sent[desk.sent_first & desk.mask].time
        stop = min(arrival, until, clock.next_fill, exchange.settles)
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
                        mark_all(leg, book)
                else:
                    for row in range(first, end):
                        at = key[row]
                        if low <= at <= high and book[at] < 0:
                            change(s, leg, at, -1 - int(book[at]), int(lots[row]))
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
                    cross(s, leg, book, log, segment.ts, 1)
                    cross(s, leg, book, log, segment.ts, -1)
                elif taken and not resting:
                    exchange.taken_asks, exchange.taken_bids = 0, 0
                    taken = False
            elif kind in (TRADE_BUY, TRADE_SELL):
                if resting and valid:
                    tick = base + (key[first] >> 1)
                    met = our_ask <= tick if kind == TRADE_BUY else our_bid >= tick
                    if met:
                        exchange.mid_bid, exchange.mid_ask = best_bid, best_ask
                        hit(s, leg, book, log, segment.ts, -1 if kind == TRADE_BUY else 1, tick, int(lots[first]))
            else:
                clear(book, kind, key[first] >> 1, best_bid - base, best_ask - base)
                mark_all(leg, book)
                best_bid = base + segment.bid if segment.bid != NO_BID_TICK else NO_BID
                best_ask = base + segment.ask if segment.ask != NO_ASK_TICK else NO_ASK
            i += 1
            if met:
                resting = exchange.bid_count + exchange.ask_count > 0
                taken = exchange.taken_asks + exchange.taken_bids > 0
                our_bid, our_ask, low, high = exchange.our_bid, exchange.our_ask, exchange.low, exchange.high
                stop = min(stop, clock.next_fill)
                if log.fills > log.fill_capacity // 2:
                    break
        exchange.best_bid, exchange.best_ask, exchange.valid = best_bid, best_ask, valid
        reading.venue = i
        if log.fills > log.fill_capacity // 2:
            return FULL
        if i == count and not reading.venue_over:
            return NEED_VENUE
        until = min(until, clock.next_fill)
        if exchange.settles <= min(arrival, until):
            return SETTLE
        if arrival > until:
            return DONE
        arrive(s, leg, book, log, arrival)
        if exchange.fault or desk.fault:
            return STOPPED


def run_local(local: Any, book: Any, s: Any, leg: Any, log: Any, until: int) -> int:
    """Takes the local feed and the answers up to `until`, in order of time; feed before answers at equal times."""
    reading = leg.reading
    exchange = leg.exchange
    market = leg.market
    segments, key, lots = local.segments, local.key, local.lots
    reads_depth, hears_trades = reading.reads_depth, reading.hears_trades
    hears = reading.hears_book or reading.hears_depth
    quiet = not (reads_depth or hears_trades or hears)
    base = market.base
    count = local.count
    i = reading.local
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
                    tell(s, leg, book, now, changed, segment.flag)
            elif kind in (TRADE_BUY, TRADE_SELL):
                if hears_trades and not segment.flag & INVALID and market.mid == market.mid:
                    trade = leg.trade
                    trade.side = 1 if kind == TRADE_BUY else -1
                    trade.price_ticks = base + (key[first] >> 1)
                    trade.qty_lots = lots[first]
                    trade.price = trade.price_ticks * market.tick_size
                    trade.qty = trade.qty_lots * market.lot_size
                    market.now = now
                    on_trade(s, leg, book)
            else:
                if reads_depth:
                    clear(book, kind, key[first] >> 1, market.bid_ticks - base, market.ask_ticks - base)
                changed = see(market, base, segment.bid, segment.ask)
                if hears:
                    tell(s, leg, book, now, changed, segment.flag)
            i += 1
        reading.local = i
        if i > 0:
            market.updated = segments[i - 1].ts
        if i == count and not reading.local_over:
            return NEED_LOCAL
        if due > until:
            return DONE
        market.now = due
        answered(s, leg, book, log)


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
    if market.per_lot > 0.0:
        lot_at(market)


def tell(s: Any, leg: Any, book: Any, now: int, changed: bool, flag: int) -> None:
    """Lets the signals hear of a change, once a message is complete and both sides of the book are there."""
    market = leg.market
    if market.mid != market.mid or flag & MORE:
        return
    market.now = now
    if leg.reading.hears_book and changed:
        on_book(s, leg, book)
    if leg.reading.hears_depth:
        on_depth(s, leg, book)


def clear(book: Any, kind: int, tick: int, best_bid: int, best_ask: int) -> None:
    """Removes the bids from the best down to `tick`, or the asks from the best up to it (ticks from the book's base)."""
    if kind == CLEARED_BIDS:
        for level in range(max(tick, 0), min(best_bid, len(book) // 2 - 1) + 1):
            book[2 * level] = 0
    else:
        for level in range(max(best_ask, 0), min(tick, len(book) // 2 - 1) + 1):
            book[2 * level + 1] = 0
