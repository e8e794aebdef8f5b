"""VAMP, the mid: a fair price from the depth of the book, in quote currency (the trade-based VAMP is the rule `vamp`).

Of each side the best `levels` levels within `ticks` ticks of its best, Pb_i Qb_i and Pa_i Qa_i; or, where `quantity` (base)
or `notional` (quote) is given, as much of them as makes that up, the last level in part. Side prices bid = sum Pb_i Qb_i /
sum Qb_i and ask alike: the average price of a market order of that size, so ask - mid is the slippage of a buy.

    cross           (sum Pb_i Qa_i + sum Pa_i Qb_i) / (sum Qb_i + sum Qa_i)     over the levels that both sides have
    effective       (bid sum Qa_i + ask sum Qb_i) / (sum Qb_i + sum Qa_i)
    weighted-depth  (sum Pb_i Qb_i + sum Pa_i Qa_i) / (sum Qb_i + sum Qa_i)
    impact          (bid + ask) / 2
    shift           value - mid

cross and effective move towards the thinner side, as the weighted mid, which both are at one level; weighted-depth moves
towards the thicker one. NaN where a side is empty or does not hold `quantity` or `notional` within `levels` and `ticks`.
Sources: hftbacktest documentation, "Market Making with Alpha - Order Book Imbalance" (first three); Cartea, Jaimungal and
Penalva 2015, section 4.3 (walking the book, impact).
"""

import enum
import math
from typing import Any

import attrs

import mmkit


class Form(enum.IntEnum):
    CROSS = 0
    EFFECTIVE = 1
    WEIGHTED_DEPTH = 2
    IMPACT = 3


@attrs.frozen
class Params:
    form: Form = mmkit.field(Form.CROSS, doc="how the two sides make one price")
    levels: int = mmkit.field(5, unit="levels", at_least=1, at_most=1000, doc="most levels of each side that are read")
    ticks: int = mmkit.field(
        1000, unit="ticks", at_least=0, at_most=1_000_000, doc="levels further behind their side's best are not read"
    )
    quantity: float = mmkit.field(0.0, unit="base", at_least=0, doc="size that is bought and sold; 0 = whole levels")
    notional: float = mmkit.field(0.0, unit="quote", at_least=0, doc="the same as an amount of money; 0 = whole levels")


@attrs.define
class State:
    value: float = mmkit.field(math.nan, doc="fair price from the depth of both sides")
    shift: float = mmkit.field(math.nan, doc="value less the mid")
    bid: float = mmkit.field(math.nan, doc="average price of what is looked at on the bid")
    ask: float = mmkit.field(math.nan, doc="the same on the ask")


def setup(params: Params, state: State, instrument: Any) -> None:
    """Raises mmkit.ConfigError for a size that is given twice, or with a form that pairs whole levels."""
    if params.quantity > 0 and params.notional > 0:
        raise mmkit.ConfigError("vamp-mid: quantity and notional are two ways to give one size: leave one out")
    if params.form == Form.CROSS and (params.quantity > 0 or params.notional > 0):
        key = "quantity" if params.quantity > 0 else "notional"
        raise mmkit.ConfigError(
            f'vamp-mid.{key}: form = "cross" pairs whole levels: leave {key} out, or use "effective"'
        )


def on_book(params: Params, state: State, market: Any, book: Any) -> None:
    """Makes one price of the two sides."""
    if params.form == Form.CROSS:
        cross(params, state, market, book)
    else:
        walk(params, state, market, book)
    state.shift = state.value - market.mid


def on_clock(params: Params, state: State, market: Any, book: Any) -> None:
    """The book is not told of when a side is empty: what was true before is not any more."""
    if not math.isfinite(market.mid):
        state.value = math.nan
        state.shift = math.nan
        state.bid = math.nan
        state.ask = math.nan


def walk(params: Params, state: State, market: Any, book: Any) -> None:
    """Sets the side prices and the value of the forms that do not pair levels."""
    sold, received = met(params, market, book, 1)
    bought, paid = met(params, market, book, -1)
    state.bid = received / sold if sold > 0.0 else math.nan
    state.ask = paid / bought if bought > 0.0 else math.nan
    if not (sold > 0.0 and bought > 0.0):
        state.value = math.nan
    elif params.form == Form.EFFECTIVE:
        state.value = (state.bid * bought + state.ask * sold) / (sold + bought)
    elif params.form == Form.WEIGHTED_DEPTH:
        state.value = (received + paid) / (sold + bought)
    else:
        state.value = 0.5 * (state.bid + state.ask)


def met(params: Params, market: Any, book: Any, side: int) -> tuple[float, float]:
    """Returns the quantity (base) that an order of the size meets on a side, and the sum of price times quantity (quote).

    Both are 0 where the side is empty or does not hold the size.
    """
    best = mmkit.best_tick(market, side)
    tick = best
    quantity = 0.0
    cost = 0.0
    for i in range(params.levels):
        if i > 0:
            tick = mmkit.next_level(book, market, side, tick, params.ticks - abs(tick - best))
        lots = mmkit.lots_at(book, market, side, tick)
        if lots <= 0:
            break
        price = tick * market.tick_size
        there = lots * market.lot_size
        if params.quantity > 0.0 and there >= params.quantity - quantity:
            return params.quantity, cost + price * (params.quantity - quantity)
        if params.notional > 0.0 and price > 0.0 and price * there >= params.notional - cost:
            return quantity + (params.notional - cost) / price, params.notional
        quantity += there
        cost += price * there
    if params.quantity > 0.0 or params.notional > 0.0:
        return 0.0, 0.0
    return quantity, cost


def cross(params: Params, state: State, market: Any, book: Any) -> None:
    """Sets the side prices and the value over pairs of levels, each price weighted with what rests opposite of it."""
    best_bid = mmkit.best_tick(market, 1)
    best_ask = mmkit.best_tick(market, -1)
    bid = best_bid
    ask = best_ask
    sold = 0.0
    bought = 0.0
    received = 0.0
    paid = 0.0
    crossed = 0.0
    for i in range(params.levels):
        if i > 0:
            bid = mmkit.next_level(book, market, 1, bid, params.ticks - (best_bid - bid))
            ask = mmkit.next_level(book, market, -1, ask, params.ticks - (ask - best_ask))
        bid_lots = float(mmkit.lots_at(book, market, 1, bid))
        ask_lots = float(mmkit.lots_at(book, market, -1, ask))
        if bid_lots <= 0.0 or ask_lots <= 0.0:
            break
        sold += bid_lots
        bought += ask_lots
        received += bid * bid_lots
        paid += ask * ask_lots
        crossed += bid * ask_lots + ask * bid_lots
    if sold > 0.0:
        state.bid = received / sold * market.tick_size
        state.ask = paid / bought * market.tick_size
        state.value = crossed / (sold + bought) * market.tick_size
    else:
        state.bid = math.nan
        state.ask = math.nan
        state.value = math.nan


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "vamp-mid",
        params=Params,
        state=State,
        setup=setup,
        outputs={"value": "quote", "shift": "quote", "bid": "quote", "ask": "quote"},
        on_book=on_book,
        on_clock=on_clock,
        depth=True,
        examples=({"form": "effective", "quantity": 0.5},),
    )
