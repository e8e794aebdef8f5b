"""What surrounds the rule under test: plain rules in the other roles, and parameters for those that have no default."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import tomli

from mmkit.contract import fields_of
from mmkit.fields import Duration
from mmkit.kinds import Kind, out_of_range
from mmkit.page_block import MEASURED, asked_for, example
from mmkit.plugins import offers
from mmkit.rules import Role, Rule

BRISK: Mapping[str, Mapping[str, Any]] = {"volatility": {"half_life": "10s", "sample": "250ms", "warm_up": "1s"}}
"""Parameters with which a signal is ready within the kit's short markets, by rule: rules that wait for it would do nothing."""

GROUPS = {Role.SIGNALS: "signals", Role.RISK: "risk", Role.REPORT: "report"}
"""Sections of several rules."""

SUBJECT = "subject"
"""The name of the rule under test in such a section."""


def filled(rule: Rule, params: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a table with `params`, and a value for each other parameter that has no default or that the rule asks for: from its
    examples, as measured over the simulated book, or within its range. Files are not made up."""
    table = dict(params)
    if not attrs.has(rule.params):
        return table
    asked = [] if params else asked_for(rule)
    for field, annotation, kind in fields_of(rule.params):
        if field.name in table or names_files(kind) or not (field.default is attrs.NOTHING or field.name in asked):
            continue
        shown = next((each[field.name] for each in rule.examples if field.name in each), None)
        known = shown if shown is not None else MEASURED.get((field.name, field.metadata.get("unit", "")))
        if known is None and annotation is Duration and not out_of_range(10**9, Duration, field):
            known = "1s"
        table[field.name] = known if known is not None else tomli.loads(f"value = {example(field, kind)}")["value"]
    return table


def names_files(kind: Kind) -> bool:
    """Returns whether a parameter of this kind is a path."""
    return kind.holds(Path()) or kind.holds((Path(),))


def needs_data(rule: Rule, table: Mapping[str, Any]) -> list[str]:
    """Returns the parameters of a rule that name files, and that `table` does not have although nothing stands in for them."""
    return [
        field.name
        for field, _, kind in (fields_of(rule.params) if attrs.has(rule.params) else ())
        if field.default is attrs.NOTHING and field.name not in table and names_files(kind)
    ]


@cache
def built_in(role: Role, name: str) -> Rule:
    """Returns a rule that is on offer."""
    return offers().load(role, name)[0]


def document(tick_size: float, lot_size: float) -> dict[str, Any]:
    """Returns a stack of plain rules over the kit's market, as TOML has it; prices and quantities follow the grid."""
    return {
        "stack": {"name": "conformance", "seed": 7, "quote": "X", "record_every": "250ms"},
        "instruments": {"X": instrument(tick_size, lot_size)},
        "signals": {},
        "sizing": {"use": "fixed", "quantity": 100 * lot_size, "max_position": 4000 * lot_size},
        "pricing": {"use": "fixed", "half_spread": 1.5 * tick_size, "skew": 0.005 * tick_size / lot_size / 10},
        "ladder": {"use": "uniform", "levels": 3, "gap_ticks": 1},
        "risk": {},
        "execution": {"use": "requote", "every": "100ms"},
        "hedging": {"use": "none"},
        "report": {},
    }


def instrument(tick_size: float, lot_size: float) -> dict[str, Any]:
    """Returns an instrument on the kit's market."""
    return {
        "tick_size": tick_size,
        "lot_size": lot_size,
        "maker_fee": 0.0,
        "taker_fee": 0.0003,
        "market": {"use": "given"},
        "venue": {"use": "queue", "entry_latency": "3ms", "response_latency": "4ms"},
    }


def without_a_book() -> dict[str, Any]:
    """Returns what an instrument has over a market of independent paths: its market and venue."""
    return {
        "market": {"use": "diffusion", "sigma": 0.5, "duration": "5s", "step": "50ms", "paths": 8},
        "venue": {"use": "intensity", "A": 140.0, "k": 1.5},
    }


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the tables of both, the other's keys in the place of the one's; the table of another rule takes the place of the whole."""
    both = dict(one)
    for key, value in other.items():
        kept = both.get(key)
        both[key] = value
        if isinstance(kept, Mapping) and isinstance(value, Mapping):
            if value.get("use", kept.get("use")) == kept.get("use"):
                both[key] = merged(kept, value)
    return both
