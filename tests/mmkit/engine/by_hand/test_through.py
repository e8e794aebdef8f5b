"""A venue rule that lets an order execute only where the market is so far beyond its price: here two ticks."""

from typing import Any

import pytest

import mmkit

POST = mmkit.POST_ONLY


def lots(result: Any) -> list[tuple[int, int, int]]:
    """Returns the fills as venue time, order and lots."""
    return [(fill[0], fill[5], fill[4]) for fill in result.fills]


@pytest.mark.parametrize(("tick", "filled"), [(99, []), (98, []), (97, [(2000, 1, 5)]), (96, [(2000, 1, 5)])])
def test_a_trade_fills_only_far_enough_through(market: Any, play: Any, tick: int, filled: list[Any]) -> None:
    market.sold(2000, tick, 30).until(5000)
    assert lots(play(market, {1000: [("buy", 99, 5, POST)]}, venue="two-through")) == filled


@pytest.mark.parametrize(("tick", "filled"), [(101, []), (102, []), (103, [(2000, 1, 5)])])
def test_so_does_a_trade_above_an_ask(market: Any, play: Any, tick: int, filled: list[Any]) -> None:
    market.bought(2000, tick, 30).until(5000)
    assert lots(play(market, {1000: [("sell", 101, 5, POST)]}, venue="two-through")) == filled


@pytest.mark.parametrize(("tick", "filled"), [(99, []), (98, []), (97, [(2000, 1, 5)])])
def test_the_other_side_fills_only_far_enough_through(market: Any, play: Any, tick: int, filled: list[Any]) -> None:
    market.bid(2000, 99, 0).bid(2000, 98, 0).bid(2000, 97, 5).ask(2000, tick, 30).until(5000)
    assert lots(play(market, {1000: [("buy", 99, 5, POST)]}, venue="two-through")) == filled


def test_of_two_orders_the_better_one_is_further_through(market: Any, play: Any) -> None:
    market.sold(2000, 98, 30).until(5000)
    script = {1000: [("buy", 99, 5, POST), ("buy", 100, 4, POST)]}
    assert lots(play(market, script, venue="two-through")) == [(2000, 2, 4)]


def test_what_the_market_left_standing_is_there_for_the_next_order(market: Any, play: Any) -> None:
    # Both orders are reached; the one that is not far enough through leaves what is shown to nobody.
    market.bid(2000, 99, 0).ask(2000, 98, 3).until(5000)
    script = {1000: [("buy", 99, 5, POST), ("buy", 100, 4, POST)]}
    assert lots(play(market, script, venue="two-through")) == [(2000, 2, 3)]


def test_at_another_instruments_venue_orders_fill_as_ever(market: Any, play: Any) -> None:
    market.sold(2000, 98, 30).until(5000)
    other = {"market": type(market)().book(0, {99: 10}, {101: 10}).sold(2000, 98, 30).until(5000)}
    rules = '[hedging]\nuse = "script-hedge"\ninstruments = ["Y"]\n'
    result = play(
        market,
        {1000: [("buy", 99, 5, POST)]},
        venue="two-through",
        others={"Y": other},
        rules=rules,
        hedges={1000: [(0, "buy", 99, 5, POST)]},
    )
    assert [(fill[0], fill[4]) for fill in result.fills] == [(2000, 5)]
    assert result.run.fills["instrument"].to_list() == ["Y"]
