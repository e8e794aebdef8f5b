"""Hands a tape's chunks to the loop: each stream takes its next chunk when it needs one."""

from collections import deque
from typing import Any

import attrs
import numpy as np

from mmkit.errors import DataError
from mmkit.tape import WINDOW, Chunk, Chunks


@attrs.define(eq=False)
class Feed:
    """A stream's present chunk as the plain loop reads it: one list per column, `count` segments."""

    ts: list[int] = attrs.field(factory=list)
    start: list[int] = attrs.field(factory=list)
    length: list[int] = attrs.field(factory=list)
    kind: list[int] = attrs.field(factory=list)
    flag: list[int] = attrs.field(factory=list)
    bid: list[int] = attrs.field(factory=list)
    ask: list[int] = attrs.field(factory=list)
    key: list[int] = attrs.field(factory=list)
    lots: list[int] = attrs.field(factory=list)
    count: int = 0

    def load(self, segments: Any, key: list[int], lots: list[int]) -> None:
        """Takes a chunk's segments over its rows."""
        for column in ("ts", "start", "kind", "flag", "bid", "ask"):
            setattr(self, column, segments[column].tolist())
        self.length = segments["len"].tolist()
        self.key, self.lots = key, lots
        self.count = len(segments)


@attrs.define(eq=False)
class Reader:
    """Reads a tape once for two streams that are not equally far.

    fault: what ended the tape early; the chunks before it are replayed.  events: rows of the source read so far.
    """

    chunks: Chunks
    waiting: deque[tuple[Chunk, list[int], list[int]]] = attrs.field(factory=deque)
    first: int = 0
    taken: dict[str, int] = attrs.field(factory=lambda: {"local": 0, "venue": 0})
    fault: DataError | None = None
    over: bool = False
    events: int = 0

    def next(self, stream: str) -> tuple[Chunk, list[int], list[int]] | None:
        """Returns the next chunk of "local" or "venue" with its rows as lists, or None at the end."""
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
        except DataError as fault:
            self.fault = fault
            chunk = None
        if chunk is None:
            self.over = True
            return
        self.events += chunk.events
        self.waiting.append((chunk, chunk.key.tolist(), chunk.lots.tolist()))


def empty_book() -> list[int]:
    """Returns a dense book without a level."""
    return [0] * (2 * WINDOW)


def reopen(book: list[int], opening: tuple[Any, Any]) -> None:
    """Fills a book anew after its window moved."""
    keys, lots = opening
    book[:] = [0] * len(book)
    for key, quantity in zip(keys.tolist(), lots.tolist(), strict=True):
        book[key] = quantity


def mids(segments: Any, base: int, tick_size: float) -> tuple[Any, Any]:
    """Returns times (int64 ns) and mids (quote currency, nan where a side is missing) after each depth segment."""
    from mmkit.tape import NO_ASK, NO_BID

    depth = segments[(segments["kind"] != 1) & (segments["kind"] != 2)]
    bid = depth["bid"].astype(np.int64)
    ask = depth["ask"].astype(np.int64)
    mid = (bid + ask + 2 * base) * tick_size / 2.0
    mid[(depth["bid"] == NO_BID) | (depth["ask"] == NO_ASK)] = np.nan
    return depth["ts"], mid
