"""The compiled engine: the same loops and the same functions, bound to numba over one nested record."""

import contextlib
import math
import shutil
import time
import warnings
from collections import namedtuple
from collections.abc import Callable, Container
from operator import is_
from pathlib import Path
from typing import Any

import attrs
import numba
import numpy as np
from numba.core.errors import NumbaError, NumbaExperimentalFeatureWarning

from mmkit.engine import anew, cache, entry, jit, places, replay, several, stopwatch, walk
from mmkit.engine import single as one
from mmkit.engine.binding import bind
from mmkit.engine.callouts import acting, call, fill_table, stays_python, stubs
from mmkit.engine.calls import identifier
from mmkit.engine.entry import ENTRY
from mmkit.engine.jit import compiler, kept, nothing, refusal
from mmkit.engine.layout import record_of
from mmkit.engine.session import Program, in_their_places
from mmkit.engine.views import view_of
from mmkit.stack import Slot
from mmkit.steps import step
from mmkit.tape import SEGMENT, WINDOW, Chunk

Stream = namedtuple("Stream", "segments key lots count")
"""A stream's present chunk: its segments, keys and lots of its rows, number of segments."""

SIGNED = np.dtype([(field[0], field[1].replace("u4", "i4").replace("u1", "i1")) for field in SEGMENT.descr])
"""mmkit.tape.SEGMENT with signed fields, which mix with int64 (an unsigned one would turn sums into floats)."""


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

    def as_wide_as(self, book: Any) -> Stream:
        """Returns the chunk with lots as wide as a book's, so that few combinations of widths are ever compiled."""
        if self.stream.lots.itemsize < book.itemsize:
            self.stream = self.stream._replace(lots=self.stream.lots.astype(book.dtype))
        return self.stream


class Session:
    """A run's record, and its parts as Python objects over the same memory."""

    def __init__(self, parts: Any, compact: Container[str] = ()) -> None:
        self.whole = record_of(parts, compact)
        for field in attrs.fields(type(parts)):
            setattr(self, field.name, view_of(self.whole[field.name], getattr(parts, field.name)))


class Log:
    """The log's record and its parts."""

    def __init__(self, log: Any) -> None:
        self.memory = np.zeros(1, np.dtype([(n, *form) for n, form in log_layout(log).items()], align=True))
        for name in ("fill_capacity", "record_capacity", "record_width", "event_capacity", "first_latency"):
            self.memory[name] = getattr(log, name)
        self.memory["last"] = math.nan

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
    arrays |= {"event": "i8", "event_value": "f8", "last": "f8", "latency": "i8"}
    return numbers | {name: (kind, (max(len(getattr(log, name)), 1),)) for name, kind in arrays.items()}


def are(these: tuple[Any, ...], those: tuple[Any, ...]) -> bool:
    """Returns whether the same objects stand in both."""
    return len(these) == len(those) and all(map(is_, these, those))


