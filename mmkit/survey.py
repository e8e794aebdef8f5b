"""Looks through a tape: how much is in it, how its book ends, and what is wrong with it."""

from collections.abc import Iterable
from typing import Any

import attrs
import numpy as np

from mmkit.errors import DataError
from mmkit.funding import Settlement, Settlements
from mmkit.tape import CLEARED_BIDS, DEPTH, INVALID, MORE, NO_ASK, NO_BID, TRADE_BUY, TRADE_SELL, WINDOW, Chunk

SHOWN = 5
"""Times that a finding names."""


@attrs.define
class Survey:
    """What was found. Times in ns, prices in ticks, quantities in lots; levels are those within the window of the last chunk.

    gaps: where the book becomes unknown; crossed: messages after which a bid is at or above an ask; unsorted: segments
    before the one ahead of them, of either stream; unsorted_marks: marks before the one ahead of them; left_out: settlements that
    lack a mark price or a rate, a line each; the rest is of the venue's stream. fault: what ended the data early.
    """

    events: int = 0
    chunks: int = 0
    first: int | None = None
    last: int | None = None
    bid: int | None = None
    ask: int | None = None
    bid_levels: int = 0
    ask_levels: int = 0
    trades: int = 0
    volume: int = 0
    marks: int = 0
    settlements: list[Settlement] = attrs.field(factory=list)
    left_out: list[str] = attrs.field(factory=list)
    gaps: list[int] = attrs.field(factory=list)
    crossed: list[int] = attrs.field(factory=list)
    unsorted: list[int] = attrs.field(factory=list)
    unsorted_marks: list[int] = attrs.field(factory=list)
    fault: str | None = None

    def lines(self) -> list[str]:
        """Returns a line for each kind of thing that is wrong."""
        found = [
            (self.gaps, "gap, the book is unknown", "gaps, the book is unknown"),
            (self.crossed, "crossed book", "crossed books"),
            (self.unsorted, "time out of order", "times out of order"),
            (self.unsorted_marks, "mark out of order", "marks out of order"),
        ]
        lines = []
        for times, one, several in found:
            if times:
                more = ", …" if len(times) > SHOWN else ""
                at = ", ".join(map(str, times[:SHOWN])) + more
                lines.append(f"{len(times)} {one if len(times) == 1 else several} at {at} ns")
        return lines + self.left_out + ([f"ends early: {self.fault}"] if self.fault else [])


def survey(chunks: Iterable[Chunk]) -> Survey:
    """Returns what is in a tape. A DataError before the first chunk is raised; a later one is the survey's fault."""
    reading = _Reading()
    try:
        for chunk in chunks:
            reading.take(chunk)
    except DataError as error:
        if not reading.found.chunks:
            raise
        reading.found.fault = str(error)
    return reading.end()


