"""Importing mmkit and asking for help loads no heavy library. What is loaded is listed; nothing is timed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from mmkit.cli import app

HEAVY = ("llvmlite", "numba", "numpy", "orjson", "pandas", "plotly", "polars", "pyarrow", "rich", "scipy")

LOADED = """
import sys
{action}
print(*sorted({{name.partition(".")[0] for name in sys.modules}} & set({heavy!r})), file=sys.stderr)
"""
COMMAND = """
from mmkit.cli import main
sys.argv = ["mmkit", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def commands(of: typer.Typer) -> list[list[str]]:
    """Returns every command and group of commands, as one types it."""
    found = [[command.name or ""] for command in of.registered_commands]
    for group in of.registered_groups:
        name = group.name or group.typer_instance.info.name
        found += [[name], *([name, *below] for below in commands(group.typer_instance))]
    return found


PLUGINS = """
import sys
print(*sorted(name for name in sys.modules if name.startswith(("mmkit_plugins", "stranger"))), file=sys.stderr)
"""


def loaded(action: str) -> tuple[list[str], str]:
    """Returns the heavy libraries that are loaded after an action in a fresh interpreter, and what it printed."""
    code = LOADED.format(action=action, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr.split(), done.stdout


def test_the_probe_sees_what_is_loaded() -> None:
    assert loaded("import numpy")[0] == ["numpy"]


def test_importing_mmkit_is_light() -> None:
    assert loaded("import mmkit")[0] == []


def test_what_needs_numpy_is_looked_up_when_it_is_used() -> None:
    assert loaded("import mmkit; mmkit.EVENT")[0] == ["numpy"]


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["--help"], *([*command, "--help"] for command in commands(app))],
    ids=" ".join,
)
def test_version_and_help_are_light(arguments: list[str]) -> None:
    libraries, text = loaded(COMMAND.format(arguments=arguments))
    assert libraries == []
    assert "mmkit" in text


@pytest.fixture
def strangers(tmp_path: Path) -> Path:
    """Returns a folder with an installed rule and an installed command."""
    (tmp_path / "stranger.py").write_text("raise SystemExit('imported')\n")
    about = tmp_path / "strangers-1.5.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: strangers\nVersion: 1.5\n")
    (about / "entry_points.txt").write_text("[mmkit.pricing]\nodd = stranger\n[mmkit.command]\nhi = stranger:hi\n")
    return tmp_path


@pytest.mark.parametrize("arguments", [["--help"], ["plugins", "list"], ["plugins", "--help"]], ids=" ".join)
def test_help_and_the_list_of_plugins_import_no_plugin_and_nothing_heavy(strangers: Path, arguments: list[str]) -> None:
    action = COMMAND.format(arguments=arguments)
    code = LOADED.format(action=action, heavy=HEAVY) + PLUGINS
    environment = os.environ | {"PYTHONPATH": str(strangers)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.split() == []
    assert ("strangers" in done.stdout) == (arguments != ["plugins", "--help"])
