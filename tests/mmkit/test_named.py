"""Finding rules by what a user calls them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mmkit.errors import ConfigError, PluginError
from mmkit.named import named
from mmkit.rules import Role

Install = Callable[..., Path]

RULES = """
import mmkit

def quote(params, state, market):
    return 1.0, 1.0, 1.0

@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("leaning", quote=quote)

@mmkit.hookimpl
def mmkit_ladder():
    return mmkit.Ladder("leaning", levels=lambda params, state, market, ladder, bid_qty, ask_qty: None)
"""


def found(text: str, role: Role | None = None) -> list[tuple[str, str, str]]:
    """Returns role, name and supplier of what a text names."""
    return [(rule.role.value, rule.name, supplier) for rule, supplier in named(text, role)]


PRICING, LADDER = ("pricing", "leaning", "my.Rules 1.5"), ("ladder", "leaning", "my.Rules 1.5")


@pytest.mark.parametrize(
    ("text", "role", "expected"),
    [
        ("leaning", None, [PRICING, LADDER]),
        ("leaning", Role.LADDER, [LADDER]),
        ("pricing.leaning", None, [PRICING]),
        ("my.Rules", None, [PRICING, LADDER]),
        ("my-rules", Role.PRICING, [PRICING]),
    ],
)
def test_a_name_a_role_and_name_and_a_distribution_name_rules_by_role(
    distribution: Install, text: str, role: Role | None, expected: list[tuple[str, str, str]]
) -> None:
    distribution("my.Rules", "leaning_rules", RULES, [("ladder", "leaning"), ("pricing", "leaning")])
    assert found(text, role) == expected


def test_a_file_names_its_rules(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(RULES)
    assert found(str(file)) == [("pricing", "leaning", "mine.py"), ("ladder", "leaning", "mine.py")]
    assert found(str(file), Role.LADDER) == [("ladder", "leaning", "mine.py")]
    with pytest.raises(ConfigError, match=r"mine\.py: offers no signals rule$"):
        named(str(file), Role.SIGNALS)


@pytest.mark.parametrize(
    ("text", "role", "said"),
    [
        ("microprise", None, 'no plugin "microprise" (did you mean "microprice"?)'),
        ("signals.microprise", None, 'no plugin "signals.microprise" (did you mean "signals.microprice"?)'),
        ("glft", Role.SIGNALS, 'no signals plugin "glft"'),
        ("mkit", None, 'no plugin "mkit" (did you mean "mmkit"?)'),
    ],
)
def test_what_nothing_is_called_is_one_line_with_the_nearest_spelling(text: str, role: Role | None, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        named(text, role)
    assert str(caught.value) == said


def test_what_is_named_and_broken_is_a_plugins_fault(distribution: Install) -> None:
    distribution("strangers", "odd_rules", "1 / 0\n", [("pricing", "odd")])
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        named("odd")
