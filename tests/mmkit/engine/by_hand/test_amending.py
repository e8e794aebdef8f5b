"""Amendments: what they do to an order's place in the queue, what comes too late, and what counts while one is under way."""

from typing import Any

import pytest

import mmkit
from mmkit.engine.records import AMENDING, NOTHING, WORKING

POST = mmkit.POST_ONLY
BUY = ("buy", 99, 5, POST)
KEEP = "keep-on-decrease"


def lots(result: Any) -> list[tuple[int, int, int]]:
    """Returns the fills as venue time, tick and lots."""
    return [(fill[0], fill[3], fill[4]) for fill in result.fills]


@pytest.mark.parametrize(
    ("amend", "total", "expected"),
    [
        # 6 of the 10 ahead are gone when the amendment arrives: 4 are ahead of an order that keeps its place.
        ("requeue", 3, []),
        (KEEP, 3, [(3000, 99, 2)]),
        (KEEP, 8, []),
        ("requeue", 8, []),
    ],
)
def test_only_a_decrease_at_a_venue_that_honours_it_keeps_the_place(
    market: Any, play: Any, amend: str, total: int, expected: list[Any]
) -> None:
    market.sold(1500, 99, 6).sold(3000, 99, 6).until(5000)
    result = play(market, {1000: [BUY], 2000: [("amend", 1, 99, total)]}, amend=amend)
    assert lots(result) == expected
    assert result.orders["amended"] == 1


@pytest.mark.parametrize("amend", ["requeue", KEEP])
def test_at_the_back_the_whole_level_is_ahead_again(market: Any, play: Any, amend: str) -> None:
    market.sold(1500, 99, 6).sold(3000, 99, 10).sold(3001, 99, 6).sold(3002, 99, 50).until(5000)
    result = play(market, {1000: [BUY], 2000: [("amend", 1, 99, 8)]}, amend=amend)
    assert lots(result) == [(3001, 99, 6), (3002, 99, 2)]


@pytest.mark.parametrize("amend", ["requeue", KEEP])
@pytest.mark.parametrize("total", [3, 5])
def test_another_price_means_the_back_of_its_queue(market: Any, play: Any, amend: str, total: int) -> None:
    # 20 stand at 98; what trades at 99 no longer concerns the order.
    market.sold(2500, 99, 50).sold(3000, 98, 21).sold(3001, 98, 50).until(5000)
    result = play(market, {1000: [BUY], 2000: [("amend", 1, 98, total)]}, amend=amend)
    assert lots(result) == [(3000, 98, 1), (3001, 98, total - 1)]


def test_behind_an_own_order_at_its_new_price_it_comes_second(market: Any, play: Any) -> None:
    market.sold(3000, 100, 4).until(5000)
    script = {1000: [BUY, ("buy", 100, 3, POST)], 2000: [("amend", 1, 100, 5)]}
    result = play(market, script)
    assert [(fill[5], fill[4]) for fill in result.fills] == [(2, 3), (1, 1)]


@pytest.mark.parametrize(("total", "left"), [(0, 0), (1, 0), (2, 0), (3, 1), (5, 3), (9, 7)])
def test_a_total_counts_what_is_executed_and_not_above_that_cancels_the_rest(
    market: Any, play: Any, total: int, left: int
) -> None:
    market.sold(1500, 99, 12).sold(3000, 98, 50).until(5000)
    result = play(market, {1000: [BUY], 2000: [("amend", 1, 99, total)], 2030: [], 4000: []})
    assert result.fills[0][4] == 2
    assert sum(fill[4] for fill in result.fills[1:]) == left
    assert result.at(2030)[3] == ({1: (WORKING, NOTHING, left)} if left else {})
    assert (result.orders["cancelled"], result.orders["amended"]) == (int(not left), int(left > 0))


@pytest.mark.parametrize("post_only", ["reject", "reprice"])
def test_a_post_only_order_amended_across_the_book_is_cancelled(market: Any, play: Any, post_only: str) -> None:
    script = {1000: [BUY], 2000: [("amend", 1, 101, 5)], 2029: [], 2030: []}
    result = play(market.until(5000), script, post_only=post_only)
    assert result.fills == []
    assert result.at(2029)[3] == {1: (WORKING, AMENDING, 5)}
    assert result.at(2030)[3] == {}
    assert (result.orders["cancelled"], result.orders["amended"], result.orders["rejected"]) == (1, 0, 0)


def test_a_limit_order_amended_across_the_book_takes_and_its_rest_stands(market: Any, play: Any) -> None:
    market.sold(4000, 101, 2).until(5000)
    script = {1000: [("buy", 99, 5, mmkit.LIMIT)], 2000: [("amend", 1, 101, 12)], 2030: [], 4500: []}
    result = play(market, script)
    assert [fill[:5] + fill[6:] for fill in result.fills] == [
        (2010, 2030, 1, 101, 10, False),
        (4000, 4020, 1, 101, 2, True),
    ]
    assert result.at(2030)[3] == {1: (WORKING, NOTHING, 2)}
    assert result.at(4500)[3] == {}
    assert result.run.summary["position"] == {"X": 12.0}


def test_a_venue_without_amendments_refuses_and_the_order_stands_where_it_was(market: Any, play: Any) -> None:
    market.sold(1500, 99, 6).sold(3000, 99, 6).until(5000)
    result = play(market, {1000: [BUY], 2000: [("amend", 1, 98, 9)], 2029: [], 2030: []}, amend="none")
    assert result.at(2029)[3] == {1: (WORKING, AMENDING, 5)}
    assert result.at(2030)[3] == {1: (WORKING, NOTHING, 5)}
    assert (result.outstanding(2029), result.outstanding(2030)) == ((9, 0), (5, 0))
    assert (result.ticks(2029), result.ticks(2030)) == ([98, 99], [99])
    assert lots(result) == [(3000, 99, 2)]
    assert result.orders["amended"] == 0
    assert [line for line in result.run.log if "not amended" in line] == [
        "1970-01-01T00:00:00.000002030Z error order 1 not amended: +5 at 99"
    ]


