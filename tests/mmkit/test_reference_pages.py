"""The pages of hooks and of formulas: what is on disk is what the declarations say, and nothing public is missing from them."""

import re
from pathlib import Path

import pytest

import mmkit
from mmkit import formula_page, hook_page
from mmkit.contract import ARGUMENTS
from mmkit.pages import of_distribution
from mmkit.rules import ROLES, Role, hook_name

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("file", "made"), [("hooks.md", hook_page), ("formulas.md", formula_page)])
def test_the_page_on_disk_is_what_the_declarations_say(file: str, made: object) -> None:
    assert (DOCS / file).read_text("utf-8") == made.text(), "run make pages"  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", Role)
def test_every_hook_and_every_function_of_its_role_is_there(role: Role) -> None:
    section = hook_page.text().split(f"\n## {role.value}\n")[1].split("\n## ")[0]
    assert f"`{hook_name(role)}`" in section
    for name, given in ARGUMENTS[role].items():
        assert f"- `{name}({', '.join(given)})`" in section
    for name in ROLES[role].functions:
        assert name in section


def test_every_public_name_is_there_with_what_it_is() -> None:
    text = hook_page.text()
    for name in {*mmkit.__all__, *mmkit._LATER} - set(hook_page.LEFT_OUT):
        assert re.search(rf"(?m)^#+ `mmkit\.{name}[(`]|^- .*`{name}`", text), name


def test_a_constant_has_the_words_that_stand_below_it() -> None:
    assert hook_page.said_of("mmkit.engine.records", "POST_ONLY") == "Kinds of an order."
    assert hook_page.said_of("mmkit.engine.records", "NEVER") == ""


def test_every_rule_with_a_formula_has_a_section_and_its_formula_is_whole() -> None:
    text = formula_page.text()
    for about in of_distribution():
        lines = [line.strip() for line in about.text.splitlines() if line.startswith("    ")]
        if about.rule.role in formula_page.ROLES and lines:
            section = text.split(f"(rules/{about.path})")[1].split("\n### ")[0]
            for line in lines:
                assert line in section, about.path
