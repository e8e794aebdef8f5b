"""Whose fault an exception is: the rule whose function was running, however deep it arose; else nobody's."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mmkit.blame import COMPILED, blame
from mmkit.errors import PluginError
from mmkit.settings import read

PLUGIN = """
import mmkit


def divided(a, b):
    return a / b


def quote(params, state, market):
    return divided(1.0, market), 1.0, 1.0


def on_trade(params, state, market, trade):
    raise RuntimeError("no more trades, please")


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("steep", quote=quote)


@mmkit.hookimpl
def mmkit_signals():
    return mmkit.Signal("shy", on_trade=on_trade)
"""

STACK = """
[stack]
plugins = ["faulty.py"]
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
[signals.mine]
use = "shy"
[sizing]
use = "fixed"
quantity = 0.1
[pricing]
use = "steep"
"""

CLOCK = SimpleNamespace(decisions=17)


@pytest.fixture
def stack(tmp_path: Path) -> Any:
    """Returns a stack with two rules that raise."""
    (tmp_path / "faulty.py").write_text(PLUGIN)
    (tmp_path / "stack.toml").write_text(STACK)
    return read(tmp_path / "stack.toml")


def raised(call: Any, *arguments: Any) -> Exception:
    """Returns what a call raises, with its traceback."""
    try:
        call(*arguments)
    except Exception as error:
        return error
    raise AssertionError("nothing raised")


def line(text: str) -> int:
    return 1 + next(i for i, each in enumerate(PLUGIN.splitlines()) if text in each)


def test_a_rule_is_named_with_its_place_its_file_and_its_function(stack: Any, tmp_path: Path) -> None:
    error = raised(stack.signals[0].rule.on_trade, None, None, None, None)
    found = blame(stack, error, 123, CLOCK)
    where = f"{tmp_path / 'faulty.py'}:{line('raise RuntimeError')}"
    said = f"on_trade raised RuntimeError: no more trades, please ({where}, at 123 ns, decision 17)"
    assert isinstance(found, PluginError)
    assert str(found) == f"signals.mine: shy (faulty.py): {said}"
    assert found.__cause__ is error


def test_below_a_rule_the_line_is_the_helpers_and_the_function_the_rules(stack: Any) -> None:
    error = raised(stack.pricing.rule.quote, None, None, 0.0)
    found = str(blame(stack, error, 1, CLOCK))
    assert found.startswith("pricing: steep (faulty.py): quote raised ZeroDivisionError: ")
    assert f"faulty.py:{line('return a / b')}," in found


def test_without_a_clock_there_is_no_time_to_name(stack: Any) -> None:
    error = raised(stack.pricing.rule.quote, None, None, 0.0)
    assert str(blame(stack, error, 0, None)).endswith(f"faulty.py:{line('return a / b')})")


def test_an_exception_outside_of_every_rule_is_a_bug_and_nobodys_fault(stack: Any) -> None:
    assert blame(stack, raised(lambda: {}["no key"]), 1, CLOCK) is None  # type: ignore[index]


def within_compiled(text: str, file: str) -> Exception:
    """Returns what a line of that file raises that compiled code runs."""
    scope = {"inner": compile(text, file, "exec")}
    return raised(eval(compile("lambda: exec(inner)", COMPILED, "eval"), scope))


def test_what_compiled_code_raises_is_the_fault_of_the_rule_that_was_called_last(stack: Any) -> None:
    import numba

    clock = SimpleNamespace(decisions=17, at=1, next_timer=0, next_hedge=0)
    of_numba = str(Path(numba.__file__).parent / "typed" / "dictobject.py")
    for file in (COMPILED, of_numba):
        found = blame(stack, within_compiled("raise KeyError('b')", file), 1, clock)
        assert str(found).startswith("signals.mine: shy (faulty.py): on_trade raised KeyError: 'b'")
    # What the compiler itself raises is nobody's.
    refused = within_compiled("from numba.core.errors import TypingError as E\nraise E('no')", of_numba)
    assert blame(stack, refused, 1, clock) is None
