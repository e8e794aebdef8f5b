"""What would let a change of the public surface pass without a word: each kind of change is caught, and passes with its line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from changes import Change, changes, first_section, renew, unnamed
from documents import keys, kind_of
from surface import commands, names, signature, toml

import mmkit
from mmkit.schema import installed

CHANGELOG = """# Changelog

## [Unreleased]

### Added

- `mmkit.place` and much else; `gamma` of
  `avellaneda`.

### Changed

- {line}

## [0.1.0] - 2026-01-01

### Changed

- `mmkit.place`, `avellaneda.gamma`, `summary.json` and `cash`.
"""
NOTHING = CHANGELOG.format(line="Nothing to speak of.")


def of_python() -> dict[str, str]:
    return dict(names())


def of_stacks(rules: Any = None) -> dict[str, str]:
    return dict(toml(rules or installed("mmkit")[0]))


def avellaneda(change: Callable[[Any], Any]) -> list[Any]:
    """Returns the built-in rules, one of them changed."""
    rules = installed("mmkit")[0]
    return [
        attrs.evolve(about, rule=change(about.rule)) if about.path == "pricing/avellaneda.md" else about
        for about in rules
    ]


def one_line(before: dict[str, str], after: dict[str, str], line: str, start: str) -> None:
    """Asserts that a change is told in one line, and passes only with the changelog's line."""
    (told,) = unnamed(before, after, NOTHING)
    assert told.startswith(start)
    assert unnamed(before, after, CHANGELOG.format(line=line)) == []


def test_nothing_has_changed_where_nothing_has() -> None:
    assert unnamed(of_python(), of_python(), NOTHING) == []


def test_a_changed_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    before = of_python()
    monkeypatch.setattr(mmkit, "place", lambda desk, market, side, tick, lots: 0)
    one_line(
        before,
        of_python(),
        "`mmkit.place` has no `kind`.",
        "python mmkit.place: was (desk, market, side, tick, lots, kind), is",
    )


def test_a_changed_default(monkeypatch: pytest.MonkeyPatch) -> None:
    def duration(text: str = "1s") -> int:
        return 0

    before = of_python()
    monkeypatch.setattr(mmkit, "duration", duration)
    one_line(before, of_python(), "`mmkit.duration()`.", "python mmkit.duration: was (text), is (text='1s')")


def test_a_removed_name(monkeypatch: pytest.MonkeyPatch) -> None:
    before = of_python()
    monkeypatch.delitem(mmkit._LATER, "place_anew")
    one_line(before, of_python(), "`mmkit.place_anew` is gone.", "python mmkit.place_anew: removed")


def test_a_new_name_may_be_told_of_anywhere_in_the_section() -> None:
    before = of_python()
    after = before | {"python mmkit.fresh": "()"}
    one_line(before, after, "`mmkit.fresh`.", "python mmkit.fresh: added: ()")
    assert unnamed(before, after, NOTHING.replace("`mmkit.place` and", "`mmkit.fresh` and")) == []


def test_a_field_of_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    @attrs.frozen
    class Pricing(mmkit.Pricing):
        again: bool = False

    before = of_python()
    monkeypatch.setattr(Pricing, "__module__", "mmkit.rules")
    monkeypatch.setattr(mmkit, "Pricing", Pricing)
    one_line(before, of_python(), "`again` of `mmkit.Pricing`.", "python mmkit.Pricing: was")


def test_a_new_toml_key_another_default_and_another_range() -> None:
    def more(**changed: Any) -> Callable[[Any], Any]:
        def change(rule: Any) -> Any:
            fields = {
                f.name: attrs.field(default=f.default, type=f.type, metadata=f.metadata)
                for f in attrs.fields(rule.params)
            }
            made = attrs.make_class("Params", fields | changed, frozen=True, kw_only=True)
            return attrs.evolve(rule, params=made)

        return change

    def number(**declared: Any) -> Any:
        return attrs.field(type=float, **attrs_of(mmkit.field(**declared)))

    def attrs_of(field: Any) -> dict[str, Any]:
        return {"default": field._default, "metadata": field.metadata}

    before = of_stacks()
    patience = of_stacks(avellaneda(more(patience=number(default=1.0))))
    one_line(before, patience, "`patience` of `avellaneda`.", "rule pricing.avellaneda.patience: added")
    # "gamma of avellaneda" stands under Added: that does not tell of a change.
    gamma = of_stacks(avellaneda(more(gamma=number(unit="1/quote", above=1))))
    one_line(before, gamma, "`avellaneda.gamma` is above 1.", "rule pricing.avellaneda.gamma: was")


def test_a_rule_that_is_gone_is_one_line_with_all_that_it_had() -> None:
    before = of_stacks()
    after = of_stacks([about for about in installed("mmkit")[0] if about.path != "pricing/glft.md"])
    one_line(before, after, "`pricing.glft` is gone.", "rule pricing.glft: removed")


def test_another_unit_of_an_output() -> None:
    before = of_stacks()
    after = before | {"rule signals.vamp.outputs.impact": "bp"}
    one_line(before, after, "`vamp.impact` is in bp.", "rule signals.vamp.outputs.impact: was")


def test_a_renamed_json_key() -> None:
    document = {"cash": 1.0, "rules": [{"path": "a", "params": {"gamma": 1}}, {"path": None, "use": "b"}]}
    before = {f"json summary.json {key}": kind for key, kind in keys(document).items()}
    document["money"] = document.pop("cash")
    after = {f"json summary.json {key}": kind for key, kind in keys(document).items()}
    told = unnamed(before, after, NOTHING)
    assert [line.partition(":")[0] for line in told] == ["json summary.json cash", "json summary.json money"]
    assert unnamed(before, after, CHANGELOG.format(line="`cash` is `money` in `summary.json`.")) == []


