"""Drives a session: feeds the loops, collects what they log, and says why a run ended."""

import gc
import signal
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from types import FrameType
from typing import Any

import attrs
import numpy as np

from mmkit import conversion, kept
from mmkit.blame import blame
from mmkit.engine.engines import Engine, choose
from mmkit.engine.module import logged_signals
from mmkit.engine.orders import answered
from mmkit.engine.records import NAN_LADDER, NAN_PRICE, NAN_QUANTITY, NO_FAULT, TOO_MANY_ORDERS
from mmkit.engine.replay import DONE, FULL, NEED_LOCAL, NEED_VENUE
from mmkit.engine.session import program
from mmkit.errors import DataError, MmkitError, PluginError, VenueError
from mmkit.feed import Reader, mids, reopen
from mmkit.results import Collector
from mmkit.stack import Leg, Slot, Stack

Progress = Callable[[int, int | None], None]
"""Called with rows (or steps) done and, where known, how many there are."""


@attrs.define
class Outcome:
    """How a run ended and how long its parts took (seconds)."""

    error: MmkitError | None = None
    interrupted: bool = False
    engine: str = "python"
    assemble_s: float = 0.0
    compile_s: float = 0.0
    run_s: float = 0.0
    convert_s: float = 0.0


def drive(
    stack: Stack, collector: Collector, *, engine: str, progress: Progress | None, notify: Callable[[str], None]
) -> Outcome:
    """Runs a stack to its end, to a fault or to an interruption; everything up to there is in the collector."""
    outcome = Outcome()
    begun = time.perf_counter()
    paths = stack.leg.market.rule.paths  # type: ignore[attr-defined]
    written = program(stack, orders=1, messages=1) if paths else program(stack)
    outcome.assemble_s = time.perf_counter() - begun
    chosen = choose(engine, written, notify)
    outcome.engine, outcome.compile_s = chosen.name, chosen.compile_s
    begun = time.perf_counter()
    with no_collection():
        if paths:
            drive_paths(stack, chosen, collector, outcome, progress)
        else:
            drive_tape(stack, chosen, collector, outcome, progress, notify)
    outcome.run_s = time.perf_counter() - begun - outcome.convert_s - (chosen.compile_s - outcome.compile_s)
    outcome.compile_s = chosen.compile_s
    return outcome


@contextmanager
def no_collection() -> Iterator[None]:
    """Keeps Python from searching a chunk's many small objects for cycles, which they do not have."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def generators(stack: Stack) -> tuple[np.random.Generator, np.random.Generator]:
    """Returns the random streams of the quoted instrument's market and venue."""
    market, venue = np.random.SeedSequence(stack.seed).spawn(2)
    return np.random.default_rng(market), np.random.default_rng(venue)


