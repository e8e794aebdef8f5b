"""What the README shows is true: its files and commands work as printed, its table lists every built-in rule."""

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from shown import Command, File, Script, steps

import mmkit
from mmkit.rules import Role

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MMKIT = Path(sysconfig.get_path("scripts")) / "mmkit"


STEPS = list(steps(README))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Returns a folder with the README's stack and plugin."""
    files = {step.name: step.text for step in STEPS if isinstance(step, File)}
    assert files.keys() == {"stack.toml", "wide.py"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_every_command_prints_what_it_says(folder: Path) -> None:
    shown = [step for step in STEPS if isinstance(step, Command)]
    assert len(shown) >= 3
    for line, output in shown:
        program, *arguments = shlex.split(line)
        assert program == "mmkit"
        done = subprocess.run([MMKIT, *arguments], cwd=folder, capture_output=True, text=True, check=False)
        assert done.stdout + done.stderr == output, line


def test_the_run_trades_and_writes_what_the_readme_lists(folder: Path) -> None:
    run = mmkit.run(folder / "stack.toml", out=folder / "first")
    assert run.summary["fills"]["count"] > 10
    (listed,) = re.findall(r"The folder `first` now holds (.*?) with every", README, re.DOTALL)
    assert set(re.findall(r"`([^`]+)`", listed)) == {path.name for path in (folder / "first").iterdir()}


def test_the_notebook_lines_work(folder: Path) -> None:
    (lines,) = (step.text for step in STEPS if isinstance(step, Script))
    check = "import polars\nassert run.fills.height and isinstance(run.records, polars.DataFrame)"
    subprocess.run([sys.executable, "-c", f"{lines}\n{check}"], cwd=folder, check=True)


def test_the_plugin_is_twenty_lines_and_its_parameters_change_the_fills(folder: Path) -> None:
    assert len((folder / "wide.py").read_text(encoding="utf-8").splitlines()) <= 20
    fills = [
        mmkit.run(folder / "stack.toml", set=changes).fills.rows()
        for changes in ([], ["pricing.width=0.5"], ["pricing.lean=0.2"])
    ]
    assert fills[0] != fills[1]
    assert fills[0] != fills[2]


def test_the_table_lists_every_built_in_rule_once_with_a_sentence() -> None:
    rows = re.findall(r"(?m)^\| (\w+) \| `([\w-]+)` \| (.{8,}) \|$", README)
    installed = {
        (role.value, entry.name)
        for role in Role
        for entry in entry_points(group=f"mmkit.{role.value}")
        if entry.value.startswith("mmkit_plugins.")
    }
    assert {(role, name) for role, name, _ in rows} == installed
    assert len(rows) == len(installed)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/index.md"])
def test_links_lead_somewhere(page: str) -> None:
    file = ROOT / page
    targets = re.findall(r"\]\(([^)#]+)\)", file.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (file.parent / target).exists()] == []


def test_every_decision_is_listed() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"\| \[(\d+)\]\(decisions/([^)]+)\) \| (.+) \|", index)
    titles = {
        path.name: path.read_text(encoding="utf-8").splitlines()[0]
        for path in (ROOT / "docs" / "decisions").glob("*.md")
    }
    assert {name: f"# {number}. {title}" for number, name, title in listed} == titles


def test_make_has_the_commands_that_the_pages_name() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    pages = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?m)(?:^    |`)make (\w+)", pages))
    targets = set(re.findall(r"(?m)^(\w+):", makefile))
    assert {"demo", "test", "check"} <= named <= targets


def test_the_picture_is_there_and_small() -> None:
    picture = ROOT / "docs" / "report.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert os.path.getsize(picture) < 300_000
