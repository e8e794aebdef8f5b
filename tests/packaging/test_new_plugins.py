"""A new plugin of every role, in an environment of its own: written, installed, listed, tested, run, removed; with no edit."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmkit.installed import COMMAND, PLACES

pytest.importorskip("hatchling", reason="hatchling is not installed (extra: test)")

COSTLY = ("bounded", "company", "same-bits", "speed")
"""Checks of the conformance kit that one of the new rules is taken through, and not all of them."""

CHECKED = "pricing"

EACH = """
import json, sys
from mmkit.cli import main
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["mmkit", *arguments]
    try:
        main()
    except SystemExit as end:
        assert not end.code, arguments
"""
"""Runs the command mmkit once for each list of arguments."""

Tool = Callable[..., subprocess.CompletedProcess[str]]


def name_of(role: str) -> str:
    """Returns what the new plugin of a role is called."""
    return f"new-{role}-of-mine"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder in which the plugins are written."""
    return tmp_path_factory.mktemp("plugins")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the interpreter of a fresh environment, which sees what is installed where the tests run and installs nothing there."""
    root = tmp_path_factory.mktemp("environment")
    venv.create(root, with_pip=False, symlinks=True)
    paths = sysconfig.get_paths(vars={"base": str(root), "platbase": str(root)})
    line = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (Path(paths["purelib"]) / "inherited.pth").write_text(line, encoding="utf-8")
    return Path(paths["scripts"]) / "python"


@pytest.fixture(scope="module")
def mmkit(folder: Path, python: Path) -> Tool:
    """Returns a runner: the command mmkit of that environment, in the plugins' folder or one below it."""

    def run(*arguments: str, at: str = "") -> subprocess.CompletedProcess[str]:
        command = [python, "-P", "-c", "from mmkit.cli import main; main()", *arguments]
        return subprocess.run(command, cwd=folder / at, capture_output=True, text=True, timeout=300, check=False)

    return run


@pytest.fixture(scope="module")
def pip(folder: Path, python: Path) -> Tool:
    """Returns a runner: pip for that environment, without a network."""

    def run(verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", verb, *arguments]
        environment = os.environ | {"PIP_NO_INDEX": "1"}
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="module")
def installed(folder: Path, python: Path, pip: Tool) -> Path:
    """Returns the folder with a plugin of each role, all of them installed."""
    # One process for all: each would import every rule for the schema.
    arguments = [["plugins", "new", name_of(role), "--role", role] for role in PLACES]
    written = subprocess.run([python, "-P", "-c", EACH, json.dumps(arguments)], cwd=folder, check=False)
    assert written.returncode == 0
    editable = [part for role in PLACES for part in ("-e", f"./{name_of(role)}")]
    done = pip("install", "--no-build-isolation", *editable)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder


def of_mine(listed: str) -> list[dict[str, Any]]:
    """Returns the rows of the list that are about the new plugins."""
    return [row for row in json.loads(listed) if row["distribution"].endswith("-of-mine")]


def test_each_is_listed(installed: Path, mmkit: Tool) -> None:
    rows = of_mine(mmkit("plugins", "list", "--json").stdout)
    assert [(row["role"], row["name"], row["distribution"]) for row in rows] == [
        (role, name_of(role), name_of(role)) for role in PLACES
    ]
    assert all(row["enabled"] and not row["builtin"] and row["broken"] is None for row in rows)
    assert {row["version"] for row in rows} == {"0.1.0"}


@pytest.mark.parametrize("role", [role for role in PLACES if role != COMMAND])
def test_its_stack_runs(installed: Path, mmkit: Tool, role: str) -> None:
    options = ["--engine", "python", "--out", "first", "--set", "instruments.SIM.market.duration=30s"]
    done = mmkit("run", "stack.toml", *options, "--disable", "report.page", at=name_of(role))
    assert (done.returncode, done.stdout) == (0, "first\n"), done.stderr
    summary = json.loads((installed / name_of(role) / "first" / "summary.json").read_text(encoding="utf-8"))
    assert summary["fills"]["count"] > 0


def test_its_command_is_one_of_mmkits(installed: Path, mmkit: Tool) -> None:
    name = name_of(COMMAND)
    assert name in mmkit("--help").stdout
    options = ["--engine", "python", "--out", "first", "--set", "instruments.SIM.market.duration=30s"]
    assert mmkit("run", "stack.toml", *options, at=name).returncode == 0
    done = mmkit(name, "first", "--json", at=name)
    assert (done.returncode, done.stderr) == (0, "")
    assert [(row["instrument"], row["side"]) for row in json.loads(done.stdout)] == [("SIM", "bought"), ("SIM", "sold")]


def test_its_tests_pass(installed: Path, python: Path) -> None:
    left_out = " or ".join(COSTLY)
    options = ["-q", "-W", "error", "-p", "no:cacheprovider", "-k", f"not ({left_out})"]
    command = [python, "-P", "-m", "pytest", *options, *map(name_of, PLACES)]
    done = subprocess.run(command, cwd=installed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:]


def test_it_passes_every_check(installed: Path, mmkit: Tool) -> None:
    done = mmkit("plugins", "check", name_of(CHECKED), "--json")
    assert done.returncode == 0, done.stdout + done.stderr


def test_once_removed_nothing_of_it_is_left(installed: Path, mmkit: Tool, pip: Tool) -> None:
    assert pip("uninstall", "-y", *map(name_of, PLACES)).returncode == 0
    listed = mmkit("plugins", "list", "--json").stdout
    assert of_mine(listed) == []
    assert len(json.loads(listed)) > 50
    done = mmkit("check", "stack.toml", at=name_of("ladder"))
    assert done.returncode == 2
    assert f'no ladder plugin "{name_of("ladder")}"' in done.stderr
