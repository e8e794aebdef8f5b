"""Which checks there are, and a rule taken through them."""

import importlib
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from mmkit import contract
from mmkit.errors import ConfigError, MmkitError, nearest
from mmkit.rules import Role, Rule, hook_name
from mmkit.testing.rows import Failed, Row, Skipped
from mmkit.testing.subject import Subject

MODULES = {
    "declarations": "declarations",
    "parameters": "parameters",
    "deterministic": "deterministic",
    "pure": "pure",
    "types": "strict",
    "same-bits": "same_bits",
    "look-ahead": "look_ahead",
    "outputs": "outputs",
    "bounded": "bounded",
    "speed": "speed",
    "company": "company",
}
"""Each check's module, whose `check(subject)` returns a note or raises Failed or Skipped."""

CHECKS = tuple(MODULES)
"""The names of the checks, in order."""


def check_rule(
    rule: Rule | ModuleType,
    *,
    expected_failures: Collection[str] = (),
    checks: Iterable[str] | None = None,
    params: Mapping[str, Any] | None = None,
    name: str = "",
) -> list[Row]:
    """Returns a row for each check of a rule, in the order of CHECKS.

    rule: of any role, or a module whose one hook offers it; expected_failures: names of checks that are known to fail, perhaps each with
    its reason: their rows are "expected", and "failed" where they pass all the same; checks: only these; params: a table as TOML has
    it, for parameters that have no default; name: who supplies the rule. Raises ConfigError for a check that does not exist.
    """
    return list(
        rows(rule, expected_failures=expected_failures, checks=checks, params=params, name=name),
    )


def rows(
    rule: Rule | ModuleType,
    *,
    expected_failures: Collection[str] = (),
    checks: Iterable[str] | None = None,
    params: Mapping[str, Any] | None = None,
    name: str = "",
) -> Iterator[Row]:
    """Yields the rows of `check_rule`, each as soon as it is found."""
    wanted = CHECKS if checks is None else tuple(checks)
    for each in (*wanted, *expected_failures):
        if each not in CHECKS:
            raise ConfigError(f'no check "{each}"{nearest(each, CHECKS)}; there are: {", ".join(CHECKS)}')
    subject = Subject(rule if isinstance(rule, Rule) else only_rule(rule), name or "the rule under test", params or {})
    reasons = expected_failures if isinstance(expected_failures, Mapping) else dict.fromkeys(expected_failures, "")
    for each in CHECKS:
        if each in wanted:
            yield judged(checked(subject, each), reasons)


def only_rule(module: ModuleType) -> Rule:
    """Returns the rule that a module's hook offers. Raises ConfigError where there is none, or more than one."""
    hooks = [getattr(module, hook_name(role)) for role in Role if hasattr(module, hook_name(role))]
    if len(hooks) != 1:
        offered = ", ".join(hook.__name__ for hook in hooks) or "none"
        raise ConfigError(f"{module.__name__}: has not one hook mmkit_… but {offered}: hand over the rule itself")
    rule = hooks[0]()
    assert isinstance(rule, Rule)
    return rule


def checked(subject: Subject, check: str) -> Row:
    """Returns the row of one check."""
    if check != "declarations" and any(contract.faults(subject.rule)):
        return Row(check, "skipped", "the declarations are at fault")
    function: Callable[[Subject], str] = importlib.import_module(f"mmkit.testing.{MODULES[check]}").check
    try:
        return Row(check, "passed", function(subject))
    except Skipped as skipped:
        return Row(check, "skipped", one_line(skipped))
    except (Failed, MmkitError) as failed:
        return Row(check, "failed", one_line(failed))
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return Row(check, "failed", f"raised {type(error).__name__}: {one_line(error)} ({last.filename}:{last.lineno})")


def judged(row: Row, expected: Mapping[str, str]) -> Row:
    """Returns the row in the light of which failures are expected."""
    if row.check not in expected:
        return row
    if row.outcome == "failed":
        reason = expected[row.check]
        return Row(row.check, "expected", f"{reason}: {row.reason}" if reason else row.reason)
    if row.outcome == "passed":
        return Row(row.check, "failed", "passed, though a failure was expected")
    return row


def one_line(error: Exception) -> str:
    """Returns what an error says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
