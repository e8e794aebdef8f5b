"""Markets of a few rows, written by hand or drawn from a seed, in hftbacktest's own format."""

from pathlib import Path
from typing import Self

import attrs
import numpy as np

ROW = np.dtype(
    [
        ("ev", "u8"),
        ("exch_ts", "i8"),
        ("local_ts", "i8"),
        ("px", "f8"),
        ("qty", "f8"),
        ("order_id", "u8"),
        ("ival", "i8"),
        ("fval", "f8"),
    ]
)
DEPTH, TRADE, CLEAR = 1, 2, 3
AT_VENUE, AT_LOCAL = 1 << 31, 1 << 30
BUY, SELL = 1 << 29, 1 << 28
START = 1_700_000_000_000_000_000
MS = 1_000_000


@attrs.define
class SmallMarket:
    """Rows at venue times in ms after the start, known locally `delay` ns later; tick and lot are 1."""

    rows: list[tuple[int, int, int, int, int]] = attrs.field(factory=list)

    def bid(self, ms: float, tick: int, lots: int, delay: int = MS) -> Self:
        """The bids at a price are now this many lots."""
        return self._add(DEPTH | BUY, ms, tick, lots, delay)

    def ask(self, ms: float, tick: int, lots: int, delay: int = MS) -> Self:
        """The asks at a price are now this many lots."""
        return self._add(DEPTH | SELL, ms, tick, lots, delay)

    def bought(self, ms: float, tick: int, lots: int, delay: int = MS) -> Self:
        """An aggressive buyer traded."""
        return self._add(TRADE | BUY, ms, tick, lots, delay)

    def sold(self, ms: float, tick: int, lots: int, delay: int = MS) -> Self:
        """An aggressive seller traded."""
        return self._add(TRADE | SELL, ms, tick, lots, delay)

    def clear_bids(self, ms: float, tick: int, delay: int = MS) -> Self:
        """The bids at or above a price are gone."""
        return self._add(CLEAR | BUY, ms, tick, 0, delay)

    def clear_asks(self, ms: float, tick: int, delay: int = MS) -> Self:
        """The asks at or below a price are gone."""
        return self._add(CLEAR | SELL, ms, tick, 0, delay)

    def _add(self, kind: int, ms: float, tick: int, lots: int, delay: int) -> Self:
        at = START + round(ms * MS)
        self.rows.append((kind, at, at + delay, tick, lots))
        return self

    def write(self, path: Path) -> Path:
        """Writes each row once for both streams if they have one order, else once for each stream at its time."""
        order_at_venue = sorted(range(len(self.rows)), key=lambda i: self.rows[i][1])
        order_at_local = sorted(range(len(self.rows)), key=lambda i: self.rows[i][2])
        if order_at_venue == order_at_local:
            marked = [(self.rows[i], AT_VENUE | AT_LOCAL) for i in order_at_venue]
        else:
            timed = [(self.rows[i][1], AT_VENUE, i) for i in order_at_venue]
            timed += [(self.rows[i][2], AT_LOCAL, i) for i in order_at_local]
            marked = [(self.rows[i], stream) for _, stream, i in sorted(timed, key=lambda entry: entry[0])]
        table = np.zeros(len(marked), ROW)
        for at, ((kind, venue, local, tick, lots), streams) in enumerate(marked):
            table[at] = (kind | streams, venue, local, tick, lots, 0, 0, 0.0)
        np.savez(path, data=table)
        return path


def drawn(seed: int, count: int = 2000) -> SmallMarket:
    """Returns a wild market: a jumping touch, crossing updates, trades inside and through the book, many at one time.

    Some messages overtake each other on their way to us. No row takes crossed levels back, as in a feed with losses.
    """
    draw = np.random.default_rng(seed)
    market = SmallMarket()
    centre, ms = 1000, 0.0
    for level in range(1, 15):
        market.bid(0, centre - level, int(draw.integers(1, 9))).ask(0, centre + level, int(draw.integers(1, 9)))
    while len(market.rows) < count:
        ms += float(draw.choice([0.0, 0.0, 1.0, 2.5, 10.0, 40.0]))
        delay = int(draw.choice([MS, MS, MS, 7 * MS]))
        centre += int(draw.choice([-1, 0, 0, 0, 0, 0, 1]))
        kind = draw.random()
        if kind < 0.2:
            away, lots = int(draw.integers(-1, 3)), int(draw.integers(1, 6))
            if draw.random() < 0.5:
                market.bought(ms, centre + away, lots, delay)
            else:
                market.sold(ms, centre - away, lots, delay)
        else:
            away = int(draw.choice([0, 1, 1, 1, 2, 2, 3, 4, 5, 8]))
            lots = int(draw.choice([0, 0, 1, 2, 3, 5, 8]))
            if kind < 0.6:
                market.bid(ms, centre - away, lots, delay)
            else:
                market.ask(ms, centre + away, lots, delay)
    return market
