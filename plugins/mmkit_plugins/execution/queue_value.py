"""Move an order only when the better price is worth more than its place in the queue, within a budget of cancels.

    moved    value(wanted price, at the back) - value(own price, own place) > least_gain |value(wanted price, at the back)|

which is, but for least_gain, the same as: the price improvement, value(wanted, back) - value(own, back), exceeds the value
of the place, value(own, own place) - value(own, back). Without least_gain an order behind a moving price follows it at
every step, as the new level is always reached a little sooner: what is given up should the price return has no part in
the value. Value, the estimated place and the flow are those of `_queue`; fair value is the middle of the wanted inner
quotes, or the mid where one side alone is wanted: what pricing thinks of the position counts. An order is moved at any
rate that is more than max_ticks from its wanted price, could trade with a wanted quote of the other side, or whose side
has shown no trade yet. It is amended where the venue amends, otherwise replaced.

Within any 60 s at most cancels_per_minute requests give up a place in the queue (cancels and amendments alike). The last
`reserve` of them are kept for the inner level and for safety: orders that no level wants any more, and those in the way
of the other side. Safety comes first, then the inner level, then the others; what finds no budget waits for it.
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.execution._levels import assign, move, place_missing, serving, take_back
from mmkit_plugins.execution._orders import Common, execution, overdue, unanswered
from mmkit_plugins.execution._queue import Queue, follow_flow, follow_orders, value

CANCELS = 4096
"""Largest budget."""

MINUTE = 60 * 10**9


@attrs.frozen
class Params(Common):
    horizon: mmkit.Duration = mmkit.field("10s", above=0, doc="mean time before the price moves on without a fill")
    half_life: mmkit.Duration = mmkit.field("60s", above=0, doc="time after which a trade counts half in the flow")
    ahead_share: float = mmkit.field(
        0.5,
        unit="",
        at_least=0,
        at_most=1,
        doc="part of a level's decrease that happens ahead of us, and that counts as traded",
    )
    adverse_selection: float = mmkit.field(0.0, unit="ticks", at_least=0, doc="what a fill loses to who knows more")
    least_gain: float = mmkit.field(
        0.1, unit="fraction", at_least=0, doc="gain that a move has to exceed, of what the order is worth there"
    )
    max_ticks: int = mmkit.field(
        20, unit="ticks", at_least=0, at_most=10**9, doc="distance from the wanted price beyond which an order moves"
    )
    cancels_per_minute: int = mmkit.field(
        600, at_least=1, at_most=CANCELS, doc="most cancels and amendments within any 60 s"
    )
    reserve: float = mmkit.field(
        0.25, unit="fraction", at_least=0, at_most=1, doc="share of them for the inner level and for safety"
    )


def budget(params: Params) -> int:
    """Returns how many cancels are remembered."""
    return params.cancels_per_minute


@attrs.define
class State(Queue):
    """cancelled: ring of when places in the queue were given up; cancels: how many ever were."""

    cancelled: list[int] = mmkit.array(int, CANCELS, unit="ns", needs=budget)
    cancels: int = 0


def act(params: Params, state: Any, market: Any, ladder: Any, desk: Any, book: Any) -> None:
    """Sends cancels and amendments as the budget allows, then orders."""
    follow_orders(params, state, market, desk, book)
    follow_flow(params, state, market, book)
    if params.one_in_flight and unanswered(desk):
        return
    assign(params, state, market, ladder, desk, 0)
    for k in range(desk.live_count):
        at = desk.live[k]
        order = desk.orders[at]
        if mmkit.working(order) and state.level[at] <= 0:
            if state.level[at] == 0 or in_the_way(ladder, order.side, order.tick):
                spend(params, state, market, desk, at, True)
    fair = fair_ticks(market, ladder)
    for i in range(ladder.levels):
        reconsider(params, state, market, ladder, desk, book, 1, i, fair)
        reconsider(params, state, market, ladder, desk, book, -1, i, fair)
    place_missing(params, state, market, ladder, desk)


def reconsider(
    params: Params, state: Any, market: Any, ladder: Any, desk: Any, book: Any, side: int, i: int, fair: float
) -> None:
    """Moves the order of a level that stands elsewhere, if that is worth its place; takes it back if it is overdue."""
    at = serving(state, side, i)
    if at < 0 or state.level[at] > 0 or not mmkit.working(desk.orders[at]):
        return
    if overdue(params, market, desk.orders[at]):
        spend(params, state, market, desk, at, i == 0)
    elif is_worth_it(params, state, market, ladder, desk, book, side, i, fair):
        if desk.amend == mmkit.AMEND_NONE or not has_budget(params, state, market, i == 0):
            spend(params, state, market, desk, at, i == 0)
        elif move(params, state, market, ladder, desk, side, i):
            count_cancel(params, state, market)
        else:
            spend(params, state, market, desk, at, i == 0)


def is_worth_it(
    params: Params, state: Any, market: Any, ladder: Any, desk: Any, book: Any, side: int, i: int, fair: float
) -> bool:
    """Returns whether the order of a level gains by going to the wanted price, at the back of the queue there."""
    at = serving(state, side, i)
    own = desk.orders[at].tick
    tick = ladder.bid_ticks[i] if side > 0 else ladder.ask_ticks[i]
    if abs(own - tick) > params.max_ticks or not math.isfinite(fair):
        return True
    if (state.bid_trades if side > 0 else state.ask_trades) <= 0.0:
        return True
    back = float(mmkit.lots_at(book, market, side, tick))
    edge = side * (fair - tick)
    moved = value(params, state, market, book, side, tick, back, edge)
    stays = value(params, state, market, book, side, own, state.ahead[at], min(side * (fair - own), edge))
    if side > 0:
        mmkit.step("gain of moving a bid", moved - stays, "ticks")
    else:
        mmkit.step("gain of moving an ask", moved - stays, "ticks")
    return bool(moved - stays > params.least_gain * abs(moved))


def fair_ticks(market: Any, ladder: Any) -> float:
    """Returns the fair value (ticks, possibly a half): the middle of the wanted inner quotes, or the mid; NaN where there is none."""
    bid = mmkit.NO_BID
    ask = mmkit.NO_ASK
    for i in range(ladder.levels):
        if ladder.bid_lots[i] > 0:
            bid = max(bid, ladder.bid_ticks[i])
        if ladder.ask_lots[i] > 0:
            ask = min(ask, ladder.ask_ticks[i])
    if bid != mmkit.NO_BID and ask != mmkit.NO_ASK:
        return 0.5 * (bid + ask)
    return float(market.mid / market.tick_size)


def in_the_way(ladder: Any, side: int, tick: int) -> bool:
    """Returns whether an own order at a price could trade with a wanted quote of the other side."""
    for i in range(ladder.levels):
        if side > 0:
            if ladder.ask_lots[i] > 0 and ladder.ask_ticks[i] <= tick:
                return True
        elif ladder.bid_lots[i] > 0 and ladder.bid_ticks[i] >= tick:
            return True
    return False


def spend(params: Params, state: Any, market: Any, desk: Any, at: int, urgent: bool) -> None:
    """Takes a working order back if the budget allows it."""
    if has_budget(params, state, market, urgent):
        take_back(params, state, market, desk, at)
        count_cancel(params, state, market)
    else:
        mmkit.step("cancel waits for the budget, price", float(desk.orders[at].tick), "ticks")


def has_budget(params: Params, state: Any, market: Any, urgent: bool) -> bool:
    """Returns whether a place in the queue may be given up now: fewer were within the last 60 s than are allowed, less the reserve
    where it is not urgent."""
    allowed = params.cancels_per_minute
    if not urgent:
        allowed -= int(math.ceil(params.reserve * params.cancels_per_minute))
    if allowed <= 0:
        return False
    if state.cancels < allowed:
        return True
    # The one that is `allowed` back has left the window.
    oldest = state.cancelled[(state.cancels - allowed) % params.cancels_per_minute]
    return bool(market.now - oldest > MINUTE)


def count_cancel(params: Params, state: Any, market: Any) -> None:
    """Remembers that a place in the queue was given up."""
    state.cancelled[state.cancels % params.cancels_per_minute] = market.now
    state.cancels += 1


@mmkit.hookimpl
def mmkit_execution() -> mmkit.Execution:
    """Offers the rule."""
    return execution(
        "queue-value", params=Params, amends=True, state=State, act=act, depth=True, examples=({"least_gain": 0.02},)
    )
