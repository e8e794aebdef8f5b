"""What the compiler says of a rule's function, in one line of the plugin's own words: where, what, and what to write instead."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmkit.constructs import INSTEAD_OF_MATH, SAME_MATH
from mmkit.engine.callouts import Refusal
from mmkit.errors import nearest
from mmkit.subset import node_of, reached

BOILERPLATE = ("Failed in", "During:", "File ", "There are", "- ", "<", ">>>", "^")

TYPES = (
    (r"float\d+", "a float"),
    (r"u?int\d+|Literal\[int\].*", "an int"),
    (r"bool(ean)?", "a bool"),
    (r"none", "None"),
    (r"unicode_type|Literal\[str\].*", "a text"),
    (r"(Uni|Named)?Tuple.*", "a tuple"),
    (r"(reflected )?list.*", "a list"),
    (r"Dict.*", "a dict"),
    (r"Record.*", "a record"),
    (r"(nested)?array.*", "an array"),
)
"""The compiler's names for types, and a reader's."""


def verdict(error: Exception, name: str, function: Any) -> Refusal:
    """Returns why a rule's function, called `name`, was refused; error: what compiling it alone raised."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    functions = list(reached(function))
    if isinstance(error, KeyError):  # a field that a record does not have
        return of_field(str(error.args[0]), name, functions)
    owner, offset = place(text, functions)
    unlike = re.search(r"Cannot unify .* for '([A-Za-z_]\w*)", text)
    if unlike:
        offset = assigned(owner, unlike[1], offset)
    return Refusal(name, owner.__qualname__, offset, said(text, error))


def assigned(function: Any, name: str, offset: int) -> int:
    """Returns where a name got its last value up to a line, as lines from the function's head; the line itself where it got none."""
    head = function.__code__.co_firstlineno
    node = node_of(function.__code__)
    stores = (each for each in ast.walk(node) if isinstance(each, ast.Name)) if node is not None else ()
    lines = [each.lineno - head for each in stores if each.id == name and isinstance(each.ctx, ast.Store)]
    return max((line for line in lines if line <= offset), default=offset)


def of_field(field: str, name: str, functions: list[Any]) -> Refusal:
    """Returns the verdict on a field that is read and does not exist; where its record is not known, the nearest field that is read."""
    for function in functions:
        node = node_of(function.__code__)
        for each in ast.walk(node) if node is not None else ():
            if isinstance(each, ast.Attribute) and each.attr == field:
                known = {other.attr for one in functions for other in attributes(node_of(one.__code__))} - {field}
                what = (
                    f"{ast.unparse(each)}, a field that is not there{nearest(field, sorted(known))}: a field of State"
                )
                return Refusal(name, function.__qualname__, each.lineno - function.__code__.co_firstlineno, what)
    return Refusal(name, functions[0].__qualname__, 0, f'"{field}", a field that is not there: a field of State')


def attributes(node: Any) -> Iterator[ast.Attribute]:
    """Yields every attribute in a piece of syntax."""
    for each in ast.walk(node) if node is not None else ():
        if isinstance(each, ast.Attribute):
            yield each


def place(text: str, functions: list[Any]) -> tuple[Any, int]:
    """Returns the function that an error's text speaks of first, which is the innermost, and the line from its head."""
    best: tuple[int, Any, int] | None = None
    for function in functions:
        code = function.__code__
        lines = [line for _, _, line in code.co_lines() if line is not None]
        for found in re.finditer(rf"{re.escape(Path(code.co_filename).name)}\D{{1,12}}(\d+)", text):
            line = int(found[1])
            if min(lines) <= line <= max(lines) and (best is None or found.start() < best[0]):
                best = (found.start(), function, line - code.co_firstlineno)
    return (best[1], best[2]) if best else (functions[0], 0)


def said(text: str, error: Exception) -> str:
    """Returns what an error's text means: the construct and its usual replacement, as "construct: instead"."""
    for pattern, words in READ:
        found = re.search(pattern, text)
        if found:
            return str(words(found))
    lines = [line.strip() for line in text.splitlines()]
    first = next((line for line in lines if line and not line.startswith(BOILERPLATE)), type(error).__name__)
    return f"{short(first)}: plain numbers and loops, or compiled=False"


