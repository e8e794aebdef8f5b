"""Rules that stay Python are called from the compiled loop, with the same bits; errors name the rule under both engines."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmkit.engine import engines
from mmkit.errors import PluginError
from mmkit.runs import attempt

HEAD = """
[stack]
name = "{name}"
plugins = ["mine.py"]
[instruments.X]
tick_size = 0.01
lot_size = 0.001
[instruments.X.market]
use = "book"
duration = "40s"
"""

QUEUE = """
[instruments.X.venue]
use = "queue"
"""

REST = """
[sizing]
use = "fixed"
quantity = 0.5
[execution]
use = "requote"
[report]
"""

EVERY_ROLE = '''
"""One rule in every role, none of them compiled; each uses what no compiler takes."""
import math
from collections import Counter
import attrs
import mmkit

calls = Counter()


@attrs.define
class Seen:
    value: float = math.nan
    trades: int = 0
    fills: int = 0
    last: list = mmkit.array(float, 3)


@attrs.define
class Size:
    order_size: float = 0.0


@attrs.define
class Inputs:
    value: float = mmkit.required()


@attrs.define
class Terms:
    half: float = 0.0


@attrs.frozen
class Raising:
    at: int = mmkit.field(0, doc="call that raises; 0 = none")


def on_book(params, state, market, book):
    calls["on_book"] += 1
    state.value = market.mid
    state.last[0] = float(book[2 * (market.bid_ticks - market.base)])


def on_trade(params, state, market, trade, book):
    calls["on_trade"] += 1
    state.trades += trade.side
    state.last[1] = trade.price * trade.qty


def on_fill(params, state, market, fill, book):
    calls["on_fill"] += 1
    state.fills += fill.qty_lots
    state.last[2] = fill.price


def sizes(params, state, market):
    calls["sizes"] += 1
    state.order_size = float({"bid": 0.5}["bid"])
    return state.order_size, state.order_size


def prepare(params, terms, value):
    calls["prepare"] += 1
    terms.half = min([0.03, value])


def quote(params, state, market, inputs, terms):
    calls["quote"] += 1
    if state.trades + 1 == params.at:
        raise RuntimeError("no further")
    state.trades += 1
    return inputs.value - 0.01 * market.position, terms.half, terms.half


def levels(params, state, market, ladder, bid_qty, ask_qty):
    calls["levels"] += 1
    ladder.levels = 2
    for i, offset in enumerate((0, 3)):
        ladder.offset_ticks[i] = offset
        ladder.bid_qty[i] = bid_qty
        ladder.ask_qty[i] = ask_qty


def limit(params, state, market, ladder, desk):
    calls["limit"] += 1
    alive = sum(desk.orders[desk.live[i]].remaining for i in range(desk.live_count))
    if alive > 100_000:
        ladder.levels = 0


def next_time(params, state, market):
    calls["next_time"] += 1
    return market.now + 70_000_000


def act(params, state, market, ladder, desk):
    calls["act"] += 1
    wanted = {(1, ladder.bid_ticks[i]) for i in range(ladder.levels)}
    wanted |= {(-1, ladder.ask_ticks[i]) for i in range(ladder.levels)}
    for place in [desk.live[i] for i in range(desk.live_count)]:
        order = desk.orders[place]
        if mmkit.working(order) and (order.side, order.tick) not in wanted:
            mmkit.cancel(desk, market, place)
    for side, tick in sorted(wanted):
        if not mmkit.has_order(desk, tick):
            mmkit.place(desk, market, side, tick, 500, mmkit.POST_ONLY)


def rest(params, state, order, ahead):
    calls["rest"] += 1
    order.front = ahead


def trade(params, state, order, quantity):
    calls["trade"] += 1
    order.front -= quantity


def depth_change(params, state, order, previous, new):
    calls["depth_change"] += 1
    order.front = min([order.front, new])


@mmkit.hookimpl
def mmkit_signals():
    return mmkit.Signal(
        "seen", state=Seen, outputs={"value": ""}, on_book=on_book, on_trade=on_trade, on_fill=on_fill,
        depth=True, compiled=False,
    )


@mmkit.hookimpl
def mmkit_sizing():
    return mmkit.Sizing("mine", state=Size, outputs={"order_size": "base"}, sizes=sizes, compiled=False)


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing(
        "mine", params=Raising, state=Seen, inputs=Inputs, terms=Terms, prepare=prepare, quote=quote, compiled=False
    )


@mmkit.hookimpl
def mmkit_ladder():
    return mmkit.Ladder("mine", levels=levels, compiled=False)


@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("mine", limit=limit, compiled=False)


@mmkit.hookimpl
def mmkit_execution():
    return mmkit.Execution("mine", triggers=lambda params: 1, next_time=next_time, act=act, compiled=False)


@mmkit.hookimpl
def mmkit_venue():
    return mmkit.Venue("mine", rest=rest, trade=trade, depth_change=depth_change, compiled=False)
'''

EVERYWHERE = (
    HEAD.format(name="everywhere")
    + """
