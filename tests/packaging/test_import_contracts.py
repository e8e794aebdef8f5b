"""The import contracts hold, and would notice: violations are planted in a copy of the sources."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("importlinter", reason="import-linter is not installed (extra: check)")

NO_PLUGIN = "The kernel imports no plugin"
BUILT_IN = "Built-in plugins import mmkit itself, none of its modules"
KERNEL, PLUGINS = "mmkit/settings.py", "plugins/mmkit_plugins/pricing/fixed.py"


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """Returns a folder with a copy of the sources and of pyproject.toml."""
    for name in ("mmkit", "plugins"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


def verdict(folder: Path) -> tuple[int, str]:
    """Returns the exit code and the text of lint-imports over the sources in `folder`."""
    code = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{folder / 'plugins'}", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def test_the_sources_keep_both_contracts(copy: Path) -> None:
    code, text = verdict(copy)
    assert code == 0
    assert "Contracts: 2 kept, 0 broken." in text


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        (KERNEL, "import mmkit_plugins.pricing.fixed", NO_PLUGIN),
        (KERNEL, "def late():\n    from mmkit_plugins.ladder import single", NO_PLUGIN),
        (PLUGINS, "from mmkit.engine.orders import place", BUILT_IN),
        (PLUGINS, "from mmkit import tape", BUILT_IN),
        (PLUGINS, "def late():\n    import mmkit.errors", BUILT_IN),
    ],
)
def test_a_planted_violation_is_noticed(copy: Path, file: str, line: str, broken: str) -> None:
    with (copy / file).open("a", encoding="utf-8") as stream:
        stream.write(f"\n\n{line}\n")
    code, text = verdict(copy)
    assert code != 0
    assert [row.rsplit(" ", 1)[0] for row in text.splitlines() if row.endswith(" BROKEN")] == [broken]
