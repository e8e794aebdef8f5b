"""Classic-requote: which of the nine conditions replaces the quotes, and what replacing sends."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from order_desk import Desk, Exchange, Trader, ladder, market, standing

import mmkit
from mmkit_plugins.execution import classic_requote

SECOND = 10**9
MID = 84000
WIDE = 20


@pytest.fixture(scope="module", autouse=True)
def named() -> Iterator[list[str]]:
    """Gives the names of the steps that a decision takes."""
    names: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mmkit, "step", lambda name, value, unit="": names.append(name))
        yield names


def hit(named: list[str], since: int = 0, position: float = 0.0, desk: Desk | None = None, mid: int = MID) -> int:
    """Returns the condition that a decision names, so many ns after orders were placed and the position was looked at."""
    trader = Trader(classic_requote)
    trader.state.last_quote = trader.state.last_check = 1000 * SECOND
    named.clear()
    view = market(now=1000 * SECOND + since, bid=mid - 1, ask=mid + 1, position=position)
    orders = standing((1, MID - WIDE), (-1, MID + WIDE)) if desk is None else desk
    trader.decide(orders, ladder([(MID - WIDE, 5)], [(MID + WIDE, 5)]), view)
    [name] = named
    return int(name.split(":")[1].split(",")[0])


@pytest.mark.parametrize("orders", [[], [(1, MID - WIDE)], [(-1, MID + WIDE)]])
def test_1_a_side_without_orders(named: list[str], orders: Any) -> None:
    assert hit(named, desk=standing(*orders)) == 1


def test_1_orders_that_are_being_cancelled_are_not_outstanding(named: list[str]) -> None:
    assert hit(named, desk=standing((1, MID - WIDE), (-1, MID + WIDE), state="cancelling")) == 1


def test_1_a_side_that_is_not_wanted_misses_no_order(named: list[str]) -> None:
    trader = Trader(classic_requote)
    trader.state.last_quote = 1000 * SECOND
    named.clear()
    trader.decide(standing((1, 80)), ladder([(80, 5)], []), market(now=1001 * SECOND))
    assert named == ["kept: 9, time since orders were placed"]


def test_2_quotes_older_than_their_lifetime(named: list[str]) -> None:
    assert hit(named, since=45 * SECOND) != 2
    assert hit(named, since=45 * SECOND + 1000) == 2


@pytest.mark.parametrize(("mid", "number"), [(84084, 9), (84085, 3), (83917, 9), (83916, 3)])
def test_3_the_own_mid_is_off_by_more_than_a_thousandth_of_the_mid(named: list[str], mid: int, number: int) -> None:
    # 0.001 * 84084 = 84.084 ticks at a tick of 1, more than 35.
    desk = standing((1, MID - 100), (-1, MID + 100))
    assert hit(named, desk=desk, mid=mid) == number


def test_3_or_by_more_than_35_ticks_where_those_are_more(named: list[str]) -> None:
    trader = Trader(classic_requote, max_distance=0.0)
    for off, number in ((35, "kept"), (36, "replaced: 3")):
        trader.state.last_quote = 1000 * SECOND
        named.clear()
        desk = standing((1, 1000 + off - 50), (-1, 1000 + off + 50))
        trader.decide(desk, ladder([(950, 5)], [(1050, 5)]), market(now=1000 * SECOND, bid=999, ask=1001))
        assert named[0].startswith(number)


@pytest.mark.parametrize(("spread", "number"), [(12, 4), (14, 9)])
def test_4_own_spreads_below_14_ticks(named: list[str], spread: int, number: int) -> None:
    assert hit(named, desk=standing((1, MID - spread // 2), (-1, MID + spread // 2))) == number


@pytest.mark.parametrize("orders", [[(1, MID + 1), (-1, MID + 30)], [(1, MID - 30), (-1, MID - 1)]])
def test_5_an_own_quote_beyond_the_mid(named: list[str], orders: Any) -> None:
    assert hit(named, desk=standing(*orders)) == 5


@pytest.mark.parametrize("position", [0.06, -0.06])
def test_6_a_position_is_looked_at_every_five_seconds(named: list[str], position: float) -> None:
    assert hit(named, since=5 * SECOND, position=position) == 9
    assert hit(named, since=5 * SECOND + 1, position=position) == 6
    assert hit(named, since=5 * SECOND + 1, position=0.05) == 9


def test_6_stamps_the_time_of_the_look(named: list[str]) -> None:
    trader = Trader(classic_requote)
    desk = standing((1, MID - WIDE), (-1, MID + WIDE))
    found = []
    trader.state.last_quote = trader.state.last_check = 0
    for second in range(1, 13):
        named.clear()
        view = market(now=second * SECOND, bid=MID - 1, ask=MID + 1, position=0.06)
        trader.decide(desk, ladder([(MID - WIDE, 5)], [(MID + WIDE, 5)]), view)
        found += [second] if named[0].startswith("replaced: 6") else []
    assert found == [6, 12]


@pytest.mark.parametrize(("position", "seconds"), [(0.01, 35.98), (20.0, 3.0), (-20.0, 3.0), (10.0, 19.5), (50.0, 3.0)])
def test_7_quotes_live_shorter_the_larger_the_position(named: list[str], position: float, seconds: float) -> None:
    def number(since: float) -> int:
        trader = Trader(classic_requote)
        trader.state.last_quote = 1000 * SECOND
        trader.state.last_check = int((1000 + since) * SECOND)
        named.clear()
        view = market(now=int((1000 + since) * SECOND), bid=MID - 1, ask=MID + 1, position=position)
        trader.decide(standing((1, MID - 20), (-1, MID + 20)), ladder([(MID - 20, 5)], [(MID + 20, 5)]), view)
        return int(named[0].split(":")[1].split(",")[0])

    assert number(seconds - 0.005) == 9
    assert number(seconds + 0.005) == 7


def test_8_without_a_position_quotes_live_36_seconds(named: list[str]) -> None:
    assert hit(named, since=36 * SECOND) == 9
    assert hit(named, since=36 * SECOND + 1000) == 8


def by_the_book(now: float, last: float, check: float, mid: float, q: float, bids: list[int], asks: list[int]) -> int:
    """Returns the condition as section 8.1 of the bot's description lists them, prices in ticks of 1."""
    if not bids or not asks:
        return 1
    bid, ask, elapsed = max(bids), min(asks), now - last
    conditions = [
        elapsed > 45.0,
        abs((bid + ask) / 2 - mid) / mid > max(35 / mid, 0.001),
        ask - bid < 14,
        bid > mid or ask < mid,
        abs(q) > 0.05 and now - check > 5.0,
        q != 0 and elapsed > 36.0 - (36.0 - 3.0) * min(1.0, abs(q) / 20.0),
        q == 0 and elapsed > 36.0,
    ]
    return next((number for number, holds in enumerate(conditions, 2) if holds), 9)


