"""Square roots, logarithms and exponentials of a rule are computed only when their argument has changed.

Each place in a rule's functions that calls math.sqrt, log, log1p, exp, expm1 or tanh remembers its last argument and result in the
rule's own state (in its terms, for `prepare`). An argument that compares equal gives the same bits; zero, whose sign such functions
keep, is always computed. A function of the rule takes part if `state` or `terms` is among its arguments.
"""

import ast
import inspect
import math
import textwrap
import types
from typing import Any

import attrs

import mmkit

CACHED = ("exp", "expm1", "log", "log1p", "sqrt", "tanh")
HOLDERS = ("state", "terms")
"""Arguments in which a function can remember."""


def exact(params: Any) -> bool:
    """The same function of the same argument."""
    return True


def suits(rule: Any) -> str:
    """Returns why it does not apply, or ''."""
    if any(holder_of(function) and places(function) for function in functions(rule)):
        return ""
    return f'"{rule.name}" takes no square root, logarithm or exponential in a function that is given its state'


def rewrite(params: Any, rule: Any) -> Any:
    """Returns the rule whose functions remember."""
    sites = dict.fromkeys(HOLDERS, 0)
    changed: dict[Any, Any] = {}
    for function in functions(rule):
        if holder_of(function) and places(function):
            changed[function] = remembering(function, holder_of(function), sites)
    for function in changed.values():
        scope = function.__globals__
        scope.update({name: changed[value] for name, value in scope.items() if is_function(value) and value in changed})
    classes = {holder: with_memory(getattr(rule, holder), count) for holder, count in sites.items() if count}
    return attrs.evolve(mmkit.replaced(rule, changed), **classes)


def functions(rule: Any) -> list[Any]:
    """Returns the functions that a rule supplies and those of its own that they reach."""
    found: dict[Any, None] = {}
    waiting = [value for name in rule.functions if is_function(value := getattr(rule, name))]
    while waiting:
        function = waiting.pop()
        if function not in found and is_own(function):
            found[function] = None
            waiting += [each for each in reached(function) if is_function(each)]
    return list(found)


def is_function(value: Any) -> bool:
    """Returns whether a value is a plain function."""
    return isinstance(value, types.FunctionType)


def is_own(value: Any) -> bool:
    """Returns whether a value is a plain function of a plugin, not of the kernel."""
    return is_function(value) and not value.__module__.startswith("mmkit.")


def reached(function: Any) -> list[Any]:
    """Returns what a function's global names stand for."""
    return [function.__globals__.get(name) for name in function.__code__.co_names]


def holder_of(function: Any) -> str:
    """Returns the argument in which a function can remember, or ''."""
    arguments = inspect.signature(function).parameters
    return next((name for name in HOLDERS if name in arguments), "")


def places(function: Any) -> int:
    """Returns how many calls could be remembered: those of a function's own text, and of functions without a memory that it calls."""
    if function.__code__.co_freevars:
        return 0
    return sum(1 for node in ast.walk(tree_of(function)) if is_cached(node, function) or passes_on(node, function))


def tree_of(function: Any) -> ast.Module:
    """Returns a function's text as a tree, with the lines that it has in its file; an empty one where there is no text."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError):
        return ast.Module([], [])
    return ast.increment_lineno(tree, function.__code__.co_firstlineno - 1)  # type: ignore[return-value]


def is_cached(node: Any, function: Any) -> bool:
    """Returns whether a node of a function's tree is one of the calls."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or len(node.args) != 1:
        return False
    own = isinstance(node.func.value, ast.Name) and function.__globals__.get(node.func.value.id) is math
    return own and node.func.attr in CACHED


