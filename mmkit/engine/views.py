"""Python objects over a record's own memory: the attribute names of the attrs class, native numbers."""

from functools import cache
from typing import Any

import attrs

from mmkit.engine.records import Leg


@cache
def view_class(cls: type) -> type:
    """Returns a class whose instances read and write a record of an attrs class: numbers, arrays as memoryviews, nested records."""
    made: dict[str, Any] = {"__slots__": ("_memory", "_parts")}
    lines = ["def __init__(self, array, like):", "    self._memory = memory = {}", "    self._parts = parts = {}"]
    for field in attrs.fields(cls):
        name = field.name
        if "records" in field.metadata:
            lines.append(f"    parts[{name!r}] = (array[{name!r}][0], like.{name})")
            made[name] = property(_records(name))
        elif cls is Leg:
            lines.append(f"    parts[{name!r}] = view_of(array[{name!r}], like.{name})")
            made[name] = property(_part(name))
        elif "array" in field.metadata:
            lines.append(f"    memory[{name!r}] = memoryview(array[{name!r}][0])")
            made[name] = property(_array(name))
        else:
            lines.append(f"    value = array[{name!r}]")
            lines.append(f"    memory[{name!r}] = memoryview(value) if value.ndim == 1 else tuple(value[0].tolist())")
            made[name] = property(_get(name), _set(name))
    scope: dict[str, Any] = {"view_of": view_of}
    exec("\n".join(lines), scope)
    made["__init__"] = scope["__init__"]
    return type(f"{cls.__name__}View", (), made)


def view_of(array: Any, like: Any) -> Any:
    """Returns a view of a one-element array that has the layout of the attrs instance `like`; of a list of them, a list of views."""
    if isinstance(like, list):
        return [view_of(array[0][i : i + 1], each) for i, each in enumerate(like)]
    return view_class(type(like))(array, like)  # type: ignore[arg-type]


def _get(name: str) -> Any:
    def get(self: Any) -> Any:
        memory = self._memory[name]
        return memory if isinstance(memory, tuple) else memory[0]

    return get


def _set(name: str) -> Any:
    def set(self: Any, value: Any) -> None:
        self._memory[name][0] = value

    return set


def _array(name: str) -> Any:
    def get(self: Any) -> Any:
        return self._memory[name]

    return get


def _part(name: str) -> Any:
    def get(self: Any) -> Any:
        return self._parts[name]

    return get


def _records(name: str) -> Any:
    def get(self: Any) -> Any:
        found = self._parts[name]
        if isinstance(found, tuple):
            array, like = found
            found = [view_of(array[i : i + 1], each) for i, each in enumerate(like)]
            self._parts[name] = found
        return found

    return get
