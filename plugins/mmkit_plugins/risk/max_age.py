"""Closes a position that has been open for too long: reduce-only quotes first, then orders that close it.

    age = now - when the position took its sign;  age >= ease_after: REDUCE_ONLY,  age >= max_age: FLATTEN until flat

then NO_QUOTES for cool_down (none by default), and quotes as before. Adding to a position or closing a part of it
leaves its age, being flat or changing sign ends it. It needs no price.

Source: the time-based exit of the bot that mmkit grew out of, after 30 s.
"""

from typing import Any

import attrs

import mmkit
from mmkit_plugins.risk._exits import Exit, then_resume


@attrs.frozen
class Params:
    max_age: mmkit.Duration = mmkit.field(above=0, doc="age from which on the position is closed")
    ease_after: mmkit.Duration = mmkit.field(
        "0s", at_least=0, doc="age from which on quotes only reduce the position; 0 = never"
    )
    cool_down: mmkit.Duration = mmkit.field("0s", at_least=0, doc="time without quotes after the position is closed")
    patience: mmkit.Duration = mmkit.field("1s", above=0, doc="time for each stage of the closing")


@attrs.define
class State(Exit):
    pass


def setup(params: Params, state: State, instrument: Any) -> None:
    """Raises mmkit.ConfigError where easing would begin after the end."""
    if params.ease_after >= params.max_age:
        raise mmkit.ConfigError("max-age.ease_after: is not below max-age.max_age")


def watch(params: Params, state: State, market: Any, account: Any, desk: Any, control: Any) -> int:
    """Returns REDUCE_ONLY, then FLATTEN until flat."""
    age = 0
    if market.position_lots != 0:
        age = market.now - account.opened
    mmkit.step("age of the position", age * 1e-9, "s")
    level = then_resume(state, market, control, age >= params.max_age, params.cool_down, params.patience)
    if level == mmkit.NORMAL and params.ease_after > 0 and age >= params.ease_after:
        return int(mmkit.REDUCE_ONLY)
    return level


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the rule."""
    return mmkit.Risk(
        "max-age",
        params=Params,
        state=State,
        setup=setup,
        watch=watch,
        examples=({"max_age": "500ms", "ease_after": "200ms"},),
    )
