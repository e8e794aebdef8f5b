"""Where our orders stand in the queue, how fast it is traded, and what an order is worth there.

Nobody tells us our place: it is estimated from the local book, in lots. What rests at the price when the order is known
to work stands ahead of it; later

    ahead <- min(ahead - share * max(seen - now there, 0), what is there)

as the level shrinks from `seen`: share is the part of a decrease that is taken to happen ahead. Flow is estimated from
the best level of each side in the same way, between two decisions: share * what is gone counts as one trade of that
size (a level that is gone altogether or was passed counts whole), and with weights halving every half_life

    rate = trades / time (1/s),  size = lots / trades,  both weighted.

Value per lot (ticks) of an order at price p with x lots to trade before it is executed:

    value = P(x) (min(edge, wanted edge) - adverse_selection),  edge = fair - p for a bid, p - fair for an ask
    P(x)  = rho exp(-x (1 - rho) / size),     rho = rate H / (1 + rate H)

P is the probability that trades in a Poisson stream with exponential sizes exceed x before the price moves on, which
takes an exponential time of mean H. An order farther out than wanted has no more edge than the wanted price: it is
reached when the price, and with it the fair value, has come to it. The form value = fill probability * (edge - adverse
selection) and the value of a place in the queue as a difference of two such values are those of Moallemi & Yuan, "A
model for queue position valuation in a limit order book" (2016).
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.execution._levels import Served
from mmkit_plugins.execution._orders import ORDERS


@attrs.define
class Queue(Served):
    """known, at, seen, ahead: of each place, the id of the order followed there, its price (ticks), what rested there (lots) and what
    of that stood ahead. *_best, *_lots: each side's best level at the last decision; *_trades, *_volume, time: weighted sums (time in s).
    """

    known: list[int] = mmkit.array(int, ORDERS)
    at: list[int] = mmkit.array(int, ORDERS, unit="ticks")
    seen: list[float] = mmkit.array(float, ORDERS, unit="lots")
    ahead: list[float] = mmkit.array(float, ORDERS, unit="lots")
    last: int = -1
    time: float = 0.0
    bid_best: int = mmkit.NO_BID
    ask_best: int = mmkit.NO_ASK
    bid_lots: float = 0.0
    ask_lots: float = 0.0
    bid_trades: float = 0.0
    ask_trades: float = 0.0
    bid_volume: float = 0.0
    ask_volume: float = 0.0


def follow_orders(params: Any, state: Any, market: Any, desk: Any, book: Any) -> None:
    """Brings the estimated places in the queue up to the book at hand."""
    for k in range(desk.live_count):
        place = desk.live[k]
        order = desk.orders[place]
        there = float(mmkit.lots_at(book, market, order.side, order.tick))
        if not mmkit.working(order) and not mmkit.cancelling(order):
            state.known[place] = 0  # on its way: whatever comes until it is there comes ahead of it
            state.ahead[place] = there
        elif state.known[place] != order.id or state.at[place] != order.tick:
            state.known[place] = order.id
            state.at[place] = order.tick
            state.ahead[place] = there
        else:
            gone = max(state.seen[place] - there, 0.0)
            state.ahead[place] = max(min(state.ahead[place] - params.ahead_share * gone, there), 0.0)
        state.seen[place] = there


def follow_flow(params: Any, state: Any, market: Any, book: Any) -> None:
    """Counts what is gone from the best levels since the last decision."""
    if state.last >= 0:
        dt = (market.now - state.last) * 1e-9
        w = math.exp(-math.log(2.0) * dt / (params.half_life * 1e-9))
        state.time = w * state.time + dt
        gone = gone_from(params, market, book, 1, state.bid_best, state.bid_lots)
        state.bid_trades = w * state.bid_trades + (1.0 if gone > 0.0 else 0.0)
        state.bid_volume = w * state.bid_volume + gone
        gone = gone_from(params, market, book, -1, state.ask_best, state.ask_lots)
        state.ask_trades = w * state.ask_trades + (1.0 if gone > 0.0 else 0.0)
        state.ask_volume = w * state.ask_volume + gone
    state.last = market.now
    state.bid_best = market.bid_ticks
    state.ask_best = market.ask_ticks
    state.bid_lots = float(mmkit.lots_at(book, market, 1, market.bid_ticks))
    state.ask_lots = float(mmkit.lots_at(book, market, -1, market.ask_ticks))


def gone_from(params: Any, market: Any, book: Any, side: int, best: int, lots: float) -> float:
    """Returns the lots that count as traded of what rested at a side's best price."""
    if lots <= 0.0:
        return 0.0
    if side * (mmkit.best_tick(market, side) - best) < 0:
        return lots
    return float(params.ahead_share * max(lots - float(mmkit.lots_at(book, market, side, best)), 0.0))


def value(params: Any, state: Any, market: Any, book: Any, side: int, tick: int, ahead: float, edge: float) -> float:
    """Returns what a lot is worth at a price (ticks) where `ahead` lots are ahead of it and a fill has an edge (ticks)."""
    x = ahead + before(market, book, side, tick)
    return fill_probability(params, state, side, x) * (edge - params.adverse_selection)


def before(market: Any, book: Any, side: int, tick: int) -> float:
    """Returns the lots that rest at better prices than a tick, infinite beyond 64 levels."""
    total = 0.0
    at = mmkit.best_tick(market, side)
    levels = 0
    while side * (at - tick) > 0:
        total += float(mmkit.lots_at(book, market, side, at))
        levels += 1
        if levels == 64:
            return math.inf
        at = mmkit.next_level(book, market, side, at, abs(at - tick))
    return total


def fill_probability(params: Any, state: Any, side: int, x: float) -> float:
    """Returns the probability that more than x lots trade on a side before the price moves on; 0 while no trade is known."""
    trades = state.bid_trades if side > 0 else state.ask_trades
    volume = state.bid_volume if side > 0 else state.ask_volume
    if trades <= 0.0 or volume <= 0.0 or state.time <= 0.0:
        return 0.0
    expected = trades / state.time * (params.horizon * 1e-9)
    rho = expected / (1.0 + expected)
    return rho * math.exp(-x * (1.0 - rho) * trades / volume)
