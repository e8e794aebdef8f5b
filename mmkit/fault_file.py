"""A plugin's fault as a file: everything that the function was given when it failed, so that it can be called again in a debugger."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs

from mmkit import __version__
from mmkit.blame import locals_of
from mmkit.contract import arguments
from mmkit.engine.account import account_class
from mmkit.engine.callouts import number_of
from mmkit.engine.calls import identifier
from mmkit.engine.control import Control
from mmkit.engine.records import Fill, MarketView, Order, Trade, desk_class, quotes_class
from mmkit.errors import ConfigError
from mmkit.rules import Rule
from mmkit.stack import Slot, Stack
from mmkit.structure import structure
from mmkit.writing import values

SCHEMA = 1
NAME = "fault.json"
DENSE = 256
"""Up to so many places an array is written as a list; a longer one by the places that are not 0."""

OF_RULE = ("state", "inputs", "terms", "constants")
OF_LEG = ("market", "trade", "fill", "desk")
OF_SESSION = ("ladder", "account", "control")


def document(
    stack: Stack,
    slot: Slot,
    function: str,
    session: Any,
    book: Any,
    error: BaseException | None,
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Returns a fault as JSON has it.

    book: the local book of the rule's instrument; about: what else to say of it: engine, error, time, row, decision. What compiled code
    does not tell, such as the order that a venue's rule was called for, is named under "unknown".
    """
    given: dict[str, Any] = {}
    unknown = []
    rule = slot.rule
    code = getattr(rule, function).__code__
    own = code.co_varnames[: code.co_argcount]
    seen = locals_of(error, code)
    names = arguments(rule, function)
    for place, name in enumerate(names):
        value = _given(stack, slot, function, session, book, place, name)
        if value is None and place < len(own) and own[place] in seen:
            value = seen[own[place]]
        if value is None:
            unknown.append(name)
        else:
            given[name] = values(value) if name == "params" else encoded(value, class_of(rule, name, value))
    file = next((path for path in stack.plugins if path.name == slot.distribution), None)
    return {
        "schema": SCHEMA,
        "mmkit": __version__,
        "stack": stack.name,
        "stack_file": str(stack.file.absolute()) if stack.file else None,
        "rule": {
            "path": slot.path,
            "role": rule.role.value,
            "name": rule.name,
            "distribution": slot.distribution,
            "file": str(file) if file else None,
            "optimizations": [each.rule.name for each in slot.optimizations],
        },
        "function": function,
        "instrument": stack.leg_names[number_of(stack, slot)],
        **about,
        "state": "as the exception left it" if error is not None else "as the call left it",
        "unknown": unknown,
        "given": given,
    }


def _given(stack: Stack, slot: Slot, function: str, session: Any, book: Any, place: int, name: str) -> Any:
    """Returns what an argument was, None where only the call itself knew."""
    own = identifier(slot.path)
    if place > 1 and function == "prepare" and name != "constants":
        return getattr(getattr(session, f"{own}_inputs"), name)
    number = number_of(stack, slot)
    leg = session.legs[number - 1] if number else session
    if name == "params":
        return slot.params
    if name in OF_RULE:
        return getattr(session, f"{own}_{name}")
    if name in OF_LEG:
        return getattr(leg, name)
    if name in OF_SESSION:
        return getattr(session, name)
    if name == "hedges":
        return list(session.legs[: len(stack.hedges)])
    if name == "book":
        return book
    if name == "key":
        rule: Any = stack.pricing.rule
        wired = getattr(session, f"{identifier(stack.pricing.path)}_inputs", None)
        return [getattr(wired, field.name) for field in attrs.fields(rule.inputs)] if wired is not None else []
    return None


def class_of(rule: Rule, name: str, value: Any = None) -> Any:
    """Returns the attrs class of an argument; None for a number, an array and what is a list of others."""
    if name in OF_RULE:
        return getattr(rule, name)
    fixed = {"market": MarketView, "trade": Trade, "fill": Fill, "order": Order, "control": Control}
    if name in fixed:
        return fixed[name]
    if name == "ladder":
        return quotes_class(_length(value, "offset_ticks"))
    if name == "desk":
        return desk_class(_length(value, "orders"), _length(value, "sent"))
    if name == "account":
        return account_class(_length(value, "amounts"))
    return None


def _length(record: Any, field: str) -> int:
    value = record[field] if isinstance(record, Mapping) else getattr(record, field)
    return int(value["length"]) if isinstance(value, Mapping) else len(value)


