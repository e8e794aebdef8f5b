"""The schema of stack files: it takes every stack that is right, and flags what `mmkit check` finds within a section."""

import copy
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import tomli_w
from jsonschema import Draft7Validator

from mmkit.cli.init import starter
from mmkit.contract import fields_of
from mmkit.errors import ConfigError
from mmkit.fields import Duration, Rate
from mmkit.folder import finite
from mmkit.kinds import Kind
from mmkit.page_block import block
from mmkit.parameter_schema import parameter
from mmkit.rules import Rule
from mmkit.schema import installed, schema, text
from mmkit.settings import StackTable, read
from mmkit.stack import Instrument
from mmkit.structure import structure

ROOT = Path(__file__).parents[2]
FILE = ROOT / "mmkit.schema.json"
EVERY, _ = installed("mmkit")
RULES = [about.rule for about in EVERY]
EXAMPLES = sorted(file for file in (ROOT / "examples").rglob("*.toml") if file.name != "pyproject.toml")
Verdict = Callable[[Any], list[str]]


def verdict(of: dict[str, Any]) -> Verdict:
    """Returns a function that says where a document departs from a schema; an editor's validator sees null for inf and nan."""
    validator = Draft7Validator(of)
    return lambda document: [error.json_path for error in validator.iter_errors(finite(document))]


departures = verdict(schema(EVERY))


def without_required(of: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema of a part of a stack, which may lack other sections and the instrument's own keys."""
    part = copy.deepcopy(of)
    del part["required"], part["definitions"]["instrument"]["required"]
    return part


part_departures = verdict(without_required(schema(EVERY)))


def test_the_file_on_disk_is_what_the_declarations_say() -> None:
    assert FILE.read_text("utf-8") == text(EVERY), "run make pages"


def test_it_is_a_schema_of_draft_7() -> None:
    made = json.loads(FILE.read_text("utf-8"))
    assert made["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(made)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_every_example_names_the_schema_in_its_first_line_and_keeps_to_it(file: Path) -> None:
    first, _, _ = file.read_text("utf-8").partition("\n")
    named = re.fullmatch(r"#:schema (\.\.?/\S+)", first)
    assert named is not None
    assert (file.parent / named[1]).resolve() == FILE
    assert departures(tomllib.loads(file.read_text("utf-8"))) == []


def whole_stacks() -> list[tuple[str, str]]:
    """Returns every whole stack that the README and the pages show."""
    found = []
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        blocks = re.findall(r"(?ms)^```toml\n(.*?)^```$", page.read_text("utf-8"))
        found += [
            (page.name, each) for each in blocks if {"instruments", "sizing", "pricing"} <= tomllib.loads(each).keys()
        ]
    return found


@pytest.mark.parametrize(("page", "stack"), whole_stacks(), ids=lambda value: value if value.endswith(".md") else "")
def test_every_whole_stack_of_the_documentation_keeps_to_it(page: str, stack: str) -> None:
    assert departures(tomllib.loads(stack)) == []


def test_the_readme_shows_one() -> None:
    assert "README.md" in dict(whole_stacks())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.role.value}.{rule.name}")
def test_what_a_rules_page_offers_to_paste_keeps_to_it(rule: Rule) -> None:
    pasted = block(rule, RULES)
    written_out = re.sub(r"(?m)^# (\w+ = )", r"\1", pasted)
    assert tomllib.loads(written_out) != {}
    for each in (pasted, written_out):
        assert part_departures(tomllib.loads(each)) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.role.value}.{rule.name}")
def test_a_key_that_a_rule_does_not_have_is_flagged(rule: Rule) -> None:
    document = tomllib.loads(block(rule, RULES))
    for table in _tables(document):
        if table.get("use") == rule.name:
            table["no_such_key"] = 1
            break
    else:
        *_, host = _tables(document)
        host["optimizations"] = [{"use": rule.name, "no_such_key": 1}]
    assert part_departures(document) != []


