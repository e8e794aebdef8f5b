"""Puts rules under test into a stack: each in its place, fed with what it reads, plain rules around them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from mmkit.contract import RESERVED
from mmkit.errors import ConfigError, MmkitError
from mmkit.optimizing import unsuited
from mmkit.plugins import Supplied, offers
from mmkit.rules import Optimization, Role, Rule
from mmkit.settings import made
from mmkit.stack import Stack
from mmkit.structure import structure
from mmkit.testing.feed import fed, feed, output_of
from mmkit.testing.given import SIMULATED, given, simulated
from mmkit.testing.rows import Skipped
from mmkit.testing.surroundings import (
    BRISK,
    GROUPS,
    SUBJECT,
    built_in,
    document,
    filled,
    instrument,
    merged,
    needs_data,
    without_a_book,
)

VOLATILITY = {"price/sqrt(s)": "volatility.value", "fraction/sqrt(day)": "volatility.daily"}
"""What the host of an optimization reads, by unit."""

Tables = Mapping[str, Any]
Acting = tuple[Rule, str, Tables]
"""A rule, who supplies it, and its parameters as TOML has them."""


def assembled(
    acting: Sequence[Acting], *, tick_size: float, lot_size: float, optional: bool = True, more: Tables | None = None
) -> Stack:
    """Returns a stack in which all these rules act, and every input of them is fed; at most one of each role that has one place.

    optional: whether inputs that are not required are fed as well; more: tables over those of the stack, by section. Raises ConfigError
    where that is no stack, Skipped where an optimization suits nothing.
    """
    tables = document(tick_size, lot_size)
    supplied: list[Supplied] = [(rule, supplier) for rule, supplier, _ in acting]
    supplied.append((given(simulated(tick_size, lot_size)), "mmkit"))
    for rule, _, table in acting:
        name = SUBJECT if len(acting) == 1 else rule.name
        own = {"use": rule.name, **table}
        if isinstance(rule, Optimization):
            _host(tables, rule, own)
        elif rule.role in GROUPS:
            tables[GROUPS[rule.role]][name] = own
        elif rule.role in (Role.MARKET, Role.VENUE):
            if fills_by_chance(rule):
                tables["instruments"]["X"] |= without_a_book()
            tables["instruments"]["X"][rule.role.value] = own
        else:
            tables[rule.role.value] = own
        if getattr(rule, "hedge", None) is not None:
            tables["instruments"]["H"] = instrument(tick_size, lot_size)
    tables = merged(tables, more or {})
    for number, (rule, _, table) in enumerate(acting):
        if rule.inputs is not None and rule.role not in (Role.MARKET, Role.VENUE, Role.REPORT):
            name = SUBJECT if len(acting) == 1 else rule.name
            own = tables[GROUPS[rule.role]][name] if rule.role in GROUPS else tables[rule.role.value]
            source = "feed" if len(acting) == 1 else f"feed-{number}"
            supplied += _fed(tables, rule, structured(rule, table), own, source, lot_size, optional)
    return made(tables, supplied)


def fills_by_chance(rule: Rule) -> bool:
    """Returns whether a rule acts in a world without a book."""
    return any(getattr(rule, name, None) is not None for name in ("paths", "fill_probability"))


def structured(rule: Rule, table: Tables) -> Any:
    """Returns a rule's parameters from a table. Raises ConfigError, one line per fault."""
    params, faults = structure(rule.params, table, Path(), RESERVED)
    if faults:
        raise ConfigError(*(f"{rule.role.value}.{rule.name}.{key}: {text}" for key, text in faults))
    return params


def _fed(
    tables: dict[str, Any], rule: Rule, params: Any, own: dict[str, Any], source: str, lot_size: float, optional: bool
) -> list[Supplied]:
    """Puts a signal before the others, which provides what the rule reads and nobody else does; returns it."""
    early = rule.role in (Role.SIGNALS, Role.SIZING)
    known = frozenset() if early else published(tables["sizing"]["use"])
    wanted = [each for each in fed(rule, params, known, optional) if each.name not in own.get("inputs", {})]
    if not wanted:
        return []
    own["inputs"] = {each.name: f"{source}.{output_of(each.name)}" for each in wanted} | own.get("inputs", {})
    tables["signals"] = {source: {"use": source}, **tables["signals"]}
    return [(feed(wanted, lot_size, source), "mmkit")]


def published(sizing: str) -> frozenset[str]:
    """Returns what a sizing rule publishes; one that is not on offer is itself under test, and what every stack has counts."""
    return frozenset(built_in(Role.SIZING, sizing if sizing in offers().names(Role.SIZING) else "fixed").outputs)


def _host(tables: dict[str, Any], rule: Optimization, entry: dict[str, Any]) -> None:
    """Switches an optimization on for the first rule that it suits; off, where rules have it by themselves."""
    if rule.without is not None:
        entry = {**entry, "on": False}
    for section in rule.applies:
        if section in ("log", "process"):
            tables[section] = {"optimizations": [entry]}
            return
        role = Role(section)
        for name in offers().names(role):
            try:
                host = built_in(role, name)
            except MmkitError:
                continue  # what nobody names may be broken
            if unsuited(rule, section, host) or needs_data(host, {}):
                continue
            own = {"use": name, **filled(host, {}), "optimizations": [entry]}
            if "duration" in attrs.fields_dict(host.params):
                own["duration"] = SIMULATED["duration"]
            if role in GROUPS:
                tables[GROUPS[role]]["host"] = own
            elif role in (Role.MARKET, Role.VENUE):
                tables["instruments"]["X"][section] = own
            else:
                tables[section] = own
            wired = {
                each.name: VOLATILITY[each.metadata["unit"]]
                for each in (attrs.fields(host.inputs) if host.inputs else ())
                if each.metadata.get("required") and each.metadata["unit"] in VOLATILITY
            }
            if wired:
                own["inputs"] = wired
                tables["signals"]["volatility"] = {"use": "volatility", **BRISK["volatility"]}
            return
    raise Skipped(f"it suits no rule that is there in the roles {', '.join(rule.applies)}")
