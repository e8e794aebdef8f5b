"""The decision log: shares by class, the same ones every time, all that matters, and no decision depends on it."""

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.optimization.log_sampling import Params, State, samples

DECISION = 1


@given(st.floats(0, 1), st.integers(0, 10**6), st.integers(1, 400))
def test_of_any_n_events_n_times_the_rate_are_written_one_more_or_less(rate: float, seed: int, count: int) -> None:
    params, state = Params(decisions=rate, seed=seed), State()
    written = sum(samples(params, state, DECISION, 0.0) for _ in range(count))
    assert abs(written - count * rate) <= 1 + 1e-9
    assert (state.written, state.left_out) == (written, count - written)


def test_another_seed_writes_others() -> None:
    def chosen(seed: int) -> list[bool]:
        params, state = Params(seed=seed), State()
        return [samples(params, state, DECISION, 0.0) for _ in range(100)]

    assert chosen(1) == chosen(1)
    assert chosen(1) != chosen(2)


@pytest.mark.parametrize(("size", "share"), [(0.01, 1.0), (5.0, 1.0), (0.0099, 0.5)])
def test_large_fills_are_all_there_and_half_of_the_small(size: float, share: float) -> None:
    state = State()
    written = sum(samples(Params(), state, mmkit.EXECUTION, size) for _ in range(100))
    assert written == 100 * share


def test_every_error_is_written() -> None:
    state = State()
    assert all(samples(Params(), state, mmkit.TROUBLE, 0.0) for _ in range(100))


def test_every_change_of_the_level_of_risk_is_written() -> None:
    state = State()
    assert all(samples(Params(decisions=0.0), state, mmkit.RISK, 0.0) for _ in range(100))
    assert (state.written, state.left_out) == (100, 0)


@pytest.mark.parametrize("engine", ["python", "compiled"])
def test_a_run_logs_less_than_a_fifth_of_its_decisions_and_every_large_fill(stack: Path, engine: str) -> None:
    run = mmkit.run(stack, engine=engine)
    counted = run.summary["counters"]["log"]
    assert counted["written"] == len(run.log)
    fills = [line for line in run.log if " fill " in line]
    assert len(fills) == run.summary["fills"]["count"]  # all are larger than 0.01
    others = counted["written"] - len(fills)
    assert 0.04 < others / run.summary["counters"]["decisions"] < 0.06


def test_sampling_changes_no_decision_and_counts_what_it_leaves_out(stack: Path) -> None:
    sampled = mmkit.run(stack, engine="python")
    whole = mmkit.run(stack, engine="python", disable=["log.log-sampling"])
    assert whole.fills.equals(sampled.fills)
    assert whole.records.equals(sampled.records)
    assert set(sampled.log) < set(whole.log)
    counted = sampled.summary["counters"]["log"]
    assert counted["written"] + counted["left_out"] == len(whole.log) == whole.summary["counters"]["log"]["written"]
    decisions = [line for line in whole.log if " decision " in line]
    assert len(decisions) == whole.summary["counters"]["decisions"]


def test_the_log_says_what_the_fills_are(stack: Path) -> None:
    run = mmkit.run(stack, engine="python", out=stack.parent / "out")
    lines = (stack.parent / "out" / "decisions.log").read_text().splitlines()
    assert tuple(lines) == run.log
    said = [re.search(r"fill ([+-][\d.]+) at ([\d.]+)", line) for line in lines if " fill " in line]
    told = [(float(each[1]), float(each[2])) for each in said if each]
    quantities = (run.fills["side"] * run.fills["qty"]).to_list()
    assert told == [(pytest.approx(q), pytest.approx(p)) for q, p in zip(quantities, run.fills["price"], strict=True)]
    times = [line.partition(" ")[0] for line in lines]
    assert times == sorted(times)


def test_a_run_that_ends_in_an_error_keeps_what_was_logged(stack: Path) -> None:
    text = stack.read_text().replace('plugins = ["steps.py"]', 'plugins = ["steps.py", "late.py"]')
    stack.write_text(text + '[risk.late]\nuse = "late"\n')
    (stack.parent / "late.py").write_text(
        "import mmkit\n"
        "def limit(params, state, market, ladder, desk):\n"
        "    if market.now > 60_000_000_000:\n        raise ValueError('late')\n"
        "@mmkit.hookimpl\ndef mmkit_risk():\n    return mmkit.Risk('late', limit=limit)\n"
    )
    with pytest.raises(mmkit.PluginError):
        mmkit.run(stack, engine="python", out=stack.parent / "out")
    lines = (stack.parent / "out" / "decisions.log").read_text().splitlines()
    assert "decision 5" in "".join(lines)
    assert math.isclose(len([line for line in lines if " decision " in line]), 30, abs_tol=1)
