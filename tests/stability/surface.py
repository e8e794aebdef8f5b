"""Everything that mmkit promises to keep, as entries: a name, and what is promised of it.

A name is a kind and a path, "rule pricing.avellaneda.gamma"; docs/stability.md says what the kinds are. Only what mmkit itself supplies is
in it, whatever else is installed.
"""

import enum
import importlib
import importlib.util
import inspect
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import typer
from documents import documents

from mmkit import contract, errors, hookspecs, snapshot
from mmkit.cli import app
from mmkit.contract import fields_of
from mmkit.described import Documented
from mmkit.engine.account import account_class
from mmkit.engine.control import Control
from mmkit.engine.records import Fill, MarketView, Order, Quotes, Trade
from mmkit.installed import COMMAND
from mmkit.parameter_schema import parameter
from mmkit.rules import Optimization, Role, hook_name
from mmkit.schema import installed
from mmkit.settings import DEFAULTS, StackTable
from mmkit.stack import Instrument

Surface = dict[str, str]

MODULES = ("mmkit", "mmkit.testing")
"""Modules whose names are public."""

SEEN = {
    "market": MarketView,
    "trade": Trade,
    "fill": Fill,
    "order": Order,
    "ladder": Quotes,
    "account": account_class(1),
    "control": Control,
}
"""What a rule's functions are given, by the name of the argument."""

ACCOUNT = (*snapshot.ACCOUNT_KEYS, "unrealised", "equity")
"""Of an account, what is not how it is kept."""


def surface() -> Surface:
    """Returns every entry, sorted by name."""
    rules, broken = installed("mmkit")
    assert broken == []
    found = dict([*names(), *functions(), *toml(rules), *commands(), *outside()])
    for document, keys in documents().items():
        found[document] = "written"
        found |= {f"{document} {key}": kind for key, kind in keys.items()}
    return dict(sorted(found.items()))


def names() -> Iterator[tuple[str, str]]:
    """Yields the public names of the package: signatures of functions and classes, values of constants, members."""
    for module in MODULES:
        if importlib.util.find_spec(module) is not None:
            at = importlib.import_module(module)
            for name in sorted({*at.__all__, *getattr(at, "_LATER", ())}):
                yield from _name(f"python {module}.{name}", getattr(at, name))


def _name(path: str, value: Any) -> Iterator[tuple[str, str]]:
    yield path, described(value)
    if isinstance(value, type) and issubclass(value, enum.Enum):
        yield from ((f"{path}.{name}", repr(member.value)) for name, member in value.__members__.items())
    elif isinstance(value, type):
        own = {name: each for name, each in vars(value).items() if not name.startswith("_")}
        for name, each in own.items():
            if inspect.isfunction(each) or isinstance(each, property | classmethod | staticmethod):
                yield f"{path}.{name}", described(each)


def described(value: Any) -> str:
    """Returns what is promised of a Python object: how it is called, or what it is."""
    if isinstance(value, type) and issubclass(value, enum.Enum):
        return "an enumeration"
    if inspect.isfunction(value) or (isinstance(value, type) and value.__module__.startswith("mmkit")):
        return signature(value)
    if isinstance(value, property):
        return "a property"
    if isinstance(value, classmethod | staticmethod):
        return signature(value.__func__)
    if type(value).__name__.endswith("DType") or hasattr(value, "descr"):
        return f"a row of {', '.join(f'{field[0]} {field[1][1:]}' for field in value.descr)}"
    if isinstance(value, str | int | float | tuple):
        return repr(value)
    return type(value).__name__


def signature(function: Any) -> str:
    """Returns how something is called: names, kinds and defaults; types are mypy's."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return "(…)"
    plain = []
    for each in parameters:
        default = each.default
        if default is not inspect.Parameter.empty and not isinstance(default, str | int | float | tuple | None):
            default = inspect.Parameter.empty if default is attrs.NOTHING else _Shown(type(default).__name__)
        plain.append(each.replace(annotation=inspect.Parameter.empty, default=default))
    return str(inspect.Signature(plain))


@attrs.frozen(repr=False)
class _Shown:
    """A default whose own text differs from process to process."""

    text: str

    def __repr__(self) -> str:
        return self.text


def functions() -> Iterator[tuple[str, str]]:
    """Yields the hooks, the functions of each role's rules with what they are given, and the fields of that."""
    for role in Role:
        hook = getattr(hookspecs, hook_name(role))
        yield f"hook {hook_name(role)}", f"-> {inspect.signature(hook).return_annotation.__name__}"
        for name, given in contract.ARGUMENTS[role].items():
            yield f"function {role.value}.{name}", f"({', '.join(given)})"
    for argument, cls in SEEN.items():
        for field in attrs.fields(cls) if argument != "account" else map(attrs.fields_dict(cls).__getitem__, ACCOUNT):
            yield f"given {argument}.{field.name}", "an array" if "array" in field.metadata else field.type.__name__


