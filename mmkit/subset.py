"""A look at rules' functions without running them: what will not compile, or compiles to other bits, and what to write instead."""

import ast
import linecache
import types
from collections.abc import Iterator
from functools import cache
from typing import Any

import attrs

from mmkit.called import PLAINLY, RETURNED, to_return
from mmkit.constructs import BITS, OUTSIDE, REFUSED
from mmkit.contract import arguments
from mmkit.look import Look
from mmkit.rules import Rule, own_functions

__all__ = ["BITS", "OUTSIDE", "REFUSED", "Finding", "findings", "placed"]

NEVER = ("market", "report")
"""Roles whose rules are never compiled."""


@attrs.frozen
class Finding:
    """One construct: kind REFUSED (cannot be compiled), BITS (another result compiled) or OUTSIDE (compiles, and costs); function: the
    rule's, "on_book"; owner, offset: the function that has it, which may be a helper, and lines from its head; place: "FILE:LINE"."""

    kind: str
    function: str
    place: str
    construct: str
    instead: str
    owner: str = ""
    offset: int = 0

    def __str__(self) -> str:
        return f"{self.function}: {self.place}: {self.construct}: {self.instead}"


def findings(rule: Rule) -> Iterator[Finding]:
    """Yields what is outside of the compilable subset in a rule's functions and their helpers, in order; nothing of what stays Python."""
    if not rule.compiled or rule.role.value in NEVER:
        return
    for name, function in own_functions(rule):
        if name not in (*PLAINLY, "assemble") and isinstance(function, types.FunctionType):
            seen: set[Any] = set()
            yield from dict.fromkeys(_of(name, function, _classes(rule, name, function), (), seen))


def placed(rule: Rule, function: str, owner: str, offset: int) -> str:
    """Returns "FILE:LINE" of a line that is `offset` behind the head of `owner`, a function that the rule's function reaches."""
    head = getattr(rule, function)
    code = next((each.__code__ for each in reached(head) if each.__qualname__ == owner), head.__code__)
    return f"{code.co_filename}:{code.co_firstlineno + offset}"


def reached(function: Any, done: dict[Any, None] | None = None) -> Iterator[types.FunctionType]:
    """Yields a function and the plain functions that it names, each once."""
    done = {} if done is None else done
    if not isinstance(function, types.FunctionType) or function in done:
        return
    done[function] = None
    yield function
    for name in function.__code__.co_names:
        yield from reached(function.__globals__.get(name), done)


def _of(
    name: str, function: types.FunctionType, classes: dict[str, type], under: tuple[Any, ...], seen: set[Any]
) -> Iterator[Finding]:
    """Yields the findings of one function and of what it calls; classes: of its arguments, where known; under: what calls it."""
    key = (function, tuple(sorted((argument, id(cls)) for argument, cls in classes.items())))
    node = node_of(function.__code__)
    if key in seen or node is None:
        return
    seen.add(key)
    code = function.__code__
    look = Look(function, node, classes)
    for at, kind, construct, instead in look.found():
        line = getattr(at, "lineno", code.co_firstlineno)
        yield _finding(kind, name, function, line, construct, instead)
    if not under and name in RETURNED:
        yield from _returns(name, function, node)
    for call, called, given in look.calls():
        if called is function or called in under:
            what = f"{called.__name__} calls itself"
            yield _finding(
                REFUSED, name, function, call.lineno, what, "a loop, with an array in State where it needs a stack"
            )
        elif _own(called):
            inner = list(_of(name, called, given, (*under, function), seen))
            if _top(called) == _top(function):
                yield from inner
            else:  # another package's line is not the author's to change
                for each in inner[:1]:
                    what = f"{called.__name__} of {called.__module__}, in which there is {each.construct}"
                    yield _finding(each.kind, name, function, call.lineno, what, "a function of the plugin's own")


def _finding(kind: str, name: str, function: types.FunctionType, line: int, construct: str, instead: str) -> Finding:
    code = function.__code__
    owner, offset = function.__qualname__, line - code.co_firstlineno
    return Finding(kind, name, f"{code.co_filename}:{line}", construct, instead, owner, offset)


