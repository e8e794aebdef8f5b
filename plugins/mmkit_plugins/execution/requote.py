"""Cancel what is no longer wanted, place what is missing: at every timer tick, book change, trade, fill or candle, as configured.

Timer decisions fall at t0 + n * every, n >= 1, t0 the first event. First the working orders that are not wanted are
cancelled; then wanted prices are placed from the inside out, bid before ask at each level, as far as the caps on orders
alive allow. A price at which an own order of any state still stands gets no second one, and none is sent to where it
could trade with an own order of the other side.
"""

from typing import Any

import attrs

import mmkit
from mmkit_plugins.execution._orders import Common, Timed, execution, far, overdue, unanswered


@attrs.frozen
class Params(Common):
    wait_for_cancel: bool = mmkit.field(
        False, doc="no more orders alive on a side than it has levels: one being cancelled holds up its successor"
    )


@attrs.define
class State(Timed):
    pass


def act(params: Params, state: Any, market: Any, ladder: Any, desk: Any) -> None:
    """Sends cancels and orders."""
    if params.one_in_flight and unanswered(desk):
        return
    bounded = params.max_order_age > 0 or params.max_distance > 0.0
    bids = 0
    # Own quotes that may execute before what is sent now arrives.
    highest_bid = mmkit.NO_BID
    lowest_ask = mmkit.NO_ASK
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if order.side > 0:
            bids += 1
        if mmkit.working(order):
            if not wanted(ladder, order) or (bounded and overdue(params, market, order)):
                mmkit.cancel(desk, market, desk.live[i])
                continue
        elif mmkit.cancelling(order):
            continue
        if order.side > 0:
            highest_bid = max(highest_bid, order.tick)
        else:
            lowest_ask = min(lowest_ask, order.tick)
    asks = desk.live_count - bids
    most_bids = params.max_per_side
    most_asks = params.max_per_side
    if params.wait_for_cancel:
        most_bids = min(most_bids, levels_of(ladder, 1))
        most_asks = min(most_asks, levels_of(ladder, -1))
    kind = mmkit.POST_ONLY if params.post_only else mmkit.LIMIT
    for i in range(ladder.levels):
        tick = ladder.bid_ticks[i]
        if ladder.bid_lots[i] > 0 and bids < most_bids and bids + asks < params.max_orders and tick < lowest_ask:
            if not mmkit.has_order(desk, tick) and not (bounded and far(params, market, tick)):
                mmkit.place(desk, market, 1, tick, ladder.bid_lots[i], kind)
                highest_bid = max(highest_bid, tick)
                bids += 1
        tick = ladder.ask_ticks[i]
        if ladder.ask_lots[i] > 0 and asks < most_asks and bids + asks < params.max_orders and tick > highest_bid:
            if not mmkit.has_order(desk, tick) and not (bounded and far(params, market, tick)):
                mmkit.place(desk, market, -1, tick, ladder.ask_lots[i], kind)
                lowest_ask = min(lowest_ask, tick)
                asks += 1


def wanted(ladder: Any, order: Any) -> bool:
    """Returns whether the ladder has a level at the order's price and side."""
    for i in range(ladder.levels):
        if order.side > 0:
            if ladder.bid_lots[i] > 0 and ladder.bid_ticks[i] == order.tick:
                return True
        elif ladder.ask_lots[i] > 0 and ladder.ask_ticks[i] == order.tick:
            return True
    return False


def levels_of(ladder: Any, side: int) -> int:
    """Returns on how many levels a quote is wanted on a side."""
    count = 0
    for i in range(ladder.levels):
        if (ladder.bid_lots[i] if side > 0 else ladder.ask_lots[i]) > 0:
            count += 1
    return count


@mmkit.hookimpl
def mmkit_execution() -> mmkit.Execution:
    """Offers the rule."""
    return execution("requote", params=Params, state=State, act=act)
