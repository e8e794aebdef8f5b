"""Stops quoting for a while after too many losing round trips in a row.

A round trip is a position from flat to flat, or to the other sign; it is lost when its PnL after its fees is
negative. At `losses` in a row FLATTEN until flat (a flip leaves a position behind), then NO_QUOTES for cool_down;
with halt = true HALT instead, until `recovery` releases it. Without trading no round trip can be won, so there is no
cause to look at anew: once the pause is over the streak counts from zero.

Source: the limit on consecutive losses of the bot that mmkit grew out of, which was configured and never looked at
(D-107).
"""

from typing import Any

import attrs

import mmkit
from mmkit_plugins.risk._exits import QUOTING, Exit, then_halt, then_resume


@attrs.frozen
class Params:
    losses: int = mmkit.field(5, unit="round trips", at_least=1, doc="lost ones in a row that are too many")
    cool_down: mmkit.Duration = mmkit.field("5m", at_least=0, doc="time without quotes; not with halt")
    halt: bool = mmkit.field(False, doc="halt instead of quoting again after cool_down")
    patience: mmkit.Duration = mmkit.field("1s", above=0, doc="time for each stage of the closing")


@attrs.define
class State(Exit):
    """forgiven: losses of the running streak that no longer count."""

    forgiven: int = 0


def watch(params: Params, state: State, market: Any, account: Any, desk: Any, control: Any) -> int:
    """Returns FLATTEN from the last loss until flat, then NO_QUOTES for a while, or HALT."""
    if account.losses < state.forgiven:
        state.forgiven = 0
    streak = account.losses - state.forgiven
    mmkit.step("lost round trips in a row", float(streak))
    hit = streak >= params.losses
    if params.halt:
        level = then_halt(state, market, control, hit, True, params.patience)
    else:
        level = then_resume(state, market, control, hit, params.cool_down, params.patience)
    if hit and state.phase == QUOTING:
        state.forgiven = account.losses
    return level


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the rule."""
    return mmkit.Risk(
        "loss-streak", params=Params, state=State, watch=watch, examples=({"losses": 1, "cool_down": "500ms"},)
    )
