"""What a venue reports of a position counts, and brings no profit with it."""

import math

import polars as pl
import pytest

from mmkit.accounting import Contract, cost_basis
from mmkit.reconciling import drift, reconciled
from mmkit.stack import Cost

CONTRACT = Contract(0.1)


def frame(*rows: tuple[int, float, float]) -> pl.DataFrame:
    """Returns fills of (side, quantity, price), as a run leaves them but for some columns."""
    kinds = {"exch_ts": pl.Int64, "cause": pl.String, "side": pl.Int8, "qty": pl.Float64, "price": pl.Float64}
    full = [(i, "quote", s, q, p, 0.01) for i, (s, q, p) in enumerate(rows)]
    return pl.DataFrame(full, schema={**kinds, "fee": pl.Float64}, orient="row")


HELD = frame((1, 0.3, 100), (-1, 0.1, 110))


@pytest.mark.parametrize(("reported", "lots"), [(0.2, 0), (0.5, 3), (0.0, -2), (-0.1, -3), (None, 0)])
def test_drift_is_counted_in_lots_and_no_report_is_not_a_report_of_nothing(reported: float | None, lots: int) -> None:
    assert drift(HELD, CONTRACT, reported) == lots


@pytest.mark.parametrize("reported", [0.2, None])
def test_fills_that_agree_with_the_venue_stay_as_they_are(reported: float | None) -> None:
    assert reconciled(HELD, CONTRACT, reported, 5).equals(HELD)


@pytest.mark.parametrize("method", Cost)
@pytest.mark.parametrize("reported", [0.5, 0.1, 0.0, -0.4])
def test_afterwards_the_position_is_the_reported_one_and_nothing_more_is_known(reported: float, method: Cost) -> None:
    fills = reconciled(HELD, CONTRACT, reported, 5)
    assert fills.schema == HELD.schema
    assert fills.row(-1, named=True) | {"qty": 0, "price": 0, "side": 0} == {
        "exch_ts": 5,
        "cause": None,
        "side": 0,
        "qty": 0,
        "price": 0,
        "fee": 0,
    }
    before, after = cost_basis(HELD, CONTRACT, method).end, cost_basis(fills, CONTRACT, method).end
    assert after.qty == reported
    assert after.fees == before.fees
    # What was realised by trading stands as long as the change only adds.
    assert after.realised == pytest.approx(before.realised if reported > 0.2 else math.nan, nan_ok=True)
    assert drift(fills, CONTRACT, reported) == 0
