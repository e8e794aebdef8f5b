"""The rules that new plugins begin with: each loads from its file, runs, and does something."""

from pathlib import Path
from typing import Any

import pytest
from new_plugins import RULES

import mmkit
from mmkit.installed import PLACES
from mmkit.named import named
from mmkit.rules import Role


@pytest.mark.parametrize("role", RULES)
def test_a_file_offers_one_rule_of_its_role(beside: Path, role: str) -> None:
    [(rule, supplier)] = named(str(beside / role / "mine.py"))
    assert (rule.role, rule.name, supplier) == (Role(role), "mine", "mine.py")


@pytest.fixture(scope="module")
def runs(beside: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, mmkit.Run]:
    """Returns a short run of each role's stack in plain Python."""
    folder = tmp_path_factory.mktemp("runs")
    legs = {role: ["SIM", "OTHER"] if role == "hedging" else ["SIM"] for role in RULES}
    return {
        role: mmkit.run(
            beside / role / "stack.toml",
            engine="python",
            set=[f"instruments.{leg}.market.duration=40s" for leg in legs[role]],
            disable=["report.page"],
            out=folder / role,
        )
        for role in RULES
    }


@pytest.mark.parametrize("role", RULES)
def test_its_stack_uses_it_and_trades(runs: dict[str, mmkit.Run], role: str) -> None:
    stack = runs[role].stack
    acting = [stack.sizing, stack.pricing, stack.ladder, stack.execution, stack.hedging]
    legs = [slot for leg in stack.all_legs for slot in (leg.market, leg.venue)]
    slots = [*acting, *legs, *stack.signals, *stack.risk, *stack.reports]
    used = [each for slot in slots for each in (slot, *slot.optimizations) if each.rule.name == "mine"]
    assert [each.rule.role for each in used] == [Role(role)]
    assert runs[role].summary["fills"]["count"] > 5


def test_the_slope_points_where_the_mid_goes(runs: dict[str, mmkit.Run]) -> None:
    records = runs["signals"].records
    slope = records["mine.value"].drop_nans()
    assert len(slope) > 30
    assert slope.mean() * (records["mid"][-1] - records["mid"][0]) > 0.0
    # And the quotes follow it.
    assert runs["signals"].fills.rows() != runs["report"].fills.rows()


def test_the_hedge_holds_half_of_the_position_the_other_way_round(runs: dict[str, mmkit.Run]) -> None:
    positions = runs["hedging"].records.select("position", "OTHER.position")
    assert positions["OTHER.position"].abs().max() > 0.1
    # Apart by no more than the band, a lot, and what was quoted since the last look.
    assert (positions["position"] / 2 + positions["OTHER.position"]).abs().max() < 0.1 + 0.001 + 0.2


def test_the_cache_has_hits_and_misses(runs: dict[str, mmkit.Run]) -> None:
    counted = runs["optimization"].summary["counters"]["caches"]["pricing.mine"]
    assert min(counted["hits"], counted["misses"]) > 0


def test_wider_tolerance_sends_fewer_messages(beside: Path) -> None:
    sent = [cancelled(beside / "execution" / "stack.toml", f"execution.tolerance={ticks}") for ticks in (0, 1, 5)]
    assert sent == sorted(sent, reverse=True)
    assert sent[0] > 2 * sent[2]


def cancelled(stack: Path, change: str) -> Any:
    """Returns how many orders a short run cancels."""
    changes = [change, "instruments.SIM.market.duration=20s"]
    return mmkit.run(stack, engine="python", set=changes).summary["orders"]["cancelled"]


def test_every_role_has_a_rule_or_a_command() -> None:
    from importlib.resources import files

    found = {path.name for path in files("mmkit.scaffold").joinpath("rules").iterdir()}
    assert {name for name in found if name.endswith(".py")} == {f"{role}.py" for role in PLACES} | {"__init__.py"}


def test_none_of_them_is_on_offer() -> None:
    from mmkit.installed import entries

    values = [entry.value for each in entries().values() for entry in each]
    assert len(values) > 50
    assert not [value for value in values if "scaffold" in value]
