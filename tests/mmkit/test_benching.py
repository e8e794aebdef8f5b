"""What bench says: figures of real runs, and of each optimization what it changes."""

import subprocess
import sysconfig
from pathlib import Path

import pytest

from mmkit import benching
from mmkit.engine.session import program
from mmkit.optimizing import switched
from mmkit.settings import read
from mmkit.stack import Stack

STACK = """
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
duration = "60s"
[signals.sigma]
use = "volatility"
sample = "200ms"
[pricing]
use = "avellaneda"
gamma = 1.0
k = 40.0
optimizations = [{entry}]
[sizing]
use = "fixed"
quantity = 0.2
[report]
"""
LOOSE = '{use = "spread-cache", mode = "ttl", ttl = "10s", relative = 0.5, mid = 0.1, position = 10.0}'


def quiet(text: str) -> None:
    """Hears nothing."""


def stack_with(folder: Path, entry: str) -> Stack:
    file = folder / "stack.toml"
    file.write_text(STACK.format(entry=entry))
    return read(file)


def test_a_row_per_engine_counts_the_rows_of_the_run(tmp_path: Path) -> None:
    stack = stack_with(tmp_path, '"spread-cache"')
    (row,) = benching.engines(stack, ["python"], 2, quiet)
    assert row["rows"] == benching.finished(stack, "python", quiet).summary["data"]["events"]
    assert row["rows_per_s"]["min"] <= row["rows_per_s"]["median"] <= row["rows_per_s"]["max"]
    assert row["same_as_first"]


def test_every_decision_is_timed(tmp_path: Path) -> None:
    found = benching.latency(stack_with(tmp_path, '"spread-cache"'), "python", quiet)
    assert found["timed"] + 1 == 599
    assert 0 < found["p50_us"] <= found["p99_us"] <= found["max_us"]


def test_memory_grows_with_what_a_rule_keeps(tmp_path: Path) -> None:
    without = benching.memory(program(stack_with(tmp_path, "")))
    cached = benching.memory(program(stack_with(tmp_path, '"spread-cache"')))
    assert cached["rules_bytes"] > without["rules_bytes"]
    assert cached["kernel_bytes"] == without["kernel_bytes"]


def test_an_exact_cache_changes_nothing(tmp_path: Path) -> None:
    row = benching.ablation(stack_with(tmp_path, '"spread-cache"'), "python", 1, quiet)[0]
    assert row["optimization"] == "pricing.spread-cache"
    assert row["changed"] == "identical"
    assert 0 < row["hit_ratio"] < 1
    assert row["ratio"]["median"] == row["on_s"]["median"] / row["off_s"]["median"]


def test_a_loose_cache_says_how_much_it_changes(tmp_path: Path) -> None:
    stack = stack_with(tmp_path, LOOSE)
    row = benching.ablation(stack, "python", 1, quiet)[0]
    assert row["changed"] == "bounded"
    assert row["largest_ticks"] >= 1
    assert 0 < row["differing"] <= 1
    on, off = (benching.finished(s, "python", quiet) for s in (stack, switched(stack, stack.optimizations[0], False)))
    assert row["pnl"] == pytest.approx(on.summary["pnl"]["total"] - off.summary["pnl"]["total"])


def test_what_every_rule_has_is_measured_too_and_changes_nothing(tmp_path: Path) -> None:
    rows = benching.ablation(stack_with(tmp_path, ""), "python", 1, quiet)
    assert {row["optimization"] for row in rows} == {
        "log.log-sampling",
        "ladder.buffers",
        "execution.buffers",
        "instruments.SIM.market.mid-cache",
    }
    assert {row["changed"] for row in rows} == {"identical"}
    (log,) = (row["log_per_decision"] for row in rows if row["optimization"] == "log.log-sampling")
    assert log["on"] < 0.2 < 1 <= log["off"]


def test_a_stack_with_five_levels_takes_less_than_4_kb_without_books_and_messages(tmp_path: Path) -> None:
    file = tmp_path / "stack.toml"
    file.write_text(
        STACK.format(entry="") + '[ladder]\nuse = "fibonacci"\nlevels = 5\n[risk.limits]\nuse = "position-limit"\n'
    )
    found = benching.memory(program(read(file)))
    assert found["state_bytes"] == found["rules_bytes"] + found["kernel_bytes"] + found["orders_bytes"] < 4096


def test_the_module_is_printed_and_nothing_else(tmp_path: Path) -> None:
    stack = stack_with(tmp_path, '"spread-cache"')
    command = [Path(sysconfig.get_path("scripts")) / "mmkit", "bench", "stack.toml", "--source"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == program(stack).source.rstrip() + "\n"
    assert done.stderr == ""
    compile(done.stdout, "stack", "exec")
