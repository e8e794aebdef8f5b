"""Closes the position and halts when equity has fallen too far below its peak.

    drawdown = highest equity so far - equity     (all instruments, after fees and funding)

above `money`, or above `fraction` of `capital`; the lower one counts. FLATTEN until flat, then HALT. A halt stays:
without `recovery` for the rest of the run. With it the cause is looked at anew at each release: a drawdown that
hedges, funding or other instruments have made good ends the halt; one that stands does not, unless the halt has
lasted for forgive_after: then the peak starts anew at the equity of that time. Equity that is unknown changes
nothing.

Source: the drawdown limit of the bot that mmkit grew out of, which was configured and never looked at (D-107).
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.risk._exits import HALTED, Exit, then_halt


@attrs.frozen
class Params:
    money: float = mmkit.field(math.inf, unit="quote", above=0, doc="drawdown that is too much; inf = not looked at")
    fraction: mmkit.Rate = mmkit.field(
        math.inf, unit="fraction", above=0, doc="drawdown, of the capital, that is too much; inf = not looked at"
    )
    capital: float = mmkit.field(0.0, unit="quote", at_least=0, doc="what the fraction is of")
    forgive_after: mmkit.Duration = mmkit.field(
        "0s", at_least=0, doc="length of a halt after which a release lets the peak start anew; 0 = never"
    )
    patience: mmkit.Duration = mmkit.field("1s", above=0, doc="time for each stage of the closing")


@attrs.define
class State(Exit):
    """limit: drawdown that is too much (quote); peak: highest equity since the last one was forgiven, NaN before."""

    limit: float = math.inf
    peak: float = math.nan


def setup(params: Params, state: State, instrument: Any) -> None:
    """Takes the lower limit. Raises mmkit.ConfigError where there is none, or no capital for the fraction."""
    relative = math.isfinite(params.fraction)
    if not relative and math.isinf(params.money):
        raise mmkit.ConfigError("drawdown.money: neither it nor drawdown.fraction is given")
    if relative != (params.capital > 0.0):
        raise mmkit.ConfigError("drawdown.capital: drawdown.fraction and drawdown.capital go together")
    state.limit = min(params.money, params.fraction * params.capital) if relative else params.money


def watch(params: Params, state: State, market: Any, account: Any, desk: Any, control: Any) -> int:
    """Returns FLATTEN from the drawdown until flat, then HALT."""
    forgives = params.forgive_after > 0 and state.phase == HALTED and state.released != control.releases
    if forgives and market.now - state.since >= params.forgive_after and math.isfinite(account.equity):
        state.peak = account.equity
    peak = account.peak
    if math.isfinite(state.peak):
        if account.equity > state.peak:
            state.peak = account.equity
        peak = state.peak
    drawdown = peak - account.equity
    mmkit.step("drawdown", drawdown, "quote")
    return then_halt(state, market, control, drawdown >= state.limit, drawdown < state.limit, params.patience)


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the rule."""
    return mmkit.Risk(
        "drawdown",
        params=Params,
        state=State,
        setup=setup,
        watch=watch,
        examples=({"money": 0.005}, {"fraction": 0.00004, "capital": 100.0, "forgive_after": "1s"}),
    )
