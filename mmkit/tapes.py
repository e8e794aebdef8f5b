"""Tapes on disk: a folder with a manifest and binary files, written whole or not at all, read chunk by chunk."""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO

import attrs
import numpy as np

from mmkit.errors import ConfigError, DataError
from mmkit.folder import as_json
from mmkit.funding import Settlement, Settlements
from mmkit.manifest import FILES, MANIFEST, SCHEMA, About, Digest, Manifest, Piece, Span, manifest
from mmkit.tape import DEPTH, MARK, SEGMENT, WINDOW, Chunk


def write(folder: Path, chunks: Iterable[Chunk], about: About) -> Manifest:
    """Writes a tape and returns its manifest. A DataError after the first chunk ends the tape and stands in it as its fault.

    Raises ConfigError where the folder exists or cannot be written, and what `chunks` raises otherwise; then there is no folder.
    """
    if folder.exists():
        raise ConfigError(f"{folder}: is there already; it is not overwritten")
    try:
        writer = Writer(folder)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror or error}") from None
    fault: str | None = None
    try:
        try:
            for chunk in chunks:
                writer.add(chunk)
        except DataError as error:
            if not writer.pieces:
                raise
            fault = str(error)
        return writer.finish(about, fault)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror or error}") from None
    finally:
        writer.discard()


class Writer:
    """A tape on its way to the disk, beside its folder until it is whole. Everything here may raise OSError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=".part", dir=folder.parent))
        self.pieces: list[Piece] = []
        self.sizes = dict.fromkeys(FILES, 0)
        self.sums = {name: hashlib.sha256() for name in FILES}
        self.times: list[int] = []
        self.left_out: list[str] = []
        self.funding = Settlements(self.left_out.append)
        self.settlements: list[Settlement] = []
        self.open = ExitStack()
        try:
            self.files = {name: self.open.enter_context((self.part / name).open("wb")) for name in FILES}
        except OSError:
            self.discard()
            raise

    def add(self, chunk: Chunk) -> None:
        """Writes one chunk more."""
        opening: tuple[int, ...] = ()
        if chunk.opening:
            opening = (self.sizes["opening.bin"], *(len(keys) for keys, _ in chunk.opening))
            for keys, lots in chunk.opening:
                self._append("opening.bin", keys.astype(np.uint32, copy=False))
                self._append("opening.bin", lots.astype(chunk.lots.dtype, copy=False))
        self.pieces.append(
            Piece(
                base=int(chunk.base),
                events=int(chunk.events),
                width=chunk.lots.dtype.itemsize,
                local=self._append("local.bin", chunk.local),
                venue=self._append("venue.bin", chunk.venue),
                key=self._append("key.bin", chunk.key),
                lots=self._append("lots.bin", chunk.lots),
                marks=self._append("marks.bin", chunk.marks),
                opening=opening,
            )
        )
        self.settlements += self.funding.take(chunk)
        for stream in (chunk.local, chunk.venue):
            if len(stream):
                self.times += [int(stream["ts"].min()), int(stream["ts"].max())]

    def _append(self, name: str, rows: Any) -> Span:
        span = (self.sizes[name], len(rows))
        raw = np.ascontiguousarray(rows).view(np.uint8).data
        self.files[name].write(raw)
        self.sums[name].update(raw)
        self.sizes[name] += len(raw)
        return span

    def finish(self, about: About, fault: str | None = None) -> Manifest:
        """Puts the tape in its place and returns its manifest; raises FileExistsError or another OSError where that is taken."""
        from mmkit import __version__

        self.open.close()
        made = Manifest(
            schema=SCHEMA,
            mmkit=__version__,
            byte_order=sys.byteorder,
            instrument=about.instrument,
            tick_size=about.tick_size,
            lot_size=about.lot_size,
            market=about.market,
            params=about.params,
            sources=tuple(digest_of(path) for path in about.sources),
            events=sum(piece.events for piece in self.pieces),
            first=min(self.times, default=None),
            last=max(self.times, default=None),
            marks=sum(piece.marks[1] for piece in self.pieces),
            settlements=tuple(self.settlements),
            fault=fault,
            files=tuple(Digest(name, self.sizes[name], self.sums[name].hexdigest()) for name in FILES),
            chunks=tuple(self.pieces),
        )
        (self.part / MANIFEST).write_text(as_json(attrs.asdict(made)) + "\n", encoding="utf-8")
        # Made for its owner alone; now it is as open as the folder around it, except that others do not write.
        self.part.chmod(0o700 | self.folder.parent.stat().st_mode & 0o755)
        os.rename(self.part, self.folder)
        return made

    def discard(self) -> None:
        """Removes what is not in its place."""
        with suppress(OSError):  # a full disk says once more that it is full
            self.open.close()
        shutil.rmtree(self.part, ignore_errors=True)


def digest_of(path: Path) -> Digest:
    """Returns a file's absolute path, size and SHA-256; raises OSError."""
    with path.open("rb") as file:
        return Digest(
            str(path.absolute()), os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()
        )


