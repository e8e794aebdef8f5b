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
