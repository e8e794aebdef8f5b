"""The plain engine: the loops bound to a stack's functions as they are; records are objects, arrays are lists."""

import time
from typing import Any, NamedTuple

import attrs

from mmkit.engine import anew, places, replay, several, single, walk
from mmkit.engine.binding import as_it_is, bind
from mmkit.engine.session import Program, in_their_places
from mmkit.tape import WINDOW, Chunk


class Segment(NamedTuple):
    """A segment's header, as mmkit.tape.SEGMENT."""

    ts: int
    start: int
    len: int
    kind: int
    flag: int
    bid: int
    ask: int


@attrs.define(eq=False)
class Feed:
    """A stream's present chunk: its segments, keys and lots of its rows, number of segments."""

    segments: list[Segment] = attrs.field(factory=list)
    key: list[int] = attrs.field(factory=list)
    lots: list[int] = attrs.field(factory=list)
    count: int = 0

    def load(self, segments: Any, rows: tuple[Any, Any]) -> None:
        """Takes a chunk's segments over its rows."""
        self.segments = list(map(Segment._make, segments.tolist()))
        self.key, self.lots = rows
        self.count = len(segments)


class PlainEngine:
    """Runs a program in Python."""

    name = "python"
    compile_s = 0.0

    def __init__(self, program: Program) -> None:
        self.program = program
        done: dict[Any, Any] = {}
        filled = in_their_places(program.functions)
        filled |= {places.fresh_ladder: anew.new_ladder, places.fresh_order: anew.new_order}
        filled[places.nanoseconds] = time.perf_counter_ns
        self.replay = bind(replay.replay, filled, as_it_is, done)
        self.replay_several = bind(several.replay_several, filled, as_it_is, done)
        self.walk = bind(walk.walk, filled, as_it_is, done)
        self.single = bind(single.single, filled, as_it_is, done)

    def session(self) -> Any:
        """Returns the records of a new run."""
        return self.program.session()

    def log(self, *, fills: int, records: int, events: int) -> Any:
        """Returns an empty log."""
        return self.program.log(fills=fills, records=records, events=events)

    def feed(self) -> Feed:
        """Returns a stream that has no chunk yet."""
        return Feed()

    def rows(self, chunk: Chunk) -> tuple[list[int], list[int]]:
        """Returns a chunk's keys and lots."""
        return chunk.key.tolist(), chunk.lots.tolist()

    def book(self, wanted: bool = True) -> list[int]:
        """Returns a dense book without a level; without a level at all where none is wanted."""
        return [0] * (2 * WINDOW) if wanted else []

    def fitting(self, book: list[int], chunk: Chunk) -> list[int]:
        """Returns the book as it is: Python's numbers have any size."""
        return book

    def numbers(self, values: Any) -> list[float]:
        """Returns an array as the walk reads it."""
        found: list[float] = values.tolist()
        return found
