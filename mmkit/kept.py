"""Tapes that runs keep: a recording is converted once, and found again by what it and its conversion are made of."""

import hashlib
import shutil
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

from mmkit import __version__, blocks, clocks, conversion, funding, marks, tape, tapes, window
from mmkit.contract import fields_of
from mmkit.engine.cache import cache_folder
from mmkit.errors import DataError
from mmkit.manifest import SCHEMA, About, manifest
from mmkit.rules import Market
from mmkit.stack import Leg
from mmkit.tape import Chunk
from mmkit.writing import values

Notify = Callable[[str], None]

MAKERS = (tape, blocks, window, clocks, marks, conversion, funding, tapes)
"""The modules that decide what a tape of given events is."""


def tapes_folder() -> Path:
    """Returns where runs keep their tapes."""
    return cache_folder() / "tapes"


def chunks(leg: Leg, made: Iterator[Chunk], rng: Any, notify: Notify) -> Generator[Chunk, None, None]:
    """Yields a market's chunks: from the tape that an earlier run kept, else as `made` makes them, keeping them.

    A tape is kept when it is whole: not where the run or the recording ends early, where the recording changes meanwhile, where
    the market draws random numbers (`rng`), and where the disk does not take it, which `notify` is told.
    """
    folder = folder_of(leg)
    if folder is None:
        yield from made
        return
    if is_sound(folder):
        yield from tapes.read(folder)
        return
    yield from _keeping(leg, folder, made, rng, notify)


def _keeping(leg: Leg, folder: Path, made: Iterator[Chunk], rng: Any, notify: Notify) -> Iterator[Chunk]:
    def warn(error: OSError) -> None:
        notify(f"the tape is not kept: {folder}: {error.strerror or error}")

    drawn = repr(rng.bit_generator.state)
    writer: tapes.Writer | None = None
    try:
        if folder.exists():
            shutil.rmtree(folder)
        writer = tapes.Writer(folder)
        first, *others = sources(leg)
        more = f" and {len(others)} more" if others else ""
        notify(f"converting {first}{more} (once; kept for the next run)")
    except OSError as error:
        warn(error)
    try:
        for chunk in made:
            if writer is not None:
                try:
                    writer.add(chunk)
                except OSError as error:
                    warn(error)
                    writer.discard()
                    writer = None
            yield chunk
        if writer is not None and folder_of(leg) == folder and repr(rng.bit_generator.state) == drawn:
            try:
                writer.finish(about(leg))
            except OSError as error:
                if not is_sound(folder):  # another run was first
                    warn(error)
    finally:
        if writer is not None:
            writer.discard()


def is_sound(folder: Path) -> bool:
    """Returns whether a folder holds a whole tape."""
    try:
        manifest(folder)
    except DataError:
        return False
    return True


def rows(leg: Leg) -> int | None:
    """Returns how many rows a market's tape has, where there is one."""
    folders: list[Path | None] = [path for path in sources(leg) if path.is_dir()]
    folders = folders or [folder_of(leg)]
    try:
        return sum(manifest(folder).events for folder in folders if folder is not None) or None
    except DataError:
        return None


def about(leg: Leg) -> About:
    """Returns what a tape of this instrument's market says about itself."""
    grid = leg.instrument
    params = values(leg.market.params)
    return About(grid.name, grid.tick_size, grid.lot_size, leg.market.rule.name, params, sources(leg))


def sources(leg: Leg) -> tuple[Path, ...]:
    """Returns the files that the market's parameters name."""
    found: list[Path] = []
    for field, _, _ in fields_of(type(leg.market.params)):
        value = getattr(leg.market.params, field.name)
        found += [path for path in (value if isinstance(value, tuple) else (value,)) if isinstance(path, Path)]
    return tuple(found)


def folder_of(leg: Leg) -> Path | None:
    """Returns the folder of a recording's tape, None for a simulator and for what is no regular file."""
    assert isinstance(leg.market.rule, Market)
    code = code_of(leg.market.rule.events)
    files = sources(leg)
    if not files or not all(file.is_file() for file in files) or not code:
        return None
    grid = leg.instrument
    market = (leg.market.rule.name, leg.market.distribution, sorted(values(leg.market.params).items()))
    try:
        stats = [(str(file.absolute()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        facts = (SCHEMA, __version__, market, grid.tick_size, grid.lot_size, stats, sys.byteorder)
        key = hashlib.sha256(repr(facts).encode("utf-8", "surrogateescape"))
        for file in (*(Path(module.__file__) for module in MAKERS if module.__file__), *code):
            key.update(hashlib.sha256(file.read_bytes()).digest())
    except OSError:  # a file that has just gone
        return None
    return tapes_folder() / key.hexdigest()[:32]


def code_of(function: Any) -> list[Path]:
    """Returns the source file of a plugin's function with those beside it in its package; nothing where there is none."""
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    file = Path(getattr(module, "__file__", None) or "")
    if not file.is_file():
        return []
    return sorted(file.parent.glob("*.py")) if module is not None and module.__package__ else [file]
