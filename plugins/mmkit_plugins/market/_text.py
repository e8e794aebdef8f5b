"""Text recordings, plain or gzip by their first bytes, in pieces of whole lines."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import mmkit

PIECE = 4 << 20
"""Bytes of text handed out at once: a few megabytes stay in the cache."""

BLOCK = 1 << 16
"""Bytes read from a file at once."""


def pieces(path: Path, size: int = PIECE) -> Iterator[tuple[int, bytes]]:
    """Yields the number of a piece's first line, from 1, and its text.

    Raises DataError for a file that cannot be read, is empty or ends early, after the whole lines before.
    """
    line = 1
    rest = b""
    waiting: list[bytes] = []
    length = 0
    fault = ""
    blocks = _blocks(path)
    while True:
        try:
            block = next(blocks, b"")
        except (EOFError, zlib.error) as error:
            block, fault = b"", f"gzip is {'cut short' if isinstance(error, EOFError) else 'damaged'}"
        except OSError as error:
            raise mmkit.DataError(f"{path}: {error.strerror or error}") from None
        waiting.append(block)
        length += len(block)
        if block and length < size:
            continue
        text = rest + b"".join(waiting)
        cut = len(text) if not block and not fault else text.rfind(b"\n") + 1
        if cut:
            yield line, text[:cut]
            line += text.count(b"\n", 0, cut)
        if fault:
            raise mmkit.DataError(f"{path}:{line}: {fault}")
        if not block:
            break
        rest, waiting, length = text[cut:], [], 0
    if line == 1 and not cut:
        raise mmkit.DataError(f"{path}: is empty")


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        block = file.read(BLOCK)
        if block[:2] != b"\x1f\x8b":
            while block:
                yield block
                block = file.read(BLOCK)
            return
        member = zlib.decompressobj(31)
        while block:
            if text := member.decompress(block):
                yield text
            if not member.eof:
                block = file.read(BLOCK)
            elif block := (member.unused_data or file.read(BLOCK)).lstrip(b"\0"):
                member = zlib.decompressobj(31)
        if not member.eof:
            raise EOFError
