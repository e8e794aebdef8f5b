"""What follows from parameters alone is worked out once, when the stack is assembled; off: at every decision.

A rule offers it with `constants` (a class of numbers and arrays) and `assemble(params, constants)`: the multipliers of a ladder, the
parts of a spread that no market changes.
"""

from typing import Any

import attrs

import mmkit


def exact(params: Any) -> bool:
    """The same numbers, earlier."""
    return True


def suits(rule: Any) -> str:
    """Returns why it does not apply, or ''."""
    return "" if rule.constants is not None else f'"{rule.name}" has nothing that follows from parameters alone'


def without(rule: Any) -> Any:
    """Returns the rule that works its constants out at every decision."""
    return attrs.evolve(rule, anew=rule.anew | {"constants"})


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    return mmkit.Optimization("constants", applies=("pricing", "ladder"), exact=exact, suits=suits, without=without)
