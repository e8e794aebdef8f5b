"""Ladders and orders are used again; off: every decision makes a new ladder, every order a new object.

The plain engine makes Python objects; the compiled engine, whose session is one block of memory, clears the place, which is the
least that new memory would cost.
"""

from typing import Any

import attrs

import mmkit


def exact(params: Any) -> bool:
    """The same contents in other objects."""
    return True


def without(rule: Any) -> Any:
    """Returns the rule for which ladders or orders are made anew."""
    if isinstance(rule, mmkit.Execution):
        return mmkit.replaced(rule, {mmkit.place: mmkit.place_anew})
    return attrs.evolve(rule, anew=rule.anew | {"buffers"})


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    return mmkit.Optimization("buffers", applies=("ladder", "execution"), exact=exact, without=without)