def drive_tape(
    stack: Stack,
    engine: Engine,
    collector: Collector,
    outcome: Outcome,
    progress: Progress | None,
    notify: Callable[[str], None],
) -> None:
    """Replays the quoted instrument's market."""
    leg = stack.leg
    rng, _ = generators(stack)
    session = engine.session()
    clock = session.clock
    log = engine.log(fills=1 << 14, records=1 << 12, events=1 << 13)
    tape = chunks(leg, rng, notify)
    reader = Reader(timed(tape, outcome), engine.rows)
    local, venue = engine.feed(), engine.feed()
    local_book = engine.book(bool(clock.reads_depth))
    venue_book = engine.book()
    venue_chunk: Any = None
    known = kept.rows(leg) if progress else None

    def feed(stream: str) -> None:
        nonlocal venue_chunk, local_book, venue_book
        took = reader.next(stream)
        over = took is None
        if stream == "venue":
            if venue_chunk is not None:
                collector.fills(log)
                collector.mids(*mids(venue_chunk.venue, venue_chunk.base, leg.instrument.tick_size))
            venue_chunk = took[0] if took else None
        if over:
            setattr(clock, f"{stream}_over", 1)
            return
        chunk, rows = took  # type: ignore[misc]
        local_book, venue_book = engine.fitting(local_book, chunk), engine.fitting(venue_book, chunk)
        view, book, at = (
            (session.market, local_book, local) if stream == "local" else (session.exchange, venue_book, venue)
        )
        if chunk.base != view.base:
            move_window(session, view, stream, chunk, book)
        at.load(chunk.local if stream == "local" else chunk.venue, rows)
        setattr(clock, stream, 0)

    try:
        # Closed here and not when the last reference goes: what is half written is removed.
        with closing(tape), interruptible(clock):
            while not local.count and not clock.local_over:
                feed("local")
            while not venue.count and not clock.venue_over:
                feed("venue")
            if not local.count and not venue.count:
                raise reader.fault or DataError(f"{leg.market.path}: no market events")
            start(engine, session, int(min(first_time(stream) for stream in (local, venue) if stream.count)))
            collector.started(session.market.start)
            while True:
                code = engine.replay(local, venue, local_book, venue_book, session, log)
                if code == NEED_LOCAL:
                    feed("local")
                elif code == NEED_VENUE:
                    feed("venue")
                    if progress:
                        progress(
                            reader.events,
                            known or expected(leg, reader.events, session.market.now - session.market.start),
                        )
                elif code == FULL:
                    collector.fills(log)
                    collector.records(log)
                    collector.events_of(log)
                else:
                    break
            if code == DONE:
                clock.stop = 0
            outcome.error = reader.fault or stopped(stack, session)
    except MmkitError as error:
        outcome.error = error
    except Exception as error:
        outcome.error = blame(stack, error, session.market.now, clock)
        if outcome.error is None:
            raise
    outcome.interrupted = bool(clock.stop)
    # Ended early: what the venue has executed counts, also where its answer was still under way.
    while session.exchange.answer_first != session.exchange.answer_end:
        answered(session, local_book, log)
    collector.fills(log)
    if venue_chunk is not None:  # ended early: the mids up to here
        collector.mids(*mids(venue_chunk.venue[: clock.venue], venue_chunk.base, leg.instrument.tick_size))
    collector.records(log)
    collector.events_of(log)
    collector.latency(log)
    collector.finish(session, reader.events)


def expected(leg: Leg, rows: int, elapsed: int) -> int | None:
    """Returns how many rows a simulator will have made, going on as in the ns elapsed; None where that is unknown."""
    duration = getattr(leg.market.params, "duration", 0)
    if duration and elapsed > 0:
        return max(rows, round(rows * duration / elapsed))
    return None


def first_time(stream: Any) -> int:
    """Returns the time of a stream's first segment."""
    first = stream.segments[0]
    return int(first["ts"] if isinstance(first, np.void) else first.ts)


def start(engine: Engine, session: Any, first: int) -> None:
    """Sets the clock to the first event."""
    session.market.start = first
    session.market.now = first
    session.market.updated = first
    session.clock.next_record = first + session.clock.record_every
    session.clock.next_timer = engine.program.functions["next_time"](session)


def move_window(session: Any, view: Any, stream: str, chunk: Any, book: Any) -> None:
    """The chunk's books cover other ticks than the one before: fills a stream's book anew and finds our orders' levels in it."""
    view.base = chunk.base
    if not chunk.opening or not len(book):
        return
    local_opening, venue_opening = chunk.opening
    if stream == "local":
        reopen(book, local_opening)
        return
    reopen(book, venue_opening)
    from mmkit.engine.matching import level_key, mark_all

    exchange = session.exchange
    bids = exchange.resting[: exchange.bid_count]
    asks = exchange.resting[exchange.room : exchange.room + exchange.ask_count]
    for place in (*bids, *asks):
        order = session.desk.orders[place]
        order.key = level_key(exchange, book, order.side, order.tick)
    mark_all(session, book)


def chunks(leg: Leg, rng: Any, notify: Callable[[str], None]) -> Generator[Any, None, None]:
    """Yields the chunks of an instrument's market: its own, those of a tape that was kept, or made of its events."""
    if leg.market.rule.chunks is not None:  # type: ignore[attr-defined]
        yield from supplied(leg.market, "chunks", leg.instrument)
    else:
        yield from kept.chunks(leg, converted(leg, rng), rng, notify)


def converted(leg: Leg, rng: Any) -> Iterator[Any]:
    """Yields the chunks that are made of a market's events."""
    return conversion.chunks(supplied(leg.market, "events", leg.instrument, rng))


def supplied(slot: Slot, function: str, *given: Any) -> Iterator[Any]:
    """Yields what a market rule's function does; an error that is not the data's is the plugin's."""
    rule = slot.rule
    try:
        yield from getattr(rule, function)(slot.params, *given)
    except (MmkitError, GeneratorExit):
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        raised = f"{function} raised {type(error).__name__}: {error} ({last.filename}:{last.lineno})"
        raise PluginError(f"{slot.path}: {rule.name} ({slot.distribution}): {raised}") from error


