"""Which steps a rule names for explain: read from its functions' source, in the order in which they stand there."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from mmkit.rules import Rule, own_functions
from mmkit.steps import step

Step = tuple[str, str]
"""Name and unit of a step."""


def named_steps(rule: Rule) -> list[Step]:
    """Returns every step that the rule's functions, and what they call within their own package, can name; each once."""
    found: dict[Step, None] = {}
    done: set[FunctionType] = set()
    for _, function in own_functions(rule):
        if isinstance(function, FunctionType):
            found |= dict.fromkeys(_of(function, function.__module__.partition(".")[0], done))
    return list(found)


def _of(function: FunctionType, package: str, done: set[FunctionType]) -> Iterator[Step]:
    if function in done:
        return
    done.add(function)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # no source, or a lambda cut out of its line
        return
    for call in _calls(tree):
        called = _meant(call.func, function)
        if called is step:
            yield from _named(call)
        elif isinstance(called, FunctionType) and called.__module__.partition(".")[0] == package:
            yield from _of(called, package, done)


def _calls(tree: ast.AST) -> list[ast.Call]:
    """Returns the calls in the order of the text: of one within another's arguments the inner one, which runs first."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return sorted(calls, key=lambda call: (call.end_lineno or 0, call.end_col_offset or 0))


def _meant(name: ast.expr, function: FunctionType) -> Any:
    """Returns what a called name stands for in the function's module: `f`, or `module.f`; None for anything else."""
    if isinstance(name, ast.Name):
        return function.__globals__.get(name.id)
    if isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name):
        module = function.__globals__.get(name.value.id)
        return getattr(module, name.attr, None) if isinstance(module, ModuleType) else None
    return None


def _named(call: ast.Call) -> Iterator[Step]:
    given = dict(zip(("name", "value", "unit"), call.args, strict=False))
    given |= {each.arg: each.value for each in call.keywords if each.arg}
    name, unit = given.get("name"), given.get("unit", ast.Constant(""))
    if isinstance(name, ast.Constant) and isinstance(unit, ast.Constant):
        yield str(name.value), str(unit.value)
