"""Keeps what a pricing rule prepared as long as no input has moved by more than a tolerance.

    kept while |x - x'| <= tolerance |x'| for every input x, x' being what it was when the rule last prepared

With a tolerance of 0 it is exact: the quotes are the same with it and without, to the last bit. An input that is not
a number is always prepared anew.

Source: yours.
"""

import math
from typing import Any

import attrs
import mmkit

INPUTS = 32
"""Most inputs of a rule."""


@attrs.frozen
class Params:
    tolerance: float = mmkit.field(
        0.01, unit="fraction", at_least=0, below=1, doc="move of an input, relative to it, that is let pass"
    )


@attrs.define
class State:
    """hits, misses: counted in a run's summary; key: the inputs when the rule last prepared."""

    hits: int = 0
    misses: int = 0
    key: list[float] = mmkit.array(float, INPUTS, math.nan)


def exact(params: Params) -> bool:
    """Returns whether it changes nothing but time."""
    return params.tolerance == 0.0


def suits(rule: Any) -> str:
    """Returns why it does not apply to a rule, or ''."""
    inputs = attrs.fields(rule.inputs) if rule.inputs else ()
    return f'"{rule.name}" has more than {INPUTS} inputs' if len(inputs) > INPUTS else ""


def keeps(params: Params, state: State, market: Any, key: tuple[float, ...]) -> bool:
    """Returns whether what was prepared from an earlier key still holds; otherwise remembers this one."""
    if holds(params, state, key):
        state.hits += 1
        return True
    state.misses += 1
    for i in range(len(key)):
        state.key[i] = key[i]
    return False


def holds(params: Params, state: State, key: tuple[float, ...]) -> bool:
    """Returns whether the remembered key stands for this one."""
    for i in range(len(key)):
        before = state.key[i]
        if not abs(key[i] - before) <= params.tolerance * abs(before):
            return False
        # 0.0 equals -0.0, but what is made from it may not.
        if key[i] == 0.0 and math.copysign(1.0, key[i]) != math.copysign(1.0, before):
            return False
    return True


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    return mmkit.Optimization(
        "new-rule",
        params=Params,
        state=State,
        applies=("pricing",),
        keeps=keeps,
        suits=suits,
        exact=exact,
        bound="prices made from inputs that have moved by the tolerance at most",
    )
