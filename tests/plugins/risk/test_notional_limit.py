"""The value of the position at the mid stays within its limit in the worst case."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import MarketView, Quotes, desk_class
from mmkit_plugins.risk import notional_limit

Desk = desk_class(32, 64)


def limited(
    most: float, mid: float, *, lot: float = 1.0, position: int = 0, orders: Any = (), levels: int = 3, lots: int = 4
) -> tuple[list[int], list[int]]:
    """Returns the lots that may leave of a ladder of `levels` times `lots` from the ticks 99 and 101 on."""
    desk, wanted = Desk(), Quotes(levels=levels)
    for side, tick, quantity in orders:
        mmkit.place(desk, MarketView(), side, tick, quantity, mmkit.POST_ONLY)
    for i in range(levels):
        wanted.bid_ticks[i], wanted.ask_ticks[i] = 99 - i, 101 + i
        wanted.bid_lots[i] = wanted.ask_lots[i] = lots
    market = MarketView(mid=mid, position_lots=position, position=position * lot, lot_size=lot)
    notional_limit.limit(notional_limit.Params(max_notional=most), None, market, wanted, desk)
    return wanted.bid_lots[:levels], wanted.ask_lots[:levels]


def test_it_counts_the_value_at_the_mid() -> None:
    assert limited(600.0, 100.0) == ([4, 2, 0], [4, 2, 0])
    assert limited(600.0, 200.0) == ([3, 0, 0], [3, 0, 0])
    assert limited(600.0, 100.0, lot=0.5) == ([4, 4, 4], [4, 4, 4])


def test_position_and_orders_that_may_fill_count() -> None:
    assert limited(600.0, 100.0, position=3) == ([3, 0, 0], [4, 4, 1])
    assert limited(600.0, 100.0, position=-3, orders=[(1, 90, 5), (-1, 110, 1)]) == ([4, 0, 0], [2, 0, 0])


def test_a_price_that_has_risen_shuts_the_side_that_adds() -> None:
    assert limited(600.0, 150.0, position=5) == ([0, 0, 0], [4, 4, 1])


@pytest.mark.parametrize("mid", [math.nan, math.inf, 0.0, -1.0])
def test_without_a_price_nothing_is_quoted(mid: float) -> None:
    assert limited(600.0, mid) == ([0, 0, 0], [0, 0, 0])


@given(
    most=st.floats(1.0, 5000.0),
    mid=st.floats(1.0, 500.0),
    lot=st.sampled_from([0.001, 0.1, 1.0]),
    position=st.integers(-40, 40),
    orders=st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(0, 90), st.integers(1, 9)), max_size=8),
    lots=st.integers(0, 9),
)
def test_in_the_worst_case_its_value_is_the_most_that_the_limit_allows(
    most: float, mid: float, lot: float, position: int, orders: list[tuple[int, int, int]], lots: int
) -> None:
    found = limited(most, mid, lot=lot, position=position, orders=orders, lots=lots)
    for sign, allowed in ((1, found[0]), (-1, found[1])):
        before = sign * position + sum(q for side, _, q in orders if side == sign)
        worst = (before + sum(allowed)) * lot * mid
        assert worst <= max(most, before * lot * mid) * (1.0 + 1e-8)
        if sum(allowed) < 3 * lots:
            assert worst + lot * mid > most * (1.0 - 1e-8)
