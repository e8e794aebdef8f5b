"""The types that a parameter may have: how each is read from TOML, written back, and what a fault says about it."""

import datetime
import enum
import math
import os
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from mmkit.errors import nearest
from mmkit.fields import QUANTITY, SECONDS, Duration, Rate, duration, spelled

LARGEST = 2**63 - 1


@attrs.frozen
class Kind:
    """One type of parameter.

    said: what a fault calls it, "a number"; read(value, folder): from a TOML value, relative paths from `folder`,
    ValueError if it is none; write: back to a TOML value; holds: whether a Python value is one; number: whether
    bounds apply; many: a tuple of values; text: only where files are at home, not in what runs per event;
    choices: the names that there are to choose from; json: the JSON schema of what `read` takes, without bounds.
    """

    said: str
    read: Callable[[Any, Path], Any]
    write: Callable[[Any], Any]
    holds: Callable[[Any], bool]
    number: bool = False
    many: bool = False
    text: bool = False
    choices: tuple[str, ...] = ()
    json: Mapping[str, Any] = attrs.field(factory=dict)


def shown(value: Any) -> str:
    """Returns a TOML value as a fault quotes it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        quoted = '"' + value.encode("unicode_escape").decode("ascii") + '"'
        return quoted if len(quoted) <= 60 else f'{quoted[:56]}…"'
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, datetime.date | datetime.time):
        return f"the time {value}"
    return str(value) if len(str(value)) <= 40 else "a number of too many digits"


def spelled_duration(nanoseconds: int) -> str:
    """Returns a duration in the largest unit that is exact: "100ms"; what `duration` reads back."""
    for unit, size in reversed(SECONDS.items()):
        if nanoseconds % size == 0 and nanoseconds:
            return f"{nanoseconds // size}{unit}"
    return "0s"


def kind_of(annotation: Any) -> Kind | None:
    """Returns how a parameter of this type is read and written, or None for a type that none may have."""
    for plain, kind in _PLAIN.items():
        if annotation == plain:
            return kind
    if isinstance(annotation, type) and issubclass(annotation, enum.IntFlag):
        return _members(annotation)
    if isinstance(annotation, type) and issubclass(annotation, enum.IntEnum):
        return _member(annotation)
    return None


def _wrong(said: str, value: Any) -> ValueError:
    return ValueError(f"must be {said}, is {shown(value)}")


def _float(value: Any, folder: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong("a number", value)
    try:
        return float(value)
    except OverflowError:
        raise _wrong("a number", value) from None


def _int(value: Any, folder: Path) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -LARGEST <= value <= LARGEST:
        raise _wrong("a whole number", value)
    return value


def _bool(value: Any, folder: Path) -> bool:
    if not isinstance(value, bool):
        raise _wrong("true or false", value)
    return value


def _str(value: Any, folder: Path) -> str:
    if not isinstance(value, str):
        raise _wrong("a string", value)
    return value


def _duration(value: Any, folder: Path) -> Duration:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f'must be a duration with its unit, such as "{shown(value)}s" or "100ms", is {shown(value)}')
    if not isinstance(value, str):
        raise _wrong('a duration such as "100ms"', value)
    return duration(value)


def _rate(value: Any, folder: Path) -> Rate:
    if isinstance(value, str):
        number, unit, rest = value.partition("bp")
        try:
            fraction = Decimal(number) * Decimal("0.0001")
        except ArithmeticError:
            unit = ""
        if not unit or rest.strip():
            raise ValueError(f'must be a fraction such as 0.0002 or "2bp", is {shown(value)}')
        return Rate(float(fraction))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong('a fraction such as 0.0002 or "2bp"', value)
    return Rate(_float(value, folder))


def _path(value: Any, folder: Path) -> Path:
    if not isinstance(value, str):
        raise _wrong("a path", value)
    if not value or "\0" in value:
        raise _wrong("a path", value)
    return Path(os.path.normpath(folder / value))


def _paths(value: Any, folder: Path) -> tuple[Path, ...]:
    if isinstance(value, str):
        return (_path(value, folder),)
    if not isinstance(value, list) or not value:
        raise _wrong("a path or a list of paths", value)
    return tuple(_path(entry, folder) for entry in value)


def _floats(value: Any, folder: Path) -> tuple[float, ...]:
    if not isinstance(value, list):
        raise _wrong("a list of numbers", value)
    return tuple(_float(entry, folder) for entry in value)


def _name_in(value: Any, names: dict[str, Any]) -> Any:
    if not isinstance(value, str):
        raise _wrong("one of " + ", ".join(f'"{name}"' for name in names), value)
    if value not in names:
        raise ValueError(f"{shown(value)} is not one of {', '.join(names)}{nearest(value, names)}")
    return names[value]


def _member(enumeration: type[enum.IntEnum]) -> Kind:
    names = {spelled(member): member for member in enumeration}
    said = "one of " + ", ".join(f'"{name}"' for name in names)
    return Kind(
        said,
        lambda value, folder: _name_in(value, names),
        spelled,
        lambda value: isinstance(value, enumeration),
        choices=tuple(names),
        json={"enum": list(names)},
    )


def _members(enumeration: type[enum.IntFlag]) -> Kind:
    names = {spelled(member): member for member in enumeration}
    said = "a list of " + ", ".join(f'"{name}"' for name in names)

    def read(value: Any, folder: Path) -> enum.IntFlag:
        if not isinstance(value, list):
            raise _wrong(said, value)
        chosen = enumeration(0)
        for entry in value:
            chosen |= _name_in(entry, names)
        return chosen

    def write(value: enum.IntFlag) -> list[str]:
        return [name for name, member in names.items() if member in value]

    return Kind(
        said,
        read,
        write,
        lambda value: isinstance(value, enumeration),
        choices=tuple(names),
        json={"type": "array", "items": {"enum": list(names)}},
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _same(value: Any) -> Any:
    return value


def _all(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda values: isinstance(values, tuple) and all(holds(value) for value in values)


def _is_path(value: Any) -> bool:
    return isinstance(value, Path)


_TEXT = {"type": "string", "minLength": 1}

_PLAIN: dict[Any, Kind] = {
    float: Kind("a number", _float, float, _is_number, number=True, json={"type": "number"}),
    int: Kind("a whole number", _int, _same, _is_whole, number=True, json={"type": "integer"}),
    bool: Kind("true or false", _bool, _same, lambda value: isinstance(value, bool), json={"type": "boolean"}),
    str: Kind("a string", _str, _same, lambda value: isinstance(value, str), text=True, json={"type": "string"}),
    Duration: Kind(
        "a duration",
        _duration,
        spelled_duration,
        _is_whole,
        number=True,
        json={"type": "string", "pattern": rf"^\s*-?{QUANTITY}\s*({'|'.join(SECONDS)})\s*$"},
    ),
    Rate: Kind(
        "a fraction",
        _rate,
        float,
        _is_number,
        number=True,
        json={"type": ["number", "string"], "pattern": rf"^\s*[-+]?(\.\d+|{QUANTITY})\s*bp\s*$"},
    ),
    Path: Kind("a path", _path, str, _is_path, text=True, json=_TEXT),
    tuple[Path, ...]: Kind(
        "paths",
        _paths,
        lambda value: [*map(str, value)],
        _all(_is_path),
        many=True,
        text=True,
        json={"type": ["string", "array"], "minLength": 1, "minItems": 1, "items": _TEXT},
    ),
    tuple[float, ...]: Kind(
        "numbers",
        _floats,
        list,
        _all(_is_number),
        number=True,
        many=True,
        json={"type": "array", "items": {"type": "number"}},
    ),
}


def out_of_range(value: float, annotation: Any, field: "attrs.Attribute[Any]") -> str | None:
    """Returns what is wrong with a number that a field declares a range for, or None.

    A field without a limit on one side takes any finite number there; infinity only where it is the default.
    A duration is at least 0 unless its field says otherwise.
    """
    bounds = field.metadata
    unit = f" {bounds['unit']}" if bounds.get("unit") else ""
    lowest = bounds.get("at_least")
    if annotation is Duration and lowest is None and bounds.get("above") is None:
        lowest = 0

    def said(number: float) -> str:
        return spelled_duration(int(number)) if annotation is Duration else f"{number:g}{unit}"

    given = spelled_duration(int(value)) if annotation is Duration else f"{value:.15g}"
    if math.isnan(value) or (math.isinf(value) and field.default != value):
        return f"must be a finite number, is {given}"
    if bounds.get("above") is not None and not value > bounds["above"]:
        return f"must be above {said(bounds['above'])}, is {given}"
    if lowest is not None and not value >= lowest:
        return f"must be at least {said(lowest)}, is {given}"
    if bounds.get("below") is not None and not value < bounds["below"]:
        return f"must be below {said(bounds['below'])}, is {given}"
    if bounds.get("at_most") is not None and not value <= bounds["at_most"]:
        return f"must be at most {said(bounds['at_most'])}, is {given}"
    return None
