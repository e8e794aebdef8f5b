"""A look at one function: which of its constructs the compiler does not take, or takes otherwise."""

import ast
import builtins
import enum
import math
import types
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from mmkit.constructs import (
    BITS,
    BUILTINS,
    INSTEAD_OF_MATH,
    LIST_METHODS,
    MODULES,
    NODES,
    OTHER_MATH,
    OUTSIDE,
    REDUCTIONS,
    REFUSED,
    SAME_MATH,
)
from mmkit.engine.digest import is_constant
from mmkit.errors import nearest
from mmkit.meaning import Names, is_array

Found = tuple[ast.AST, str, str, str]
"""Where, kind, construct, what to write instead."""


UNREAD = ("annotation", "returns", "format_spec")
"""Parts of the syntax that are not run, or told with their whole."""


@attrs.define
class Look(Names):
    """A look at one function; telling: how many `raise` and `assert` the look is within."""

    telling: int = 0
    found_calls: list[tuple[ast.Call, types.FunctionType, dict[str, type]]] = attrs.field(factory=list)

    def found(self) -> list[Found]:
        """Returns what is found, by line; notes the calls of plain functions on the way."""
        arguments = self.node.args
        found: list[Found] = []
        if arguments.kwarg is not None:
            found.append((self.node, REFUSED, f"**{arguments.kwarg.arg}", "arguments by name"))
        if isinstance(self.node, ast.AsyncFunctionDef):
            found.append((self.node, REFUSED, "async", "a plain function: a rule waits for nothing"))
        body = self.node.body if isinstance(self.node.body, list) else [self.node.body]
        for statement in body:
            found += self.within(statement)
        return sorted(found, key=lambda each: getattr(each[0], "lineno", 0))

    def calls(self) -> list[tuple[ast.Call, types.FunctionType, dict[str, type]]]:
        """Returns the calls of plain functions, with the classes of what each is given."""
        return self.found_calls

    def within(self, node: ast.AST) -> Iterator[Found]:
        """Yields what is found in a piece of syntax."""
        own = NODES.get(type(node))
        if own:
            yield (node, *own)
            if isinstance(node, ast.ClassDef):
                return
        check: Callable[[Any], Iterator[Found]] | None = getattr(self, f"in_{type(node).__name__.lower()}", None)
        if check:
            yield from check(node)
        telling = isinstance(node, ast.Raise | ast.Assert)
        self.telling += telling
        for child in ast.iter_child_nodes(node):
            constant = isinstance(node, ast.Compare) and isinstance(child, ast.Set)  # `kind in {1, 2}` is compiled
            if not constant and all(child is not getattr(node, name, None) for name in UNREAD):
                yield from self.within(child)
        self.telling -= telling

    def in_name(self, node: ast.Name) -> Iterator[Found]:
        """A global is a constant, a function, a module, or of a class that compiles."""
        if self.is_local(node.id) or node.id in self.function.__code__.co_freevars or isinstance(node.ctx, ast.Store):
            return
        scope: dict[str, Any] = self.function.__globals__
        if node.id not in scope:
            if node.id in BUILTINS:
                yield node, REFUSED, f"{node.id}()", BUILTINS[node.id]
            elif not hasattr(builtins, node.id):
                known = [*self.function.__code__.co_varnames, *(name for name in scope if not name.startswith("__"))]
                what = f"{node.id}, which is defined nowhere{nearest(node.id, known)}"
                yield node, REFUSED, what, "define it, or import it"
            return
        yield from self.of_value(node, node.id, scope[node.id])

    def of_value(self, node: ast.AST, name: str, value: Any) -> Iterator[Found]:
        """Yields what speaks against a global of this value."""
        if isinstance(value, types.BuiltinFunctionType):
            yield from self.of_library(node, value.__module__ or "", value.__name__)
        elif isinstance(value, type):
            known = ("builtins", "numpy")
            if not issubclass(value, enum.Enum | BaseException | tuple) and value.__module__ not in known:
                yield node, REFUSED, f"{name}, a class", "its numbers are fields of State"
        elif (
            isinstance(value, types.ModuleType | types.FunctionType)
            or hasattr(value, "py_func")
            or (callable(value) and type(value).__module__.partition(".")[0] == "numpy")
        ):
            return
        elif not is_constant(value):
            what = type(value).__name__
            better = "a field of State where it changes, a number or tuple where not; a model: compiled=False"
            yield node, REFUSED, f"{name}, {article(what)} {what}", better

    def of_library(self, node: ast.AST, module: str, name: str) -> Iterator[Found]:
        """Yields what speaks against a function of a module that is none of the plugin's."""
        if module == "math":
            if name in OTHER_MATH:
                yield node, BITS, f"math.{name}", OTHER_MATH[name]
            elif name not in SAME_MATH and callable(getattr(math, name, None)):
                known = nearest(name, SAME_MATH).strip(" ()").removeprefix("did you mean ").removesuffix("?")
                other = f"math.{known.strip(chr(34))}" if known else "arithmetic, or a table made in setup"
                yield node, REFUSED, f"math.{name}", INSTEAD_OF_MATH.get(name, other)
        elif module in ("random", "numpy.random"):
            better = "nothing by chance: only a market and its venue draw, from the stack's seed"
            yield node, BITS, f"{module}.{name}", better
        elif module in MODULES:
            yield node, REFUSED, f"{module}.{name}", MODULES[module]

    def in_attribute(self, node: ast.Attribute) -> Iterator[Found]:
        """A module's function, a record's field, an enum's member."""
        owner = self.meaning(node.value)
        if isinstance(owner, types.ModuleType):
            name = owner.__name__
            value = getattr(owner, node.attr, None)
            if value is None:
                if name.partition(".")[0] != "numpy":
                    yield (
                        node,
                        REFUSED,
                        f"{name}.{node.attr}, which does not exist{nearest(node.attr, dir(owner))}",
                        "one that does",
                    )
            elif name == "numpy":
                if node.attr in REDUCTIONS:
                    yield node, BITS, f"numpy.{node.attr}", "a loop"
                elif node.attr == "random":
                    yield from self.of_library(node, "numpy.random", "random")
            elif name in ("math", "random", "numpy.random") or name in MODULES:
                yield from self.of_library(node, name, node.attr)
            elif name.partition(".")[0] not in ("mmkit", "numpy"):
                yield from self.of_value(node, f"{name}.{node.attr}", value)
        elif isinstance(owner, type) and issubclass(owner, enum.Enum):
            if node.attr not in owner.__members__:
                yield (
                    node,
                    REFUSED,
                    f"{owner.__name__}.{node.attr}{nearest(node.attr, owner.__members__)}",
                    "one of its members",
                )
        elif isinstance(node.value, ast.Attribute) and node.attr in ("name", "value"):
            outer = self.meaning(node.value.value)
            if isinstance(outer, type) and issubclass(outer, enum.Enum):
                yield node, REFUSED, f".{node.attr} of {outer.__name__}", "the member itself: it is a number"
        yield from self.of_record(node)

    def of_record(self, node: ast.Attribute) -> Iterator[Found]:
        """Yields what speaks against an attribute of a record, or of an array in one."""
        cls = self.class_of(node.value)
        if cls is not None:
            fields = attrs.fields_dict(cls)
            if node.attr not in fields:
                what = node.value.id if isinstance(node.value, ast.Name) else cls.__name__
                has = f"{what} has no {node.attr}{nearest(node.attr, fields)}"
                yield node, REFUSED, has, f"a field of {cls.__name__}, or a function that is given it"
            elif isinstance(node.ctx, ast.Store) and is_array(fields[node.attr]):
                yield node, REFUSED, f"{node.attr}, an array, is replaced", "assign its elements, in a loop"
        elif self.array_of(node.value):
            name = self.array_of(node.value)
            if node.attr in LIST_METHODS:
                yield (
                    node,
                    REFUSED,
                    f"{name}.{node.attr}: an array has a fixed length",
                    "a field that counts, and name[i] = value",
                )
            else:
                yield node, REFUSED, f"{name}.{node.attr}", "a loop over its elements"

    def in_joinedstr(self, node: ast.JoinedStr) -> Iterator[Found]:
        """Text is for what raises."""
        kind = REFUSED if spelled(node) else OUTSIDE
        if kind == REFUSED or not self.telling:  # nothing is made unless it raises
            yield node, kind, "an f-string", 'mmkit.step("name", value, "unit"), which explain shows'

    def in_binop(self, node: ast.BinOp) -> Iterator[Found]:
        """Powers of a constant, formatting, arithmetic on whole arrays."""
        if isinstance(node.op, ast.Pow):
            yield from self.of_power(node, node.left, node.right)
        elif isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            yield node, REFUSED, "text that is formatted", "numbers"
        for side in (node.left, node.right):
            if self.array_of(side):
                what = f"arithmetic on {self.array_of(side)}, a list in the plain engine and an array compiled"
                yield node, BITS, what, "a loop over its elements"
                return

    def in_augassign(self, node: ast.AugAssign) -> Iterator[Found]:
        """The same of x **= 2."""
        if isinstance(node.op, ast.Pow):
            yield from self.of_power(node, node.target, node.value)

    def of_power(self, node: ast.AST, base: ast.AST, exponent: ast.AST) -> Iterator[Found]:
        """Yields what speaks against a power: of constant exponents, and of 2, 4, 0.5, …, the compiler makes something else."""
        number, of = self.number(exponent), self.number(base)
        said = ast.unparse(node) if not isinstance(node, ast.AugAssign) else f"**= {ast.unparse(exponent)}"
        name = ast.unparse(base)
        simple = name if isinstance(base, ast.Name | ast.Attribute | ast.Subscript) else "x"
        if of is not None and number is not None:
            return  # a constant
        if number is not None and number not in (0, 1) and (number == int(number) or number == 0.5):
            better = {2: f"{simple} * {simple}", 0.5: f"math.sqrt({simple})", -1: f"1.0 / {simple}"}
            better |= {3: f"{simple} * {simple} * {simple}"}
            yield (
                node,
                BITS,
                f"{said}, a constant exponent",
                better.get(number, "products, or an exponent that is a parameter"),
            )
        elif of is not None and of > 0 and of != 1 and math.frexp(of)[0] == 0.5:
            yield node, BITS, f"{said}, a power of {of:g}", f"math.exp(x * math.log({float(of)}))"

    def in_call(self, node: ast.Call) -> Iterator[Found]:
        """Calls of built-in functions, enums, text's methods; a plain function is followed."""
        called = self.meaning(node.func)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if any(keyword.arg is None for keyword in node.keywords):
            yield node, REFUSED, "a call with **", "arguments by name"
        if isinstance(called, types.FunctionType):
            names = called.__code__.co_varnames[: called.__code__.co_argcount]
            given = {mine: cls for mine, each in zip(names, node.args, strict=False) if (cls := self.class_of(each))}
            given |= {k.arg: cls for k in node.keywords if k.arg and (cls := self.class_of(k.value))}
            self.found_calls.append((node, called, given))
        elif isinstance(called, type) and issubclass(called, enum.Enum):
            yield node, REFUSED, f"{called.__name__}(…)", "compare the number with its members"
        elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant | ast.JoinedStr):
            yield node, REFUSED, f"a text's {node.func.attr}", "numbers"
        elif called is not None and called is getattr(builtins, name, None):
            yield from self.of_builtin(node, name)
        elif called is math.log and len(node.args) == 2:
            yield node, REFUSED, "math.log of two arguments", "math.log(x) / math.log(base)"
        elif called is math.pow and len(node.args) == 2:
            yield from self.of_power(node, *node.args)

    def of_builtin(self, node: ast.Call, name: str) -> Iterator[Found]:
        """Yields what speaks against a call of a built-in function."""
        if name in BUILTINS:
            yield node, REFUSED, f"{name}()", BUILTINS[name]
        elif name == "round" and len(node.args) + len(node.keywords) > 1:
            yield node, BITS, "round to digits", "math.floor(x / step + 0.5) * step"
        elif name == "pow" and len(node.args) == 3:
            yield node, REFUSED, "pow of three arguments", "a loop"
        elif name == "pow" and len(node.args) == 2:
            yield from self.of_power(node, *node.args)
        elif name == "getattr" and not (len(node.args) == 2 and isinstance(node.args[1], ast.Constant)):
            yield node, REFUSED, "getattr() of a name that is computed, or with a default", "state.name"
        elif name == "sum" and node.args and not isinstance(node.args[0], ast.GeneratorExp):
            yield node, BITS, "sum(), which Python 3.12 rounds otherwise", "a loop that adds"
        elif name == "int" and node.args and isinstance(node.args[0], ast.Constant | ast.JoinedStr):
            if not isinstance(node.args[0], ast.Constant) or isinstance(node.args[0].value, str):
                yield node, REFUSED, "int() of a text", "the number"

    def in_assign(self, node: ast.Assign) -> Iterator[Found]:
        """A slice that is given a name."""
        value = node.value
        if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice) and self.array_of(value.value):
            what = f"{ast.unparse(value)}, a copy in the plain engine and the array itself compiled"
            yield node, BITS, what, "its elements, by index"

    def in_try(self, node: ast.Try) -> Iterator[Found]:
        """Only `except:` and `except Exception:` are compiled."""
        for handler in node.handlers:
            kind = ast.unparse(handler.type) if handler.type is not None else ""
            if kind not in ("", "Exception") or handler.name:
                said = f"except {kind}{f' as {handler.name}' if handler.name else ''}"
                yield handler, REFUSED, said, "ask before it can go wrong: if x > 0.0"

    def in_yieldfrom(self, node: ast.YieldFrom) -> Iterator[Found]:
        """No function may hand on another's."""
        yield node, REFUSED, "yield from", "a loop"

    def in_delete(self, node: ast.Delete) -> Iterator[Found]:
        """What is the function's own goes by itself."""
        if any(isinstance(target, ast.Name) for target in node.targets):
            yield node, REFUSED, ast.unparse(node), "nothing: what is a function's own is gone when it returns"

    def in_starred(self, node: ast.Starred) -> Iterator[Found]:
        """A star that takes the rest."""
        if isinstance(node.ctx, ast.Store):
            yield node, REFUSED, f"*{ast.unparse(node.value)} that takes the rest", "an index for each"

    def in_raise(self, node: ast.Raise) -> Iterator[Found]:
        """An exception alone."""
        if node.cause is not None:
            yield node, REFUSED, "raise … from", "raise alone"


def spelled(node: ast.JoinedStr) -> bool:
    """Returns whether an f-string says how something is to be written."""
    parts = [each for each in node.values if isinstance(each, ast.FormattedValue)]
    return any(each.format_spec is not None or each.conversion != -1 for each in parts)


def article(word: str) -> str:
    """Returns "a" or "an"."""
    return "an" if word[:1].lower() in "aeiou" else "a"
