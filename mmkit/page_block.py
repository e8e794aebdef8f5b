"""The part of a stack that a rule's page offers to be pasted: every key, with what it needs from other rules."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import tomli

from mmkit.contract import fields_of
from mmkit.errors import ConfigError
from mmkit.fields import Duration
from mmkit.kinds import Kind
from mmkit.optimizing import unsuited
from mmkit.rules import Optimization, Role, Rule
from mmkit.stack import Instrument
from mmkit.structure import structure

INSTRUMENT, HEDGE = "BTCUSDT", "BTCUSDT-SPOT"


def section_of(rule: Rule) -> str:
    """Returns the path of a section for the rule, "signals.vamp"."""
    role = rule.role.value
    if rule.role in (Role.MARKET, Role.VENUE):
        return f"instruments.{INSTRUMENT}.{role}"
    return f"{role}.{rule.name}" if rule.role in (Role.SIGNALS, Role.RISK, Role.REPORT) else role


def written(value: Any) -> str:
    """Returns a value as TOML; what JSON writes is TOML too, except infinity."""
    return json.dumps(value, ensure_ascii=False).replace("Infinity", "inf")


def default_of(field: "attrs.Attribute[Any]", kind: Kind) -> str | None:
    """Returns a parameter's default as TOML; "" where it has none, None where it is not set unless it is given."""
    default: Any = field.default
    if default is attrs.NOTHING:
        return ""
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        default = default.factory()
    # NaN, and a list of no files, stand for "left out": neither can be written.
    return None if default != default or (kind.text and default == ()) else written(kind.write(default))


def sized(rules: Sequence[Rule]) -> set[str]:
    """Returns what every sizing rule publishes, and so every stack has."""
    published = [set(each.outputs) for each in rules if each.role is Role.SIZING]
    return set.intersection(*published) if published else set()


def sources(field: "attrs.Attribute[Any]", rules: Sequence[Rule]) -> list[tuple[Rule, str]]:
    """Returns rules and their outputs that suit an input: of its name and unit; of its unit, where it must be wired and none is."""
    name, unit = field.name, field.metadata.get("unit", "")
    offered = [(each, output) for each in rules for output in each.outputs if each.outputs[output] == unit]
    namesakes = [
        (each, output)
        for each, output in offered
        if output == name or (each.role is Role.SIGNALS and each.name == name and output == "value")
    ]
    # A signal that is called like the input comes before one that publishes such a number among others.
    namesakes.sort(key=lambda found: found[0].name != name)
    lacking = field.metadata.get("required") and not field.metadata.get("unless") and unit
    return namesakes or (offered if lacking else [])


def block(rule: Rule, rules: Sequence[Rule]) -> str:
    """Returns TOML for the rule: keys without a default with an example, the others as comments, signals that it must have."""
    if isinstance(rule, Optimization):
        return "\n".join(_switched(rule, rules)) + "\n"
    return "\n".join(_section(rule, rules)) + "\n"


def _section(rule: Rule, rules: Sequence[Rule]) -> list[str]:
    before, wires, replaced = _fed(rule, rules)
    lines = [*before, f"[{section_of(rule)}]", f'use = "{rule.name}"', *_instruments(rule)]
    replaced += _asked_for(rule)
    for field, annotation, kind in fields_of(rule.params):
        default = default_of(field, kind)
        unit = "" if annotation is Duration else field.metadata.get("unit", "")
        said = ": ".join(text for text in (unit, field.metadata.get("doc", "")) if text)
        if default == "" or field.name in replaced:
            lines.append(_line(f"{field.name} = {_example(field, kind)}", said))
        elif default is None:
            lines.append(_line(f"# {field.name}", f"{said}; not set"))
        else:
            lines.append(_line(f"# {field.name} = {default}", said))
    if wires:
        return [*lines, f"inputs = {{ {', '.join(wires)} }}"]
    by_hand = ", ".join(f'{field.name} = "SIGNAL.OUTPUT"' for field in unfed(rule, rules))
    return lines + ([f"# to be wired: inputs = {{ {by_hand} }}"] if by_hand else [])


def unfed(rule: Rule, rules: Sequence[Rule]) -> list["attrs.Attribute[Any]"]:
    """Returns inputs that no rule publishes by their name, and that are missing, not zero, where nothing is wired to them."""
    fields = attrs.fields(rule.inputs) if rule.inputs else ()
    return [
        field
        for field in fields
        if not field.metadata.get("required") and field.default != field.default and not sources(field, rules)
    ]