class _Reading:
    def __init__(self) -> None:
        self.found = Survey()
        self.book = np.zeros(2 * WINDOW, np.int64)
        self.base: int | None = None
        self.bid, self.ask = NO_BID, NO_ASK
        self.known = True
        self.clocks = {"local": -(2**63), "venue": -(2**63)}
        self.reached: tuple[int, int] = (NO_BID, NO_ASK)
        self.marked = -(2**63)
        self.funding = Settlements(self.found.left_out.append)

    def take(self, chunk: Chunk) -> None:
        """Looks through one chunk more."""
        found = self.found
        found.events += chunk.events
        found.chunks += 1
        if chunk.base != self.base:
            self._move(chunk)
        for name, stream in (("local", chunk.local), ("venue", chunk.venue)):
            self._time(name, stream["ts"])
        venue = chunk.venue
        self._gaps(venue)
        trade = (venue["kind"] == TRADE_BUY) | (venue["kind"] == TRADE_SELL)
        found.trades += int(trade.sum())
        found.volume += int(chunk.lots[venue["start"][trade]].sum())
        self._book(chunk)
        self._marks(chunk)

    def end(self) -> Survey:
        """Returns the survey with the book as it is at the end."""
        found = self.found
        base = self.base or 0
        found.bid = base + self.bid if self.bid != NO_BID else None
        found.ask = base + self.ask if self.ask != NO_ASK else None
        # What a quote of the other side has crossed stays stored without being a level any more.
        found.bid_levels = int((self.book[: 2 * max(min(self.bid, WINDOW - 1) + 1, 0) : 2] > 0).sum())
        found.ask_levels = int((self.book[1 + 2 * min(max(self.ask, 0), WINDOW) :: 2] > 0).sum())
        return found

    def _move(self, chunk: Chunk) -> None:
        if self.base is not None:
            shift = self.base - chunk.base
            self.bid = self.bid + shift if self.bid != NO_BID else NO_BID
            self.ask = self.ask + shift if self.ask != NO_ASK else NO_ASK
        self.base = chunk.base
        if chunk.opening:
            keys, lots = chunk.opening[1]
            self.book[:] = 0
            self.book[keys] = lots

    def _time(self, name: str, ts: Any) -> None:
        if not len(ts):
            return
        before = np.concatenate([[self.clocks[name]], ts[:-1]])
        self.found.unsorted += ts[ts < before].tolist()
        self.clocks[name] = int(ts[-1])
        first, last = int(ts.min()), int(ts.max())
        self.found.first = first if self.found.first is None else min(first, self.found.first)
        self.found.last = last if self.found.last is None else max(last, self.found.last)

    def _marks(self, chunk: Chunk) -> None:
        self.found.marks += len(chunk.marks)
        self.found.settlements += self.funding.take(chunk)
        ts = chunk.marks["exch_ts"]
        if len(ts):
            before = np.maximum.accumulate(np.concatenate([[self.marked], ts[:-1]]))
            self.found.unsorted_marks += ts[ts < before].tolist()
            self.marked = max(int(before[-1]), int(ts[-1]))

    def _gaps(self, venue: Any) -> None:
        # The pieces of a long snapshot are not known either, but the message goes on.
        lost = (venue["flag"] & (INVALID | MORE)) == INVALID
        whole = (venue["flag"] & (INVALID | MORE)) != (INVALID | MORE)
        lost, ts = lost[whole], venue["ts"][whole]
        if len(lost):
            begins = lost & np.concatenate([[self.known], ~lost[:-1]])
            self.found.gaps += ts[begins].tolist()
            self.known = not lost[-1]

    def _book(self, chunk: Chunk) -> None:
        """Follows the book message by message: looks at both sides where a quote reached the other one."""
        rows = chunk.venue[chunk.venue["kind"] != TRADE_BUY]
        rows = rows[rows["kind"] != TRADE_SELL]
        key, lots, book = chunk.key.astype(np.int64), chunk.lots, self.book
        highest = np.append(np.where((key & 1 == 0) & (lots > 0), key >> 1, NO_BID), NO_BID)
        lowest = np.append(np.where((key & 1 == 1) & (lots > 0), key >> 1, NO_ASK), NO_ASK)
        for ts, start, count, kind, flag, bid, ask in rows.tolist():
            end = start + count
            if kind == DEPTH:
                if count:
                    top, bottom = int(highest[start:end].max()), int(lowest[start:end].min())
                    book[key[start:end]] = lots[start:end]
                    if top >= self.ask or bottom <= self.bid:
                        self.reached = (max(self.reached[0], top), min(self.reached[1], bottom))
            elif kind == CLEARED_BIDS:
                book[2 * max(key[start] >> 1, 0) : 2 * max(min(self.bid, WINDOW - 1) + 1, 0) : 2] = 0
            else:
                book[1 + 2 * max(self.ask, 0) : 2 * max(min(key[start] >> 1, WINDOW - 1) + 1, 0) : 2] = 0
            if not flag & MORE:
                if self._crossed(bid, ask) and not flag & INVALID:
                    self.found.crossed.append(ts)
                self.bid, self.ask, self.reached = bid, ask, (NO_BID, NO_ASK)

    def _crossed(self, bid: int, ask: int) -> bool:
        if bid != NO_BID and bid >= ask:
            return True
        top, bottom = self.reached
        asks = self.book[1 + 2 * max(self.ask, 0) : 2 * (top + 1) : 2] if top >= self.ask >= 0 else self.book[:0]
        bids = (
            self.book[2 * bottom : 2 * (self.bid + 1) : 2] if NO_ASK != bottom <= self.bid < WINDOW else self.book[:0]
        )
        return bool((asks > 0).any() or (bids > 0).any())
