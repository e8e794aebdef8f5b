"""A rule's records in the compiled engine take the smallest fields that hold what their declarations allow.

A whole number with a lower and an upper bound, or an enum, takes one, two or four bytes instead of eight; what has no bounds,
times and floating point numbers stay as they are. Nothing is lost, and the arithmetic is done in 64 bits all the same.
"""

from typing import Any

import attrs

import mmkit

ROLES = ("signals", "sizing", "pricing", "ladder", "risk", "execution", "hedging", "venue")


def exact(params: Any) -> bool:
    """Every number that the declarations allow fits."""
    return True


def rewrite(params: Any, rule: Any) -> Any:
    """Returns the rule with compact records."""
    return attrs.evolve(rule, compact=True)


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    return mmkit.Optimization("compact-state", applies=ROLES, exact=exact, rewrite=rewrite)
