"""Orders that meet the other side when they arrive: refused, taking level by level, resting, expiring."""

from typing import Any

import pytest

import mmkit


@pytest.mark.parametrize(("verb", "tick"), [("buy", 101), ("buy", 105), ("sell", 99), ("sell", 90)])
def test_a_post_only_order_that_would_take_is_refused(market: Any, play: Any, verb: str, tick: int) -> None:
    result = play(market.until(5000), {1000: [(verb, tick, 5, mmkit.POST_ONLY)], 1029: [], 1030: []})
    assert result.fills == []
    assert (result.orders["rejected"], result.orders["submitted"]) == (1, 1)
    assert list(result.at(1029)[3]) == [1]
    assert list(result.at(1030)[3]) == []


def test_it_is_the_venues_book_at_arrival_that_refuses(market: Any, play: Any) -> None:
    # At 1000 nobody here knows that the best ask has come down to 100; it does so before the order arrives.
    market.ask(1009, 100, 5).until(5000)
    assert play(market, {1000: [("buy", 100, 5, mmkit.POST_ONLY)]}).orders["rejected"] == 1
    assert play(market, {998: [("buy", 100, 5, mmkit.POST_ONLY)]}).orders["rejected"] == 0


def test_a_marketable_order_walks_the_book_level_by_level(market: Any, play: Any) -> None:
    result = play(market.until(5000), {1000: [("buy", 102, 25, mmkit.LIMIT)]})
    assert result.fills == [(1010, 1030, 1, 101, 10, 1, False), (1010, 1030, 1, 102, 15, 1, False)]
    assert result.orders["expired"] == 0


def test_the_other_side_walks_down(market: Any, play: Any) -> None:
    result = play(market.until(5000), {1000: [("sell", 98, 30, mmkit.LIMIT)]})
    assert result.fills == [(1010, 1030, -1, 99, 10, 1, False), (1010, 1030, -1, 98, 20, 1, False)]


def test_what_is_left_of_a_limit_order_rests_at_its_price(market: Any, play: Any) -> None:
    market.sold(2000, 102, 3).until(5000)
    result = play(market, {1000: [("buy", 102, 35, mmkit.LIMIT)], 1030: []})
    assert [fill[3:] for fill in result.fills] == [(101, 10, 1, False), (102, 20, 1, False), (102, 3, 1, True)]
    assert result.at(1030)[3][1][2] == 5


def test_it_takes_nothing_beyond_its_price(market: Any, play: Any) -> None:
    result = play(market.until(5000), {1000: [("buy", 101, 12, mmkit.LIMIT)]})
    assert [fill[3:] for fill in result.fills] == [(101, 10, 1, False)]


def test_what_we_took_is_not_there_a_second_time(market: Any, play: Any) -> None:
    # The recording still has the 10 lots at 101: its takers were not us.
    result = play(market.until(5000), {1000: [("buy", 101, 6, mmkit.LIMIT)], 1100: [("buy", 101, 7, mmkit.LIMIT)]})
    assert [fill[3:6] for fill in result.fills[:2]] == [(101, 6, 1), (101, 4, 2)]


def test_new_quantity_at_a_level_that_we_emptied_reaches_the_rest(market: Any, play: Any) -> None:
    market.ask(2000, 101, 14).until(5000)
    result = play(market, {1000: [("buy", 101, 12, mmkit.LIMIT)]})
    assert result.fills == [(1010, 1030, 1, 101, 10, 1, False), (2000, 2020, 1, 101, 2, 1, True)]


def test_a_market_order_takes_what_there_is_and_its_rest_expires(market: Any, play: Any) -> None:
    result = play(market.until(5000), {1000: [("sell", 0, 40, mmkit.MARKET)], 1029: [], 1030: []})
    assert result.fills == [(1010, 1030, -1, 99, 10, 1, False), (1010, 1030, -1, 98, 20, 1, False)]
    assert result.orders["expired"] == 1
    assert list(result.at(1029)[3]) == [1]
    assert list(result.at(1030)[3]) == []
    assert result.run.summary["position"] == {"X": -30.0}


def test_a_market_order_that_finds_enough_does_not_expire(market: Any, play: Any) -> None:
    result = play(market.until(5000), {1000: [("buy", 0, 12, mmkit.MARKET)]})
    assert [fill[3:] for fill in result.fills] == [(101, 10, 1, False), (102, 2, 1, False)]
    assert result.orders["expired"] == 0


def test_whole_orders_take_all_at_the_best_price(market: Any, play: Any) -> None:
    script = {1000: [("buy", 105, 50, mmkit.LIMIT), ("sell", 0, 50, mmkit.MARKET)]}
    result = play(market.until(5000), script, partial="false")
    assert [fill[2:] for fill in result.fills] == [(1, 101, 50, 1, False), (-1, 99, 50, 2, False)]


def test_the_mid_of_a_taking_fill_is_the_market_it_met(market: Any, play: Any) -> None:
    market.ask(900, 103, 5).until(5000)
    result = play(market, {1000: [("buy", 103, 40, mmkit.LIMIT)]})
    assert result.run.fills["mid"].to_list() == [100.0] * len(result.fills)
