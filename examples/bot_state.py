"""What the reference bot knows when it quotes, as a signal: numbers at rest, for a snapshot to set.

A stack that wires the kit's own signals needs none of this; `mmkit explain` on a recorded situation of the bot does.
"""

import math
from typing import Any

import attrs

import mmkit


@attrs.define
class State:
    daily_volatility: float = 0.01
    market_impact: float = 0.0
    vamp_impact: float = 0.0
    momentum: float = 0.0
    reversal: float = 0.0
    volume_volatility: float = 0.0
    exhaustion: float = 0.0
    gamma_adjustment: float = 0.0
    kappa_adjustment: float = 0.0
    volatility_adjustment: float = 0.0
    offset: float = 0.0
    stored_offset: float = 0.0
    trend_direction: float = 0.0
    adjustment_age: float = math.nan
    trending: float = 0.0
    trending_up: float = 0.0
    trending_down: float = 0.0
    ranging: float = 0.0
    unrealised_return: float = 0.0
    position_age: float = 0.0


UNITS = {"daily_volatility": "fraction/sqrt(day)", "adjustment_age": "s", "position_age": "s"}


def on_clock(params: Any, state: State, market: Any) -> None:
    """Leaves everything as it is."""


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    outputs = {name: UNITS.get(name, "") for name in attrs.fields_dict(State)}
    return mmkit.Signal("bot-state", state=State, outputs=outputs, on_clock=on_clock)
