"""From market events to tape chunks: segments with the best prices after each, one array of rows for both streams."""

from collections.abc import Generator, Iterator
from typing import Any

import numpy as np

from mmkit.blocks import Blocks, blocks_of
from mmkit.errors import MmkitError
from mmkit.marks import Marks
from mmkit.tape import (
    ADDED,
    ASK,
    BID,
    BOTH,
    BUY,
    CLEAR_ASKS,
    CLEAR_BIDS,
    DEPTH,
    GAP,
    INVALID,
    LOCAL,
    MARK,
    MORE,
    NO_ASK,
    NO_BID,
    RESET,
    SEGMENT,
    SELL,
    VENUE,
    WINDOW,
    Chunk,
    Events,
)
from mmkit.window import EMPTY_ASK, EMPTY_BID, Book

LONGEST = 65_535
"""Rows that one segment can have."""


def chunks(events: Iterator[Events], *, rows: int = 1 << 18, window: int = WINDOW) -> Iterator[Chunk]:
    """Yields the tape of a market's events in chunks of about `rows` rows, cut between messages.

    A chunk ends early where the best price of a stream comes within window/8 ticks of the window's edge, or before a
    trade outside the window; the next one has another base. Where the best prices are more than half a window apart,
    only the first of them that exists, local before venue and bid before ask, stays inside. Marks go to the chunk in which
    they happened; they must be handed over no later than the rows that happened after them, and are left out where there
    are no rows. Raises what `events` raises, after everything before it has been yielded.
    """
    writer = _Writer(window)
    held: list[Events] = []
    count = 0
    fault: MmkitError | None = None
    try:
        for piece in events:
            if piece.dtype == MARK:
                writer.marks.add(piece)
                continue
            held.append(piece)
            count += len(piece)
            while count > rows:
                whole = np.concatenate(held) if len(held) > 1 else held[0]
                cut = _message_end(whole, rows)
                held = [whole[cut:]]
                count -= cut
                if not cut:
                    break
                yield from writer.take(whole[:cut])
    except MmkitError as error:
        fault = error
    if count:
        yield from writer.take(np.concatenate(held), last=True)
    if fault:
        raise fault


def _message_end(rows: Events, wanted: int) -> int:
    """Returns the last end of a message at or before row `wanted`, else the first one after it, else 0."""
    for first, end in ((1, wanted + 1), (wanted + 1, len(rows))):
        here, before = rows[first:end], rows[first - 1 : end - 1]
        ends = np.flatnonzero((here["exch_ts"] != before["exch_ts"]) | (here["local_ts"] != before["local_ts"]))
        if len(ends):
            return first + int(ends[-1] if first == 1 else ends[0])
    return 0


_SEGMENT_KIND = np.zeros(8, np.uint8)
_SEGMENT_KIND[[BUY, SELL, CLEAR_BIDS, CLEAR_ASKS]] = [1, 2, 3, 4]


