"""A limit on the position that the worst case keeps: every order that may still fill counts as filled.

For each side: position + all own orders of that side that we have not seen end (working, on their way, or with a
cancel under way) + what is about to be sent stays within max_position. Levels are served from the inside out; the
one that meets the limit is reduced, those beyond it are dropped. A price at which an order already stands sends
nothing new and stays as it is.
"""

from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    max_position: float = mmkit.field(
        0.0, unit="base", at_least=0, doc="largest position, long or short; 0 = ten times the order size"
    )


@attrs.define
class Inputs:
    order_size: float = mmkit.required(unit="base", doc="the sizing rule's quantity", unless="max_position")


@attrs.define
class State:
    lot_size: float = 1.0
    max_lots: int = 0


def setup(params: Params, state: State, instrument: Any) -> None:
    """Counts the limit in lots; a limit between two lots is the lower one."""
    state.lot_size = instrument.lot_size
    state.max_lots = int(params.max_position / instrument.lot_size + 1e-9)


def limit(params: Params, state: State, market: Any, inputs: Inputs, ladder: Any, desk: Any) -> None:
    """Lowers the ladder's lots to what the worst case allows."""
    max_lots = state.max_lots
    if params.max_position == 0.0:
        max_lots = int(10.0 * inputs.order_size / state.lot_size + 1e-9)
    long = max_lots - market.position_lots
    short = max_lots + market.position_lots
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if order.side > 0:
            long -= order.remaining
        else:
            short -= order.remaining
    for i in range(ladder.levels):
        if ladder.bid_lots[i] > 0 and not mmkit.has_order(desk, ladder.bid_ticks[i]):
            ladder.bid_lots[i] = max(min(ladder.bid_lots[i], long), 0)
            long -= ladder.bid_lots[i]
        if ladder.ask_lots[i] > 0 and not mmkit.has_order(desk, ladder.ask_ticks[i]):
            ladder.ask_lots[i] = max(min(ladder.ask_lots[i], short), 0)
            short -= ladder.ask_lots[i]


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the rule."""
    return mmkit.Risk("position-limit", params=Params, inputs=Inputs, state=State, setup=setup, limit=limit)
