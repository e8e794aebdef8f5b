"""Requote: when it decides, and which requests it sends in which order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from order_desk import Desk, Exchange, Trader, ladder, market, standing

import mmkit
from mmkit.engine.records import LIMIT, NEVER, POST_ONLY, MarketView
from mmkit_plugins.execution import _orders, requote

MS = 10**6


def made(**given: Any) -> tuple[requote.Params, requote.State]:
    params = requote.Params(**given)
    state = requote.State()
    _orders.setup(params, state, None)
    return params, state


def sent(quotes: Any, orders: Desk, view: Any = None, **given: Any) -> list[tuple[str, int, int, int]]:
    """Returns what a decision sends, in order: verb, side, tick, lots."""
    return Trader(requote, **given).decide(orders, quotes, view)


INNER_AND_OUTER = ladder([(99, 2), (97, 3)], [(101, 2), (103, 3)])


def test_on_an_empty_desk_it_places_from_the_inside_out_bid_before_ask() -> None:
    assert sent(INNER_AND_OUTER, Desk()) == [
        ("place", 1, 99, 2),
        ("place", -1, 101, 2),
        ("place", 1, 97, 3),
        ("place", -1, 103, 3),
    ]


def test_cancels_of_what_is_not_wanted_go_first_oldest_first() -> None:
    assert sent(INNER_AND_OUTER, standing((-1, 105), (1, 95), (1, 99))) == [
        ("cancel", -1, 105, 5),
        ("cancel", 1, 95, 5),
        ("place", -1, 101, 2),
        ("place", 1, 97, 3),
        ("place", -1, 103, 3),
    ]


@pytest.mark.parametrize("state", ["working", "cancelling", "placing"])
def test_a_price_with_an_own_order_gets_no_second_one(state: str) -> None:
    orders = standing((1, 99), (-1, 101), state=state)
    assert sent(INNER_AND_OUTER, orders) == [("place", 1, 97, 3), ("place", -1, 103, 3)]


def test_nor_does_a_price_where_an_own_order_of_the_other_side_stands() -> None:
    # It is cancelled, and as long as the cancel is under way the price stays taken.
    assert sent(INNER_AND_OUTER, standing((-1, 99)))[:2] == [("cancel", -1, 99, 5), ("place", -1, 101, 2)]


def test_an_order_that_is_not_acknowledged_is_not_cancelled_yet() -> None:
    orders = standing((1, 95), state="placing")
    assert all(verb == "place" for verb, *_ in sent(INNER_AND_OUTER, orders))


def test_a_cancel_under_way_is_not_sent_again() -> None:
    orders = standing((1, 95), state="cancelling")
    assert all(verb == "place" for verb, *_ in sent(INNER_AND_OUTER, orders))


def test_two_levels_at_one_price_send_one_order() -> None:
    quotes = ladder([(99, 2), (99, 3)], [(101, 2), (101, 3)])
    assert sent(quotes, Desk()) == [("place", 1, 99, 2), ("place", -1, 101, 2)]


def test_a_level_without_lots_is_not_wanted() -> None:
    quotes = ladder([(99, 0)], [(101, 2)])
    assert sent(quotes, standing((1, 99))) == [("cancel", 1, 99, 5), ("place", -1, 101, 2)]


def test_no_ladder_at_all_cancels_everything() -> None:
    assert sent(ladder([], []), standing((1, 99), (-1, 101))) == [("cancel", 1, 99, 5), ("cancel", -1, 101, 5)]


@pytest.mark.parametrize(("post_only", "kind"), [(True, POST_ONLY), (False, LIMIT)])
def test_post_only_is_the_kind_of_the_orders(post_only: bool, kind: int) -> None:
    orders = Desk()
    sent(INNER_AND_OUTER, orders, post_only=post_only)
    assert {orders.orders[at].kind for at in orders.live} == {kind}
    assert _orders.post_only(requote.Params(post_only=post_only)) is post_only


@given(start=st.integers(0, 2**60), passed=st.integers(0, 10**15), every=st.integers(1, 10**12))
def test_timer_decisions_fall_on_the_grid_that_starts_at_the_first_event(start: int, passed: int, every: int) -> None:
    params, state = made(every=every)
    due = _orders.next_time(params, state, MarketView(start=start, now=start + passed))
    assert (due - start) % every == 0
    assert due - every <= start + passed < due


def test_the_first_one_falls_one_period_after_the_first_event() -> None:
    params, state = made(every=100 * MS)
    assert _orders.next_time(params, state, MarketView(start=7, now=7)) == 7 + 100 * MS


def test_without_the_timer_there_is_no_next_time() -> None:
    params, state = made(on=mmkit.Trigger.BOOK | mmkit.Trigger.TRADE)
    assert _orders.next_time(params, state, MarketView(now=5)) == NEVER
    assert _orders.triggers(params) == mmkit.Trigger.BOOK | mmkit.Trigger.TRADE


@pytest.mark.parametrize("state", ["working", "placing"])
@pytest.mark.parametrize(("own", "quotes"), [((1, 99), [(-1, 98)]), ((-1, 101), [(1, 102)]), ((1, 99), [(-1, 99)])])
def test_a_quote_does_not_meet_an_own_order_that_may_execute_first(state: str, own: Any, quotes: Any) -> None:
    # An order on its way cannot be cancelled yet; one that works is, and its cancel arrives before the quote.
    [(side, tick)] = quotes
    wanted = ladder([(tick, 2)], []) if side > 0 else ladder([], [(tick, 2)])
    requests = sent(wanted, standing(own, state=state))
    met = own[1] == tick
    expected = [("cancel", *own, 5)] if state == "working" else []
    assert requests == expected + ([("place", side, tick, 2)] if state == "working" and not met else [])


def test_a_ladder_that_crosses_itself_is_placed_as_far_as_it_does_not() -> None:
    assert sent(ladder([(99, 2), (98, 2)], [(98, 2), (100, 2)]), Desk()) == [
        ("place", 1, 99, 2),
        ("place", 1, 98, 2),
        ("place", -1, 100, 2),
    ]


def test_one_in_flight_sends_nothing_while_a_request_is_unanswered() -> None:
    trader = Trader(requote, one_in_flight=True)
    desk = Desk()
    venue = Exchange(desk)
    assert len(trader.decide(desk, ladder([(99, 2)], [(101, 2)]))) == 2
    assert trader.decide(desk, ladder([(97, 2)], [(103, 2)])) == []
    venue.receive()
    venue.receive()
    venue.answer()
    assert trader.decide(desk, ladder([(97, 2)], [(103, 2)])) == []
    venue.answer()
    assert len(trader.decide(desk, ladder([(97, 2)], [(103, 2)]))) == 4
    assert len(sent(ladder([(97, 2)], [(103, 2)]), standing((1, 99), state="placing"))) == 2


def test_old_orders_are_taken_back_and_placed_again_once_they_are_gone() -> None:
    wanted = ladder([(99, 5)], [(101, 5)])
    trader = Trader(requote, max_order_age=10 * MS)
    desk = standing((1, 99), (-1, 101))
    assert trader.decide(desk, wanted, market(now=10 * MS - 1)) == []
    assert trader.decide(desk, wanted, market(now=10 * MS)) == [("cancel", 1, 99, 5), ("cancel", -1, 101, 5)]
    Exchange(desk).settle()
    assert trader.decide(desk, wanted, market(now=11 * MS)) == [("place", 1, 99, 5), ("place", -1, 101, 5)]


def test_orders_far_from_the_mid_are_taken_back_and_not_sent() -> None:
    wanted = ladder([(99, 5), (90, 5)], [(101, 5), (111, 5)])
    assert sent(wanted, standing((1, 90), (-1, 111)), max_distance=0.1) == [
        ("cancel", -1, 111, 5),
        ("place", 1, 99, 5),
        ("place", -1, 101, 5),
    ]


def test_the_caps_keep_the_inner_levels() -> None:
    wanted = ladder([(99, 5), (98, 5), (97, 5)], [(101, 5), (102, 5), (103, 5)])
    inner = [("place", 1, 99, 5), ("place", -1, 101, 5)]
    second = [("place", 1, 98, 5), ("place", -1, 102, 5)]
    assert sent(wanted, Desk(), max_per_side=2) == inner + second
    assert sent(wanted, Desk(), max_orders=3) == inner + second[:1]
    assert sent(wanted, standing((1, 95), state="cancelling"), max_per_side=2) == inner + second[1:]


def test_waiting_for_cancels_a_side_never_has_more_orders_than_levels() -> None:
    wanted = ladder([(98, 5)], [(101, 5)])
    desk = standing((1, 99), (-1, 101))
    trader = Trader(requote, wait_for_cancel=True)
    assert trader.decide(desk, wanted) == [("cancel", 1, 99, 5)]
    assert trader.decide(desk, wanted) == []
    Exchange(desk).settle()
    assert trader.decide(desk, wanted) == [("place", 1, 98, 5)]
    assert sent(wanted, standing((1, 99), (-1, 101)))[-1] == ("place", 1, 98, 5)
