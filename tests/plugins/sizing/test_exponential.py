"""Sizes that decay with the position."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import MarketView
from mmkit.stack import Instrument
from mmkit_plugins.sizing import exponential


def sizes(position: float, lot: float = 0.001, **given: float) -> tuple[float, float]:
    params = exponential.Params(**{"quantity": 2.0, "eta": 0.5, **given})
    exponential.setup(params, exponential.State(), Instrument("X", tick_size=0.1, lot_size=lot))
    return exponential.sizes(params, exponential.State(), MarketView(position=position, lot_size=lot))


@pytest.mark.parametrize(
    ("position", "bid", "ask"), [(0.0, 2.0, 2.0), (3.0, 2.0 * math.exp(-1.5), 2.0), (-1.0, 2.0, 2.0 * math.exp(-0.5))]
)
def test_the_side_that_adds_to_the_position_decays(position: float, bid: float, ask: float) -> None:
    assert sizes(position) == pytest.approx((bid, ask), rel=1e-15)


@given(position=st.floats(-1e6, 1e6), eta=st.floats(0.0, 1e6))
def test_sizes_stay_between_zero_and_the_quantity_and_mirror_each_other(position: float, eta: float) -> None:
    bid, ask = sizes(position, eta=eta)
    assert 0.0 <= bid <= 2.0
    assert max(bid, ask) == 2.0
    assert sizes(-position, eta=eta) == (ask, bid)


def test_a_side_is_off_exactly_at_the_limit() -> None:
    limit = 0.001 * 1009
    assert sizes(0.001 * 1008, max_position=limit)[0] > 0.0
    assert sizes(0.001 * 1009, max_position=1.009)[0] == 0.0
    assert sizes(-1.009, max_position=limit) == (2.0, 0.0)


def test_each_parameter_changes_the_sizes() -> None:
    for changed in ({"quantity": 3.0}, {"eta": 0.1}, {"max_position": 1.0}):
        assert sizes(2.0, **changed) != sizes(2.0)


def test_it_tells_the_order_size_and_refuses_less_than_a_lot() -> None:
    state = exponential.State()
    exponential.setup(exponential.Params(2.0, 0.5), state, Instrument("X", tick_size=0.1, lot_size=1.0))
    assert state.order_size == 2.0
    with pytest.raises(mmkit.ConfigError, match=r"sizing\.quantity"):
        sizes(0.0, lot=10.0)
