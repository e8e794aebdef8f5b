"""Importing mmkit and asking for help loads no heavy library. What is loaded is listed; nothing is timed."""

import subprocess
import sys

import pytest

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
    [["--version"], ["--help"], *([name, "--help"] for name in ("demo", "init", "check", "run"))],
    ids=" ".join,
)
def test_version_and_help_are_light(arguments: list[str]) -> None:
    libraries, text = loaded(COMMAND.format(arguments=arguments))
    assert libraries == []
    assert "mmkit" in text
