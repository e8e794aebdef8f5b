"""A stack back to TOML: as it ran, with every default, override and wire filled in; reading it gives the same stack."""

from typing import Any

import tomli_w

from mmkit.contract import fields_of
from mmkit.kinds import spelled_duration
from mmkit.stack import Leg, Slot, Stack


def dump(stack: Stack) -> str:
    """Returns the TOML text of a stack; paths are absolute, durations in their largest exact unit."""
    document: dict[str, Any] = {
        "stack": {
            "name": stack.name,
            "seed": stack.seed,
            "quote": stack.quote,
            "record_every": spelled_duration(stack.record_every),
            "watch_every": spelled_duration(stack.watch_every),
            "cost": "fifo" if stack.fifo else "average",
        },
        "instruments": {name: _leg(leg) for name, leg in stack.legs.items()},
        "signals": {slot.name: {**section(slot), "instrument": slot.instrument} for slot in stack.signals},
        "sizing": section(stack.sizing),
        "pricing": section(stack.pricing),
        "ladder": section(stack.ladder),
        "risk": {slot.name: section(slot) for slot in stack.risk},
        "execution": section(stack.execution),
        "hedging": section(stack.hedging),
        "report": {slot.name: section(slot) for slot in stack.reports},
    }
    # What reads the text puts the sampling of the log back in where nothing is said of it.
    document["log"] = {"optimizations": [switch(stack.log)] if stack.log else []}
    if stack.hedges:
        document["hedging"]["instruments"] = list(stack.hedges)
    if stack.process:
        document["process"] = {"optimizations": [switch(each) for each in stack.process]}
    if stack.plugins:
        document["stack"]["plugins"] = [str(path) for path in stack.plugins]
    for group in ("signals", "risk"):
        if not document[group]:
            del document[group]
    return tomli_w.dumps(document)


def values(params: Any) -> dict[str, Any]:
    """Returns the fields of a params instance as TOML values.

    A NaN, which stands for an absent number, is left out, and so is what is deprecated and was not given.
    """
    return {
        field.name: kind.write(value)
        for field, _, kind in fields_of(type(params))
        if (value := getattr(params, field.name)) == value
        and not (field.metadata.get("deprecated") and value == field.default)
    }


def switch(slot: Slot) -> dict[str, Any]:
    """Returns an optimization as an entry of a list of them."""
    return {"use": slot.rule.name, **values(slot.params)}


def section(slot: Slot) -> dict[str, Any]:
    """Returns a rule's section as a stack file has it."""
    wired = {"inputs": dict(slot.wiring)} if slot.wiring else {}
    switched = [switch(each) for each in slot.optimizations] + [
        {"use": each.rule.name, "on": False} for each in slot.off
    ]
    listed = {"optimizations": switched} if switched else {}
    return {"use": slot.rule.name, **values(slot.params), **wired, **listed}


def _leg(leg: Leg) -> dict[str, Any]:
    instrument = values(leg.instrument)
    del instrument["name"]
    for currency in ("base_currency", "quote_currency"):
        if not instrument[currency]:
            del instrument[currency]
    if leg.instrument.balances is not None:
        instrument["balances"] = dict(leg.instrument.balances)
    if leg.instrument.funding is not None:
        instrument["funding"] = str(leg.instrument.funding)
    return {**instrument, "market": section(leg.market), "venue": section(leg.venue)}
