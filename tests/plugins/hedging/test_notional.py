"""The notional hedge: a share of the position's value, the other way round, split once over all instruments."""

import math

import pytest
from hedging_world import Leg, World
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.hedging import notional


@pytest.mark.parametrize(("ratio", "expected"), [(1.0, -25.0), (0.85, -21.25), (0.0, 0.0)])
def test_one_bitcoin_is_hedged_by_its_value_in_ether_times_the_ratio(ratio: float, expected: float) -> None:
    world = World(notional, Leg(3200.0), mid=80_000.0, hedge_ratio=ratio)
    world.look(position=1.0)
    assert world.aimed == [pytest.approx(expected, abs=1e-9)]


def test_a_short_position_is_hedged_by_a_long_one() -> None:
    world = World(notional, Leg(3200.0), mid=80_000.0)
    world.look(position=-1.0)
    assert world.aimed == [pytest.approx(25.0)]


def test_several_instruments_share_one_hedge_equally_unless_weights_say_otherwise() -> None:
    equal = World(notional, Leg(3200.0), Leg(160.0), mid=80_000.0)
    equal.look(position=1.0)
    assert equal.aimed == [pytest.approx(-12.5), pytest.approx(-250.0)]
    uneven = World(notional, Leg(3200.0), Leg(160.0), mid=80_000.0, weights=(0.8, 0.2))
    uneven.look(position=1.0)
    assert uneven.aimed == [pytest.approx(-20.0), pytest.approx(-100.0)]


@given(
    position=st.integers(-5000, 5000),
    mid=st.floats(100.0, 1e5),
    mids=st.lists(st.floats(1.0, 1e4), min_size=1, max_size=8),
    ratio=st.floats(0.0, 2.0),
)
def test_all_hedges_together_are_worth_the_ratio_of_the_position_within_a_lot_each(
    position: int, mid: float, mids: list[float], ratio: float
) -> None:
    legs = [Leg(each) for each in mids]
    world = World(notional, *legs, mid=mid, hedge_ratio=ratio, band_fraction=0.0)
    world.look(position=position / 1000)
    worth = sum(aimed * each for aimed, each in zip(world.aimed, mids, strict=True))
    whole = -ratio * position / 1000 * mid
    # Never more than the target, and short of it by less than one lot of each.
    assert abs(worth) <= abs(whole) * (1 + 1e-9) + 1e-6
    assert abs(worth - whole) <= sum(0.01 * each for each in mids) * (1 + 1e-9)


def test_the_hedge_follows_the_quoted_position_alone() -> None:
    hedge = Leg(3200.0, position=-500)
    world = World(notional, hedge, mid=80_000.0)
    world.look(position=0.2)
    assert world.aimed == [pytest.approx(-5.0)]
    assert world.alive == [[]]


@pytest.mark.parametrize("weights", [(0.5, 0.6), (1.0, 1.0), (0.0, 0.0)])
def test_weights_that_do_not_sum_to_one_are_a_fault(weights: tuple[float, ...]) -> None:
    with pytest.raises(mmkit.ConfigError, match=r"hedging.weights: must sum to 1, sum to "):
        World(notional, Leg(), Leg(), weights=weights)


def test_so_are_more_or_fewer_weights_than_instruments() -> None:
    with pytest.raises(mmkit.ConfigError, match=r"hedging.weights: has 1 entries for 2 hedge instruments"):
        World(notional, Leg(), Leg(), weights=(1.0,))


@pytest.mark.parametrize("count", [0, 9])
def test_so_are_no_hedge_instruments_and_more_than_eight(count: int) -> None:
    with pytest.raises(mmkit.ConfigError, match=f"needs 1 to 8 instruments besides the quoted one, has {count}"):
        World(notional, *[Leg() for _ in range(count)])


def test_without_the_quoted_price_a_position_is_not_hedged_but_a_flat_one_still_closes_its_hedge() -> None:
    world = World(notional, Leg(3200.0, position=-500), mid=math.nan)
    world.look(position=1.0)
    assert world.alive == [[]]
    world.look(position=0.0)
    assert world.aimed == [0.0]


def test_nor_is_it_by_a_quoted_price_that_is_too_old() -> None:
    world = World(notional, Leg(3200.0), mid=80_000.0, max_age=1000)
    world.look(0)
    world.stale = True
    world.look(1001, 1.0)
    assert world.alive == [[]]
    world.stale = False
    world.look(1002)
    assert world.aimed == [pytest.approx(-25.0)]
