"""A stack over a simulated book whose rules have what optimizations work on."""

from pathlib import Path
from typing import Any

import pytest

STACK = """
[stack]
seed = 4
record_every = "100ms"
plugins = ["steps.py"]
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
duration = "90s"
[signals.sigma]
use = "volatility"
sample = "200ms"
[pricing]
use = "avellaneda"
gamma = 1.0
k = 40.0
[sizing]
use = "fixed"
quantity = 0.2
[ladder]
use = "steps"
[risk.limits]
use = "position-limit"
[report]
"""

STEPS = """
import attrs
import mmkit


@attrs.frozen
class Params:
    levels: int = mmkit.field(5, at_least=1, at_most=8, doc="levels a side")


@attrs.define
class Constants:
    offset: list[int] = mmkit.array(int, 8)
    made: int = 0


def assemble(params, constants):
    constants.made += 1
    for i in range(params.levels):
        constants.offset[i] = i * (i + 1) // 2


def most(params):
    return params.levels


def levels(params, state, market, constants, ladder, bid_qty, ask_qty):
    ladder.levels = params.levels
    for i in range(params.levels):
        ladder.offset_ticks[i] = constants.offset[i]
        ladder.bid_qty[i] = bid_qty
        ladder.ask_qty[i] = ask_qty


@mmkit.hookimpl
def mmkit_ladder():
    return mmkit.Ladder("steps", params=Params, constants=Constants, assemble=assemble, most=most, levels=levels)
"""


@pytest.fixture
def stack(tmp_path: Path) -> Any:
    """Returns a stack file."""
    (tmp_path / "steps.py").write_text(STEPS)
    file = tmp_path / "stack.toml"
    file.write_text(STACK)
    return file
