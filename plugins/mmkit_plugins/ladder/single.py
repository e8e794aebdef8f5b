"""One level a side, at the inner quotes."""

from typing import Any

import mmkit


def most(params: Any) -> int:
    """Returns how many levels there can be."""
    return 1


def levels(params: Any, state: Any, market: Any, ladder: Any, bid_qty: float, ask_qty: float) -> None:
    """Sets one level."""
    ladder.levels = 1
    ladder.offset_ticks[0] = 0
    ladder.bid_qty[0] = bid_qty
    ladder.ask_qty[0] = ask_qty


@mmkit.hookimpl
def mmkit_ladder() -> mmkit.Ladder:
    """Offers the rule."""
    return mmkit.Ladder("single", most=most, levels=levels)
