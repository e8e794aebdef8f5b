"""Quotes add less to a position that has been held for too long.

    age = now - when the position took its sign;  age >= max_age: quotes that add to it keep floor(kept lots)

Quotes that reduce the position stay as they are; a flat position, or one of the other sign, starts anew.

Source: yours.
"""

from typing import Any

import attrs
import mmkit


@attrs.frozen
class Params:
    max_age: mmkit.Duration = mmkit.field("30s", above=0, doc="age from which on a position is old")
    kept: float = mmkit.field(
        0.0, unit="fraction", at_least=0, at_most=1, doc="share that is left of quotes that add to an old position"
    )


@attrs.define
class State:
    """sign: of the position, +1 long, -1 short; since: when it took that sign, ns."""

    sign: int = 0
    since: int = 0


def limit(params: Params, state: State, market: Any, ladder: Any, desk: Any) -> None:
    """Lowers the lots of the side that adds to an old position."""
    sign = 0
    if market.position_lots > 0:
        sign = 1
    elif market.position_lots < 0:
        sign = -1
    if sign != state.sign:
        state.sign = sign
        state.since = market.now
    age = market.now - state.since
    mmkit.step("age of the position", age * 1e-9, "s")
    if sign == 0 or age < params.max_age:
        return
    for i in range(ladder.levels):
        if sign > 0:
            ladder.bid_lots[i] = int(params.kept * ladder.bid_lots[i])
        else:
            ladder.ask_lots[i] = int(params.kept * ladder.ask_lots[i])


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the rule; the example makes positions old soon, so that checks see it act."""
    return mmkit.Risk(
        "new-rule",
        params=Params,
        state=State,
        limit=limit,
        examples=({"max_age": "1s", "kept": 0.5},),
    )
