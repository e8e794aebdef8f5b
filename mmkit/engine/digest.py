"""A hash of everything that a compiled stack is made of: text, code, constants and globals of every function that it reaches."""

import enum
import hashlib
import types
from collections.abc import Iterator
from typing import Any

from mmkit.engine.binding import LIBRARIES, globals_used
from mmkit.errors import PluginError

Fact = tuple[Any, ...]


def digest(functions: list[Any], *more: Any) -> str:
    """Returns a hexadecimal hash of functions with all that they reach, and of further facts (by their repr).

    Raises PluginError for a global that is no constant, function, enum or module: its value could change unseen.
    """
    found = hashlib.sha256()
    done: set[Any] = set()
    for function in functions:
        for fact in reached(function, done):
            found.update(repr(fact).encode())
    for fact in more:
        found.update(repr(fact).encode())
    return found.hexdigest()


def reached(function: Any, done: set[Any]) -> Iterator[Fact]:
    """Yields a fact per function and global that `function` reaches, each function once."""
    if function in done:
        return
    done.add(function)
    yield (function.__qualname__, *code_facts(function.__code__), repr(function.__defaults__))
    for name in globals_used(function.__code__):
        if name in function.__globals__:
            yield from fact_of(function, name, function.__globals__[name], done)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield from fact_of(function, name, cell.cell_contents, done)


def fact_of(function: Any, name: str, value: Any, done: set[Any]) -> Iterator[Fact]:
    """Yields what a global's value contributes."""
    if isinstance(value, types.FunctionType):
        yield from reached(value, done)
    elif isinstance(value, types.ModuleType):
        if value.__name__ not in LIBRARIES:
            for attribute in function.__code__.co_names:
                found = getattr(value, attribute, None)
                if found is not None:
                    yield from fact_of(function, f"{name}.{attribute}", found, done)
    elif isinstance(value, type) and issubclass(value, enum.Enum):
        yield (name, [(member.name, member.value) for member in value])
    elif isinstance(value, type) or callable(value):
        yield (name, getattr(value, "__module__", ""), getattr(value, "__qualname__", ""))
    elif isinstance(value, int | float | str | bytes | tuple | None):
        yield (name, repr(value))
    else:
        kind = type(value).__name__
        raise PluginError(
            f"{function.__module__}.{function.__qualname__} reads {name}, a {kind}: only constants can be compiled"
        )


def code_facts(code: types.CodeType) -> Fact:
    """Returns what matters of a code object: not its file or lines."""
    constants = tuple(
        code_facts(c) if isinstance(c, types.CodeType) else (type(c).__name__, repr(c)) for c in code.co_consts
    )
    return (
        code.co_code,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_flags,
        code.co_exceptiontable,
        constants,
    )
