"""The fills of a finished run by instrument and side, with what the mid did after them.

    edge        side (M(t) - price) / price,       M(t) the mid just before the fill
    markout(h)  side (M(t + h) - price) / price,   M(t + h) the mid of the first record h or more after it

both in basis points, means weighted by quantity. A fill after whose horizon there is no record with a mid is left out of that mean.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

SIDES = {1: "buy", -1: "sell"}


def by_side(fills: "pl.DataFrame", records: "pl.DataFrame", quoted: str, horizons: Mapping[str, int]) -> list[Any]:
    """Returns a row per instrument and side, by instrument, buys first.

    fills, records: as in a run's folder; quoted: the instrument whose mid the records have as `mid`; horizons: ns by name. A row
    has instrument, side, fills, maker (numbers), quantity (base), price (mean, quote), edge_bp, and markouts_bp by horizon; None where
    there is none.
    """
    import polars as pl

    rows = []
    for (name, side), own in sorted(fills.group_by("instrument", "side"), key=lambda pair: (pair[0][0], -pair[0][1])):
        mids = records.select("path", "time", mid="mid" if name == quoted else f"{name}.mid")
        mids = mids.filter(pl.col("mid").is_finite()).sort("path", "time")
        rows.append(
            {
                "instrument": name,
                "side": SIDES[side],
                "fills": len(own),
                "maker": int(own["maker"].sum()),
                "quantity": math.fsum(own["qty"]),
                "price": math.fsum(own["price"] * own["qty"]) / math.fsum(own["qty"]),
                "edge_bp": weighted(own, own["mid"].to_list()),
                "markouts_bp": {
                    horizon: weighted(own, then(own, mids, length)) for horizon, length in horizons.items()
                },
            }
        )
    return rows


def then(fills: "pl.DataFrame", mids: "pl.DataFrame", length: int) -> list[float]:
    """Returns for each fill the mid of the first record at least `length` ns after it; NaN behind the last one of its path."""
    times, values = {}, {}
    for (path,), own in mids.group_by("path", maintain_order=True):
        times[path], values[path] = own["time"].to_list(), own["mid"].to_list()
    found = []
    for path, time in fills.select("path", "exch_ts").iter_rows():
        at = bisect_left(times.get(path, ()), time + length)
        found.append(values[path][at] if at < len(times.get(path, ())) else math.nan)
    return found


def weighted(fills: "pl.DataFrame", mids: Sequence[float]) -> float | None:
    """Returns the mean of side (mid - price) / price in basis points, weighted by quantity; None where no fill has a mid."""
    rows = [
        (side, price, qty, mid)
        for (side, price, qty), mid in zip(fills.select("side", "price", "qty").iter_rows(), mids, strict=True)
        if math.isfinite(mid)
    ]
    if not rows:
        return None
    gained = math.fsum(side * qty * (mid - price) / price for side, price, qty, mid in rows)
    return 1e4 * gained / math.fsum(qty for _, _, qty, _ in rows)


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
        [
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    )
    return "\n".join("  ".join(line).rstrip() for line in padded)
