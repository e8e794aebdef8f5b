"""Each planted fault is caught by the check that is meant for it, and by no other."""

from collections.abc import Callable
from typing import Any

import planted
import pytest

from mmkit.testing import outputs, parameters, strict
from mmkit.testing.rows import Failed
from mmkit.testing.subject import Subject

CHECKS: dict[str, Callable[[Subject], str]] = {
    "parameters": parameters.check,
    "outputs": outputs.check,
    "types": strict.check,
}


@pytest.fixture(autouse=True)
def corners_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the random markets: the planted faults show in the corners."""
    monkeypatch.setattr(outputs, "EXAMPLES", 0)


def failed(rule: Any) -> dict[str, str]:
    """Returns what those checks say that a rule fails."""
    found = {}
    for name, check in CHECKS.items():
        try:
            check(Subject(rule))
        except Failed as reason:
            found[name] = str(reason)
    return found


@pytest.mark.parametrize(("meant", "rule"), planted.FAULTS.values(), ids=planted.FAULTS.keys())
def test_a_fault_is_caught_by_its_own_check_alone(meant: str, rule: Any) -> None:
    found = failed(rule)
    assert list(found) == [meant]
    assert "\n" not in found[meant]


def test_a_sound_rule_passes() -> None:
    assert failed(planted.SOUND) == {}
