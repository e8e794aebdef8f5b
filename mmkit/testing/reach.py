"""What a rule's functions could reach for, as they are written: every function of its own package that they lead to."""

import dis
import random
import types
from collections.abc import Iterator
from datetime import date
from typing import Any

from mmkit.engine.binding import globals_used
from mmkit.engine.digest import attributes_read
from mmkit.testing.guard import CLOCK, FILES, NETWORK, PROCESS, RANDOM, Reached

MODULES = {
    "time": CLOCK,
    "random": RANDOM,
    "secrets": RANDOM,
    "uuid": RANDOM,
    "socket": NETWORK,
    "urllib": NETWORK,
    "http": NETWORK,
    "requests": NETWORK,
    "subprocess": PROCESS,
    "os": PROCESS,
}
"""Modules that a rule has no use for, and what they lead to."""

HARMLESS = ("path", "Random", "fspath", "PathLike", "struct_time", "UUID")
"""What of them is looked up without harm."""

NOW = ("now", "utcnow", "today")


def reached(name: str, function: Any, files: bool) -> Iterator[Reached]:
    """Yields what a rule's function of that name could reach for; files: whether it may open files.

    Functions of other packages are not looked into: what they do shows while they run.
    """
    package = getattr(function, "__module__", None) or ""
    for each in functions(function, package.partition(".")[0], set()):
        for kind, what in _in(each, files):
            where = "" if each is function else f" (in {each.__qualname__})"
            yield Reached(name, kind, f"{what}{where}")


def functions(function: Any, package: str, done: set[Any]) -> Iterator[types.FunctionType]:
    """Yields a function and every function of the package that it leads to, each once."""
    if not isinstance(function, types.FunctionType) or function in done:
        return
    if (function.__module__ or "").partition(".")[0] != package:
        return
    done.add(function)
    yield function
    for value in named(function).values():
        if isinstance(value, types.ModuleType):
            if value.__name__.partition(".")[0] != package:
                continue
            for attribute in function.__code__.co_names:
                yield from functions(getattr(value, attribute, None), package, done)
        else:
            yield from functions(value, package, done)


def named(function: types.FunctionType) -> dict[str, Any]:
    """Returns the values that a function reads by name: globals, and what it has closed over."""
    scope = function.__globals__
    found = {name: scope[name] for name in globals_used(function.__code__) if name in scope}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not bound yet
            continue
    return found


def _in(function: types.FunctionType, files: bool) -> Iterator[tuple[str, str]]:
    code = function.__code__
    values = named(function)
    if not files:
        for name in ("open", "input"):
            if name in globals_used(code) and name not in function.__globals__:
                yield FILES, f"{name}()"
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME" and str(instruction.argval).partition(".")[0] in MODULES:
            yield MODULES[str(instruction.argval).partition(".")[0]], f"import {instruction.argval}"
    for name, value in values.items():
        if isinstance(value, types.ModuleType):
            yield from _of_module(code, name, value)
        elif isinstance(value, type) and issubclass(value, date):
            yield from ((CLOCK, f"{name}.{each}") for each in attributes_read(code, name) if each in NOW)
        elif isinstance(value, types.BuiltinFunctionType) and value.__module__ in MODULES:
            yield MODULES[value.__module__], f"{value.__module__}.{value.__name__}"
        elif getattr(value, "__self__", None) is getattr(random, "_inst", random):
            yield RANDOM, f"random.{value.__name__}"


def _of_module(code: types.CodeType, name: str, module: types.ModuleType) -> Iterator[tuple[str, str]]:
    top = module.__name__.partition(".")[0]
    read = attributes_read(code, name)
    if top in MODULES and module.__name__ != "os.path" and top != "posixpath":
        yield from ((MODULES[top], f"{module.__name__}.{each}") for each in read if each not in HARMLESS)
    elif top == "datetime":
        yield from ((CLOCK, f"datetime…{each}") for each in code.co_names if each in NOW)
