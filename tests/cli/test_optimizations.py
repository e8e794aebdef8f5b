"""mmkit optimizations list: what there is, where it applies, and whether it is on in a stack."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mmkit.plugins import offers
from mmkit.rules import Role

STACK = """
[instruments.X]
tick_size = 0.01
lot_size = 0.001
[instruments.X.market]
use = "book"
[signals.sigma]
use = "volatility"
[pricing]
use = "avellaneda"
gamma = 1.0
k = 40.0
optimizations = ["spread-cache", {use = "compiled", on = false}]
[sizing]
use = "fixed"
quantity = 0.2
[process]
optimizations = ["gc-freeze"]
"""


@pytest.fixture
def rows(mmkit: Any, tmp_path: Path) -> Any:
    """Returns a function that lists, by path."""

    def listed(*arguments: str) -> dict[str, dict[str, Any]]:
        (tmp_path / "stack.toml").write_text(STACK)
        done: subprocess.CompletedProcess[str] = mmkit("optimizations", "list", *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return {row["path"]: row for row in json.loads(done.stdout)}

    return listed


def test_without_a_stack_every_optimization_is_there_with_every_role(rows: Any) -> None:
    found = rows()
    assert {row["name"] for row in found.values()} == set(offers().names(Role.OPTIMIZATION))
    assert found["ladder.fast-ticks"]["exact"] == "bounded"
    assert found["market.mid-cache"]["state"] == "on unless off"
    assert found["pricing.spread-cache"]["state"] == "off unless on"


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("pricing.spread-cache", "on"),
        ("pricing.compiled", "off"),
        ("sizing.compiled", "on"),
        ("instruments.X.market.mid-cache", "on"),
        ("process.gc-freeze", "on"),
        ("process.memory-lock", "off"),
        ("log.log-sampling", "on"),
        ("signals.sigma.volatility-cache", "off"),
        ("sizing.volatility-cache", "does not apply"),
    ],
)
def test_with_a_stack_each_rule_has_its_own_row(rows: Any, path: str, state: str) -> None:
    assert rows("stack.toml")[path]["state"] == state


def test_what_is_off_says_how_to_switch_it_on_and_what_does_not_apply_says_why(rows: Any) -> None:
    found = rows("stack.toml")
    assert found["pricing.compiled"]["said"] == "--enable pricing.compiled"
    assert found["sizing.volatility-cache"]["said"].startswith('"volatility-cache" does not apply: "fixed" takes no')


def test_a_picture_without_a_place_is_a_fault_before_anything_is_measured(mmkit: Any, rows: Any) -> None:
    rows("stack.toml")
    done = mmkit("bench", "stack.toml", "--picture", "nowhere/x.svg")
    assert done.returncode == 2
    assert done.stderr.strip() == "--picture nowhere/x.svg: cannot write there: no such folder"
    assert done.stdout == ""
