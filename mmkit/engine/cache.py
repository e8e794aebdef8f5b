"""Where compiled stacks are kept: one folder each, named by a hash of everything that they are made of."""

import hashlib
import importlib.metadata
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

import attrs

import mmkit
from mmkit.engine import replay, walk
from mmkit.engine.callouts import acting, called, stays_python
from mmkit.engine.digest import digest
from mmkit.engine.layout import layout_of
from mmkit.engine.session import Program

VERSIONS = ("numba", "llvmlite", "numpy")

SOURCE, MANIFEST = "stack.py", "compiled.json"
"""A folder's files beside numba's own: the module, and, written last, the sums of all files and which rules stay Python and why."""


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
    session = program.session(pattern=True)
    names = [field.name for field in attrs.fields(type(session))]
    layouts = [repr(layout_of(getattr(session, name), name in program.compact)) for name in names]
    versions = [sys.version, mmkit.__version__, *(importlib.metadata.version(name) for name in VERSIONS)]
    plain = stays_python(program.stack)
    # Of a rule that stays Python only matters what it is given.
    functions: list[Any] = [replay.replay, walk.walk]
    given = []
    for slot in acting(program.stack):
        for name, function, taken in called(slot):
            if slot.path in plain:
                given.append((slot.path, name, taken))
            else:
                functions.append(function)
    for value in program.functions.values():
        if isinstance(value, FunctionType) and value.__module__.startswith("mmkit."):
            functions.append(value)
    return digest(functions, program.source, entry, layouts, versions, given)[:24]


def folder_of(program: Program, entry: str) -> Path:
    """Returns the folder of a compiled stack."""
    return cache_folder() / "stacks" / key_of(program, entry)


def is_warm(folder: Path) -> bool:
    """Returns whether a folder holds a compiled stack, whole and unchanged since it was written."""
    return manifest_of(folder) is not None


def manifest_of(folder: Path) -> dict[str, Any] | None:
    """Returns a compiled stack's manifest; None where there is none or a file is not what it was."""
    try:
        found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sound = all(why is None or len(why) == 4 for why in found["refused"].values())
        return found if sound and found["files"] == sums(folder) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def sums(folder: Path) -> dict[str, str]:
    """Returns the SHA-256 of each file of a compiled stack but the manifest."""
    files = [folder / SOURCE, *sorted((folder / "__pycache__").glob("*.nb[ic]"))]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def workshop(folder: Path, text: str) -> Path:
    """Returns a new folder beside `folder`, in which its content is made before anybody else sees it. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        (made / SOURCE).write_text(text, encoding="utf-8")
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return made


def seal(folder: Path, refused: Mapping[str, Any]) -> None:
    """Writes a folder's manifest over what it holds now. Raises OSError."""
    written = folder / f".{MANIFEST}-{os.getpid()}"
    written.write_text(json.dumps({"files": sums(folder), "refused": dict(refused)}), encoding="utf-8")
    written.replace(folder / MANIFEST)


def publish(made: Path, folder: Path, refused: Mapping[str, Any]) -> None:
    """Puts a workshop in its place; where another process was first, its work is kept. Raises OSError."""
    try:
        seal(made, refused)
        if folder.exists() and not is_warm(folder):
            shutil.rmtree(folder, ignore_errors=True)
        try:
            made.rename(folder)
        except OSError:
            if not is_warm(folder):
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
