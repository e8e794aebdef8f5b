"""Hands a tape's chunks to the loop: each stream takes its next chunk when it needs one."""

from collections import deque
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from mmkit.errors import MmkitError
from mmkit.tape import NO_ASK, NO_BID, Chunk, Chunks

Rows = tuple[Any, Any]
"""Keys and lots of a chunk."""


@attrs.define(eq=False)
class Reader:
    """Reads a tape once for two streams that are not equally far.

    rows: makes of a chunk its keys and lots as the engine reads them;
    fault: what ended the tape early; the chunks before it are replayed.  events: rows of the source read so far.
    """

    chunks: Chunks
    rows: Callable[[Chunk], Rows]
    waiting: deque[tuple[Chunk, Rows]] = attrs.field(factory=deque)
    first: int = 0
    taken: dict[str, int] = attrs.field(factory=lambda: {"local": 0, "venue": 0})
    fault: MmkitError | None = None
    over: bool = False
    events: int = 0

    def next(self, stream: str) -> tuple[Chunk, Rows] | None:
        """Returns the next chunk of "local" or "venue" with its rows, or None at the end."""
        at = self.taken[stream] - self.first
        if at == len(self.waiting):
            self.read()
            if at == len(self.waiting):
                return None
        found = self.waiting[at]
        self.taken[stream] += 1
        while self.waiting and min(self.taken.values()) > self.first:
            self.waiting.popleft()
            self.first += 1
        return found

    def read(self) -> None:
        """Reads one chunk more."""
        if self.over:
            return
        try:
            chunk = next(self.chunks, None)
        except MmkitError as fault:
            self.fault = fault
            chunk = None
        if chunk is None:
            self.over = True
            return
        self.events += chunk.events
        self.waiting.append((chunk, self.rows(chunk)))


def reopen(book: Any, opening: tuple[Any, Any]) -> None:
    """Fills a book anew after its window moved."""
    keys, lots = opening
    if isinstance(book, list):
        book[:] = [0] * len(book)
    else:
        book[:] = 0
    for key, quantity in zip(keys.tolist(), lots.tolist(), strict=True):
        book[key] = quantity


def mids(segments: Any, base: int, tick_size: float) -> tuple[Any, Any]:
    """Returns times (int64 ns) and mids (quote currency, nan where a side is missing) after each depth segment."""
    depth = segments[(segments["kind"] != 1) & (segments["kind"] != 2)]
    bid = depth["bid"].astype(np.int64)
    ask = depth["ask"].astype(np.int64)
    mid = (bid + ask + 2 * base) * tick_size / 2.0
    mid[(depth["bid"] == NO_BID) | (depth["ask"] == NO_ASK)] = np.nan
    return depth["ts"], mid
