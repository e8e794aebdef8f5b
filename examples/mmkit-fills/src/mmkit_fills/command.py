"""mmkit fills: the fills of a finished run by side, with markouts."""

from pathlib import Path
from typing import Annotated, Any

import typer

import mmkit


def fills(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")],
    horizon: Annotated[
        list[str] | None,
        typer.Option(metavar="TIME", help="How long after a fill the mid is looked at; again for more."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Print a finished run's fills by side: how many, at which price, and what the mid did after them, in basis points."""
    import orjson

    from mmkit_fills.markouts import by_side, told

    horizons = {text: length(text) for text in horizon or ("1s", "10s", "60s")}
    found, records, quoted = tables(run)
    rows = by_side(found, records, quoted, horizons)
    if as_json:
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
    else:
        typer.echo(told(rows, horizons))


def length(text: str) -> int:
    """Returns a horizon in ns. Raises ConfigError for anything but a length of time above 0."""
    try:
        found = int(mmkit.duration(text))
    except ValueError as error:
        raise mmkit.ConfigError(f"--horizon: {error}") from None
    if found <= 0:
        raise mmkit.ConfigError(f"--horizon {text}: must be above 0s")
    return found


def tables(run: Path) -> tuple[Any, Any, str]:
    """Returns fills and records of a run's folder, and the instrument that it quoted.

    Raises ConfigError where there is no run, DataError where what is there cannot be read.
    """
    import orjson
    import polars as pl

    missing = [name for name in ("summary.json", "fills.parquet", "records.parquet") if not (run / name).is_file()]
    if missing:
        raise mmkit.ConfigError(f"{run}: holds no finished run: there is no {missing[0]}")
    try:
        summary = orjson.loads((run / "summary.json").read_bytes())
        found, records = pl.read_parquet(run / "fills.parquet"), pl.read_parquet(run / "records.parquet")
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise mmkit.DataError(f"{run}: cannot be read: {' '.join(str(error).split())}") from None
    # The first of the positions is that of the quoted instrument.
    return found, records, next(iter(summary["position"]))
