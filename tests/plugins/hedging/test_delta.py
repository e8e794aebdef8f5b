"""The delta hedge: position and hedges together have the delta that was asked for."""

import math

import pytest
from hedging_world import Leg, World
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.hedging import delta

signed = st.floats(0.2, 3.0) | st.floats(-3.0, -0.2)


@pytest.mark.parametrize(
    ("beta", "target", "expected"),
    [
        (1.0, 0.0, -25.0),
        (1.18, 0.0, -80_000 / (1.18 * 3200)),
        (0.5, 0.0, -50.0),
        (-1.0, 0.0, 25.0),
        (1.0, 16_000.0, -20.0),
        (1.25, -20_000.0, -25.0),
    ],
)
def test_one_bitcoin_is_hedged_by_its_delta_in_ether_over_beta(beta: float, target: float, expected: float) -> None:
    world = World(delta, Leg(3200.0, lot_size=1e-6), mid=80_000.0, betas=(beta,), target_delta=target)
    world.look(position=1.0)
    assert world.aimed == [pytest.approx(expected, abs=1e-6)]


@given(
    position=st.integers(-5000, 5000),
    mid=st.floats(100.0, 1e5),
    legs=st.lists(st.tuples(st.floats(1.0, 1e4), signed, st.integers(1, 9)), min_size=1, max_size=8),
    target=st.floats(-1e5, 1e5),
)
def test_delta_of_position_and_hedges_meets_the_target_within_a_lot_each(
    position: int, mid: float, legs: list[tuple[float, float, int]], target: float
) -> None:
    parts = sum(part for *_, part in legs)
    world = World(
        delta,
        *[Leg(each) for each, *_ in legs],
        mid=mid,
        betas=tuple(beta for _, beta, _ in legs),
        weights=tuple(part / parts for *_, part in legs),
        target_delta=target,
        band_fraction=0.0,
    )
    world.look(position=position / 1000)
    money = [beta * each for each, beta, _ in legs]
    whole = position / 1000 * mid + sum(q * m for q, m in zip(world.aimed, money, strict=True))
    assert abs(whole - target) <= sum(0.01 * abs(m) for m in money) * (1 + 1e-9) + 1e-6


def test_a_flat_position_with_a_target_is_held_in_the_hedge() -> None:
    world = World(delta, Leg(3200.0), mid=math.nan, target_delta=6400.0)
    world.look(1_000_000_000)
    assert world.aimed == [pytest.approx(2.0)]


@pytest.mark.parametrize("mid", [math.nan, 0.0])
def test_without_a_price_of_the_hedge_there_is_no_hedge(mid: float) -> None:
    world = World(delta, Leg(3200.0), mid=80_000.0)
    world.legs[0].market.mid = mid
    world.look(position=1.0)
    assert world.alive == [[]]


def test_a_beta_of_zero_hedges_nothing_and_is_a_fault() -> None:
    with pytest.raises(mmkit.ConfigError, match="beta of 0"):
        World(delta, Leg(), Leg(), betas=(1.0, 0.0))


def test_so_are_more_or_fewer_betas_than_instruments() -> None:
    with pytest.raises(mmkit.ConfigError, match=r"hedging.betas: has 1 entries for 2 hedge instruments"):
        World(delta, Leg(), Leg(), betas=(1.0,))
