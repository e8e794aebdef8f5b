"""How runs end: at their end, at a plugin's fault, at a fault in the data, at Ctrl-C; what came before is kept."""

import json
import math
import os
import subprocess
import sysconfig
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import mmkit
from mmkit.runs import Run, attempt

PLUGIN = '''
"""A market of one trade a millisecond, and rules that fail when they are told to."""
import enum
import math
import signal

import attrs
import mmkit
import numpy as np


class What(enum.IntEnum):
    NOTHING = 0
    RAISE = 1
    INTERRUPT = 2
    BAD_DATA = 3


@attrs.frozen
class MarketParams:
    messages: int = mmkit.field(3000, doc="how many")
    fault: What = mmkit.field(What.NOTHING, doc="what happens after them")


@attrs.frozen
class When:
    what: What = mmkit.field(What.NOTHING, doc="what happens")
    at: int = mmkit.field(1000, doc="at which call")


@attrs.define
class Count:
    calls: int = 0


def events(params, instrument, rng):
    """Quantities at the touch come and go, trades hit either side and sometimes go through."""
    for first in range(0, params.messages, 100):
        rows = []
        for i in range(first, min(first + 100, params.messages)):
            level = (9999, mmkit.BID) if i % 2 else (10001, mmkit.ASK)
            rows.append((i, level[0], 1 + int(rng.integers(0, 9)), level[1]))
            through = int(rng.integers(0, 5) == 0)
            trade = (9999 - through, mmkit.SELL) if rng.integers(0, 2) else (10001 + through, mmkit.BUY)
            rows.append((i, trade[0], 1 + int(rng.integers(0, 4)), trade[1]))
        out = np.zeros(len(rows), mmkit.EVENT)
        for at, (ms, tick, lots, kind) in enumerate(rows):
            out[at] = (ms * 1_000_000, ms * 1_000_000 + 500_000, tick, lots, kind, mmkit.BOTH)
        yield out
    if params.fault == What.BAD_DATA:
        raise mmkit.DataError("ticks.csv:3001: no number")
    if params.fault == What.RAISE:
        raise ValueError("the simulator's own mistake")


def divided(a, b):
    return a / b


def count(params, state):
    state.calls += 1
    if state.calls == params.at:
        if params.what == What.RAISE:
            divided(1, 0)
        if params.what == What.INTERRUPT:
            signal.raise_signal(signal.SIGINT)


def on_trade(params, state, market, trade):
    count(params, state)


def quote(params, state, market):
    state.calls += 1
    price = math.nan if state.calls == params.at else market.mid
    return price, 1.0, 1.0


def sizes(params, state, market):
    state.calls += 1
    return (math.nan if state.calls == params.at else 2.0), 2.0


def levels(params, state, market, ladder, bid_qty, ask_qty):
    state.calls += 1
    ladder.levels = 1
    ladder.offset_ticks[0] = 0
    ladder.bid_qty[0] = bid_qty
    ladder.ask_qty[0] = math.inf if state.calls == params.at else ask_qty


def paths(params, instrument, rng):
    for _ in range(20):
        yield 100.0 + np.cumsum(rng.normal(size=51))


def risky(params, state, market, ladder, desk):
    count(params, state)


def bad_setup(params, state, instrument):
    divided(1, 0)


@mmkit.hookimpl
def mmkit_market():
    return mmkit.Market("ticks", params=MarketParams, events=events)


@mmkit.hookimpl(specname="mmkit_market")
def world():
    return mmkit.Market("world", paths=paths, step=lambda params: 1_000_000)


@mmkit.hookimpl
def mmkit_signals():
    return mmkit.Signal("faulty", params=When, state=Count, on_trade=on_trade, compiled=False)


@mmkit.hookimpl(specname="mmkit_signals")
def unprepared():
    return mmkit.Signal("unprepared", setup=bad_setup, on_trade=on_trade, compiled=False)


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("no-price", params=When, state=Count, quote=quote)


@mmkit.hookimpl
def mmkit_sizing():
    return mmkit.Sizing("no-size", params=When, state=Count, sizes=sizes)


@mmkit.hookimpl
def mmkit_ladder():
    return mmkit.Ladder("no-level", params=When, state=Count, levels=levels)


@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("risky", params=When, state=Count, limit=risky, compiled=False)
'''

