"""What the compiler says of what only it can tell, in one line: the line of the plugin, what it is, and what to write instead."""

import importlib.util
import itertools
import textwrap
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmkit.engine.binding import bind
from mmkit.engine.callouts import Refusal
from mmkit.engine.jit import compiler
from mmkit.engine.verdict import verdict

COUNTER = itertools.count()
RECORD = np.dtype([("x", "f8"), ("n", "i8"), ("ring", "f8", (4,))], align=True)

HEAD = """
import math
import numpy as np


def clipped(v):
    return np.clip(v, 0.0, 1.0)


def deeper(v):
    return 1.0 + clipped(v)


def misread(s):
    return s.vaule + s.n


def two(a, b):
    return a + b


def on_book(s):
"""


@pytest.fixture
def said(tmp_path: Path) -> Callable[[str], Refusal]:
    """Returns what is said of a function with this body."""

    def said(body: str) -> Refusal:
        import numba

        file = tmp_path / f"it_{next(COUNTER)}.py"
        file.write_text(HEAD + textwrap.indent(body, "    ") + "\n")
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None
        assert spec.loader is not None
        module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                bound = bind(module.on_book, {}, compiler(f"verdict_{next(COUNTER)}"), {})
                bound.compile((numba.typeof(np.zeros(1, RECORD)).dtype,))
            except Exception as error:
                return verdict(error, "on_book", module.on_book)
        raise AssertionError("it compiles")

    return said


@pytest.mark.parametrize(
    ("body", "offset", "text"),
    [
        (
            "y = 1.0\nif s.x > 0.0:\n    y = (1.0, 2.0)\nreturn y",
            3,
            "y is a float in one place and a tuple in another: a name for each",
        ),
        (
            "y = None\nfor i in range(3):\n    y = y + 1.0\nreturn y",
            3,
            "+ of None and a float: math.nan and math.isfinite for what is not known yet",
        ),
        ('return s.x + "a"', 1, "+ of a float and a text: numbers of one type on both sides"),
        (
            "t = (s.x, 1)\nreturn t[s.n]",
            2,
            "a tuple of several types, read at a place that is computed: an array of State, or if and elif",
        ),
        ("return math.floor(s)", 1, "floor() of a record: arithmetic on numbers, or a function of the plugin's own"),
        ("return two(s.x)", 1, "a call of a function (a, b): missing a required argument: 'b'"),
        ("v = []\nreturn 1.0", 1, "v, an empty list: an array of State (mmkit.array) and a field that counts"),
        ("return s.ring.tolist()", 1, ".tolist of an array: arithmetic, or a function that is given it"),
        ("return math.fsum(s.ring)", 1, "math.fsum, which is not compiled: a loop that adds"),
        ("return open", 1, "open, which is no number, function or tuple: a field of State"),
    ],
)
def test_the_line_and_what_it_is(said: Callable[[str], Refusal], body: str, offset: int, text: str) -> None:
    found = said(body)
    assert (found.function, found.owner) == ("on_book", "on_book")
    assert (found.offset, found.said) == (offset, text)


def test_in_a_helpers_helper_it_is_that_ones_line(said: Callable[[str], Refusal]) -> None:
    found = said("return deeper(s.x)")
    assert (found.owner, found.offset) == ("clipped", 1)
    assert found.said == "clip() of a float, a float, a float: arithmetic on numbers, or a function of the plugin's own"


def test_a_field_that_is_not_there_is_found_where_it_is_read(said: Callable[[str], Refusal]) -> None:
    found = said("s.value = 1.0\nreturn misread(s)".replace("s.value = 1.0\n", ""))
    assert (found.owner, found.offset) == ("misread", 1)
    assert found.said == "s.vaule, a field that is not there: a field of State"


@pytest.mark.parametrize("body", ["return np.nosuch(s.x)", "return s.ring[1, 2]", "return f'{s.x!r:>8}'"])
def test_whatever_it_is_there_is_one_line_and_no_page(said: Callable[[str], Refusal], body: str) -> None:
    found = said(body)
    assert "\n" not in found.said
    assert len(found.said) < 240
    assert found.offset in (0, 1)
    assert not any(word in found.said for word in ("numba", "Failed in", "nopython", "Function("))
