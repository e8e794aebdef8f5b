"""The kit's market cut short, and with another future: what no rule can tell apart before it happens."""

from collections.abc import Sequence
from typing import Any

LATENCY = 200_000_000
"""Ns until anything that happened at the venue is known: long enough that decisions fall into it."""

SHIFT = 25
"""Ticks by which all prices of the other future lie higher."""


def delayed(arrays: Sequence[Any]) -> Any:
    """Returns the events of a market in one array, each known LATENCY after it happened."""
    import numpy as np

    rows = np.concatenate(arrays)
    rows["local_ts"] = rows["exch_ts"] + LATENCY
    return rows


def before(rows: Any, time: int) -> Any:
    """Returns the events that happened before a time (ns)."""
    return rows[rows["exch_ts"] < time]


def otherwise(rows: Any, time: int) -> Any:
    """Returns the events before a time as they are, then the same market at other prices, with three times the quantities, and trades of
    the other side."""
    import numpy as np

    from mmkit.tape import ASK, BID, BUY, CLEAR_ASKS, CLEAR_BIDS, EVENT, SELL

    past, future = before(rows, time), rows[rows["exch_ts"] >= time].copy()
    levels: dict[tuple[int, int], int] = {}
    for tick, lots, kind in zip(past["tick"].tolist(), past["lots"].tolist(), past["kind"].tolist(), strict=True):
        if kind in (BID, ASK):
            levels[kind, tick] = lots
    opening = [(CLEAR_BIDS, 0, 0), (CLEAR_ASKS, 1 << 30, 0)]
    opening += [(kind, tick + SHIFT, 3 * lots) for (kind, tick), lots in levels.items() if lots]
    book = np.zeros(len(opening), EVENT)
    for name, column in zip(("kind", "tick", "lots"), zip(*opening, strict=True), strict=True):
        book[name] = column
    book["exch_ts"], book["local_ts"], book["stream"] = time, time + LATENCY, rows["stream"][0]
    trade = (future["kind"] == BUY) | (future["kind"] == SELL)
    future["kind"][trade] = BUY + SELL - future["kind"][trade]
    future["tick"] += SHIFT
    future["lots"] *= 3
    return np.concatenate([past, book, future])
