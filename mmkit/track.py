"""One instrument's tape on its way through the engine: chunks for its two streams, its books, the settlements of its funding."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mmkit.engine.engines import Engine
from mmkit.engine.records import NEVER
from mmkit.errors import DataError
from mmkit.feed import Reader, mids, reopen
from mmkit.funding import Settlement, Settlements, read_settlements
from mmkit.money import Money
from mmkit.results import Collector
from mmkit.stack import Instrument, Leg
from mmkit.statement import contract_of


class Track:
    """Feeds an instrument's streams; view: the session itself for the quoted instrument, else its place among the session's legs."""

    def __init__(
        self,
        number: int,
        leg: Leg,
        engine: Engine,
        session: Any,
        collector: Collector,
        tape: Iterator[Any],
        notify: Callable[[str], None],
    ) -> None:
        self.number = number
        self.leg = leg
        self.engine = engine
        self.view = session.legs[number - 1] if number else session
        self.collector = collector
        self.reader = Reader(tape, engine.rows)
        self.local, self.venue = engine.feed(), engine.feed()
        self.local_book = engine.book(bool(self.view.reading.reads_depth))
        self.venue_book = engine.book()
        self.chunk: Any = None
        self.rows: dict[str, Any] = {}
        self.pieces: dict[str, Any] = {}
        self.before = {"local": 0, "venue": 0}
        supplied = leg.instrument.funding
        self.settlements = Settlements(notify, read_settlements(supplied) if supplied else None)
        self.settling: deque[Settlement] = deque()

    def open(self) -> None:
        """Feeds both streams their first chunk. Raises DataError where there is none."""
        for stream in ("local", "venue"):
            while not getattr(self, stream).count and not getattr(self.view.reading, f"{stream}_over"):
                self.feed(stream, None)
        if not self.local.count and not self.venue.count:
            raise self.reader.fault or DataError(f"{self.leg.market.path}: no market events")

    def first_time(self) -> int:
        """Returns the time of the first event of either stream."""
        return min(first_time(stream) for stream in (self.local, self.venue) if stream.count)

    def feed(self, stream: str, log: Any) -> None:
        """Hands a stream its next chunk, or tells it that there is none."""
        took = self.reader.next(stream)
        if stream == "venue":
            if self.chunk is not None:
                self.collector.fills(log)
                self.note_mids(self.chunk.venue)
            self.chunk = took[0] if took else None
            if took:
                self.settling += self.settlements.take(took[0])
                self.expect()
        if took is None:
            setattr(self.view.reading, f"{stream}_over", 1)
            return
        chunk, rows = took
        if stream in self.pieces:
            self.before[stream] += self.pieces[stream].events
        self.pieces[stream], self.rows[stream] = chunk, rows
        self.local_book = self.engine.fitting(self.local_book, chunk)
        self.venue_book = self.engine.fitting(self.venue_book, chunk)
        local = stream == "local"
        view, book, at = (
            (self.view.market, self.local_book, self.local)
            if local
            else (self.view.exchange, self.venue_book, self.venue)
        )
        if chunk.base != view.base:
            move_window(self.view, view, stream, chunk, book)
        at.load(chunk.local if local else chunk.venue, rows)
        setattr(self.view.reading, stream, 0)

    def row(self, stream: str, at: int) -> int | None:
        """Returns the number, from 1, of the market's row with which a segment of the present chunk ends; at -1 that before the chunk."""
        if at < 0 or stream not in self.pieces:
            return self.before[stream] or None
        chunk = self.pieces[stream]
        segment = (chunk.local if stream == "local" else chunk.venue)[at]
        end, held = int(segment["start"]) + int(segment["len"]), len(chunk.key)
        # A chunk can have rows that the market has not, and the other way round.
        within = end if held == chunk.events else round(end * chunk.events / held) if held else 0
        return int(self.before[stream] + within) or None

    def expect(self) -> None:
        """Tells the venue when funding is due next."""
        self.view.exchange.settles = self.settling[0].time if self.settling else NEVER

    def settle(self) -> None:
        """Books the funding that is due: the holder of a position at that time at the venue pays rate * mark * position."""
        due = self.settling.popleft()
        self.expect()
        exchange, instrument = self.view.exchange, self.leg.instrument
        position = int(exchange.position)
        amount = funding(instrument, due.rate, due.mark, position)
        self.view.ledger.funding += amount
        if exchange.limited:
            exchange.paid -= amount / (
                instrument.lot / instrument.tick_size if instrument.inverse else instrument.lot * instrument.tick_size
            )
        self.collector.settled(self.number, due, position, amount)

    def close(self) -> None:
        """Where the run ended early: the mids up to here."""
        if self.chunk is not None:
            self.note_mids(self.chunk.venue[: self.view.reading.venue])

    def note_mids(self, segments: Any) -> None:
        """Hands the venue's mids to what collects the results."""
        self.collector.mids(self.number, *mids(segments, self.chunk.base, self.leg.instrument.tick_size))


def funding(instrument: Instrument, rate: float, mark: float, lots: int) -> float:
    """Returns what a position of so many lots receives: -rate * mark * position, of an inverse contract over the mark, in the coin."""
    if not lots:
        return 0.0
    return float(-rate * contract_of(instrument).notional(Money(instrument).quantity(lots), mark))


def first_time(stream: Any) -> int:
    """Returns the time of a stream's first segment."""
    first = stream.segments[0]
    return int(first["ts"] if isinstance(first, np.void) else first.ts)


def move_window(leg: Any, view: Any, stream: str, chunk: Any, book: Any) -> None:
    """The chunk's books cover other ticks than the one before: fills a stream's book anew and finds our orders' levels in it."""
    view.base = chunk.base
    if not chunk.opening or not len(book):
        return
    local_opening, venue_opening = chunk.opening
    if stream == "local":
        reopen(book, local_opening)
        return
    reopen(book, venue_opening)
    from mmkit.engine.resting import level_key, mark_all

    exchange = leg.exchange
    bids = exchange.resting[: exchange.bid_count]
    asks = exchange.resting[exchange.room : exchange.room + exchange.ask_count]
    for place in (*bids, *asks):
        order = leg.desk.orders[place]
        order.key = level_key(exchange, book, order.side, order.tick)
    mark_all(leg, book)
