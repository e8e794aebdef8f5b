"""A table of the fills, minute by minute: how many, how much was bought and sold, and what it cost in fees.

    minute = floor(exch_ts / 60 s), the venue's time in UTC;  bought, sold, fees = sums over its fills

Quantities in base currency, fees in quote currency, over the fills of all instruments: one row in
fills-per-minute.csv for each minute that has any.

Source: yours.
"""

from pathlib import Path
from typing import Any

import mmkit


def render(run: Any, folder: Path) -> Path:
    """Writes fills-per-minute.csv into `folder` and returns its path. Raises mmkit.ConfigError where it cannot."""
    path = folder / "fills-per-minute.csv"
    try:
        per_minute(run.fills).write_csv(path, datetime_format="%Y-%m-%dT%H:%MZ")
    except OSError as error:
        raise mmkit.ConfigError(f"{path}: cannot write there: {error.strerror or error}") from None
    return path


def per_minute(fills: Any) -> Any:
    """Returns a polars table of minute, fills, bought, sold and fees; fills has the columns of fills.parquet."""
    # Imported where it is used: whoever only asks for help does not wait for it.
    import polars as pl

    quantity = pl.col("qty")
    return (
        fills.group_by(pl.from_epoch("exch_ts", time_unit="ns").dt.truncate("1m").alias("minute"))
        .agg(
            pl.len().alias("fills"),
            quantity.filter(pl.col("side") > 0).sum().alias("bought"),
            quantity.filter(pl.col("side") < 0).sum().alias("sold"),
            pl.col("fee").sum().alias("fees"),
        )
        .sort("minute")
    )


@mmkit.hookimpl
def mmkit_report() -> mmkit.Report:
    """Offers the rule."""
    return mmkit.Report(
        "new-rule",
        render=render,
    )
