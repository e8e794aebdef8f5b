"""The basis pricing against its formula, and what its correction is worth in a market whose basis comes back."""

import math
from pathlib import Path
from types import SimpleNamespace

import pytest

import mmkit
from mmkit_basis import pricing

STACK = Path(__file__).parents[1] / "stack.toml"


def quoted(position: float = 0.0, deviation: float = 0.0, **params: float) -> tuple[float, float, float]:
    """Returns what is quoted at a perpetual mid of 103 while spot is at 100 and the usual basis is 2 %."""
    market = SimpleNamespace(mid=103.0, position=position)
    inputs = pricing.Inputs(spot=100.0, mean=0.02, deviation=deviation)
    return pricing.quote(pricing.Params(**{"half_spread": 0.5, **params}), None, market, inputs)


@pytest.mark.parametrize(("correction", "price"), [(0.0, 103.0), (0.5, 102.5), (1.0, 102.0)])
def test_the_price_goes_the_stated_share_of_the_way_back(correction: float, price: float) -> None:
    assert quoted(correction=correction) == pytest.approx((price, 0.5, 0.5))


def test_it_leans_against_the_position() -> None:
    assert quoted(position=2.0, skew=0.25)[0] == pytest.approx(quoted()[0] - 0.5)


def test_an_uncertain_basis_widens_the_quotes() -> None:
    assert quoted(deviation=0.01, widening=2.0)[1:] == pytest.approx((2.5, 2.5))
    assert quoted(deviation=math.nan, widening=2.0)[1:] == (0.5, 0.5)


def test_the_correction_fills_where_the_perpetual_is_off() -> None:
    # A buyer wants the perpetual below its worth: with the correction fills of either side lie on their own side of it.
    found = []
    for correction in (0, 1):
        lengths = [f"instruments.{name}.market.duration=4m" for name in ("PERP", "SPOT")]
        run = mmkit.run(STACK, engine="python", set=[f"pricing.correction={correction}", *lengths])
        known = run.records.drop_nans(["basis.mean"]).select("time", "SPOT.mid", "basis.mean")
        fills = run.fills.sort("exch_ts").join_asof(known, left_on="exch_ts", right_on="time")
        worth = fills["SPOT.mid"] * (1.0 + fills["basis.mean"])
        found.append(((worth - fills["price"]) * fills["side"]).mean())
    assert found[1] > found[0]
