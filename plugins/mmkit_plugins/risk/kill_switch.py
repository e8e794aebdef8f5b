"""Withdraws in steps as a danger rises: wider quotes, reduce-only, no quotes, position closed; fails closed.

    danger >= widen_at: WIDEN (half-spreads times `widen`),  >= reduce_at: REDUCE_ONLY,  >= cancel_at: NO_QUOTES,  >= flatten_at: FLATTEN

The danger is any named number that is high when things are bad, in its own unit. A step is taken at once and left
late: only when the danger has been below it for cool_down, and then for the highest step that the danger called for
in that time. The lowest step in use is left only once the danger is at or below clears_at too. FLATTEN lasts as long
as the step does.

A danger that is missing (NaN: a signal that is not ready, or nothing that provides it) or infinite is itself a
danger: it counts as the step `missing`, or as a higher one that an infinite danger reaches. So the input is not required
as other rules' are, where the kernel would not ask the rule: a stack that wires nothing to it starts, and stays closed.
"""

import enum
import math
import sys
from typing import Any

import attrs

import mmkit

LARGEST = sys.float_info.max


class Step(enum.IntEnum):
    """By the levels' numbers."""

    WIDEN = 1
    REDUCE_ONLY = 2
    CANCEL = 3
    FLATTEN = 4


@attrs.frozen
class Params:
    widen_at: float = mmkit.field(
        math.inf,
        unit="",
        unbounded="the scale of danger",
        doc="danger from which on quotes are wider; inf = step not used",
    )
    reduce_at: float = mmkit.field(
        math.inf,
        unit="",
        unbounded="the scale of danger",
        doc="danger from which on quotes only reduce the position; inf = not used",
    )
    cancel_at: float = mmkit.field(
        math.inf,
        unit="",
        unbounded="the scale of danger",
        doc="danger from which on there are no quotes; inf = not used",
    )
    flatten_at: float = mmkit.field(
        math.inf,
        unit="",
        unbounded="the scale of danger",
        doc="danger from which on the position is closed; inf = not used",
    )
    clears_at: float = mmkit.field(
        math.inf,
        unit="",
        unbounded="the scale of danger",
        doc="danger at or below which it is over; inf = anywhere below the lowest step",
    )
    cool_down: mmkit.Duration = mmkit.field("30s", at_least=0, doc="time for which a danger must be lower to be so")
    widen: float = mmkit.field(2.0, unit="", at_least=1, doc="factor of the half-spreads while wider")
    missing: Step = mmkit.field(Step.CANCEL, doc="the step that a missing or infinite danger counts as")
    patience: mmkit.Duration = mmkit.field("1s", above=0, doc="time for each stage of the closing")


@attrs.define
class Inputs:
    danger: float = mmkit.field(math.nan, doc="what is high when things are bad; missing: closed")


@attrs.define
class State:
    """level: in force; since: when the danger was last as high (ns); highest: level that it called for since; lowest: step in use."""

    level: int = mmkit.field(0, at_least=0, at_most=4)
    since: int = 0
    highest: int = mmkit.field(0, at_least=0, at_most=4)
    lowest: int = mmkit.field(1, at_least=1, at_most=4)


def setup(params: Params, state: State, instrument: Any) -> None:
    """Finds the lowest step. Raises mmkit.ConfigError for steps that are out of order or that nothing uses."""
    steps = (params.widen_at, params.reduce_at, params.cancel_at, params.flatten_at)
    used = [(at, step) for at, step in zip(steps, Step, strict=True) if math.isfinite(at)]
    if not used:
        raise mmkit.ConfigError("kill-switch.cancel_at: no step of the switch is used")
    if used != sorted(used):
        raise mmkit.ConfigError("kill-switch.cancel_at: the steps are not in order: widen, reduce, cancel, flatten")
    if math.isfinite(params.clears_at) and params.clears_at >= used[0][0]:
        raise mmkit.ConfigError("kill-switch.clears_at: is not below the lowest step")
    state.lowest = int(used[0][1])


def watch(params: Params, state: State, market: Any, inputs: Inputs, account: Any, desk: Any, control: Any) -> int:
    """Returns the level that the danger calls for, or still calls for."""
    danger = inputs.danger
    wanted = called_for(params, danger)
    mmkit.step("level called for", float(wanted))
    if wanted == mmkit.NORMAL and danger > params.clears_at:
        wanted = min(state.lowest, state.level)
    if wanted >= state.level:
        state.level = wanted
        state.since = market.now
        state.highest = mmkit.NORMAL
    else:
        state.highest = max(state.highest, wanted)
        if market.now - state.since >= params.cool_down:
            state.level = state.highest
            state.since = market.now
            state.highest = mmkit.NORMAL
    if state.level == mmkit.WIDEN:
        control.widen = max(control.widen, params.widen)
    if state.level == mmkit.FLATTEN:
        control.patience = params.patience
    return state.level


def called_for(params: Params, danger: float) -> int:
    """Returns the level of the highest step that the danger reaches; `missing` at least where it is no finite number."""
    level: int = mmkit.NORMAL
    if not math.isfinite(danger):
        level = int(params.missing)
    if danger == math.inf:
        danger = LARGEST  # above every step in use, below those that are not
    if danger >= params.widen_at:
        level = max(level, mmkit.WIDEN)
    if danger >= params.reduce_at:
        level = max(level, mmkit.REDUCE_ONLY)
    if danger >= params.cancel_at:
        level = max(level, mmkit.NO_QUOTES)
    if danger >= params.flatten_at:
        level = max(level, mmkit.FLATTEN)
    return level


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the rule."""
    return mmkit.Risk(
        "kill-switch",
        params=Params,
        inputs=Inputs,
        state=State,
        setup=setup,
        watch=watch,
        examples=({"widen_at": 0.2, "reduce_at": 0.4, "cancel_at": 0.6, "flatten_at": 0.75, "cool_down": "300ms"},),
    )
