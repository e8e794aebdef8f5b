"""What a look at a rule's text finds outside of the compilable subset, on which line; and that the compiler thinks the same."""

import itertools
import math
import textwrap
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmkit.constructs import BUILTINS, OTHER_MATH, SAME_MATH
from mmkit.plugins import offers
from mmkit.rules import Role, Rule
from mmkit.subset import BITS, OUTSIDE, REFUSED, findings

HEAD = """
import enum
import functools
import math
import random
import time
from decimal import Decimal
from typing import NamedTuple

import attrs
import mmkit
import numpy as np


class Mood(enum.IntEnum):
    CALM = 0
    WILD = 1


class Model:
    def half(self):
        return 1.0


class Pair(NamedTuple):
    a: float
    b: float


MODEL = Model()
TABLE = {1: 2.0}
LIST = [1.0, 2.0]
ARRAY = np.zeros(3)
TUPLE = (1.0, 2.0)
SQUARE = 2.0
COUNT = 0.0


@attrs.define
class State:
    x: float = 0.0
    n: int = 0
    ring: list[float] = mmkit.array(float, 4)


def plain(a, b=1.0):
    return a * b


def many(*given):
    return given[0]


def named(**given):
    return 1.0


@functools.lru_cache
def kept(a):
    return a


def again(n):
    return 1.0 if n <= 0 else again(n - 1)


def worded(a):
    w = f"{a:.2f}"
    return a


def steps(n):
    for i in range(n):
        yield i


def on_book(params, s, market):
"""

TAIL = """

@mmkit.hookimpl
def mmkit_signals():
    return mmkit.Signal("it", state=State, outputs={"x": ""}, on_book=on_book)
"""

COUNTER = itertools.count()

Load = Callable[[str], Rule]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Returns a loader of a signal whose on_book has this body."""

    def load(body: str) -> Rule:
        file = tmp_path / f"it_{next(COUNTER)}.py"
        file.write_text(HEAD + textwrap.indent(body, "    ") + "\n" + TAIL)
        return offers([file]).files[Role.SIGNALS, "it"][0]

    return load


def compiles(rule: Any) -> bool:
    """Returns whether the compiler takes the rule's function, alone and called by another."""
    import numba

    from mmkit.engine.binding import bind
    from mmkit.engine.jit import compiler, kept, nothing
    from mmkit.engine.layout import layout_of
    from mmkit.engine.records import MarketView
    from mmkit.steps import step

    make = compiler(f"subset_{next(COUNTER)}")
    records = [numba.from_dtype(layout_of(each)) for each in (MarketView(), rule.state())]
    scope: dict[str, Any] = {}
    exec("def whole(market, s):\n    on_book(0.0, s[0], market[0])\n", scope)
    arrays = [numba.types.Array(each, 1, "C") for each in records]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scope["on_book"] = bind(rule.on_book, {step: make(nothing)}, make, {})
            kept(scope["whole"], f"subset_{next(COUNTER)}", False).compile(tuple(arrays))
    except Exception:
        return False
    return True


REFUSED_ONES = {
    "f'{s.x:.2f}'": "w = f'{s.x:.2f}'",
    "text % x": "w = '%f' % s.x",
    "text.format": "w = '{}'.format(s.x)",
    "set comprehension": "d = {i for i in range(3)}",
    "sum of a generator": "s.x = sum(s.ring[i] for i in range(3))",
    "max of a generator": "s.x = max(s.ring[i] for i in range(3))",
    "any of a generator": "if any(v > 0.0 for v in s.ring):\n    s.x = 1.0",
    "except X": "try:\n    s.x = 1.0 / s.x\nexcept ZeroDivisionError:\n    s.x = 0.0",
    "except as": "try:\n    s.x = 1.0 / s.x\nexcept Exception as error:\n    s.x = 0.0",
    "with": "with s:\n    s.x = 1.0",
    "**kw": "s.x = named(a=1.0)",
    "call **": "s.x = plain(**{'a': s.x, 'b': 1.0})",
    "a class within": "class A:\n    y = 1.0\ns.x = A.y",
    "an object": "s.x = Model().half()",
    "a global object": "s.x = MODEL.half()",
    "another library's": "s.x = float(Decimal(1))",
    "a global dict": "s.x = TABLE[1]",
    "a global list": "s.x = LIST[1]",
    "a cached function": "s.x = kept(s.x)",
    "getattr default": "s.x = getattr(s, 'y', 1.0)",
    "setattr": "setattr(s, 'x', 1.0)",
    "print": "print(s.x)",
    "open": "f = open('x')",
    "any of a list": "if any([s.x > 0.0, s.n > 0]):\n    s.x = 1.0",
    "reversed": "for i in reversed(range(3)):\n    s.n = i",
    "tuple": "t = tuple(s.ring)\ns.x = t[0]",
    "int of text": "s.n = int('3')",
    "global": "global COUNT\nCOUNT = s.x",
    "raise from": "if s.x < 0.0:\n    raise ValueError('x') from None",
    "del": "y = s.x\nz = y\ndel y\ns.x = z",
    "match on a sequence": "match (s.n, 1):\n    case (1, y):\n        s.n = y\n    case _:\n        s.n = 0",
    "star that takes": "a, *b = (s.x, 1.0, 2.0)\ns.x = a",
    "method of a record": "s.go()",
    "field that is not there": "s.x = s.vaule",
    "append": "s.ring.append(1.0)",
    "array replaced": "s.ring = [0.0, 1.0, 2.0, 3.0]",
    "import": "import cmath\ns.x = cmath.pi",
    "recursion": "s.x = again(s.n)",
    "time": "s.x = time.time()",
    "pow of three": "s.n = pow(s.n, 2, 5)",
    "undefined": "s.x = s.x + undefned",
    "enum called": "s.n = 1 if Mood(s.n) == Mood.WILD else 0",
    "enum's name": "s.n = len(Mood.WILD.name)",
    "a helper's": "s.x = worded(s.x)",
    "math that is not there": "s.x = math.sqr(s.x)",
    "log of two": "s.x = math.log(s.x, 2.0)",
}

