"""The conformance kit as tests of pytest: one for each check."""

from collections.abc import Collection, Mapping
from types import ModuleType
from typing import Any, ClassVar

import pytest

from mmkit.rules import Rule
from mmkit.testing.checks import CHECKS, check_rule


class RuleTests:
    """Tests that a rule keeps to what every rule promises: class TestMine(RuleTests): rule = my_module.mmkit_signals()

    rule: the rule, a module whose one hook offers it, or a fixture of that name; expected_failures: checks that are known to fail, perhaps
    each with its reason: such a test fails where its check passes; params: a table, as TOML has it, for parameters without a default.
    """

    rule: Any = None
    expected_failures: ClassVar[Collection[str]] = ()
    params: ClassVar[Mapping[str, Any] | None] = None

    @pytest.fixture
    def rule_under_test(self, request: pytest.FixtureRequest) -> Rule | ModuleType:
        """Returns the rule that the class has, as an attribute or as a fixture."""
        if isinstance(self.rule, Rule | ModuleType):
            return self.rule
        rule = request.getfixturevalue("rule")
        assert isinstance(rule, Rule | ModuleType), "rule is an mmkit rule, or a module that offers one"
        return rule

    @pytest.mark.parametrize("check", CHECKS)
    def test_conforms(self, check: str, rule_under_test: Rule | ModuleType) -> None:
        """One check; what has no meaning for the rule is skipped, with the reason."""
        [row] = check_rule(
            rule_under_test, checks=[check], params=self.params, expected_failures=self.expected_failures
        )
        if row.outcome == "skipped":
            pytest.skip(row.reason)
        if row.outcome == "expected":
            pytest.xfail(row.reason)
        if row.outcome == "failed":
            pytest.fail(f"{row.check}: {row.reason}", pytrace=False)
