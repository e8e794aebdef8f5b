"""Market impact: by which fraction a trade moves the price, weighted by volume, over the last `trades` trades.

    market_impact = sum(|p_t - p_(t-1)| / p_t * qty_t) / sum(qty_t)

Price and quantity are of the same trade; the first trade has none before it. NaN before there are `trades` of them. A fraction
of the price; brought up to date before each decision and each record.
"""

import math
from typing import Any

import attrs

import mmkit

TRADES = 1024
"""Most trades that count."""


@attrs.frozen
class Params:
    trades: int = mmkit.field(100, unit="trades", at_least=1, at_most=TRADES, doc="trades that count")


@attrs.define
class State:
    """moved: fraction moved times quantity, of each trade; quantity: base; head: where the next one goes; fresh: not summed yet."""

    market_impact: float = mmkit.field(math.nan, doc="price moved per trade, a fraction of the price")
    last_price: float = math.nan
    count: int = 0
    head: int = 0
    fresh: int = 0
    moved: list[float] = mmkit.array(float, TRADES, unit="base")
    quantity: list[float] = mmkit.array(float, TRADES, unit="base")


def on_trade(params: Params, state: State, market: Any, trade: Any) -> None:
    """Puts the trade in the place of the oldest."""
    before = state.last_price
    if trade.price <= 0.0 or trade.qty <= 0.0:
        return
    state.last_price = trade.price
    if before != before:
        return
    state.moved[state.head] = abs(trade.price - before) / trade.price * trade.qty
    state.quantity[state.head] = trade.qty
    state.head = (state.head + 1) % params.trades
    state.count = min(state.count + 1, params.trades)
    state.fresh = 1


def on_clock(params: Params, state: State, market: Any) -> None:
    """Sums, anew every time: what left the window leaves no rounding behind."""
    if state.fresh == 0 or state.count < params.trades:
        return
    moved = 0.0
    quantity = 0.0
    for i in range(state.count):
        moved += state.moved[i]
        quantity += state.quantity[i]
    state.market_impact = moved / quantity
    state.fresh = 0


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "impact", params=Params, state=State, outputs={"market_impact": ""}, on_trade=on_trade, on_clock=on_clock
    )
