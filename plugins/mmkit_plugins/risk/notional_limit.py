"""A limit on the value of the position, at the mid, that the worst case keeps: every order that may still fill counts as
filled.

    |position + all own orders of a side that may still fill + what is about to be sent| * mid <= max_notional

for each side. Levels are served from the inside out; the one that meets the limit is reduced, those beyond it are
dropped. Without a mid there is no value and nothing is quoted. When the price alone lifts the position above the
limit, its side is shut and the other stays.
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.risk._lots import keep_within, whole_lots


@attrs.frozen
class Params:
    max_notional: float = mmkit.field(unit="quote", above=0, doc="largest value of the position, long or short")


def limit(params: Params, state: Any, market: Any, ladder: Any, desk: Any) -> None:
    """Lowers the ladder's lots to what the worst case allows."""
    if not (math.isfinite(market.mid) and market.mid > 0.0):
        for i in range(ladder.levels):
            ladder.bid_lots[i] = 0
            ladder.ask_lots[i] = 0
        return
    mmkit.step("position limit", params.max_notional / market.mid, "base")
    keep_within(market, ladder, desk, whole_lots(params.max_notional, market.lot_size * market.mid))


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the rule."""
    return mmkit.Risk("notional-limit", params=Params, limit=limit, examples=({"max_notional": 50.0},))