class _Writer:
    """Both streams' books, and the chunk that is being made."""

    def __init__(self, window: int) -> None:
        self.window = window
        self.base: int | None = None
        self.local = self.venue = Book(window)  # one book as long as both streams agree
        self.opening: tuple[Any, ...] = ()
        self.marks = Marks()
        self._begin()

    def _begin(self) -> None:
        self.key: list[Any] = []
        self.lots: list[Any] = []
        self.segments: dict[int, list[Any]] = {LOCAL: [], VENUE: []}
        self.rows = 0
        self.events = 0

    def take(self, rows: Events, last: bool = False) -> Iterator[Chunk]:
        """Yields whole messages as one chunk, or as several where the window has to move."""
        if self.base is None:
            self._move(_first_touch(rows))
            self.opening = ()
        while len(rows):
            taken = yield from self._stretch(rows)
            rows = rows[taken:]
        yield from self._flush(last)

    def _flush(self, last: bool = False) -> Iterator[Chunk]:
        if self.events or self.segments[LOCAL] or self.segments[VENUE]:
            lots = np.concatenate([np.zeros(0, np.int64), *self.lots])
            largest = max([0, *(int(part.max()) for part in (lots, *(q for _, q in self.opening)) if len(part))])
            width = np.int32 if largest < 2**31 else np.int64
            local = np.concatenate([np.zeros(0, SEGMENT), *self.segments[LOCAL]])
            venue = np.concatenate([np.zeros(0, SEGMENT), *self.segments[VENUE]])
            yield Chunk(
                base=self.base or 0,
                local=local,
                venue=venue,
                key=np.concatenate([np.zeros(0, np.uint32), *self.key]),
                lots=lots.astype(width),
                events=self.events,
                opening=tuple((keys, quantities.astype(width)) for keys, quantities in self.opening),
                marks=self.marks.rest() if last else self.marks.until(local["ts"], venue["ts"]),
            )
            self.opening = ()
        if self.venue is not self.local and self.venue.equals(self.local):
            self.venue = self.local
        self._begin()

    def _stretch(self, rows: Events) -> Generator[Chunk, None, int]:
        """Takes rows up to where the window has to move, or all; returns how many."""
        assert self.base is not None
        b = blocks_of(rows, self.base, self.window, LONGEST)
        low, high = self.base + self.window // 8, self.base + self.window - self.window // 8
        kinds, streams, starts, ends = b.kind.tolist(), b.stream.tolist(), b.start.tolist(), b.end.tolist()
        tops, bottoms, away = b.highest.tolist(), b.lowest.tolist(), b.far_count.tolist()
        key, lots = b.key, b.lots
        states = _States(b)
        states.note(-1, self.local, self.venue)
        emitted = 0
        until = 0
        local, venue = self.local, self.venue
        for at in b.to_walk(self.base, self.window):
            if at < until:
                continue
            kind, stream = kinds[at], streams[at]
            if kind in (BUY, SELL):
                # Its price has no place in this window: the chunk ends before it.
                self._emit(b, emitted, at, states)
                return (yield from self._end(b, rows, at, [int(b.tick[at])]))
            if stream != BOTH and venue is local:
                venue = self.venue = local.copy()
            if stream == BOTH and venue is not local:
                books: tuple[Book, ...] = (local, venue)
            else:
                books = (venue,) if stream == VENUE else (local,)
            if kind <= ASK:
                start, end = starts[at], ends[at]
                for book in books:
                    if book.valid:
                        if start < end:
                            book.lots[key[start:end]] = lots[start:end]
                        if away[at]:
                            book.write_far(*b.far(at))
                        book.settle(tops[at], bottoms[at])
            elif kind == RESET:
                self._emit(b, emitted, at, states)
                emitted = until = b.message_end(at)
                self._reset(b, at, until, books)
            elif kind == GAP:
                for book in books:
                    book.valid = False
                    book.bid, book.ask = EMPTY_BID, EMPTY_ASK
            else:
                for book in books:
                    if book.valid and kind == CLEAR_BIDS:
                        book.clear_bids(int(b.tick[at]))
                    elif book.valid:
                        book.clear_asks(int(b.tick[at]))
            states.note(until - 1 if kind == RESET else at, local, venue)
            # bid < ask, so that two comparisons a book tell whether to look closer.
            near_edge = local.bid < low or local.ask >= high or venue.bid < low or venue.ask >= high
            if near_edge and self._strays(low, high):
                done = max(at + 1, until)
                self._emit(b, emitted, done, states)
                return (yield from self._end(b, rows, done, []))
        self._emit(b, emitted, len(kinds), states)
        self.events += _counted(rows)
        return len(rows)

    def _end(self, b: Blocks, rows: Events, block: int, needed: list[int]) -> Generator[Chunk, None, int]:
        """Ends the chunk before a block and moves the window; returns how many rows the chunk has taken."""
        taken = int(b.first_row[block])
        self.events += _counted(rows[:taken])
        yield from self._flush()
        self._move(needed or self._touch())
        return taken

    def _touch(self) -> list[int]:
        found = (self.local.bid, self.local.ask, self.venue.bid, self.venue.ask)
        touch = [tick for tick in found if tick not in (EMPTY_BID, EMPTY_ASK)]
        return touch if not touch or max(touch) - min(touch) <= self.window // 2 else touch[:1]

    def _strays(self, low: int, high: int) -> bool:
        return any(not low <= tick < high for tick in self._touch())

    def _move(self, ticks: list[int]) -> None:
        """Puts the window's middle between the ticks; the next chunk opens with all that is in it."""
        self.base = (min(ticks) + max(ticks)) // 2 - self.window // 2 if ticks else 0
        self.local.move(self.base)
        if self.venue is not self.local:
            self.venue.move(self.base)
        self.opening = (self.local.inside(), self.venue.inside())

    def _emit(self, b: Blocks, first: int, end: int, states: "_States") -> None:
        """Writes the segments and rows of blocks first to end."""
        if first == end:
            return
        row, after = int(b.start[first]), int(b.end[end - 1])
        part = slice(first, end)
        state = states.after(first, end)
        for stream, more, bid, ask, valid in (
            (LOCAL, b.more_local, *state[:3]),
            (VENUE, b.more_venue, *state[3:]),
        ):
            kind = b.kind[part]
            kept = (b.stream[part] & stream != 0) & ((valid != 0) | (kind == BUY) | (kind == SELL) | (kind == GAP))
            segments = np.zeros(int(kept.sum()), SEGMENT)
            segments["ts"] = (b.local_ts if stream == LOCAL else b.exch_ts)[part][kept]
            segments["start"] = b.start[part][kept] - row + self.rows
            segments["len"] = (b.end[part] - b.start[part])[kept]
            segments["kind"] = _SEGMENT_KIND[kind[kept]]
            segments["flag"] = more[part][kept] * MORE + (valid[kept] == 0) * INVALID
            segments["bid"], segments["ask"] = self._relative(bid[kept], ask[kept])
            self.segments[stream].append(segments)
        self.key.append(b.key[row:after].astype(np.uint32))
        self.lots.append(b.lots[row:after])
        self.rows += after - row

    def _relative(self, bid: Any, ask: Any) -> tuple[Any, Any]:
        assert self.base is not None
        limits = (NO_BID + 1, NO_ASK - 1)
        return (
            np.where(bid == EMPTY_BID, NO_BID, np.clip(bid - self.base, *limits)),
            np.where(ask == EMPTY_ASK, NO_ASK, np.clip(ask - self.base, *limits)),
        )

    def _reset(self, b: Blocks, at: int, end: int, books: tuple[Book, ...]) -> None:
        """Replaces books by the levels of the blocks that follow a RESET, and writes what differs, removals first.

        Levels of a RESET that cross each other are one segment all the same.
        """
        for book in books:
            keys, lots = book.levels()
            book.empty()
            for block in range(at + 1, end):
                book.lots[b.key[b.start[block] : b.end[block]]] = b.lots[b.start[block] : b.end[block]]
                book.write_far(*b.far(block))
                book.settle(int(b.highest[block]), int(b.lowest[block]))
            new_keys, new_lots = book.levels()
            gone = np.setdiff1d(keys, new_keys, assume_unique=True)
            place = np.searchsorted(keys, new_keys)
            known = np.append(keys, -1)[place] == new_keys
            changed = ~known | (np.append(lots, 0)[place] != new_lots)
            key = np.concatenate([gone, new_keys[changed]]) - 2 * book.base
            quantity = np.concatenate([np.zeros(len(gone), np.int64), new_lots[changed]])
            inside = (key >= 0) & (key < 2 * self.window)
            self._write_reset(b, at, book, key[inside].astype(np.uint32), quantity[inside])

    def _write_reset(self, b: Blocks, at: int, book: Book, key: Any, lots: Any) -> None:
        starts = np.arange(0, max(len(key), 1), LONGEST)
        segments = np.zeros(len(starts), SEGMENT)
        segments["start"] = starts + self.rows
        segments["len"] = np.minimum(len(key) - starts, LONGEST)
        segments["kind"] = DEPTH
        # Only with the last piece is the book whole.
        segments["flag"][:-1] = MORE | INVALID
        segments["bid"], segments["ask"] = NO_BID, NO_ASK
        bid, ask = self._relative(np.array([book.bid]), np.array([book.ask]))
        segments["bid"][-1], segments["ask"][-1] = bid[0], ask[0]
        for stream, own, ts in ((LOCAL, self.local, b.local_ts), (VENUE, self.venue, b.exch_ts)):
            if own is book and b.stream[at] & stream:
                segments["ts"] = ts[at]
                self.segments[stream].append(segments.copy())
        self.key.append(key)
        self.lots.append(lots)
        self.rows += len(key)


