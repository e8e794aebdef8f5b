"""The JSON schema of stack files, for editors: draft-07, made of the declarations by which stacks are read.

What it flags is what `mmkit check` finds in a section alone: unknown keys, types, ranges, names that do not exist. What follows
from several sections (wiring, a name of an instrument) it cannot say. Rules that it does not know may have any keys.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from mmkit.contract import fields_of
from mmkit.described import Documented, documented
from mmkit.errors import ConfigError, PluginError, nearest
from mmkit.installed import origin
from mmkit.parameter_schema import Json, parameter, said
from mmkit.plugins import offers
from mmkit.rules import Optimization, Role, Rule
from mmkit.settings import APART, DEFAULTS, GROUPS, INSTRUMENT_NAME, SECTIONS, SLOT_NAME, StackTable
from mmkit.stack import Instrument

_SOURCE = {"type": "string", "pattern": r"^[^.]*\.[^.]*$"}
_NAMES = {"type": "array", "items": {"type": "string"}}


def installed(distribution: str | None = None) -> tuple[list[Documented], list[str]]:
    """Returns the rules of all installed distributions, or of one, by role and name; and a line for each that is broken.

    Raises ConfigError, with the nearest spelling, where there is no such distribution.
    """
    offered = offers()
    found: list[Documented] = []
    broken: list[str] = []
    suppliers: dict[str, None] = {}
    for role in Role:
        for name in offered.names(role):
            entries = [entry for entry in offered.entries[role] if entry.name == name]
            names = [origin(entry).name for entry in entries]
            suppliers |= dict.fromkeys(names)
            if distribution is not None and distribution not in names:
                continue
            try:
                rule, _ = offered.load(role, name)
            except PluginError as error:
                broken += str(error).split("\n")
                continue
            found.append(documented(rule, entries[0].module))
    if distribution is not None and distribution not in suppliers:
        raise ConfigError(f'no installed distribution "{distribution}" offers a rule{nearest(distribution, suppliers)}')
    return found, broken


def text(every: Sequence[Documented]) -> str:
    """Returns the schema of stacks whose rules are these, as a JSON file has it."""
    return json.dumps(schema(every), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def schema(every: Sequence[Documented]) -> Json:
    """Returns the schema of stacks whose rules are these."""
    definitions: Json = {}
    switches = [about for about in every if isinstance(about.rule, Optimization)]
    for about in every:
        definitions[_key(about.rule)] = _switch(about) if about in switches else _rule(about)
    for section in (*(role.value for role in Role if role is not Role.OPTIMIZATION), *APART):
        definitions[f"optimizations.{section}"] = _switches(section, switches)
    for role in Role:
        if role is not Role.OPTIMIZATION:
            definitions[role.value] = _any_rule(role, [about for about in every if about.rule.role is role])
    definitions["instrument"] = _instrument()
    properties: Json = {
        "stack": _table(_parameters(StackTable), "What a stack is called, and what holds for all of it."),
        "instruments": {
            "type": "object",
            "description": "What is traded: a section per instrument, with its market and venue.",
            "minProperties": 1,
            "propertyNames": {"pattern": f"^{INSTRUMENT_NAME.pattern}$"},
            "additionalProperties": _ref("instrument"),
        },
    }
    properties |= {section: _ref(section) for section in SECTIONS}
    properties |= {group: _named(group) for group in GROUPS}
    properties |= {section: _table({"optimizations": _ref(f"optimizations.{section}")}, "") for section in APART}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A stack of mmkit",
        **_table(properties, "", ["instruments", "sizing", "pricing"]),
        "definitions": definitions,
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/definitions/{name}"}


def _key(rule: Rule) -> str:
    return f"{rule.role.value}.{rule.name}"


def _table(properties: Mapping[str, Any], description: str, required: Sequence[str] = ()) -> Json:
    """Returns the schema of a table with these keys and no others."""
    made: Json = {"type": "object", "description": description, "properties": dict(properties)}
    made |= {"required": list(required), "additionalProperties": False}
    return {key: value for key, value in made.items() if value not in ("", [])}


def _named(group: str) -> Json:
    """Returns the schema of a section that holds rules by names that the stack gives them."""
    names: Json = {"pattern": f"^{SLOT_NAME.pattern}$"}
    if group == "signals":
        names["not"] = {"const": "sizing"}
    return {"type": "object", "propertyNames": names, "additionalProperties": _ref(group)}


def _instrument() -> Json:
    properties = _parameters(Instrument)
    del properties["name"]
    properties["funding"] = {"type": "string", "description": "file of settled funding, relative to the stack file"}
    properties["balances"] = {
        "type": "object",
        "description": "what the account starts with, by currency; left out: it is never short of anything",
        "additionalProperties": {"type": "number", "minimum": 0},
    }
    properties |= {role.value: _ref(role.value) for role in (Role.MARKET, Role.VENUE)}
    needed = [name for name in _required(Instrument) if name != "name"]
    return _table(properties, "An instrument: grid, fees, account, market and venue.", [*needed, "market"])


def _any_rule(role: Role, every: Sequence[Documented]) -> Json:
    """Returns the schema of a section for a rule of a role."""
    default = DEFAULTS.get(role.value, "")
    branches = {about.rule.name: _ref(_key(about.rule)) for about in every}
    use = {"description": f"name of the {role.value} rule", **_name(list(branches))}
    return {
        "type": "object",
        "properties": {"use": use, **_shared(role)},
        **({} if default else {"required": ["use"]}),
        **_by_use(branches, default),
    }


def _name(known: Sequence[str]) -> Json:
    """Returns the schema of a rule's name: one of these, which an editor offers, or of a rule that is not known here."""
    return {"anyOf": [*([{"enum": list(known)}] if known else []), {"type": "string"}]}


