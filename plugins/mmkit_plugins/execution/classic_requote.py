"""The reference bot's requote decision: nine conditions, in their order, say whether the ladder is replaced.

    1  a wanted side has no order outstanding                      6  |q| > position_threshold, and longer than
    2  elapsed > quote_lifetime                                       position_check_interval since this last hit
    3  |own mid - M| > max(amend_threshold ticks,                  7  q != 0 and elapsed > t - (t - min_quote_interval)
       amend_fraction M)                                              * min(1, |q| / position_limit)
    4  own spread < min_spread ticks                               8  q = 0 and elapsed > t
    5  own bid > M or own ask < M                                  9  otherwise the quotes stay

with t = min(max_lifetime, lifetime_share * quote_lifetime), M the market's mid, q the position (base currency), own
prices those of the inner outstanding orders, and elapsed the time since orders were last placed. Replacing cancels
what differs in price or lots and places what is missing; what cannot be placed before a cancel is answered follows at
the next decisions. Whatever the conditions say, an order of a side that is not wanted is taken back, as are orders
that are too old or too far away.
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.execution._levels import (
    Served,
    assign,
    place_missing,
    serving,
    take_back,
    take_back_unwanted,
)
from mmkit_plugins.execution._orders import Common, execution, overdue, unanswered


@attrs.frozen
class Params(Common):
    every: mmkit.Duration = mmkit.field("500ms", above=0, doc="time between two timer decisions")
    max_distance: float = mmkit.field(
        0.005,
        unit="fraction of mid",
        at_least=0,
        doc="orders farther from the mid are taken back, quotes not sent; 0 = none",
    )
    quote_lifetime: mmkit.Duration = mmkit.field("45s", above=0, doc="quotes older than this are replaced")
    amend_threshold: float = mmkit.field(35.0, unit="ticks", at_least=0, doc="distance of the own mid that is kept")
    amend_fraction: float = mmkit.field(
        0.001, unit="fraction of mid", at_least=0, doc="the same as a share of the mid; the larger of both counts"
    )
    min_spread: float = mmkit.field(14.0, unit="ticks", at_least=0, doc="own spreads below this are replaced")
    position_threshold: float = mmkit.field(
        0.05, unit="base", at_least=0, doc="position above which quotes are renewed"
    )
    position_check_interval: mmkit.Duration = mmkit.field(
        "5s", at_least=0, doc="least time between two renewals for the position's sake"
    )
    max_lifetime: mmkit.Duration = mmkit.field("60s", above=0, doc="longest life of quotes, as far as the share allows")
    lifetime_share: float = mmkit.field(
        0.8, unit="", above=0, at_most=1, doc="share of quote_lifetime that quotes may reach"
    )
    min_quote_interval: mmkit.Duration = mmkit.field("3s", at_least=0, doc="life of quotes at the position limit")
    position_limit: float = mmkit.field(20.0, unit="base", above=0, doc="position at which quotes live shortest")


@attrs.define
class State(Served):
    """last_quote: when orders were last placed; last_check: when condition 6 last hit; replacing: whether levels wait for a cancel."""

    last_quote: int = -(2**62)
    last_check: int = -(2**62)
    replacing: int = 0


def act(params: Params, state: Any, market: Any, ladder: Any, desk: Any) -> None:
    """Sends cancels and orders."""
    if params.one_in_flight and unanswered(desk):
        return
    assign(params, state, market, ladder, desk, 0)
    due = condition(params, state, market, ladder, desk) < 9
    for i in range(ladder.levels):
        for side in (1, -1):
            at = serving(state, side, i)
            if at < 0 or not mmkit.working(desk.orders[at]):
                continue
            order = desk.orders[at]
            lots = ladder.bid_lots[i] if side > 0 else ladder.ask_lots[i]
            differs = state.level[at] < 0 or order.remaining != lots
            if (due and differs) or overdue(params, market, order):
                take_back(params, state, market, desk, at)
                state.replacing = 1  # also where an overdue order alone has to be replaced
    take_back_unwanted(params, state, market, desk)
    if due or state.replacing:
        if place_missing(params, state, market, ladder, desk) > 0:
            state.last_quote = market.now
        state.replacing = int(is_waiting(state, ladder, desk))


def condition(params: Params, state: Any, market: Any, ladder: Any, desk: Any) -> int:
    """Returns the number of the first condition that hits, 9 where the quotes stay, and names it."""
    mid = market.mid
    bid = outstanding_best(desk, 1)
    ask = outstanding_best(desk, -1)
    if (bid == mmkit.NO_BID and is_wanted(ladder, 1)) or (ask == mmkit.NO_ASK and is_wanted(ladder, -1)):
        mmkit.step("replaced: 1, a side has no order", 1.0)
        return 1
    elapsed = (market.now - state.last_quote) * 1e-9
    if elapsed > params.quote_lifetime * 1e-9:
        mmkit.step("replaced: 2, time since orders were placed", elapsed, "s")
        return 2
    number = price_condition(params, market, mid, bid, ask)
    if number > 0:
        return number
    position = abs(market.position)
    if position > params.position_threshold and market.now - state.last_check > params.position_check_interval:
        state.last_check = market.now
        mmkit.step("replaced: 6, position", market.position, "base")
        return 6
    longest = min(params.max_lifetime * 1e-9, params.lifetime_share * (params.quote_lifetime * 1e-9))
    if market.position != 0.0:
        share = min(1.0, position / params.position_limit)
        if elapsed > longest - (longest - params.min_quote_interval * 1e-9) * share:
            mmkit.step("replaced: 7, time since orders were placed, with a position", elapsed, "s")
            return 7
    elif elapsed > longest:
        mmkit.step("replaced: 8, time since orders were placed, without a position", elapsed, "s")
        return 8
    mmkit.step("kept: 9, time since orders were placed", elapsed, "s")
    return 9


def price_condition(params: Params, market: Any, mid: float, bid: int, ask: int) -> int:
    """Returns which of the conditions 3 to 5 on own prices hits first, or 0; without a mid none does."""
    if not math.isfinite(mid):
        return 0
    if bid != mmkit.NO_BID and ask != mmkit.NO_ASK:
        distance = abs(0.5 * (bid + ask) * market.tick_size - mid)
        if distance > max(params.amend_threshold * market.tick_size, params.amend_fraction * mid):
            mmkit.step("replaced: 3, distance of the own mid", distance, "quote")
            return 3
        if ask - bid < params.min_spread:
            mmkit.step("replaced: 4, own spread", float(ask - bid), "ticks")
            return 4
    if bid != mmkit.NO_BID and bid * market.tick_size > mid:
        mmkit.step("replaced: 5, own bid above the mid", bid * market.tick_size - mid, "quote")
        return 5
    if ask != mmkit.NO_ASK and ask * market.tick_size < mid:
        mmkit.step("replaced: 5, own ask below the mid", mid - ask * market.tick_size, "quote")
        return 5
    return 0


def outstanding_best(desk: Any, side: int) -> int:
    """Returns the best price of the orders of a side that are not being cancelled; mmkit.NO_BID or mmkit.NO_ASK where there is none."""
    best = mmkit.NO_BID if side > 0 else mmkit.NO_ASK
    for k in range(desk.live_count):
        order = desk.orders[desk.live[k]]
        if order.side == side and not mmkit.cancelling(order):
            best = max(best, order.tick) if side > 0 else min(best, order.tick)
    return best


def is_wanted(ladder: Any, side: int) -> bool:
    """Returns whether the ladder has a quote on a side."""
    for i in range(ladder.levels):
        if (ladder.bid_lots[i] if side > 0 else ladder.ask_lots[i]) > 0:
            return True
    return False


def is_waiting(state: Any, ladder: Any, desk: Any) -> bool:
    """Returns whether a wanted level has no order, or one that is being cancelled."""
    for i in range(ladder.levels):
        for side in (1, -1):
            if (ladder.bid_lots[i] if side > 0 else ladder.ask_lots[i]) > 0:
                at = serving(state, side, i)
                if at < 0 or mmkit.cancelling(desk.orders[at]):
                    return True
    return False


@mmkit.hookimpl
def mmkit_execution() -> mmkit.Execution:
    """Offers the rule."""
    return execution(
        "classic-requote",
        params=Params,
        state=State,
        act=act,
        examples=(
            {
                "quote_lifetime": "2s",
                "min_spread": 0.0,
                "amend_threshold": 3.0,
                "amend_fraction": 0.0,
                "max_distance": 0.0,
                "min_quote_interval": "200ms",
                "position_limit": 0.1,
                "position_threshold": 100.0,
            },
            {
                "quote_lifetime": "2s",
                "min_spread": 0.0,
                "amend_threshold": 3.0,
                "amend_fraction": 0.0,
                "max_distance": 0.0,
                "position_check_interval": "1s",
            },
            {
                "quote_lifetime": "2s",
                "min_spread": 0.0,
                "amend_threshold": 0.0,
                "amend_fraction": 0.0001,
                "max_distance": 0.0,
            },
        ),
    )
