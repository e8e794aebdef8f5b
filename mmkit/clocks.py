"""Puts rows that are in the order in which we knew them into the order of both clocks."""

from collections.abc import Iterator

import numpy as np

from mmkit.errors import DataError
from mmkit.tape import ADDED, BOTH, EVENT, LOCAL, MARK, VENUE, Events

LATEST = 60 * 10**9
"""Nanoseconds by which a row may have happened before one that was known earlier."""


def two_clocks(rows: Iterator[Events], *, latest: int = LATEST, source: str = "") -> Iterator[Events]:
    """Yields rows sorted by `local_ts` so that the venue's stream is sorted by `exch_ts` as well.

    A row that happened before one that was known earlier comes twice: first for the venue alone, just before the first
    row that happened after it, then for us alone, in its own place. All others are in both streams. Rows of equal times
    stay together in their order. Rows are held back until nothing up to `latest` ns late can come before them. Raises
    DataError, its text after `source`, for a row that is later still or known before the one ahead of it, and what `rows`
    raises, after everything before. Marks (arrays of mmkit.MARK) are passed on at once, hence before the rows that wait.
    """
    held = _Held()
    try:
        for piece in rows:
            if piece.dtype == MARK:
                yield piece
                continue
            good, fault = held.add(piece, latest)
            if fault:
                raise DataError(f"{source}{fault}")
            if good:
                yield held.release(held.top - latest)
    except DataError:
        yield held.release(held.top)
        raise
    yield held.release(held.top)


class _Held:
    """Rows that wait, in local order; `sent` are those that the venue's stream has already."""

    def __init__(self) -> None:
        self.rows: Events = np.zeros(0, EVENT)
        self.sent = np.zeros(0, bool)
        self.top = -(2**63)
        self.local = -(2**63)

    def add(self, piece: Events, latest: int) -> tuple[int, str]:
        """Takes rows up to the first fault; returns how many and what is wrong with the next."""
        if not len(piece):
            return 0, ""
        exch, local = piece["exch_ts"], piece["local_ts"]
        top = np.maximum(np.maximum.accumulate(exch), self.top)
        before = np.concatenate([[self.local], local[:-1]])
        wrong = np.flatnonzero((local < before) | (top - exch > latest))
        good = int(wrong[0]) if len(wrong) else len(piece)
        fault = ""
        if good < len(piece):
            fault = f"local time {local[good]} comes after {before[good]}"
            if local[good] >= before[good]:
                fault = f"venue time {exch[good]} comes after {top[good]}, more than {latest * 1e-9:g} s late"
        if good:
            self.rows = np.concatenate([self.rows, piece[:good]])
            self.sent = np.concatenate([self.sent, np.zeros(good, bool)])
            self.top = int(top[good - 1])
            self.local = int(local[good - 1])
        return good, fault

    def release(self, until: int) -> Events:
        """Returns the rows, in the order of both clocks, that no row which happened at or after `until` can come before."""
        rows = self.rows
        exch = np.ascontiguousarray(rows["exch_ts"])
        top = np.maximum.accumulate(exch)
        late = exch < top
        count = int(np.searchsorted(top, until, side="right"))
        if not count:
            return rows[:0]
        copies = np.flatnonzero(late & ~self.sent & (exch < top[count - 1]))
        copies = copies[np.argsort(exch[copies], kind="stable")]
        place = np.searchsorted(top, exch[copies], side="right")
        found = rows[np.insert(np.arange(count), place, copies)]
        stream = np.where(late[:count], LOCAL, BOTH).astype(np.uint8) | (rows["stream"][:count] & ADDED)
        found["stream"] = np.insert(stream, place, VENUE | ADDED)
        self.sent[copies] = True
        self.rows, self.sent = rows[count:], self.sent[count:]
        return found