class CompiledEngine:
    """Runs a program as machine code."""

    name = "compiled"

    def __init__(self, program: Program, notify: Callable[[str], None], *, single: bool = False) -> None:
        """Finds the stack in the cache; single: what is called is one event and its decision, not the loop."""
        self.program = program
        self.compile_s = 0.0
        self._notify = notify
        self._ready = False
        self._function: Any = None
        self._entry: Any = None
        self._plain: list[Slot] = []
        self._counts = not jit.together[0]
        self._table_of: tuple[Any, ...] = ()
        self._entry_of: tuple[Any, ...] = ()
        begun = time.perf_counter()
        paths = program.stack.leg.market.rule.paths  # type: ignore[attr-defined]
        loop = "walk_main" if paths else "several_main" if len(program.stack.legs) > 1 else "replay_main"
        self._name = "single_main" if single else loop
        self._folder = cache.folder_of(program, ENTRY + self._name if single else ENTRY)
        manifest = cache.manifest_of(self._folder)
        self.warm = manifest is not None
        self._refused = {**stays_python(program.stack), **(manifest["refused"] if manifest else {})}
        self.compile_s += time.perf_counter() - begun

    def session(self) -> Any:
        """Returns the records of a new run."""
        return Session(self.program.session(pattern=True), self.program.compact)

    def log(self, *, fills: int, records: int, events: int) -> Any:
        """Returns an empty log."""
        return Log(self.program.log(fills=fills, records=records, events=events))

    def feed(self) -> Feed:
        """Returns a stream that has no chunk yet."""
        return Feed(np.int32)

    def rows(self, chunk: Chunk) -> tuple[Any, Any]:
        """Returns a chunk's keys and lots."""
        return chunk.key.view(np.int32), chunk.lots

    def book(self, wanted: bool = True) -> Any:
        """Returns a dense book without a level."""
        return np.zeros(2 * WINDOW if wanted else 1, np.int32)

    def fitting(self, book: Any, chunk: Chunk) -> Any:
        """Returns the book as wide as a chunk's lots: 64 bits from the first chunk that needs them on."""
        return book.astype(np.int64) if book.itemsize < chunk.lots.itemsize else book

    def numbers(self, values: Any) -> Any:
        """Returns an array of floats as the walk reads it."""
        return np.ascontiguousarray(values, np.float64)

    def replay(self, local: Feed, venue: Feed, local_book: Any, venue_book: Any, session: Session, log: Log) -> int:
        """Replays until the loop needs something."""
        books = (local_book, venue_book)
        streams = [stream.as_wide_as(venue_book) for stream in (local, venue)]
        return self._replay((session, local_book), *streams, *books, session.whole, log.memory)

    def replay_several(
        self,
        locals: list[Feed],
        venues: list[Feed],
        local_books: list[Any],
        venue_books: list[Any],
        session: Session,
        log: Log,
    ) -> int:
        """Replays several instruments; the loop goes through tuples, whose elements are all of one type."""
        widest = max((*local_books, *venue_books), key=lambda book: book.itemsize)
        for books in (local_books, venue_books):
            books[:] = [book.astype(widest.dtype) if book.itemsize < widest.itemsize else book for book in books]
        streams = [tuple(stream.as_wide_as(widest) for stream in feeds) for feeds in (locals, venues)]
        books = [tuple(local_books), tuple(venue_books)]
        return self._replay((session, *local_books), *streams, *books, session.whole, log.memory)

    def _replay(self, over: tuple[Any, ...], *arguments: Any) -> int:
        known = len(self._function.overloads) if self.warm and self._ready else -1
        code = int(self._call(over, *arguments))
        if -1 < known < len(self._function.overloads):
            self._seal_again()  # this chunk's lots are wider than the first one's
        return code

    def walk(self, mids: Any, draws: Any, dt: float, step: int, session: Session, book: Any, log: Log) -> None:
        """Walks one path."""
        self._call((session, book), mids, draws, dt, step, session.whole, book, log.memory)

    def single(self, now: int, bid: int, ask: int, session: Session, book: Any, log: Log) -> int:
        """Takes one event and decides."""
        arguments = (now, bid, ask, session.whole, book, log.memory)
        if are(self._entry_of, (session, book, log)):
            return int(self._entry(*arguments))
        sent = int(self._call((session, book), *arguments))
        if not self._plain:
            # Finding out the type of a record with hundreds of fields takes longer than a decision: for the same records it is the same.
            kinds = tuple(numba.typeof(argument) for argument in arguments)  # type: ignore[no-untyped-call]
            self._entry = self._function.overloads[kinds].entry_point
            self._entry_of = (session, book, log)
        return sent

    def _call(self, over: tuple[Any, ...], *arguments: Any) -> Any:
        """Calls the entry function; the first time it is compiled, or loaded, which is not the run's time.

        over: the session and the instruments' local books, for rules that stay Python.
        """
        if not self._ready:
            begun = time.perf_counter()
            kinds = tuple(numba.typeof(argument) for argument in arguments)  # type: ignore[no-untyped-call]
            # One rule's state may begin with all of another's; each still has its own version of what both call.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
                self._get_ready(over[0], over[1], kinds)
            self._ready = True
            self.compile_s += time.perf_counter() - begun
        if self._plain and not are(self._table_of, over):
            fill_table(self._plain, self.program.stack, over[0], over[1:])
            self._table_of = over
        return self._function(*arguments)

    def _get_ready(self, session: Session, book: Any, kinds: tuple[Any, ...]) -> None:
        """Loads the compiled stack; where that cannot be, compiles and keeps it."""
        if self.warm:
            try:
                self._function = self._bound(self._folder)
                self._function.compile(kinds)
                self._seal_again()
            except Exception as error:
                self._notify(f"warning: {self._folder} cannot be loaded ({type(error).__name__}); compiling anew")
                self.warm, self._function = False, None
        if not self.warm:
            self._notify(f"compiling the stack {self.program.stack.name} (once; kept for the next run)")
            self._compile(session, book, kinds)
        for slot in self._plain:
            reason = self._refused[slot.path]
            self._notify(f"{slot.path}: {slot.rule.name}: {reason + '; it ' if reason else ''}runs in Python")

    def _seal_again(self) -> None:
        """Takes what numba has just added to the cache's folder into its sums: logs and rows come in more shapes than one."""
        if self._function.stats.cache_misses:
            with contextlib.suppress(OSError):  # then it does not count, and is compiled again
                cache.seal(self._folder, self._refused)

    def _compile(self, session: Session, book: Any, kinds: tuple[Any, ...]) -> None:
        """Compiles the stack, without the rules that the compiler refuses, and keeps it if there is room."""
        made: Path | None = None
        try:
            made = cache.workshop(self._folder, self.program.source + ENTRY)
            self._compile_in(made, session, book, kinds)
            cache.publish(made, self._folder, self._refused)
        except OSError as error:
            trouble = error.strerror or str(error)
            self._notify(f"warning: {self._folder}: {trouble}; compiled in memory, to be done again next time")
            if made is not None:
                shutil.rmtree(made, ignore_errors=True)
            if self._function is None or not self._function.overloads:
                self._compile_in(None, session, book, kinds)

    def _compile_in(self, made: Path | None, session: Session, book: Any, kinds: tuple[Any, ...]) -> None:
        """Compiles the stack with its results in `made`, or in memory alone."""
        while self._function is None or not self._function.overloads:
            self._function = self._bound(made)
            try:
                self._function.compile(kinds)
            except OSError:
                raise
            except Exception as error:
                if not self._counts:  # it may be that a rule makes an array
                    self._counts, self._function = True, None
                    continue
                own_way = not jit.together[0]
                named = own_way or isinstance(error, NumbaError)
                found = refusal(self.program, self._refused, error, session, book) if named else None
                if found is not None:
                    self._refused[found[0]] = found[1]
                elif own_way:
                    raise
                else:  # no rule is to blame: numba's private parts are not what they were; once more, its own way
                    jit.together[0] = False
                    self._function = None

    def _bound(self, folder: Path | None) -> Any:
        """Returns the entry function bound to the stack's functions; what numba keeps of it goes into `folder`."""
        stack = self.program.stack
        self._plain = [slot for slot in acting(stack) if slot.path in self._refused]
        functions = dict(self.program.functions)
        if self._plain:  # the stack's functions anew, with other functions under the rules' names
            functions |= stubs(self._plain)
            exec(compile(self.program.source, f"<stack {stack.name}>", "exec"), functions)
        # bind copies functions before they are compiled, each once in a fixed order: the names are the same in every process.
        tag = "_".join([self._folder.name, *(identifier(slot.path) for slot in self._plain)])
        make = compiler(tag, self._counts)
        done: dict[Any, Any] = {}
        replace = {step: make(nothing), call: call}
        replace[places.fresh_ladder] = bind(anew.cleared_ladder, {}, make, done)
        replace[places.nanoseconds] = stopwatch.nanoseconds()
        replace[places.fresh_order] = bind(anew.cleared_order, {}, make, done)
        filled = {place: bind(own, replace, make, done) for place, own in in_their_places(functions).items()}
        scope: dict[str, Any] = {"__name__": entry.__name__}
        text = "\n" * self.program.source.count("\n") + ENTRY
        exec(compile(text, str(folder / cache.SOURCE) if folder else f"<stack {stack.name}>", "exec"), scope)
        loops = {"walk_main": walk.walk, "single_main": one.single, "replay_main": replay.replay}
        loop = {**loops, "several_main": several.replay_several}[self._name]
        scope[loop.__name__] = bind(loop, {**replace, **filled}, make, done)
        return kept(scope[self._name], tag, folder is not None)