STACK = """
[stack]
plugins = ["faulty.py"]
record_every = "100ms"
[instruments.X]
tick_size = 1.0
lot_size = 1.0
maker_fee = 0.0002
[instruments.X.market]
use = "ticks"
[instruments.X.venue]
use = "queue"
entry_latency = "2ms"
response_latency = "2ms"
[signals.watch]
use = "faulty"
[sizing]
use = "fixed"
quantity = 2.0
max_position = 10.0
[pricing]
use = "fixed"
half_spread = 1.0
[execution]
use = "requote"
every = "10ms"
[report]
"""

PATHS = """
[stack]
plugins = ["faulty.py"]
[instruments.X]
tick_size = 0.01
lot_size = 1.0
[instruments.X.market]
use = "world"
[instruments.X.venue]
use = "intensity"
A = 100.0
k = 1.0
[sizing]
use = "fixed"
quantity = 1.0
[pricing]
use = "fixed"
half_spread = 0.5
[risk.watch]
use = "risky"
[execution]
use = "requote"
[report]
"""

FILES = {"summary.json", "fills.parquet", "records.parquet", "stack.toml", "decisions.log"}
Go = Callable[..., Run]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Returns the stack's file beside the plugin."""
    (tmp_path / "faulty.py").write_text(PLUGIN)
    (tmp_path / "stack.toml").write_text(STACK)
    return tmp_path / "stack.toml"


@pytest.fixture
def go(file: Path) -> Go:
    """Returns a function that runs the stack with settings and writes it to the folder `out`."""

    def run(*settings: str, text: str = STACK, out: Path | None = file.parent / "out") -> Run:
        file.write_text(text)
        return attempt(file, set=settings, engine="python", out=out, seed=3)

    return run


def is_a_beginning(part: pl.DataFrame, whole: pl.DataFrame) -> bool:
    """Returns whether there is something in `part`, and it is how `whole` begins."""
    return 0 < len(part) < len(whole) and part.equals(whole.head(len(part)), null_equal=True)


def at_fault(run: Run) -> bool:
    """Returns whether a rule ended a run, which leaves behind what it was given."""
    return getattr(run.error, "fault", None) is not None


def is_complete(folder: Path, run: Run) -> bool:
    """Returns whether a run's folder holds all of it."""
    return (
        {path.name for path in folder.iterdir()} == FILES | ({"fault.json"} if at_fault(run) else set())
        and pl.read_parquet(folder / "fills.parquet").equals(run.fills)
        and pl.read_parquet(folder / "records.parquet").equals(run.records, null_equal=True)
        and json.loads((folder / "summary.json").read_text())["fills"] == run.summary["fills"]
    )


def test_a_plugin_that_raises_in_its_1000th_event_is_named_and_what_came_before_is_kept(go: Go, file: Path) -> None:
    whole = go(out=None)
    run = go("signals.watch.what=raise")
    line = 1 + PLUGIN.splitlines().index("    return a / b")
    assert isinstance(run.error, mmkit.PluginError)
    assert run.error.exit_code == 4
    # The first trade comes before there is a best bid, and no signal hears of it.
    said = str(run.error)
    assert said.startswith("signals.watch: faulty (faulty.py): on_trade raised ZeroDivisionError: division by zero (")
    # Message 1000 of the market, the first one being 0, is a level and the trade that is heard: rows 2001 and 2002.
    assert f"faulty.py:{line}, at 1000500000 ns, row 2002, decision 100); " in said
    assert said.endswith(f"; its state: {file.parent / 'out' / 'fault.json'}")
    assert "\n" not in said
    assert run.summary["ended"] == said
    assert is_a_beginning(run.fills, whole.fills)
    assert is_a_beginning(run.records, whole.records)
    assert run.fills["exch_ts"].max() > 900_000_000
    assert is_complete(file.parent / "out", run)


def test_run_raises_what_attempt_returns(go: Go, file: Path) -> None:
    with pytest.raises(mmkit.PluginError, match="on_trade raised ZeroDivisionError"):
        mmkit.run(file, set=["signals.watch.what=raise"], engine="python")


