"""The book that conversion keeps of one stream: a dense window of ticks around the touch, the far levels aside."""

import numpy as np
import numpy.typing as npt

EMPTY_BID, EMPTY_ASK = -(1 << 62), 1 << 62
"""Best prices, in ticks, of a side without levels."""

Integers = npt.NDArray[np.int64]


class Book:
    """Levels and best prices of one stream.

    A level's key is tick * 2 + is_ask; `lots` is indexed by the key less that of `base`. A level that a quote of the
    other side has crossed stays stored, but is best no more until it is written again: recordings whose removals come
    late are full of them.
    """

    __slots__ = ("ask", "base", "bid", "far", "lots", "valid", "window")

    def __init__(self, window: int) -> None:
        self.window = window
        self.base = 0
        self.lots: Integers = np.zeros(2 * window, np.int64)
        self.far: dict[int, int] = {}
        self.bid = EMPTY_BID
        self.ask = EMPTY_ASK
        self.valid = True

    def copy(self) -> "Book":
        """Returns an independent book of the same content."""
        twin = Book.__new__(Book)
        twin.window, twin.base, twin.bid, twin.ask, twin.valid = self.window, self.base, self.bid, self.ask, self.valid
        twin.lots = self.lots.copy()
        twin.far = dict(self.far)
        return twin

    def equals(self, other: "Book") -> bool:
        """Returns whether both hold the same levels and best prices."""
        return (
            (self.bid, self.ask, self.valid, self.base) == (other.bid, other.ask, other.valid, other.base)
            and self.far == other.far
            and np.array_equal(self.lots, other.lots)
        )

    def write_far(self, keys: list[int], lots: list[int]) -> None:
        """Sets levels outside the window, in order."""
        for key, quantity in zip(keys, lots, strict=True):
            if quantity > 0:
                self.far[key] = quantity
            else:
                self.far.pop(key, None)

    def settle(self, highest: int, lowest: int) -> None:
        """Finds the best prices after rows were written, `highest` bid and `lowest` ask those with a quantity.

        They must not cross: highest < lowest.
        A bid at or above the best ask moves the best ask to the next one above that bid, and the other way round.
        """
        bid = lowest - 1 if lowest <= self.bid else max(self.bid, highest)
        ask = highest + 1 if highest >= self.ask else min(self.ask, lowest)
        self.bid = self.bid_from(bid) if bid != EMPTY_BID else bid
        self.ask = self.ask_from(ask) if ask != EMPTY_ASK else ask

    def clear_bids(self, tick: int) -> None:
        """Removes the bids from the best down to `tick`."""
        first, end = max(tick - self.base, 0), min(self.bid - self.base + 1, self.window)
        if first < end:
            self.lots[2 * first : 2 * end : 2] = 0
        for key in [key for key in self.far if not key & 1 and tick <= key >> 1 <= self.bid]:
            del self.far[key]
        if self.bid >= tick:
            self.bid = self.bid_from(tick - 1)

    def clear_asks(self, tick: int) -> None:
        """Removes the asks from the best up to `tick`."""
        first, end = max(self.ask - self.base, 0), min(tick - self.base + 1, self.window)
        if first < end:
            self.lots[2 * first + 1 : 2 * end + 1 : 2] = 0
        for key in [key for key in self.far if key & 1 and self.ask <= key >> 1 <= tick]:
            del self.far[key]
        if self.ask <= tick:
            self.ask = self.ask_from(tick + 1)

    def bid_from(self, tick: int) -> int:
        """Returns the highest bid at or below `tick`."""
        at = min(tick - self.base, self.window - 1)
        if at >= 0 and self.lots.item(2 * at) and (at == tick - self.base or not self.far):
            return self.base + at
        top = self.base + self.window
        if tick >= top and self.far:
            above = [key >> 1 for key in self.far if not key & 1 and top <= key >> 1 <= tick]
            if above:
                return max(above)
        bids = self.lots[::2]
        step = 64
        while at >= 0:
            held = bids[at::-1][:step] > 0
            found = int(held.argmax())
            if held[found]:
                return self.base + at - found
            at -= step
            step *= 16
        limit = min(tick, self.base - 1)
        return max((key >> 1 for key in self.far if not key & 1 and key >> 1 <= limit), default=EMPTY_BID)

    def ask_from(self, tick: int) -> int:
        """Returns the lowest ask at or above `tick`."""
        at = max(tick - self.base, 0)
        if at < self.window and self.lots.item(2 * at + 1) and (at == tick - self.base or not self.far):
            return self.base + at
        if tick < self.base and self.far:
            below = [key >> 1 for key in self.far if key & 1 and tick <= key >> 1 < self.base]
            if below:
                return min(below)
        asks = self.lots[1::2]
        step = 64
        while at < self.window:
            held = asks[at : at + step] > 0
            found = int(held.argmax())
            if held[found]:
                return self.base + at + found
            at += step
            step *= 16
        limit = max(tick, self.base + self.window)
        return min((key >> 1 for key in self.far if key & 1 and key >> 1 >= limit), default=EMPTY_ASK)

    def inside(self) -> tuple[npt.NDArray[np.uint32], Integers]:
        """Returns keys (from the base) and lots of the window's levels, in order of the key."""
        keys = np.flatnonzero(self.lots)
        return keys.astype(np.uint32), self.lots[keys]

    def levels(self) -> tuple[Integers, Integers]:
        """Returns keys and lots of every level, sorted by key."""
        near = np.flatnonzero(self.lots)
        far = np.array(list(self.far.items()), np.int64).reshape(-1, 2)
        keys = np.concatenate([near + 2 * self.base, far[:, 0]])
        lots = np.concatenate([self.lots[near], far[:, 1]])
        order = np.argsort(keys, kind="stable")
        return keys[order], lots[order]

    def move(self, base: int) -> None:
        """Puts the window's lowest tick at `base`."""
        keys, lots = self.levels()
        self.base = base
        self.lots[:] = 0
        near = (keys >= 2 * base) & (keys < 2 * (base + self.window))
        self.lots[keys[near] - 2 * base] = lots[near]
        self.far = dict(zip(keys[~near].tolist(), lots[~near].tolist(), strict=True))

    def empty(self) -> None:
        """Forgets every level."""
        self.lots[:] = 0
        self.far = {}
        self.bid = EMPTY_BID
        self.ask = EMPTY_ASK
        self.valid = True
