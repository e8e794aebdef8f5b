"""A stack is linked as a whole; where that cannot be, numba compiles it its own way, to the same results."""

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError

from mmkit.engine import jit, linking
from mmkit.engine.binding import bind
from mmkit.engine.callouts import stub, table
from mmkit.runs import attempt

COUNT = itertools.count()

SMALL = """
[stack]
name = "linked"
seed = 3
[instruments.X]
tick_size = 0.01
lot_size = 0.001
[instruments.X.market]
use = "book"
duration = "60s"
[instruments.X.venue]
use = "queue"
[pricing]
use = "fixed"
half_spread = 0.02
[sizing]
use = "fixed"
quantity = 0.5
[execution]
use = "requote"
[report]
"""


ARRAYS = """
[signals.sides]
use = "makes-arrays"
"""

MAKES_ARRAYS = """
import attrs
import numpy as np
import mmkit


@attrs.define
class State:
    value: float = 0.0


def on_book(params, state, market):
    sides = np.zeros(2)
    sides[0] = market.bid
    sides[1] = market.ask
    state.value = sides[0] - sides[1]


@mmkit.hookimpl
def mmkit_signals():
    return mmkit.Signal("makes-arrays", state=State, outputs={"value": "quote"}, on_book=on_book)
"""


def halved(x: float) -> float:
    """The innermost function."""
    return x / 2.0


def called_out(state: float) -> float:
    """What a stub replaces."""
    return state


def between(x: float) -> float:
    """Calls the innermost twice, in two ways."""
    return min(halved(x), halved(x + 1.0)) + math.log1p(halved(x))


def outer(x: float) -> float:
    """Reaches the innermost on two paths."""
    return between(x) + halved(x) + called_out(x)


def entered(x: float) -> float:
    """What Python calls."""
    return outer(x)


def compiled(**replaced: Any) -> tuple[Any, dict[Any, Any]]:
    """Returns `entered` compiled under names of its own, and what became of each function that it reaches."""
    tag = f"linking_{next(COUNT)}"
    done: dict[Any, Any] = {}
    out = replaced.get("called_out")
    make = jit.compiler(tag)
    replace = {called_out: make(out)} if out else {}
    scope: dict[str, Any] = {"outer": bind(outer, replace, make, done), "__name__": __name__}
    exec("def entered(x):\n    return outer(x)", scope)
    function = jit.kept(scope["entered"], tag, False)
    function.compile((numba.float64,))
    return function, done


def test_inner_functions_have_no_machine_code_and_the_whole_gives_the_same_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Another test of this process may have made it fall back.
    monkeypatch.setattr(jit, "together", [True])
    function, done = compiled()
    assert {type(each.overloads[(numba.float64,)].library) for each in done.values()} == {linking.Part}
    assert type(function.overloads[(numba.float64,)].library) is linking.Whole
    for x in np.linspace(-0.9, 40.0, 200).tolist():
        assert function(x).hex() == entered(x).hex()


def test_numbas_own_way_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "together", [False])
    function, done = compiled()
    assert linking.Part not in {type(each.overloads[(numba.float64,)].library) for each in done.values()}
    for x in np.linspace(-0.9, 40.0, 200).tolist():
        assert function(x).hex() == entered(x).hex()


def test_a_part_that_calls_out_finds_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "together", [True])
    seen: list[float] = []

    def answer(x: float) -> float:
        seen.append(x)
        return 3.5

    table[:] = [answer]
    function, _ = compiled(called_out=stub("called_out", 0, "fill_probability", ("distance",)))
    assert function(4.0) == entered(4.0) - 4.0 + 3.5
    assert seen == [4.0]


def test_a_rule_that_makes_arrays_compiles_too_with_its_references_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agree: Callable[[Any, Any], None]
) -> None:
    monkeypatch.setenv("MMKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(jit, "together", [True])
    (tmp_path / "makes_arrays.py").write_text(MAKES_ARRAYS)
    file = tmp_path / "stack.toml"
    file.write_text(SMALL.replace("seed = 3", 'seed = 3\nplugins = ["makes_arrays.py"]') + ARRAYS)
    said: list[str] = []
    runs = [attempt(file, engine=engine, notify=said.append) for engine in ("compiled", "python")]
    agree(*runs)
    assert len({*runs[0].records["sides.value"]}) > 10
    assert jit.together == [True]
    assert not [line for line in said if "runs in Python" in line]


def test_where_the_whole_cannot_be_compiled_numba_does_it_its_own_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise TypingError("no such pass")

    monkeypatch.setenv("MMKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(jit, "together", [True])
    monkeypatch.setattr(linking.Whole, "finalize", broken)
    file = tmp_path / "stack.toml"
    file.write_text(SMALL)
    said: list[str] = []
    runs = [attempt(file, engine=engine, notify=said.append) for engine in ("compiled", "python")]
    assert [run.error for run in runs] == [None, None]
    assert jit.together == [False]
    assert runs[0].summary["fills"] == runs[1].summary["fills"]
    assert not [line for line in said if "runs in Python" in line]
