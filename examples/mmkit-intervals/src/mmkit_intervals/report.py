"""What a run earned and filled, interval by interval: intervals.csv for a spreadsheet, intervals.html to look at.

The columns of the CSV are those of `mmkit_intervals.table.Interval`. The gains of all intervals add up to the equity at the end.
"""

import csv
from pathlib import Path
from typing import Any

import attrs

import mmkit
from mmkit_intervals.page import page
from mmkit_intervals.table import COLUMNS, table

UNITS = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


@attrs.frozen
class Params:
    every: mmkit.Duration = mmkit.field("1h", above=0, doc="length of an interval")


def render(run: Any, folder: Path) -> Path:
    """Writes intervals.csv and intervals.html into `folder` and returns the page's path.

    run: has `stack`, `fills` and `records`. Raises ConfigError where they cannot be written.
    """
    every = next(slot.params.every for slot in run.stack.reports if slot.rule.name == "intervals")
    intervals = table(run, every)
    path = folder / "intervals.html"
    try:
        with (folder / "intervals.csv").open("w", encoding="utf-8", newline="") as stream:
            written = csv.writer(stream)
            written.writerow(COLUMNS)
            written.writerows(attrs.astuple(interval) for interval in intervals)
        path.write_text(page(run.stack.name, spelled(every), intervals), encoding="utf-8")
    except OSError as error:
        raise mmkit.ConfigError(f"{folder}: cannot write there: {error.strerror or error}") from None
    return path


def spelled(every: int) -> str:
    """Returns a length of time in the largest unit that divides it."""
    unit = next(name for name, size in UNITS.items() if every % size == 0)
    return f"{every // UNITS[unit]} {unit}"


@mmkit.hookimpl
def mmkit_report() -> mmkit.Report:
    """Offers the rule."""
    return mmkit.Report("intervals", params=Params, render=render)