def short(line: str) -> str:
    """Returns a line without what only the compiler knows of: places of its own and layouts of records."""
    line = re.sub(r"Record\([^']*\)", "a record", line)
    line = re.sub(r"\.?\s*(Raised from|location:|defined at).*$", "", line).strip(" .,:")
    return line if len(line) < 160 else f"{line[:157]}…"


def kind(name: str) -> str:
    """Returns a type's name as a reader would say it."""
    return next((words for pattern, words in TYPES if re.fullmatch(pattern, name.strip())), name.strip())


def kinds(text: str) -> list[str]:
    """Returns the types of a call, "float64, UniTuple(float64 x 2)", in words."""
    found, depth, word = [], 0, ""
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and not depth:
            found.append(kind(word))
            word = ""
        else:
            word += letter
    return [*found, kind(word)] if word.strip() else found


def unified(found: Any) -> str:
    """Two values of one name."""
    one, other, name = kind(found[1]), kind(found[2]), found[3]
    better = "start it as 0.0, or math.nan where it is not known yet" if "None" in (one, other) else "a name for each"
    return f"{name} is {one} in one place and {other} in another: {better}"


def attribute(found: Any) -> str:
    """An attribute that something does not have."""
    name, of = found[1], found[2]
    if "math" in of:
        near = nearest(name, SAME_MATH)
        return f"math.{name}, which is not compiled{near}: {INSTEAD_OF_MATH.get(name, 'arithmetic, or a table made in setup')}"
    module = re.search(r"<module '([\w.]+)'", of)
    if module:
        return f"{module[1]}.{name}, which is not compiled: a loop, or a table made in setup"
    return f".{name} of {kind(of.split(' with')[0])}: arithmetic, or a function that is given it"


def call(found: Any) -> str:
    """A function, or an operator, of types that it does not take."""
    name, given = found[2], kinds(found[3])
    operators = {
        "add": "+",
        "sub": "-",
        "mul": "*",
        "truediv": "/",
        "mod": "%",
        "getitem": "[ ]",
        "pow": "**",
        "floordiv": "//",
    }
    operators |= {
        "lt": "<",
        "le": "<=",
        "gt": ">",
        "ge": ">=",
        "eq": "==",
        "iadd": "+=",
        "isub": "-=",
        "setitem": "[ ] =",
    }
    if name == "getitem" and given[:1] == ["a tuple"]:
        return "a tuple of several types, read at a place that is computed: an array of State, or if and elif"
    sign = operators.get(name)
    if sign and len(given) > 1:
        better = (
            "math.nan and math.isfinite for what is not known yet"
            if "None" in given
            else "numbers of one type on both sides"
        )
        return f"{sign} of {' and '.join(given)}: {better}"
    return f"{name}() of {', '.join(given) or 'nothing'}: arithmetic on numbers, or a function of the plugin's own"


READ: tuple[tuple[str, Any], ...] = (
    (r"Cannot unify (.+?) and (.+?) for '([A-Za-z_]\w*)", unified),
    (r"(?s)^(?:Failed in[^\n]*\n)*Unknown attribute '(\w+)' of type ([^\n]*)", attribute),
    (r"(?s)No implementation of function Function\(<([^\n]*)>\) found for signature:\s+>>> (\w+)\((.*?)\)\s*\n", call),
    (
        r"NameError: (?:global )?name '(\w+)' is not defined",
        lambda found: f"{found[1]}, which is defined nowhere: define it",
    ),
    (
        r"Untyped global name '(\w+)'",
        lambda found: f"{found[1]}, which is no number, function or tuple: a field of State",
    ),
    (
        r"Cannot infer the type of variable '(\w+)[^']*'",
        lambda found: f"{found[1]}, an empty list: an array of State (mmkit.array) and a field that counts",
    ),
    (
        r"""Cannot bind .* to signature '(.*?)' due to ["']TypeError: (.*?)["']\.""",
        lambda found: f"a call of a function {found[1]}: {found[2]}",
    ),
    (r"Use of unsupported opcode \((\w+)\)", lambda found: f"{found[1].lower()}: plain statements"),
    (
        r"Type of variable '(\$?\w+)[^']*' cannot be determined",
        lambda found: (
            f"a value whose type is not known{'' if found[1][0] == '$' else f', {found[1]}'}: one statement for each name"
        ),
    ),
)
"""What the compiler says, as patterns, and how a reader is told."""
