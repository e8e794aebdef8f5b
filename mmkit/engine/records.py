"""The engine's own records: numbers and arrays of fixed capacity, the same fields plain and compiled.

Prices are in ticks and quantities in lots unless a name says otherwise; money is in tick * lots; times are int64 ns.
"""

import math
from functools import cache
from typing import Any

import attrs

from mmkit.fields import array, field

NEVER = 2**62
NO_BID, NO_ASK = -(2**62), 2**62
LEVELS = 64
LAST_ID = 2**31 - 1
"""The number of the last order that a session can send."""

POST_ONLY, LIMIT, MARKET = range(3)
"""Kinds of an order."""

SENT, WORKING, FILLED, CANCELLED, EXPIRED, REJECTED = range(6)
"""States of an order as we know it."""

NOTHING, PLACING, CANCELLING, AMENDING = range(4)
"""Requests that are under way for an order."""

KINDS_OF_ANSWER = 8
ACCEPTED, EXECUTED, WITHDRAWN, LAPSED, REFUSED, NOT_FOUND, AMENDED, NOT_AMENDED = range(KINDS_OF_ANSWER)
"""Kinds of an answer."""

AMEND_NONE, AMEND_REQUEUE, AMEND_KEEP = range(3)
"""What an amendment does at a venue: refused; always to the back of the queue; to the back unless only the quantity decreases."""

QUOTE, HEDGE, CLOSE = range(3)
"""Why an order was sent; CLOSE: to flatten the position."""

NORMAL, WIDEN, REDUCE_ONLY, NO_QUOTES, FLATTEN, HALT = range(6)
"""What risk rules ask for, from the mildest on."""

NO_FAULT, NAN_PRICE, NAN_QUANTITY, NAN_LADDER, TOO_MANY_ORDERS, TOO_MANY_ANSWERS, LIQUIDATED = range(7)
"""Why a run stops."""

LINEAR, INVERSE, SPOT = range(3)
"""Kinds of an instrument: profit in quote currency; in the coin, of contracts worth so much quote currency; owned outright."""


STARTED, DECISION, SIGNAL, EXECUTION, TROUBLE, RISK = range(6)
"""Kinds of an event in the decision log: start, decision, a signal that stands out, a fill, a refusal, another level of risk."""


def records(kind: type, size: int) -> Any:
    """Declares an array of `size` nested records."""
    return attrs.field(factory=lambda: [kind() for _ in range(size)], metadata={"records": (kind, size)})


@attrs.define
class MarketView:
    """What a rule sees of the market: prices in quote currency, quantities and position in base currency, NaN where unknown.

    start: time of the session's (or path's) first event; base: tick of the first level of the local book's window;
    fills: executions of ours known so far; updated: time of the last market event; number:
    the instrument's, 0 for the one that is quoted; per_lot: quote currency that a lot of an inverse contract is worth, else 0: its lot_size
    follows the mid.
    """

    now: int = 0
    start: int = 0
    bid: float = math.nan
    ask: float = math.nan
    mid: float = math.nan
    bid_ticks: int = NO_BID
    ask_ticks: int = NO_ASK
    position: float = 0.0
    position_lots: int = 0
    fills: int = 0
    tick_size: float = 1.0
    lot_size: float = 1.0
    base: int = 0
    updated: int = 0
    number: int = field(0, at_least=0, at_most=2**15 - 1)
    per_lot: float = 0.0


@attrs.define
class Trade:
    """A trade of the market: side +1 where the buyer was the aggressor."""

    side: int = 0
    price: float = 0.0
    qty: float = 0.0
    price_ticks: int = 0
    qty_lots: int = 0


@attrs.define
class Fill:
    """An execution of ours, as its answer tells it."""

    side: int = field(0, at_least=-1, at_most=1)
    maker: int = field(0, at_least=0, at_most=1)
    price: float = 0.0
    qty: float = 0.0
    price_ticks: int = 0
    qty_lots: int = 0


@cache
def quotes_class(size: int) -> type:
    """Returns the record of the wanted ladder, with room for so many levels."""

    @attrs.define
    class Quotes:
        """The wanted ladder: level i lies offset_ticks[i] outside the inner quote; from the grid on, in ticks and lots."""

        levels: int = 0
        offset_ticks: list[int] = array(int, size)
        bid_qty: list[float] = array(float, size)
        ask_qty: list[float] = array(float, size)
        bid_ticks: list[int] = array(int, size)
        ask_ticks: list[int] = array(int, size)
        bid_lots: list[int] = array(int, size)
        ask_lots: list[int] = array(int, size)

    return Quotes


Quotes = quotes_class(LEVELS)
"""The wanted ladder with the most levels that there can be."""


@attrs.define
class Order:
    """An order of ours: what it is, what we know of it, and (from `open` on) where the venue has it.

    remaining: lots not yet executed as we know it; sent: when it was placed; asked_tick, asked_lots: what an amendment under way asks for,
    else as they are (the venue swaps the ticks, so that both together never tell when); open: lots not yet executed at the venue;
    front: quantity ahead of it in the queue; traded: quantity that traded at its price since the level last changed (both base currency);
    key: its level in the venue's book, -1 outside of the book's window; reduce_only: it never opens or turns a position.
    """

    tick: int = 0
    lots: int = 0
    remaining: int = 0
    open: int = 0
    front: float = 0.0
    traded: float = 0.0
    sent: int = 0
    asked_tick: int = 0
    asked_lots: int = 0
    id: int = field(0, at_least=0, at_most=LAST_ID)
    key: int = field(-1, at_least=-1, at_most=2**31 - 1)
    side: int = field(0, at_least=-1, at_most=1)
    kind: int = field(POST_ONLY, at_least=0, at_most=MARKET)
    state: int = field(SENT, at_least=0, at_most=REJECTED)
    request: int = field(NOTHING, at_least=0, at_most=AMENDING)
    cause: int = field(QUOTE, at_least=0, at_most=CLOSE)
    reduce_only: int = field(0, at_least=0, at_most=1)