@settings(deadline=None, max_examples=500)
@given(
    elapsed=st.integers(0, 50),
    check=st.integers(0, 50),
    mid=st.sampled_from([84000, 84001, 84050, 90000, 5000]),
    position=st.sampled_from([0.0, 0.04, 0.06, -0.06, 7.0, -15.0, 30.0]),
    bids=st.lists(st.integers(-150, 60), max_size=3),
    asks=st.lists(st.integers(-60, 150), max_size=3),
)
def test_the_conditions_in_their_order(
    named: list[str], elapsed: int, check: int, mid: int, position: float, bids: list[int], asks: list[int]
) -> None:
    desk = standing(*((1, mid + tick) for tick in bids), *((-1, mid + tick) for tick in asks))
    trader = Trader(classic_requote)
    # A hair past whole seconds: no comparison hangs on how seconds are rounded.
    now = 1000 * SECOND + 1000
    trader.state.last_quote, trader.state.last_check = (1000 - elapsed) * SECOND, (1000 - check) * SECOND
    named.clear()
    view = market(now=now, bid=mid - 1, ask=mid + 1, position=position)
    trader.decide(desk, ladder([(mid - 20, 5)], [(mid + 20, 5)]), view)
    expected = by_the_book(
        1e-6, -elapsed, -check, mid, position, [mid + tick for tick in bids], [mid + tick for tick in asks]
    )
    assert int(named[0].split(":")[1].split(",")[0]) == expected


def test_replacing_cancels_what_differs_and_keeps_what_does_not() -> None:
    trader = Trader(classic_requote, max_distance=0.0)
    desk = standing((1, 80), (1, 70), (-1, 120), (-1, 130, 4))
    wanted = ladder([(80, 5), (69, 5)], [(120, 5), (130, 5)])
    assert trader.decide(desk, wanted, market(now=SECOND)) == [("cancel", 1, 70, 5), ("cancel", -1, 130, 4)]
    Exchange(desk).settle()
    # Now the last quote is the time to come; what waited for the cancels follows although nothing else is due.
    trader.state.last_quote = SECOND
    assert trader.decide(desk, wanted, market(now=2 * SECOND)) == [("place", 1, 69, 5), ("place", -1, 130, 5)]
    assert trader.state.last_quote == 2 * SECOND


def test_quotes_stay_while_no_condition_hits_whatever_is_wanted() -> None:
    trader = Trader(classic_requote, max_distance=0.0)
    desk = Desk()
    trader.decide(desk, ladder([(80, 5), (70, 5)], [(120, 5)]), market(now=SECOND))
    Exchange(desk).settle()
    for second in range(2, 38):
        assert trader.decide(desk, ladder([(79, 5), (71, 6)], [(121, 5)]), market(now=second * SECOND)) == []
    assert len(trader.decide(desk, ladder([(79, 5), (71, 6)], [(121, 5)]), market(now=38 * SECOND))) == 3


def test_a_level_that_is_filled_is_missing_until_quotes_are_replaced() -> None:
    trader = Trader(classic_requote, max_distance=0.0)
    desk = Desk()
    wanted = ladder([(80, 5), (70, 5)], [(120, 5)])
    trader.decide(desk, wanted, market(now=SECOND))
    venue = Exchange(desk)
    venue.settle()
    assert trader.decide(desk, wanted, market(now=2 * SECOND)) == []
    venue.execute(1, 5)
    venue.settle()
    assert trader.decide(desk, wanted, market(now=3 * SECOND)) == []
    assert trader.decide(desk, wanted, market(now=38 * SECOND)) == [("place", 1, 80, 5)]


def test_orders_half_a_percent_from_the_mid_are_taken_back_at_once() -> None:
    trader = Trader(classic_requote)
    desk = standing((1, MID - 420), (-1, MID + 421))
    trader.state.last_quote = SECOND
    wanted = ladder([(MID - 420, 5)], [(MID + 421, 5)])
    view = market(now=SECOND, bid=MID - 1, ask=MID + 1)
    assert trader.decide(desk, wanted, view) == [("cancel", -1, MID + 421, 5)]