def passes_on(node: Any, function: Any) -> Any:
    """Returns the function that a node calls, if its own calls could be remembered for it."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.keywords:
        return None
    called = function.__globals__.get(node.func.id)
    if not is_own(called) or holder_of(called) or called is function:
        return None
    return called if places(called) else None


def remembering(function: Any, holder: str, sites: dict[str, int], memory: str = "") -> Any:
    """Returns a function whose calls look into the memory first; `sites` counts the places taken.

    memory: the name of an argument before all others that brings the memory, for a function that has none.
    """
    more: dict[str, Any] = {}

    class Calls(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
            if memory:
                node.args.args.insert(0, ast.arg(memory))
            self.generic_visit(node)
            return node

        def visit_Call(self, node: ast.Call) -> ast.AST:
            called = passes_on(node, function)
            cached = is_cached(node, function)
            self.generic_visit(node)
            brought = ast.Name(memory or holder, ast.Load())
            if called is not None:
                # Each call has places of its own, and so a function of its own.
                name = f"{called.__name__}_{len(more)}"
                more[name] = remembering(called, holder, sites, "remembered")
                call = ast.Call(ast.Name(name, ast.Load()), [brought, *node.args], [])
            elif cached:
                name = f"remembered_{node.func.attr}"  # type: ignore[attr-defined]
                call = ast.Call(ast.Name(name, ast.Load()), [brought, ast.Constant(sites[holder]), node.args[0]], [])
                sites[holder] += 1
            else:
                return node
            return ast.fix_missing_locations(ast.copy_location(call, node))

    tree = ast.fix_missing_locations(Calls().visit(tree_of(function)))
    code = compile(tree, function.__code__.co_filename, "exec")
    own = next(
        each for each in code.co_consts if isinstance(each, types.CodeType) and each.co_name == function.__name__
    )
    made = types.FunctionType(
        own, {**function.__globals__, **REMEMBERED, **more}, function.__name__, function.__defaults__
    )
    made.__module__ = function.__module__
    return made


def with_memory(cls: type, count: int) -> type:
    """Returns an attrs class with room for what so many places remember."""
    more = {
        "volatility_cache_argument": mmkit.array(float, count, math.nan),
        "volatility_cache_result": mmkit.array(float, count),
        "volatility_cache_hits": attrs.field(default=0, type=int),
        "volatility_cache_misses": attrs.field(default=0, type=int),
    }
    return attrs.make_class(cls.__name__, more, bases=(cls,), slots=True)


def recall(memory: Any, place: int, x: float) -> bool:
    """Returns whether a place has the result for this argument, and counts."""
    if memory.volatility_cache_argument[place] == x and x != 0.0:
        memory.volatility_cache_hits += 1
        return True
    memory.volatility_cache_misses += 1
    return False


def keep(memory: Any, place: int, x: float, result: float) -> float:
    """Remembers a result and returns it."""
    memory.volatility_cache_argument[place] = x
    memory.volatility_cache_result[place] = result
    return result


def remembered_exp(memory: Any, place: int, x: float) -> float:
    """math.exp."""
    return memory.volatility_cache_result[place] if recall(memory, place, x) else keep(memory, place, x, math.exp(x))


def remembered_expm1(memory: Any, place: int, x: float) -> float:
    """math.expm1."""
    return memory.volatility_cache_result[place] if recall(memory, place, x) else keep(memory, place, x, math.expm1(x))


def remembered_log(memory: Any, place: int, x: float) -> float:
    """math.log."""
    return memory.volatility_cache_result[place] if recall(memory, place, x) else keep(memory, place, x, math.log(x))


def remembered_log1p(memory: Any, place: int, x: float) -> float:
    """math.log1p."""
    return memory.volatility_cache_result[place] if recall(memory, place, x) else keep(memory, place, x, math.log1p(x))


def remembered_sqrt(memory: Any, place: int, x: float) -> float:
    """math.sqrt."""
    return memory.volatility_cache_result[place] if recall(memory, place, x) else keep(memory, place, x, math.sqrt(x))


def remembered_tanh(memory: Any, place: int, x: float) -> float:
    """math.tanh."""
    return memory.volatility_cache_result[place] if recall(memory, place, x) else keep(memory, place, x, math.tanh(x))


REMEMBERED = {
    function.__name__: function
    for function in (
        *(remembered_exp, remembered_expm1, remembered_log),
        *(remembered_log1p, remembered_sqrt, remembered_tanh),
    )
}


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    applies = ("signals", "sizing", "pricing", "ladder", "risk", "execution", "hedging")
    return mmkit.Optimization("volatility-cache", applies=applies, exact=exact, suits=suits, rewrite=rewrite)