def _by_use(branches: Mapping[str, Json], default: str = "") -> Json:
    """Returns what a table must be by the rule that its `use` names; default: the one that is meant where there is no `use`.

    The `if` demands it. Editors complete what they find under `anyOf` and pass an `if` over, so the same is there once more, with an
    empty schema that lets every table pass.
    """
    if not branches:
        return {}
    conditions = {
        name: {"properties": {"use": {"const": name}}, **({} if name == default else {"required": ["use"]})}
        for name in branches
    }
    return {
        "anyOf": [*branches.values(), {}],
        "allOf": [{"if": condition, "then": branches[name]} for name, condition in conditions.items()],
    }


def _shared(role: Role) -> Json:
    """Returns the keys that every rule of a role has beside its parameters."""
    found: Json = {"optimizations": _ref(f"optimizations.{role.value}")}
    if role not in (Role.MARKET, Role.VENUE, Role.REPORT):
        found["inputs"] = {
            "type": "object",
            "description": 'which signal feeds an input: { volatility = "sigma.value" }',
            "additionalProperties": _SOURCE,
        }
    if role is Role.SIGNALS:
        found["instrument"] = {"type": "string", "description": "what it listens to; left out: what is quoted"}
    if role is Role.HEDGING:
        found["instruments"] = {**_NAMES, "description": "what it trades; left out: all but what is quoted"}
    return found


def _rule(about: Documented) -> Json:
    rule = about.rule
    shared = _shared(rule.role)
    if "inputs" in shared:
        fields = attrs.fields(rule.inputs) if rule.inputs else ()
        inputs = {field.name: {"description": said(field), **_SOURCE} for field in fields}
        shared["inputs"] = _table(inputs, shared["inputs"]["description"])
    # A market's file may come from the command line instead: --data.
    needed = [name for name in _required(rule.params) if rule.role is not Role.MARKET or name != "path"]
    properties = {"use": {"const": rule.name}, **_parameters(rule.params), **shared}
    return _table(properties, about.sentence, needed)


def _switch(about: Documented) -> Json:
    """Returns the schema of an entry that switches an optimization on or off and gives its parameters."""
    rule = about.rule
    on = {"type": "boolean", "description": "whether it is switched on", "default": True}
    properties = {"use": {"const": rule.name}, "on": on, **_parameters(rule.params)}
    return _table(properties, about.sentence, ["use", *_required(rule.params)])


def _switches(section: str, every: Iterable[Documented]) -> Json:
    """Returns the schema of a list of optimizations; those that are for other sections are not in it."""
    rules = [about.rule for about in every if isinstance(about.rule, Optimization)]
    here = [rule.name for rule in rules if section in rule.applies]
    elsewhere = [rule.name for rule in rules if section not in rule.applies]
    name = _name([*here, "all"])
    if elsewhere:
        name["not"] = {"enum": elsewhere}
    table = {
        "type": "object",
        "properties": {"use": name, "on": {"type": "boolean"}},
        "required": ["use"],
        **_by_use({each: _ref(f"{Role.OPTIMIZATION.value}.{each}") for each in here}),
    }
    description = 'optimizations of this rule: names, or {use = "NAME", on = false}'
    return {"type": "array", "description": description, "items": {"anyOf": [name, table]}}


def _required(cls: type) -> list[str]:
    return [field.name for field, _, _ in fields_of(cls) if field.default is attrs.NOTHING]


def _parameters(cls: type) -> Json:
    return {field.name: parameter(field, annotation, kind) for field, annotation, kind in fields_of(cls)}
