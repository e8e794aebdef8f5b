"""Across a gap in the data the book is unknown: own orders stay and do not fill, and the records say so."""

import math
from typing import Any

import polars as pl

import mmkit

POST = mmkit.POST_ONLY
BUY = ("buy", 99, 5, POST)


def gapped(market: Any) -> Any:
    """A gap from 2000 to 3000 in which trades would have filled everything, then the same book again."""
    market.gap(2000).sold(2500, 90, 1000).bought(2600, 110, 1000)
    return market.book(3000, {99: 10, 98: 20}, {101: 10, 102: 20})


def test_own_orders_are_kept_and_do_not_fill_in_a_gap(market: Any, play: Any) -> None:
    gapped(market).until(5000)
    result = play(market, {1000: [BUY, ("sell", 101, 5, POST)], 4000: []})
    assert result.fills == []
    assert list(result.at(4000)[3]) == [1, 2]


def test_after_the_gap_they_trade_again(market: Any, play: Any) -> None:
    gapped(market).sold(3500, 99, 12).until(5000)
    result = play(market, {1000: [BUY]})
    assert result.fills == [(3500, 3520, 1, 99, 2, 1, True)]


def test_a_book_that_comes_back_at_our_price_fills_us(market: Any, play: Any) -> None:
    market.gap(2000).book(3000, {96: 10}, {98: 10}).until(5000)
    result = play(market, {1000: [BUY]})
    assert result.fills == [(3000, 3020, 1, 99, 5, 1, True)]
    # Before the event there was no mid.
    assert math.isnan(result.run.fills["mid"][0])


def test_nothing_is_decided_while_the_book_is_unknown(market: Any, play: Any) -> None:
    gapped(market).until(5000)
    times = (2099, 2100, 2500, 3099, 3100)
    assert [now for now, *_ in play(market, {time: [] for time in times}).seen] == [2099, 3100]


def test_the_records_have_no_prices_in_a_gap_but_know_the_position(market: Any, play: Any) -> None:
    market.sold(1500, 99, 15)
    gapped(market).until(5000)
    result = play(market, {1000: [BUY]}, record_every="500ns")
    records = result.run.records
    unknown = records.filter(pl.col("time").is_between(2100, 3099))
    known = records.filter(~pl.col("time").is_between(2000, 3099) & (pl.col("time") >= 500))
    assert unknown["time"].to_list() == [2500, 3000]
    for column in ("bid", "ask"):
        assert unknown[column].is_nan().all()
        assert known[column].is_finite().all()
    # At 3000 the venue's book is there again, 100 ns before we know it.
    assert unknown["mid"].is_nan().to_list() == [True, False]
    assert unknown["position"].to_list() == [5.0, 5.0]
    assert unknown["equity"].is_nan().to_list() == [True, False]


def test_a_cancel_works_in_a_gap(market: Any, play: Any) -> None:
    # Decided before the gap is known, arriving in it.
    gapped(market).sold(3500, 99, 50).until(5000)
    result = play(market, {1000: [BUY], 2050: [("cancel", 1)]})
    assert result.fills == []
    assert result.orders["cancelled"] == 1


def test_an_order_that_arrives_in_a_gap_rests_and_trades_after_it(market: Any, play: Any) -> None:
    gapped(market).sold(3500, 99, 16).until(5000)
    result = play(market, {2050: [BUY]})
    assert [(fill[0], fill[4]) for fill in result.fills] == [(3500, 5)]


def test_a_market_order_that_arrives_in_a_gap_expires(market: Any, play: Any) -> None:
    for partial in ("true", "false"):
        result = play(gapped(market).until(5000), {2050: [("buy", 0, 5, mmkit.MARKET)]}, partial=partial)
        assert result.fills == []
        assert result.orders["expired"] == 1
        market.rows = market.rows[:5]
