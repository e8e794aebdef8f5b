"""What a run earned and filled in each interval, as a polars DataFrame."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl


def table(run: Any, every: int) -> "pl.DataFrame":
    """Returns a row per path and interval of `every` ns in which there is a fill or a record, in order.

    start: of the interval, a multiple of `every` (ns); path; fills, bought, sold: numbers of executions; notional: what executed, quantity
    times price (quote); fees: paid (quote); pnl: what the equity gained from the record before the interval's first to its last (quote);
    equity (quote) and position (base): at the interval's last record. An interval has its start and not its end; a record is what was
    before its own time, so one at an interval's end belongs to it.
    """
    import polars as pl

    def start(time: "pl.Expr") -> "pl.Expr":
        return (time // every * every).alias("start")

    fills = run.fills.group_by("path", start(pl.col("exch_ts"))).agg(
        fills=pl.len().cast(pl.Int64),
        bought=(pl.col("side") > 0).sum().cast(pl.Int64),
        sold=(pl.col("side") < 0).sum().cast(pl.Int64),
        notional=(pl.col("qty") * pl.col("price")).sum(),
        fees=pl.col("fee").sum(),
    )
    records = (
        run.records.with_columns(equity=pl.col("equity").fill_nan(None).forward_fill().over("path").fill_null(0.0))
        .with_columns(gain=pl.col("equity") - pl.col("equity").shift(1).over("path").fill_null(0.0))
        .group_by("path", start(pl.col("time") - 1))
        .agg(pnl=pl.col("gain").sum(), equity=pl.col("equity").last(), position=pl.col("position").last())
    )
    counted = ("fills", "bought", "sold")
    summed = ("notional", "fees", "pnl")
    rows: pl.DataFrame = (
        records.join(fills, on=["path", "start"], how="full", coalesce=True)
        .sort("path", "start")
        .with_columns(pl.col(*counted).fill_null(0), pl.col(*summed).fill_null(0.0))
        .with_columns(pl.col("equity", "position").forward_fill().over("path"))
        .select("start", "path", *counted, *summed, "equity", "position")
    )
    return rows
