"""The conformance kit: whether a rule keeps to what every rule promises. `check_rule(rule)`, or `class TestMine(RuleTests)`.

`replay(path)` calls a function that failed in a run once more.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmkit.testing.checks import CHECKS, check_rule
    from mmkit.testing.mixin import RuleTests
    from mmkit.testing.replaying import replay
    from mmkit.testing.rows import Failed, Row, Skipped

# pytest, hypothesis and numpy are imported when a name is first used.
_LATER = {
    **dict.fromkeys(("Row", "Failed", "Skipped"), "mmkit.testing.rows"),
    **dict.fromkeys(("CHECKS", "check_rule"), "mmkit.testing.checks"),
    "RuleTests": "mmkit.testing.mixin",
    "replay": "mmkit.testing.replaying",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        import importlib

        value = getattr(importlib.import_module(_LATER[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'mmkit.testing' has no attribute {name!r}")


__all__ = ["CHECKS", "Failed", "Row", "RuleTests", "Skipped", "check_rule", "replay"]
