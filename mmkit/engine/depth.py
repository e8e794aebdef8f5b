"""How a rule reads the levels of the book: what rests at a price, and where the next level is.

A book is a dense window of ticks: what is bid at tick t stands at book[2 * (t - base)], what is asked there right behind
it. Nothing is known of levels outside of the window; they read as empty.
"""

from typing import Any

from mmkit.engine.records import NO_ASK, NO_BID


def best_tick(market: Any, side: int) -> int:
    """Returns the best price of a side (+1 bids, -1 asks) in ticks; NO_BID or NO_ASK where the side is empty."""
    tick: int = market.bid_ticks if side > 0 else market.ask_ticks
    return tick


def lots_at(book: Any, market: Any, side: int, tick: int) -> int:
    """Returns the lots that rest at a tick on a side (+1 bids, -1 asks); 0 where none do."""
    level = tick - market.base
    if level < 0 or level >= len(book) // 2:
        return 0
    lots: int = book[2 * level] if side > 0 else book[2 * level + 1]
    return lots


def next_level(book: Any, market: Any, side: int, tick: int, within: int) -> int:
    """Returns the next tick away from the touch, at most `within` ticks behind `tick`, at which something rests on a side.

    NO_BID or NO_ASK where there is none. Each tick looked at costs time, about 40 ns in plain Python: `within` is what a
    rule is willing to pay where the book is sparse.
    """
    base: int = market.base
    levels = len(book) // 2
    level = tick - base
    # Comparisons rather than min and max: this is the inner loop of every rule that walks the book.
    if side > 0:
        last = level - within
        if last < 0:
            last = 0
        level -= 1
        if level >= levels:
            level = levels - 1
        while level >= last:
            if book[2 * level] != 0:
                return base + level
            level -= 1
        return NO_BID
    last = level + within
    if last >= levels:
        last = levels - 1
    level += 1
    if level < 0:
        level = 0
    while level <= last:
        if book[2 * level + 1] != 0:
            return base + level
        level += 1
    return NO_ASK


def lots_within(book: Any, market: Any, side: int, levels: int, ticks: int) -> int:
    """Returns the lots of the best `levels` levels of a side that are at most `ticks` ticks behind its best; 0 where it is empty."""
    best = best_tick(market, side) - market.base
    if best < 0 or best >= len(book) // 2:
        return 0
    # One scan over the side's own places, which are two apart: a rule asks on every change of the book.
    at = 2 * best if side > 0 else 2 * best + 1
    step = -2 if side > 0 else 2
    left = min(ticks, best if side > 0 else len(book) // 2 - 1 - best)
    total: int = book[at]
    if total == 0:
        return 0
    found = 1
    while found < levels and left > 0:
        at += step
        left -= 1
        if book[at] != 0:
            total += book[at]
            found += 1
    return total
