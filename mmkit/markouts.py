"""Markouts: what the mid did after our fills, measured while the tape goes by."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

HORIZONS_S = (1.0, 10.0, 60.0)
"""Horizons of the markouts that every run reports, in seconds."""

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


@attrs.define
class Sum:
    """A running sum that keeps what rounding loses (Neumaier): the same bits however its values come in pieces."""

    total: float = 0.0
    lost: float = 0.0

    def add(self, values: Iterable[float]) -> None:
        for value in values:
            new = self.total + value
            if abs(self.total) >= abs(value):
                self.lost += (self.total - new) + value
            else:
                self.lost += (value - new) + self.total
            self.total = new

    @property
    def value(self) -> float:
        return self.total + self.lost


@attrs.define(eq=False)
class Horizon:
    """The fills that wait for the mid of one horizon, and the sums over those that have it.

    target: time at which each waiting fill is valued, in order; fill: its side, price, quantity and the mid before it,
    one row each.
    """

    seconds: float
    target: Times = attrs.field(factory=lambda: np.empty(0, np.int64))
    fill: Floats = attrs.field(factory=lambda: np.empty((0, 4)))
    fills: int = 0
    left_out: int = 0
    qty: Sum = attrs.field(factory=Sum)
    bp: Sum = attrs.field(factory=Sum)
    quote: Sum = attrs.field(factory=Sum)
    edge_qty: Sum = attrs.field(factory=Sum)
    edge_bp: Sum = attrs.field(factory=Sum)
    adverse_bp: Sum = attrs.field(factory=Sum)

    @property
    def length(self) -> int:
        return round(self.seconds * 1e9)

    def wait(self, exch_ts: Times, fill: Floats) -> None:
        """Adds fills; they are kept in the order of their times."""
        target = np.concatenate([self.target, exch_ts + self.length])
        order = np.argsort(target, kind="stable")
        self.target, self.fill = target[order], np.concatenate([self.fill, fill])[order]

    def settle(self, mids: Floats) -> None:
        """Values the first len(mids) waiting fills; without a mid a fill is left out and counted."""
        count = len(mids)
        side, price, qty, before = self.fill[:count][np.isfinite(mids)].T
        after = mids[np.isfinite(mids)]
        self.target, self.fill = self.target[count:], self.fill[count:]
        self.fills += len(after)
        self.left_out += count - len(after)
        gain = side * qty * (after - price)
        self.qty.add(qty.tolist())
        self.quote.add(gain.tolist())
        self.bp.add((gain / price * 1e4).tolist())
        known = np.isfinite(before)
        weight = (side * qty / price * 1e4)[known]
        self.edge_qty.add(qty[known].tolist())
        self.edge_bp.add((weight * (before - price)[known]).tolist())
        self.adverse_bp.add((weight * (before - after)[known]).tolist())

    def result(self) -> dict[str, Any]:
        qty, known = self.qty.value, self.edge_qty.value
        return {
            "horizon_s": int(self.seconds) if self.seconds == int(self.seconds) else self.seconds,
            "bp": ratio(self.bp.value, qty),
            "quote": ratio(self.quote.value, qty),
            "edge_bp": ratio(self.edge_bp.value, known),
            "adverse_bp": ratio(self.adverse_bp.value, known),
            "qty": qty,
            "fills": self.fills,
            "left_out": self.left_out,
        }


class Markouts:
    """Markouts of fills over the venue's mid, exact, in memory that follows the fills of the longest horizon only.

    markout(h) = side * (M(t+h) - price), where M(t) is the last mid at or before t. Hand over the fills of a piece of
    the tape before the mids of that piece; both in time order. A fill whose horizon lies beyond the data, or where the
    book was not known then, is left out and counted.
    """

    def __init__(self, horizons_s: Sequence[float] = HORIZONS_S) -> None:
        self._horizons = [Horizon(seconds) for seconds in horizons_s]
        self._seen: int | None = None
        self._mid = math.nan

    def add_fills(
        self,
        exch_ts: npt.ArrayLike,
        side: npt.ArrayLike,
        price: npt.ArrayLike,
        qty: npt.ArrayLike,
        mid: npt.ArrayLike | None = None,
    ) -> None:
        """Adds fills: venue times in ns, side +1 or -1, price in quote currency, quantity in base currency.

        mid: the venue's mid just before each fill, for the edge and the adverse part (edge = markout + adverse).
        Raises ValueError if a fill's horizon is already past, as its mid is forgotten.
        """
        times = np.asarray(exch_ts, np.int64)
        before = np.full(len(times), np.nan) if mid is None else mid
        fill = np.column_stack([np.asarray(column, np.float64) for column in (side, price, qty, before)])
        for horizon in self._horizons:
            if self._seen is not None and len(times) and int(times.min()) + horizon.length < self._seen:
                raise ValueError(f"a fill at {times.min()} came after the mids of its {horizon.seconds:g} s horizon")
            horizon.wait(times, fill)

    def add_mids(self, ts: npt.ArrayLike, mid: npt.ArrayLike) -> None:
        """Adds a piece of the mid's path: each holds from its time (ns) to the next; NaN = unknown book."""
        times, mids = np.asarray(ts, np.int64), np.asarray(mid, np.float64)
        if not len(times):
            return
        path = np.concatenate([[self._mid], mids])
        for horizon in self._horizons:
            # What falls on the last time waits: the next piece may open with a later mid of the same time.
            ready = horizon.target[: np.searchsorted(horizon.target, times[-1], side="left")]
            horizon.settle(path[np.searchsorted(times, ready, side="right")])
        self._seen, self._mid = int(times[-1]), float(mids[-1])

    def close(self, end: int | None = None) -> None:
        """Ends the data at `end` (ns; else at the last mid): what lies beyond is left out. Another path may follow."""
        last = max((t for t in (self._seen, end) if t is not None), default=None)
        for horizon in self._horizons:
            ready = 0 if last is None else int(np.searchsorted(horizon.target, last, side="right"))
            beyond = len(horizon.target) - ready
            horizon.settle(np.concatenate([np.full(ready, self._mid), np.full(beyond, np.nan)]))
        self._seen, self._mid = None, math.nan

    def result(self) -> list[dict[str, Any]]:
        """Closes, and returns for each horizon what it found; means are weighted by quantity, None without fills.

        horizon_s; bp (of the price) and quote (per unit) of the markout; edge_bp and adverse_bp over the fills with a
        known mid before them; qty (base) and fills that count; left_out.
        """
        self.close()
        return [horizon.result() for horizon in self._horizons]


def ratio(value: float, by: float) -> float | None:
    """Returns value / by, None where that is no finite number."""
    return value / by if by and math.isfinite(value / by) else None
