"""Every optimization that says it is exact leaves each quote and fill as it was, on and off, in both engines."""

from pathlib import Path
from typing import Any

import pytest

import mmkit
from mmkit.engine.plain import PlainEngine
from mmkit.engine.session import program
from mmkit.optimizing import switched, unless_off
from mmkit.settings import read

ON = ["signals.sigma.volatility-cache", "pricing.volatility-cache", "pricing.spread-cache", "ladder.compact-state"]
OFF = ["ladder.constants", "ladder.buffers", "execution.buffers", "market.mid-cache", "pricing.compiled"]
PROCESS = ["process.cpu-affinity", "process.realtime-priority", "process.memory-lock", "process.gc-freeze"]


def steady(run: mmkit.Run) -> Any:
    """Returns what of a summary does not depend on the time it took or on what was switched."""
    return {
        key: run.summary[key] for key in ("orders", "fills", "position", "cash", "fees", "equity", "pnl", "metrics")
    }


@pytest.fixture(scope="module")
def plain() -> dict[str, mmkit.Run]:
    """Returns room for the run with nothing switched."""
    return {}


@pytest.fixture
def usual(stack: Path, plain: dict[str, mmkit.Run]) -> mmkit.Run:
    if not plain:
        plain["run"] = mmkit.run(stack, engine="python")
    return plain["run"]


@pytest.mark.parametrize("path", [*ON, *PROCESS])
def test_switched_on_it_changes_no_bit(stack: Path, usual: mmkit.Run, path: str) -> None:
    run = mmkit.run(stack, engine="python", enable=[path])
    assert run.summary["fills"]["count"] > 20
    assert run.fills.equals(usual.fills)
    assert run.records.equals(usual.records)
    assert steady(run) == steady(usual)


@pytest.mark.parametrize("path", OFF)
def test_switched_off_it_changes_no_bit(stack: Path, usual: mmkit.Run, path: str) -> None:
    run = mmkit.run(stack, engine="python", disable=[path])
    assert run.fills.equals(usual.fills)
    assert run.records.equals(usual.records)
    assert steady(run) == steady(usual)


def test_all_at_once_change_no_bit_in_the_compiled_engine(stack: Path, usual: mmkit.Run) -> None:
    for run in (
        mmkit.run(stack, engine="compiled", enable=[*ON, "risk.limits.compact-state"]),
        mmkit.run(stack, engine="compiled", disable=OFF),
    ):
        assert run.fills.equals(usual.fills)
        assert run.records.equals(usual.records)
        assert run.log == usual.log


def test_what_every_rule_has_is_found_where_it_applies(stack: Path) -> None:
    found = {slot.path for slot in unless_off(read(stack))}
    assert {"ladder.constants", "ladder.buffers", "execution.buffers", "instruments.SIM.market.mid-cache"} <= found
    assert "pricing.constants" not in found


def test_constants_are_worked_out_once_or_at_every_decision(stack: Path) -> None:
    made = []
    for read_stack in (read(stack), read(stack, disable=["ladder.constants"])):
        engine = PlainEngine(program(read_stack))
        session = engine.session()
        session.signals_sigma_state.value = 1.0
        session.market.bid_ticks, session.market.ask_ticks = 9999, 10001
        session.market.mid = 100.0
        for _ in range(3):
            engine.program.functions["decide"](session, None)
        made.append(session.ladder_constants.made)
    assert made == [1, 4]


def test_switching_there_and_back_gives_the_stack_again(stack: Path) -> None:
    before = read(stack)
    for slot in unless_off(before):
        off = switched(before, slot, False)
        assert program(switched(off, slot, True)).source == program(before).source
        changed = next(each for each in off.optimizable if slot.path in [gone.path for gone in each.off])
        assert changed.rule != changed.declared


def test_a_market_of_mids_has_none_to_work_out_again() -> None:
    paper = Path(__file__).parents[3] / "examples" / "paper.toml"
    assert not any("mid-cache" in slot.path for slot in unless_off(read(paper)))
    with pytest.raises(mmkit.ConfigError, match='"diffusion" gives the mids themselves'):
        read(paper, disable=["market.mid-cache"])
