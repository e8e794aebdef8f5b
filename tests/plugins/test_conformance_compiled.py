"""The conformance kit's checks that compile: the same bits for all built-in rules at once, the others for one of each role."""

import pytest

from mmkit.plugins import offers
from mmkit.rules import Role
from mmkit.testing import check_rule
from mmkit.testing.same_bits import same_bits_together

ONE_OF_EACH = (
    *("signals.imbalance", "sizing.fixed", "pricing.avellaneda", "ladder.uniform"),
    *("risk.drawdown", "execution.requote", "hedging.delta"),
)
"""Rules that are driven over a million events, and timed, in CI."""


LOOPED = [
    offers().load(role, entry.name)[0]
    for role in Role
    for entry in offers().entries[role]
    if role not in (Role.MARKET, Role.REPORT, Role.OPTIMIZATION)
    and entry.dist is not None
    and entry.dist.name == "mmkit"
]


def test_all_together_compute_the_same_bits_in_both_engines() -> None:
    rows = same_bits_together(LOOPED)
    assert len(rows) == len(LOOPED)
    wrong = [(rule.name, row) for rule, row in zip(LOOPED, rows, strict=True) if row.outcome != "passed"]
    assert wrong == []


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_one_of_each_role_is_bounded_and_quick(name: str) -> None:
    role, _, own = name.partition(".")
    rows = check_rule(offers().load(Role(role), own)[0], checks=["bounded", "speed"])
    assert [(row.check, row.outcome, row.reason) for row in rows if row.outcome != "passed"] == []


def test_every_role_that_a_loop_calls_has_one_that_is_driven() -> None:
    assert {name.partition(".")[0] for name in ONE_OF_EACH} == {rule.role.value for rule in LOOPED} - {"venue"}


def test_the_table_of_usual_times_has_every_role() -> None:
    from mmkit.testing.speed import medians

    found = medians()
    assert found["reference"]["ns"] > 0.0
    for role in {rule.role.value for rule in LOOPED} - {"venue"}:
        assert found[role]["python"] > 0.0