def encoded(value: Any, cls: Any) -> Any:
    """Returns a record, an array or a number as JSON has it; cls: the record's class."""
    if cls is not None:
        return {field.name: _field(getattr(value, field.name), field) for field in attrs.fields(cls)}
    if isinstance(value, SimpleNamespace) or hasattr(value, "desk"):
        return {name: encoded(getattr(value, name), class_of(_NO_RULE, name, getattr(value, name))) for name in OF_LEG}
    if isinstance(value, list) and value and hasattr(value[0], "desk"):
        return [encoded(each, None) for each in value]
    if hasattr(value, "__len__"):
        return _array(value)
    return _number(value)


_NO_RULE: Any = None


def _field(value: Any, field: Any) -> Any:
    if "records" in field.metadata:
        kind, _ = field.metadata["records"]
        fresh = encoded(kind(), kind)
        other = {str(at): each for at, one in enumerate(value) if (each := encoded(one, kind)) != fresh}
        return {"length": len(value), "other": other}
    return _array(value) if hasattr(value, "__len__") else _number(value)


def _array(value: Any) -> Any:
    import numpy as np

    array = np.asarray(value)
    if array.ndim != 1:
        return repr(value)
    if len(array) <= DENSE:
        return [_number(each) for each in array.tolist()]
    places = np.flatnonzero(array)
    return {
        "length": len(array),
        "other": {str(at): _number(each) for at, each in zip(places.tolist(), array[places].tolist(), strict=True)},
    }


def _number(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return int(value)
    if not hasattr(value, "__float__"):
        return repr(value)  # a faulty rule may have put anything there
    number = float(value)
    return number if math.isfinite(number) else str(number)


def decoded(value: Any, cls: Any) -> Any:
    """Returns what `encoded` has written, as the plain engine would hand it over."""
    if cls is not None:
        record = cls()
        for field in attrs.fields(cls):
            setattr(record, field.name, _of_field(value[field.name], field))
        return record
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [decoded(each, None) for each in value]
    if isinstance(value, Mapping) and "length" not in value:
        return SimpleNamespace(**{name: decoded(each, class_of(_NO_RULE, name, each)) for name, each in value.items()})
    return _of_array(value) if isinstance(value, list | Mapping) else _of_number(value)


def _of_field(value: Any, field: Any) -> Any:
    if "records" in field.metadata:
        kind, _ = field.metadata["records"]
        found = [kind() for _ in range(value["length"])]
        for at, each in value["other"].items():
            found[int(at)] = decoded(each, kind)
        return found
    return _of_array(value) if isinstance(value, list | Mapping) else _of_number(value)


def _of_array(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [_of_number(each) for each in value]
    found = [0] * value["length"]
    for at, each in value["other"].items():
        found[int(at)] = _of_number(each)
    return found


def _of_number(value: Any) -> Any:
    return float(value) if value in ("nan", "inf", "-inf") else value


def call(rule: Rule, fault: Mapping[str, Any]) -> Any:
    """Calls a rule's function with what a fault says that it was given; returns and raises what it does.

    Raises ConfigError where the fault does not know all that the function takes, or its parameters are no longer those of the rule.
    """
    function, given = fault["function"], fault["given"]
    if fault["unknown"]:
        lacking = ", ".join(fault["unknown"])
        raise ConfigError(f"compiled code does not tell {lacking}: a run with --engine python does")
    handed = []
    for name in arguments(rule, function):
        if name not in given:
            raise ConfigError(f"{function} is given {name} now, and was not when it failed")
        if name == "params":
            params, faults = structure(rule.params, given[name], Path())
            if faults:
                raise ConfigError(*(f"params.{key}: {text}" for key, text in faults))
            handed.append(params)
        elif name == "key":
            handed.append(tuple(_of_array(given[name])))
        else:
            handed.append(decoded(given[name], class_of(rule, name, given[name])))
    return getattr(rule, function)(*handed)


def write(folder: Path, fault: Mapping[str, Any]) -> Path:
    """Writes a fault into a run's folder and returns the file's path. Raises ConfigError where nothing can be written."""
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(fault, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder}: cannot write there: {error.strerror or error}") from None
    return path


def read(path: Path) -> dict[str, Any]:
    """Returns a fault that was written. Raises ConfigError for what is none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: no JSON: {error}") from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA or "function" not in found:
        raise ConfigError(f"{path}: no fault of a run (schema {SCHEMA})")
    return found
