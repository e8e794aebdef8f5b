"""Sizes of one value in quote currency."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkit.engine.records import MarketView
from mmkit_plugins.sizing import notional


def sizes(mid: float, position: float = 0.0, **given: float) -> tuple[float, float]:
    params = notional.Params(**{"notional": 1000.0, **given})
    return notional.sizes(params, notional.State(), MarketView(mid=mid, position=position))


@given(mid=st.floats(1e-6, 1e9), position=st.floats(-1e6, 1e6), limit=st.floats(1.0, 1e12))
def test_no_order_is_worth_more_than_the_notional_or_takes_the_position_beyond_its_limit(
    mid: float, position: float, limit: float
) -> None:
    value = position * mid
    for side, quantity in zip((1, -1), sizes(mid, position, max_notional=limit), strict=True):
        assert 0.0 <= quantity * mid <= 1000.0 * (1.0 + 1e-12)
        assert quantity == 0.0 or side * value + quantity * mid <= limit * (1.0 + 1e-9) + 1e-9 * abs(value)


def test_d_22_the_price_decides_the_quantity() -> None:
    assert sizes(50.0) == (20.0, 20.0)
    assert sizes(40_000.0) == (0.025, 0.025)


def test_the_limit_reduces_the_side_that_meets_it_and_the_other_is_whole() -> None:
    assert sizes(100.0, position=25.0, max_notional=3000.0) == (5.0, 10.0)
    assert sizes(100.0, position=-30.0, max_notional=3000.0) == (10.0, 0.0)


def test_a_quantity_has_its_own_limit() -> None:
    assert sizes(0.5, max_quantity=100.0) == (100.0, 100.0)


def test_without_a_price_there_is_no_quote() -> None:
    for mid in (math.nan, 0.0, -3.0):
        assert sizes(mid) == (0.0, 0.0)


def test_it_tells_the_order_size_of_now() -> None:
    state = notional.State()
    assert math.isnan(state.order_size)
    notional.sizes(notional.Params(1000.0), state, MarketView(mid=50.0))
    assert state.order_size == 20.0


@pytest.mark.parametrize("changed", [{"notional": 500.0}, {"max_notional": 500.0}, {"max_quantity": 1.0}])
def test_each_parameter_changes_the_sizes(changed: dict[str, float]) -> None:
    assert sizes(100.0, **changed) != sizes(100.0)
