"""What a finished run says about its quotes: the parts of its profit, and figures over fills and records.

Formulas: the profit identities of E = X + qM, with side +1 where we buy and M- the venue's mid just before a fill.
Where there was no mid just before a fill, the last one known counts: the identities hold for any path of M.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from mmkit.markouts import HORIZONS_S, Markouts, ratio
from mmkit.money import Money
from mmkit.stack import Instrument

__all__ = ["HORIZONS_S", "Markouts", "drawdown", "metrics", "pnl_parts", "profit_by_path", "running_parts"]

Floats = npt.NDArray[np.float64]


def profit_by_path(fills: pl.DataFrame, last_mid: npt.ArrayLike) -> pl.DataFrame:
    """Returns path, position (base), spread and profit (quote, after fees) at every path's end, also without fills.

    fills: of one instrument, in time order within a path; last_mid: the last venue mid of path k at
    index k, or a number if there is one path.
    """
    last = np.atleast_1d(np.asarray(last_mid, np.float64))
    path = fills["path"].to_numpy()
    walked = _walked(fills, last[path])

    def summed(weights: pl.Series) -> Floats:
        return np.bincount(path, weights.to_numpy(), len(last)).astype(np.float64)

    position = summed(walked["signed"])
    cash = -summed(walked["signed"] * fills["price"]) - summed(fills["fee"])
    # A path without a fill may never have had a mid.
    held = np.where(position == 0, 0.0, position * last)
    return pl.DataFrame(
        {"path": np.arange(len(last)), "position": position, "spread": summed(walked["spread"]), "profit": cash + held}
    )


def pnl_parts(
    fills: pl.DataFrame, last_mid: npt.ArrayLike, *, funding: float = 0.0, hedge: float = 0.0
) -> dict[str, float]:
    """Returns total, spread, inventory, fees, funding and hedge in quote currency, summed over paths.

    Each is computed on its own with compensated sums, and the parts add up to the total: spread is side * qty *
    (M- - price); inventory is position times the change of the mid, from fill to fill and to the end; fees is what was
    paid, with a minus.

    fills: of the quoted instrument, in time order within a path; last_mid: the last venue mid of path k at index k, or
    a number if there is one path; funding and hedge: what these contributed, positive for a gain.
    """
    last = np.atleast_1d(np.asarray(last_mid, np.float64))
    walked = _walked(fills, last[fills["path"].to_numpy()])
    fees = math.fsum(-fee for fee in fills["fee"])
    cash = (-value for value in walked["signed"] * fills["price"])
    return {
        "total": math.fsum([*cash, *walked["end"].drop_nulls(), fees, funding, hedge]),
        "spread": math.fsum(walked["spread"]),
        "inventory": math.fsum(walked["position"] * (walked["next"] - walked["mid"])),
        "fees": fees,
        "funding": funding,
        "hedge": hedge,
    }


def running_parts(
    fills: pl.DataFrame,
    time: npt.ArrayLike,
    mid: npt.ArrayLike,
    *,
    instrument: Instrument | None = None,
    settlements: Sequence[dict[str, Any]] = (),
) -> pl.DataFrame:
    """Returns spread, inventory, fees (paid, with a minus), funding and total, as known locally then.

    In quote currency; where the instrument is inverse, in the coin. fills: of one instrument on one path, in the order of
    their local times; time (ns) and mid: of the records, of one length; NaN where the mid is not known; settlements: those
    of the instrument, as the summary has them.
    """
    times, mids = np.asarray(time, np.int64), np.asarray(mid, np.float64)
    if not len(fills):
        return pl.DataFrame(dict.fromkeys(("spread", "inventory", "fees", "funding", "total"), np.zeros(len(times))))
    if instrument is not None:
        money = Money(instrument)
        fills, mids = money.gains(fills), money.gain_price(mids)
    walked = _walked(fills, np.full(len(fills), np.nan))
    at = np.searchsorted(fills["local_ts"].to_numpy(), times, side="right")
    before, position = walked["mid"].to_numpy(), walked["position"].to_numpy()

    def reached(values: Floats) -> Floats:
        return np.concatenate([[0.0], values])[at]

    moved = np.concatenate([[0.0], np.cumsum(position[:-1] * np.diff(before))])
    held = reached(position)
    # Without a position the mid does not matter, known or not.
    inventory = reached(moved) + np.where(held == 0, 0.0, held * (mids - reached(before)))
    spread, fees = reached(walked["spread"].cum_sum().to_numpy()), -reached(fills["fee"].cum_sum().to_numpy())
    due = np.array([each["time"] for each in settlements], np.int64)
    received = np.concatenate([[0.0], np.cumsum([each["amount"] for each in settlements])])
    funding = received[np.searchsorted(due, times, side="right")]
    total = spread + inventory + fees + funding
    return pl.DataFrame({"spread": spread, "inventory": inventory, "fees": fees, "funding": funding, "total": total})


def metrics(
    fills: pl.DataFrame, records: pl.DataFrame, *, submitted: int, markouts: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """Returns the figures of `summary["metrics"]`: units in their names, None where there is nothing to compute.

    fills, records: columns as in the run's folder, fills of the quoted instrument, both in time order within a path;
    submitted: number of orders sent; markouts: what `Markouts.result` returned. Edges and markouts are weighted by
    quantity, positions by the time between records. Figures over records (equity, spreads, positions but the largest)
    see nothing that happens between two of them; with several paths, drawdown and largest position are those of the
    worst path. The turnover counts quantities in base currency.
    """
    largest = _walked(fills, np.full(len(fills), np.nan))["position"].abs().max()
    return {
        "max_drawdown_quote": drawdown(records),
        "equity_std_quote_per_sqrt_s": _equity_std(records),
        "max_abs_position_base": _float(largest) or 0.0,
        **_positions(records),
        "turnover_quote": math.fsum(fills["price"] * fills["qty"]),
        "fill_ratio": ratio(float(fills.select(pl.struct("path", "order_id").n_unique()).item()), submitted),
        **_edges(fills),
        **_spreads(records),
        "markouts": [*markouts],
    }


def drawdown(records: pl.DataFrame) -> float | None:
    """Returns the largest fall of equity from an earlier high, in quote currency; every path starts from 0."""
    peak = pl.col("equity").cum_max().over("path").clip(lower_bound=0.0)
    valued = records.filter(pl.col("equity").is_finite())
    return _float(valued.select((peak - pl.col("equity")).max()).item())


def _walked(fills: pl.DataFrame, last: Floats) -> pl.DataFrame:
    """Returns per fill what the identities need; `last` is the last mid of each fill's path.

    signed: quantity with its side; mid: before the fill; spread: what it earned against that; position: after it;
    next: the path's next mid; end: on a path's last fill the value of what is held at the end, else null.
    """
    known = pl.col("mid").fill_nan(None)
    return (
        fills.with_columns(
            signed=pl.col("side").cast(pl.Float64) * pl.col("qty"), last=pl.Series(last, dtype=pl.Float64)
        )
        .with_columns(mid=known.forward_fill().backward_fill().over("path").fill_null(pl.col("last")))
        .with_columns(position=pl.col("signed").cum_sum().over("path"), after=pl.col("mid").shift(-1).over("path"))
        .select(
            "signed",
            "mid",
            "position",
            spread=pl.col("signed") * (pl.col("mid") - pl.col("price")),
            next=pl.col("after").fill_null(pl.col("last")),
            end=pl.when(pl.col("after").is_null()).then(pl.col("position") * pl.col("last")),
        )
    )


def _positions(records: pl.DataFrame) -> dict[str, float | None]:
    lasting = records.select("position", lasts=(pl.col("time").shift(-1) - pl.col("time")).over("path")).drop_nulls()
    position, weight = lasting["position"].to_numpy(), lasting["lasts"].to_numpy().astype(np.float64)
    total = math.fsum(weight)
    mean = ratio(math.fsum(position * weight), total)
    variance = None if mean is None else ratio(math.fsum((position - mean) ** 2 * weight), total)
    return {
        "mean_position_base": mean,
        "std_position_base": None if variance is None else math.sqrt(variance),
        "mean_abs_position_base": ratio(math.fsum(np.abs(position) * weight), total),
    }


def _equity_std(records: pl.DataFrame) -> float | None:
    """Returns the standard deviation of equity changes between records, each divided by the root of its seconds."""
    changes = (
        records.filter(pl.col("equity").is_finite())
        .select(
            change=(pl.col("equity") - pl.col("equity").shift(1)).over("path"),
            lasts=(pl.col("time") - pl.col("time").shift(1)).over("path") * 1e-9,
        )
        .filter(pl.col("lasts") > 0)
    )
    return _float((changes["change"] / changes["lasts"].sqrt()).std())


def _edges(fills: pl.DataFrame) -> dict[str, float | None]:
    known = fills.filter(pl.col("mid").is_finite())
    edge = known["side"].cast(pl.Float64) * known["qty"] * (known["mid"] - known["price"])
    qty = math.fsum(known["qty"])
    return {
        "mean_edge_quote": ratio(math.fsum(edge), qty),
        "mean_edge_bp": ratio(math.fsum(edge / known["price"] * 1e4), qty),
    }


def _spreads(records: pl.DataFrame) -> dict[str, float | None]:
    own, market = records["ask_quote"] - records["bid_quote"], records["ask"] - records["bid"]
    own, market = own.filter(own.is_finite()), market.filter(market.is_finite())
    return {
        "two_sided_fraction": ratio(float(len(own)), len(records)),
        "mean_quoted_spread_quote": _float(own.mean()),
        "mean_market_spread_quote": _float(market.mean()),
    }


def _float(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
