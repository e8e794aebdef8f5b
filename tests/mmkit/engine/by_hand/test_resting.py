"""Orders that rest: trades at and through their price, the other side reaching them, their place in the queue."""

from typing import Any

import pytest

import mmkit

POST = mmkit.POST_ONLY


def lots(result: Any) -> list[tuple[int, int, int]]:
    """Returns the fills as venue time, order and lots."""
    return [(fill[0], fill[5], fill[4]) for fill in result.fills]


def test_trades_use_up_what_stands_ahead_before_they_reach_the_order(market: Any, play: Any) -> None:
    market.sold(2000, 99, 6).sold(2001, 99, 4).sold(2002, 99, 3).sold(2003, 99, 9).until(5000)
    result = play(market, {1000: [("buy", 99, 5, POST)]})
    assert lots(result) == [(2002, 1, 3), (2003, 1, 2)]


def test_a_trade_on_the_other_side_does_nothing(market: Any, play: Any) -> None:
    market.bought(2000, 99, 50).bought(2001, 101, 50).until(5000)
    assert play(market, {1000: [("buy", 99, 5, POST)]}).fills == []


def test_an_ask_is_filled_by_buyers(market: Any, play: Any) -> None:
    market.bought(2000, 101, 13).until(5000)
    result = play(market, {1000: [("sell", 101, 5, POST)]})
    assert result.fills == [(2000, 2020, -1, 101, 3, 1, True)]


@pytest.mark.parametrize(("partial", "expected"), [("true", 2), ("false", 5)])
def test_a_trade_through_the_price_fills_whatever_stood_ahead(
    market: Any, play: Any, partial: str, expected: int
) -> None:
    market.sold(2000, 98, 2).until(5000)
    result = play(market, {1000: [("buy", 99, 5, POST)]}, partial=partial)
    assert result.fills == [(2000, 2020, 1, 99, expected, 1, True)]


def test_one_trade_is_shared_among_own_orders_better_price_first(market: Any, play: Any) -> None:
    # The order at 98 is older, those at 100 and 99 have better prices.
    market.sold(2000, 98, 9).until(5000)
    script = {1000: [("buy", 98, 4, POST), ("buy", 100, 3, POST), ("buy", 99, 4, POST)]}
    assert lots(play(market, script)) == [(2000, 2, 3), (2000, 3, 4)]


def test_at_one_price_the_older_order_comes_first(market: Any, play: Any) -> None:
    market.sold(2000, 100, 5).sold(2001, 100, 1).until(5000)
    script = {1000: [("buy", 100, 3, POST), ("buy", 100, 4, POST)]}
    assert lots(play(market, script)) == [(2000, 1, 3), (2000, 2, 2), (2001, 2, 1)]


def test_own_orders_at_one_price_share_only_what_got_past_the_queue(market: Any, play: Any) -> None:
    # 10 lots of others stand ahead of both: 4 of the 14 reach us.
    market.sold(2000, 99, 14).until(5000)
    script = {1000: [("buy", 99, 3, POST), ("buy", 99, 5, POST)]}
    assert lots(play(market, script)) == [(2000, 1, 3), (2000, 2, 1)]


def test_what_a_better_own_order_took_does_not_move_up_the_queue_at_the_next_price(market: Any, play: Any) -> None:
    # Of 23 lots 2 went to the order at 99: 21 came to the 20 that stand at 98.
    market.sold(2000, 98, 23).until(5000)
    script = {1000: [("buy", 99, 2, POST), ("buy", 98, 5, POST)]}
    assert lots(play(market, script)) == [(2000, 1, 2), (2000, 2, 1)]


def test_an_execution_never_exceeds_the_trade(market: Any, play: Any) -> None:
    market.sold(2000, 97, 6).until(5000)
    script = {1000: [("buy", 100, 2, POST), ("buy", 99, 3, POST), ("buy", 98, 50, POST)]}
    assert lots(play(market, script)) == [(2000, 1, 2), (2000, 2, 3), (2000, 3, 1)]


