"""Check: a rule declares itself completely: contract, docstring, every parameter, input and output."""

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import attrs

from mmkit import contract
from mmkit.described import home
from mmkit.fields import Duration
from mmkit.kinds import Kind
from mmkit.rules import Rule
from mmkit.testing.rows import Failed
from mmkit.testing.subject import Subject

BOUNDS = ("above", "at_least", "below", "at_most")


def check(subject: Subject) -> str:
    """Returns how much is declared. Raises Failed with everything that is missing."""
    rule = subject.rule
    wrong = list(contract.faults(rule)) or list(lacking(rule))
    if wrong:
        raise Failed("; ".join(wrong))
    parameters, inputs = len(attrs.fields(rule.params)), len(attrs.fields(rule.inputs)) if rule.inputs else 0
    return f"{counted(parameters, 'parameter')}, {counted(inputs, 'input')}, {counted(len(rule.outputs), 'output')}"


def counted(number: int, what: str) -> str:
    """Returns "1 input", "2 inputs"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def lacking(rule: Rule) -> Iterator[str]:
    """Yields what a rule that keeps to the contract does not say of itself."""
    module = home(rule)
    text = " ".join((inspect.getdoc(sys.modules.get(module)) or "").partition("\n\n")[0].split()) if module else "."
    if not text:
        yield f"{module} has no docstring: its first sentence says what the rule does"
    elif not any(end in text for end in ".:"):
        yield f"{module}: the docstring does not begin with a sentence"
    for field, annotation, kind in contract.fields_of(rule.params):
        where = f"{rule.params.__name__}.{field.name}"
        if not field.metadata.get("doc"):
            yield f"{where}: has no sentence (doc=)"
        yield from unmeasured(field, annotation, kind, where)
    for each in attrs.fields(rule.inputs) if rule.inputs else ():
        if not each.metadata.get("doc"):
            yield f"{rule.inputs.__name__ if rule.inputs else ''}.{each.name}: has no sentence (doc=)"
    for name in rule.outputs:
        if not attrs.fields_dict(rule.state)[name].metadata.get("doc"):
            yield f"{rule.state.__name__}.{name}: an output has no sentence (doc=)"


def unmeasured(field: "attrs.Attribute[Any]", annotation: Any, kind: Kind, where: str) -> Iterator[str]:
    """Yields what a number lacks: a unit, a range."""
    if not kind.number or annotation is Duration:  # a duration brings its unit, and is never negative
        return
    if annotation is not int and not (field.metadata.get("unit") or field.metadata.get("measured")):
        yield f'{where}: has no unit (unit="" says that it is a pure number)'
    if not field.metadata.get("unbounded") and all(field.metadata.get(name) is None for name in BOUNDS):
        yield f'{where}: has no range (above=, at_least=, below=, at_most=, or unbounded="why there is none")'
