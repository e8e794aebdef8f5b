"""From attrs classes to one nested record: every number and array of a session in one piece of memory."""

import enum
import typing
from collections.abc import Container
from functools import cache
from typing import Any

import attrs
import numpy as np

from mmkit.errors import PluginError

LARGEST = {"i1": 2**7 - 1, "i2": 2**15 - 1, "i4": 2**31 - 1, "i8": 2**63 - 1}
"""Largest number of each layout of a whole number."""

NUMBERS: dict[type, str] = {float: "f8", int: "i8", bool: "?"}


@cache
def hints_of(cls: type) -> dict[str, Any]:
    """Returns a class's annotations; working them out takes longer than the rest of its layout."""
    return typing.get_type_hints(cls)


def layout_of(thing: Any, compact: bool = False) -> np.dtype[Any]:
    """Returns the record layout of an attrs instance; a tuple takes as many places as it has values.

    compact: a number takes no more room than its declared bounds need.
    Raises PluginError for a field that is neither a number, an enum, a tuple of numbers nor an array.
    """
    if isinstance(thing, list):
        return np.dtype((layout_of(thing[0], compact), (len(thing),)))
    hints = hints_of(type(thing))  # type: ignore[arg-type]
    fields: list[Any] = []
    for field in attrs.fields(type(thing)):
        value = getattr(thing, field.name)
        if "records" in field.metadata:
            _, size = field.metadata["records"]
            fields.append((field.name, layout_of(value[0], compact), (size,)))
        elif "array" in field.metadata:
            kind, size = field.metadata["array"][0], len(value)
            fields.append((field.name, smallest(field, kind) if compact and kind is int else NUMBERS[kind], (size,)))
        elif isinstance(value, tuple):
            fields.append((field.name, "f8", (len(value),)))
        elif attrs.has(type(value)):
            fields.append((field.name, layout_of(value, compact)))
        else:
            annotation = hints.get(field.name, type(value))
            kind = number(type(thing), field.name, annotation)
            fields.append((field.name, smallest(field, annotation) if compact and kind == "i8" else kind))
    return np.dtype(fields or [("nothing", "i8")], align=True)


def number(owner: type, name: str, annotation: Any) -> str:
    """Returns the layout of a field that holds one number."""
    kind = getattr(annotation, "__supertype__", annotation)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        kind = int
    if kind not in NUMBERS:
        raise PluginError(f"{owner.__qualname__}.{name}: {kind} has no place in a record")
    return NUMBERS[kind]


def smallest(field: Any, annotation: Any) -> str:
    """Returns the narrowest layout that holds every whole number within a field's declared bounds."""
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        members = [int(member.value) for member in annotation]
        low, high = (0, sum(members)) if issubclass(annotation, enum.Flag) else (min(members), max(members))
    else:
        bound = field.metadata.get
        lowest = [each for each in (bound("at_least"), bound("above")) if each is not None]
        highest = [each for each in (bound("at_most"), bound("below")) if each is not None]
        if not lowest or not highest:
            return "i8"
        low, high = max(lowest), min(highest)
    return next(kind for kind, top in LARGEST.items() if -top - 1 <= low and high <= top)


def fill_record(record: Any, thing: Any) -> None:
    """Copies an attrs instance, or a list of them, into a record of its layout."""
    if isinstance(thing, list):
        for number, each in enumerate(thing):
            fill_record(record[number], each)
        return
    for field in attrs.fields(type(thing)):
        value = getattr(thing, field.name)
        if "records" in field.metadata:
            # A session begins with all of them alike.
            fill_record(record[field.name][0], value[0])
            record[field.name][1:] = record[field.name][0]
        elif attrs.has(type(value)):
            fill_record(record[field.name], value)
        else:
            record[field.name] = value


def record_of(session: Any, compact: Container[str] = ()) -> Any:
    """Returns a one-element array with the whole session; compact: names of parts that take as little room as they can."""
    names = [field.name for field in attrs.fields(type(session))]
    layout = np.dtype([(name, layout_of(getattr(session, name), name in compact)) for name in names], align=True)
    whole = np.zeros(1, layout)
    for name in names:
        fill_record(whole[name][0], getattr(session, name))
    return whole
