"""Clones a function with everything it reaches, putting a stack's own functions in the places left for them."""

import dis
import types
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from mmkit.errors import PluginError

LIBRARIES = ("math", "numpy")
"""Modules whose functions are taken as they are."""

Function = types.FunctionType
Make = Callable[[Any], Any]


@cache
def globals_used(code: types.CodeType) -> tuple[str, ...]:
    """Returns the global names that a function's code, or code inside it, reads, in order of first use."""
    found = dict.fromkeys(i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL")
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= dict.fromkeys(globals_used(constant))
    return tuple(found)


def bind(function: Any, replace: Mapping[Any, Any], make: Make, done: dict[Function, Any]) -> Any:
    """Returns a copy of `function` in which every plain function that it reaches through globals is a copy too.

    replace: what to put in the place of a function; make: what becomes of each copy (the identity, or a compiler);
    done: copies made so far, shared by calls that shall share them. Code objects are kept, so tracebacks show the author's files.
    """
    if function in replace:
        return replace[function]
    if function in done:
        if done[function] is None:
            raise PluginError(
                f"{function.__module__}: {function.__qualname__} calls itself, which is not compiled: a loop"
            )
        return done[function]
    scope: dict[str, Any] = {"__builtins__": function.__globals__["__builtins__"], "__name__": function.__module__}
    copy = types.FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
    copy.__module__, copy.__qualname__ = function.__module__, function.__qualname__
    done[function] = (
        copy if make is as_it_is else None
    )  # a function that calls itself does so in the plain engine alone
    for name in globals_used(function.__code__):
        if name in function.__globals__:
            value = function.__globals__[name]
            if isinstance(value, Function):
                value = bind(value, replace, make, done)
            elif isinstance(value, types.ModuleType) and value.__name__ not in LIBRARIES:
                value = bound_module(value, function.__code__.co_names, replace, make, done)
            scope[name] = value
    done[function] = make(copy)
    return done[function]


def as_it_is(function: Function) -> Function:
    """The plain engine keeps a copy as it is."""
    return function


def bound_module(
    module: types.ModuleType, names: Iterable[str], replace: Mapping[Any, Any], make: Make, done: dict[Function, Any]
) -> types.ModuleType:
    """Returns a module with those attributes of `module` that a function may look up, its plain functions as copies."""
    copy = types.ModuleType(module.__name__)
    for name in names:
        value = getattr(module, name, None)
        if value is not None:
            setattr(copy, name, bind(value, replace, make, done) if isinstance(value, Function) else value)
    return copy