def toml(rules: Sequence[Documented]) -> Iterator[tuple[str, str]]:
    """Yields the keys of stack files with type, default and range, and what rules read and publish, with units."""
    yield from _keys("stack", StackTable)
    yield from _keys("instruments", Instrument)
    for section, rule in DEFAULTS.items():
        yield f"toml {section}.use", f"left out: {rule}"
    for rule in (about.rule for about in rules):
        path = f"{rule.role.value}.{rule.name}"
        yield f"rule {path}", "a rule" + (f" for {', '.join(rule.applies)}" if isinstance(rule, Optimization) else "")
        yield from _keys(path, rule.params, "rule")
        for field in attrs.fields(rule.inputs) if rule.inputs else ():
            absent = "required" if field.metadata.get("required") else f"{field.default:g}"
            unless = field.metadata.get("unless")
            yield (
                f"rule {path}.inputs.{field.name}",
                f"{field.metadata.get('unit', '')}; {absent}" + (f" unless {unless}" if unless else ""),
            )
        for name, unit in rule.outputs.items():
            yield f"rule {path}.outputs.{name}", unit


def _keys(path: str, cls: type, kind_of_entry: str = "toml") -> Iterator[tuple[str, str]]:
    for field, annotation, kind in fields_of(cls):
        said = parameter(field, annotation, kind)
        del said["description"]
        said |= {"unit": field.metadata["unit"]} if field.metadata.get("unit") else {}
        said |= {"required": True} if field.default is attrs.NOTHING else {}
        yield f"{kind_of_entry} {path}.{field.name}", json.dumps(said, sort_keys=True, ensure_ascii=False)


def commands() -> Iterator[tuple[str, str]]:
    """Yields the commands of the command line, their arguments and options."""
    own = {command.name for command in app.registered_commands}
    own |= {group.name or group.typer_instance.info.name for group in app.registered_groups}
    root: Any = typer.main.get_command(app)
    yield from _options("mmkit", root)
    for name in sorted(name for name in own if name):
        yield from _command(f"mmkit {name}", root.commands[name])


def _command(path: str, command: Any) -> Iterator[tuple[str, str]]:
    yield f"command {path}", "a group" if hasattr(command, "commands") else "a command"
    yield from _options(path, command)
    for name, below in sorted(getattr(command, "commands", {}).items()):
        yield from _command(f"{path} {name}", below)


def _options(path: str, command: Any) -> Iterator[tuple[str, str]]:
    for each in command.params:
        name = (
            max(each.opts, key=len) if each.param_type_name == "option" else (each.metavar or each.name).strip("[]….")
        )
        said = [each.param_type_name, each.type.name]
        said += [
            word for word, so in (("several", each.multiple or each.nargs != 1), ("required", each.required)) if so
        ]
        said += (
            [", ".join(sorted({*each.opts, *each.secondary_opts} - {name}))] if each.param_type_name == "option" else []
        )
        if isinstance(each.default, str | int | float) and not isinstance(each.default, bool):
            said.append(f"default {each.default}")
        yield f"command {path} {name}", " ".join(filter(None, said))


def outside() -> Iterator[tuple[str, str]]:
    """Yields exit codes, keys of a snapshot, groups of entry points, and the variables of the environment that are looked at."""
    for name, cls in vars(errors).items():
        if isinstance(cls, type) and issubclass(cls, errors.MmkitError):
            yield f"exit {name}", str(cls.exit_code)
    for role in Role:
        yield f"entry-points mmkit.{role.value}", "a module with its hook"
    for place, known in (
        ("snapshot", snapshot.KEYS),
        ("snapshot account", snapshot.ACCOUNT_KEYS),
        ("snapshot instruments", snapshot.INSTRUMENT_KEYS),
        ("snapshot orders", snapshot.ORDER_KEYS),
    ):
        yield from ((f"{place} {key}", "may be given") for key in known)
    code = "".join(_source(module) for module in ("mmkit", "mmkit_plugins"))
    yield f"entry-points mmkit.{COMMAND}", "a function or a typer.Typer"
    for variable in sorted(set(re.findall(r"""["'](MMKIT_[A-Z_]+)["']""", code))):
        yield f"environment {variable}", "read"


def _source(package: str) -> str:
    module: ModuleType = importlib.import_module(package)
    return "".join(file.read_text("utf-8") for file in sorted(Path(next(iter(module.__path__))).rglob("*.py")))
