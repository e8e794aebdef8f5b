"""A hash of everything that a compiled stack is made of: text, code, constants and globals of every function that it reaches."""

import dis
import enum
import hashlib
import types
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from mmkit.engine.binding import LIBRARIES, globals_used
from mmkit.errors import PluginError

Fact = tuple[Any, ...]

READS = ("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_ATTR", "LOAD_METHOD")


def digest(functions: Iterable[Any], *more: Any) -> str:
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
    if not isinstance(function, types.FunctionType):
        raise PluginError(f"{name_of(function)} is no plain function")
    yield (function.__qualname__, *code_facts(function.__code__))
    for at, value in enumerate(function.__defaults__ or ()):
        yield from fact_of(function, f"default {at}", value, done)
    for name in globals_used(function.__code__):
        if name in function.__globals__:
            yield from fact_of(function, name, function.__globals__[name], done)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield from fact_of(function, name, cell.cell_contents, done)


def fact_of(function: Any, name: str, value: Any, done: set[Any]) -> Iterator[Fact]:
    """Yields what a global's value contributes."""
    if isinstance(value, types.FunctionType):
        yield (name, value.__qualname__)
        yield from reached(value, done)
    elif isinstance(getattr(value, "py_func", None), types.FunctionType):
        yield from reached(value.py_func, done)  # compiled by its author
    elif isinstance(value, types.ModuleType):
        if value.__name__ not in LIBRARIES:
            for attribute in attributes_read(function.__code__, name.rpartition(".")[2]):
                found = getattr(value, attribute, None)
                if found is not None:
                    yield from fact_of(function, f"{name}.{attribute}", found, done)
    elif isinstance(value, type) and issubclass(value, enum.Enum):
        yield (name, [(member.name, member.value) for member in value])
    elif isinstance(value, type | types.BuiltinFunctionType):
        yield (name, value.__module__, value.__qualname__)
    elif callable(value) and type(value).__module__.partition(".")[0] in LIBRARIES:
        yield (name, value.__name__)
    elif is_constant(value):
        yield (name, type(value).__name__, repr(value))
    else:
        raise PluginError(f"{function.__qualname__} reads {name}, a {type(value).__name__}, which is no constant")


@cache
def attributes_read(code: types.CodeType, owner: str) -> tuple[str, ...]:
    """Returns the attributes that a function's code, or code inside it, reads of what it calls `owner`, in order of first use."""
    found: dict[str, None] = {}
    before = None
    for instruction in dis.get_instructions(code):
        if instruction.opname == "EXTENDED_ARG":
            continue
        if before == owner and instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            found[instruction.argval] = None
        before = instruction.argval if instruction.opname in READS else None
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= dict.fromkeys(attributes_read(constant, owner))
    return tuple(found)


def is_constant(value: Any) -> bool:
    """Returns whether a value is a number, a text or a tuple of such, whose repr says all of it."""
    if isinstance(value, tuple):
        return all(is_constant(each) for each in value)
    return value is None or isinstance(value, int | float | str | bytes)


def name_of(function: Any) -> str:
    """Returns what to call a thing that is called."""
    return getattr(function, "__qualname__", "") or f"a {type(function).__name__}"


def code_facts(code: types.CodeType) -> Fact:
    """Returns what matters of a code object: not its file or lines."""
    return (
        code.co_code,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_flags,
        code.co_exceptiontable,
        tuple(constant_facts(each) for each in code.co_consts),
    )


def constant_facts(constant: Any) -> Fact:
    """Returns what matters of a constant; the order of a frozenset's members depends on the process."""
    if isinstance(constant, types.CodeType):
        return code_facts(constant)
    if isinstance(constant, frozenset):
        return ("frozenset", *sorted(repr(each) for each in constant))
    return (type(constant).__name__, repr(constant))
