"""Clones a function with everything it reaches, putting a stack's own functions in the places left for them."""

import dis
import types
from collections.abc import Callable, Mapping
from typing import Any

Function = types.FunctionType
Make = Callable[[Function], Any]


def globals_used(code: types.CodeType) -> list[str]:
    """Returns the global names that a function's code, or code inside it, reads, in order of first use."""
    found = dict.fromkeys(i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL")
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= dict.fromkeys(globals_used(constant))
    return list(found)


def bind(function: Function, replace: Mapping[Any, Any], make: Make, done: dict[Function, Any]) -> Any:
    """Returns a copy of `function` in which every plain function that it reaches through globals is a copy too.

    replace: what to put in the place of a function; make: what becomes of each copy (the identity, or a compiler);
    done: copies made so far, shared by calls that shall share them. Code objects are kept, so tracebacks show the author's files.
    """
    if function in replace:
        return replace[function]
    if function in done:
        return done[function]
    scope: dict[str, Any] = {"__builtins__": function.__globals__["__builtins__"], "__name__": function.__module__}
    for name in globals_used(function.__code__):
        if name in function.__globals__:
            value = function.__globals__[name]
            scope[name] = bind(value, replace, make, done) if isinstance(value, Function) else value
    copy = types.FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
    copy.__module__, copy.__qualname__ = function.__module__, function.__qualname__
    done[function] = make(copy)
    return done[function]


def plain(function: Function) -> Function:
    """The plain engine keeps a copy as it is."""
    return function
