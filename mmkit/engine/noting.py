"""What happens in a run, as rows of numbers: the decision log's events, and how long decisions take.

An event is chosen before anything is formatted: a row holds numbers alone, and its text is made after the run.
"""

import math
from typing import Any

from mmkit.engine.logs import EVENT_COLUMNS, EVENT_VALUES, LATENCY_BUCKETS
from mmkit.engine.places import heard, nanoseconds, note_signals
from mmkit.engine.records import DECISION, KINDS_OF_ANSWER, STARTED, TROUBLE


def note(
    s: Any, log: Any, now: int, kind: int, code: int, size: float, first: float, second: float, third: float
) -> None:
    """Writes an event, unless the log's optimization leaves it out; the loop makes room before it could be full."""
    if heard(s, kind, size):
        written(s, log, now, kind, code, first, second, third)


def written(s: Any, log: Any, now: int, kind: int, code: int, first: float, second: float, third: float) -> None:
    """Writes an event. It reaches no place that a stack fills, so that the stack's own module may call it."""
    at = log.events * EVENT_COLUMNS
    log.event[at] = now
    log.event[at + 1] = kind
    log.event[at + 2] = code
    log.event[at + 3] = s.clock.path
    at = log.events * EVENT_VALUES
    log.event_value[at] = first
    log.event_value[at + 1] = second
    log.event_value[at + 2] = third
    log.events += 1


def note_decision(s: Any, log: Any) -> None:
    """Notes what a decision wants, the signals that stand out, and at the first one that the session has begun."""
    clock = s.clock
    market = s.market
    ladder = s.ladder
    if clock.decisions == 1:
        note(s, log, market.now, STARTED, 0, 0.0, market.mid, 0.0, 0.0)
    bid = math.nan
    ask = math.nan
    for i in range(ladder.levels):
        if ladder.bid_lots[i] > 0:
            clock.quotes += 1
            if i == 0:
                bid = ladder.bid_ticks[0] * market.tick_size
        if ladder.ask_lots[i] > 0:
            clock.quotes += 1
            if i == 0:
                ask = ladder.ask_ticks[0] * market.tick_size
    note(s, log, market.now, DECISION, clock.decisions, 0.0, bid, ask, market.position)
    note_signals(s, log)


def note_trouble(s: Any, leg: Any, log: Any, order: Any, kind: int) -> None:
    """Notes an order that the venue refused, let lapse or did not amend."""
    market = leg.market
    quantity = order.side * order.remaining * market.lot_size
    code = kind + KINDS_OF_ANSWER * market.number
    note(s, log, market.now, TROUBLE, code, 0.0, order.tick * market.tick_size, quantity, float(order.id))


def started_at(s: Any) -> int:
    """Returns the time (ns of a clock of this machine) if this decision is one of those that are timed, else -1."""
    if s.clock.decisions & s.clock.untimed != 0 and s.clock.decisions > 1:
        return -1
    return int(nanoseconds())


def took(log: Any, begun: int) -> None:
    """Counts how long a decision took that began at `begun`, if it was timed."""
    if begun < 0:
        return
    elapsed = max(int(nanoseconds()) - begun, 0)
    if log.first_latency < 0:
        log.first_latency = elapsed
        return
    log.longest = max(log.longest, elapsed)
    log.latency[min(bucket(elapsed), LATENCY_BUCKETS - 1)] += 1


def bucket(value: int) -> int:
    """Returns the bucket of a time (ns): exact to 63, then 32 buckets for each power of two, so within 1/32 of it."""
    shift = 0
    while value >> shift >= 64:
        shift += 1
    return 32 * shift + (value >> shift)


def middle(number: int) -> float:
    """Returns the time (ns) that a bucket stands for: the middle of those that it counts."""
    if number < 64:
        return float(number)
    shift = number // 32 - 1
    return float((number - 32 * shift) << shift) + 0.5 * ((1 << shift) - 1)
