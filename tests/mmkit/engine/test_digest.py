"""The hash that names a compiled stack: it follows every change of what is reached, and nothing else."""

import math
import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmkit.engine.digest import attributes_read, digest
from mmkit.errors import PluginError

RULE = """
import enum
import math
import helper
from helper import scale

WEIGHT = 2.0
NAMES = ("a", 1.5)


class Mood(enum.IntEnum):
    CALM = 0
    WILD = 1


def inner(x):
    return x + WEIGHT


def rule(x, mood=Mood.CALM):
    if mood == Mood.WILD or x in {"p", "q", "r", "s"}:
        return scale(x)
    return helper.double(math.sqrt(inner(x))) * NAMES[1]
"""

HELPER = """
def scale(x):
    return 3.0 * x


def double(x):
    return 2.0 * x


def unused(x):
    return x
"""


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Returns a function that hashes the rule after replacing text in it or in the helper that it imports."""

    def made(old: str = "", new: str = "", folder: str = "/one") -> str:
        helper = types.ModuleType("helper")
        exec(compile(HELPER.replace(old, new) if old else HELPER, f"{folder}/helper.py", "exec"), vars(helper))
        monkeypatch.setitem(sys.modules, "helper", helper)
        scope: dict[str, Any] = {"__name__": "mine"}
        exec(compile(RULE.replace(old, new) if old else RULE, f"{folder}/mine.py", "exec"), scope)
        return digest([scope["rule"]])

    return made


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return scale(x)", "return scale(x + 1)"),
        ("return x + WEIGHT", "return x - WEIGHT"),
        ("WEIGHT = 2.0", "WEIGHT = 2.5"),
        ("WEIGHT = 2.0", "WEIGHT = 2"),
        ("1.5)", "1.25)"),
        ("WILD = 1", "WILD = 2"),
        ("mood=Mood.CALM", "mood=Mood.WILD"),
        ("3.0 * x", "4.0 * x"),
        ("2.0 * x", "2.5 * x"),
        ('"s"', '"t"'),
    ],
)
def test_every_change_of_what_a_rule_reaches_changes_it(hashed: Callable[..., str], old: str, new: str) -> None:
    assert hashed(old, new) != hashed()


@pytest.mark.parametrize(("old", "new"), [("    return x\n", "    return -x\n"), ("import enum", "\n\nimport enum")])
def test_what_is_not_reached_and_where_lines_stand_does_not(hashed: Callable[..., str], old: str, new: str) -> None:
    assert hashed(old, new) == hashed()


def test_the_folder_does_not_matter(hashed: Callable[..., str]) -> None:
    assert hashed(folder="/one") == hashed(folder="/another/place")


def test_it_is_the_same_in_every_process(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text(HELPER)
    (tmp_path / "mine.py").write_text(RULE)
    script = "import mine; from mmkit.engine.digest import digest; print(digest([mine.rule]))"
    found = set()
    for seed in ("0", "1", "271"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(tmp_path)}
        found.add(
            subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True).stdout
        )
    assert len(found) == 1
    assert len(found.pop().strip()) == 64


def test_facts_count_too() -> None:
    assert digest([], "a") != digest([], "b")


LIST = [1.0]
WITH_ADDRESS = (object(),)


def reads_list() -> float:
    return LIST[0]


def reads_tuple() -> Any:
    return WITH_ADDRESS[0]


@pytest.mark.parametrize(("function", "name"), [(reads_list, "LIST, a list"), (reads_tuple, "WITH_ADDRESS, a tuple")])
def test_a_global_that_could_change_unseen_is_a_fault(function: Any, name: str) -> None:
    with pytest.raises(PluginError, match=name):
        digest([function])


def test_a_callable_that_is_no_function_is_a_fault() -> None:
    with pytest.raises(PluginError, match="sqrt is no plain function"):
        digest([math.sqrt])


def test_a_function_that_calls_itself_ends() -> None:
    def down(x: int) -> int:
        return down(x - 1) if x else 0

    assert digest([down]) == digest([down])


def test_only_the_attributes_of_that_module_count() -> None:
    def reads(thing: Any) -> Any:
        return math.sqrt(thing.floor) + math.exp(1.0) + (lambda: math.log)()(1.0)

    assert attributes_read(reads.__code__, "math") == ("sqrt", "exp", "log")