@pytest.mark.parametrize(
    ("role", "rule", "what"),
    [
        ("pricing", "no-price", "quote returned a price or half-spread that is not a number"),
        ("sizing", "no-size", "sizes returned a quantity that is not a number"),
        ("ladder", "no-level", "levels returned a quantity that is not a number"),
    ],
)
def test_a_rule_that_returns_nan_is_named_and_what_came_before_is_kept(
    go: Go, file: Path, role: str, rule: str, what: str
) -> None:
    tables = {"pricing": "half_spread = 1.0", "sizing": "quantity = 2.0\nmax_position = 10.0"}
    text = (
        STACK.replace(f'[{role}]\nuse = "fixed"\n{tables.get(role)}\n', "") + f'[{role}]\nuse = "{rule}"\nat = {{}}\n'
    )
    whole = go(text=text.format(10**6), out=None)
    run = go(text=text.format(60))
    assert isinstance(run.error, mmkit.PluginError)
    head = next(i for i, text in enumerate(PLUGIN.splitlines(), 1) if text.startswith(f"def {what.split()[0]}("))
    where = f"({file.parent / 'faulty.py'}:{head}, at 600000000 ns, row 1200, decision 60)"  # message 599 is the last before
    state = f"its state: {file.parent / 'out' / 'fault.json'}"
    assert str(run.error) == f"{role}: {rule} (faulty.py): {what} {where}; {state}"
    assert is_a_beginning(run.fills, whole.fills)
    assert run.fills["exch_ts"].max() > 500_000_000
    assert is_complete(file.parent / "out", run)


def test_a_fault_in_the_data_ends_the_tape_there_and_the_valid_part_is_replayed(go: Go, file: Path) -> None:
    run = go("instruments.X.market.messages=1500", "instruments.X.market.fault=bad-data")
    shorter = go("instruments.X.market.messages=1500", out=None)
    assert isinstance(run.error, mmkit.DataError)
    assert (str(run.error), run.error.exit_code) == ("ticks.csv:3001: no number", 3)
    assert len(run.fills) > 20
    assert run.fills.equals(shorter.fills)
    assert run.records.equals(shorter.records, null_equal=True)
    assert run.summary["data"] == shorter.summary["data"]
    assert is_complete(file.parent / "out", run)


def test_a_market_rules_own_mistake_is_the_plugins_fault_and_its_events_before_are_replayed(go: Go) -> None:
    run = go("instruments.X.market.messages=1500", "instruments.X.market.fault=raise")
    shorter = go("instruments.X.market.messages=1500", out=None)
    assert isinstance(run.error, mmkit.PluginError)
    assert "ticks (faulty.py): events" in str(run.error)
    assert "ValueError: the simulator's own mistake" in str(run.error)
    assert run.fills.equals(shorter.fills)


def test_a_setup_that_raises_is_the_plugins_fault(go: Go) -> None:
    with pytest.raises(
        mmkit.PluginError, match=r"signals\.watch: unprepared \(faulty\.py\): setup raised ZeroDivision"
    ):
        raise go(text=STACK.replace('use = "faulty"', 'use = "unprepared"'), out=None).error or AssertionError


def test_a_market_without_an_event_is_a_fault_in_the_data(go: Go) -> None:
    run = go("instruments.X.market.messages=0")
    assert isinstance(run.error, mmkit.DataError)
    assert str(run.error) == "instruments.X.market: no market events"


def test_ctrl_c_ends_the_run_cleanly_and_what_came_before_is_kept(go: Go, file: Path) -> None:
    whole = go(out=None)
    run = go("signals.watch.what=interrupt")
    assert run.error is None
    assert run.interrupted
    assert run.summary["ended"] == "interrupted"
    assert is_a_beginning(run.fills, whole.fills)
    assert is_complete(file.parent / "out", run)


