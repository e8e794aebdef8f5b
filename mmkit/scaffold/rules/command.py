"""A command that prints what a finished run bought and sold: fills, quantity and mean price, instrument by instrument.

    mean price = sum price quantity / sum quantity (quote currency), over the fills of an instrument and a side

Source: yours.
"""

from pathlib import Path
from typing import Annotated, Any

import mmkit
import typer


def command(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")] = False,
) -> None:
    """Print what a finished run bought and sold, instrument by instrument."""
    # Imported where they are used: mmkit --help does not wait for them.
    import json

    import polars as pl

    file = folder / "fills.parquet"
    if not file.is_file():
        raise mmkit.ConfigError(f"{file}: is not there; {folder} is not the folder of a run")
    rows = per_side(pl.read_parquet(file))
    typer.echo(json.dumps(rows) if as_json else table(rows))


def per_side(fills: Any) -> list[dict[str, Any]]:
    """Returns a row per instrument and side: fills, quantity (base currency), mean price and fees (quote currency)."""
    import polars as pl

    totals = fills.group_by("instrument", "side").agg(
        pl.len().alias("fills"),
        pl.col("qty").sum().alias("quantity"),
        ((pl.col("price") * pl.col("qty")).sum() / pl.col("qty").sum()).alias("mean_price"),
        pl.col("fee").sum().alias("fees"),
    )
    rows: list[dict[str, Any]] = totals.sort("instrument", "side", descending=[False, True]).to_dicts()
    return [row | {"side": "bought" if row["side"] > 0 else "sold"} for row in rows]


def table(rows: list[dict[str, Any]]) -> str:
    """Returns the rows as lines of text."""
    head = f"{'instrument':<12} {'side':<6} {'fills':>7} {'quantity':>12} {'mean price':>14} {'fees':>12}"
    return "\n".join(
        [
            head,
            *(
                f"{row['instrument']:<12} {row['side']:<6} {row['fills']:>7} {row['quantity']:>12.6g} "
                f"{row['mean_price']:>14.8g} {row['fees']:>12.6g}"
                for row in rows
            ),
        ]
    )
