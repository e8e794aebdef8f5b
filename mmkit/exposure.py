"""Quotes that nobody placed: what a tape says would have filled, at which distance from the mid, within which time.

Every `every` ns quotes are imagined anew at fixed distances from the mid, at and outside the touch, on both sides. Until the next
time each is exposed to the trades: filled by the first that reaches its price (touch) or prints beyond it (through), and out from then
on. What was not filled is censored, not dropped. An interval in which the book is unknown counts nowhere.
"""

from collections.abc import Iterable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from mmkit.errors import DataError, MmkitError
from mmkit.tape import INVALID, MORE, NO_ASK, NO_BID, TRADE_BUY, TRADE_SELL

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BLOCKS = 20
"""Stretches of time by which standard errors are judged."""

FEWEST = 10
"""Quotes that must have filled at the farthest distance, where no other is asked for."""


@attrs.frozen(eq=False)
class Tape:
    """The venue's side of a market: best prices in ticks after each change (bid above ask: unknown), and trades.

    fault: what ended the source early; everything before it is here.
    """

    time: Ints
    bid: Ints
    ask: Ints
    trade_time: Ints
    trade_side: Ints
    trade_tick: Ints
    fault: MmkitError | None = None

    @property
    def mid(self) -> Floats:
        """The mids in ticks, NaN where unknown."""
        return np.where(self.bid < self.ask, (self.bid + self.ask) / 2.0, np.nan)

    @property
    def span_s(self) -> float:
        """Seconds from the first to the last event."""
        return float(max(self.time[-1], self.trade_time[-1]) - self.time[0]) * 1e-9


@attrs.frozen(eq=False)
class Cells:
    """Exposure (s) and fills by stretch of time (rows) and distance from the mid (columns, in half ticks)."""

    exposure: Floats
    fills: Floats

    def of(self, stretches: Any) -> tuple[Ints, Floats, Floats]:
        """Returns distances in half ticks, exposures and fills of these stretches together, where there was any exposure."""
        exposure, fills = self.exposure[stretches].sum(axis=0), self.fills[stretches].sum(axis=0)
        there = np.flatnonzero(exposure > 0)
        return there, exposure[there], fills[there]


def read(chunks: Iterable[Any]) -> Tape:
    """Returns the venue's side of a market. Raises what `chunks` raises where nothing came before, DataError without mids or trades."""
    quotes: list[tuple[Ints, Ints, Ints]] = []
    trades: list[tuple[Ints, Ints, Ints]] = []
    fault: MmkitError | None = None
    try:
        for chunk in chunks:
            rows = chunk.venue
            is_trade = (rows["kind"] == TRADE_BUY) | (rows["kind"] == TRADE_SELL)
            depth = rows[~is_trade & (rows["flag"] & MORE == 0)]
            known = (depth["bid"] != NO_BID) & (depth["ask"] != NO_ASK) & (depth["flag"] & INVALID == 0)
            bid = np.where(known, depth["bid"].astype(np.int64) + chunk.base, 1)
            ask = np.where(known, depth["ask"].astype(np.int64) + chunk.base, 0)
            # A change of depth behind the best prices says nothing here.
            new = np.ones(len(depth), bool)
            new[1:] = (bid[1:] != bid[:-1]) | (ask[1:] != ask[:-1])
            quotes.append((depth["ts"][new].astype(np.int64), bid[new], ask[new]))
            struck = rows[is_trade & (rows["flag"] & INVALID == 0)]
            side = np.where(struck["kind"] == TRADE_BUY, 1, -1).astype(np.int64)
            tick = (chunk.key[struck["start"]] >> 1).astype(np.int64) + chunk.base
            trades.append((struck["ts"].astype(np.int64), side, tick))
    except MmkitError as error:
        if not quotes:
            raise
        fault = error
    if not any(len(part[0]) for part in quotes) or not any(len(part[0]) for part in trades):
        raise fault or DataError("no trades, or no best prices: there is nothing to calibrate from")
    time, bid, ask = (np.concatenate(column) for column in zip(*quotes, strict=True))
    trade_time, side, tick = (np.concatenate(column) for column in zip(*trades, strict=True))
    return Tape(time, bid, ask, trade_time, side, tick, fault)