SOUND = {
    "arithmetic": "s.x = 0.5 * s.x + s.n / 3 - market.mid // 2 % 3",
    "powers": "s.x = s.x ** s.x + 1.5 ** s.x + s.x ** s.n",
    "a ** of constants": "s.x = 10.0 ** 2 * s.x",
    "in a tuple": "s.x = 1.0 if s.n in (1, 2) else 0.0",
    "in a set": "s.x = 1.0 if s.n in {1, 2} else 0.0",
    "helper, by name": "s.x = plain(b=s.x, a=1.0) + many(s.x, 1.0)",
    "call with a star": "t = (s.x, 1.0)\ns.x = plain(*t)",
    "an inner function": "def f(v):\n    return v + 1.0\ns.x = f(s.x)",
    "lambda": "f = lambda v: v + 1.0\ns.x = f(s.x)",
    "generator helper": "for i in steps(3):\n    s.n += i",
    "try except": "try:\n    s.x = 1.0 / s.x\nexcept Exception:\n    s.x = 0.0",
    "named tuple": "p = Pair(s.x, 1.0)\ns.x = p.a",
    "enum": "s.n = 1 if s.n == Mood.WILD else 0",
    "assert": "assert s.x >= 0.0, 'positive'",
    "raise": "if s.n < 0:\n    raise ValueError(f'{s.n} is negative')",
    "match": "match s.n:\n    case 1 | 2:\n        s.x = 1.0\n    case _:\n        s.x = 0.0",
    "loops": "for i, v in enumerate(s.ring):\n    s.x += v * i\nwhile s.n > 0:\n    s.n -= 1",
    "local list": "d = [0.0] * 3\nd.append(s.x)\ns.x = d[0]",
    "largest": "s.x = max(s.x, 1.0, min(s.ring))",
    "global tuple": "s.x = TUPLE[1] * SQUARE",
    "rounding": "s.n = round(s.x) + int(s.x)",
    "annotated": "y: float = s.x\ns.x = y",
    "step": "mmkit.step('it', s.x, 'quote')",
    "kernel": "s.n = mmkit.ceil_to_grid(s.x)",
    "slice that is read": "s.x = max(s.ring[1:3])",
}

OUTSIDE_ONES = {
    "dict": "d = {1: 2.0}\ns.x = d[1]",
    "list comprehension": "d = [s.x * i for i in range(3)]\ns.x = d[1]",
    "dict comprehension": "d = {i: s.x * i for i in range(3)}\ns.x = d[1]",
    "set": "d = {1, 2}\ns.n = 1 if s.n in d else 0",
    "f-string": "w = f'{s.n}'\ns.n = len(w)",
}