def test_whole_orders_execute_whole_each(market: Any, play: Any) -> None:
    market.sold(2000, 98, 1).until(5000)
    script = {1000: [("buy", 100, 3, POST), ("buy", 99, 4, POST), ("buy", 98, 4, POST)]}
    assert lots(play(market, script, partial="false")) == [(2000, 1, 3), (2000, 2, 4)]


@pytest.mark.parametrize(("partial", "expected"), [("true", [(2000, 1, 3)]), ("false", [(2000, 1, 5)])])
def test_the_best_ask_coming_down_to_a_bid_fills_it(market: Any, play: Any, partial: str, expected: Any) -> None:
    market.bid(2000, 99, 0).ask(2000, 99, 3).until(5000)
    result = play(market, {1000: [("buy", 99, 5, POST)]}, partial=partial)
    assert lots(result) == expected
    assert result.fills[0][3] == 99
    assert result.fills[0][6] is True


def test_only_new_quantity_on_the_crossing_level_fills_more(market: Any, play: Any) -> None:
    market.bid(2000, 99, 0).ask(2000, 99, 3).ask(2001, 99, 3).ask(2002, 99, 4).until(5000)
    assert lots(play(market, {1000: [("buy", 99, 5, POST)]})) == [(2000, 1, 3), (2002, 1, 1)]


def test_crossing_levels_are_shared_among_own_orders_better_price_first(market: Any, play: Any) -> None:
    market.bid(2000, 99, 0).bid(2000, 98, 0).ask(2000, 98, 2).ask(2000, 99, 3).until(5000)
    script = {1000: [("buy", 98, 9, POST), ("buy", 99, 4, POST)]}
    # The order at 99 gets the two lots at 98 and two of those at 99: nothing is left at 98.
    assert lots(play(market, script)) == [(2000, 2, 4)]


def test_the_best_bid_coming_up_to_an_ask_fills_it(market: Any, play: Any) -> None:
    market.ask(2000, 101, 0).bid(2000, 101, 2).until(5000)
    result = play(market, {1000: [("sell", 101, 5, POST)]})
    assert result.fills == [(2000, 2020, -1, 101, 2, 1, True)]


def test_the_mid_of_a_fill_is_that_just_before_the_event(market: Any, play: Any) -> None:
    market.bid(2000, 99, 0).ask(2000, 99, 5).until(5000)
    assert play(market, {1000: [("buy", 99, 5, POST)]}).run.fills["mid"].to_list() == [100.0]


def test_risk_averse_a_smaller_level_leaves_no_more_ahead_than_itself(market: Any, play: Any) -> None:
    market.bid(2000, 99, 4).bid(2001, 99, 50).sold(2002, 99, 5).until(5000)
    assert lots(play(market, {1000: [("buy", 99, 5, POST)]})) == [(2002, 1, 1)]


def test_risk_averse_a_decrease_that_leaves_enough_does_not_help(market: Any, play: Any) -> None:
    market.bid(1500, 99, 30).bid(2000, 99, 10).sold(2002, 99, 10).sold(2003, 99, 1).until(5000)
    assert lots(play(market, {1000: [("buy", 99, 5, POST)]})) == [(2003, 1, 1)]


def test_a_probabilistic_queue_moves_up_with_decreases(market: Any, play: Any) -> None:
    # front 10, back 10, 8 gone, exponent 3: half of it ahead. 6 stand ahead then.
    market.bid(1500, 99, 20).bid(2000, 99, 12).sold(2002, 99, 6).sold(2003, 99, 1).until(5000)
    assert lots(play(market, {1000: [("buy", 99, 5, POST)]}, model="power")) == [(2003, 1, 1)]


def test_the_level_at_arrival_is_what_stands_ahead(market: Any, play: Any) -> None:
    # 3 lots at 1009, before the arrival at 1010; the 40 that come later stand behind.
    market.bid(1009, 99, 3).bid(1011, 99, 43).sold(2000, 99, 4).until(5000)
    assert lots(play(market, {1000: [("buy", 99, 5, POST)]})) == [(2000, 1, 1)]


def test_at_a_price_where_nobody_stands_we_are_first(market: Any, play: Any) -> None:
    market.sold(2000, 100, 1).until(5000)
    assert lots(play(market, {1000: [("buy", 100, 5, POST)]})) == [(2000, 1, 1)]
