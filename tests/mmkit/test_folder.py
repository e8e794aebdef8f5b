"""A run's folder: what is in it, what a report may break, and numbers that JSON has no word for."""

import json
import math
import re
from pathlib import Path

import pytest

import mmkit
from mmkit.folder import as_json, fresh
from mmkit.runs import attempt

REPORTS = """
import mmkit


def note(run, folder):
    path = folder / "note.txt"
    path.write_text(f"{len(run.fills)} fills")
    return path


def broken(run, folder):
    raise KeyError("colour")


@mmkit.hookimpl
def mmkit_report():
    return mmkit.Report("note", render=note)


@mmkit.hookimpl(specname="mmkit_report")
def second():
    return mmkit.Report("broken", render=broken)
"""

STACK = """
[stack]
plugins = ["reports.py"]
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
duration = "5s"
[sizing]
use = "fixed"
quantity = 0.1
[pricing]
use = "fixed"
half_spread = 0.01
[report]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Returns the stack's file beside its reports."""
    (tmp_path / "reports.py").write_text(REPORTS)
    (tmp_path / "stack.toml").write_text(STACK)
    return tmp_path / "stack.toml"


def test_without_a_folder_nothing_is_written(file: Path) -> None:
    before = set(file.parent.rglob("*"))
    assert mmkit.run(file, engine="python").folder is None
    assert {path for path in file.parent.rglob("*") if "__pycache__" not in str(path)} == before


def test_a_folder_is_made_with_those_above_it_and_holds_its_files(file: Path) -> None:
    run = mmkit.run(file, engine="python", out=file.parent / "a" / "b")
    assert run.folder == file.parent / "a" / "b"
    names = {path.name for path in run.folder.iterdir()}
    assert names == {"summary.json", "fills.parquet", "records.parquet", "stack.toml", "decisions.log"}


def test_every_report_rule_writes_into_it(file: Path) -> None:
    file.write_text(f'{STACK}\n[report.words]\nuse = "note"\n')
    run = mmkit.run(file, engine="python", out=file.parent / "out")
    assert (file.parent / "out" / "note.txt").read_text() == f"{len(run.fills)} fills"


def test_a_report_that_raises_is_named_and_spoils_neither_the_run_nor_other_reports(file: Path) -> None:
    file.write_text(f'{STACK}\n[report.first]\nuse = "broken"\n[report.words]\nuse = "note"\n')
    run = attempt(file, engine="python", out=file.parent / "out")
    assert isinstance(run.error, mmkit.PluginError)
    said = "report.first: broken (reports.py): render raised KeyError: 'colour'"
    assert re.fullmatch(rf"{re.escape(said)} \({re.escape(str(file.parent / 'reports.py'))}:\d+\)", str(run.error))
    assert (file.parent / "out" / "note.txt").exists()
    assert json.loads((file.parent / "out" / "summary.json").read_text())["fills"]["count"] == len(run.fills)


def test_a_place_that_cannot_be_written_is_the_users_fault(file: Path) -> None:
    with pytest.raises(mmkit.ConfigError, match="cannot write there") as caught:
        mmkit.run(file, engine="python", out=file / "out")
    assert "\n" not in str(caught.value)


def test_numbers_that_are_not_finite_are_null() -> None:
    text = as_json({"a": [math.nan, 1.5, (math.inf, -math.inf)], "b": {"c": math.nan}, "d": "nan", "e": 3})
    assert json.loads(text) == {"a": [None, 1.5, [None, None]], "b": {"c": None}, "d": "nan", "e": 3}


def test_a_fresh_folder_is_named_after_the_stack_and_does_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = []
    for _ in range(3):
        made.append(fresh("btc-perp"))
        made[-1].mkdir(parents=True)
    assert len(set(made)) == 3
    for path in made:
        assert path.match("runs/*Z-btc-perp") or path.match("runs/*Z-btc-perp-[23]")
