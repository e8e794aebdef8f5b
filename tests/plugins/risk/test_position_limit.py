"""The position limit counts the worst case: every order that may still fill has filled."""

import math
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import CANCELLING, NOTHING, WORKING, MarketView, Quotes, desk_class
from mmkit_plugins.risk import position_limit

Desk = desk_class(32, 64)
Level = tuple[int, int]
"""Tick and lots."""


def desk(*orders: tuple[int, int, int]) -> Any:
    """Returns a desk with orders (side, tick, lots) on their way."""
    made = Desk()
    for side, tick, lots in orders:
        mmkit.place(made, MarketView(), side, tick, lots, mmkit.POST_ONLY)
    return made


def ladder(bids: list[Level], asks: list[Level]) -> Quotes:
    """Returns a ladder of as many levels as the longer side has."""
    made = Quotes(levels=max(len(bids), len(asks)))
    for ticks, lots, side in (
        (made.bid_ticks, made.bid_lots, bids),
        (made.ask_ticks, made.ask_lots, asks),
    ):
        for i, (tick, quantity) in enumerate(side):
            ticks[i], lots[i] = tick, quantity
    return made


def limited(
    most: float, position: int, wanted: Quotes, orders: Any, *, lot: float = 1.0, order_size: float = 1.0
) -> tuple[list[int], list[int]]:
    """Returns the lots per level that may leave."""
    params = position_limit.Params(max_position=most)
    market = MarketView(position_lots=position, position=position * lot, lot_size=lot)
    inputs = position_limit.Inputs(order_size=order_size)
    position_limit.limit(params, None, market, inputs, wanted, orders)
    return wanted.bid_lots[: wanted.levels], wanted.ask_lots[: wanted.levels]


BIDS, ASKS = [(99, 4), (98, 4), (97, 4)], [(101, 4), (102, 4), (103, 4)]


def test_inner_levels_come_first_the_next_is_reduced_and_the_rest_dropped() -> None:
    assert limited(6, 0, ladder(BIDS, ASKS), desk()) == ([4, 2, 0], [4, 2, 0])


def test_a_position_leaves_less_room_on_its_side_and_more_on_the_other() -> None:
    assert limited(6, 3, ladder(BIDS, ASKS), desk()) == ([3, 0, 0], [4, 4, 1])
    assert limited(6, -3, ladder(BIDS, ASKS), desk()) == ([4, 4, 1], [3, 0, 0])


def test_at_or_beyond_the_limit_the_side_is_shut() -> None:
    assert limited(6, 6, ladder(BIDS, ASKS), desk())[0] == [0, 0, 0]
    assert limited(6, 9, ladder(BIDS, ASKS), desk())[0] == [0, 0, 0]
    assert limited(6, -9, ladder(BIDS, ASKS), desk())[1] == [0, 0, 0]


def test_orders_elsewhere_count_as_filled_and_only_on_their_side() -> None:
    assert limited(6, 0, ladder(BIDS, ASKS), desk((1, 90, 5))) == ([1, 0, 0], [4, 2, 0])
    assert limited(6, 0, ladder(BIDS, ASKS), desk((-1, 110, 5))) == ([4, 2, 0], [1, 0, 0])


@pytest.mark.parametrize("request_under_way", [NOTHING, CANCELLING])
def test_an_order_counts_until_its_end_is_known_whatever_was_asked_for(request_under_way: int) -> None:
    orders = desk((1, 90, 5))
    orders.orders[orders.live[0]].state = WORKING
    orders.orders[orders.live[0]].request = request_under_way
    assert limited(6, 0, ladder(BIDS, ASKS), orders)[0] == [1, 0, 0]


def test_of_an_order_executed_in_part_only_the_rest_counts() -> None:
    orders = desk((1, 90, 5))
    orders.orders[orders.live[0]].remaining = 2
    assert limited(6, 3, ladder(BIDS, ASKS), orders)[0] == [1, 0, 0]


def test_a_price_that_has_an_order_is_counted_once_and_left_as_it_is() -> None:
    assert limited(6, 0, ladder(BIDS, ASKS), desk((1, 99, 4)))[0] == [4, 2, 0]
    assert limited(3, 0, ladder(BIDS, ASKS), desk((1, 99, 4)))[0] == [4, 0, 0]


def test_without_a_limit_of_its_own_it_is_ten_times_the_order_size() -> None:
    many = [(100 - i, 4) for i in range(5)]
    assert limited(0.0, 0, ladder(many, []), desk(), lot=0.1, order_size=0.1)[0] == [4, 4, 2, 0, 0]
    assert limited(0.0, 3, ladder(many, []), desk(), lot=0.001, order_size=0.001)[0] == [4, 3, 0, 0, 0]


