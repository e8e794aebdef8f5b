"""Compiled stacks are kept, found again, made anew after any edit, and never trusted when they are damaged."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mmkit.engine import cache
from mmkit.runs import Run, attempt

RULE = """
import attrs
import outside
import mmkit


@attrs.frozen
class Params:
    half: float = mmkit.field(1.0, doc="half-spread")


def widened(half):
    return half + 0.0


def quote(params, state, market):
    half = widened(outside.scaled(params.half))
    return market.mid, half, half


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("mine", params=Params, quote=quote)
"""

OUTSIDE = """
def scaled(half):
    return 1.0 * half
"""

STACK = """
[stack]
name = "kept"
plugins = ["mine.py"]
record_every = "100ms"
[instruments.ASSET]
tick_size = 1e-6
lot_size = 1.0
[instruments.ASSET.market]
use = "diffusion"
start_price = 100.0
sigma = 2.0
step = "5ms"
duration = "1s"
paths = 5
[instruments.ASSET.venue]
use = "intensity"
A = 140.0
k = 1.5
[pricing]
use = "mine"
half = {half}
[sizing]
use = "fixed"
quantity = 1.0
[execution]
use = "requote"
post_only = false
[report]
"""

SCRIPT = """
import json, sys
from mmkit.runs import attempt
said = []
run = attempt(sys.argv[1], engine="compiled", notify=said.append)
print(json.dumps([run.summary["fills"], run.summary["position"], run.summary["cash"], said]))
"""

COMPILING = "compiling the stack kept (once; kept for the next run)"


def write(folder: Path, *, rule: str = RULE, outside: str = OUTSIDE, half: float = 1.0) -> Path:
    """Writes the stack, its plugin file and the module that this imports; returns the stack's file."""
    (folder / "mine.py").write_text(rule)
    (folder / "outside.py").write_text(outside)
    (folder / "stack.toml").write_text(STACK.format(half=half))
    return folder / "stack.toml"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """Returns a cache that two processes filled at once, and what each of them said."""
    folder = tmp_path_factory.mktemp("kept")
    file = write(folder)
    env = {**os.environ, "MMKIT_CACHE": str(folder / "cache"), "PYTHONPATH": str(folder)}
    command = [sys.executable, "-W", "error", "-c", SCRIPT, str(file)]
    both = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    return folder / "cache", [json.loads(answer) for answer in answers]