def read(folder: Path, instrument: Any = None) -> Iterator[Chunk]:
    """Yields a tape's chunks, one in memory at a time, then raises the fault that ended its source, if one did.

    instrument: whose grid the tape must have. Raises DataError for a tape that is damaged, ConfigError for one of another grid.
    """
    about = manifest(folder)
    for name in ("tick_size", "lot_size") if instrument is not None else ():
        ours, its = getattr(instrument, name), getattr(about, name)
        if ours != its:
            raise ConfigError(f"{folder}: the tape's {name} is {its:g}, that of {instrument.name} is {ours:g}")
    with ExitStack() as opened:
        files: dict[str, BinaryIO] = {}
        for name in FILES:
            try:
                files[name] = opened.enter_context((folder / name).open("rb", buffering=0))
            except OSError as error:
                raise DataError(f"{folder / name}: {error.strerror or error}") from None
        for number, piece in enumerate(about.chunks):
            yield _chunk(folder, files, number, piece)
    if about.fault is not None:
        raise DataError(about.fault)


read_tape = read
"""The name under which plugins find it: mmkit.read_tape."""


def _chunk(folder: Path, files: Mapping[str, Any], number: int, piece: Piece) -> Chunk:
    def rows(name: str, dtype: Any, offset: int, count: int) -> Any:
        room = os.fstat(files[name].fileno()).st_size - offset
        if min(offset, count) < 0 or count * np.dtype(dtype).itemsize > room:
            raise DataError(f"{folder / name}: ends before chunk {number} does")
        found = np.empty(count, dtype)
        try:
            files[name].seek(offset)
            if count and files[name].readinto(found.view(np.uint8)) != found.nbytes:
                raise DataError(f"{folder / name}: ends before chunk {number} does")
        except OSError as error:
            raise DataError(f"{folder / name}: {error.strerror or error}") from None
        return found

    width = np.int64 if piece.width == 8 else np.int32
    opening = []
    if piece.opening:
        offset = piece.opening[0]
        for count in piece.opening[1:]:
            keys = rows("opening.bin", np.uint32, offset, count)
            opening.append((keys, rows("opening.bin", width, offset + keys.nbytes, count)))
            offset += keys.nbytes + opening[-1][1].nbytes
    chunk = Chunk(
        base=piece.base,
        local=rows("local.bin", SEGMENT, *piece.local),
        venue=rows("venue.bin", SEGMENT, *piece.venue),
        key=rows("key.bin", np.uint32, *piece.key),
        lots=rows("lots.bin", width, *piece.lots),
        events=piece.events,
        opening=tuple(opening),
        marks=rows("marks.bin", MARK, *piece.marks),
    )
    if not _within(chunk):
        raise DataError(f"{folder}: chunk {number} is damaged: it refers to rows or levels that it does not have")
    return chunk


def _within(chunk: Chunk) -> bool:
    """Returns whether every row and level that the loop will touch exists: compiled, it does not look itself."""
    if len(chunk.lots) != len(chunk.key) or len(chunk.opening) not in (0, 2):
        return False
    # The removal of a whole side names the tick after the window's last.
    if len(chunk.key) and chunk.key.max() >= 2 * WINDOW + 2:
        return False
    if any(len(keys) and keys.max() >= 2 * WINDOW for keys, _ in chunk.opening):
        return False
    for stream in (chunk.local, chunk.venue):
        touched = np.maximum(stream["len"].astype(np.int64), stream["kind"] != DEPTH)
        if (stream["start"] + touched > len(chunk.key)).any():
            return False
    return True
