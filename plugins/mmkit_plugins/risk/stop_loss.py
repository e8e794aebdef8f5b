"""Closes a position whose loss has reached a limit, then halts.

    loss = -(unrealised at the mid - fees paid on the open position - taker fee to close it)

as money, or as a fraction of the entry notional; either limit is enough. The mid, as a spread that is wide for a
moment is no loss. From then on FLATTEN (reduce-only orders: at our best price, then across the book, then at the
market), whatever the price does, until the position is flat; then HALT. A halt stays: without `recovery` for the rest
of the run. With it the cause is looked at anew; a flat position has no loss, so the first release ends the halt.
While there is no mid nothing can be judged, and the level stays as it is.

Source: defect D-100 of the bot that mmkit grew out of, which found the loss, stopped quoting and never closed the
position.
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.risk._exits import NetExit, demand_a_limit, entry_value, follow_fees, net_money, then_halt


@attrs.frozen
class Params:
    fraction: mmkit.Rate = mmkit.field(
        math.inf, unit="fraction", above=0, doc="loss, of the entry notional, that is too much; inf = not looked at"
    )
    money: float = mmkit.field(math.inf, unit="quote", above=0, doc="loss that is too much; inf = not looked at")
    patience: mmkit.Duration = mmkit.field("1s", above=0, doc="time for each stage of the closing")


@attrs.define
class State(NetExit):
    pass


def setup(params: Params, state: State, instrument: Any) -> None:
    """Raises mmkit.ConfigError for a stop without a limit."""
    demand_a_limit("stop-loss", params)


def watch(params: Params, state: State, market: Any, account: Any, desk: Any, control: Any) -> int:
    """Returns FLATTEN from the loss until flat, then HALT."""
    follow_fees(state, market, account)
    loss = -net_money(state, market, account, market.mid, 1.0)
    fraction = loss / entry_value(market, account)
    mmkit.step("loss after fees", loss, "quote")
    mmkit.step("loss of the entry notional", fraction, "fraction")
    hit = loss >= params.money or fraction >= params.fraction
    return then_halt(state, market, control, hit, True, params.patience)


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the rule."""
    return mmkit.Risk(
        "stop-loss",
        params=Params,
        state=State,
        setup=setup,
        watch=watch,
        examples=({"money": 0.02}, {"fraction": 0.0001}),
    )
