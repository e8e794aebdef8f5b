"""What reduce-only leaves of any ladder, over any orders: whatever of it executes, the position never turns or grows."""

from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mmkit.engine.control import restrict
from mmkit.engine.orders import alive_at, amend, outstanding, place
from mmkit.engine.records import NOTHING, POST_ONLY, REDUCE_ONLY, WIDEN, WORKING, desk_class, quotes_class

MARKET = SimpleNamespace(now=0)

orders = st.lists(
    st.tuples(
        st.sampled_from((1, -1)),
        st.integers(1, 4),
        st.integers(1, 9),
        st.one_of(st.none(), st.tuples(st.integers(1, 4), st.integers(0, 12))),
    ),
    max_size=6,
)
"""Side, level, lots, and the level and lots of an amendment under way."""

ladders = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4)
"""Lots of bid and ask, level by level."""


def tick_of(side: int, level: int) -> int:
    return 100 - side * level


def situation(position: int, alive: Any, wanted: Any, level: int) -> Any:
    desk = desk_class(8, 16)()
    for side, at, lots, amended in alive:
        place(desk, MARKET, side, tick_of(side, at), lots, POST_ONLY)
        number = desk.live[desk.live_count - 1]
        desk.orders[number].state, desk.orders[number].request = WORKING, NOTHING
        if amended:
            amend(desk, MARKET, number, tick_of(side, amended[0]), amended[1])
    ladder = quotes_class(4)()
    ladder.levels = len(wanted)
    for i, (bid, ask) in enumerate(wanted):
        ladder.bid_ticks[i], ladder.ask_ticks[i] = tick_of(1, i + 1), tick_of(-1, i + 1)
        ladder.bid_lots[i], ladder.ask_lots[i] = bid, ask
    return SimpleNamespace(
        desk=desk, ladder=ladder, ledger=SimpleNamespace(position=position), control=SimpleNamespace(level=level)
    )


def sides(s: Any) -> list[tuple[int, list[int], list[int], int]]:
    """Returns side, ticks, lots and what of the position an order of that side reduces."""
    ladder, n, position = s.ladder, s.ladder.levels, s.ledger.position
    return [
        (1, ladder.bid_ticks[:n], ladder.bid_lots[:n], max(-position, 0)),
        (-1, ladder.ask_ticks[:n], ladder.ask_lots[:n], max(position, 0)),
    ]


@given(st.integers(-12, 12), orders, ladders)
@settings(max_examples=500, deadline=None)
def test_what_is_kept_and_what_is_new_fits_into_the_position(position: int, alive: Any, wanted: Any) -> None:
    s = situation(position, alive, wanted, REDUCE_ONLY)
    restrict(s)
    for side, ticks, lots, room in sides(s):
        kept = {tick: alive_at(s.desk, side, tick) for tick, left in zip(ticks, lots, strict=True) if left > 0}
        new = [max(left - kept[tick], 0) for tick, left in zip(ticks, lots, strict=True) if left > 0]
        assert sum(kept.values()) <= room
        if sum(new) > 0:
            assert outstanding(s.desk, side) + sum(new) <= room


@given(st.integers(-12, 12), orders, ladders)
@settings(max_examples=200, deadline=None)
def test_it_only_takes_away(position: int, alive: Any, wanted: Any) -> None:
    s = situation(position, alive, wanted, REDUCE_ONLY)
    restrict(s)
    left = list(zip(s.ladder.bid_lots, s.ladder.ask_lots, strict=True))[: len(wanted)]
    assert all(
        0 <= now <= before for row, was in zip(left, wanted, strict=True) for now, before in zip(row, was, strict=True)
    )


@given(st.integers(1, 12), ladders)
@settings(max_examples=200, deadline=None)
def test_without_orders_the_inner_levels_get_the_position(position: int, wanted: Any) -> None:
    s = situation(position, [], wanted, REDUCE_ONLY)
    restrict(s)
    left = position
    for i, (_, ask) in enumerate(wanted):
        assert s.ladder.ask_lots[i] == min(ask, left)
        left -= s.ladder.ask_lots[i]


@given(st.integers(-12, 12), orders, ladders)
@settings(max_examples=50, deadline=None)
def test_below_that_level_nothing_changes(position: int, alive: Any, wanted: Any) -> None:
    s = situation(position, alive, wanted, WIDEN)
    restrict(s)
    assert list(zip(s.ladder.bid_lots, s.ladder.ask_lots, strict=True))[: len(wanted)] == wanted


@given(st.integers(1, 12), st.lists(st.integers(1, 9), min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_orders_that_fit_stand_as_they_are(position: int, lots: list[int]) -> None:
    alive = [(-1, level + 1, each, None) for level, each in enumerate(lots)]
    s = situation(position, alive, [(0, each) for each in lots], REDUCE_ONLY)
    restrict(s)
    if sum(lots) <= position:
        assert s.ladder.ask_lots[: len(lots)] == lots
    else:
        assert 0 in s.ladder.ask_lots[: len(lots)]
