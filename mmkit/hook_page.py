"""Writes the page of the hooks and of everything that `import mmkit` offers: python -m mmkit.hook_page FILE.

What a hook is for comes from mmkit.hookspecs, what its functions are given from mmkit.contract, the rest from the classes' and functions'
own docstrings.
"""

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

import mmkit
from mmkit import hookspecs
from mmkit.contract import ARGUMENTS, setup_arguments
from mmkit.pages import markdown, prose
from mmkit.rules import ROLES, Role, Rule, hook_name

MADE = "*Made from `mmkit/hookspecs.py`, `mmkit/contract.py` and the docstrings by `make pages`.*"

LEFT_OUT = ("Events",)
"""Names of a type that only annotations need."""


def text() -> str:
    """Returns the page."""
    parts = [
        "# The hooks, and what `mmkit` offers",
        "A plugin is a module, or a file beside the stack, with one hook or several: functions that return a rule. A hook is "
        "called once, when a stack is assembled; the rule's own functions are then called directly. A package offers its rules "
        "through entry points, one group per role: `mmkit.pricing`, `mmkit.signals` and so on; the entry's name is the rule's name.",
        "```python\nimport mmkit\n\n\n@mmkit.hookimpl\ndef mmkit_pricing():\n"
        '    return mmkit.Pricing("mine", params=Params, inputs=Inputs, quote=quote)\n```',
        "## What every rule has",
        markdown(_docstring(Rule)),
        f"`setup` is given `({', '.join(setup_arguments(mmkit.Report('any', render=min)))})`.",
        markdown(_parts(hookspecs)[1]),
    ]
    for role in Role:
        parts += _role(role)
    parts += ["## What the functions are given", *_given()]
    parts += ["## Public names", *_names()]
    return "\n\n".join([*parts, MADE]) + "\n"


def _role(role: Role) -> Iterator[str]:
    rule = ROLES[role]
    yield f"## {role.value}"
    yield prose(_docstring(getattr(hookspecs, hook_name(role)))) + f" The hook is `{hook_name(role)}`."
    yield f"### `mmkit.{rule.__name__}`"
    yield markdown(_docstring(rule))
    own = [field for field in attrs.fields(rule) if field.name not in attrs.fields_dict(Rule)]
    others = [field.name for field in own if field.name not in rule.functions]
    if others:
        yield "Besides what every rule has: " + ", ".join(f"`{name}`" for name in others) + "."
    needed = f" Required: {', '.join(f'`{name}`' for name in rule.needs)}." if rule.needs else ""
    yield f"Its functions, and what they are given where the rule declares neither inputs nor constants nor depth.{needed}"
    given = ARGUMENTS[role]
    yield "\n".join(f"- `{name}({', '.join(given[name])})`" for name in rule.functions if name in given)
    yield "In the words of the table of contents:"
    yield f"```text\n{_parts(hookspecs)[0][role.value]}\n```"


@cache
def _parts(module: ModuleType) -> tuple[dict[str, str], str]:
    """Returns what a table of contents says of each role, and what it says below them all."""
    roles = [role.value for role in Role]
    found: dict[str, list[str]] = {}
    below: list[str] = []
    role = ""
    for line in _docstring(module).splitlines():
        start = re.match(r"    (\w+)  +(?=\S)", line)
        if start and start[1] in roles:
            role = start[1]
            found[role] = [line[start.end() :]]
        elif role and not below and line.startswith(" "):
            found[role].append(line.strip())
        elif role:
            below.append(line)
    return {name: "\n".join(lines) for name, lines in found.items()}, "\n".join(below).strip("\n")


def _given() -> Iterator[str]:
    """Yields a section for each thing that a rule's function is given, with its fields."""
    records = importlib.import_module("mmkit.engine.records")
    account = importlib.import_module("mmkit.engine.account")
    control = importlib.import_module("mmkit.engine.control")
    shown = {
        "market": records.MarketView,
        "trade": records.Trade,
        "fill": records.Fill,
        "ladder": records.Quotes,
        "order": records.Order,
        "desk": records.desk_class(1, 1),
        "account": account.account_class(1),
        "control": control.Control,
    }
    for name, cls in shown.items():
        yield f"### `{name}`"
        yield markdown(_docstring(cls))
        yield "Fields: " + ", ".join(f"`{field.name}`" for field in attrs.fields(cls)) + "."


def _names() -> Iterator[str]:
    """Yields what each public name is, functions and classes first, then constants together."""
    later: dict[str, str] = mmkit._LATER
    names = sorted({*mmkit.__all__, *later}, key=lambda name: (name.casefold(), name))
    constants: dict[tuple[str, str], list[str]] = {}
    for name in names:
        value: Any = getattr(mmkit, name)
        if name in LEFT_OUT or (isinstance(value, type) and issubclass(value, Rule)):
            continue
        if not inspect.isclass(value) and not inspect.isfunction(value):
            module = later.get(name) or _home(name)
            constants.setdefault((module, said_of(module, name)), []).append(name)
            continue
        yield f"### `{_signature(name, value)}`"
        yield markdown(_docstring(value))
    yield "### Constants"
    yield "\n".join(
        f"- {', '.join(f'`{name}`' for name in found)}{': ' + prose(said) if said else ''}"
        for (_, said), found in constants.items()
    )


def _signature(name: str, value: Any) -> str:
    if inspect.isclass(value):
        return f"mmkit.{name}"
    taken = inspect.signature(value)
    bare = [
        each.replace(annotation=inspect.Parameter.empty, default="…" if each.default is not each.empty else each.empty)
        for each in taken.parameters.values()
    ]
    plain = str(taken.replace(parameters=bare, return_annotation=inspect.Signature.empty)).replace("'…'", "…")
    return f"mmkit.{name}{plain}"


def _home(name: str) -> str:
    """Returns the module that a name of mmkit's own list was defined in."""
    tree = ast.parse(inspect.getsource(mmkit))
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and any(each.name == name for each in node.names):
            return node.module
    raise LookupError(name)


def said_of(module: str, name: str) -> str:
    """Returns the string that stands below the assignment of a name in a module, in one line; "" where there is none."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if not isinstance(node, ast.Assign):
            continue
        bound = {each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)}
        if name in bound and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            return " ".join(str(after.value.value).split())
    return ""


def _docstring(of: Any) -> str:
    return inspect.cleandoc(of.__doc__ or "")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m mmkit.hook_page FILE")
    Path(sys.argv[1]).write_text(text(), "utf-8")