def _returns(name: str, function: types.FunctionType, node: Any) -> Iterator[Finding]:
    """Yields the ways out of a function on which it returns nothing, or another count of numbers than is taken."""
    if isinstance(node, ast.Lambda):
        ways: list[Any] = [(node.lineno, node.body)]
    else:
        ways = [(each.lineno, each.value) for each in returns_of(node)]
        if not ends(node.body):
            ways.append((node.body[-1].end_lineno, None))
    wanted, many = RETURNED[name], to_return(name)
    for line, value in ways:
        if value is None or (isinstance(value, ast.Constant) and value.value is None):
            yield _finding(REFUSED, name, function, line, "nothing is returned on this way out", f"return {many}")
        elif isinstance(value, ast.Tuple) and len(value.elts) != len(wanted):
            if not any(isinstance(each, ast.Starred) for each in value.elts):
                count = f"{len(value.elts)} values are returned"
                yield _finding(REFUSED, name, function, line, count, f"return {many}")
        elif len(wanted) > 1 and isinstance(value, ast.Constant | ast.List | ast.JoinedStr | ast.Dict):
            yield _finding(REFUSED, name, function, line, "no tuple is returned", f"return {many}")


def returns_of(node: ast.AST) -> Iterator[ast.Return]:
    """Yields a function's own return statements."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Return):
            yield child
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield from returns_of(child)


def ends(body: list[ast.stmt]) -> bool:
    """Returns whether no way leads past the end of a block."""
    last = body[-1]
    if isinstance(last, ast.Return | ast.Raise):
        return True
    if isinstance(last, ast.If):
        return bool(last.orelse) and ends(last.body) and ends(last.orelse)
    if isinstance(last, ast.While):
        endless = isinstance(last.test, ast.Constant) and bool(last.test.value)
        return endless and not any(isinstance(each, ast.Break) for each in ast.walk(last))
    if isinstance(last, ast.Match):
        whole = any(
            isinstance(c.pattern, ast.MatchAs) and c.pattern.pattern is None and not c.guard for c in last.cases
        )
        return whole and all(ends(case.body) for case in last.cases)
    if isinstance(last, ast.Try):
        blocks = [last.orelse or last.body, *(handler.body for handler in last.handlers)]
        return bool(last.finalbody and ends(last.finalbody)) or all(ends(block) for block in blocks)
    return isinstance(last, ast.With) and ends(last.body)


def node_of(code: types.CodeType) -> Any:
    """Returns the syntax of the function that a code object is of; None where its file is not there, or has changed."""
    taken = code.co_varnames[: code.co_argcount]
    for node in _functions(code.co_filename):
        head = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
        name = getattr(node, "name", "<lambda>")
        if head == code.co_firstlineno and name == code.co_name:
            if tuple(each.arg for each in (*node.args.posonlyargs, *node.args.args)) == taken:
                return node
    return None


@cache
def _parsed(text: str) -> tuple[Any, ...]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return ()
    return tuple(
        each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    )


def _functions(file: str) -> tuple[Any, ...]:
    linecache.checkcache(file)
    return _parsed("".join(linecache.getlines(file)))


def _own(function: types.FunctionType) -> bool:
    """Returns whether a function is a plugin's: the kernel's own compile, and numpy's the compiler has its own of."""
    return _top(function) not in ("mmkit", "numpy")


def _top(function: types.FunctionType) -> str:
    return (function.__module__ or "").partition(".")[0]


def _classes(rule: Rule, name: str, function: types.FunctionType) -> dict[str, type]:
    """Returns the classes of a rule's function's arguments, where they are records: by its own names for them."""
    from mmkit.engine import records
    from mmkit.engine.account import account_class
    from mmkit.engine.control import Control

    known: dict[str, Any] = {
        each: getattr(rule, each, None) for each in ("params", "state", "inputs", "terms", "constants")
    }
    known |= {"market": records.MarketView, "trade": records.Trade, "fill": records.Fill, "order": records.Order}
    known |= {
        "ladder": records.Quotes,
        "desk": records.desk_class(2, 2),
        "account": account_class(1),
        "control": Control,
    }
    given = arguments(rule, name)
    if name == "prepare":  # an input of it may bear any name
        given = given[: 3 if getattr(rule, "constants", None) else 2]
    code = function.__code__
    own = code.co_varnames[: code.co_argcount]
    return {mine: known[each] for mine, each in zip(own, given, strict=False) if attrs.has(known.get(each) or int)}