def timed(chunks: Iterator[Any], outcome: Outcome) -> Iterator[Any]:
    """Passes chunks on and adds up the time that making them took."""
    while True:
        begun = time.perf_counter()
        try:
            chunk = next(chunks, None)
        finally:
            outcome.convert_s += time.perf_counter() - begun
        if chunk is None:
            return
        yield chunk


def drive_paths(
    stack: Stack, engine: Engine, collector: Collector, outcome: Outcome, progress: Progress | None
) -> None:
    """Runs every path of a world without a book, each with fresh state, position and cash."""
    leg = stack.leg
    rule: Any = leg.market.rule
    market_rng, venue_rng = generators(stack)
    step = int(rule.step(leg.market.params))
    steps = 0
    session: Any = None
    collector.started(0)
    try:
        with interruptible(None) as flag:
            for number, path in enumerate(rule.paths(leg.market.params, leg.instrument, market_rng)):
                session = engine.session()
                count = len(path) - 1
                if number == 0:
                    # A step can fill every quote, is a decision, and notes each signal at most once; the first one also begins the session.
                    noted = 2 * 64 + 1 + len(logged_signals(stack))
                    log = engine.log(fills=2 * 64 * count, records=count + 2, events=noted * count + 1)
                flag.watch(session.clock)
                session.clock.path = number
                session.clock.next_record = session.clock.record_every
                draws = engine.numbers(venue_rng.random(2 * count))
                engine.walk(engine.numbers(path), draws, step * 1e-9, step, session, engine.book(False), log)
                steps += count
                collector.fills(log)
                collector.records(log)
                collector.events_of(log)
                if session.clock.stop or session.clock.fault:
                    outcome.error = stopped(stack, session)
                    outcome.interrupted = bool(session.clock.stop)
                    collector.path(session, session.market.mid, whole=False)
                    break
                collector.path(session, float(path[-1]))
                if progress:
                    progress(steps, count * leg.market.params.paths if hasattr(leg.market.params, "paths") else None)
    except MmkitError as error:
        outcome.error = error
    except Exception as error:
        outcome.error = blame(stack, error, session.market.now if session else 0, session.clock if session else None)
        if outcome.error is None:
            raise
        if session is not None:
            collector.fills(log)
            collector.events_of(log)
            collector.path(session, session.market.mid, whole=False)
    if session is not None:
        collector.latency(log)
    collector.finish(session, steps)


def stopped(stack: Stack, session: Any) -> MmkitError | None:
    """Returns the error behind a fault that the engine noted, if any."""
    fault = session.clock.fault or session.desk.fault or session.exchange.fault
    if fault == NO_FAULT:
        return None
    at = f"at {session.market.now} ns, decision {session.clock.decisions}"
    faulty = {
        NAN_PRICE: (stack.pricing, "quote", "a price or half-spread that is not a number"),
        NAN_QUANTITY: (stack.sizing, "sizes", "a quantity that is not a number"),
        NAN_LADDER: (stack.ladder, "levels", "a quantity that is not a number"),
    }
    if fault in faulty:
        slot, function, what = faulty[fault]
        return PluginError(f"{slot.path}: {slot.rule.name} ({slot.distribution}): {function} returned {what} {at}")
    what, room = "answers under way", len(session.exchange.answers)
    if fault == TOO_MANY_ORDERS:
        what, room = "orders alive", len(session.desk.orders)
    return VenueError(f"{stack.leg.venue.path}: too many {what} at once (room for {room}) {at}")


class Flag:
    """Lets Ctrl-C stop the session that runs now."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.raised = False

    def watch(self, clock: Any) -> None:
        """Turns to another session."""
        self.clock = clock
        clock.stop = int(self.raised)

    def raise_(self, number: int, frame: FrameType | None) -> None:
        """Handles the signal: the loop sees it before its next decision."""
        self.raised = True
        if self.clock is not None:
            self.clock.stop = 1


@contextmanager
def interruptible(clock: Any) -> Iterator[Flag]:
    """Within this block Ctrl-C stops the loop cleanly."""
    flag = Flag(clock)
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    before = signal.signal(signal.SIGINT, flag.raise_)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, before)
