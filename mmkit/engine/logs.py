"""What a run writes down as it goes: rows of numbers behind each other, collected piece by piece."""

import attrs

EVENT_COLUMNS, EVENT_VALUES = 4, 3
"""time, kind, code, path; and three numbers that depend on the kind"""

LATENCY_BUCKETS = 1184
"""Buckets of a decision's time: up to 2^40 ns."""

FILL_COLUMNS = 10
"""exch_ts, local_ts, side, tick, lots, order id, maker, cause, path, instrument"""

LEG_COLUMNS = 6
"""Of each instrument: mid at the venue, position (lots), spent, maker, taker (tick * lots; inverse: lots / tick), funding."""

RECORD_COLUMNS = 5
"""bid, ask, bid_quote, ask_quote, path; then the instruments, the signals, and where risk rules watch their RISK_COLUMNS"""

RISK_COLUMNS = 3
"""level in force, number of the rule behind it (-1: none), step of the recovery"""


@attrs.define
class Log:
    """Fills, records and events since they were last collected: rows of numbers behind each other.

    last: the signals as they were last looked at; latency: how many timed decisions fell into each bucket; first_latency (ns, -1 before)
    and longest are exact.
    """

    fills: int = 0
    fill_capacity: int = 0
    fill: list[int] = attrs.field(factory=list)
    fill_mid: list[float] = attrs.field(factory=list)
    records: int = 0
    record_capacity: int = 0
    record_width: int = RECORD_COLUMNS
    record_time: list[int] = attrs.field(factory=list)
    record: list[float] = attrs.field(factory=list)
    events: int = 0
    event_capacity: int = 0
    event: list[int] = attrs.field(factory=list)
    event_value: list[float] = attrs.field(factory=list)
    last: list[float] = attrs.field(factory=list)
    first_latency: int = -1
    longest: int = 0
    latency: list[int] = attrs.field(factory=list)
