"""Drives a session: feeds the loops, collects what they log, and says why a run ended."""

import gc
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from types import FrameType
from typing import Any

import attrs
import numpy as np

from mmkit import conversion, kept
from mmkit.at_fault import Scene, misfit, raised, stopped
from mmkit.engine.engines import Engine, choose
from mmkit.engine.module import logged_signals
from mmkit.engine.orders import answered
from mmkit.engine.replay import DONE, FULL, NEED_LOCAL, NEED_VENUE, SETTLE
from mmkit.engine.session import program
from mmkit.errors import MmkitError, PluginError, raised_at
from mmkit.results import Collector
from mmkit.stack import Leg, Slot, Stack
from mmkit.track import Track

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


def generators(stack: Stack) -> list[np.random.Generator]:
    """Returns the random streams of the instruments' markets, the quoted one first."""
    # Two streams an instrument: the second is its venue's, where that fills by chance.
    return [np.random.default_rng(seed) for seed in np.random.SeedSequence(stack.seed).spawn(2 * len(stack.legs))[::2]]


def chance(stack: Stack) -> np.random.Generator:
    """Returns the random stream of the quoted instrument's venue."""
    return np.random.default_rng(np.random.SeedSequence(stack.seed).spawn(2)[1])


def drive_tape(
    stack: Stack,
    engine: Engine,
    collector: Collector,
    outcome: Outcome,
    progress: Progress | None,
    notify: Callable[[str], None],
) -> None:
    """Replays the instruments' markets."""
    session = engine.session()
    clock = session.clock
    log = engine.log(fills=1 << 14, records=1 << 12, events=1 << 13)
    known = kept.rows(stack.leg) if progress else None
    with ExitStack() as open_tapes:
        tracks: list[Track] = []
        try:
            for number, (leg, rng) in enumerate(zip(stack.all_legs, generators(stack), strict=True)):
                # Closed here and not when the last reference goes: what is half written is removed.
                tape = timed(open_tapes.enter_context(closing(chunks(leg, rng, notify))), outcome)
                tracks.append(Track(number, leg, engine, session, collector, tape, notify))
            open_tapes.enter_context(interruptible(clock))
            for track in tracks:
                track.open()
            first = min(track.first_time() for track in tracks)
            start(engine, session, first)
            for track in tracks:
                track.view.market.start = first
            collector.started(first)
            while True:
                code = replay(engine, tracks, session, log)
                if code == NEED_LOCAL:
                    tracks[clock.leg].feed("local", log)
                elif code == NEED_VENUE:
                    tracks[clock.leg].feed("venue", log)
                    if progress:
                        quoted = tracks[0].reader
                        progress(
                            quoted.events,
                            known or expected(stack.leg, quoted.events, session.market.now - session.market.start),
                        )
                elif code == SETTLE:
                    tracks[clock.leg].settle()
                elif code == FULL:
                    collector.fills(log)
                    collector.records(log)
                    collector.events_of(log)
                else:
                    break
            if code == DONE:
                clock.stop = 0
            outcome.error = next((track.reader.fault for track in tracks if track.reader.fault), None) or stopped(
                stack, session, Scene(engine.name, tracks)
            )
        except MmkitError as error:
            outcome.error = error
        except Exception as error:
            outcome.error = raised(stack, session, error, Scene(engine.name, tracks))
            if outcome.error is None:
                raise
    outcome.interrupted = bool(clock.stop)
    # Ended early: what the venue has executed counts, also where its answer was still under way.
    for track in tracks:
        while track.view.exchange.answer_first != track.view.exchange.answer_end:
            answered(session, track.view, track.local_book, log)
    collector.fills(log)
    for track in tracks:
        track.close()
    outcome.error = outcome.error or misfit(stack, session)
    collector.records(log)
    collector.events_of(log)
    collector.latency(log)
    collector.finish(session, sum(track.reader.events for track in tracks))


def replay(engine: Engine, tracks: Sequence["Track"], session: Any, log: Any) -> int:
    """Runs the engine's loop over one instrument, or that over several."""
    if len(tracks) == 1:
        only = tracks[0]
        return engine.replay(only.local, only.venue, only.local_book, only.venue_book, session, log)
    local_books, venue_books = [track.local_book for track in tracks], [track.venue_book for track in tracks]
    streams = [track.local for track in tracks], [track.venue for track in tracks]
    code = engine.replay_several(*streams, local_books, venue_books, session, log)
    for track, local_book, venue_book in zip(tracks, local_books, venue_books, strict=True):
        track.local_book, track.venue_book = local_book, venue_book
    return code


def expected(leg: Leg, rows: int, elapsed: int) -> int | None:
    """Returns how many rows a simulator will have made, going on as in the ns elapsed; None where that is unknown."""
    duration = getattr(leg.market.params, "duration", 0)
    if duration and elapsed > 0:
        return max(rows, round(rows * duration / elapsed))
    return None


def start(engine: Engine, session: Any, first: int) -> None:
    """Sets the clock to the first event."""
    session.market.start = first
    session.market.now = first
    session.market.updated = first
    session.clock.next_record = first + session.clock.record_every
    if session.clock.watches:
        session.clock.next_watch = first + session.clock.watch_every
    if session.clock.hedges:
        session.clock.next_hedge = engine.program.functions["hedge_time"](session)
    session.clock.next_timer = engine.program.functions["next_time"](session)


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
        raised = f"{function} raised {type(error).__name__}: {error} ({raised_at(error)})"
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
    market_rng, venue_rng = generators(stack)[0], chance(stack)
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
                    # A step can close the position, fill every quote, is a decision, can change the level of risk, and notes each
                    # signal at most once; the first one also begins the session.
                    filled = 2 * 64 + 1
                    noted = filled + 2 + len(logged_signals(stack))
                    log = engine.log(fills=filled * count, records=count + 2, events=noted * count + 1)
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
                    outcome.error = stopped(stack, session, Scene(engine.name, step=step, steps=steps - count))
                    outcome.interrupted = bool(session.clock.stop)
                    collector.path(session, session.market.mid, whole=False)
                    break
                collector.path(session, float(path[-1]))
                if progress:
                    progress(steps, count * leg.market.params.paths if hasattr(leg.market.params, "paths") else None)
    except MmkitError as error:
        outcome.error = error
    except Exception as error:
        outcome.error = raised(stack, session, error, Scene(engine.name, step=step, steps=steps))
        if outcome.error is None:
            raise
        if session is not None:
            collector.fills(log)
            collector.events_of(log)
            collector.path(session, session.market.mid, whole=False)
    if session is not None:
        collector.latency(log)
    collector.finish(session, steps)


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