def test_a_limit_of_a_thousand_and_nine_thousandths_is_that_many_lots() -> None:
    assert limited(1.009, 1008, ladder([(99, 4)], []), desk(), lot=0.001)[0] == [1]
    assert limited(1.0094, 1008, ladder([(99, 4)], []), desk(), lot=0.001)[0] == [1]


def test_the_limit_is_counted_in_the_lots_of_the_moment() -> None:
    # An inverse contract: in base currency its lot shrinks as the price rises.
    many = [(100 - i, 4) for i in range(5)]
    assert limited(1.0, 0, ladder(many, []), desk(), lot=0.1)[0] == [4, 4, 2, 0, 0]
    assert limited(1.0, 0, ladder(many, []), desk(), lot=0.05)[0] == [4, 4, 4, 4, 4]


@pytest.mark.parametrize("lot", [math.nan, 0.0, math.inf])
def test_without_a_known_lot_nothing_leaves(lot: float) -> None:
    assert limited(5.0, 0, ladder(BIDS, ASKS), desk(), lot=lot) == ([0, 0, 0], [0, 0, 0])


def test_a_limit_beyond_all_numbers_of_lots_is_none() -> None:
    assert limited(1e300, 7, ladder(BIDS, ASKS), desk((1, 90, 5))) == ([4, 4, 4], [4, 4, 4])


def amendable(*orders: tuple[int, int, int]) -> Any:
    """Returns the desk of an execution that amends orders."""
    made = desk(*orders)
    made.may_amend = 1
    return made


def test_an_order_that_can_be_amended_grows_by_no_more_than_there_is_room_for() -> None:
    assert limited(6, 0, ladder(BIDS, ASKS), amendable((1, 99, 3)))[0] == [4, 2, 0]
    assert limited(6, 3, ladder(BIDS, ASKS), amendable((1, 99, 1)))[0] == [3, 0, 0]
    assert limited(4, 3, ladder(BIDS, ASKS), amendable((1, 99, 1)))[0] == [1, 0, 0]
    assert limited(6, 0, ladder(BIDS, ASKS), amendable((-1, 101, 3)))[1] == [4, 2, 0]


def test_an_order_that_can_be_amended_may_shrink_beyond_the_limit() -> None:
    assert limited(3, 2, ladder([(99, 2)], ASKS), amendable((1, 99, 5)))[0] == [2, 0, 0]


def test_next_to_an_order_of_the_other_side_nothing_is_sent_or_counted() -> None:
    assert limited(6, 0, ladder(BIDS, ASKS), amendable((-1, 99, 3)))[0] == [4, 4, 2]


side_levels = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9)), max_size=6, unique_by=lambda level: level[0])
own = st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(0, 40), st.integers(1, 9)), max_size=8)


@given(most=st.integers(1, 30), position=st.integers(-40, 40), bids=side_levels, asks=side_levels, orders=own)
def test_what_may_leave_is_the_most_that_keeps_the_worst_case_within_the_limit(
    most: int, position: int, bids: list[Level], asks: list[Level], orders: list[tuple[int, int, int]]
) -> None:
    asks = [(tick + 20, lots) for tick, lots in asks]
    taken = {tick for _, tick, _ in orders}
    found = limited(float(most), position, ladder(bids, asks), desk(*orders))
    for sign, wanted, lots in ((1, bids, found[0]), (-1, asks, found[1])):
        worst = sign * position + sum(q for side, _, q in orders if side == sign)
        for (tick, quantity), allowed in zip(wanted, lots, strict=False):
            if tick in taken:
                assert allowed == quantity
                continue
            assert allowed == min(quantity, max(most - worst, 0))
            worst += allowed
        assert worst <= max(most, sign * position + sum(q for side, _, q in orders if side == sign))


def test_the_size_of_an_order_is_needed_only_without_a_limit() -> None:
    assert attrs.fields(position_limit.Inputs).order_size.metadata["unless"] == "max_position"


@given(most=st.integers(1, 30), position=st.integers(-40, 40), bids=side_levels, asks=side_levels, orders=own)
def test_amended_to_all_that_may_leave_the_worst_case_grows_no_further_than_the_limit(
    most: int, position: int, bids: list[Level], asks: list[Level], orders: list[tuple[int, int, int]]
) -> None:
    asks = [(tick + 20, lots) for tick, lots in asks]
    orders = list({tick: (side, tick, lots) for side, tick, lots in orders}.values())
    found = limited(float(most), position, ladder(bids, asks), amendable(*orders))
    owned = {tick: (side, lots) for side, tick, lots in orders}
    for sign, wanted, lots in ((1, bids, found[0]), (-1, asks, found[1])):
        before = after = sign * position + sum(q for side, _, q in orders if side == sign)
        for (tick, quantity), allowed in zip(wanted, lots, strict=False):
            side, stands = owned.get(tick, (sign, 0))
            assert min(stands, quantity) <= allowed <= quantity or side != sign or not stands
            if side == sign:
                after += max(allowed - stands, 0)
        assert after <= max(most, before)
