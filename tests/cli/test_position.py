"""What the commands say of several instruments, hedges and levels of risk."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Mmkit = Callable[..., subprocess.CompletedProcess[str]]

SPOT = """
[instruments.SPOT]
tick_size = 0.01
lot_size = 0.001
[instruments.SPOT.market]
use = "book"
duration = "20s"
[signals.fair]
use = "microprice"
instrument = "SPOT"
[hedging]
use = "notional"
instruments = ["SPOT"]
"""

STOP = """
[risk.stop]
use = "stop-loss"
money = {money}
"""


@pytest.fixture
def hedged(stack_file: Path) -> Path:
    """Returns the file of a stack that quotes SIM, listens to SPOT and hedges with it."""
    stack_file.write_text('[stack]\nquote = "SIM"\n' + stack_file.read_text() + SPOT)
    return stack_file


def test_check_says_who_listens_where_and_who_hedges(mmkit: Mmkit, hedged: Path) -> None:
    lines = mmkit("check", "stack.toml").stdout.splitlines()
    (fair,) = (line for line in lines if line.startswith("signals.fair "))
    assert fair.endswith("  listens to SPOT")
    (sigma,) = (line for line in lines if line.startswith("signals.sigma "))
    assert "listens" not in sigma
    (hedging,) = (line for line in lines if line.startswith("hedging "))
    assert hedging.endswith("  hedges SIM with SPOT")
    rules = {rule["path"]: rule for rule in json.loads(mmkit("check", "stack.toml", "--json").stdout)["rules"]}
    assert rules["signals.fair"]["instrument"] == "SPOT"
    assert rules["hedging"]["instruments"] == ["SPOT"]
    assert rules["signals.sigma"]["instrument"] == "SIM"


def test_run_tells_what_hedges_made_and_keeps_stdout_for_the_folder(mmkit: Mmkit, hedged: Path) -> None:
    done = mmkit("run", "stack.toml", "--out", "there", "--engine", "python")
    profit = json.loads((hedged.parent / "there" / "summary.json").read_text())["pnl"]
    assert profit["hedge"] != 0
    assert done.stdout == "there\n"
    assert done.stderr == f"hedges {profit['hedge']:+.6g} of a profit of {profit['total']:+.6g}\n"
    assert mmkit("run", "stack.toml", "--out", "again", "--engine", "python", "--json").stderr == ""


@pytest.mark.parametrize(("money", "last"), [(1e-6, "halt by risk.stop"), (1e6, "normal")])
def test_run_tells_the_last_level_of_risk(mmkit: Mmkit, stack_file: Path, money: float, last: str) -> None:
    stack_file.write_text(stack_file.read_text() + STOP.format(money=money))
    done = mmkit("run", "stack.toml", "--out", "there", "--engine", "python")
    assert (done.stdout, done.stderr) == ("there\n", f"risk at the end: {last}\n")


def test_explain_says_which_instrument_a_hedge_is_for(mmkit: Mmkit, hedged: Path) -> None:
    other = {"bid": 99.98, "ask": 100.01, "position": 0.0}
    now = {"time": 10**9, "bid": 99.99, "ask": 100.02, "position": 0.4, "instruments": {"SPOT": other}}
    (hedged.parent / "now.json").write_text(json.dumps(now))
    done = mmkit("explain", hedged.name, "--snapshot", "now.json")
    assert (done.returncode, done.stderr) == (0, "")
    last = done.stdout.splitlines()[-1]
    assert last.startswith("  place sell 0.4 at ")
    assert last.endswith(", limit, SPOT")


def test_explain_says_why_a_position_is_closed_and_with_what(mmkit: Mmkit, stack_file: Path) -> None:
    stack_file.write_text(stack_file.read_text() + STOP.format(money=0.1))
    now = {"time": 10**9, "bid": 99.99, "ask": 100.02, "position": 0.4, "account": {"entry": 101.0}}
    (stack_file.parent / "now.json").write_text(json.dumps(now))
    done = mmkit("explain", stack_file.name, "--snapshot", "now.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "level in force: flatten (risk.stop)" in done.stdout
    assert done.stdout.endswith("place sell 0.4 at 100.02, post-only, reduce-only\n")
