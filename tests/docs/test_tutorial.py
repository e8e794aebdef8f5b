"""The tutorial, followed literally: every command in its order, from `pip install` to a report with a plugin of one's own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from shown import follow

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    """Returns the environment of somebody who has Python and nothing else; skips without a package index, but fails in CI."""
    asked = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(tmp_path / "asked"),
        "hatchling",
    ]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            f"no package index: {done.stderr.strip()[-200:]}"
        )
    # The interpreter that made the environment of the tests, without that environment; what its users set for it stays.
    bare = Path(sys.base_prefix) / "bin"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "COV"))}
    path = os.pathsep.join([str(bare), "/usr/local/bin", "/usr/bin", "/bin"])
    # pip spends as long on bytecode, most of it never used, as on everything else.
    return kept | {"PATH": path, "NO_COLOR": "1", "PIP_NO_COMPILE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def test_the_tutorial_leads_to_a_report_with_a_plugin_of_ones_own(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "mmkit").symlink_to(ROOT, target_is_directory=True)
    assert follow(PAGE, folder, environment) >= 20
    report = (folder / "with" / "report.html").read_text(encoding="utf-8")
    assert "<title>flow: mmkit run</title>" in report
    stack = (folder / "with" / "stack.toml").read_text(encoding="utf-8")
    assert 'use = "push"' in stack
    # The plugin came from its own package, in the environment that the page made.
    assert (folder / "push" / "src" / "push" / "signals.py").is_file()
    assert list((folder / "env").glob("lib/python*/site-packages/push-0.1.0.dist-info"))
