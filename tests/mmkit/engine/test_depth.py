"""Reading levels of the book, against dicts of levels; plain and compiled."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit.engine import depth
from mmkit.engine.binding import bind
from mmkit.engine.records import NO_ASK, NO_BID

WINDOW = 64
BASE = 1000


class View(NamedTuple):
    bid_ticks: int
    ask_ticks: int
    base: int = BASE


levels = st.dictionaries(st.integers(BASE, BASE + WINDOW - 1), st.integers(1, 10**12), max_size=12)
ticks = st.one_of(st.integers(BASE - 5, BASE + WINDOW + 5), st.sampled_from([NO_BID, NO_ASK]))
sides = st.sampled_from([1, -1])


def book_of(bids: dict[int, int], asks: dict[int, int]) -> list[int]:
    book = [0] * (2 * WINDOW)
    for side, there in enumerate((bids, asks)):
        for tick, lots in there.items():
            book[2 * (tick - BASE) + side] = lots
    return book


def view_of(bids: dict[int, int], asks: dict[int, int]) -> View:
    return View(max(bids, default=NO_BID), min(asks, default=NO_ASK))


@given(levels, levels, sides, ticks)
def test_lots_are_those_of_the_level_and_none_outside_of_the_window(
    bids: dict[int, int], asks: dict[int, int], side: int, tick: int
) -> None:
    wanted = (bids if side > 0 else asks).get(tick, 0)
    assert mmkit.lots_at(book_of(bids, asks), view_of(bids, asks), side, tick) == wanted


@given(levels, levels, sides, ticks, st.integers(-3, 2 * WINDOW))
def test_the_next_level_is_the_nearest_one_behind_a_tick_within_the_bound(
    bids: dict[int, int], asks: dict[int, int], side: int, tick: int, within: int
) -> None:
    if side > 0:
        wanted = max((t for t in bids if tick - within <= t < tick), default=NO_BID)
    else:
        wanted = min((t for t in asks if tick < t <= tick + within), default=NO_ASK)
    assert mmkit.next_level(book_of(bids, asks), view_of(bids, asks), side, tick, within) == wanted


@given(levels, levels, sides, st.integers(1, 15), st.integers(0, WINDOW))
def test_the_lots_within_are_those_of_the_best_levels_near_the_best(
    bids: dict[int, int], asks: dict[int, int], side: int, count: int, reach: int
) -> None:
    there = bids if side > 0 else asks
    near = sorted(there, reverse=side > 0)[:count]
    wanted = sum(there[t] for t in near if abs(t - near[0]) <= reach)
    assert mmkit.lots_within(book_of(bids, asks), view_of(bids, asks), side, count, reach) == wanted


def test_a_best_price_outside_of_the_window_has_nothing_to_read() -> None:
    book = book_of({BASE + 3: 5}, {BASE: 7})
    view = View(BASE + WINDOW + 10, BASE - 10)
    assert mmkit.best_tick(view, 1) == BASE + WINDOW + 10
    assert mmkit.lots_within(book, view, 1, 5, 1000) == 0
    assert mmkit.next_level(book, view, 1, BASE + WINDOW + 10, 1000) == BASE + 3
    assert mmkit.next_level(book, view, -1, BASE - 10, 10) == BASE


def test_a_market_without_a_book_has_no_levels() -> None:
    for book in ([], [0]):
        assert mmkit.lots_at(book, View(5, 6, 0), 1, 0) == 0
        assert mmkit.next_level(book, View(5, 6, 0), 1, 5, 100) == NO_BID
        assert mmkit.next_level(book, View(5, 6, 0), -1, 6, 100) == NO_ASK


@pytest.fixture(scope="module")
def compiled() -> Callable[..., Any]:
    import numba

    def make(function: Any) -> Any:
        return numba.njit(function, error_model="python")

    found: Callable[..., Any] = bind(every_answer, {}, make, {})
    return found


def every_answer(book: Any, market: Any, side: int, tick: int, within: int) -> Any:
    return (
        mmkit.best_tick(market, side),
        mmkit.lots_at(book, market, side, tick),
        mmkit.next_level(book, market, side, tick, within),
        mmkit.lots_within(book, market, side, 4, within),
    )


def situations() -> Iterator[tuple[dict[int, int], dict[int, int]]]:
    rng = np.random.default_rng(5)
    for _ in range(60):
        yield tuple(  # type: ignore[misc]
            {
                int(t): int(q)
                for t, q in zip(rng.integers(BASE, BASE + WINDOW, n), rng.integers(1, 2**40, n), strict=True)
            }
            for n in rng.integers(0, 10, 2)
        )


def test_compiled_answers_are_the_plain_ones(compiled: Callable[..., Any]) -> None:
    rng = np.random.default_rng(6)
    for bids, asks in situations():
        book, view = book_of(bids, asks), view_of(bids, asks)
        array = np.array(book, np.int64)
        for side in (1, -1):
            for tick in (*map(int, rng.integers(BASE - 5, BASE + WINDOW + 5, 5)), NO_BID, NO_ASK):
                within = int(rng.integers(-1, 80))
                assert compiled(array, view, side, tick, within) == every_answer(book, view, side, tick, within)


def test_authors_find_the_functions_in_mmkit() -> None:
    assert mmkit.lots_at is depth.lots_at
    assert (mmkit.NO_BID, mmkit.NO_ASK) == (NO_BID, NO_ASK)