@pytest.mark.parametrize("traded", [2001, 2010])
def test_an_amendment_of_what_has_been_executed_meanwhile_is_too_late(market: Any, play: Any, traded: int) -> None:
    market.sold(traded, 99, 50).until(5000)
    script = {1000: [BUY], 2000: [("amend", 1, 98, 9)], 2029: [], 2031: [BUY], 2061: []}
    result = play(market, script)
    assert lots(result) == [(traded, 99, 5)]
    assert result.at(2031)[3] == {}
    assert (result.outstanding(2031), result.ticks(2031)) == ((0, 0), [])
    assert result.at(2061)[3] == {2: (WORKING, NOTHING, 5)}
    assert result.orders["amended"] == 0


def test_one_that_came_too_late_does_not_touch_the_order_that_took_its_place(market: Any, play: Any) -> None:
    # The fill of order 1 is known at 2021, order 2 is sent at 2022, and at 2030 the amendment of order 1 is answered.
    market.sold(2001, 99, 50).until(5000)
    script = {1000: [BUY], 2000: [("amend", 1, 98, 9)], 2022: [("buy", 97, 4, POST)], 2031: [], 2052: []}
    result = play(market, script)
    assert (result.outstanding(2031), result.ticks(2031)) == ((4, 0), [97])
    assert result.at(2052)[3] == {2: (WORKING, NOTHING, 4)}


@pytest.mark.parametrize(("total", "before", "after"), [(8, 6, 6), (5, 3, 3), (3, 3, 1), (2, 3, 0)])
def test_under_way_it_counts_at_its_largest(market: Any, play: Any, total: int, before: int, after: int) -> None:
    # Of 5 lots 2 are executed.
    market.sold(1500, 99, 12).until(5000)
    result = play(market, {1000: [BUY], 2000: [("amend", 1, 99, total)], 2001: [], 2029: [], 2030: []})
    assert [result.outstanding(time)[0] for time in (2000, 2001, 2029, 2030)] == [3, before, before, after]


def test_both_its_prices_are_taken_until_the_answer_is_known(market: Any, play: Any) -> None:
    script: Any = {1000: [BUY], 2000: [("amend", 1, 97, 5)], 2009: [], 2010: [], 2029: [], 2030: []}
    result = play(market.until(5000), script)
    assert [result.ticks(time) for time in (2000, 2009, 2010, 2029, 2030)] == [[99], [97, 99], [97, 99], [97, 99], [97]]


def test_what_executes_before_it_arrives_is_part_of_the_new_total(market: Any, play: Any) -> None:
    market.sold(2005, 99, 12).sold(3000, 97, 50).until(5000)
    script = {1000: [BUY], 2000: [("amend", 1, 98, 5)], 2024: [], 2025: [], 2030: []}
    result = play(market, script)
    assert lots(result) == [(2005, 99, 2), (3000, 98, 3)]
    assert [result.outstanding(time)[0] for time in (2024, 2025, 2030)] == [5, 3, 3]
    assert result.at(2025)[3] == {1: (WORKING, AMENDING, 3)}
    assert result.at(2030)[3] == {1: (WORKING, NOTHING, 3)}


def test_what_executes_before_it_arrives_can_leave_nothing_to_amend(market: Any, play: Any) -> None:
    market.sold(2005, 99, 14).until(5000)
    result = play(market, {1000: [BUY], 2000: [("amend", 1, 99, 3)], 2030: []})
    assert lots(result) == [(2005, 99, 4)]
    assert result.at(2030)[3] == {}
    assert (result.orders["cancelled"], result.orders["amended"]) == (1, 0)


def test_what_executes_before_the_answer_is_known_comes_after_it(market: Any, play: Any) -> None:
    market.sold(2015, 99, 12).until(5000)
    script = {1000: [BUY], 2000: [("amend", 1, 99, 3)], 2030: [], 2034: [], 2035: []}
    result = play(market, script, amend=KEEP)
    assert lots(result) == [(2015, 99, 2)]
    assert [result.at(time)[3] for time in (2030, 2034, 2035)] == [
        {1: (WORKING, NOTHING, 3)},
        {1: (WORKING, NOTHING, 3)},
        {1: (WORKING, NOTHING, 1)},
    ]


def test_one_after_another_each_counts_from_what_stood(market: Any, play: Any) -> None:
    market.sold(4000, 96, 50).until(5000)
    script = {1000: [BUY], 2000: [("amend", 1, 98, 8)], 2030: [("amend", 1, 97, 2)], 2060: [("amend", 1, 98, 4)]}
    result = play(market, {**script, 2090: []})
    assert result.at(2090)[3] == {1: (WORKING, NOTHING, 4)}
    assert lots(result) == [(4000, 98, 4)]
    assert result.orders == {"submitted": 1, "cancelled": 0, "rejected": 0, "expired": 0, "amended": 3}


def test_a_cancel_after_an_amendment_takes_all_of_it_back(market: Any, play: Any) -> None:
    market.sold(3000, 97, 50).until(5000)
    script = {1000: [BUY], 2000: [("amend", 1, 98, 8)], 2030: [("cancel", 1)], 2060: []}
    result = play(market, script)
    assert (result.fills, result.at(2060)[3], result.outstanding(2060)) == ([], {}, (0, 0))
