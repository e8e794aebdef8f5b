"""Which order serves which level of the wanted ladder, and what is sent for levels that none serves.

From the inside out each level takes the nearest order within tolerance of its price. Every other order stands for the
nearest level still free: it is what that level had, to be moved there or taken back. An order that could trade with the
wanted quotes of the other side, or is overdue, is within no tolerance. Orders without a level are not wanted at all.
"""

from typing import Any

import attrs

import mmkit
from mmkit_plugins.execution._orders import ORDERS, Timed, alive, far, overdue

LEVELS = 64
"""Most levels of a ladder."""


@attrs.define
class Served(Timed):
    """bid_order, ask_order: of each level, the place of the order that serves it, + 1, or 0; level: of each place, the level that its
    order serves, + 1, negative where the order stands elsewhere, or 0."""

    bid_order: list[int] = mmkit.array(int, LEVELS)
    ask_order: list[int] = mmkit.array(int, LEVELS)
    level: list[int] = mmkit.array(int, ORDERS)


def assign(params: Any, state: Any, market: Any, ladder: Any, desk: Any, tolerance: int) -> None:
    """Finds which order serves which level; tolerance in ticks."""
    highest_bid = mmkit.NO_BID
    lowest_ask = mmkit.NO_ASK
    for i in range(ladder.levels):
        state.bid_order[i] = 0
        state.ask_order[i] = 0
        if ladder.bid_lots[i] > 0:
            highest_bid = max(highest_bid, ladder.bid_ticks[i])
        if ladder.ask_lots[i] > 0:
            lowest_ask = min(lowest_ask, ladder.ask_ticks[i])
    for k in range(desk.live_count):
        state.level[desk.live[k]] = 0
    for i in range(ladder.levels):
        if ladder.bid_lots[i] > 0:
            at = nearest_order(params, state, market, desk, 1, ladder.bid_ticks[i], tolerance, lowest_ask)
            if at >= 0:
                state.bid_order[i] = at + 1
                state.level[at] = i + 1
        if ladder.ask_lots[i] > 0:
            at = nearest_order(params, state, market, desk, -1, ladder.ask_ticks[i], tolerance, highest_bid)
            if at >= 0:
                state.ask_order[i] = at + 1
                state.level[at] = i + 1
    for k in range(desk.live_count):
        at = desk.live[k]
        order = desk.orders[at]
        if state.level[at] == 0 and (params.wait_for_cancel or mmkit.working(order)):
            i = nearest_level(state, ladder, order)
            if i >= 0:
                state.level[at] = -(i + 1)
                if order.side > 0:
                    state.bid_order[i] = at + 1
                else:
                    state.ask_order[i] = at + 1


def off(order: Any, tick: int) -> int:
    """Returns how far (ticks) an order is from a price: from where it stands or, during an amendment, from the nearer of both prices."""
    return int(min(abs(order.tick - tick), abs(order.asked_tick - tick)))


def innermost(order: Any) -> int:
    """Returns an order's price; during an amendment, which may be refused, that of both which is nearer to the other side."""
    if order.side > 0:
        return int(max(order.tick, order.asked_tick))
    return int(min(order.tick, order.asked_tick))


def nearest_order(
    params: Any, state: Any, market: Any, desk: Any, side: int, tick: int, tolerance: int, opposite: int
) -> int:
    """Returns the place of the free order nearest to a price, the oldest of several, or -1; opposite: best wanted price of the other
    side."""
    found = -1
    least = tolerance + 1
    for k in range(desk.live_count):
        at = desk.live[k]
        order = desk.orders[at]
        if order.side != side or state.level[at] != 0 or mmkit.cancelling(order):
            continue
        distance = off(order, tick)
        # A price that the ladder itself wants is no reason to move, even where it is wanted on both sides.
        if distance >= least or (distance > 0 and side * (opposite - innermost(order)) <= 0):
            continue
        if mmkit.working(order) and overdue(params, market, order):
            continue
        found = at
        least = distance
    return found


