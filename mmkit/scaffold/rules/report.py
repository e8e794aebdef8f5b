"""A table of the fills, minute by minute: how many, how much was bought and sold, and what it cost in fees.

    minute = floor(exch_ts / 60 s), the venue's time in UTC;  bought, sold, fees = sums over its fills

Quantities in base currency, fees in quote currency, over the fills of all instruments: one row in
fills-per-minute.csv for each minute that has any.

Source: yours.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mmkit

MINUTE = 60 * 10**9
"""In nanoseconds."""

Row = tuple[str, int, float, float, float]
"""Minute, fills, bought, sold, fees."""


def render(run: Any, folder: Path) -> Path:
    """Writes fills-per-minute.csv into `folder` and returns its path. Raises mmkit.ConfigError where it cannot."""
    path = folder / "fills-per-minute.csv"
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream, lineterminator="\n")
            table.writerow(("minute", "fills", "bought", "sold", "fees"))
            table.writerows(per_minute(run.fills))
    except OSError as error:
        raise mmkit.ConfigError(f"{path}: cannot write there: {error.strerror or error}") from None
    return path


def per_minute(fills: Any) -> Iterator[Row]:
    """Yields a row for each minute that has fills, by time; fills: a polars table with the columns of fills.parquet."""
    minutes: dict[int, list[tuple[int, float, float]]] = {}
    columns = (fills[name].to_list() for name in ("exch_ts", "side", "qty", "fee"))
    for time, side, quantity, fee in zip(*columns, strict=True):
        minutes.setdefault(time // MINUTE, []).append((side, quantity, fee))
    for minute, found in sorted(minutes.items()):
        bought = sum(quantity for side, quantity, _ in found if side > 0)
        sold = sum(quantity for side, quantity, _ in found if side < 0)
        fees = sum(fee for _, _, fee in found)
        yield f"{datetime.fromtimestamp(minute * 60, UTC):%Y-%m-%dT%H:%MZ}", len(found), bought, sold, fees


@mmkit.hookimpl
def mmkit_report() -> mmkit.Report:
    """Offers the rule."""
    return mmkit.Report(
        "new-rule",
        render=render,
    )
