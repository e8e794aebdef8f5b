"""What a rule declares, gathered as plain rows: its page and `mmkit plugins info` show the same facts."""

import inspect
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs

from mmkit.contract import fields_of
from mmkit.errors import PluginError
from mmkit.fields import Duration, sentence
from mmkit.kinds import Kind, spelled_duration
from mmkit.optimizing import unsuited
from mmkit.page_block import block, default_of, sized, sources, unfed
from mmkit.page_steps import Step, named_steps
from mmkit.rules import Optimization, Role, Rule, hook_name, own_functions

PER_EVENT = (Role.VENUE, Role.SIGNALS, Role.SIZING, Role.PRICING, Role.LADDER, Role.RISK, Role.EXECUTION, Role.HEDGING)
"""Roles whose rules a compiled loop calls."""

_SENTENCE = re.compile(r"(?<=[.])\s+(?=[A-Z])")
_PRIVATE = re.compile(r"`(_\w+)`")


@attrs.frozen
class Documented:
    """A rule, the docstring of its module, and those of private modules beside it that the docstring names: `_queue`."""

    rule: Rule
    text: str
    shared: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Its page, from the folder of all pages."""
        return f"{self.rule.role.value}/{self.rule.name}.md"

    @property
    def sentence(self) -> str:
        """The first sentence of the docstring, in one line."""
        return _SENTENCE.split(" ".join(self.text.partition("\n\n")[0].split()))[0]


@attrs.frozen
class Parameter:
    """One parameter. type: in words, or what `choices` there are, of which a list takes several; default: as TOML, "" where it is
    required, None where it is not set unless it is given; value: the same as it is in JSON, infinity as text."""

    name: str
    type: str
    choices: tuple[str, ...]
    several: bool
    default: str | None
    value: Any
    unit: str
    timed: bool
    range: str
    doc: str


@attrs.frozen
class Input:
    """One input. neutral: what it is where nothing provides it, None where it is required; unless: the parameter in its place;
    sizing: every sizing rule publishes it; by_hand: nothing provides it unless it is wired; sources: rules and their outputs that suit."""

    name: str
    unit: str
    neutral: float | None
    unless: str
    doc: str
    sizing: bool
    by_hand: bool
    sources: tuple[tuple[Rule, str], ...]


@attrs.frozen
class Output:
    """One number that a rule publishes."""

    name: str
    unit: str
    doc: str


@attrs.frozen
class Applies:
    """Where an optimization applies. exact: with its defaults; hosts: by section, the rules that there are for it."""

    on: bool
    exact: bool
    bound: str
    hosts: tuple[tuple[str, tuple[str, ...]], ...]


@attrs.frozen
class Described:
    """Everything that a rule declares. optimizations: those that suit it, each with whether it is on unless switched off;
    called: its functions that events call; applies: of an optimization only; engine: whether events call it at all."""

    about: Documented
    block: str
    parameters: tuple[Parameter, ...]
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    called: tuple[str, ...]
    steps: tuple[Step, ...]
    optimizations: tuple[tuple[str, bool], ...]
    applies: Applies | None
    engine: bool

    @property
    def rule(self) -> Rule:
        """The rule itself."""
        return self.about.rule

    @property
    def compiled(self) -> str:
        """In a sentence, which engine runs it."""
        if self.rule.compiled:
            return "It is compiled with the loop that calls it."
        return "It stays Python; a compiled loop calls out to it."

    @property
    def levels(self) -> str:
        """In a sentence, that it reads the levels of the book; '' where it does not."""
        if not self.rule.depth:
            return ""
        often = ", and is called for every change of any of them" if self.rule.role is Role.SIGNALS else ""
        return f"It reads the levels of the book{often}."


def documented(rule: Rule, module: str) -> Documented:
    """Returns a rule with what the docstring of its module says, which has been imported, and those that it names beside it."""
    text = _docstring(module)
    beside = (f"{module.rpartition('.')[0]}.{name}" for name in _PRIVATE.findall(text))
    return Documented(rule, text, tuple(map(_docstring, beside)))


def home(rule: Rule) -> str:
    """Returns the module that a rule was written in, "" where nothing tells: one of those of its functions and classes, that with its hook
    where one has it."""
    parts = [function for _, function in own_functions(rule)] + [rule.params, rule.state]
    modules = [getattr(part, "__module__", "") for part in parts]
    own = [name for name in modules if name and name.partition(".")[0] != "mmkit"]
    hooked = [name for name in own if hasattr(sys.modules.get(name), hook_name(rule.role))]
    return next(iter(hooked or own), "")


def describe(about: Documented, rules: Sequence[Rule]) -> Described:
    """Returns what a rule declares; rules: those that its inputs, optimizations and example may name."""
    rule = about.rule
    fields = attrs.fields_dict(rule.state)
    outputs = (Output(name, unit, fields[name].metadata.get("doc", "")) for name, unit in rule.outputs.items())
    return Described(
        about,
        block(rule, rules),
        tuple(_parameter(*each) for each in fields_of(rule.params)),
        tuple(_input(field, rule, rules) for field in (attrs.fields(rule.inputs) if rule.inputs else ())),
        tuple(outputs),
        tuple(name for name, _ in own_functions(rule) if name.startswith("on_")),
        tuple(named_steps(rule)),
        tuple(_suiting(rule, rules)),
        _applies(rule, rules) if isinstance(rule, Optimization) else None,
        rule.role in PER_EVENT,
    )


def where(applies: Applies, prose: Callable[[str], str] = str) -> str:
    """Returns in two sentences how an optimization is switched and what it changes; prose: what becomes of the second."""
    changes = "it changes nothing but time and memory" if applies.exact else "inexact"
    changes += f"; what it may change: {applies.bound}" if applies.bound else ""
    how = "on unless it is switched off" if applies.on else "off unless it is switched on"
    return f"It is {how}. With its defaults {prose(changes)}."


def _docstring(module: str) -> str:
    """Returns the docstring of a module that has been imported, "" where it has none."""
    return inspect.cleandoc(getattr(sys.modules.get(module), "__doc__", None) or "")


def _parameter(field: "attrs.Attribute[Any]", annotation: Any, kind: Kind) -> Parameter:
    return Parameter(
        field.name,
        kind.said.removeprefix("a "),
        kind.choices,
        kind.said.startswith("a list"),
        default_of(field, kind),
        _value(field, kind),
        field.metadata.get("unit", ""),
        annotation is Duration,
        _range(field, annotation, kind),
        sentence(field),
    )


def _value(field: "attrs.Attribute[Any]", kind: Kind) -> Any:
    if not default_of(field, kind):
        return None
    default: Any = field.default
    value = kind.write(default.factory() if isinstance(default, attrs.Factory) else default)  # type: ignore[arg-type]
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def _range(field: "attrs.Attribute[Any]", annotation: Any, kind: Kind) -> str:
    """Returns the bounds of a parameter in words."""
    bounds = dict(field.metadata)
    if annotation is Duration and bounds.get("at_least") is None and bounds.get("above") is None:
        bounds["at_least"] = 0  # what is read from TOML is never negative unless a field says otherwise
    said = []
    for name in ("above", "at_least", "below", "at_most"):
        value = bounds.get(name)
        if value is not None:
            number = spelled_duration(int(value)) if annotation is Duration else f"{value:.15g}"
            said.append(f"{name.replace('_', ' ')} {number}")
    said += [bounds["unbounded"]] if bounds.get("unbounded") else []
    if kind.many and bounds.get("capacity"):
        said.append(f"at most {bounds['capacity']} of them")
    return ", ".join(said)


def _input(field: "attrs.Attribute[Any]", rule: Rule, rules: Sequence[Rule]) -> Input:
    return Input(
        field.name,
        field.metadata.get("unit", ""),
        None if field.metadata.get("required") else float(field.default),  # type: ignore[arg-type]
        field.metadata.get("unless") or "",
        field.metadata.get("doc", ""),
        field.name in sized(rules),
        field in unfed(rule, rules),
        tuple(sources(field, rules)),
    )


def _suiting(rule: Rule, rules: Sequence[Rule]) -> Iterator[tuple[str, bool]]:
    for each in rules:
        if isinstance(each, Optimization) and _suits(each, rule.role.value, rule):
            yield each.name, each.without is not None


def _suits(optimization: Optimization, role: str, rule: Rule) -> bool:
    try:
        return not unsuited(optimization, role, rule)
    except PluginError:  # it fails when it is asked; what is described is not at fault
        return False


def _applies(rule: Optimization, rules: Sequence[Rule]) -> Applies:
    hosts = (
        (role, tuple(each.name for each in rules if each.role.value == role and _suits(rule, role, each)))
        for role in rule.applies
    )
    return Applies(rule.without is not None, _exact(rule), rule.bound, tuple(hosts))


def _exact(rule: Optimization) -> bool:
    try:
        return bool(rule.exact and rule.exact(rule.params()))
    except TypeError:  # a parameter has no default
        return False
