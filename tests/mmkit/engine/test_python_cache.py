"""An optimization that stays Python: the compiled loop asks it, and the bits are the plain engine's."""

from pathlib import Path

import mmkit

STACK = """
[stack]
plugins = ["mine.py"]
[instruments.X]
tick_size = 0.01
lot_size = 0.001
[instruments.X.market]
use = "book"
duration = "40s"
[signals.sigma]
use = "volatility"
[pricing]
use = "avellaneda"
gamma = 1.0
k = 40.0
optimizations = ["remember"]
[sizing]
use = "fixed"
quantity = 0.2
[report]
"""

MINE = """
import attrs
import mmkit

known = {}


@attrs.define
class State:
    hits: int = 0
    misses: int = 0
    last: int = 0


def exact(params):
    return True


def keeps(params, state, market, key):
    number = known.setdefault(key, len(known) + 1)
    if number == state.last and all(value == value for value in key):
        state.hits += 1
        return True
    state.last = number
    state.misses += 1
    return False


@mmkit.hookimpl
def mmkit_optimization():
    return mmkit.Optimization("remember", state=State, exact=exact, keeps=keeps, compiled=False)
"""


def test_a_cache_over_a_dict_is_asked_from_the_compiled_loop(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "stack.toml").write_text(STACK)
    runs = {engine: mmkit.run(tmp_path / "stack.toml", engine=engine) for engine in ("python", "compiled")}
    usual = mmkit.run(tmp_path / "stack.toml", engine="python", disable=["pricing.remember"])
    counted = [run.summary["counters"]["caches"]["pricing.remember"] for run in runs.values()]
    assert counted[0] == counted[1]
    assert counted[0]["hits"] > counted[0]["misses"] > 0
    for run in runs.values():
        assert run.fills.equals(usual.fills)
        assert run.records.equals(usual.records)
