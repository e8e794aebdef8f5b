"""mmkit explain: exact numbers for scripts, a table for readers, one line per fault."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Mmkit = Callable[..., subprocess.CompletedProcess[str]]

NOW: dict[str, Any] = {
    "time": 10**9,
    "bid": 99.99,
    "ask": 100.02,
    "position": 0.4,
    "signals": {"sigma.value": 0.013},
    "orders": [{"side": 1, "price": 99.5, "qty": 0.1}],
}


@pytest.fixture
def now(tmp_path: Path) -> Callable[..., Path]:
    """Returns a writer of now.json: NOW with keys replaced."""

    def write(**keys: Any) -> Path:
        (tmp_path / "now.json").write_text(json.dumps(NOW | keys))
        return tmp_path / "now.json"

    return write


def explained(mmkit: Mmkit, *args: str | Path) -> dict[str, Any]:
    done = mmkit("explain", *args, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_json_has_the_steps_the_quotes_and_the_requests(mmkit: Mmkit, stack_file: Path, now: Any) -> None:
    found = explained(mmkit, "stack.toml", "--snapshot", now())
    assert list(found) == ["steps", "quotes", "actions"]
    assert all(list(step) == ["stage", "rule", "name", "value", "unit"] for step in found["steps"])
    stages = list(dict.fromkeys(step["stage"] for step in found["steps"]))
    assert stages == ["market", "signals.sigma", "sizing", "pricing", "ladder", "grid"]
    (bid,), (ask,) = found["quotes"]["bids"], found["quotes"]["asks"]
    assert bid[1] == ask[1] == 0.1
    assert bid[0] < ask[0]
    assert found["actions"] == [
        {"action": "cancel", "side": 1, "price": 99.5, "qty": 0.1, "order": 0},
        {"action": "place", "side": 1, "price": bid[0], "qty": 0.1, "kind": "post-only"},
        {"action": "place", "side": -1, "price": ask[0], "qty": 0.1, "kind": "post-only"},
    ]


def test_numbers_are_exact(mmkit: Mmkit, stack_file: Path, now: Any) -> None:
    sigma = 0.1 + 0.2  # 0.30000000000000004
    found = explained(mmkit, "stack.toml", "--snapshot", now(signals={"sigma.value": sigma}))
    values = {step["name"]: step["value"] for step in found["steps"]}
    assert values["volatility (sigma.value)"] == sigma
    assert values["mid"] == (99.99 + 100.02) / 2.0
    assert values["inventory"] == -0.4 * (1.0 * sigma * sigma * (60 * 10**9 * 1e-9))


def test_options_change_the_stack(mmkit: Mmkit, stack_file: Path, now: Any) -> None:
    narrow = explained(mmkit, "stack.toml", "--snapshot", now())
    wide = explained(mmkit, "stack.toml", "--snapshot", now(), "--set", "pricing.min_spread=5")
    assert wide["quotes"]["asks"][0][0] > narrow["quotes"]["asks"][0][0]
    limited = ["--set", "ladder.use=uniform", "--set", "ladder.levels=2"]
    assert len(explained(mmkit, "stack.toml", "--snapshot", now(), *limited)["quotes"]["bids"]) == 2


def test_the_snapshot_may_come_through_a_pipe(command: Path, stack_file: Path, tmp_path: Path) -> None:
    call = [str(command), "explain", "stack.toml", "--snapshot", "-", "--json"]
    done = subprocess.run(call, input=json.dumps(NOW), cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["quotes"]["bids"]


def test_without_json_it_is_a_table(mmkit: Mmkit, stack_file: Path, now: Any) -> None:
    done = mmkit("explain", "stack.toml", "--snapshot", now())
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["stage", "rule", "step", "value", "unit"]
    assert any(
        line.split() == ["pricing", "avellaneda", "volatility", "(sigma.value)", "0.013", "price/sqrt(s)"]
        for line in lines
    )
    assert "quotes" in lines
    assert "  cancel buy 0.1 at 99.5, order 0 of the snapshot" in lines


def test_no_quote_is_an_answer_and_not_a_fault(mmkit: Mmkit, stack_file: Path, now: Any) -> None:
    done = mmkit("explain", "stack.toml", "--snapshot", now(signals={}, orders=[]))
    assert (done.returncode, done.stderr) == (0, "")
    assert "no quote: pricing.volatility (sigma.value) is not there" in done.stdout
    assert done.stdout.endswith("no quotes\n\nno requests\n")
    found = explained(mmkit, "stack.toml", "--snapshot", now(signals={}))
    assert found["steps"][-1]["value"] is None
    assert found["quotes"] == {"bids": [], "asks": []}


def test_every_fault_of_the_snapshot_is_one_line_and_exit_2(mmkit: Mmkit, stack_file: Path, now: Any) -> None:
    now(bid="x", signals={"sigma.valu": 1.0})
    done = mmkit("explain", "stack.toml", "--snapshot", "now.json", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        'now.json: bid: must be a number, is "x"',
        'now.json: signals.sigma.valu: no signal of the stack publishes this (did you mean "sigma.value"?)',
    ]


def test_a_missing_snapshot_is_exit_2(mmkit: Mmkit, stack_file: Path) -> None:
    done = mmkit("explain", "stack.toml", "--snapshot", "none.json")
    assert (done.returncode, done.stderr) == (2, "none.json: no such snapshot file\n")
    assert mmkit("explain", "stack.toml").returncode == 2
