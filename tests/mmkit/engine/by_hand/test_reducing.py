"""Orders that the venue alters or refuses as they arrive: post-only ones that would take, reduce-only ones that would open."""

from typing import Any

import pytest

import mmkit
from mmkit.engine.records import NOTHING, PLACING, SENT, WORKING

POST = mmkit.POST_ONLY
LIMIT = mmkit.LIMIT
MARKET = mmkit.MARKET


@pytest.mark.parametrize(("order", "rests"), [(("buy", 103, 5, POST), 100), (("sell", 97, 5, POST), 100)])
def test_a_post_only_order_that_would_take_is_repriced_a_tick_off_the_other_side(
    market: Any, play: Any, order: Any, rests: int
) -> None:
    market.sold(2000, 100, 2).bought(2001, 100, 2).until(5000)
    result = play(market, {1000: [order], 1030: [], 1500: []}, post_only="reprice")
    assert result.at(1030)[3] == {1: (WORKING, NOTHING, 5)}
    assert result.ticks(1030) == [rests]
    assert [fill[3:5] for fill in result.fills] == [(rests, 2)]
    assert result.orders["rejected"] == 0


def test_one_that_would_take_is_refused_and_counted_where_the_venue_does_not_reprice(market: Any, play: Any) -> None:
    result = play(market.until(5000), {1000: [("buy", 101, 5, POST), ("buy", 99, 5, POST)], 1030: []})
    assert list(result.at(1030)[3]) == [2]
    assert result.orders["rejected"] == 1


def test_one_that_would_not_take_is_left_where_it_was_asked(market: Any, play: Any) -> None:
    result = play(
        market.until(5000), {1000: [("buy", 100, 5, POST), ("sell", 102, 5, POST)], 1030: []}, post_only="reprice"
    )
    assert result.ticks(1030) == [100, 102]


def test_the_price_that_was_asked_stays_taken_until_the_repriced_one_is_known(market: Any, play: Any) -> None:
    script: Any = {1000: [("buy", 101, 5, POST)], 1029: [], 1030: []}
    result = play(market.until(5000), script, post_only="reprice")
    assert result.at(1029)[3] == {1: (SENT, PLACING, 5)}
    assert 101 in result.ticks(1029)
    assert result.ticks(1030) == [100]


@pytest.mark.parametrize("kind", [POST, LIMIT, MARKET])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_reduce_only_order_is_refused_without_a_position(market: Any, play: Any, kind: int, side: str) -> None:
    tick = {POST: {"buy": 99, "sell": 101}, LIMIT: {"buy": 101, "sell": 99}, MARKET: {"buy": 0, "sell": 0}}[kind][side]
    result = play(market.until(5000), {1000: [(f"reduce-{side}", tick, 5, kind)], 1030: []})
    assert (result.fills, result.at(1030)[3], result.orders["rejected"]) == ([], {}, 1)


def test_one_that_would_add_to_the_position_is_refused(market: Any, play: Any) -> None:
    script = {1000: [("buy", 101, 3, LIMIT)], 2000: [("reduce-buy", 101, 3, LIMIT), ("reduce-buy", 99, 3, POST)]}
    result = play(market.until(5000), script)
    assert (len(result.fills), result.orders["rejected"]) == (1, 2)


@pytest.mark.parametrize(("kind", "tick"), [(LIMIT, 98), (MARKET, 0)])
def test_one_that_takes_is_trimmed_to_the_position(market: Any, play: Any, kind: int, tick: int) -> None:
    # 15 are held; 10 are bid at 99 and 20 at 98: the sweep ends after 5 of those.
    script = {1000: [("buy", 102, 15, LIMIT)], 2000: [("reduce-sell", tick, 40, kind)], 2030: []}
    result = play(market.until(5000), script)
    assert [fill[3:5] for fill in result.fills[-2:]] == [(99, 10), (98, 5)]
    assert result.run.summary["position"] == {"X": 0.0}
    assert (result.at(2030)[3], result.orders["expired"]) == ({}, 0)


