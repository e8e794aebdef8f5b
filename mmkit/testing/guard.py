"""Watches what a rule's own functions reach for while they run: the clock, global random numbers, files, the network."""

import functools
import inspect
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import attrs

from mmkit.errors import PluginError
from mmkit.rules import Rule, own_functions

CLOCK, RANDOM, FILES, NETWORK, PROCESS = "the clock", "global random numbers", "a file", "the network", "the process"

CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time", "localtime", "gmtime", "ctime", "sleep")
READERS = ("linecache.py", "tokenize.py")
"""Where the interpreter itself reads source files, for a traceback."""


@attrs.frozen
class Reached:
    """What a function reached for: which function, of which kind, and what exactly."""

    function: str
    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.function} reaches for {self.kind}: {self.what}"


@attrs.define(eq=False)
class Guard:
    """Counts only what happens while a rule's function is on the stack.

    reads: whether files may be read; folder: where files may be written; found: what was reached for, in order.
    """

    reads: bool = False
    folder: Path | None = None
    found: list[Reached] = attrs.field(factory=list)
    inside: list[str] = attrs.field(factory=list)

    def note(self, kind: str, what: str) -> None:
        """Takes down what is reached for now."""
        if self.inside:
            self.found.append(Reached(self.inside[-1], kind, what))

    def rule(self, rule: Rule) -> Rule:
        """Returns the rule with functions that are watched while they run."""
        own: dict[str, Any] = {name: self.function(name, function) for name, function in own_functions(rule)}
        if rule.setup is not None:
            own["setup"] = self.function("setup", rule.setup)
        return attrs.evolve(rule, **own)

    def function(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Returns a function, or generator, that is watched while it runs."""

        def call(*given: Any) -> Any:
            self.inside.append(name)
            try:
                result = function(*given)
            finally:
                self.inside.pop()
            return self.iterated(name, result) if inspect.isgenerator(result) else result

        call.__module__ = ""  # what belongs to no file is not kept as the recording's tape
        return call

    def iterated(self, name: str, values: Iterator[Any]) -> Iterator[Any]:
        """Yields what a generator does, watched while it works."""
        while True:
            self.inside.append(name)
            try:
                value = next(values)
            except StopIteration:
                return
            finally:
                self.inside.pop()
            yield value

    def audit(self, event: str, given: tuple[Any, ...]) -> None:
        """Is told by the interpreter of files, sockets and processes. Raises PluginError for what cannot be taken back."""
        if not self.inside:
            return
        if event == "open":
            self.opened(*given)
        elif event.startswith("socket.") and event != "socket.gethostname":
            self.refused(NETWORK, event)
        elif event in ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.startfile"):
            self.refused(PROCESS, event)
        elif event in ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "shutil.rmtree"):
            if self.folder is None or not within(str(given[0]), self.folder):
                self.refused(FILES, f"{event} {given[0]}")
        elif event in ("os.listdir", "os.scandir") and not self.reads and not importing():
            self.note(FILES, f"{event} {given[0]}")

    def opened(self, path: Any, mode: Any, flags: Any) -> None:
        """Judges a file that is opened."""
        if isinstance(path, int) or importing():
            return
        writes = isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))
        if writes and (self.folder is None or not within(os.fsdecode(path), self.folder)):
            self.refused(FILES, f"writes {os.fsdecode(path)}")
        elif not writes and not self.reads:
            self.note(FILES, f"opens {os.fsdecode(path)}")

    def refused(self, kind: str, what: str) -> None:
        """Takes it down and lets it not happen."""
        self.note(kind, what)
        raise PluginError(f"{self.inside[-1]} reaches for {kind}: {what}")


def within(path: str, folder: Path) -> bool:
    """Returns whether a path lies in a folder."""
    return Path(os.path.abspath(path)).is_relative_to(folder.absolute())


def importing() -> bool:
    """Returns whether the interpreter is importing a module, or reads source, of itself."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith("<frozen importlib") or file.endswith(READERS):
            return True
        frame = frame.f_back
    return False


_watching: list[Guard] = []


@functools.cache
def _hear() -> None:
    """Has the interpreter tell the guard that is on; once, as it never forgets."""

    def heard(event: str, given: tuple[Any, ...]) -> None:
        if _watching:
            _watching[-1].audit(event, given)

    sys.addaudithook(heard)


@contextmanager
def on(guard: Guard) -> Iterator[Guard]:
    """Within this block the guard is told of everything."""
    import numpy as np

    _hear()
    clocks = [(time, name) for each in CLOCKS for name in (each, f"{each}_ns") if hasattr(time, name)]
    drawn = [(random, name) for name in random.__all__ if callable(getattr(random, name)) and name[0].islower()]
    legacy = [(np.random, name) for name in dir(np.random.mtrand) if hasattr(np.random, name) and name[0].islower()]
    patched = [
        *((owner, name, CLOCK) for owner, name in clocks),
        *((owner, name, RANDOM) for owner, name in (*drawn, *legacy)),
        (os, "urandom", RANDOM),
    ]
    before: list[tuple[Any, str, Any]] = []

    def put(owner: Any, name: str, value: Any) -> None:
        before.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    _watching.append(guard)
    try:
        for owner, name, kind in patched:
            if callable(getattr(owner, name)) and not inspect.ismodule(getattr(owner, name)):
                put(owner, name, _noted(guard, kind, f"{owner.__name__}.{name}", getattr(owner, name)))
        put(np.random, "default_rng", _seeded(guard, np.random.default_rng))
        yield guard
    finally:
        _watching.pop()
        for owner, name, value in reversed(before):
            setattr(owner, name, value)


def _noted(guard: Guard, kind: str, what: str, function: Any) -> Any:
    def call(*given: Any, **named: Any) -> Any:
        guard.note(kind, what)
        return function(*given, **named)

    return call


def _seeded(guard: Guard, default_rng: Any) -> Any:
    def call(seed: Any = None) -> Any:
        if seed is None:
            guard.note(RANDOM, "numpy.random.default_rng without a seed")
        return default_rng(seed)

    return call
