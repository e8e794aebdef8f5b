"""The impact signal against sums over the last trades."""

import math

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from mmkit.contract import faults
from mmkit.engine.records import MarketView, Trade
from mmkit_plugins.signals import impact


def after(prices: list[float], quantities: list[float], trades: int = 100) -> float:
    """Returns the impact at a clock behind these trades."""
    params, state, market = impact.Params(trades=trades), impact.State(), MarketView()
    for price, qty in zip(prices, quantities, strict=True):
        impact.on_trade(params, state, market, Trade(side=1, price=price, qty=qty))
    impact.on_clock(params, state, market)
    return state.market_impact


@pytest.mark.parametrize("trades", [5, 100])
def test_d_62_each_move_is_weighted_with_the_quantity_of_its_own_trade(trades: int) -> None:
    rng = np.random.default_rng(1)
    prices = 100.0 + np.cumsum(rng.normal(size=300))
    quantities = rng.exponential(size=300)
    moves = np.abs(np.diff(prices)) / prices[1:]
    weights = quantities[1:]
    expected = float(moves[-trades:] @ weights[-trades:]) / float(weights[-trades:].sum())
    assert after(prices.tolist(), quantities.tolist(), trades) == pytest.approx(expected, rel=1e-12)


def test_it_is_not_ready_before_so_many_trades() -> None:
    assert math.isnan(after([100.0] * 5, [1.0] * 5, 5))
    assert after([100.0] * 6, [1.0] * 6, 5) == 0.0


def test_it_follows_the_trades_that_came_after_the_last_clock() -> None:
    params, state, market = impact.Params(trades=1), impact.State(), MarketView()
    found = []
    for price in (100.0, 101.0, 101.0):
        impact.on_trade(params, state, market, Trade(side=-1, price=price, qty=2.0))
        impact.on_clock(params, state, market)
        impact.on_clock(params, state, market)
        found.append(state.market_impact)
    assert found == pytest.approx([math.nan, 1.0 / 101.0, 0.0], nan_ok=True)


def test_it_is_a_sound_rule() -> None:
    assert list(faults(impact.mmkit_signals())) == []


@settings(max_examples=60, deadline=None)
@drawn(st.lists(st.tuples(st.floats(-1.0, 1e9), st.floats(0.0, 1e9)), max_size=40))
def test_it_is_never_negative_and_never_infinite(trades: list[tuple[float, float]]) -> None:
    sound = [(price, qty) for price, qty in trades if price <= 0.0 or price > 1e-3]
    found = after([price for price, _ in sound], [qty for _, qty in sound], 4)
    assert math.isnan(found) or 0.0 <= found < math.inf