def test_one_that_rests_is_trimmed_and_we_are_told(market: Any, play: Any) -> None:
    market.bought(3000, 102, 50).until(5000)
    script = {1000: [("buy", 101, 4, LIMIT)], 2000: [("reduce-sell", 101, 9, POST)], 2029: [], 2030: []}
    result = play(market, script)
    assert result.at(2029)[3] == {2: (SENT, PLACING, 9)}
    assert result.at(2030)[3] == {2: (WORKING, NOTHING, 4)}
    assert result.outstanding(2030) == (0, 4)
    assert result.run.summary["position"] == {"X": 0.0}


@pytest.mark.parametrize("partial", ["true", "false"])
def test_one_that_rests_never_turns_a_position_that_another_order_has_shrunk(
    market: Any, play: Any, partial: str
) -> None:
    # 6 held, all of them in the resting order; then 4 are sold otherwise: 2 are left to reduce.
    market.bought(3000, 103, 50).until(5000)
    script = {
        1000: [("buy", 101, 6, LIMIT)],
        2000: [("reduce-sell", 102, 6, POST)],
        2500: [("sell", 99, 4, LIMIT)],
    }
    result = play(market, script, partial=partial)
    assert [(fill[2], fill[4]) for fill in result.fills] == [(1, 6), (-1, 4), (-1, 2)]
    assert result.run.summary["position"] == {"X": 0.0}


def test_two_that_rest_close_the_position_once(market: Any, play: Any) -> None:
    market.bought(3000, 103, 50).bought(3001, 103, 50).until(5000)
    script = {1000: [("buy", 101, 6, LIMIT)], 2000: [("reduce-sell", 102, 6, POST), ("reduce-sell", 101, 4, POST)]}
    result = play(market, script)
    assert [(fill[3], fill[4]) for fill in result.fills[1:]] == [(101, 4), (102, 2)]
    assert result.run.summary["position"] == {"X": 0.0}


def test_the_book_reaching_one_that_rests_does_not_turn_the_position(market: Any, play: Any) -> None:
    market.bid(3000, 102, 30).until(5000)
    script = {
        1000: [("buy", 101, 6, LIMIT)],
        2000: [("reduce-sell", 102, 6, POST)],
        2500: [("sell", 99, 4, LIMIT)],
    }
    result = play(market, script)
    assert result.fills[-1][:5] == (3000, 3020, -1, 102, 2)
    assert result.run.summary["position"] == {"X": 0.0}


@pytest.mark.parametrize("tick", [99, 102])
def test_one_that_is_amended_above_the_position_does_not_turn_it(market: Any, play: Any, tick: int) -> None:
    market.bought(4000, 103, 50).until(5000)
    script = {
        1000: [("buy", 101, 4, LIMIT)],
        2000: [("reduce-sell", 101, 4, LIMIT)],
        3000: [("amend", 2, tick, 9)],
        3500: [],
    }
    result = play(market, script)
    assert result.run.summary["position"] == {"X": 0.0}
    assert result.outstanding(3500)[1] <= 4


def test_a_short_position_is_reduced_by_buying(market: Any, play: Any) -> None:
    script = {1000: [("sell", 99, 4, LIMIT)], 2000: [("reduce-buy", 0, 9, MARKET)]}
    result = play(market.until(5000), script)
    assert [fill[2:5] for fill in result.fills] == [(-1, 99, 4), (1, 101, 4)]


def test_one_that_is_repriced_and_refused_all_the_same_is_gone(market: Any, play: Any) -> None:
    script: Any = {1000: [("reduce-sell", 99, 5, POST)], 1029: [], 1030: [], 2000: [("sell", 99, 5, POST)], 2030: []}
    result = play(market.until(5000), script, post_only="reprice")
    assert (result.at(1030)[3], result.ticks(1030), result.orders["rejected"]) == ({}, [], 1)
    assert result.ticks(2030) == [100]