[instruments.X.venue]
use = "mine"
[signals.seen]
use = "seen"
[sizing]
use = "mine"
[pricing]
use = "mine"
at = {at}
[ladder]
use = "mine"
[risk.mine]
use = "mine"
[execution]
use = "mine"
[report]
"""
)

REFUSED = '''
"""Two rules that declare nothing: the compiler refuses one, the other can go wrong in compiled code."""
import math
import attrs
import mmkit


class Model:
    def half(self, position):
        return 0.03 + 0.001 * abs(position)


MODEL = Model()


@attrs.frozen
class Params:
    reach: int = mmkit.field(0, doc="index that is written")
    divisor: float = mmkit.field(1.0, doc="what is divided by")


@attrs.define
class State:
    value: float = math.nan
    ring: list = mmkit.array(float, 4)
    calls: int = 0


def over(value, divisor):
    return value / divisor


def on_clock(params, state, market):
    state.calls += 1
    if state.calls > 5:
        state.ring[params.reach] = over(market.now * 1e-9, params.divisor)
    state.value = state.ring[0]


def quote(params, state, market):
    mixed = (0.03, 1)
    return market.mid, mixed[int(market.mid * 0.0)], 0.03


def sizes(params, state, market):
    return MODEL.half(market.position), 0.5


@mmkit.hookimpl
def mmkit_signals():
    return mmkit.Signal("ring", params=Params, state=State, outputs={"value": ""}, on_clock=on_clock)


@mmkit.hookimpl
def mmkit_sizing():
    return mmkit.Sizing("model", sizes=sizes)


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("mixed", quote=quote)
'''

REFUSING = (
    HEAD.format(name="refusing")
    + QUEUE
    + """
[signals.ring]
use = "ring"
{ring}
[sizing]
use = "model"
[pricing]
use = "mixed"
[execution]
use = "requote"
[report]
"""
)


def line(source: str, text: str) -> int:
    """Returns the number of the line that has a text."""
    return 1 + next(i for i, each in enumerate(source.splitlines()) if text in each)


@pytest.mark.parametrize("at", [0, 20])
def test_a_rule_of_every_role_may_stay_python(both: Callable[..., Any], tmp_path: Path, at: int) -> None:
    said: list[str] = []
    run = both(EVERYWHERE.format(at=at), {"mine.py": EVERY_ROLE}, said)
    places = ("signals.seen", "sizing", "pricing", "ladder", "risk.mine", "execution", "instruments.X.venue")
    for path, name in zip(places, ("seen", *["mine"] * 6), strict=True):
        assert f"{path}: {name}: runs in Python" in said
    calls = run.stack.pricing.rule.quote.__globals__["calls"]
    functions = "on_book on_trade on_fill sizes prepare quote levels limit next_time act rest trade depth_change"
    if not at:
        assert run.fills.height > 5
        assert set(calls) == set(functions.split())
    else:
        where = f"{tmp_path / 'mine.py'}:{line(EVERY_ROLE, 'raise RuntimeError')}"
        assert str(run.error).startswith(
            f"pricing: mine (mine.py): quote raised RuntimeError: no further ({where}, at "
        )
        assert run.error.exit_code == 4
        assert isinstance(run.error.__cause__, RuntimeError)


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets "auto" compile, however short the data is."""
    monkeypatch.setattr(engines, "LONG", 0)
    monkeypatch.setattr(engines, "WARM", 0)


