"""Bid, ask and mid in quote currency are worked out once per change of the book; off: before every call of a rule.

The bot this grew out of kept a mid price that nothing read (defect D-04). Here every rule reads the one of the market view.
"""

from typing import Any

import attrs

import mmkit


def exact(params: Any) -> bool:
    """The same arithmetic over the same ticks."""
    return True


def suits(rule: Any) -> str:
    """Returns why it does not apply, or ''."""
    return f'"{rule.name}" gives the mids themselves' if rule.paths is not None else ""


def without(rule: Any) -> Any:
    """Returns the market whose prices are worked out again for every call."""
    return attrs.evolve(rule, anew=rule.anew | {"mid"})


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    return mmkit.Optimization("mid-cache", applies=("market",), exact=exact, suits=suits, without=without)
