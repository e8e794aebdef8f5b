"""The fills of a finished run by instrument and side, with what the mid did after them.

    edge        side (M(t) - price) / price,       M(t) the mid just before the fill
    markout(h)  side (M(t + h) - price) / price,   M(t + h) the mid of the first record h or more after it

both in basis points, means weighted by quantity. A fill after whose horizon there is no record with a mid is left out of that mean.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

SIDES = {1: "buy", -1: "sell"}


def by_side(fills: "pl.DataFrame", records: "pl.DataFrame", quoted: str, horizons: Mapping[str, int]) -> list[Any]:
    """Returns a row per instrument and side, in the order of their names, buys first.

    fills, records: as in a run's folder; quoted: the instrument whose mid the records have as `mid`; horizons: ns by name. A row has
    instrument, side, fills, maker (numbers), quantity (base), price (mean, quote), edge_bp and markouts_bp by horizon; None where there is none.
    """
    import polars as pl

    rows = []
    for (name, side), own in sorted(fills.group_by("instrument", "side"), key=lambda pair: (pair[0][0], -pair[0][1])):
        mids = records.select("path", "time", mid_then="mid" if name == quoted else f"{name}.mid").filter(
            pl.col("mid_then").is_finite()
        )
        found: dict[str, float | None] = {}
        for horizon, length in horizons.items():
            later = own.with_columns(due=pl.col("exch_ts") + length).sort("due")
            known = later.join_asof(mids.sort("time"), left_on="due", right_on="time", by="path", strategy="forward")
            found[horizon] = weighted(known, "mid_then")
        rows.append(
            {
                "instrument": name,
                "side": SIDES[side],
                "fills": len(own),
                "maker": int(own["maker"].sum()),
                "quantity": float(own["qty"].sum()),
                "price": float((own["price"] * own["qty"]).sum() / own["qty"].sum()),
                "edge_bp": weighted(own, "mid"),
                "markouts_bp": found,
            }
        )
    return rows


def weighted(fills: "pl.DataFrame", mid: str) -> float | None:
    """Returns the mean of side (mid - price) / price in basis points, weighted by quantity; None without a mid."""
    import polars as pl

    known = fills.filter(pl.col(mid).is_finite())
    if known.is_empty():
        return None
    gain = known["side"] * (known[mid] - known["price"]) / known["price"] * 1e4
    return float((gain * known["qty"]).sum() / known["qty"].sum())


def told(rows: Sequence[Mapping[str, Any]], horizons: Mapping[str, int]) -> str:
    """Returns the rows as a table."""
    head = ["instrument", "side", "fills", "maker", "quantity", "price", "edge", *horizons]
    lines = [head]
    for row in rows:
        figures = [row["quantity"], row["price"]]
        gains = [row["edge_bp"], *row["markouts_bp"].values()]
        lines.append(
            [
                row["instrument"],
                row["side"],
                str(row["fills"]),
                str(row["maker"]),
                *(f"{figure:.6g}" for figure in figures),
                *("-" if gain is None else f"{gain:+.3f}" for gain in gains),
            ]
        )
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    padded = (
        [cell.ljust(width) if at < 2 else cell.rjust(width) for at, (cell, width) in enumerate(zip(line, widths, strict=True))]
        for line in lines
    )
    return "\n".join("  ".join(line).rstrip() for line in padded)
