"""A rule is compiled with the loop that calls it; off: the compiled loop calls this one rule in Python."""

from typing import Any

import attrs

import mmkit

ROLES = ("signals", "sizing", "pricing", "ladder", "risk", "execution", "hedging", "venue")


def exact(params: Any) -> bool:
    """Both engines give the same bits."""
    return True


def suits(rule: Any) -> str:
    """Returns why it does not apply, or ''."""
    return "" if rule.compiled else f'"{rule.name}" says that it stays Python'


def without(rule: Any) -> Any:
    """Returns the rule that stays Python."""
    return attrs.evolve(rule, compiled=False)


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    return mmkit.Optimization("compiled", applies=ROLES, exact=exact, suits=suits, without=without)