REFUSALS = (
    "sizing: model (mine.py): sizes: {file}:{model}: MODEL, a Model: "
    "a field of State where it changes, a number or tuple where not; a model: compiled=False",
    "pricing: mixed (mine.py): quote: {file}:{mixed}: "
    "a tuple of several types, read at a place that is computed: an array of State, or if and elif",
)


def refusals(folder: Path) -> list[str]:
    """Returns the lines of the two rules that do not compile."""
    numbers = {"model": line(REFUSED, "return MODEL.half"), "mixed": line(REFUSED, "return market.mid, mixed")}
    return [text.format(file=folder / "mine.py", **numbers) for text in REFUSALS]


def test_auto_names_what_does_not_compile_and_runs_it_in_python(
    both: Callable[..., Any], tmp_path: Path, always: None
) -> None:
    said: list[str] = []
    run = both(REFUSING.format(ring=""), {"mine.py": REFUSED}, said, engine="auto")
    assert run.fills.height > 5
    lines = [text for text in said if text.endswith("it runs in Python")]
    assert lines == [f"{each}; it runs in Python" for each in refusals(tmp_path)]
    # The file has another line above the functions now: the stack is the same, and the lines are those of the file as it is.
    again: list[str] = []
    both(REFUSING.format(ring=""), {"mine.py": "# moved\n" + REFUSED}, again, engine="auto")
    assert len(again) == 2
    assert f"mine.py:{line(REFUSED, 'return MODEL.half') + 1}: " in again[0]


def test_compiled_ends_with_a_line_for_each_of_them(both: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(REFUSED)
    file = tmp_path / "stack.toml"
    file.write_text(REFUSING.format(ring=""))
    with pytest.raises(PluginError) as caught:
        attempt(file, engine="compiled", out=tmp_path / "out")
    assert caught.value.exit_code == 4
    assert str(caught.value).splitlines() == refusals(tmp_path)  # auto has found out what a look cannot tell
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("ring", "kind", "at"),
    [
        ("reach = 4", "IndexError", "state.ring[params.reach]"),
        ("divisor = 0.0", "ZeroDivisionError", "value / divisor"),
    ],
)
def test_an_error_in_compiled_code_names_rule_and_function(
    both: Callable[..., Any], tmp_path: Path, always: None, ring: str, kind: str, at: str
) -> None:
    both(REFUSING.format(ring=""), {"mine.py": REFUSED}, engine="auto")
    errors = [str(attempt(changed(tmp_path, ring), engine=engine).error) for engine in ("python", "auto")]
    for error in errors:  # compiled code knows the function; called once more, plain, it tells the line
        assert error.startswith(f"signals.ring: ring (mine.py): on_clock raised {kind}: ")
        assert f"({tmp_path / 'mine.py'}:{line(REFUSED, at)}, at " in error
    assert errors[0].split(", at ")[1] == errors[1].split(", at ")[1]


def changed(folder: Path, ring: str) -> Path:
    """Writes the stack with another parameter."""
    file = folder / "stack.toml"
    file.write_text(REFUSING.format(ring=ring))
    return file


def test_ctrl_c_during_a_compiled_run_keeps_what_was_computed(both: Callable[..., Any], tmp_path: Path) -> None:
    whole = both(EVERYWHERE.format(at=0), {"mine.py": EVERY_ROLE})
    pressing = EVERY_ROLE.replace(
        'raise RuntimeError("no further")', "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    ).replace("state.trades + 1 == params.at", "state.trades == params.at")
    (tmp_path / "mine.py").write_text(pressing)
    (tmp_path / "stack.toml").write_text(EVERYWHERE.format(at=30))
    before = signal.getsignal(signal.SIGINT)
    run = attempt(tmp_path / "stack.toml", engine="compiled")
    assert run.interrupted
    assert run.error is None
    assert 0 < run.records.height < whole.records.height
    assert signal.getsignal(signal.SIGINT) == before
