"""Requote: when it decides, and which requests it sends in which order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import (
    CANCELLING,
    LIMIT,
    NEVER,
    NOTHING,
    PLACING,
    POST_ONLY,
    WORKING,
    MarketView,
    Quotes,
    desk_class,
)
from mmkit_plugins.execution import requote

Desk = desk_class(32, 64)
MS = 10**6


def made(**given: Any) -> tuple[requote.Params, requote.State]:
    params = requote.Params(**given)
    state = requote.State()
    requote.setup(params, state, None)
    return params, state


def ladder(bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> Quotes:
    """Returns a ladder of levels (tick, lots) from the inside out."""
    quotes = Quotes(levels=len(bids))
    for i, ((bid, bid_lots), (ask, ask_lots)) in enumerate(zip(bids, asks, strict=True)):
        quotes.bid_ticks[i], quotes.bid_lots[i] = bid, bid_lots
        quotes.ask_ticks[i], quotes.ask_lots[i] = ask, ask_lots
    return quotes


def desk(*orders: tuple[int, int], state: int = WORKING, request: int = NOTHING) -> Any:
    """Returns a desk with orders (side, tick) of five lots that the venue has acknowledged."""
    found = Desk()
    for side, tick in orders:
        mmkit.place(found, MarketView(), side, tick, 5, POST_ONLY)
        found.orders[found.live[found.live_count - 1]].state = state
        found.orders[found.live[found.live_count - 1]].request = request
    return found


def sent(quotes: Quotes, orders: Any, **given: Any) -> list[tuple[str, int, int, int]]:
    """Returns what a decision sends, in order: verb, side, tick, lots."""
    params, state = made(**given)
    before = orders.sent_end
    requote.act(params, state, MarketView(), quotes, orders)
    requests = []
    for at in range(before, orders.sent_end):
        order = orders.orders[orders.sent[at].place]
        verb = {PLACING: "place", CANCELLING: "cancel"}[orders.sent[at].kind]
        requests.append((verb, order.side, order.tick, order.lots))
    return requests


INNER_AND_OUTER = ladder([(99, 2), (97, 3)], [(101, 2), (103, 3)])


def test_on_an_empty_desk_it_places_from_the_inside_out_bid_before_ask() -> None:
    assert sent(INNER_AND_OUTER, desk()) == [
        ("place", 1, 99, 2),
        ("place", -1, 101, 2),
        ("place", 1, 97, 3),
        ("place", -1, 103, 3),
    ]


def test_cancels_of_what_is_not_wanted_go_first_oldest_first() -> None:
    assert sent(INNER_AND_OUTER, desk((-1, 105), (1, 95), (1, 99))) == [
        ("cancel", -1, 105, 5),
        ("cancel", 1, 95, 5),
        ("place", -1, 101, 2),
        ("place", 1, 97, 3),
        ("place", -1, 103, 3),
    ]


@pytest.mark.parametrize("request_under_way", [NOTHING, CANCELLING])
def test_a_price_with_an_own_order_gets_no_second_one(request_under_way: int) -> None:
    orders = desk((1, 99), (-1, 101), request=request_under_way)
    assert sent(INNER_AND_OUTER, orders) == [("place", 1, 97, 3), ("place", -1, 103, 3)]


def test_nor_does_a_price_where_an_own_order_of_the_other_side_stands() -> None:
    # It is cancelled, and as long as the cancel is under way the price stays taken.
    assert sent(INNER_AND_OUTER, desk((-1, 99)))[:2] == [("cancel", -1, 99, 5), ("place", -1, 101, 2)]


def test_an_order_that_is_not_acknowledged_is_not_cancelled_yet() -> None:
    orders = desk((1, 95), state=0, request=PLACING)
    assert all(verb == "place" for verb, *_ in sent(INNER_AND_OUTER, orders))


def test_a_cancel_under_way_is_not_sent_again() -> None:
    orders = desk((1, 95), request=CANCELLING)
    assert all(verb == "place" for verb, *_ in sent(INNER_AND_OUTER, orders))


def test_two_levels_at_one_price_send_one_order() -> None:
    quotes = ladder([(99, 2), (99, 3)], [(101, 2), (101, 3)])
    assert sent(quotes, desk()) == [("place", 1, 99, 2), ("place", -1, 101, 2)]


def test_a_level_without_lots_is_not_wanted() -> None:
    quotes = ladder([(99, 0)], [(101, 2)])
    assert sent(quotes, desk((1, 99))) == [("cancel", 1, 99, 5), ("place", -1, 101, 2)]


def test_no_ladder_at_all_cancels_everything() -> None:
    assert sent(Quotes(levels=0), desk((1, 99), (-1, 101))) == [("cancel", 1, 99, 5), ("cancel", -1, 101, 5)]


@pytest.mark.parametrize(("post_only", "kind"), [(True, POST_ONLY), (False, LIMIT)])
def test_post_only_is_the_kind_of_the_orders(post_only: bool, kind: int) -> None:
    orders = desk()
    sent(INNER_AND_OUTER, orders, post_only=post_only)
    assert {orders.orders[at].kind for at in orders.live[: orders.live_count]} == {kind}
    assert requote.post_only(requote.Params(post_only=post_only)) is post_only


@given(start=st.integers(0, 2**60), passed=st.integers(0, 10**15), every=st.integers(1, 10**12))
def test_timer_decisions_fall_on_the_grid_that_starts_at_the_first_event(start: int, passed: int, every: int) -> None:
    params, state = made(every=every)
    due = requote.next_time(params, state, MarketView(start=start, now=start + passed))
    assert (due - start) % every == 0
    assert due - every <= start + passed < due


def test_the_first_one_falls_one_period_after_the_first_event() -> None:
    params, state = made(every=100 * MS)
    assert requote.next_time(params, state, MarketView(start=7, now=7)) == 7 + 100 * MS


def test_without_the_timer_there_is_no_next_time() -> None:
    params, state = made(on=mmkit.Trigger.BOOK | mmkit.Trigger.TRADE)
    assert requote.next_time(params, state, MarketView(now=5)) == NEVER
    assert requote.triggers(params) == mmkit.Trigger.BOOK | mmkit.Trigger.TRADE
