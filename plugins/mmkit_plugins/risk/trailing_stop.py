"""Closes a position that has given back too much of the best that it was worth, then quotes again.

    given up = side * (best mid since the position opened - mid)

of the entry price as a fraction, or times the position as money; either limit is enough. It is the fall of the
unrealised PnL from its best while the position keeps its size; measured by the price, so that closing a part or
adding to it gives nothing up. The stop trails from the moment at which the position, closed at the mid as a taker,
has earned `activation` after fees. A position of the other sign starts anew. From the trigger on FLATTEN until flat,
NO_QUOTES for cool_down, then quotes as before.
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.risk._exits import NetExit, demand_a_limit, entry_value, follow_fees, net_money, then_resume


@attrs.frozen
class Params:
    fraction: mmkit.Rate = mmkit.field(
        math.inf, unit="fraction", above=0, doc="of the entry price, that is given up; inf = not looked at"
    )
    money: float = mmkit.field(math.inf, unit="quote", above=0, doc="that is given up; inf = not looked at")
    activation: mmkit.Rate = mmkit.field(
        0.0,
        unit="fraction",
        unbounded="below 0 it trails a loss too",
        doc="profit after fees, of the entry notional, from which on the stop trails",
    )
    cool_down: mmkit.Duration = mmkit.field("3s", at_least=0, doc="time without quotes after the position is closed")
    patience: mmkit.Duration = mmkit.field("1s", above=0, doc="time for each stage of the closing")


@attrs.define
class State(NetExit):
    """best: the best mid since the position opened; active: 1 once the stop trails."""

    best: float = math.nan
    active: int = mmkit.field(0, at_least=0, at_most=1)


def setup(params: Params, state: State, instrument: Any) -> None:
    """Raises mmkit.ConfigError for a stop without a limit."""
    demand_a_limit("trailing-stop", params)


def watch(params: Params, state: State, market: Any, account: Any, desk: Any, control: Any) -> int:
    """Returns FLATTEN from the fall until flat, then NO_QUOTES for a while."""
    lots = market.position_lots
    if lots * state.known_lots <= 0:
        state.best = math.nan
        state.active = 0
    follow_fees(state, market, account)
    side = 1.0 if lots > 0 else -1.0
    if lots != 0 and math.isfinite(market.mid):
        if not side * (state.best - market.mid) >= 0.0:
            state.best = market.mid
        profit = net_money(state, market, account, market.mid, 1.0)
        if profit >= params.activation * entry_value(market, account):
            state.active = 1
    given_up = side * (state.best - market.mid)
    money = given_up * abs(market.position)
    if account.inverse:
        money = money / state.best
    mmkit.step("fall from the best price", given_up, "price")
    mmkit.step("given up since the best price", money, "quote")
    hit = state.active == 1 and (given_up >= params.fraction * account.entry or money >= params.money)
    return then_resume(state, market, control, hit, params.cool_down, params.patience)


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the rule."""
    return mmkit.Risk(
        "trailing-stop",
        params=Params,
        state=State,
        setup=setup,
        watch=watch,
        examples=({"money": 0.002}, {"fraction": 0.0001}),
    )