@pytest.fixture
def run(
    filled: tuple[Path, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[Run, list[str]]]]:
    """Returns a function that runs the stack, edited as told, on a copy of the filled cache: the run, and what it said."""
    shutil.copytree(filled[0], tmp_path / "cache")
    monkeypatch.setenv("MMKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path))

    def once(engine: str = "compiled", **edits: Any) -> tuple[Run, list[str]]:
        sys.modules.pop("outside", None)
        said: list[str] = []
        done = attempt(write(tmp_path, **edits), engine=engine, notify=said.append)
        assert done.error is None
        return done, said

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield once
    sys.modules.pop("outside", None)


def stack_folder(tmp_path: Path) -> Path:
    """Returns the one compiled stack in the cache."""
    [folder] = (tmp_path / "cache" / "stacks").iterdir()
    return folder


def money(run: Run) -> list[Any]:
    """Returns what depends on every quote."""
    return json.loads(json.dumps([run.summary["fills"], run.summary["position"], run.summary["cash"]]))


def test_two_processes_at_once_agree_and_leave_one_compiled_stack(
    filled: tuple[Path, list[Any]], run: Callable[..., tuple[Run, list[str]]]
) -> None:
    folder, answers = filled
    assert [answer[3] for answer in answers] == [[COMPILING]] * 2
    assert [path.name.startswith(".") for path in (folder / "stacks").iterdir()] == [False]
    third, said = run()
    assert said == []
    assert [answer[:3] for answer in answers] == [money(third)] * 2
    assert money(run("python")[0]) == money(third)


def test_another_parameter_is_found_in_the_cache_and_counts(run: Callable[..., tuple[Run, list[str]]]) -> None:
    narrow, said = run(half=0.25)
    assert said == []
    assert money(narrow) == money(run("python", half=0.25)[0])
    assert money(narrow) != money(run()[0])


@pytest.mark.parametrize(
    "edits",
    [
        {"rule": RULE.replace("half + 0.0", "half - 0.5")},
        {"outside": OUTSIDE.replace("1.0 * half", "0.5 * half")},
    ],
    ids=["a helper in the rule's file", "a helper in another file"],
)
def test_an_edit_compiles_anew_and_counts(run: Callable[..., tuple[Run, list[str]]], edits: dict[str, str]) -> None:
    before, _ = run()
    after, said = run(**edits)
    assert said == [COMPILING]
    assert money(after) == money(run("python", **edits)[0])
    assert money(after) != money(before)


@pytest.mark.parametrize("damage", ["shortened", "a bit turned", "no manifest"])
def test_a_damaged_stack_is_compiled_anew(
    run: Callable[..., tuple[Run, list[str]]], tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = run()
    folder = stack_folder(tmp_path)
    [code] = (folder / "__pycache__").glob("*.nbc")
    content = bytearray(code.read_bytes())
    if damage == "shortened":
        code.write_bytes(content[: len(content) // 2])
    elif damage == "a bit turned":
        content[len(content) // 2] ^= 1
        code.write_bytes(content)
    else:
        (folder / cache.MANIFEST).unlink()
    assert not cache.is_warm(folder)
    if damage != "a bit turned":
        return  # the way from there on is the same
    again, said = run()
    assert said == [COMPILING]
    assert money(again) == money(whole)
    assert cache.is_warm(folder)
    assert run()[1] == []


def test_a_cache_that_cannot_be_written_costs_one_warning(
    run: Callable[..., tuple[Run, list[str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = run()
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("MMKIT_CACHE", str(tmp_path / "a file"))
    again, said = run()
    warnings = [text for text in said if text.startswith("warning: ")]
    assert len(warnings) == 1
    assert warnings[0].endswith("Not a directory; compiled in memory, to be done again next time")
    assert money(again) == money(whole)


def test_a_disk_that_fills_up_on_the_way_costs_one_warning_and_leaves_nothing(
    run: Callable[..., tuple[Run, list[str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from numba.core.caching import IndexDataCacheFile

    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    whole, _ = run()
    shutil.rmtree(stack_folder(tmp_path))
    monkeypatch.setattr(IndexDataCacheFile, "save", full)
    again, said = run()
    assert [text for text in said if "No space left" in text] == said[1:]
    assert len(said) == 2
    assert money(again) == money(whole)
    assert list((tmp_path / "cache" / "stacks").iterdir()) == []


PATHS = """
[stack]
name = "paths"
[instruments.X]
tick_size = 1e-6
lot_size = 1.0
[instruments.X.market]
use = "diffusion"
start_price = 100.0
sigma = 2.0
step = "5ms"
moves = "binomial"
duration = "{duration}"
paths = 2
[instruments.X.venue]
use = "intensity"
A = 140.0
k = 1.5
scheme = "linear"
[pricing]
use = "fixed"
half_spread = 0.5
[sizing]
use = "fixed"
quantity = 1.0
[execution]
use = "requote"
[report]
"""


def test_a_log_of_another_length_joins_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMKIT_CACHE", str(tmp_path / "cache"))
    said: list[list[str]] = []
    for duration in ("1s", "2s", "1s", "2s"):
        (tmp_path / "stack.toml").write_text(PATHS.format(duration=duration))
        before = [path.read_bytes() for path in sorted(tmp_path.glob("cache/stacks/*/compiled.json"))]
        lines: list[str] = []
        assert attempt(tmp_path / "stack.toml", engine="compiled", notify=lines.append).error is None
        after = [path.read_bytes() for path in sorted(tmp_path.glob("cache/stacks/*/compiled.json"))]
        said.append([line for line in lines if line.startswith("compiling")] + ["sealed"] * (before != after))
    assert [len(each) for each in said] == [2, 1, 0, 0]