class _States:
    """What both books' best prices were after each block that was walked."""

    def __init__(self, b: Blocks) -> None:
        self.blocks: list[int] = []
        self.values: list[tuple[int, int, bool, int, int, bool]] = []

    def note(self, block: int, local: Book, venue: Book) -> None:
        self.blocks.append(block)
        self.values.append((local.bid, local.ask, local.valid, venue.bid, venue.ask, venue.valid))

    def after(self, first: int, end: int) -> Any:
        """Returns bid, ask and validity of local and venue, six rows, after each of the blocks."""
        at = np.searchsorted(np.array(self.blocks), np.arange(first, end), side="right") - 1
        return np.array(self.values, np.int64).T[:, at]


def _counted(rows: Events) -> int:
    return int((rows["stream"] & ADDED == 0).sum())


def _first_touch(rows: Events) -> list[int]:
    """Returns the best bid and ask of the first message that has levels, or the first price, or nothing."""
    priced = rows[:10_000]
    priced = priced[priced["kind"] < CLEAR_BIDS]
    levels = priced[(priced["kind"] <= ASK) & (priced["lots"] > 0)]
    if not len(levels):
        return [int(tick) for tick in priced["tick"][:1]]
    first = levels[(levels["exch_ts"] == levels["exch_ts"][0]) & (levels["local_ts"] == levels["local_ts"][0])]
    bids, asks = first["tick"][first["kind"] == BID], first["tick"][first["kind"] == ASK]
    return [int(tick) for tick in ([bids.max()] if len(bids) else []) + ([asks.min()] if len(asks) else [])]
