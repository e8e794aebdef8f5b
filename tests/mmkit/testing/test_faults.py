"""Each fault that shows over a run is caught by the check meant for it and by no other; what was expected to fail and does not, fails."""

from typing import Any

import faults
import pytest

import mmkit
from mmkit.testing import CHECKS, Row, bounded, check_rule, outputs

COMPILED = ("same-bits", "bounded", "speed")
"""Checks that compile a stack: of a rule that can be compiled only the one that is meant is asked."""


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "EXAMPLES", 0)
    monkeypatch.setattr(bounded, "SECONDS", 0.2)


@pytest.mark.parametrize(("meant", "rule"), faults.FAULTS.values(), ids=faults.FAULTS.keys())
def test_a_fault_is_caught_by_its_own_check_alone(meant: str, rule: Any) -> None:
    asked = [name for name in CHECKS if not rule.compiled or name == meant or name not in COMPILED]
    rows = check_rule(rule, checks=asked)
    assert [row.check for row in rows] == asked
    assert [row.check for row in rows if row.outcome == "failed"] == [meant]
    assert all("\n" not in row.reason for row in rows)


def test_a_broken_contract_leaves_nothing_to_try() -> None:
    rule = mmkit.Sizing("wrong", params=faults.Size, sizes=lambda params: (0.0, 0.0))
    first, *others = check_rule(rule)
    assert (first.check, first.outcome) == ("declarations", "failed")
    assert {row.outcome for row in others} == {"skipped"}
    assert {row.reason for row in others} == {"the declarations are at fault"}


def test_a_failure_that_is_expected_is_told_with_its_reason() -> None:
    _, rule = faults.FAULTS["the wall clock"]
    [row] = check_rule(rule, checks=["pure"], expected_failures={"pure": "it is a stopwatch"})
    assert (row.check, row.outcome) == ("pure", "expected")
    assert row.reason == "it is a stopwatch: sizes reaches for the clock: time.time"


def test_a_failure_that_is_expected_may_have_no_reason() -> None:
    _, rule = faults.FAULTS["the wall clock"]
    [row] = check_rule(rule, checks=["pure"], expected_failures=["pure"])
    assert row == Row("pure", "expected", "sizes reaches for the clock: time.time")


def test_a_pass_where_a_failure_was_expected_fails() -> None:
    rule = mmkit.Sizing("sound", params=faults.Size, sizes=faults.sizes)
    [row] = check_rule(rule, checks=["pure"], expected_failures={"pure": "long ago"})
    assert row == Row("pure", "failed", "passed, though a failure was expected")


@pytest.mark.parametrize("where", [{"checks": ["puer"]}, {"expected_failures": {"puer": ""}}])
def test_a_check_that_does_not_exist_is_named_with_the_nearest(where: Any) -> None:
    rule = mmkit.Sizing("sound", params=faults.Size, sizes=faults.sizes)
    with pytest.raises(
        mmkit.ConfigError, match=r'^no check "puer" \(did you mean "pure"\?\); there are: declarations, '
    ):
        check_rule(rule, **where)


def test_a_module_with_one_hook_stands_for_its_rule() -> None:
    from mmkit_plugins.pricing import fixed

    assert [row.outcome for row in check_rule(fixed, checks=["declarations"])] == ["passed"]


def test_a_module_without_a_hook_is_a_mistake() -> None:
    with pytest.raises(mmkit.ConfigError, match="has not one hook"):
        check_rule(faults)
