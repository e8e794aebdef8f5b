"""What a plugin's fault leaves behind: the row of its market, and a file with which its function can be called again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmkit.errors import ConfigError
from mmkit.runs import Run, attempt
from mmkit.testing.replaying import replay

PLUGIN = '''
"""A market whose rows are known, and rules that go wrong at a known one."""
import math

import attrs
import mmkit
import numpy as np


@attrs.frozen
class MarketParams:
    shared: bool = mmkit.field(True, doc="both streams have a row at one place")


def events(params, instrument, rng):
    """Message i, at i ms: a level of each side and then a trade at 10000 + i % 3 of 1 + i % 5 lots, three rows."""
    for first in range(0, 400, 50):
        out = np.zeros(150, mmkit.EVENT)
        for i in range(first, first + 50):
            for k, (tick, lots, kind) in enumerate(
                ((9999, 1 + i % 7, mmkit.BID), (10003, 2 + i % 7, mmkit.ASK), (10000 + i % 3, 1 + i % 5, mmkit.BUY))
            ):
                out[3 * (i - first) + k] = (i * 1_000_000, i * 1_000_000 + 500_000, tick, lots, kind, mmkit.BOTH)
        yield out


@attrs.frozen
class Params:
    at: int = mmkit.field(100, doc="which call goes wrong")
    reach: int = mmkit.field(9, doc="index that is written then")
    divisor: float = mmkit.field(1.0, doc="what is divided by")
    every: mmkit.Duration = mmkit.field("5s", doc="unused, and written otherwise in TOML")
    weights: tuple[float, ...] = mmkit.field((1.0, 2.0), capacity=4, doc="unused too")


@attrs.define
class State:
    value: float = math.nan
    calls: int = 0
    far: float = -math.inf
    ring: list[float] = mmkit.array(float, 4, fill=0.5)
    wide: list[int] = mmkit.array(int, 1000)


def over(value, divisor):
    return value / divisor


def on_trade(params, state, market, trade):
    state.calls += 1
    state.wide[state.calls % 1000] = state.calls
    if state.calls == params.at:
        state.calls -= 1
        state.ring[params.reach] = over(trade.price, params.divisor)
    state.value = trade.price


@attrs.define
class Inputs:
    last: float = mmkit.required(unit="quote")


@attrs.define
class Terms:
    half: float = 0.0


def prepare(params, terms, last):
    terms.half = 1.0 if last < 10002.0 else math.nan


def quote(params, state, market, inputs, terms):
    return market.mid, terms.half, terms.half


def levels(params, state, market, ladder, bid_qty, ask_qty):
    state.calls += 1
    if state.calls >= params.at:
        over(bid_qty, 0.0)
    ladder.levels = 1
    ladder.offset_ticks[0] = 0
    ladder.bid_qty[0] = bid_qty
    ladder.ask_qty[0] = ask_qty


def trade(params, state, order, quantity):
    over(quantity, order.front * 0.0)


def nothing(params, state, order, *numbers):
    pass


def act(params, state, market, ladder, desk):
    mmkit.place(desk, market, 1, market.bid_ticks, 1, mmkit.POST_ONLY)
    state.calls += 1
    if state.calls >= params.at:
        desk.live[len(desk.live)] = 0


def next_time(params, state, market):
    return market.now + 10_000_000


def taken(params, state, order, quantity):
    order.front -= quantity


def through(params, state, order, ticks):
    return over(1.0, float(order.lots - order.lots)) > 0.0


@mmkit.hookimpl
def mmkit_market():
    return mmkit.Market("known", params=MarketParams, events=events)


@mmkit.hookimpl
def mmkit_venue():
    return mmkit.Venue("steep", rest=nothing, trade=trade, depth_change=nothing, compiled=False)


@mmkit.hookimpl(specname="mmkit_venue")
def distant():
    return mmkit.Venue("distant", rest=nothing, trade=taken, depth_change=nothing, through=through)


@mmkit.hookimpl
def mmkit_signals():
    return mmkit.Signal("ring", params=Params, state=State, outputs={"value": "quote"}, on_trade=on_trade)


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("leaning", inputs=Inputs, terms=Terms, prepare=prepare, quote=quote)


@mmkit.hookimpl
def mmkit_ladder():
    return mmkit.Ladder("steep", params=Params, state=State, levels=levels)


@mmkit.hookimpl
def mmkit_execution():
    return mmkit.Execution("eager", params=Params, state=State, triggers=lambda params: 1, next_time=next_time, act=act)
'''

STACK = """
[stack]
plugins = ["faulty.py"]
[instruments.X]
tick_size = 1.0
lot_size = 1.0
[instruments.X.market]
use = "known"
[instruments.X.venue]
use = "queue"
[signals.ring]
use = "ring"
at = 100000
[sizing]
use = "fixed"
quantity = 1.0
[pricing]
use = "fixed"
half_spread = 1.0
[execution]
use = "requote"
every = "10ms"
[report]
"""

LEANING = ('use = "fixed"\nhalf_spread = 1.0', 'use = "leaning"\ninputs = { last = "ring.value" }')
STEEP = ("[execution]", '[ladder]\nuse = "steep"\nat = 7\n[execution]')
QUEUE = ('use = "queue"', 'use = "steep"')
DISTANT = ('use = "queue"', 'use = "distant"')
EAGER = ('use = "requote"\nevery = "10ms"', 'use = "eager"\nat = 7')

Go = Callable[..., Run]


@pytest.fixture
def go(tmp_path: Path) -> Go:
    """Returns a runner of the stack with replacements of its text and settings, into the folder `out`."""

    def run(*replacements: tuple[str, str], sets: tuple[str, ...] = (), engine: str = "python") -> Run:
        text = STACK
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "faulty.py").write_text(PLUGIN)
        (tmp_path / "stack.toml").write_text(text)
        return attempt(tmp_path / "stack.toml", set=sets, engine=engine, out=tmp_path / "out")

    return run


@pytest.fixture
def fault(tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """Returns a reader of the file that a run left."""
    return lambda: json.loads((tmp_path / "out" / "fault.json").read_text())


def line(text: str) -> int:
    return 1 + next(i for i, each in enumerate(PLUGIN.splitlines()) if text in each)


BOTH = [("python", "list assignment index out of range"), ("compiled", "index is out of bounds")]


@pytest.mark.parametrize(("engine", "words"), BOTH)
def test_the_call_that_raised_is_named_and_can_be_made_again(
    go: Go, fault: Callable[[], dict[str, Any]], tmp_path: Path, engine: str, words: str
) -> None:
    run = go(sets=("signals.ring.at=100",), engine=engine)
    file = tmp_path / "out" / "fault.json"
    # Trade i is row 3 i + 3, counted from 1; the first hears of both sides, which are there before it.
    where = f"{tmp_path / 'faulty.py'}:{line('state.ring[params.reach]')}, at 99500000 ns, row 300, decision 9"
    said = f"signals.ring: ring (faulty.py): on_trade raised IndexError: {words} ({where}); its state: {file}"
    assert str(run.error) == said
    assert run.summary["ended"] == said
    found = fault()
    assert (found["function"], found["time"], found["row"], found["decision"]) == ("on_trade", 99500000, 300, 9)
    assert found["state"] == "as the exception left it"
    assert found["engine"] == engine
    given = found["given"]
    assert given["trade"] == {"side": 1, "price": 10000.0, "qty": 5.0, "price_ticks": 10000, "qty_lots": 5}
    assert given["params"] == {"at": 100, "reach": 9, "divisor": 1.0, "every": "5s", "weights": [1.0, 2.0]}
    assert (given["state"]["calls"], given["state"]["far"], given["state"]["ring"]) == (99, "-inf", [0.5] * 4)
    assert given["state"]["wide"] == {"length": 1000, "other": {str(i): i for i in range(1, 101)}}
    assert given["market"]["ask"] == 10003.0
    with pytest.raises(IndexError, match="list assignment index out of range") as caught:
        replay(file)
    assert caught.traceback[-1].lineno + 1 == line("state.ring[params.reach]")


@pytest.mark.parametrize("engine", ["python", "compiled"])
def test_what_is_divided_by_zero_too(go: Go, tmp_path: Path, engine: str) -> None:
    run = go(sets=("signals.ring.at=100", "signals.ring.divisor=0.0"), engine=engine)
    assert f"({tmp_path / 'faulty.py'}:{line('return value / divisor')}, at 99500000 ns, row 300," in str(run.error)
    with pytest.raises(ZeroDivisionError):
        replay(tmp_path / "out" / "fault.json")


def test_a_price_that_is_no_number_is_priced_again(go: Go, fault: Callable[[], dict[str, Any]], tmp_path: Path) -> None:
    run = go(LEANING)
    assert "pricing: leaning (faulty.py): quote returned a price or half-spread that is not a number" in str(run.error)
    found = fault()
    assert found["given"]["terms"] == {"half": "nan"}
    assert found["given"]["inputs"] == {"last": 10002.0}
    assert found["row"] // 3 * 1_000_000 == found["time"]  # message i - 1 is the last one known at i ms
    price, *halves = replay(tmp_path / "out" / "fault.json")
    assert price == found["given"]["market"]["mid"]
    assert all(half != half for half in halves)


def test_what_only_the_call_knew_is_in_it_too(go: Go, fault: Callable[[], dict[str, Any]], tmp_path: Path) -> None:
    go(STEEP)
    assert (fault()["given"]["bid_qty"], fault()["unknown"]) == (1.0, [])
    with pytest.raises(ZeroDivisionError):
        replay(tmp_path / "out" / "fault.json")


@pytest.mark.parametrize(
    ("venue", "said"), [(QUEUE, "steep (faulty.py): trade"), (DISTANT, "distant (faulty.py): through")]
)
def test_an_order_and_the_row_of_the_venues_event(
    go: Go, fault: Callable[[], dict[str, Any]], tmp_path: Path, venue: tuple[str, str], said: str
) -> None:
    run = go(venue, sets=("pricing.half_spread=0.5",))
    assert f"instruments.X.venue: {said} raised ZeroDivisionError" in str(run.error)
    found = fault()
    trades = [i for i in range(400) if 10000 + i % 3 >= found["given"]["order"]["tick"]]
    assert found["given"]["order"]["side"] == -1
    assert found["row"] % 3 == 0
    assert found["row"] // 3 - 1 in trades
    with pytest.raises(ZeroDivisionError):
        replay(tmp_path / "out" / "fault.json")


def test_the_desk_is_kept_without_the_places_that_are_free(
    go: Go, fault: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    go(EAGER)
    desk = fault()["given"]["desk"]
    assert len(desk["orders"]["other"]) == 7
    assert desk["orders"]["length"] == 1024
    assert (tmp_path / "out" / "fault.json").stat().st_size < 100_000
    with pytest.raises(IndexError):
        replay(tmp_path / "out" / "fault.json")


def test_of_several_instruments_it_is_the_row_of_the_one_that_the_rule_listens_to(
    go: Go, fault: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    other = '[instruments.Y]\ntick_size = 1.0\nlot_size = 1.0\n[instruments.Y.market]\nuse = "known"\n[signals.ring]'
    quoted = ("[stack]", '[stack]\nquote = "X"')
    run = go(
        quoted,
        ("[signals.ring]", other),
        ('use = "ring"\n', 'use = "ring"\ninstrument = "Y"\n'),
        sets=("signals.ring.at=100",),
    )
    found = fault()
    assert (found["instrument"], found["row"], found["time"]) == ("Y", 300, 99500000)
    assert ", at 99500000 ns, row 300, " in str(run.error)
    with pytest.raises(IndexError):
        replay(tmp_path / "out" / "fault.json")


def test_what_compiled_code_does_not_tell_is_named(go: Go, fault: Callable[[], dict[str, Any]], tmp_path: Path) -> None:
    go(STEEP)
    found = fault()
    del found["given"]["bid_qty"], found["given"]["ask_qty"]
    (tmp_path / "out" / "fault.json").write_text(json.dumps({**found, "unknown": ["bid_qty", "ask_qty"]}))
    with pytest.raises(
        ConfigError, match="compiled code does not tell bid_qty, ask_qty: a run with --engine python does"
    ):
        replay(tmp_path / "out" / "fault.json")


def test_a_run_that_comes_to_its_end_leaves_no_fault_of_an_earlier_one(go: Go, tmp_path: Path) -> None:
    go(sets=("signals.ring.at=100",))
    assert (tmp_path / "out" / "fault.json").is_file()
    assert go().error is None
    assert not (tmp_path / "out" / "fault.json").exists()


def test_the_plugin_is_loaded_as_it_is_now(go: Go, tmp_path: Path) -> None:
    go(sets=("signals.ring.at=100",))
    (tmp_path / "faulty.py").write_text(PLUGIN.replace("state.ring[params.reach]", "state.ring[0]"))
    assert replay(tmp_path / "out" / "fault.json") is None
    (tmp_path / "faulty.py").write_text(PLUGIN.replace('"ring", params', '"rung", params'))
    with pytest.raises(ConfigError, match=r'offers no signals "ring" any more'):
        replay(tmp_path / "out" / "fault.json")
    (tmp_path / "faulty.py").write_text(PLUGIN.replace("    divisor: float", "    divisors: float"))
    with pytest.raises(ConfigError, match=r"params\.divisor: unknown key"):
        replay(tmp_path / "out" / "fault.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file or directory"),
        ("{", "no JSON: "),
        ("[]", "no fault of a run"),
        ('{"schema": 9}', "no fault of a run"),
    ],
)
def test_what_is_no_fault_is_said(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "fault.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        replay(file)


@pytest.mark.parametrize("what", ["None", "'abc'", "{1: 2}", "(1, 'a')"])
def test_whatever_a_faulty_rule_leaves_in_its_state_the_fault_is_told(go: Go, tmp_path: Path, what: str) -> None:
    changed = PLUGIN.replace("        state.calls -= 1\n", f"        state.calls -= 1\n        state.value = {what}\n")
    assert changed != PLUGIN
    go(sets=("signals.ring.at=100",))
    (tmp_path / "faulty.py").write_text(changed)
    run = attempt(tmp_path / "stack.toml", set=("signals.ring.at=100",), engine="python", out=tmp_path / "out")
    assert "on_trade raised IndexError" in str(run.error)
    with pytest.raises(IndexError):
        replay(tmp_path / "out" / "fault.json")
