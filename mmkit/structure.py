"""From a TOML table to an attrs class, with every fault of the table at once."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from cattrs import Converter
from cattrs.errors import ClassValidationError
from cattrs.gen import make_dict_structure_fn, override

from mmkit.contract import fields_of
from mmkit.errors import nearest
from mmkit.kinds import Kind, out_of_range

Fault = tuple[str, str]
"""A key within the table ("" for the table itself) and what is wrong with it."""

_CONVERTER = Converter(forbid_extra_keys=True, detailed_validation=True)


def structure(cls: type, table: Mapping[str, Any], folder: Path, also: tuple[str, ...] = ()) -> tuple[Any, list[Fault]]:
    """Returns an instance of `cls` and no faults, or None and one fault per key that is wrong.

    Relative paths count from `folder`; `also` are keys of the table that belong to somebody else.
    """
    readers: dict[str, Any] = {}
    for field, annotation, kind in fields_of(cls):
        readers[field.name] = override(struct_hook=partial(_value, folder, field, annotation, kind))
    read: Any = make_dict_structure_fn(cls, _CONVERTER, _cattrs_use_linecache=False, **readers)
    own = {key: value for key, value in table.items() if key not in also}
    try:
        return read(own, cls), []
    except ClassValidationError as error:
        return None, _faults(cls, own, also, error)


def _value(folder: Path, field: "attrs.Attribute[Any]", annotation: Any, kind: Kind, value: Any, _type: Any) -> Any:
    converted = kind.read(value, folder)
    capacity = field.metadata.get("capacity")
    if kind.many and capacity and len(converted) > capacity:
        raise ValueError(f"must have at most {capacity} entries, has {len(converted)}")
    if kind.number:
        for number in converted if kind.many else (converted,):
            wrong = out_of_range(number, annotation, field)
            if wrong:
                raise ValueError(wrong)
    return converted


def _faults(cls: type, table: Mapping[str, Any], also: tuple[str, ...], error: ClassValidationError) -> list[Fault]:
    """Returns the faults in the order of the table's keys, then what it lacks, then what the class itself says."""
    of_fields, others = error.group_exceptions()
    fields = attrs.fields_dict(cls)
    found = {note.name: _said(cause, fields[note.name]) for cause, note in of_fields}
    lacking = [(name, text) for name, text in found.items() if name not in table]
    of_keys = []
    for key in table:
        if key not in fields:
            of_keys.append((key, f"unknown key{nearest(key, [*fields, *also])}"))
        elif key in found:
            of_keys.append((key, found[key]))
    of_class = [("", " ".join(str(other).split())) for other in others if not hasattr(other, "extra_fields")]
    return of_keys + lacking + of_class


def _said(cause: Exception, field: "attrs.Attribute[Any]") -> str:
    if not isinstance(cause, KeyError):
        return str(cause)
    unit = f" ({field.metadata['unit']})" if field.metadata.get("unit") else ""
    doc = f": {field.metadata['doc']}" if field.metadata.get("doc") else ""
    return f"required{unit}{doc}"