def nearest_level(state: Any, ladder: Any, order: Any) -> int:
    """Returns the free level nearest to an order, the inner one of two, or -1."""
    found = -1
    least = 0
    for i in range(ladder.levels):
        if order.side > 0:
            free = ladder.bid_lots[i] > 0 and state.bid_order[i] == 0
            distance = off(order, ladder.bid_ticks[i])
        else:
            free = ladder.ask_lots[i] > 0 and state.ask_order[i] == 0
            distance = off(order, ladder.ask_ticks[i])
        if free and (found < 0 or distance < least):
            found = i
            least = distance
    return found


def serving(state: Any, side: int, i: int) -> int:
    """Returns the place of the order that serves a level, or -1."""
    return int(state.bid_order[i] if side > 0 else state.ask_order[i]) - 1


def clear(desk: Any, side: int, tick: int, at: int) -> bool:
    """Returns whether an order may go to a price: no own order stands there or is on its way, and none could trade with it.

    at: place of the order that is to move there, or -1 for a new one.
    """
    for k in range(desk.live_count):
        other = desk.live[k]
        if other == at:
            continue
        order = desk.orders[other]
        if order.tick == tick or order.asked_tick == tick:
            return False
        if order.side != side and not mmkit.cancelling(order) and side * (innermost(order) - tick) <= 0:
            return False
    return True


def take_back(params: Any, state: Any, market: Any, desk: Any, at: int) -> None:
    """Cancels a working order; its level is free at once where nobody waits for the cancel."""
    mmkit.cancel(desk, market, at)
    if not params.wait_for_cancel and state.level[at] != 0:
        i = abs(state.level[at]) - 1
        if desk.orders[at].side > 0:
            state.bid_order[i] = 0
        else:
            state.ask_order[i] = 0


def take_back_unwanted(params: Any, state: Any, market: Any, desk: Any) -> None:
    """Cancels the working orders that serve no level, the oldest first."""
    for k in range(desk.live_count):
        at = desk.live[k]
        if state.level[at] == 0 and mmkit.working(desk.orders[at]):
            take_back(params, state, market, desk, at)


def move(params: Any, state: Any, market: Any, ladder: Any, desk: Any, side: int, i: int) -> bool:
    """Asks that the order serving a level stand there with what is wanted; returns False where it cannot go there."""
    at = serving(state, side, i)
    tick = ladder.bid_ticks[i] if side > 0 else ladder.ask_ticks[i]
    if far(params, market, tick) or not clear(desk, side, tick, at):
        return False
    resize(market, desk, at, tick, ladder.bid_lots[i] if side > 0 else ladder.ask_lots[i])
    state.level[at] = i + 1
    return True


def resize(market: Any, desk: Any, at: int, tick: int, lots: int) -> None:
    """Asks that a working order stand at a price with `lots` still to execute."""
    order = desk.orders[at]
    mmkit.amend(desk, market, at, tick, order.lots - order.remaining + lots)


def place_missing(params: Any, state: Any, market: Any, ladder: Any, desk: Any) -> int:
    """Places orders for the levels that none serves, from the inside out, bid before ask; returns how many."""
    bids = alive(desk, 1)
    asks = alive(desk, -1)
    before = bids + asks
    kind = mmkit.POST_ONLY if params.post_only else mmkit.LIMIT
    for i in range(ladder.levels):
        if ladder.bid_lots[i] > 0 and bids < params.max_per_side and bids + asks < params.max_orders:
            tick = ladder.bid_ticks[i]
            if state.bid_order[i] == 0 and not far(params, market, tick) and clear(desk, 1, tick, -1):
                mmkit.place(desk, market, 1, tick, ladder.bid_lots[i], kind)
                state.bid_order[i] = desk.live[desk.live_count - 1] + 1
                bids += 1
        if ladder.ask_lots[i] > 0 and asks < params.max_per_side and bids + asks < params.max_orders:
            tick = ladder.ask_ticks[i]
            if state.ask_order[i] == 0 and not far(params, market, tick) and clear(desk, -1, tick, -1):
                mmkit.place(desk, market, -1, tick, ladder.ask_lots[i], kind)
                state.ask_order[i] = desk.live[desk.live_count - 1] + 1
                asks += 1
    return bids + asks - before
