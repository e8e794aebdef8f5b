"""What the limits on exposure share: a limit counted in lots, and a ladder cut to what the worst case leaves of it.

In the worst case every order that may still fill has filled: mmkit.outstanding counts the working ones, those on
their way and those with a request under way, each at its largest.
"""

from typing import Any

import mmkit

MOST_LOTS = 2**53
"""More than any limit: up to here every whole number is a float."""


def whole_lots(limit: float, lot: float) -> int:
    """Returns how many lots of size `lot` fit into `limit` (one unit for both), 0 where either is unknown; rounding costs no lot."""
    if not lot > 0.0 or not limit > 0.0:
        return 0
    lots = limit / lot
    if lots >= MOST_LOTS:
        return MOST_LOTS
    return int(lots + 1e-9)


def keep_within(market: Any, ladder: Any, desk: Any, max_lots: int) -> None:
    """Lowers the ladder's lots so that in the worst case the position is at most max_lots, long or short.

    Levels are served from the inside out: the one that meets the limit is reduced, those beyond it are dropped. A price at which an order
    already stands is left as it is, but where orders can be amended it may only grow by what there is room for.
    """
    bids, asks = mmkit.outstanding_both(desk)
    long = max_lots - market.position_lots - bids
    short = max_lots + market.position_lots - asks
    for i in range(ladder.levels):
        if ladder.bid_lots[i] > 0:
            kept = mmkit.standing(desk, 1, ladder.bid_ticks[i], ladder.bid_lots[i])
            ladder.bid_lots[i] = kept + max(min(ladder.bid_lots[i] - kept, long), 0)
            long -= ladder.bid_lots[i] - kept
        if ladder.ask_lots[i] > 0:
            kept = mmkit.standing(desk, -1, ladder.ask_ticks[i], ladder.ask_lots[i])
            ladder.ask_lots[i] = kept + max(min(ladder.ask_lots[i] - kept, short), 0)
            short -= ladder.ask_lots[i] - kept
