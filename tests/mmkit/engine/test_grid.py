"""Back to the grid: rounding with a tolerance, clear of the book, and clear of our own other side."""

import math
from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkit.engine.grid import ceil_to_grid, floor_to_grid, to_grid
from mmkit.engine.records import MarketView, Quotes

prices = st.floats(-(2.0**45), 2.0**45) | st.integers(-(10**9), 10**9).map(float)


def nudged(x: int, ulps: int) -> float:
    """Returns a whole number moved by so many steps of floating point."""
    found = float(x)
    for _ in range(abs(ulps)):
        found = math.nextafter(found, math.inf if ulps > 0 else -math.inf)
    return found


def rounded(x: float) -> tuple[int, int]:
    """Returns floor and ceiling in exact arithmetic, within the tolerance the nearest whole number."""
    exact = Fraction(x)
    tolerance = max(Fraction(1e-9), Fraction(4, 2**52) * abs(exact))
    nearest = round(exact)
    if abs(exact - nearest) <= tolerance:
        return nearest, nearest
    return math.floor(exact), math.ceil(exact)


@given(prices)
def test_bids_floor_and_asks_ceil(x: float) -> None:
    assert (floor_to_grid(x), ceil_to_grid(x)) == rounded(x)


@given(st.integers(-(2**45), 2**45), st.integers(-20, 20))
def test_what_rounding_alone_moved_off_a_whole_number_is_that_number(whole: int, ulps: int) -> None:
    x = nudged(whole, ulps)
    assert (floor_to_grid(x), ceil_to_grid(x)) == rounded(x)
    if abs(ulps) <= 4:
        assert floor_to_grid(x) == ceil_to_grid(x) == whole


@pytest.mark.parametrize("off", [1.1e-9, 1e-6, 0.25, 0.5, 0.75])
def test_beyond_the_tolerance_a_price_is_off_the_grid(off: float) -> None:
    assert (floor_to_grid(1000.0 + off), ceil_to_grid(1000.0 + off)) == (1000, 1001)


@given(st.integers(1, 10**7), st.sampled_from([("0.1", 0.1), ("0.01", 0.01), ("0.001", 0.001), ("1e-8", 1e-8)]))
def test_a_price_that_is_a_multiple_of_the_tick_in_decimals_stays(ticks: int, tick: tuple[str, float]) -> None:
    written, size = tick
    price = float(Fraction(written) * ticks)
    assert floor_to_grid(price / size) == ceil_to_grid(price / size) == ticks


def on_grid(
    bid: float,
    ask: float,
    *,
    touch: tuple[int, int] = (100, 110),
    post_only: bool = True,
    offsets: tuple[int, ...] = (0,),
    qty: float = 1.0,
    lot: float = 1.0,
) -> list[tuple[int, int, int, int]]:
    """Returns bid tick, bid lots, ask tick, ask lots per level for quotes in ticks."""
    ladder = Quotes(levels=len(offsets))
    for i, offset in enumerate(offsets):
        ladder.offset_ticks[i] = offset
        ladder.bid_qty[i] = ladder.ask_qty[i] = qty
    market = MarketView(bid_ticks=touch[0], ask_ticks=touch[1], tick_size=0.5, lot_size=lot)
    to_grid(SimpleNamespace(ladder=ladder, market=market, desk=SimpleNamespace(post_only=post_only)), bid / 2, ask / 2)
    n = ladder.levels
    columns = (ladder.bid_ticks[:n], ladder.bid_lots[:n], ladder.ask_ticks[:n], ladder.ask_lots[:n])
    return list(zip(*columns, strict=True))


def test_quotes_round_away_from_each_other() -> None:
    assert on_grid(103.7, 106.2) == [(103, 1, 107, 1)]


def test_post_only_quotes_stay_a_tick_clear_of_the_book() -> None:
    assert on_grid(95.0, 97.0) == [(95, 1, 101, 1)]
    assert on_grid(115.0, 119.0) == [(109, 1, 119, 1)]


def test_other_quotes_may_go_through_the_book() -> None:
    assert on_grid(95.0, 97.0, post_only=False) == [(95, 1, 97, 1)]
    assert on_grid(115.0, 119.0, post_only=False) == [(115, 1, 119, 1)]


@pytest.mark.parametrize("post_only", [True, False])
def test_quotes_that_cross_part_around_their_middle(post_only: bool) -> None:
    assert on_grid(105.0, 105.0, post_only=post_only) == [(105, 1, 105, 1)], (
        "one price has one order: the execution's bid"
    )
    assert on_grid(107.0, 103.0, post_only=post_only) == [(105, 1, 106, 1)]
    assert on_grid(108.0, 103.0, post_only=post_only) == [(105, 1, 106, 1)]


@given(st.floats(50, 150), st.floats(50, 150), st.integers(60, 120), st.integers(1, 30), st.booleans())
def test_own_sides_never_cross_and_post_only_never_takes(
    bid: float, ask: float, best: int, gap: int, post_only: bool
) -> None:
    touch = (best, best + gap)
    for bid_tick, _, ask_tick, _ in on_grid(bid, ask, touch=touch, post_only=post_only, offsets=(0, 1, 3)):
        assert bid_tick <= ask_tick
        if post_only:
            assert bid_tick < touch[1]
            assert ask_tick > touch[0]


def test_outer_levels_lie_outside() -> None:
    assert on_grid(103.0, 107.0, offsets=(0, 2, 5)) == [(103, 1, 107, 1), (101, 1, 109, 1), (98, 1, 112, 1)]


def test_an_infinite_quote_is_no_quote_on_its_side() -> None:
    assert [level[1::2] for level in on_grid(-math.inf, 107.0)] == [(0, 1)]
    assert [level[1::2] for level in on_grid(103.0, math.inf)] == [(1, 0)]
    assert [level[1::2] for level in on_grid(-math.inf, math.inf)] == [(0, 0)]


def test_a_bid_at_or_below_zero_is_no_bid() -> None:
    levels = on_grid(2.0, 5.0, touch=(3, 4), offsets=(0, 1, 2, 3))
    assert [level[1] for level in levels] == [1, 1, 0, 0]
    assert [level[3] for level in levels] == [1, 1, 1, 1]


def test_quantities_floor_to_lots_but_a_whole_number_of_lots_stays() -> None:
    assert on_grid(103.0, 107.0, qty=1.009, lot=0.001) == [(103, 1009, 107, 1009)]
    assert on_grid(103.0, 107.0, qty=1.0099, lot=0.001) == [(103, 1009, 107, 1009)]
    assert on_grid(103.0, 107.0, qty=0.0004, lot=0.001) == [(103, 0, 107, 0)]
