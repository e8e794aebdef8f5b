"""Holds a share of the position's value the other way round in one other instrument.

    target = -share q mid / mid_h;  traded by a market order, in whole lots, when |target - position_h| mid_h > band

with q the quoted position and mid its mid, position_h and mid_h those of the hedge instrument: positions in base
currency, prices and band in quote currency. Looked at every `every`; nothing is sent while an order is under way, or
without both mids.

Source: yours.
"""

import math
from typing import Any

import attrs
import mmkit

MOST_LOTS = 10**15
"""Deviations beyond this many lots are as good as this many."""


@attrs.frozen
class Params:
    share: float = mmkit.field(0.5, unit="fraction", at_least=0, at_most=1, doc="how much of the position is hedged")
    every: mmkit.Duration = mmkit.field("1s", above=0, doc="time between two looks at the target")
    band: float = mmkit.field(0.0, unit="quote", at_least=0, doc="value of a deviation that is left alone")


def setup(params: Params, state: Any, instrument: Any, hedges: tuple[Any, ...]) -> None:
    """Raises mmkit.ConfigError unless the stack has one hedge instrument."""
    if len(hedges) != 1:
        raise mmkit.ConfigError(f"hedging.instruments: one is hedged on, there are {len(hedges)}")


def next_time(params: Params, state: Any, market: Any) -> int:
    """Returns the next multiple of `every` after now, counted from the first event."""
    return int(market.start + ((market.now - market.start) // params.every + 1) * params.every)


def hedge(params: Params, state: Any, market: Any, account: Any, hedges: Any) -> None:
    """Sends an order for what is missing."""
    other = hedges[0].market
    desk = hedges[0].desk
    if desk.live_count > 0 or not (market.mid > 0.0 and other.mid > 0.0):
        return
    target = -params.share * market.position * market.mid / other.mid
    mmkit.step("hedge target", target, "base")
    deviation = target - other.position
    mmkit.step("hedge deviation", deviation, "base")
    if not abs(deviation) * other.mid > params.band:
        return
    # A millionth of a lot forgives what a quotient of floats loses.
    lots = int(math.floor(min(abs(deviation) / other.lot_size, float(MOST_LOTS)) + 1e-6))
    if lots > 0:
        side = 1 if deviation > 0.0 else -1
        # A market order ignores the price.
        mmkit.place(desk, other, side, other.ask_ticks if side > 0 else other.bid_ticks, lots, mmkit.MARKET)


@mmkit.hookimpl
def mmkit_hedging() -> mmkit.Hedging:
    """Offers the rule."""
    return mmkit.Hedging(
        "new-rule",
        params=Params,
        setup=setup,
        next_time=next_time,
        hedge=hedge,
    )
