"""A small book as a signal is given it, and the oracle's numbers."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from mmkit.engine.records import NO_ASK, NO_BID, MarketView
from mmkit.engine.replay import see

Levels = Mapping[int, int]
Seen = tuple[MarketView, list[int]]


def seen(bids: Levels, asks: Levels, *, now: int = 0, tick: float = 1.0, lot: float = 1.0, base: int = 0) -> Seen:
    """Returns what a signal is given of a book: lots by tick on either side, in a window of 4096 ticks from `base`."""
    book = [0] * 8192
    for side, levels in enumerate((bids, asks)):
        for at, lots in levels.items():
            book[2 * (at - base) + side] = lots
    market = MarketView(now=now, tick_size=tick, lot_size=lot, base=base)
    best_bid, best_ask = max(bids, default=None), min(asks, default=None)
    see(
        market,
        base,
        best_bid - base if best_bid is not None else -(2**31),
        best_ask - base if best_ask is not None else 2**31 - 1,
    )
    assert (market.bid_ticks == NO_BID) == (not bids)
    assert (market.ask_ticks == NO_ASK) == (not asks)
    return market, book


@pytest.fixture(scope="session")
def book_of() -> Callable[..., Seen]:
    """Returns `seen`."""
    return seen


@pytest.fixture(scope="session")
def book_oracle(oracle_cases: Callable[[str], list[dict[str, Any]]]) -> dict[str, Any]:
    """Returns the oracle's cases of book signals by id."""
    return {case["id"]: case for case in oracle_cases("05_signals.json")}
