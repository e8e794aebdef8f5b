"""Series as a page carries them: reduced to what a screen can show, packed as plotly reads typed arrays."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

POINTS = 4000
"""About how many points a chart shows; more than a wide screen has pixels."""

EPOCH = 10**17
"""Times (ns) above this are dates, below it a simulator's own clock: recordings are younger than March 1973."""


def extremes(values: Floats, buckets: int) -> npt.NDArray[np.intp]:
    """Returns, in order, the positions of the lowest and highest value of each of so many buckets, and both ends.

    A bucket without any number keeps its first entry, so that a gap stays a gap. Short series stay whole.
    """
    count = len(values)
    if count <= 2 * buckets:
        return np.arange(count)
    width = -(-count // buckets)
    rows = -(-count // width)
    table = np.concatenate([values, np.full(rows * width - count, np.nan)]).reshape(rows, width)
    missing = np.isnan(table)
    starts = np.arange(rows) * width
    low = starts + np.where(missing, np.inf, table).argmin(axis=1)
    high = starts + np.where(missing, -np.inf, table).argmax(axis=1)
    return np.unique(np.concatenate([[0], low, high, [count - 1]]))


def shown(series: Sequence[Floats], points: int = POINTS) -> npt.NDArray[np.intp]:
    """Returns the positions that a chart of several series over one axis keeps: about `points`, the extremes among them."""
    buckets = max(points // (2 * len(series)), 1)
    return np.unique(np.concatenate([extremes(values, buckets) for values in series]))


def packed(values: npt.ArrayLike) -> dict[str, str]:
    """Returns numbers as plotly's typed array: base64 of little-endian float64."""
    return {"dtype": "f8", "bdata": base64.b64encode(np.asarray(values, "<f8").tobytes()).decode()}


def is_date(time: int) -> bool:
    """Says whether a time in ns counts from the epoch."""
    return time > EPOCH


def clock(time: npt.NDArray[np.int64], first: int) -> dict[str, str]:
    """Returns times (ns) as an axis takes them: ms of the epoch for dates, else seconds since `first`."""
    # Split before the division: a float holds ns of the epoch only to the nearest 256.
    return packed(time // 10**6 + time % 10**6 / 1e6 if is_date(first) else (time - first) / 1e9)


def axis(first: int, last: int) -> dict[str, Any]:
    """Returns the settings of a time axis from `first` to `last` (ns)."""
    if is_date(first):
        return {"type": "date", "hoverformat": "%H:%M:%S.%L", "range": [first / 1e6, last / 1e6]}
    return {"title": {"text": "seconds from the start"}, "hoverformat": ",.6~f", "range": [0, (last - first) / 1e9]}