def _tables(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield document
    for value in document.values():
        if isinstance(value, dict):
            yield from _tables(value)


VALUES = (
    *(True, False, "", "x", 1, 0, -1, 2, 7, 64, 10**6, -(10**9), 0.5, -0.5, 0.999, 1.5, 1e-9, 1e12, float("inf")),
    *(
        "1s",
        "0s",
        "-1s",
        "0.5ms",
        "1.5e3us",
        " 10 m ",
        "50 ns",
        "1",
        "s",
        "2bp",
        "-2bp",
        "0bp",
        "+.5 bp",
        "bp",
        "2",
        "1e2bp",
    ),
    *(
        [],
        ["a"],
        [""],
        [1.0],
        [0.5, 1.5],
        [-1.0],
        ["timer"],
        ["timer", "x"],
        [[1]],
        {},
        {"a": 1},
        "recording",
        "a/b.csv",
    ),
)
"""What a stack file may say of a parameter, rightly or not."""


def parameters() -> list[Any]:
    owners = [("stack", StackTable), ("instrument", Instrument)]
    owners += [(f"{rule.role.value}.{rule.name}", rule.params) for rule in RULES]
    return [
        pytest.param(field, annotation, kind, id=f"{owner}.{field.name}")
        for owner, cls in owners
        for field, annotation, kind in fields_of(cls)
    ]


@pytest.mark.parametrize(("field", "annotation", "kind"), parameters())
def test_a_value_is_flagged_where_reading_a_stack_finds_fault_with_it(
    field: "attrs.Attribute[Any]", annotation: Any, kind: Kind
) -> None:
    flags = verdict(parameter(field, annotation, kind))
    one = attrs.make_class(
        "One", {field.name: attrs.field(type=annotation, default=field.default, metadata=field.metadata)}
    )
    own = [*kind.choices, [*kind.choices[:1]], field.default]
    for value in (*VALUES, *(each for each in own if isinstance(each, str | list | float | int))):
        _, faults = structure(one, {field.name: value}, Path())
        if _beyond_a_schema(value, annotation, field):
            assert faults or not flags(value)
        else:
            assert bool(flags(value)) == bool(faults), (value, faults)


def _beyond_a_schema(value: Any, annotation: Any, field: "attrs.Attribute[Any]") -> bool:
    """Whether a schema cannot tell: the size of a number within a string, and 1.0 from 1."""
    bounds = {name: field.metadata.get(name) for name in ("above", "at_least", "below", "at_most")}
    if isinstance(value, str):
        sized = [limit for limit in bounds.values() if limit is not None and limit != 0]
        return annotation is Duration or (annotation is Rate and bool(sized))
    return annotation is int and isinstance(value, float)


def test_durations_of_a_wrong_spelling_or_sign_are_flagged() -> None:
    at_least_nothing, above_nothing = (
        verdict(parameter(*_declared(Duration, **bound))) for bound in ({}, {"above": 0})
    )
    for said in ("1", "1sec", "-1s", "s", "1 s s", "1.5.2s", ".5s", 5, 0.5, True):
        assert at_least_nothing(said) != [], said
    for said in ("1s", " 100 ms", "0s", "1.5h", "2e3us"):
        assert at_least_nothing(said) == [], said
    assert above_nothing("0s") != []
    assert above_nothing("0.0ms") != []
    assert above_nothing("0.01s") == []


def _declared(annotation: Any, **bounds: Any) -> Any:
    from mmkit import field

    cls = attrs.make_class("Params", {"one": attrs.field(type=annotation, metadata=field(**bounds).metadata)})
    return fields_of(cls)[0]


def test_every_kind_of_parameter_has_a_schema_of_its_own() -> None:
    from mmkit.kinds import _PLAIN

    for kind in _PLAIN.values():
        assert "type" in kind.json, kind.said


BASE = """
[stack]
name = "base"
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
maker_fee = "0.1bp"
[instruments.SIM.market]
use = "book"
duration = "5m"
[instruments.SIM.venue]
use = "queue"
[signals.sigma]
use = "volatility"
[sizing]
use = "fixed"
quantity = 0.2
[pricing]
use = "avellaneda"
gamma = 1.0
k = 100.0
inputs = { volatility = "sigma.value" }
optimizations = ["spread-cache"]
[risk.limits]
use = "position-limit"
max_position = 2.0
[execution]
use = "requote"
every = "200ms"
"""

RIGHT = {
    "stack.cost": "fifo",
    "stack.record_every": "2.5 s",
    "instruments.SIM.taker_fee": 0.0004,
    "instruments.SIM.balances": {"SIM": 1, "quote": 100.0},
    "instruments.SIM.kind": "inverse",
    "instruments.SIM.market.duration": "10m",
    "instruments.SIM.venue.model": "risk-averse",
    "signals.sigma.instrument": "SIM",
    "sizing.max_position": float("inf"),
    "pricing.optimizations": [{"use": "spread-cache", "on": False}],
    "log.optimizations": [],
    "process.optimizations": ["gc-freeze"],
    "hedging.use": "none",
    "ladder.optimizations": ["all"],
    "report.page.use": "page",
}
"""Key paths and values that may stand in the base stack."""

WRONG = {
    "pricng.use": "avellaneda",
    "stack.sed": 1,
    "stack.seed": -1,
    "stack.name": 3,
    "stack.cost": "lifo",
    "stack.record_every": "0s",
    "stack.watch_every": 5,
    "stack.plugins": [1],
    "instruments.SIM.tick_sise": 0.1,
    "instruments.SIM.tick_size": 0,
    "instruments.SIM.lot_size": True,
    "instruments.SIM.maker_fee": "2b",
    "instruments.SIM.taker_fee": 1.5,
    "instruments.SIM.kind": "spott",
    "instruments.SIM.balances": {"quote": -1},
    "instruments.SIM.funding": 8,
    "instruments.SIM.market.duration": "5 minutes",
    "instruments.SIM.market.use": 4,
    "instruments.SIM.market.inputs": {"a": "b.c"},
    "instruments.SIM.venue.modle": "power3",
    "instruments.SIM.venue.model": "power33",
    "instruments.SIM.venue.entry_latency": "-1ms",
    "instruments.A B": {"tick_size": 1.0, "lot_size": 1.0, "market": {"use": "book"}},
    "signals.sigma.half_life": 60,
    "signals.sizing": {"use": "volatility"},
    "signals.sigma.instruments": ["SIM"],
    "sizing.quantity": "much",
    "sizing.use": False,
    "pricing.gama": 1.0,
    "pricing.gamma": -1.0,
    "pricing.k": float("inf"),
    "pricing.inputs": {"volatilty": "sigma.value"},
    "pricing.inputs.volatility": 0.3,
    "pricing.optimizations": "spread-cache",
    "pricing.optimizations.0": {"use": "spread-cache", "ttl": "1s", "tl": 2},
    "pricing.optimizations.1": {"on": True},
    "pricing.optimizations.2": "gc-freeze",
    "pricing.optimizations.3": {"use": "spread-cache", "on": 1},
    "ladder.levels": 3,
    "execution.evry": "1s",
    "hedging.instruments": "SIM",
    "log.optimisations": [],
    "process.optimizations": ["spread-cache"],
    "report.page.colour": "red",
    "risk": [],
}
"""What mmkit check finds fault with, by key path; entry N of a list is appended to it."""


def changed(path: str, value: Any) -> dict[str, Any]:
    """Returns the base stack with one key set."""
    document: Any = tomllib.loads(BASE)
    node = document
    *parents, key = path.split(".")
    for part in parents:
        node = node.setdefault(part, {})
    if isinstance(node, list):
        node[:] = [value]
    else:
        node[key] = value
    if path == "report.page.colour":
        node["use"] = "page"
    return dict(document)


def checked(document: dict[str, Any], folder: Path) -> str:
    """Returns what reading the stack finds fault with, "" for nothing."""
    file = folder / "stack.toml"
    file.write_text(tomli_w.dumps(document), "utf-8")
    try:
        read(file)
    except ConfigError as error:
        return str(error)
    return ""


def test_the_base_stack_is_right(tmp_path: Path) -> None:
    assert checked(tomllib.loads(BASE), tmp_path) == ""
    assert departures(tomllib.loads(BASE)) == []


@pytest.mark.parametrize("path", RIGHT)
def test_what_may_be_said_is_not_flagged(path: str, tmp_path: Path) -> None:
    document = changed(path, RIGHT[path])
    assert checked(document, tmp_path) == ""
    assert departures(document) == []


@pytest.mark.parametrize("path", WRONG)
def test_what_check_finds_fault_with_is_flagged_at_its_place(path: str, tmp_path: Path) -> None:
    document = changed(path, WRONG[path])
    assert checked(document, tmp_path) != ""
    section = path.partition(".")[0]
    places = [f"{place}." for place in departures(document)]
    assert any(place.startswith(f"$.{section}.") for place in places) or (places == ["$."] and path == "pricng.use")


@pytest.mark.parametrize(
    "path", ["pricing", "sizing", "instruments", "instruments.SIM.market", "pricing.gamma", "pricing.use"]
)
def test_what_is_required_is(path: str, tmp_path: Path) -> None:
    document: Any = tomllib.loads(BASE)
    node = document
    *parents, key = path.split(".")
    for part in parents:
        node = node[part]
    del node[key]
    assert checked(document, tmp_path) != ""
    assert departures(document) != []


@pytest.mark.parametrize("section", ["ladder", "execution", "hedging"])
def test_a_section_that_does_not_say_which_rule_has_the_keys_of_the_default(section: str) -> None:
    document: Any = tomllib.loads(BASE)
    document[section] = {}
    assert departures(document) == []
    document[section] = {"no_such_key": 1}
    assert departures(document) != []


def test_a_markets_file_may_be_left_to_the_command_line() -> None:
    document: Any = tomllib.loads(BASE)
    document["instruments"]["SIM"]["market"] = {"use": "binance-raw"}
    assert departures(document) == []


def test_a_rule_that_is_not_known_may_have_any_keys() -> None:
    document: Any = tomllib.loads(BASE)
    document["pricing"] = {"use": "of-a-stranger", "anything": [1, "x"], "inputs": {"mine": "sigma.value"}}
    document["signals"]["mine"] = {
        "use": "mine",
        "width": "wide",
        "optimizations": ["theirs", {"use": "theirs", "x": 1}],
    }
    assert departures(document) == []
    document["pricing"]["inputs"] = {"mine": "sigma"}
    assert departures(document) != []


def test_a_rule_that_is_installed_is_known(distribution: Callable[..., Path]) -> None:
    distribution("strangers", "wide_pricing", WIDE, [("pricing", "wide")])
    rules, broken = installed()
    assert broken == []
    flags = verdict(schema(rules))
    document: Any = tomllib.loads(BASE)
    document["pricing"] = {"use": "wide", "width": 2.0}
    assert flags(document) == []
    document["pricing"]["width"] = -2.0
    assert flags(document) == ["$.pricing.width"]
    described = schema(rules)["definitions"]["pricing.wide"]
    assert described["description"] == "Quotes some way around the mid."
    assert described["properties"]["width"]["description"] == "quote: half-spread"
    assert [about.rule.name for about in installed("strangers")[0]] == ["wide"]


WIDE = '''
"""Quotes some way around the mid. And more."""
import attrs
import mmkit

@attrs.frozen
class Params:
    width: float = mmkit.field(unit="quote", above=0, doc="half-spread")

def quote(params, state, market):
    return market.mid, params.width, params.width

@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("wide", params=Params, quote=quote)
'''


def test_a_broken_plugin_is_left_out_and_named(distribution: Callable[..., Path]) -> None:
    distribution("broken", "broken_pricing", "raise RuntimeError('no luck')", [("pricing", "broken")])
    rules, broken = installed()
    assert [about.rule.name for about in rules] == [about.rule.name for about in EVERY]
    assert len(broken) == 1
    assert "broken 1.5" in broken[0]
    assert "no luck" in broken[0]


def test_a_distribution_that_is_not_there_is_an_error_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r'"mmkti" offers a rule \(did you mean "mmkit"\?\)'):
        installed("mmkti")


def test_the_first_stack_names_a_schema_beside_it_and_keeps_to_it() -> None:
    assert starter().startswith("#:schema ./mmkit.schema.json\n")
    assert departures(tomllib.loads(starter())) == []