def test_run_turns_an_interruption_into_a_keyboard_interrupt(go: Go, file: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        mmkit.run(file, set=["signals.watch.what=interrupt"], engine="python", out=file.parent / "out")
    assert {path.name for path in (file.parent / "out").iterdir()} == FILES


@pytest.mark.parametrize("what", ["raise", "interrupt"])
@pytest.mark.parametrize("at", [700, 1000, 1013])
def test_the_money_of_a_run_that_ended_early_adds_up_too(go: Go, what: str, at: int) -> None:
    run = go(f"signals.watch.what={what}", f"signals.watch.at={at}", out=None)
    fills = run.fills
    position = (fills["side"] * fills["qty"]).sum()
    cash = -(fills["side"] * fills["qty"] * fills["price"]).sum() - fills["fee"].sum()
    assert run.summary["position"]["X"] == position
    assert run.summary["cash"] == pytest.approx(cash)
    # The mid is 10000 from the second message to the last.
    assert run.summary["equity"] == pytest.approx(cash + position * 10_000.0)
    pnl = run.summary["pnl"]
    assert pnl["total"] == pytest.approx(run.summary["equity"])
    assert pnl["total"] == pytest.approx(math.fsum(pnl[part] for part in pnl if part != "total"))


@pytest.mark.parametrize(("what", "code", "words"), [("raise", 4, "on_trade raised"), ("interrupt", 130, "")])
def test_a_process_ends_with_the_code_of_what_happened(file: Path, what: str, code: int, words: str) -> None:
    command = Path(sysconfig.get_path("scripts")) / "mmkit"
    arguments = ["run", "stack.toml", "--engine", "python", "--set", f"signals.watch.what={what}", "--out", "out"]
    done = subprocess.run(
        [command, *arguments], cwd=file.parent, capture_output=True, text=True, timeout=120, check=False, env=os.environ
    )
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == (1 if words else 0)
    assert words in done.stderr
    assert {path.name for path in (file.parent / "out").iterdir()} == FILES | ({"fault.json"} if words else set())
    assert json.loads((file.parent / "out" / "summary.json").read_text())["ended"]


def test_the_stack_as_it_ran_gives_the_same_run_again(go: Go, file: Path) -> None:
    folder = file.parent / "out"
    changed = ("execution.every=7ms", "instruments.X.venue.model=log2", "sizing.quantity=3", "ladder.use=uniform")
    first = go(*changed)
    assert first.error is None
    again = attempt(folder / "stack.toml", engine="python", out=file.parent / "again")
    for name in ("fills.parquet", "records.parquet", "stack.toml"):
        assert (folder / name).read_bytes() == (file.parent / "again" / name).read_bytes()
    for key in first.summary.keys() | again.summary.keys():
        if key == "counters":
            assert all(
                first.summary[key][name] == again.summary[key][name] for name in first.summary[key] if name != "latency"
            )
        elif key != "timing":
            assert first.summary[key] == again.summary[key], key


def test_another_seed_is_another_run(file: Path) -> None:
    first, second = (mmkit.run(file, seed=seed, engine="python") for seed in (3, 4))
    assert not first.fills.equals(second.fills)


def test_a_run_works_outside_the_main_thread(go: Go) -> None:
    found: list[Run] = []
    thread = threading.Thread(target=lambda: found.append(go(out=None)))
    thread.start()
    thread.join()
    assert found[0].fills.equals(go(out=None).fills)


def test_progress_counts_rows_up_to_all_of_them(file: Path) -> None:
    told: list[int] = []
    run = mmkit.run(file, engine="python", progress=lambda done, total: told.append(done))
    assert told == sorted(told)
    assert told[-1] == run.summary["data"]["events"] == 6000


@pytest.mark.parametrize("what", ["raise", "interrupt"])
def test_a_world_without_a_book_keeps_the_paths_before_the_end(go: Go, file: Path, what: str) -> None:
    whole = go(text=PATHS, out=None)
    # 50 decisions a path, 20 paths; each path starts its rules anew, so the first one already counts to 30.
    run = go(f"risk.watch.what={what}", "risk.watch.at=30", text=PATHS)
    assert (run.error is not None, run.interrupted) == (what == "raise", what == "interrupt")
    assert is_a_beginning(run.fills, whole.fills)
    assert set(run.fills["path"]) == {0}
    assert run.summary["paths"]["count"] == 0
    assert run.summary["ended"]
    assert is_complete(file.parent / "out", run)


def test_every_path_starts_with_fresh_rules_position_and_cash(go: Go) -> None:
    # With one state for all, the rule's 51st call would be in the second path.
    run = go("risk.watch.what=raise", "risk.watch.at=51", text=PATHS, out=None)
    assert run.error is None
    by_path = run.fills.group_by("path", maintain_order=True).agg(position=(pl.col("side") * pl.col("qty")).sum())
    ends = run.records.group_by("path", maintain_order=True).agg(pl.col("position").last())
    merged: Any = ends.join(by_path, on="path", how="left", suffix="_summed").fill_null(0.0)
    assert merged["position"].equals(merged["position_summed"].alias("position"))


def test_nothing_is_quoted_before_every_input_is_ready(go: Go) -> None:
    text = STACK.replace('use = "fixed"\nhalf_spread = 1.0', 'use = "avellaneda"\ngamma = 0.1\nk = 2.0')
    run = go(text=f'{text}\n[signals.sigma]\nuse = "volatility"\nwarm_up = "2s"\n', out=None)
    ready = pl.col("sigma.value").is_finite()
    before, after = run.records.filter(~ready), run.records.filter(ready)
    assert len(before) >= 15
    assert len(after) >= 5
    for column in ("bid_quote", "ask_quote"):
        assert before[column].is_nan().all()
        assert after[column].is_finite().any()
    assert run.fills["exch_ts"].min() > before["time"].max()
