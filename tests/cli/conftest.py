"""Real processes of the installed command."""

import os
import subprocess
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

MMKIT = Path(sysconfig.get_path("scripts")) / "mmkit"

SIMULATED = """
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
duration = "20s"
[signals.sigma]
use = "volatility"
warm_up = "2s"
[sizing]
use = "fixed"
quantity = 0.1
[pricing]
use = "avellaneda"
gamma = 1.0
k = 100.0
[report]
"""


@pytest.fixture
def mmkit(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Returns a runner: mmkit with these arguments, in tmp_path, without a terminal."""

    def run(*args: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        options: dict[str, Any] = {"cwd": tmp_path, "env": os.environ | environment, "stdin": subprocess.DEVNULL}
        command = [str(MMKIT), *map(str, args)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)

    return run


@pytest.fixture
def command() -> Path:
    """Returns the installed command, for tests that talk to a process while it runs."""
    return MMKIT


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    """Returns the file of a stack on the simulated book, 20 seconds long, without a report."""
    file = tmp_path / "stack.toml"
    file.write_text(SIMULATED)
    return file


@pytest.fixture(scope="session")
def installer() -> Callable[[Path], Callable[..., Path]]:
    """Returns what makes, of a folder, an installer of distributions into it."""
    return _installer


def _installer(site: Path) -> Callable[..., Path]:
    """Returns an installer of distributions into a folder: modules by name, entry points as (role, name, value)."""

    def install(
        name: str, modules: Mapping[str, str], entries: Sequence[tuple[str, str, str]], version: str = "1.5"
    ) -> Path:
        site.mkdir(exist_ok=True)
        for module, source in modules.items():
            (site / f"{module}.py").write_text(source)
        about = site / f"{name.replace('-', '_')}-{version}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = [f"[mmkit.{role}]\n{key} = {value}\n" for role, key, value in entries]
        (about / "entry_points.txt").write_text("".join(lines))
        return about

    return install