def _instruments(rule: Rule) -> list[str]:
    """Returns the key that says on which instruments a rule acts, where it has one."""
    if rule.role is Role.SIGNALS:
        return [_line(f"# instrument = {written(INSTRUMENT)}", "what it listens to; left out: what is quoted")]
    if getattr(rule, "hedge", None) is not None:
        return [_line(f"# instruments = {written([HEDGE])}", "what it trades; left out: all but what is quoted")]
    return []


def _asked_for(rule: Rule) -> list[str]:
    """Returns parameters that have a default, and one of which the rule's own setup asks for all the same."""
    fields = {field.name: (field, kind) for field, _, kind in fields_of(rule.params)}
    given = [name for name, (field, _) in fields.items() if field.default is attrs.NOTHING]
    required = len(given)
    one = Instrument(HEDGE, tick_size=0.01, lot_size=0.001)
    hedges = [(one,)] if rule.role is Role.HEDGING else []
    while rule.setup is not None:
        table = tomli.loads("\n".join(f"{name} = {_example(*fields[name])}" for name in given))
        params, faults = structure(rule.params, table, Path())
        asked = None
        try:
            if not faults:
                rule.setup(params, rule.state(), one, *hedges)
        except ConfigError as error:
            asked = re.match(rf"{re.escape(rule.name)}\.(\w+): ", str(error))
        except Exception:  # its own fault, and a run says so: here it only asks for nothing
            break
        if asked is None or asked[1] in given or asked[1] not in fields:
            break
        given.append(asked[1])
    return given[required:]


def _fed(rule: Rule, rules: Sequence[Rule]) -> tuple[list[str], list[str], list[str]]:
    """Returns the sections that provide what the rule requires, their wiring, and parameters that take an input's place."""
    sections: dict[str, list[str]] = {}
    wires, replaced = [], []
    for field in attrs.fields(rule.inputs) if rule.inputs else ():
        if not field.metadata.get("required") or field.name in sized(rules):
            continue
        suitable = [(each, output) for each, output in sources(field, rules) if each.role is Role.SIGNALS]
        if suitable:
            signal, output = suitable[0]
            sections[signal.name] = [f"[{section_of(signal)}]", f'use = "{signal.name}"', ""]
            wires.append(f'{field.name} = "{signal.name}.{output}"')
        elif field.metadata.get("unless"):
            replaced.append(field.metadata["unless"])
    return [line for lines in sections.values() for line in lines], wires, replaced


def _example(field: "attrs.Attribute[Any]", kind: Kind) -> str:
    """Returns a value within the field's range, to be replaced: it says nothing of what is right."""
    if kind.holds(Path()) or kind.holds((Path(),)):
        return '"recording"'
    if not kind.number:
        return written(kind.choices[0]) if kind.choices else '""'
    bounds = field.metadata
    low = max((bounds[name] for name in ("above", "at_least") if bounds.get(name) is not None), default=0.0)
    high = min((bounds[name] for name in ("below", "at_most") if bounds.get(name) is not None), default=low + 2.0)
    value = 1.0 if low < 1.0 < high else 0.5 * (low + high)
    whole = kind.write(int(value) if kind.holds(1) and not kind.holds(1.5) else value)
    return written([whole] if kind.many else whole)


def _line(key: str, comment: str) -> str:
    return f"{key:<31} # {comment}"


def _switched(rule: Optimization, rules: Sequence[Rule]) -> Iterator[str]:
    """Yields the section in which an optimization is switched on, or off where rules have it by themselves."""
    entry = {"use": written(rule.name)}
    if rule.without is not None:
        entry["on"] = "false"
    for field, _, kind in fields_of(rule.params):
        default = default_of(field, kind)
        if default is not None:
            entry[field.name] = default or _example(field, kind)
    table = f"{{ {', '.join(f'{key} = {value}' for key, value in entry.items())} }}"
    hosts = [
        [line.partition(" # ")[0].rstrip() for line in _section(each, rules) if not line.startswith("# ")]
        for each in rules
        if not unsuited(rule, each.role.value, each)
    ]
    # The rule that needs the fewest keys shows best where the list goes.
    yield from min(hosts, key=len, default=[f"[{rule.applies[0]}]"])
    yield f"optimizations = [{table if len(entry) > 1 else entry['use']}]"
