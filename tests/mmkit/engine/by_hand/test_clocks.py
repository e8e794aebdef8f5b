"""Two clocks: the venue lives in its own order of events, the strategy in the order in which it hears of them."""

from typing import Any

import pytest

import mmkit

BUY = ("buy", 99, 5, mmkit.POST_ONLY)


def test_a_row_that_is_known_before_it_happens_is_seen_early_and_acts_late(market: Any, play: Any) -> None:
    market.bid(2000, 100, 5, known=1950).sold(2001, 99, 15, known=1951).until(5000)
    result = play(market, {1000: [BUY], 1949: [], 1950: [], 2020: [], 2021: []})
    assert [result.at(time)[1] for time in (1949, 1950)] == [99, 100]
    assert result.fills == [(2001, 2021, 1, 99, 5, 1, True)]
    assert [result.at(time)[0] for time in (2020, 2021)] == [0, 5]


def test_the_venue_takes_rows_in_its_own_order(market: Any, play: Any) -> None:
    # The trade happened first and is known last. Taken in the order known, the smaller level would come first and
    # let the trade through: 10 -> 2 ahead, then 4 traded. In its own order: 10 - 4 = 6, then 2 ahead.
    market.bid(2100, 99, 2, known=2300).sold(2000, 99, 4, known=2600).until(5000)
    assert play(market, {1000: [BUY]}).fills == []


def test_we_take_rows_in_the_order_in_which_we_hear_of_them(market: Any, play: Any) -> None:
    market.bid(2100, 100, 2, known=2300).bid(2000, 100, 0, known=2600).until(5000)
    result = play(market, {2300: [], 2600: []})
    assert [result.at(time)[1] for time in (2300, 2600)] == [100, 99]


@pytest.mark.parametrize("on", ["book", "trade"])
def test_a_triggered_decision_sees_everything_of_its_local_time(market: Any, play: Any, on: str) -> None:
    market.bought(1999, 101, 1, known=2500).bid(2000, 100, 3, known=2500)
    market.ask(2001, 101, 0, known=2500).sold(2002, 99, 1, known=2500).until(5000)
    result = play(market, {}, on=f'["{on}"]')
    [found] = [rest for now, *rest in result.seen if now == 2500]
    assert found[1:3] == [100, 102]


def test_a_triggered_decision_sees_an_answer_of_its_time(market: Any, play: Any) -> None:
    # The fill is known at 2020, as the trade is.
    market.sold(2000, 99, 15, known=2020).until(5000)
    result = play(market, {1000: [BUY]}, on='["timer", "trade"]')
    assert result.at(2020)[0] == 5


def test_each_trigger_hears_of_its_own_rows_only(market: Any, play: Any) -> None:
    market.bought(2000, 101, 1).bid(3000, 100, 3).until(5000)
    assert [now for now, *_ in play(market, {}, on='["trade"]').seen] == [2100]
    assert [now for now, *_ in play(market, {}, on='["book"]').seen] == [100, 3100]
    assert [now for now, *_ in play(market, {4000: []}, on='["timer", "book", "trade"]').seen] == [
        100,
        2100,
        3100,
        4000,
    ]


def test_the_strategys_stream_may_end_before_the_venues(market: Any, play: Any) -> None:
    # What happened after 1900 never became known, but it happened.
    market.sold(2000, 99, 13, stream=mmkit.VENUE).sold(3000, 99, 9, stream=mmkit.VENUE)
    result = play(market, {1000: [BUY], 2019: [], 2020: [], 2500: []})
    assert [fill[:5] for fill in result.fills] == [(2000, 2020, 1, 99, 3), (3000, 3020, 1, 99, 2)]
    assert [result.at(time)[0] for time in (2019, 2020, 2500)] == [0, 3, 3]
    assert result.run.summary["position"] == {"X": 5.0}


def test_the_venues_stream_may_end_before_the_strategys(market: Any, play: Any) -> None:
    market.sold(2000, 99, 15).bid(2100, 97, 5, known=4000, stream=mmkit.LOCAL)
    result = play(market, {1000: [BUY], 3000: [("sell", 101, 5, mmkit.POST_ONLY)], 3900: [], 4000: []})
    assert [now for now, *_ in result.seen] == [1000, 3000, 3900]
    assert list(result.at(3900)[3]) == [2]
    assert [fill[5] for fill in result.fills] == [1]


def test_a_stream_that_only_the_venue_has_leads_to_no_decision(empty_market: Any, play: Any) -> None:
    for at, tick, kind in ((0, 99, "bid"), (0, 101, "ask"), (3000, 99, "bid")):
        getattr(empty_market, kind)(at, tick, 5, stream=mmkit.VENUE)
    result = play(empty_market, {1000: [BUY]})
    assert (result.seen, result.fills) == ([], [])
    assert result.run.summary["data"]["events"] == 3
