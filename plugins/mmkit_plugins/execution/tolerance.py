"""Keep an order while its price and its size are near enough to what is wanted; otherwise amend it or replace it.

    kept        |price - wanted| <= price_tolerance ticks  and
                |lots - wanted lots| <= max(size_tolerance * wanted lots, lots_tolerance), lots still to execute
    amended     the price is off, and the venue amends at all: one message instead of two; or only the quantity is to
                decrease, and the venue then lets the order keep its place in the queue
    replaced    otherwise: cancelled, and placed anew as the caps allow

An order within tolerance that stands at or beyond a quote wanted on the other side is moved, or that quote could never
be sent. A larger quantity is never asked for at a price where the order stands: limits count that price as taken, so
the order is replaced. Cancels go first, then amendments and new orders, each from the inside out.
"""

from typing import Any

import attrs

import mmkit
from mmkit_plugins.execution._levels import (
    Served,
    assign,
    move,
    place_missing,
    resize,
    serving,
    take_back,
    take_back_unwanted,
)
from mmkit_plugins.execution._orders import Common, execution, overdue, unanswered


@attrs.frozen
class Params(Common):
    price_tolerance: int = mmkit.field(
        1, unit="ticks", at_least=0, at_most=10**9, doc="largest distance from the wanted price at which an order stays"
    )
    size_tolerance: float = mmkit.field(
        0.1, unit="fraction", at_least=0, doc="largest difference from the wanted quantity, as a share of it"
    )
    lots_tolerance: int = mmkit.field(
        0, unit="lots", at_least=0, at_most=10**12, doc="the same in lots; the larger of both counts"
    )


@attrs.define
class State(Served):
    pass


def act(params: Params, state: Any, market: Any, ladder: Any, desk: Any) -> None:
    """Sends cancels, then amendments, then orders."""
    if params.one_in_flight and unanswered(desk):
        return
    assign(params, state, market, ladder, desk, params.price_tolerance)
    for i in range(ladder.levels):
        cancel_unfit(params, state, market, ladder, desk, 1, i)
        cancel_unfit(params, state, market, ladder, desk, -1, i)
    take_back_unwanted(params, state, market, desk)
    for i in range(ladder.levels):
        amend_unfit(params, state, market, ladder, desk, 1, i)
        amend_unfit(params, state, market, ladder, desk, -1, i)
    place_missing(params, state, market, ladder, desk)


def cancel_unfit(params: Params, state: Any, market: Any, ladder: Any, desk: Any, side: int, i: int) -> None:
    """Cancels the order of a level that neither may stay nor can be amended."""
    at = serving(state, side, i)
    if at < 0 or not mmkit.working(desk.orders[at]):
        return
    order = desk.orders[at]
    lots = ladder.bid_lots[i] if side > 0 else ladder.ask_lots[i]
    if state.level[at] < 0:
        unfit = desk.amend == mmkit.AMEND_NONE or overdue(params, market, order)
    elif right_size(params, order.remaining, lots):
        unfit = False
    else:
        unfit = order.remaining < lots or desk.amend != mmkit.AMEND_KEEP
    if unfit:
        take_back(params, state, market, desk, at)


def amend_unfit(params: Params, state: Any, market: Any, ladder: Any, desk: Any, side: int, i: int) -> None:
    """Amends the order of a level that may not stay as it is; cancels it where an own order is in the way."""
    at = serving(state, side, i)
    if at < 0 or not mmkit.working(desk.orders[at]):
        return
    order = desk.orders[at]
    lots = ladder.bid_lots[i] if side > 0 else ladder.ask_lots[i]
    if state.level[at] < 0:
        if not move(params, state, market, ladder, desk, side, i):
            take_back(params, state, market, desk, at)
    elif not right_size(params, order.remaining, lots):
        resize(market, desk, at, order.tick, lots)


def right_size(params: Params, lots: int, wanted: int) -> bool:
    """Returns whether what an order has still to execute is near enough to the wanted lots."""
    return bool(abs(lots - wanted) <= max(params.size_tolerance * wanted + 1e-9, float(params.lots_tolerance)))


@mmkit.hookimpl
def mmkit_execution() -> mmkit.Execution:
    """Offers the rule."""
    return execution("tolerance", params=Params, amends=True, state=State, act=act)