def mids_at(tape: Tape, every: int) -> tuple[Ints, Ints, Ints]:
    """Returns, for each whole interval, its beginning and the bid and ask that stood then; bid above ask: the interval does not count."""
    first, last = int(tape.time[0]), int(max(tape.time[-1], tape.trade_time[-1]))
    begin = np.arange(first, last - every + 1, every, dtype=np.int64)
    if not len(begin):
        raise DataError("the data is shorter than one interval")
    at = np.searchsorted(tape.time, begin, side="right") - 1
    bid, ask = tape.bid[at].copy(), tape.ask[at].copy()
    lost = (tape.time[tape.bid >= tape.ask] - first) // every
    bid[lost[lost < len(begin)]], ask[lost[lost < len(begin)]] = 1, 0
    return begin, bid, ask


def targets(tape: Tape, every: int, count: int, farthest: float | None) -> Ints:
    """Returns up to `count` even distances in half ticks, so that no two quotes ever fall on one price.

    From the usual half-spread to `farthest` (ticks), or as far as trades reach often enough.
    """
    begin, bid, ask = mids_at(tape, every)
    known = bid < ask
    if not known.any():
        raise DataError("the book is unknown all the time: there is nothing to calibrate from")
    nearest = int(np.median((ask - bid)[known]))
    if farthest is not None:
        most = int(2 * farthest)
    else:
        place, depth = _reached(tape, begin, bid + ask, known, every)
        deepest = np.zeros(len(begin), np.int64)
        np.maximum.at(deepest, place, depth)
        most = int(np.sort(deepest)[-min(FEWEST, len(deepest))])
    return 2 * np.unique(np.rint(np.linspace(nearest // 2, max(most // 2, nearest // 2 + 2), count)).astype(np.int64))


def _reached(tape: Tape, begin: Ints, middle: Ints, known: Any, every: int) -> tuple[Ints, Ints]:
    """Returns the interval of each trade that counts, and how far from the mid it was (half ticks, outward)."""
    place = (tape.trade_time - begin[0] - 1) // every
    kept = _counting(place, known)
    return place[kept], tape.trade_side[kept] * (2 * tape.trade_tick[kept] - middle[place[kept]])


def _counting(place: Ints, known: Any) -> Any:
    inside = (place >= 0) & (place < len(known))
    inside[inside] = known[place[inside]]
    return inside


def imagined(tape: Tape, every: int, distances: Ints, *, through: bool) -> Cells:
    """Returns the cells of imagined quotes; a quote inside the spread is none: it would have changed the market."""
    begin, bid, ask = mids_at(tape, every)
    known = bid < ask
    middle, spread = bid + ask, ask - bid
    place, depth = _reached(tape, begin, middle, known, every)
    counted = _counting((tape.trade_time - begin[0] - 1) // every, known)
    side, after = tape.trade_side[counted], (tape.trade_time[counted] - begin[place]) * 1e-9
    width = int(distances[-1]) + 2
    exposure, fills = np.zeros((BLOCKS, width)), np.zeros((BLOCKS, width))
    block = np.arange(len(begin)) * BLOCKS // len(begin)
    for distance in distances.tolist():
        # Prices are whole ticks, and the mid may lie on a half: the quote is at the distance, or half a tick outside it.
        actual = distance + (distance + middle) % 2
        quoted = known & (actual >= spread)
        for one in (1, -1):
            hit = quoted[place] & (side == one)
            hit &= depth > actual[place] if through else depth >= actual[place]
            filled, first = np.unique(place[hit], return_index=True)
            alive = np.full(len(begin), every * 1e-9)
            alive[filled] = after[hit][first]
            np.add.at(exposure, (block[quoted], actual[quoted]), alive[quoted])
            np.add.at(fills, (block[filled], actual[filled]), 1.0)
    return Cells(exposure, fills)
