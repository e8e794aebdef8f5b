"""Where compiled stacks are kept: one folder each, named by a hash of everything that they are made of."""

import importlib.metadata
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import attrs

from mmkit.engine import replay, walk
from mmkit.engine.digest import digest
from mmkit.engine.layout import layout_of
from mmkit.engine.session import Program, in_their_places

VERSIONS = ("numba", "llvmlite", "numpy")


def cache_folder() -> Path:
    """Returns the user's cache folder of mmkit; MMKIT_CACHE names another."""
    chosen = os.environ.get("MMKIT_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mmkit"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "mmkit"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mmkit"


def key_of(program: Program, entry: str) -> str:
    """Returns the hash of a program's text, of every function that it reaches, of its records' layout and of what compiles it."""
    session = program.session()
    layouts = [repr(layout_of(getattr(session, field.name))) for field in attrs.fields(type(session))]
    versions = [sys.version, *(importlib.metadata.version(name) for name in VERSIONS)]
    functions = [replay.replay, walk.walk, *in_their_places(program.functions).values()]
    return digest(functions, program.source, entry, layouts, versions)[:24]


def folder_of(program: Program, entry: str) -> Path:
    """Returns the folder of a compiled stack."""
    return cache_folder() / "stacks" / key_of(program, entry)


def is_warm(folder: Path) -> bool:
    """Returns whether a folder holds a compiled stack."""
    return any((folder / "__pycache__").glob("*.nbi"))


def write_once(file: Path, text: str) -> None:
    """Writes a file that no reader ever sees half of; whoever comes second keeps the first one's."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        try:
            os.link(name, file)
        except FileExistsError:
            pass
        except OSError:
            os.replace(name, file)
            return
    finally:
        Path(name).unlink(missing_ok=True)


def stored(program: Program, entry: str) -> tuple[Path | None, str]:
    """Returns the file that holds a program's module in the cache, and '' or why there is none."""
    folder = folder_of(program, entry)
    file = folder / "stack.py"
    try:
        write_once(file, program.source + entry)
        (folder / "__pycache__").mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder / "__pycache__") as probe:
            probe.write(b"room")
    except OSError as error:
        return None, f"{folder}: {error.strerror or error}"
    return file, ""


def entry_points_of(file: Path | None, program: Program, entry: str) -> dict[str, Any]:
    """Returns the namespace of the entry functions, defined as in `file` (numba keeps its results beside it)."""
    scope: dict[str, Any] = {"__name__": "mmkit.engine.entry"}
    text = "\n" * program.source.count("\n") + entry
    exec(compile(text, str(file) if file else f"<stack {program.stack.name}>", "exec"), scope)
    return scope
