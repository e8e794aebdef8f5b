"""The compiled engine: the same loops and the same functions, bound to numba over one nested record."""

import time
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import attrs
import numba
import numpy as np

from mmkit.engine import cache, entry, replay, walk
from mmkit.engine.binding import bind
from mmkit.engine.entry import ENTRY
from mmkit.engine.layout import record_of
from mmkit.engine.session import Program, in_their_places
from mmkit.engine.views import view_of
from mmkit.steps import step
from mmkit.tape import SEGMENT, WINDOW, Chunk

Stream = namedtuple("Stream", "segments key lots count")
"""A stream's present chunk: its segments, keys and lots of its rows, number of segments."""

SIGNED = np.dtype([(field[0], field[1].replace("u4", "i4").replace("u1", "i1")) for field in SEGMENT.descr])
"""mmkit.tape.SEGMENT with signed fields, which mix with int64 (an unsigned one would turn sums into floats)."""


def nothing(name: str, value: float, unit: str = "") -> None:
    """What `step` is in a run."""


def jit(function: Any) -> Any:
    """Compiles a function when it is first called; the kernel's own loops are proven and go without checks of every index."""
    own = function.__module__.startswith("mmkit.engine")
    # What is loaded from the cache looks its module up by name: a plugin file or a stack's own module is not importable.
    function.__module__ = entry.__name__
    # Only other compiled functions call it: without the wrappers for Python and C compiling takes a quarter less.
    settings: Any = {"boundscheck": not own, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled: Any = numba.njit(nogil=True, error_model="python", **settings)(function)
    template = compiled.get_call_template

    def once_for_all_constants(arguments: Any, keywords: Any) -> Any:
        """numba would compile a function anew for every constant that it is called with."""
        plain = tuple(numba.types.unliteral(argument) for argument in arguments)  # type: ignore[no-untyped-call]
        return template(plain, keywords)

    compiled.get_call_template = once_for_all_constants
    return compiled


class Feed:
    """A stream's present chunk for the compiled loop."""

    def __init__(self, lots: Any) -> None:
        self.count = 0
        empty = np.zeros(0, SEGMENT)
        self.load(empty, (np.zeros(0, np.int32), np.zeros(0, lots)))

    def load(self, segments: Any, rows: tuple[Any, Any]) -> None:
        """Takes a chunk's segments over its rows."""
        self.segments = segments
        self.count = len(segments)
        self.stream = Stream(segments.view(SIGNED), *rows, self.count)


class Session:
    """A run's record, and its parts as Python objects over the same memory."""

    def __init__(self, parts: Any) -> None:
        self.whole = record_of(parts)
        for field in attrs.fields(type(parts)):
            setattr(self, field.name, view_of(self.whole[field.name], getattr(parts, field.name)))


class Log:
    """The log's record and its parts."""

    def __init__(self, log: Any) -> None:
        self.memory = np.zeros(1, np.dtype([(n, *form) for n, form in log_layout(log).items()], align=True))
        for name in ("fill_capacity", "record_capacity", "record_width"):
            self.memory[name] = getattr(log, name)

    def __getattr__(self, name: str) -> Any:
        return self.memory[name][0]

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "memory":
            object.__setattr__(self, name, value)
        else:
            self.memory[name][0] = value


def log_layout(log: Any) -> dict[str, tuple[Any, ...]]:
    """Returns the layout of a log with its arrays."""
    numbers = {field.name: ("i8",) for field in attrs.fields(type(log))}
    arrays = {"fill": "i8", "fill_mid": "f8", "record_time": "i8", "record": "f8"}
    return numbers | {name: (kind, (max(len(getattr(log, name)), 1),)) for name, kind in arrays.items()}


class CompiledEngine:
    """Runs a program as machine code."""

    name = "compiled"

    def __init__(self, program: Program, notify: Callable[[str], None]) -> None:
        self.program = program
        self.compile_s = 0.0
        self._ready: set[str] = set()
        self._notify = notify
        begun = time.perf_counter()
        file, trouble = cache.stored(program, ENTRY)
        if trouble:
            notify(f"warning: {trouble}; compiling in memory, to be done again next time")
        self.warm = file is not None and cache.is_warm(file.parent)
        entries = cache.entry_points_of(file, program, ENTRY)
        done: dict[Any, Any] = {}
        silent = {step: jit(nothing)}
        filled = {place: bind(own, silent, jit, done) for place, own in in_their_places(program.functions).items()}
        entries["replay"] = bind(replay.replay, {**silent, **filled}, jit, done)
        entries["walk"] = bind(walk.walk, {**silent, **filled}, jit, done)
        kept = numba.njit(nogil=True, error_model="python", cache=file is not None)
        self._entries: dict[str, Any] = {name: kept(entries[name]) for name in ("replay_main", "walk_main")}
        self.compile_s += time.perf_counter() - begun

    def session(self) -> Any:
        """Returns the records of a new run."""
        return Session(self.program.session())

    def log(self, *, fills: int, records: int) -> Any:
        """Returns an empty log."""
        return Log(self.program.log(fills=fills, records=records))

    def feed(self) -> Feed:
        """Returns a stream that has no chunk yet."""
        return Feed(np.int32)

    def rows(self, chunk: Chunk) -> tuple[Any, Any]:
        """Returns a chunk's keys and lots."""
        return chunk.key.view(np.int32), chunk.lots

    def book(self, wanted: bool = True) -> Any:
        """Returns a dense book without a level."""
        return np.zeros(2 * WINDOW if wanted else 1, np.int32)

    def numbers(self, values: Any) -> Any:
        """Returns an array of floats as the walk reads it."""
        return np.ascontiguousarray(values, np.float64)

    def replay(self, local: Feed, venue: Feed, local_book: Any, venue_book: Any, session: Session, log: Log) -> int:
        """Replays until the loop needs something."""
        books = (local_book, venue_book)
        return int(self._call("replay_main", local.stream, venue.stream, *books, session.whole, log.memory))

    def walk(self, mids: Any, draws: Any, dt: float, step: int, session: Session, book: Any, log: Log) -> None:
        """Walks one path."""
        self._call("walk_main", mids, draws, dt, step, session.whole, book, log.memory)

    def _call(self, name: str, *arguments: Any) -> Any:
        """Calls an entry function; the first time it is compiled, or loaded, which is not the run's time."""
        function = self._entries[name]
        if name not in self._ready:
            begun = time.perf_counter()
            if not self.warm:
                self._notify(f"compiling the stack {self.program.stack.name} (once; kept for the next run)")
            function.compile(tuple(numba.typeof(argument) for argument in arguments))  # type: ignore[no-untyped-call]
            self._ready.add(name)
            self.compile_s += time.perf_counter() - begun
        return function(*arguments)
