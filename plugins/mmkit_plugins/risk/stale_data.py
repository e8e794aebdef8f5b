"""No quote while the market data are old: a feed that has gone silent may hide a market that has moved.

The age is the time of the decision less that of the last market event that we know of, of any kind. What already rests is then no longer
wanted, and the execution takes it back. Source: defect D-65 of the bot that mmkit grew out of, which looked at no age before it quoted.
"""

from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    max_age: mmkit.Duration = mmkit.field("5s", above=0, doc="oldest market data to quote from")


def limit(params: Params, state: Any, market: Any, ladder: Any, desk: Any) -> None:
    """Takes every quote away while the data are too old."""
    age = market.now - market.updated
    mmkit.step("age of the market data", age * 1e-9, "s")
    if age > params.max_age:
        for i in range(ladder.levels):
            ladder.bid_lots[i] = 0
            ladder.ask_lots[i] = 0


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the rule."""
    return mmkit.Risk("stale-data", params=Params, limit=limit, examples=({"max_age": "50ms"},))
