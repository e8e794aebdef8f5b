"""What is due at a time, between the market's events: risk rules are asked, the state is recorded, a decision is made, hedges are."""

from typing import Any

from mmkit.engine.funds import judge
from mmkit.engine.noting import note_decision, started_at, took
from mmkit.engine.orders import forget
from mmkit.engine.places import candles, decide, hedge, hedge_time, next_time, record_others, watch
from mmkit.engine.recording import record
from mmkit.engine.records import EXECUTED, NEVER, NO_ASK, NO_BID
from mmkit.tape import MORE, TRADE_BUY, TRADE_SELL

TIMER, BOOK, TRADE, FILL, CANDLE = 1, 2, 4, 8, 16
"""What can trigger a decision."""


def due(local: Any, s: Any) -> int:
    """Returns the time of the next turn, as far as it is known before the venue has run; -1: the local stream is to be read on first."""
    clock = s.clock
    until = min(clock.next_timer, clock.next_record, clock.next_fill, clock.next_watch, clock.next_hedge)
    waiting = clock.next_event
    if clock.triggers & (BOOK | TRADE | CANDLE) and (waiting == NEVER or clock.sure == 0):
        event = next_trigger(local, s, min(until, waiting))
        if event < 0 and waiting == NEVER:
            # What is left of the chunk triggers nothing, and is to be heard before the next one is read.
            return -1 if s.reading.local == local.count else int(min(until, local.segments[local.count - 1].ts))
        if 0 <= event < NEVER:
            # Where it is not sure the turn at its own time shows it, and only then it waits.
            clock.next_event = max(event, clock.not_before) if clock.sure else event
    until = min(until, clock.next_event)
    return int(until)


def next_trigger(local: Any, s: Any, until: int) -> int:
    """Returns the time of the next local event up to `until` that may trigger a decision, NEVER if none does, -1 if the chunk ends first.

    A trade can close a candle: whether it does shows only once the signals have heard it; until then it is not sure (clock.sure), and
    the next chunk can hold what makes it so at the same time.
    """
    clock = s.clock
    reading = s.reading
    clock.sure = 0
    found = NEVER
    i = reading.local
    while i < local.count:
        segment = local.segments[i]
        if segment.ts > min(until, found):
            return found
        if segment.kind in (TRADE_BUY, TRADE_SELL):
            if clock.triggers & TRADE:
                clock.sure = 1
            if clock.triggers & (TRADE | CANDLE):
                found = int(segment.ts)
        elif clock.triggers & BOOK and not segment.flag & MORE:
            clock.sure = 1
            found = int(segment.ts)
        if clock.sure:
            return found
        i += 1
    return found if reading.local_over or found != NEVER else -1


def take_turn(s: Any, book: Any, log: Any, until: int) -> None:
    """Does what is due at `until`; signals have been told the time."""
    clock = s.clock
    timed = until == clock.next_timer
    decides = timed or (until == clock.next_event and clock.sure == 1)
    if until == clock.next_event:
        clock.next_event = NEVER
    if clock.triggers & CANDLE:
        closed = candles(s)
        decides = decides or closed != clock.candles
        clock.candles = closed
    filled = until == clock.next_fill
    if filled:
        clock.next_fill = next_fill(s.exchange)
        decides = decides or (clock.triggers & FILL) != 0
        if clock.hedges_fills:
            clock.next_hedge = until
    if decides and until < clock.not_before:
        clock.next_event = clock.not_before
        clock.sure = 1
        decides = False
    if decides or filled or until == clock.next_watch:
        look(s, log, until)
    record_due(s, log, until)
    if decides and not s.exchange.fault:
        make_decision(s, book, log)
        clock.not_before = until + clock.min_interval
    if until == clock.next_hedge:
        hedge(s)
        clock.next_hedge = hedge_time(s)
    if timed:
        clock.next_timer = next_time(s)


def coast(s: Any, log: Any, until: int) -> None:
    """A turn behind the market's last event and the answers to what was under way then: nothing is sent any more.

    A rule that always keeps something under way, as one that replaces what is older than the way to the venue and back, would never
    let the run end.
    """
    clock = s.clock
    clock.next_timer = NEVER
    clock.next_event = NEVER
    clock.next_fill = NEVER
    clock.next_watch = NEVER
    clock.next_hedge = NEVER
    record_due(s, log, until)


def record_due(s: Any, log: Any, until: int) -> None:
    """Records the state if that is due."""
    if until == s.clock.next_record:
        record(s, log)
        record_others(s, log)
        s.clock.next_record += s.clock.record_every


def look(s: Any, log: Any, now: int) -> None:
    """Asks the rules that watch, and whether the venue liquidates."""
    if s.exchange.limited:
        judge(s)
    if s.clock.watches:
        forget(s.desk)
        watch(s, log)
        s.clock.next_watch = now + s.clock.watch_every


def make_decision(s: Any, book: Any, log: Any) -> None:
    """One decision, where both sides of the book are there."""
    clock = s.clock
    forget(s.desk)
    if s.market.bid_ticks != NO_BID and s.market.ask_ticks != NO_ASK:
        clock.decisions += 1
        begun = started_at(s)
        decide(s, book)
        took(log, begun)
        note_decision(s, log)


def next_fill(exchange: Any) -> int:
    """Returns when the next execution becomes known that is not known yet."""
    for i in range(exchange.answer_first, exchange.answer_end):
        answer = exchange.answers[i & exchange.mask]
        if answer.kind == EXECUTED:
            return int(answer.time)
    return NEVER


def end(s: Any, log: Any) -> None:
    """The last look and the last record."""
    look(s, log, s.market.now)
    record(s, log)
    record_others(s, log)
