"""Faulty plugins as a user meets them: the exit code, one line on stderr, and the file that replays the fault."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mmkit.testing.replaying import replay

Mmkit = Callable[..., subprocess.CompletedProcess[str]]

PLUGIN = """
import math

import attrs
import mmkit


@attrs.define
class State:
    value: float = math.nan
    calls: int = 0


def on_trade(params, state, market, trade):
    state.calls += 1
    state.value = 1.0 / trade.price


def shown(mid):
    return f"{mid:.2f}"


def quote(params, state, market):
    return market.mid**1.5 / math.sqrt(market.mid), 0.02, 0.02


@mmkit.hookimpl
def mmkit_signals():
    return mmkit.Signal("mine", state=State, outputs={"value": "1/quote"}, on_trade=on_trade)


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("my-price", quote=quote)
"""

STACK = """
[stack]
plugins = ["mine.py"]
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
duration = "5s"
[signals.mine]
use = "mine"
[sizing]
use = "fixed"
quantity = 0.1
[pricing]
use = "my-price"
[report]
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Returns a writer of the stack and its plugin, with a replacement; returns the plugin's text."""

    def write(old: str = "", new: str = "") -> str:
        assert old in PLUGIN
        text = PLUGIN.replace(old, new) if old else PLUGIN
        (tmp_path / "mine.py").write_text(text)
        (tmp_path / "stack.toml").write_text(STACK)
        return text

    return write


def line(source: str, text: str) -> int:
    return 1 + next(i for i, each in enumerate(source.splitlines()) if text in each)


def test_a_rule_that_raises_is_one_line_and_a_file_to_replay(
    mmkit: Mmkit, write: Callable[..., str], tmp_path: Path
) -> None:
    source = write("1.0 / trade.price", "1.0 / (0.0 * trade.price)")
    done = mmkit("run", "stack.toml", "--engine", "python")
    folder = Path(done.stdout.removesuffix("\n"))
    assert done.returncode == 4
    where = f"({(tmp_path / 'mine.py').resolve()}:{line(source, '0.0 * trade')}, at "
    assert done.stderr.startswith(
        "signals.mine: mine (mine.py): on_trade raised ZeroDivisionError: float division by zero "
    )
    assert where in done.stderr
    assert done.stderr.endswith(f" ns, row {row(done.stderr)}, decision 0); its state: {folder / 'fault.json'}\n")
    assert len(done.stderr.splitlines()) == 1
    with pytest.raises(ZeroDivisionError):
        replay(tmp_path / folder / "fault.json")


def row(text: str) -> int:
    """Returns the row that a line names."""
    return int(text.split(", row ")[1].split(",")[0])


def test_a_rule_that_does_not_compile_is_one_line(mmkit: Mmkit, write: Callable[..., str], tmp_path: Path) -> None:
    source = write("market.mid**1.5 / math.sqrt(market.mid)", "float(shown(market.mid))")
    done = mmkit("run", "stack.toml", "--engine", "compiled", "--out", "out")
    where = f"{(tmp_path / 'mine.py').resolve()}:{line(source, ':.2f')}"
    instead = 'mmkit.step("name", value, "unit"), which explain shows'
    said = f"pricing: my-price (mine.py): quote: {where}: an f-string: {instead}\n"
    assert (done.returncode, done.stdout, done.stderr) == (4, "", said)
    assert not (tmp_path / "out").exists()


def test_auto_never_fails_for_it(mmkit: Mmkit, write: Callable[..., str]) -> None:
    write("market.mid**1.5 / math.sqrt(market.mid)", "float(shown(market.mid))")
    done = mmkit("run", "stack.toml", "--out", "out")
    assert (done.returncode, done.stderr) == (0, "")


def test_check_notes_it_and_finds_no_fault(mmkit: Mmkit, write: Callable[..., str], tmp_path: Path) -> None:
    source = write("market.mid**1.5 / math.sqrt(market.mid)", "float(shown(market.mid)) + 0.0 * market.mid**2")
    done = mmkit("check", "stack.toml")
    assert done.returncode == 0
    file = (tmp_path / "mine.py").resolve()
    assert done.stderr.splitlines() == [
        f"note: pricing: my-price (mine.py): quote: {file}:{line(source, 'market.mid**2')}: "
        "market.mid ** 2, a constant exponent: market.mid * market.mid (gives another result compiled)",
        f"note: pricing: my-price (mine.py): quote: {file}:{line(source, ':.2f')}: "
        'an f-string: mmkit.step("name", value, "unit"), which explain shows (will not compile)',
    ]
    as_json = mmkit("check", "stack.toml", "--json")
    assert as_json.stdout.startswith("{")
    assert as_json.returncode == 0


def test_of_sound_rules_check_says_nothing(mmkit: Mmkit, write: Callable[..., str]) -> None:
    write()
    done = mmkit("check", "stack.toml")
    assert (done.returncode, done.stderr) == (0, "")
