"""Standing between the kernel and a rule: every call passes through a function that may look at it, or hand over something else."""

from collections.abc import Callable
from typing import Any

import attrs

from mmkit.called import PLAINLY
from mmkit.contract import arguments, setup_arguments
from mmkit.rules import Role, Rule, own_functions

Through = Callable[[str, Callable[..., Any], dict[str, Any]], Any]
"""Given a function's name, the function, and its arguments by name in order; returns what the kernel gets."""


def heard(rule: Rule) -> list[tuple[str, Callable[..., Any]]]:
    """Returns those of a rule's functions that are called during a run."""
    if rule.role in (Role.MARKET, Role.REPORT):
        return []
    return [(name, function) for name, function in own_functions(rule) if name not in PLAINLY]


def between(rule: Rule, through: Through, *, setup: bool = False) -> Rule:
    """Returns the rule with functions that call `through` instead; for the plain engine alone. setup: its setup too."""
    changed: dict[str, Any] = {
        name: _passing(through, name, function, arguments(rule, name)) for name, function in heard(rule)
    }
    if setup and rule.setup is not None:
        changed["setup"] = _passing(through, "setup", rule.setup, setup_arguments(rule))
    return attrs.evolve(rule, **changed)


def _passing(through: Through, name: str, function: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    def call(*given: Any) -> Any:
        return through(name, function, dict(zip(names, given, strict=True)))

    return call
