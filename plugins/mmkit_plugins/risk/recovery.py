"""The way back after a halt: wait, have its cause looked at anew, then quote in steps. Declared after the other rules.

    level >= after: once cool_down has passed, |position| <= max_position and there is a mid, the halted rules are asked
        to look at their causes anew (control.releases), and again after each further cool_down
    level back to NORMAL (or WIDEN): step 1, 2, ..., each for `every`, quotes the inner max(1, levels * step / steps)
        levels of the ladder, until step = steps, which is all of them

A rule gives up its halt only where its cause is gone; the steps begin when all have. Another halt starts over, and a
step that another rule interrupts begins anew. With this rule left out a halt lasts for the rest of the run. The wait
is for what halts (stop-loss, drawdown, loss-streak with halt); pauses that end by themselves, such as take-profit's,
need none of it, unless `after` says so.

Source: the recovery of the bot that mmkit grew out of, without its defect D-105: it looked at the size of the
position alone, and its steps quoted nothing.
"""

import enum
import math
from typing import Any

import attrs

import mmkit


class After(enum.IntEnum):
    """By the levels' numbers."""

    NO_QUOTES = 3
    FLATTEN = 4
    HALT = 5


@attrs.frozen
class Params:
    cool_down: mmkit.Duration = mmkit.field("5m", above=0, doc="time halted before the causes are looked at anew")
    max_position: float = mmkit.field(
        math.inf, unit="base", at_least=0, doc="largest position, long or short, to go on with"
    )
    steps: int = mmkit.field(3, at_least=1, at_most=64, doc="steps until all levels are quoted again")
    every: mmkit.Duration = mmkit.field("30s", above=0, doc="length of a step")
    after: After = mmkit.field(After.HALT, doc="the lowest level that is recovered from in steps")


@attrs.define
class State:
    """halted: 1 from the halt until the first step; since: of the wait or the step (ns); step: 1.., 0 = all levels."""

    halted: int = mmkit.field(0, at_least=0, at_most=1)
    since: int = 0
    step: int = mmkit.field(0, at_least=0, at_most=64)


def watch(params: Params, state: State, market: Any, account: Any, desk: Any, control: Any) -> int:
    """Moves on in the recovery; returns NORMAL, as it is no cause itself."""
    if control.level >= params.after:
        if state.halted == 0:
            state.halted = 1
            state.since = market.now
        state.step = 0
        ready = abs(market.position) <= params.max_position and math.isfinite(market.mid)
        if ready and market.now - state.since >= params.cool_down:
            control.releases += 1
            state.since = market.now
    elif control.level > mmkit.WIDEN:
        # Another rule holds the quotes back: a step counts only where it was quoted through.
        if state.step > 0:
            state.since = market.now
    elif state.halted == 1:
        state.halted = 0
        move_on(params, state, market)
    elif state.step > 0 and market.now - state.since >= params.every:
        move_on(params, state, market)
    control.step = state.step
    control.steps = params.steps
    mmkit.step("step of the recovery", float(state.step))
    return int(mmkit.NORMAL)


def move_on(params: Params, state: State, market: Any) -> None:
    """Begins the next step; the last one, with all levels, is the end of the recovery."""
    state.step += 1
    state.since = market.now
    if state.step >= params.steps:
        state.step = 0


def limit(params: Params, state: State, market: Any, ladder: Any, desk: Any) -> None:
    """Takes away the levels that this step does not quote yet."""
    if state.step == 0:
        return
    kept = max(1, ladder.levels * state.step // params.steps)
    mmkit.step("levels quoted in this step", float(kept))
    for i in range(kept, ladder.levels):
        ladder.bid_lots[i] = 0
        ladder.ask_lots[i] = 0


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the rule."""
    return mmkit.Risk(
        "recovery",
        params=Params,
        state=State,
        watch=watch,
        limit=limit,
        examples=({"cool_down": "1s", "every": "2s"}, {"cool_down": "1s", "every": "2s", "after": "flatten"}),
    )