@attrs.define
class Request:
    """A request on its way to the venue: when it arrives, the order's place and id, and PLACING, CANCELLING or AMENDING."""

    time: int = 0
    place: int = 0
    id: int = 0
    kind: int = NOTHING


@cache
def desk_class(room: int, ring: int) -> type:
    """Returns the record of our side of the desk, with room for so many orders alive at once and requests under way (a power of two)."""

    places = {"array": (int, room), "at_least": 0, "at_most": room - 1}

    @attrs.define
    class Desk:
        """Our orders and the requests under way.

        live: places of the orders we have not forgotten, oldest first; spare: places not in use; sent: the queue of requests;
        amend: what an amendment does at the venue; may_amend: the execution amends orders; amending: amendments under way;
        cause: why orders are sent just now.
        """

        entry_latency: int = 0
        post_only: int = 1
        amend: int = AMEND_REQUEUE
        may_amend: int = 0
        amending: int = 0
        cause: int = QUOTE
        orders: list[Order] = records(Order, room)
        live: list[int] = attrs.field(factory=lambda: [0] * room, metadata=places)
        live_count: int = 0
        spare: list[int] = attrs.field(factory=lambda: list(range(room - 1, -1, -1)), metadata=places)
        spare_count: int = room
        next_id: int = 1
        mask: int = ring - 1
        sent: list[Request] = records(Request, ring)
        sent_first: int = 0
        sent_end: int = 0
        submitted: int = 0
        cancels: int = 0
        fault: int = NO_FAULT

    return Desk


@attrs.define
class Ledger:
    """Position and money as we know them: exact, in lots and tick * lots.

    spent: price * quantity bought minus sold; maker, taker: turnover by liquidity, on which fees are due. Of an inverse contract these
    three stay 0, and its money is in lots / tick, compensated (Neumaier): coin: quantity bought minus sold, each over its price.
    funding: received, quote currency (inverse: coin).
    """

    position: int = 0
    spent: int = 0
    maker: int = 0
    taker: int = 0
    fills: int = 0
    coin: float = 0.0
    coin_rest: float = 0.0
    maker_coin: float = 0.0
    taker_coin: float = 0.0
    funding: float = 0.0


@attrs.define
class Reading:
    """Where an instrument's streams are: the next segment of either, whether it has ended, and what is listened to.

    rank: the instrument's number in the order in which the stack declares them.
    """

    local: int = 0
    venue: int = 0
    rank: int = 0
    local_over: int = field(0, at_least=0, at_most=1)
    venue_over: int = field(0, at_least=0, at_most=1)
    reads_depth: int = field(0, at_least=0, at_most=1)
    hears_trades: int = field(0, at_least=0, at_most=1)
    hears_book: int = field(0, at_least=0, at_most=1)
    hears_depth: int = field(0, at_least=0, at_most=1)


@attrs.define
class Clock:
    """Where the run is: times of the next timer decision, triggering event, record and so on, and counters.

    next_event: a decision that something triggered; sure: 0 where only a candle that closes then makes it one; next_fill: an execution of
    the quoted instrument becomes known, where somebody listens to it; next_watch, next_hedge: risk and hedging rules are asked;
    not_before: earliest next decision; candles: closed so far; quotes: wanted prices of all decisions; untimed: a mask: decisions whose
    number has none of its bits are timed; at: number of the rule's function that was called last (mmkit.engine.calls.calls_of);
    leg: number of the instrument that needs more data.
    """

    next_timer: int = NEVER
    next_event: int = NEVER
    next_fill: int = NEVER
    next_record: int = NEVER
    next_watch: int = NEVER
    next_hedge: int = NEVER
    record_every: int = NEVER
    watch_every: int = NEVER
    min_interval: int = 0
    not_before: int = 0
    candles: int = 0
    decisions: int = 0
    quotes: int = 0
    quoted: int = 0
    spread: float = 0.0
    triggers: int = field(0, at_least=0, at_most=2**7 - 1)
    hears_fills: int = field(0, at_least=0, at_most=1)
    hedges_fills: int = field(0, at_least=0, at_most=1)
    watches: int = field(0, at_least=0, at_most=1)
    hedges: int = field(0, at_least=0, at_most=1)
    sure: int = field(1, at_least=0, at_most=1)
    stop: int = field(0, at_least=0, at_most=1)
    fault: int = field(NO_FAULT, at_least=0, at_most=LIQUIDATED)
    untimed: int = 7
    at: int = 0
    leg: int = 0
    path: int = 0


@attrs.define
class Leg:
    """An instrument beside the quoted one: what the session has of the quoted one by the same names."""

    market: MarketView
    trade: Trade
    fill: Fill
    desk: Any
    exchange: Any
    ledger: Ledger
    reading: Reading
