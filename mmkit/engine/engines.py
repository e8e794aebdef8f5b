"""Which engine runs a program."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from mmkit.engine.plain import PlainEngine
from mmkit.engine.session import Program
from mmkit.tape import Chunk

LONG = 200_000_000
"""Bytes of market data from which compiling is worth its time when the stack has not been compiled before: a recording has
about 130 rows in a kilobyte, the plain engine takes 1 to 2 million of them in a second, and compiling a quarter of a minute."""

WARM = 10_000_000
"""The same when it has: loading the compiler's library and the stack takes half a second."""


class Engine(Protocol):
    """What the driver needs: records, streams and books in the engine's own form, and the two loops over them."""

    name: str
    compile_s: float
    program: Program

    @property
    def replay(self) -> Callable[..., int]:
        """The loop over a tape."""

    @property
    def replay_several(self) -> Callable[..., int]:
        """The loop over several instruments' tapes."""

    @property
    def walk(self) -> Callable[..., None]:
        """The loop over a path."""

    def session(self) -> Any:
        """Returns the records of a new run."""

    def log(self, *, fills: int, records: int, events: int) -> Any:
        """Returns an empty log."""

    def feed(self) -> Any:
        """Returns a stream that has no chunk yet."""

    def rows(self, chunk: Chunk) -> tuple[Any, Any]:
        """Returns a chunk's keys and lots."""

    def book(self, wanted: bool = True) -> Any:
        """Returns a dense book without a level."""

    def fitting(self, book: Any, chunk: Chunk) -> Any:
        """Returns a book that holds a chunk's lots: the same one, or a wider copy."""

    def numbers(self, values: Any) -> Any:
        """Returns an array of floats as the walk reads it."""


def choose(engine: str, program: Program, notify: Callable[[str], None]) -> Engine:
    """Returns the engine of that name; "auto" compiles where the data is long enough to be worth it.

    A rule that does not compile runs in Python under "auto", and is a PluginError under "compiled", unless it says so itself.
    """
    if engine == "compiled" or (engine == "auto" and worth_it(program)):
        from mmkit.engine.compiled import CompiledEngine

        return CompiledEngine(program, notify, whole=engine == "compiled")
    return PlainEngine(program)


def worth_it(program: Program) -> bool:
    """Returns whether compiling pays: by the size of the files that the market reads, and whether the stack is in the cache."""
    size = file_bytes(program)
    if size < WARM:
        return False
    if size >= LONG:
        return True
    from mmkit.engine.cache import folder_of, is_warm
    from mmkit.engine.entry import ENTRY

    return is_warm(folder_of(program, ENTRY))


def file_bytes(program: Program) -> int:
    """Returns how large the files are that the quoted instrument's market reads; a tape is a folder of them."""
    path = getattr(program.stack.leg.market.params, "path", ())
    files = path if isinstance(path, tuple) else (path,)
    parts = [part for file in map(Path, files) for part in (file.glob("*") if file.is_dir() else (file,))]
    return sum(part.stat().st_size for part in parts if part.is_file())
