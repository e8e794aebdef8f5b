"""What the written module does where an input is not there."""

import math
from pathlib import Path

from mmkit.engine.plain import PlainEngine
from mmkit.engine.session import program
from mmkit.settings import read

STACK = """
[stack]
plugins = ["cautious.py"]
[instruments.X]
tick_size = 1
lot_size = 1
[instruments.X.market]
use = "book"
[pricing]
use = "fixed"
half_spread = 5.0
[sizing]
use = "fixed"
quantity = 1
[signals.sigma]
use = "volatility"
[risk.cautious]
use = "cautious"
"""

CAUTIOUS = """
import attrs
import mmkit


@attrs.define
class Inputs:
    volatility: float = mmkit.required(unit="price/sqrt(s)")


def limit(params, state, market, inputs, ladder, desk):
    pass


@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("cautious", inputs=Inputs, limit=limit)
"""


def test_a_limit_whose_input_is_missing_lets_nothing_pass(tmp_path: Path) -> None:
    (tmp_path / "cautious.py").write_text(CAUTIOUS)
    (tmp_path / "stack.toml").write_text(STACK)
    engine = PlainEngine(program(read(tmp_path / "stack.toml")))
    sent = []
    for volatility in (math.nan, 1.0):
        session = engine.session()
        session.market.bid_ticks, session.market.ask_ticks, session.market.mid = 999, 1001, 1000.0
        session.signals_sigma_state.value = volatility
        engine.program.functions["decide"](session, None)
        sent.append(session.desk.submitted)
    assert sent == [0, 2]
