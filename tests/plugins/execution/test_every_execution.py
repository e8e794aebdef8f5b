"""What holds of every execution, whatever is wanted, however late answers are, whatever is filled or refused."""

from bisect import bisect_right
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from order_desk import AMEND_KEEP, AMEND_NONE, AMEND_REQUEUE, Desk, Exchange, Trader, ladder, market, working

from mmkit.contract import faults
from mmkit_plugins.execution import classic_requote, queue_value, requote, tolerance

SECOND = 10**9
RULES = (requote, classic_requote, tolerance, queue_value)
WAITING = (classic_requote, tolerance, queue_value)
CLASSIC = {"min_spread": 2.0, "amend_threshold": 1.0, "amend_fraction": 0.0, "max_distance": 0.0}

LEVEL = st.tuples(st.integers(1, 3), st.integers(0, 6))
"""Distance from the level before (ticks), lots."""

WISH = st.tuples(st.integers(90, 110), st.integers(0, 3), st.lists(LEVEL, max_size=3), st.lists(LEVEL, max_size=3))
"""Inner bid, distance of the inner ask, and the levels of either side."""

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("decide"), WISH),
        st.tuples(st.just("receive"), st.booleans()),
        st.tuples(st.just("answer"), st.none()),
        st.tuples(st.just("fill"), st.tuples(st.integers(0, 20), st.integers(1, 6))),
    ),
    max_size=60,
)


def wish(inner: int, apart: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> Any:
    """Returns a ladder that may want one price on both sides, and none that crosses."""
    offsets = [sum(gap for gap, _ in bids[1 : i + 1]) for i in range(len(bids))]
    wanted_bids = [(inner - offset, lots) for offset, (_, lots) in zip(offsets, bids, strict=True)]
    offsets = [sum(gap for gap, _ in asks[1 : i + 1]) for i in range(len(asks))]
    wanted_asks = [(inner + apart + offset, lots) for offset, (_, lots) in zip(offsets, asks, strict=True)]
    return ladder(wanted_bids, wanted_asks)


@pytest.mark.parametrize("rule", RULES)
def test_the_contract_takes_the_rule(rule: Any) -> None:
    assert list(faults(rule.mmkit_execution())) == []


@pytest.mark.parametrize("rule", RULES)
@settings(deadline=None, max_examples=500)
@given(
    steps=STEPS,
    amend=st.sampled_from([AMEND_NONE, AMEND_REQUEUE, AMEND_KEEP]),
    caps=st.tuples(st.integers(1, 3), st.integers(1, 5)),
    one_in_flight=st.booleans(),
    pace=st.sampled_from([SECOND // 10, 8 * SECOND]),
)
def test_own_orders_never_meet_and_caps_hold(
    rule: Any, steps: list[Any], amend: int, caps: tuple[int, int], one_in_flight: bool, pace: int
) -> None:
    given = {"max_per_side": caps[0], "max_orders": caps[1], "one_in_flight": one_in_flight}
    if rule is classic_requote:
        given |= CLASSIC
    if rule is tolerance:
        given |= {"price_tolerance": 2}
    if rule is queue_value:
        given |= {"cancels_per_minute": 8, "adverse_selection": 0.5}
    trader = Trader(rule, **given)
    desk = Desk(amend=amend)
    venue = Exchange(desk)
    now = 10 * SECOND
    for kind, what in steps:
        if kind == "receive" and desk.sent:
            venue.receive(refuse=what)
        elif kind == "answer" and venue.answers:
            venue.answer()
        elif kind == "fill" and venue.resting:
            venue.execute(sorted(venue.resting)[what[0] % len(venue.resting)], what[1])
        elif kind == "decide":
            now += pace
            check_a_decision(trader, desk, wish(*what), now, caps, one_in_flight)
    while desk.sent:
        venue.receive()
    assert venue.met == []
    if rule is queue_value:
        given_up = [time for time, (verb, *_) in zip(desk.times, desk.verbs, strict=True) if verb != "place"]
        for i, time in enumerate(given_up):
            assert bisect_right(given_up, time + 60 * SECOND) - i <= 8


def check_a_decision(
    trader: Trader, desk: Desk, wanted: Any, now: int, caps: tuple[int, int], one_in_flight: bool
) -> None:
    quiet = all(working(desk.orders[at]) for at in desk.live)
    book = [3, 3] * 200 if trader.rule is queue_value else None
    sent = trader.decide(desk, wanted, market(now=now), book)
    assert quiet or not one_in_flight or sent == []
    alive = [desk.orders[at] for at in desk.live]
    assert len(alive) <= caps[1]
    ticks = {1: wanted.bid_ticks, -1: wanted.ask_ticks}
    lots = {1: wanted.bid_lots, -1: wanted.ask_lots}
    for side in (1, -1):
        assert sum(order.side == side for order in alive) <= caps[0]
        quotes = set(zip(ticks[side], lots[side], strict=True))
        for verb, its, tick, size in sent:
            # Nothing is sent that is not wanted; an amendment's total counts what is executed.
            if verb == "place" and its == side:
                assert size > 0
                assert (tick, size) in quotes
        if trader.rule in WAITING and any(verb == "place" and its == side for verb, its, _, _ in sent):
            assert sum(order.side == side for order in alive) <= sum(size > 0 for size in lots[side])


@pytest.mark.parametrize("rule", RULES)
def test_where_nothing_changes_nothing_is_sent(rule: Any) -> None:
    wanted = ladder([(80, 5), (70, 5)], [(120, 5), (130, 5)])
    trader = Trader(rule, max_distance=0.0)
    desk = Desk(amend=AMEND_REQUEUE)
    book = [3, 3] * 200 if rule is queue_value else None
    assert len(trader.decide(desk, wanted, market(now=SECOND), book)) == 4
    Exchange(desk).settle()
    for second in range(2, 200):
        assert trader.decide(desk, wanted, market(now=second * SECOND), book) == []


@pytest.mark.parametrize("rule", RULES)
def test_quotes_that_are_vetoed_are_taken_back_at_once(rule: Any) -> None:
    trader = Trader(rule, max_distance=0.0)
    desk = Desk()
    book = [3, 3] * 200 if rule is queue_value else None
    trader.decide(desk, ladder([(80, 5)], [(120, 5)]), market(now=SECOND), book)
    Exchange(desk).settle()
    assert trader.decide(desk, ladder([(80, 0)], [(120, 5)]), market(now=SECOND), book) == [("cancel", 1, 80, 5)]
    Exchange(desk).settle()
    assert trader.decide(desk, ladder([], []), market(now=SECOND), book) == [("cancel", -1, 120, 5)]


@pytest.mark.parametrize("rule", RULES)
@given(start=st.integers(0, 2**60), passed=st.integers(0, 10**15), every=st.integers(1, 10**12))
def test_timer_decisions_fall_on_the_grid_that_starts_at_the_first_event(
    rule: Any, start: int, passed: int, every: int
) -> None:
    trader = Trader(rule, every=every)
    view = SimpleNamespace(start=start, now=start + passed)
    due = rule.mmkit_execution().next_time(trader.params, trader.state, view)
    assert (due - start) % every == 0
    assert due - every <= start + passed < due
