"""Small stacks over a simulated book, and what a run of them recorded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mmkit

STACK = """
[stack]
seed = 3
record_every = "100ms"
plugins = ["own.py"]
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
duration = "60s"
[signals.candles]
use = "volume-candles"
threshold = 2.0
max_time = "5s"
[pricing]
use = "fixed"
half_spread = {half}
[sizing]
use = "fixed"
quantity = 0.2
[execution]
use = "requote"
every = "{every}"
on = {on}
[report]
{more}
"""

IDLE = """
import mmkit


def limit(params, state, market, ladder, desk):
    pass


@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("idle", limit=limit)
"""

Go = Callable[..., mmkit.Run]


@pytest.fixture
def go(tmp_path: Path) -> Go:
    """Returns a function that runs the stack; `plugin` is the text of own.py."""

    def run(
        half: float = 0.02,
        on: str = '["timer"]',
        every: str = "100ms",
        more: str = "",
        plugin: str = IDLE,
        **given: Any,
    ) -> mmkit.Run:
        (tmp_path / "own.py").write_text(plugin)
        file = tmp_path / "stack.toml"
        file.write_text(STACK.format(half=half, on=on, every=every, more=more))
        return mmkit.run(file, engine="python", **given)

    return run
