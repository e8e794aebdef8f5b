"""A stack over a tape in memory: the loop alone, timed, a fresh session each time."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from measuring import quoter

from mmkit import conversion
from mmkit.driver import converted, generators, no_collection, start, supplied
from mmkit.engine.compiled import CompiledEngine
from mmkit.engine.logs import FILL_COLUMNS
from mmkit.engine.plain import PlainEngine
from mmkit.engine.replay import DONE
from mmkit.engine.session import program
from mmkit.settings import read
from mmkit.stack import Stack
from mmkit.tape import Chunk
from mmkit.track import first_time

FILLS, RECORDS, EVENTS = 1 << 17, 1 << 14, 1 << 18


def stack_of(text: str, folder: Path) -> Stack:
    """Returns the stack of a TOML text."""
    file = folder / "case.toml"
    file.write_text(text)
    return read(file)


def tape(stack: Stack) -> Chunk:
    """Returns the whole tape of the quoted instrument as one chunk. Raises SystemExit where its window has to move."""
    leg = stack.leg
    rng = generators(stack)[0]
    events = supplied(leg.market, "events", leg.instrument, rng)
    first, *others = conversion.chunks(events, rows=1 << 40)
    if others:
        raise SystemExit(f"{leg.market.params.path}: prices move too far for one chunk")
    return first


def tape_pieces(stack: Stack) -> list[Chunk]:
    """Returns the tape of the quoted instrument in the chunks that a run would make of it."""
    rng = generators(stack)[0]
    return list(converted(stack.leg, rng))


class Replay:
    """One engine over one stack and one chunk."""

    def __init__(self, stack: Stack, engine: str, chunk: Chunk) -> None:
        self.engine: Any
        if engine == "compiled":
            self.engine = CompiledEngine(program(stack), lambda text: None)
        else:
            self.engine = PlainEngine(program(stack))
        self.chunk = chunk
        self.local, self.venue = self.engine.feed(), self.engine.feed()
        rows = self.engine.rows(chunk)
        self.local.load(chunk.local, rows)
        self.venue.load(chunk.venue, rows)
        self.decisions = 0

    def run(self) -> tuple[float, list[quoter.Fill]]:
        """Returns the seconds of the loop and the fills. Raises SystemExit where it does not reach the end."""
        engine = self.engine
        session = engine.session()
        log = engine.log(fills=FILLS, records=RECORDS, events=EVENTS)
        books = [
            engine.fitting(engine.book(wanted), self.chunk) for wanted in (bool(session.reading.reads_depth), True)
        ]
        session.market.base = session.exchange.base = self.chunk.base
        session.reading.local = session.reading.venue = 0
        session.reading.local_over = session.reading.venue_over = 1
        start(engine, session, min(first_time(self.local), first_time(self.venue)))
        with no_collection():
            begun = time.perf_counter()
            code = engine.replay(self.local, self.venue, *books, session, log)
            seconds = time.perf_counter() - begun
        if code != DONE:
            raise SystemExit(f"the {engine.name} engine stopped with {code}")
        self.decisions = int(session.clock.decisions)
        rows = np.array(log.fill[: log.fills * FILL_COLUMNS], np.int64).reshape(-1, FILL_COLUMNS)
        return seconds, quoter.ordered([tuple(row) for row in rows[:, [0, 2, 3, 4]].tolist()])
