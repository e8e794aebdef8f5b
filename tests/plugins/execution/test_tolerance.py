"""Tolerance: which orders stay, which are amended, which are replaced."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from order_desk import AMEND_KEEP, AMEND_NONE, AMEND_REQUEUE, Desk, Exchange, Trader, ladder, market, standing

from mmkit.contract import faults
from mmkit_plugins.execution import tolerance

FAR_ASK = [(200, 5)]


def sent(quotes: Any, desk: Desk, **given: Any) -> list[tuple[str, int, int, int]]:
    """Returns what a decision sends, in order: verb, side, tick, lots (of an amendment: the total)."""
    return Trader(tolerance, **given).decide(desk, quotes)


def test_the_contract_takes_the_rule() -> None:
    assert list(faults(tolerance.mmkit_execution())) == []


def test_on_an_empty_desk_it_places_from_the_inside_out_bid_before_ask() -> None:
    assert sent(ladder([(99, 2), (97, 3)], [(101, 2), (103, 3)]), Desk()) == [
        ("place", 1, 99, 2),
        ("place", -1, 101, 2),
        ("place", 1, 97, 3),
        ("place", -1, 103, 3),
    ]


@settings(deadline=None, max_examples=300)
@given(
    stands=st.integers(90, 110),
    lots=st.integers(1, 40),
    wanted=st.integers(90, 110),
    size=st.integers(1, 40),
    ticks=st.integers(0, 5),
    share=st.sampled_from([0.0, 0.1, 0.5]),
    few=st.integers(0, 5),
    amend=st.sampled_from([AMEND_NONE, AMEND_REQUEUE, AMEND_KEEP]),
)
def test_one_order_stays_is_amended_or_is_replaced(
    stands: int, lots: int, wanted: int, size: int, ticks: int, share: float, few: int, amend: int
) -> None:
    desk = standing((1, stands, lots), amend=amend)
    requests = sent(ladder([(wanted, size)], []), desk, price_tolerance=ticks, size_tolerance=share, lots_tolerance=few)
    off = abs(lots - size)
    if wanted - ticks <= stands <= wanted + ticks:
        if off <= few or 10 * off <= round(10 * share) * size:
            assert requests == []
        elif size < lots and amend == AMEND_KEEP:
            assert requests == [("amend", 1, stands, size)]
        else:
            assert requests == [("cancel", 1, stands, lots)]
    elif amend == AMEND_NONE:
        assert requests == [("cancel", 1, stands, lots)]
    else:
        assert requests == [("amend", 1, wanted, size)]


def test_an_amended_total_counts_what_is_executed() -> None:
    desk = standing((1, 99, 10), amend=AMEND_REQUEUE)
    venue = Exchange(desk)
    venue.execute(1, 4)
    venue.settle()
    assert sent(ladder([(95, 10)], []), desk) == [("amend", 1, 95, 14)]
    venue.settle()
    assert venue.resting == {1: [1, 95, 10]}


def test_the_replacement_waits_for_the_cancel_and_not_where_it_need_not() -> None:
    wanted = ladder([(95, 5)], FAR_ASK)
    trader = Trader(tolerance)
    desk = standing((1, 99), (-1, 200))
    assert trader.decide(desk, wanted) == [("cancel", 1, 99, 5)]
    assert trader.decide(desk, wanted) == []
    Exchange(desk).settle()
    assert trader.decide(desk, wanted) == [("place", 1, 95, 5)]
    at_once = sent(wanted, standing((1, 99), (-1, 200)), wait_for_cancel=False)
    assert at_once == [("cancel", 1, 99, 5), ("place", 1, 95, 5)]


def test_no_second_order_while_an_amendment_is_under_way() -> None:
    trader = Trader(tolerance)
    desk = standing((1, 99), (-1, 200), amend=AMEND_REQUEUE)
    assert trader.decide(desk, ladder([(95, 5)], FAR_ASK)) == [("amend", 1, 95, 5)]
    assert trader.decide(desk, ladder([(95, 5)], FAR_ASK)) == []
    assert trader.decide(desk, ladder([(90, 5)], FAR_ASK)) == []


def test_an_amendment_that_may_be_refused_leaves_the_order_at_either_price() -> None:
    trader = Trader(tolerance)
    desk = standing((-1, 101), amend=AMEND_REQUEUE)
    assert trader.decide(desk, ladder([], [(105, 5)])) == [("amend", -1, 105, 5)]
    assert trader.decide(desk, ladder([(102, 5), (100, 5)], [(105, 5)])) == [("place", 1, 100, 5)]


def test_a_price_that_an_amendment_is_on_its_way_to_gets_no_second_order() -> None:
    trader = Trader(tolerance)
    desk = standing((1, 99), amend=AMEND_REQUEUE)
    assert trader.decide(desk, ladder([(95, 5)], [])) == [("amend", 1, 95, 5)]
    assert trader.decide(desk, ladder([(95, 5), (95, 5)], [])) == []


def test_a_cancel_holds_up_its_own_level_and_no_other() -> None:
    # The inner order is being cancelled, the outer level has none: the outer one is placed, the inner one waits.
    desk = standing((1, 99), state="cancelling")
    assert sent(ladder([(97, 5), (90, 5)], []), desk) == [("place", 1, 90, 5)]


def test_an_order_within_tolerance_that_blocks_the_other_side_is_moved() -> None:
    wanted = ladder([(99, 5)], [(100, 5)])
    assert sent(wanted, standing((1, 100)), price_tolerance=3) == [("cancel", 1, 100, 5)]
    assert sent(ladder([(99, 5)], [(101, 5)]), standing((1, 100)), price_tolerance=3) == [("place", -1, 101, 5)]


def test_levels_shifted_by_their_distance_move_one_order() -> None:
    desk = standing((1, 99), (1, 97), amend=AMEND_REQUEUE)
    assert sent(ladder([(97, 5), (95, 5)], []), desk) == [("amend", 1, 95, 5)]


def test_orders_that_no_level_wants_are_taken_back() -> None:
    assert sent(ladder([(99, 5)], []), standing((1, 98), (1, 99), (-1, 101))) == [
        ("cancel", 1, 98, 5),
        ("cancel", -1, 101, 5),
    ]
    assert sent(ladder([], []), standing((1, 98), (-1, 101))) == [("cancel", 1, 98, 5), ("cancel", -1, 101, 5)]


def test_cancels_go_first_and_the_inner_level_before_the_outer() -> None:
    desk = standing((1, 80), (1, 90), (-1, 120))
    assert sent(ladder([(99, 5), (95, 5)], [(121, 5)]), desk, wait_for_cancel=False, price_tolerance=1) == [
        ("cancel", 1, 90, 5),
        ("cancel", 1, 80, 5),
        ("place", 1, 99, 5),
        ("place", 1, 95, 5),
    ]


def test_old_and_far_orders_are_replaced_whatever_the_tolerance() -> None:
    wanted = ladder([(99, 5)], [(101, 5)])
    view = market(now=100)
    far = Trader(tolerance, max_distance=0.1, price_tolerance=50)
    assert far.decide(standing((1, 89), (-1, 101)), wanted, view) == [("cancel", 1, 89, 5)]
    old = Trader(tolerance, max_order_age=100)
    assert old.decide(standing((1, 99), (-1, 101), amend=AMEND_REQUEUE), wanted, view) == [
        ("cancel", 1, 99, 5),
        ("cancel", -1, 101, 5),
    ]


@pytest.mark.parametrize("amend", [AMEND_NONE, AMEND_REQUEUE])
def test_one_in_flight_sends_nothing_while_a_request_is_unanswered(amend: int) -> None:
    trader = Trader(tolerance, one_in_flight=True)
    desk = standing((1, 99), amend=amend)
    assert len(trader.decide(desk, ladder([(90, 5)], []))) == 1
    assert trader.decide(desk, ladder([(90, 5)], [(101, 5)])) == []
    Exchange(desk).settle()
    assert ("place", -1, 101, 5) in trader.decide(desk, ladder([(90, 5)], [(101, 5)]))
