"""Importing mmkit and asking for help loads no heavy library. What is loaded is listed; nothing is timed."""

import subprocess
import sys

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
