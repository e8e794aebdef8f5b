"""From attrs classes to one nested record: every number and array of a session in one piece of memory."""

import enum
import typing
from typing import Any

import attrs
import numpy as np

from mmkit.errors import PluginError

NUMBERS: dict[type, str] = {float: "f8", int: "i8", bool: "?"}


def layout_of(thing: Any) -> np.dtype[Any]:
    """Returns the record layout of an attrs instance; a tuple takes as many places as it has values.

    Raises PluginError for a field that is neither a number, an enum, a tuple of numbers nor an array.
    """
    hints = typing.get_type_hints(type(thing))
    fields: list[Any] = []
    for field in attrs.fields(type(thing)):
        value = getattr(thing, field.name)
        if "records" in field.metadata:
            _, size = field.metadata["records"]
            fields.append((field.name, layout_of(value[0]), (size,)))
        elif "array" in field.metadata:
            kind, size = field.metadata["array"]
            fields.append((field.name, NUMBERS[kind], (size,)))
        elif isinstance(value, tuple):
            fields.append((field.name, "f8", (len(value),)))
        else:
            fields.append((field.name, number(type(thing), field.name, hints.get(field.name, type(value)))))
    return np.dtype(fields or [("nothing", "i8")], align=True)


def number(owner: type, name: str, annotation: Any) -> str:
    """Returns the layout of a field that holds one number."""
    kind = getattr(annotation, "__supertype__", annotation)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        kind = int
    if kind not in NUMBERS:
        raise PluginError(f"{owner.__qualname__}.{name}: {kind} has no place in a record")
    return NUMBERS[kind]


def fill_record(record: Any, thing: Any) -> None:
    """Copies an attrs instance into a record of its layout."""
    for field in attrs.fields(type(thing)):
        value = getattr(thing, field.name)
        if "records" in field.metadata:
            # A session begins with all of them alike.
            fill_record(record[field.name][0], value[0])
            record[field.name][1:] = record[field.name][0]
        else:
            record[field.name] = value


def record_of(session: Any) -> Any:
    """Returns a one-element array with the whole session."""
    names = [field.name for field in attrs.fields(type(session))]
    layout = np.dtype([(name, layout_of(getattr(session, name))) for name in names], align=True)
    whole = np.zeros(1, layout)
    for name in names:
        fill_record(whole[name][0], getattr(session, name))
    return whole