def test_keys_are_paths_through_lists_and_names_from_a_stack_are_stars() -> None:
    document = {
        "rules": [{"path": None, "value": 1.5}, {"path": "a", "value": "b", "params": {"gamma": 1}}],
        "position": {"QUOTED": 1},
        "caches": {"a.b": {}},
    }
    assert keys(document) == {
        "rules": "list",
        "rules[].path": "string",
        "rules[].value": "number or string",
        "rules[].params": "object",
        "rules[].params.*": "null",
        "position": "object",
        "position.*": "number",
        "caches": "object",
        "caches.*": "object",
    }
    assert [kind_of(value) for value in (True, 1, 1.5, "a", None, [], {})] == [
        *("boolean", "number", "number", "string", "null", "list", "object")
    ]


def test_another_type_of_a_json_value_and_none_yet() -> None:
    before = {"json explain --json steps[].value": "number"}
    assert unnamed(before, {"json explain --json steps[].value": "null"}, NOTHING) == []
    one_line(before, {"json explain --json steps[].value": "string"}, "`steps[].value` is text.", "json explain")


def test_an_option_and_a_command() -> None:
    before = dict(commands())
    assert before["command mmkit run --seed"] == "option int"
    fewer = {name: said for name, said in before.items() if name != "command mmkit run --seed"}
    one_line(before, fewer, "`mmkit run` without `--seed`.", "command mmkit run --seed: removed")
    more = before | {"command mmkit fly": "a command", "command mmkit fly --high": "option boolean"}
    one_line(before, more, "`mmkit fly`.", "command mmkit fly: added")


def test_an_exit_code() -> None:
    one_line(
        {"exit DataError": "3"}, {"exit DataError": "6"}, "`DataError` exits with 6.", "exit DataError: was 3, is 6"
    )


def test_all_words_stand_in_one_entry_between_backticks() -> None:
    before: dict[str, str] = {"rule pricing.fixed.skew": "a"}
    for line in ("`skew` is gone.", "fixed.skew is gone.", "`fixed` has no skew.", "`fixed`.\n- `skew`."):
        assert len(unnamed(before, {}, CHANGELOG.format(line=line))) == 1, line
    for line in ("`fixed.skew`.", "`skew` of\n  `pricing.fixed`.", "`[pricing] use = fixed`: no `skew = 1`."):
        assert unnamed(before, {}, CHANGELOG.format(line=line)) == [], line


def test_only_the_first_section_counts() -> None:
    section = first_section(NOTHING)
    assert section.heading == "[Unreleased]"
    assert [kind for kind, _ in section.entries] == ["Added", "Changed"]
    assert section.names(Change("python mmkit.place", None, "()"))
    assert not section.names(Change("json summary.json cash", "number", None))


def test_after_a_release_a_change_needs_a_section_of_its_own() -> None:
    released = CHANGELOG.partition("## [Unreleased]")[0] + CHANGELOG[CHANGELOG.index("## [0.1.0]") :]
    assert first_section(released).released
    assert unnamed({"exit A": "1"}, {"exit A": "1"}, released) == []
    (line,) = unnamed({"python mmkit.place": "1"}, {}, released)
    assert "start a section [Unreleased]" in line


def test_changes_of_what_stays_are_told_one_by_one() -> None:
    before = {"command mmkit run": "a command", "command mmkit run --a": "1", "command mmkit run --b": "1"}
    after = {"command mmkit run": "a group", "command mmkit run --a": "2"}
    assert [change.name for change in changes(before, after)] == list(before)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "surface.json"


SURFACE = {"python mmkit.place": "(desk)", "exit DataError": "3"}
OTHER = {"python mmkit.place": "(desk, side)", "exit DataError": "3"}
TOLD = CHANGELOG.format(line="`mmkit.place` takes `side`.")


def test_the_first_record_is_made_as_it_is(record: Path) -> None:
    assert renew(record, SURFACE, NOTHING) == []
    assert json.loads(record.read_text())["surface"] == SURFACE


def test_the_record_cannot_be_renewed_in_place_of_a_line(record: Path) -> None:
    renew(record, SURFACE, NOTHING)
    before = record.read_text()
    assert [line.partition(":")[0] for line in renew(record, OTHER, NOTHING)] == ["python mmkit.place"]
    # Nor with it, before the release: every change since the last one stays in sight.
    (line,) = renew(record, OTHER, TOLD)
    assert "renewed when [Unreleased] has a date" in line
    assert record.read_text() == before


def test_a_release_renews_the_record_if_all_is_told(record: Path) -> None:
    renew(record, SURFACE, NOTHING)
    silent, told = (text.replace("[Unreleased]", "[0.2.0] - 2026-02-02") for text in (NOTHING, TOLD))
    assert renew(record, OTHER, silent) != []
    assert json.loads(record.read_text())["surface"] == SURFACE
    assert renew(record, OTHER, told) == []
    assert json.loads(record.read_text()) == {"of": "[0.2.0] - 2026-02-02", "surface": OTHER}
    assert renew(record, OTHER, told) == []
    assert unnamed(OTHER, SURFACE, told) != []
    assert "start a section" in renew(record, SURFACE, told)[0]


def test_a_signature_says_names_kinds_and_defaults() -> None:
    def call(first: int, /, second: str = "a", *rest: int, third: object = object, **more: int) -> None: ...

    assert signature(call) == "(first, /, second='a', *rest, third=type, **more)"
