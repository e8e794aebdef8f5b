"""Closes a position whose profit after all fees has reached a target, then quotes again.

    profit = unrealised, if a taker closed now, - fees paid on the open position - fee_buffer * taker fee to close it

as money, or as a fraction of the entry notional; either target is enough. A long is worth the best bid, a short the
best ask: where that price is missing nothing can be judged. From then on FLATTEN (reduce-only orders: at our best
price, then across the book, then at the market) until the position is flat, NO_QUOTES for cool_down, then quotes as
before: a profit is no breach.

Sources: the percent and the money take-profit of the bot that mmkit grew out of, without its defects: D-102 (it
halted), D-103 (it never closed, and did not resume), D-104 (five dollars before fees, whatever the size, could be a
loss after them).
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.risk._exits import (
    NetExit,
    closing_price,
    demand_a_limit,
    entry_value,
    follow_fees,
    net_money,
    then_resume,
)


@attrs.frozen
class Params:
    fraction: mmkit.Rate = mmkit.field(
        math.inf, unit="fraction", above=0, doc="profit, of the entry notional, to be taken; inf = not looked at"
    )
    money: float = mmkit.field(math.inf, unit="quote", above=0, doc="profit to be taken; inf = not looked at")
    fee_buffer: float = mmkit.field(
        1.2, unit="", at_least=0, doc="how many times the taker fee closing is expected to cost"
    )
    cool_down: mmkit.Duration = mmkit.field("3s", at_least=0, doc="time without quotes after the position is closed")
    patience: mmkit.Duration = mmkit.field("1s", above=0, doc="time for each stage of the closing")


@attrs.define
class State(NetExit):
    pass


def setup(params: Params, state: State, instrument: Any) -> None:
    """Raises mmkit.ConfigError without a target."""
    demand_a_limit("take-profit", params)


def watch(params: Params, state: State, market: Any, account: Any, desk: Any, control: Any) -> int:
    """Returns FLATTEN from the profit until flat, then NO_QUOTES for a while."""
    follow_fees(state, market, account)
    price = closing_price(market)
    profit = net_money(state, market, account, price, params.fee_buffer)
    fraction = profit / entry_value(market, account)
    mmkit.step("profit after fees", profit, "quote")
    mmkit.step("profit of the entry notional", fraction, "fraction")
    hit = profit >= params.money or fraction >= params.fraction
    return then_resume(state, market, control, hit, params.cool_down, params.patience)


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the rule."""
    return mmkit.Risk(
        "take-profit",
        params=Params,
        state=State,
        setup=setup,
        watch=watch,
        examples=({"money": 0.002}, {"fraction": 1e-05}),
    )
