"""mmkit plugins check, as a user calls it: rows, exit codes, one line for what is wrong with the call."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MINE = '''"""Twice the same quantity."""
from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    quantity: float = mmkit.field({default}doc="of each order", unit="base", above=0)


def sizes(params: Any, state: Any, market: Any) -> tuple[float, float]:
    return params.quantity, {second}


@mmkit.hookimpl
def mmkit_sizing() -> mmkit.Sizing:
    return mmkit.Sizing("mine", params=Params, sizes=sizes)
'''


def called(*arguments: str, folder: Path | None = None) -> tuple[int, str, str]:
    command = [sys.executable, "-c", "from mmkit.cli import main; main()", "plugins", "check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=folder)
    return done.returncode, done.stdout, done.stderr


def test_a_sound_rule_is_a_table_and_exit_code_0(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE.format(default="0.1, ", second="params.quantity"))
    code, out, err = called("mine.py", "--only", "pure", "--only", "declarations", folder=tmp_path)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "sizing mine (mine.py)"
    assert lines[1].split()[:2] == ["declarations", "passed"]
    assert lines[2].split()[:2] == ["pure", "passed"]
    assert len(lines) == 3


def test_a_fault_is_exit_code_1_and_json_is_one_document(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE.format(default="0.1, ", second="abs(hash(str(id(market)))) * 1e-20"))
    code, out, _ = called("mine.py", "--only", "deterministic", "--json", folder=tmp_path)
    assert code == 1
    [found] = json.loads(out)
    assert {key: found[key] for key in ("name", "role", "from")} == {
        "name": "mine",
        "role": "sizing",
        "from": "mine.py",
    }
    [row] = found["rows"]
    assert (row["check"], row["outcome"]) == ("deterministic", "failed")
    assert "a second run of the same stack differs" in row["reason"]


def test_a_parameter_without_a_default_can_be_given(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE.format(default="", second="params.quantity"))
    assert called("mine.py", "--only", "deterministic", "--set", "quantity=0.2", folder=tmp_path)[0] == 0
    code, out, _ = called("mine.py", "--only", "deterministic", "--set", "quantity=-1", folder=tmp_path)
    assert code == 1
    assert "must be above 0 base, is -1" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("imbalence",), 'no plugin "imbalence" (did you mean "imbalance"?)'),
        (("imbalance", "--only", "puer"), 'no check "puer" (did you mean "pure"?)'),
        (("imbalance", "--set", "levels"), "--set levels: must be KEY=VALUE"),
        (("nowhere.py",), "nowhere.py"),
    ],
)
def test_what_does_not_exist_is_one_line_and_exit_code_2(arguments: tuple[str, ...], said: str) -> None:
    code, out, err = called(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_what_does_not_load_is_exit_code_4(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import nothing_of_that_name\n")
    code, out, err = called("broken.py", folder=tmp_path)
    assert (code, out) == (4, "")
    assert "nothing_of_that_name" in err
    assert "Traceback" not in err
