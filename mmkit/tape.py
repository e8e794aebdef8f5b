"""The tape: what a market becomes before it is replayed, and the events that markets hand over to make one."""

from collections.abc import Iterator

import attrs
import numpy as np
import numpy.typing as npt

EVENT = np.dtype(
    [("exch_ts", "i8"), ("local_ts", "i8"), ("tick", "i8"), ("lots", "i8"), ("kind", "u1"), ("stream", "u1")]
)
"""One row of market data: venue and local time in ns, price in ticks, quantity in lots, kind, and the streams it is in."""

BID, ASK, BUY, SELL, CLEAR_BIDS, CLEAR_ASKS, GAP, RESET = range(8)
"""Kinds of a row: absolute quantity of a bid or ask level; trade by an aggressive buyer or seller; removal of the bids at or
above a tick, of the asks at or below a tick; GAP: the book is unknown from here to the next RESET; RESET: the levels that follow at
the same times are the whole book."""

VENUE, LOCAL, BOTH = 1, 2, 3
"""Streams of a row: the order in which the venue had it, in which we could know it, or the same place in both."""

ADDED = 4
"""Added to a row's streams where the source has no such row: GAP, RESET, or the second copy of a row that is in each stream at its
own place. Such rows are not counted."""

DEPTH, TRADE_BUY, TRADE_SELL, CLEARED_BIDS, CLEARED_ASKS = range(5)
"""Kinds of a segment."""

INVALID, MORE = 1, 2
"""Flags of a segment: the book is not known here; the same message goes on in the next segment."""

SEGMENT = np.dtype(
    [("ts", "i8"), ("start", "u4"), ("len", "u2"), ("kind", "u1"), ("flag", "u1"), ("bid", "i4"), ("ask", "i4")]
)
"""A header of 24 bytes: time in ns, its rows, kind, flags, and best bid and ask AFTER it in ticks from the chunk's base."""

NO_BID, NO_ASK = -(2**31), 2**31 - 1
"""Header values where a side of the book is empty or unknown."""

MARK = np.dtype([("exch_ts", "i8"), ("local_ts", "i8"), ("mark", "f8"), ("rate", "f8"), ("settles", "i8")])
"""A mark price: venue and local time in ns, the price in quote currency, and of perpetuals the funding rate (a fraction of the
position's value) that the settlement at `settles` (ns) is announced to have; NaN and 0 where the venue says none."""

WINDOW = 1 << 20
"""Ticks that a dense book covers; levels further out are kept by the conversion until the window moves."""


@attrs.frozen(eq=False)
class Chunk:
    """A piece of a tape: two time-ordered lists of segments over one array of rows.

    key: uint32, (tick - base) * 2 + is_ask.  lots: int32 or int64.  base: tick of key 0.
    A chunk whose base differs from the one before opens with the whole window of both books (`opening`: for local and
    venue, keys and lots), which a replay stores after clearing its own.
    events: rows of the source that the chunk holds.
    marks: of mmkit.MARK, by venue time; each is in the first chunk whose last venue or local time is not before that of the
    mark, or of one that happened after it; those after all rows are in the last one.
    """

    base: int
    local: npt.NDArray[np.void]
    venue: npt.NDArray[np.void]
    key: npt.NDArray[np.uint32]
    lots: npt.NDArray[np.signedinteger]
    events: int
    opening: tuple[tuple[npt.NDArray[np.uint32], npt.NDArray[np.signedinteger]], ...] = ()
    marks: npt.NDArray[np.void] = attrs.field(factory=lambda: np.zeros(0, MARK))


Events = npt.NDArray[np.void]
"""An array of EVENT, or of MARK; its dtype tells."""

Chunks = Iterator[Chunk]
