"""A fixed half-spread around the mid, leaning against the position."""

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkit.engine.records import MarketView
from mmkit_plugins.pricing import fixed


def quote(params: Any, market: MarketView, **signals: float) -> tuple[float, float, float]:
    return fixed.quote(params, None, market, fixed.Inputs(**signals))


eighths = st.integers(-(10**6), 10**6).map(lambda n: Fraction(n, 8))


@given(mid=eighths, half=eighths.map(abs), skew=st.integers(0, 100), position=st.integers(-1000, 1000))
def test_it_quotes_mid_less_skew_times_position_and_a_half_spread_each_way(
    mid: Fraction, half: Fraction, skew: int, position: int
) -> None:
    params = fixed.Params(half_spread=float(half), skew=float(skew))
    found = quote(params, MarketView(mid=float(mid), position=float(position)))
    assert tuple(map(Fraction, found)) == (mid - skew * position, half, half)


def test_without_a_skew_the_position_does_not_move_it() -> None:
    params = fixed.Params(half_spread=0.5)
    for position in (-7.0, 0.0, 3.5):
        assert quote(params, MarketView(mid=100.25, position=position)) == (100.25, 0.5, 0.5)


def test_a_long_position_lowers_the_quotes() -> None:
    params = fixed.Params(half_spread=0.5, skew=0.1)
    assert quote(params, MarketView(mid=100.0, position=2.0))[0] == pytest.approx(99.8)


def test_a_fair_price_takes_the_place_of_the_mid() -> None:
    params = fixed.Params(half_spread=0.5, skew=0.1)
    assert quote(params, MarketView(mid=100.0, position=2.0), fair=101.5)[0] == pytest.approx(101.3)


@pytest.mark.parametrize("absent", [0.0, math.nan, math.inf])
def test_a_fair_price_that_is_not_there_leaves_the_mid(absent: float) -> None:
    assert quote(fixed.Params(half_spread=0.5), MarketView(mid=100.0), fair=absent) == (100.0, 0.5, 0.5)


def test_an_alpha_shifts_the_price_by_its_share_of_the_shift() -> None:
    params = fixed.Params(half_spread=0.5, alpha_shift=0.2)
    assert quote(params, MarketView(mid=100.0), alpha=-0.5)[0] == pytest.approx(99.9)
    assert quote(params, MarketView(mid=100.0), alpha=math.nan)[0] == 100.0
    assert quote(fixed.Params(half_spread=0.5), MarketView(mid=100.0), alpha=-0.5)[0] == 100.0