BITS_ONES = {
    "x ** 2": ("s.x = s.x**2", "s.x ** 2, a constant exponent: s.x * s.x"),
    "x ** 0.5": ("s.x = s.x**0.5", "s.x ** 0.5, a constant exponent: math.sqrt(s.x)"),
    "x ** -1": ("s.x = s.x ** -1", "s.x ** (-1), a constant exponent: 1.0 / s.x"),
    "x **= 2": ("s.x **= 2", "**= 2, a constant exponent: s.x * s.x"),
    "x ** CONSTANT": ("s.x = s.x ** SQUARE", "s.x ** SQUARE, a constant exponent: s.x * s.x"),
    "pow": ("s.x = math.pow(s.x, 3)", "math.pow(s.x, 3), a constant exponent: s.x * s.x * s.x"),
    "2 ** x": ("s.x = 2.0**s.x", "2.0 ** s.x, a power of 2: math.exp(x * math.log(2.0))"),
    "0.5 ** x": ("s.x = 0.5**s.x", "0.5 ** s.x, a power of 0.5: math.exp(x * math.log(0.5))"),
    "hypot": ("s.x = math.hypot(s.x, 1.0)", "math.hypot: math.sqrt(x * x + y * y)"),
    "round": ("s.x = round(s.x, 2)", "round to digits: math.floor(x / step + 0.5) * step"),
    "np.mean": ("s.x = np.mean(ARRAYLIKE)".replace("ARRAYLIKE", "s.ring"), "numpy.mean: a loop"),
    "sum": ("s.x = sum(s.ring)", "sum(), which Python 3.12 rounds otherwise: a loop that adds"),
    "random": (
        "s.x = random.random()",
        "random.random: nothing by chance: only a market and its venue draw, from the stack's seed",
    ),
    "whole arrays": (
        "y = s.ring * 2\ns.x = y[0]",
        "arithmetic on s.ring, a list in the plain engine and an array compiled: a loop over its elements",
    ),
    "slice": (
        "y = s.ring[1:]\ns.x = y[0]",
        "s.ring[1:], a copy in the plain engine and the array itself compiled: its elements, by index",
    ),
}


@pytest.mark.parametrize("body", REFUSED_ONES.values(), ids=REFUSED_ONES)
def test_what_is_refused_by_its_looks_the_compiler_refuses(load: Load, body: str) -> None:
    rule = load(body)
    assert [found.kind for found in findings(rule)].count(REFUSED) > 0
    assert not compiles(rule)


@pytest.mark.parametrize("body", SOUND.values(), ids=SOUND)
def test_what_compiles_is_left_in_peace(load: Load, body: str) -> None:
    rule = load(body)
    assert [str(found) for found in findings(rule)] == []
    assert compiles(rule)


@pytest.mark.parametrize("body", OUTSIDE_ONES.values(), ids=OUTSIDE_ONES)
def test_what_compiles_and_takes_memory_is_told_and_not_refused(load: Load, body: str) -> None:
    assert [found.kind for found in findings(load(body))] == [OUTSIDE]


@pytest.mark.parametrize(("body", "said"), BITS_ONES.values(), ids=BITS_ONES)
def test_what_compiles_to_another_result_is_told_with_what_to_write(load: Load, body: str, said: str) -> None:
    (found,) = findings(load(body))
    assert found.kind == BITS
    assert f"{found.construct}: {found.instead}" == said


def line_of(text: str, body: str = "") -> int:
    """Returns the number of the line that has a text, in a plugin whose function has that body."""
    whole = HEAD + textwrap.indent(body, "    ")
    return 1 + next(i for i, each in enumerate(whole.splitlines()) if text in each)


def test_a_finding_names_function_file_line_construct_and_replacement(load: Load, tmp_path: Path) -> None:
    body = "y = 1.0\nif y > 0.0:\n    s.x = s.vaule"
    (found,) = findings(load(body))
    (file,) = tmp_path.glob("it_*.py")
    has = "s has no vaule: a field of State, or a function that is given it"
    assert str(found) == f"on_book: {file}:{line_of('s.vaule', body)}: {has}"


def test_in_a_helper_it_is_the_helpers_line(load: Load, tmp_path: Path) -> None:
    (found,) = findings(load("s.x = worded(s.x)"))
    (file,) = tmp_path.glob("it_*.py")
    assert found.place == f"{file}:{line_of('w = f')}"
    assert (found.function, found.owner, found.offset) == ("on_book", "worded", 1)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("s.x = market.midd", 'market has no midd (did you mean "mid"?)'),
        ("s.x = undefned + TUPEL[0]", "undefned, which is defined nowhere"),
        ("s.x = TUPEL[0]", 'TUPEL, which is defined nowhere (did you mean "TUPLE"?)'),
        ("s.x = MODEL.half()", "MODEL, a Model"),
        ("s.x = math.sqr(s.x)", 'math.sqr, which does not exist (did you mean "sqrt"?)'),
        ("s.x = again(s.n)", "again calls itself"),
        ("s.x = time.time()", "time.time"),
        ("s.n = Mood.WIDL", 'Mood.WIDL (did you mean "WILD"?)'),
        ("s.ring.append(s.x)", "s.ring.append: an array has a fixed length"),
    ],
)
def test_the_construct_is_named_with_the_nearest_name(load: Load, body: str, said: str) -> None:
    assert next(found.construct for found in findings(load(body))) == said


