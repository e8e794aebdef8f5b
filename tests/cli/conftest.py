"""Real processes of the installed command."""

import os
import subprocess
import sysconfig
from collections.abc import Callable
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
