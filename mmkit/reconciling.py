"""Reconciles the position that follows from our fills with the one that a venue reports: never by inventing a trade.

The venue's quantity is the authority. What makes up for a difference has no known price (NaN), so no profit follows
from it: an average entry that a venue reports says nothing about the price of the change.
"""

import math
from typing import Any

import polars as pl

from mmkit.accounting import Contract, exact, signed_lots

__all__ = ["drift", "reconciled"]


def drift(fills: pl.DataFrame, contract: Contract, reported: float | None) -> int:
    """Returns by how many lots the reported position is above that of the fills; None is no report (0), 0 is flat."""
    return 0 if reported is None else int(contract.lots(reported)) - int(signed_lots(fills, contract).sum())


def reconciled(fills: pl.DataFrame, contract: Contract, reported: float | None, ts: int) -> pl.DataFrame:
    """Returns the fills and, where the venue's position is another, a last row at `ts` (ns) that makes up for it.

    Its price is NaN and its fee 0; columns that it cannot know are null.
    """
    lots = drift(fills, contract, reported)
    if lots == 0:
        return fills
    change: dict[str, Any] = {name: ts if name in ("exch_ts", "local_ts") else None for name in fills.columns}
    change |= {"side": 1 if lots > 0 else -1, "price": math.nan, "fee": 0.0}
    change["qty"] = float(abs(lots) * exact(contract.lot_size))
    return pl.concat([fills, pl.DataFrame([change], schema=fills.schema)])