def test_an_enum_and_time_say_what_to_use(load: Load) -> None:
    (found,) = findings(load("s.n = time.time_ns()"))
    assert found.instead == "market.now, ns since 1970"


RETURNS = """
import mmkit


def quote(params, state, market):
{body}


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("it", quote=quote)
"""


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("    return market.mid, 1.0", 6, "2 values are returned"),
        ("    if market.mid > 0.0:\n        return market.mid, 1.0, 1.0", 7, "nothing is returned on this way out"),
        (
            "    if market.mid > 0.0:\n        return None\n    return 1.0, 1.0, 1.0",
            7,
            "nothing is returned on this way out",
        ),
        ("    return [1.0, 1.0, 1.0]", 6, "no tuple is returned"),
        ("    while True:\n        if market.mid > 0.0:\n            return 1.0, 1.0, 1.0", None, ""),
        ("    if market.mid > 0.0:\n        return 1.0, 1.0, 1.0\n    else:\n        raise ValueError('x')", None, ""),
    ],
)
def test_every_way_out_returns_what_is_taken(tmp_path: Path, body: str, line: int | None, said: str) -> None:
    file = tmp_path / "it.py"
    file.write_text(RETURNS.format(body=body))
    found = list(findings(offers([file]).files[Role.PRICING, "it"][0]))
    if line is None:
        assert found == []
    else:
        assert [each.place for each in found] == [f"{file}:{line}"]
        assert found[0].construct == said
        assert found[0].instead == "return (reservation price, half-spread to the bid, half-spread to the ask)"


@pytest.mark.parametrize(("function", "given"), [("through", "ticks"), ("rest", "ahead")])
def test_so_does_every_function_of_which_the_loop_takes_anything(tmp_path: Path, function: str, given: str) -> None:
    nothing = dict.fromkeys(("rest", "trade", "depth_change"), "lambda params, state, order, *more: 1")
    own = {name: text for name, text in nothing.items() if name != function} | {function: "own"}
    file = tmp_path / "it.py"
    file.write_text(
        f"import mmkit\n\n\ndef own(params, state, order, {given}):\n    order.traded = 0.0\n\n\n@mmkit.hookimpl\n"
        f"def mmkit_venue():\n    return mmkit.Venue('it', {', '.join(f'{name}={text}' for name, text in own.items())})\n"
    )
    found = [each for each in findings(offers([file]).files[Role.VENUE, "it"][0]) if each.function == function]
    wanted = ["nothing is returned on this way out: return true or false"] if function == "through" else []
    assert [f"{each.construct}: {each.instead}" for each in found] == wanted


def test_a_rule_that_stays_python_is_left_in_peace(tmp_path: Path) -> None:
    file = tmp_path / "it.py"
    text = RETURNS.format(body="    return open('x')").replace("quote=quote)", "quote=quote, compiled=False)")
    file.write_text(text)
    assert list(findings(offers([file]).files[Role.PRICING, "it"][0])) == []


def test_no_built_in_rule_has_anything_to_find() -> None:
    offered = offers()
    rules = [offered.load(role, name)[0] for role in Role for name in offered.names(role)]
    said = [f"{rule.role.value} {rule.name}: {found}" for rule in rules for found in findings(rule)]
    assert said == []
    assert len(rules) > 60


def test_the_tables_of_functions_are_the_compilers() -> None:
    import builtins

    import numba

    def taken(function: Any, *arguments: Any) -> bool:
        scope: dict[str, Any] = {"function": function}
        names = "abc"[: len(arguments)]
        exec(f"def f({', '.join(names)}):\n    function({', '.join(names)})\n", scope)
        try:
            numba.njit(scope["f"]).compile(tuple(map(numba.typeof, arguments)))
        except Exception:
            return False
        return True

    tries = [(0.5,), (2,), (0.5, 0.5), (2, 2), (0.5, 2)]
    functions = [name for name in dir(math) if name[0] != "_" and callable(getattr(math, name))]
    accepted = {name for name in functions if any(taken(getattr(math, name), *each) for each in tries)}
    assert accepted <= {*SAME_MATH, *OTHER_MATH}
    assert set(SAME_MATH) <= accepted | {"exp2"}  # there from Python 3.11 and numba 0.59 on
    ring = np.zeros(3)
    for name in BUILTINS:
        if name != "print":  # which compiles, and cannot be linked
            assert not any(taken(getattr(builtins, name), *each) for each in [(0.5,), (ring,)]), name
