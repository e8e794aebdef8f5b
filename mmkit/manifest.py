"""The manifest of a tape on disk: what it was made from, where its chunks are, and what its files must hash to."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from mmkit.errors import DataError
from mmkit.funding import Settlement

SCHEMA = 2

MANIFEST = "manifest.json"

FILES = ("local.bin", "venue.bin", "key.bin", "lots.bin", "opening.bin", "marks.bin")
"""Segments as we knew them and as the venue had them (mmkit.tape.SEGMENT), keys (u4) and lots (i4 or i8) of the rows, the books with
which a chunk opens where its base is new (keys and lots of the local one, keys and lots of the venue's), and the marks (mmkit.MARK)."""

Span = tuple[int, int]
"""Byte offset in its file, and number of entries."""


def _is(*types: type) -> Any:
    return attrs.field(validator=attrs.validators.instance_of(types))


def _are_ints(*counts: int) -> Any:
    def check(instance: Any, attribute: Any, value: Any) -> None:
        if not isinstance(value, tuple) or len(value) not in counts or not all(type(one) is int for one in value):
            raise TypeError(f"{attribute.name} is not {counts[-1]} integers: {value!r}")

    return attrs.field(validator=check)


@attrs.frozen
class About:
    """What a tape is made from: instrument with tick and lot size, market rule and its parameters, source files."""

    instrument: str
    tick_size: float
    lot_size: float
    market: str
    params: Mapping[str, Any] = attrs.field(factory=dict)
    sources: tuple[Path, ...] = ()


@attrs.frozen
class Digest:
    """A file's path (a tape's own: its name), size in bytes and SHA-256."""

    path: str = _is(str)
    size: int = _is(int)
    sha256: str = _is(str)


@attrs.frozen
class Piece:
    """Where a chunk is: `width` bytes a lot; `opening` is its offset and the numbers of local and venue levels, or nothing."""

    base: int = _is(int)
    events: int = _is(int)
    width: int = _is(int)
    local: Span = _are_ints(2, 2)
    venue: Span = _are_ints(2, 2)
    key: Span = _are_ints(2, 2)
    lots: Span = _are_ints(2, 2)
    marks: Span = _are_ints(2, 2)
    opening: tuple[int, ...] = _are_ints(0, 3)


@attrs.frozen
class Manifest:
    """What manifest.json holds. first, last: ns, None of a tape without events; marks: how many; settlements: those that the marks
    announce and that are between the venue's first and last event; fault: what ended the source early."""

    schema: int = _is(int)
    mmkit: str = _is(str)
    byte_order: str = _is(str)
    instrument: str = _is(str)
    tick_size: float = _is(float, int)
    lot_size: float = _is(float, int)
    market: str = _is(str)
    params: Mapping[str, Any] = _is(dict)
    sources: tuple[Digest, ...] = _is(tuple)
    events: int = _is(int)
    first: int | None = _is(int, type(None))
    last: int | None = _is(int, type(None))
    marks: int = _is(int)
    settlements: tuple[Settlement, ...] = _is(tuple)
    fault: str | None = _is(str, type(None))
    files: tuple[Digest, ...] = _is(tuple)
    chunks: tuple[Piece, ...] = _is(tuple)


def is_tape(path: Path) -> bool:
    """Returns whether a path is a folder that claims to be a tape."""
    return (path / MANIFEST).is_file()


def manifest(folder: Path) -> Manifest:
    """Returns a tape's manifest. Raises DataError where it cannot be read or a file has another size than it says."""
    file = folder / MANIFEST
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{folder}: is no tape: it has no {MANIFEST}") from None
    except OSError as error:
        raise DataError(f"{file}: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise DataError(f"{file}: is not JSON") from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise DataError(f"{file}: schema is {schema}, this mmkit reads {SCHEMA}")
    try:
        found = _structured(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{file}: is not a tape's manifest: {' '.join(str(error).split())[:100]}") from None
    if found.byte_order != sys.byteorder:
        raise DataError(f"{file}: the tape has {found.byte_order}-endian numbers, this machine others")
    if tuple(one.path for one in found.files) != FILES:
        raise DataError(f"{file}: files are not {', '.join(FILES)}")
    for one in found.files:
        try:
            size = (folder / one.path).stat().st_size
        except OSError as error:
            raise DataError(f"{folder / one.path}: {error.strerror or error}") from None
        if size != one.size:
            raise DataError(f"{folder / one.path}: has {size} bytes, the manifest says {one.size}")
    return found


def _structured(document: dict[str, Any]) -> Manifest:
    """Returns the manifest in a JSON document (by hand: a library would take longer than reading the tape)."""

    def piece(entries: dict[str, Any]) -> Piece:
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in entries.items()
        }
        return Piece(**given)

    lists: dict[str, Any] = {key: tuple(Digest(**one) for one in document[key]) for key in ("sources", "files")}
    lists["settlements"] = tuple(Settlement(**one) for one in document["settlements"])
    lists["chunks"] = tuple(map(piece, document["chunks"]))
    return Manifest(**{**document, **lists})
