"""When two runs are the same to the bit: NaN equals itself, -0.0 differs from 0.0; engines and times do not count."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def differences(one: Any, other: Any) -> Iterator[str]:
    """Yields what differs between two finished runs (mmkit.Run), a text for each part: summary, log, fills, records."""
    if without_times(one.summary) != without_times(other.summary):
        yield f"summary ({', '.join(_keys(one.summary, other.summary))})"
    if one.log != other.log:
        yield f"decision log ({_first(one.log, other.log)})"
    yield from tables_differ(one, other)


def tables_differ(one: Any, other: Any) -> Iterator[str]:
    """Yields what differs between the fills and the records of two finished runs."""
    for what in ("fills", "records"):
        mine, its = getattr(one, what), getattr(other, what)
        if mine.schema != its.schema:
            yield f"columns of {what}"
        else:
            different = [name for name in mine.columns if column_bytes(mine, name) != column_bytes(its, name)]
            if different:
                yield f"{what} ({', '.join(different)})"


def without_times(summary: Mapping[str, Any]) -> str:
    """Returns a summary as text, without what the engine and the machine decide."""
    counters = {key: value for key, value in summary["counters"].items() if key != "latency"}
    kept = {key: value for key, value in summary.items() if key not in ("engine", "timing")}
    return json.dumps({**kept, "counters": counters}, default=repr)


def column_bytes(table: Any, name: str) -> Any:
    """Returns a column of a polars table to the bit."""
    column = table[name]
    return column.to_numpy().tobytes() if column.dtype.is_numeric() else column.to_list()


def _keys(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    shared = [key for key in one if key not in ("engine", "timing", "counters")]
    return [key for key in shared if repr(one[key]) != repr(other.get(key))] or ["counters"]


def _first(one: Any, other: Any) -> str:
    pairs = zip((*one, "nothing"), (*other, "nothing"), strict=False)
    return next(f"{mine!r} and {its!r}" for mine, its in pairs if mine != its)
