"""Queue-value: the estimated place, what it is worth, and the budget of cancels."""

import itertools
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from order_desk import AMEND_NONE, AMEND_REQUEUE, Desk, Exchange, Trader, ladder, market, standing

from mmkit_plugins.execution import _queue, queue_value

SECOND = 10**9


def book(bids: dict[int, int] | None = None, asks: dict[int, int] | None = None) -> list[int]:
    """Returns the levels of ticks 0 to 199."""
    levels = [0] * 400
    for tick, lots in (bids or {}).items():
        levels[2 * tick] = lots
    for tick, lots in (asks or {}).items():
        levels[2 * tick + 1] = lots
    return levels


def flowing(trades: float = 60.0, volume: float = 600.0, time: float = 60.0, **given: Any) -> Trader:
    """Returns the rule with a known flow on both sides: trades and lots within a time (s)."""
    trader = Trader(queue_value, **given)
    state = trader.state
    state.time = time
    state.bid_trades = state.ask_trades = trades
    state.bid_volume = state.ask_volume = volume
    return trader


@pytest.mark.parametrize(
    ("rate", "size", "horizon", "x"), [(1.0, 10.0, 5.0, 0.0), (1.0, 10.0, 5.0, 40.0), (0.3, 2.0, 10.0, 9.0)]
)
def test_the_fill_probability_is_that_of_simulated_trades(rate: float, size: float, horizon: float, x: float) -> None:
    trader = flowing(trades=60 * rate, volume=60 * rate * size, horizon=int(horizon * SECOND))
    rng = np.random.default_rng(5)
    ends = rng.exponential(horizon, 40_000)
    counts = rng.poisson(rate * ends)
    traded = np.array([rng.exponential(size, count).sum() for count in counts])
    simulated = float(np.mean(traded > x))
    error = math.sqrt(simulated * (1 - simulated) / len(ends))
    assert _queue.fill_probability(trader.params, trader.state, 1, x) == pytest.approx(simulated, abs=4 * error)


def test_without_a_trade_nothing_is_ever_filled() -> None:
    trader = flowing(trades=0.0, volume=0.0)
    assert _queue.fill_probability(trader.params, trader.state, -1, 0.0) == 0.0


@settings(deadline=None, max_examples=300)
@given(
    there=st.lists(st.integers(0, 50), min_size=3, max_size=20),
    share=st.floats(0, 1),
    side=st.sampled_from([1, -1]),
    young=st.integers(0, 2),
)
def test_the_place_in_the_queue_follows_the_level(there: list[int], share: float, side: int, young: int) -> None:
    trader = Trader(queue_value, ahead_share=share)
    desk = standing((side, 100), state="placing")
    place = desk.live[0]
    ahead, last = math.nan, 0
    for i, lots in enumerate(there):
        if i == young:
            desk.orders[place].state, desk.orders[place].request = 1, 0
        levels = book({100: lots}) if side > 0 else book(None, {100: lots})
        _queue.follow_orders(trader.params, trader.state, market(), desk, levels)
        if i <= young:
            ahead = float(lots)
        elif lots < last:
            ahead = max(0.0, min(lots, ahead - share * (last - lots)))
        last = lots
        assert trader.state.ahead[place] == pytest.approx(ahead)
        assert 0.0 <= trader.state.ahead[place] <= lots


def test_a_move_goes_to_the_back_of_the_new_level() -> None:
    trader = Trader(queue_value)
    desk = standing((1, 100), amend=AMEND_REQUEUE)
    [place] = desk.live
    for lots in (40, 10):
        _queue.follow_orders(trader.params, trader.state, market(), desk, book({100: lots, 99: 70}))
    assert trader.state.ahead[place] == 10.0
    desk.orders[place].tick = 99
    _queue.follow_orders(trader.params, trader.state, market(), desk, book({100: 10, 99: 70}))
    assert trader.state.ahead[place] == 70.0


def test_another_order_in_the_same_place_is_followed_anew() -> None:
    trader = Trader(queue_value)
    desk = standing((1, 100))
    for lots in (40, 10):
        _queue.follow_orders(trader.params, trader.state, market(), desk, book({100: lots}))
    desk.orders[desk.live[0]].id = 77
    _queue.follow_orders(trader.params, trader.state, market(), desk, book({100: 30}))
    assert trader.state.ahead[desk.live[0]] == 30.0


@settings(deadline=None, max_examples=200)
@given(
    looks=st.lists(
        st.tuples(st.integers(1, 10**10), st.integers(98, 100), st.integers(1, 50)), min_size=2, max_size=12
    ),
    share=st.floats(0, 1),
)
def test_the_flow_is_the_weighted_sum_of_what_left_the_best_level(looks: list[Any], share: float) -> None:
    trader = Trader(queue_value, ahead_share=share, half_life=30 * SECOND)
    now, seen = 0, []
    for wait, best, lots in looks:
        now += wait
        view = market(now=now, bid=best, ask=101)
        _queue.follow_flow(trader.params, trader.state, view, book({best: lots}))
        seen.append((now, best, lots))
    trades = volume = 0.0
    for (_, best, lots), (then, next_best, next_lots) in itertools.pairwise(seen):
        gone = float(lots) if next_best < best else share * max(lots - (next_lots if next_best == best else 0), 0)
        weight = 2.0 ** (-(now - then) / (30 * SECOND))
        trades += weight * (gone > 0)
        volume += weight * gone
    assert trader.state.bid_trades == pytest.approx(trades, abs=1e-9)
    assert trader.state.bid_volume == pytest.approx(volume, abs=1e-9)


@settings(deadline=None, max_examples=200)
@given(levels=st.dictionaries(st.integers(90, 110), st.integers(1, 9), min_size=1), tick=st.integers(85, 115))
def test_what_rests_at_better_prices_comes_before(levels: dict[int, int], tick: int) -> None:
    best_bid, best_ask = max(levels), min(levels)
    bids = _queue.before(market(bid=best_bid, ask=150), book(levels), 1, tick)
    assert bids == sum(lots for at, lots in levels.items() if at > tick)
    asks = _queue.before(market(bid=50, ask=best_ask), book(None, levels), -1, tick)
    assert asks == sum(lots for at, lots in levels.items() if at < tick)


def test_nothing_beyond_64_levels_is_reached() -> None:
    levels = dict.fromkeys(range(20, 100), 1)
    assert _queue.before(market(bid=99), book(levels), 1, 99 - 63) == 63.0
    assert _queue.before(market(bid=99), book(levels), 1, 99 - 64) == math.inf
    trader = flowing()
    assert _queue.value(trader.params, trader.state, market(bid=99), book(levels), 1, 30, 0.0, 5.0) == 0.0


@settings(deadline=None, max_examples=300)
@given(
    own=st.integers(91, 99),
    wanted=st.integers(91, 99),
    ahead=st.integers(0, 60),
    lots=st.lists(st.integers(0, 60), min_size=12, max_size=12),
    adverse=st.sampled_from([0.0, 0.5, 3.0]),
    gain=st.sampled_from([0.0, 0.2]),
)
def test_an_order_moves_when_the_price_is_worth_more_than_the_place(
    own: int, wanted: int, ahead: int, lots: list[int], adverse: float, gain: float
) -> None:
    levels = {90 + i: size for i, size in enumerate(lots) if 90 + i <= 99}
    best = max((tick for tick, size in levels.items() if size), default=0)
    ahead = min(ahead, levels[own])
    trader = flowing(adverse_selection=adverse, least_gain=gain, reserve=0.0)
    desk = standing((1, own))
    [place] = desk.live
    trader.state.known[place], trader.state.at[place] = desk.orders[place].id, own
    trader.state.seen[place], trader.state.ahead[place] = levels[own], ahead
    view = market(now=SECOND, bid=best, ask=101)
    sent = trader.decide(desk, ladder([(wanted, 5)], [(103, 5)]), view, book(levels))

    # 1 trade a second of 10 lots, 10 s: rho = 10 / 11; fair value in the middle of what is wanted.
    fair = 0.5 * (wanted + 103)

    def worth(price: int, queue: float) -> float:
        x = queue + sum(size for tick, size in levels.items() if tick > price)
        return 10 / 11 * math.exp(-x / (11 * 10)) * (min(fair - price, fair - wanted) - adverse)

    improvement = worth(wanted, levels[wanted]) - worth(own, levels[own])
    place_value = worth(own, ahead) - worth(own, levels[own])
    excess = improvement - place_value - gain * abs(worth(wanted, levels[wanted]))
    if own != wanted and abs(excess) > 1e-9:
        assert (("cancel", 1, own, 5) in sent) == (excess > 0)


@pytest.mark.parametrize(("ahead", "requests"), [(0.0, []), (100.0, [("amend", 1, 97, 5)])])
def test_an_order_at_the_front_stays_where_one_at_the_back_goes(ahead: float, requests: list[Any]) -> None:
    # With P(x) = 10/11 exp(-x / 110) the new price is worth P(100 + 20) * 3 = 0.92, the old one P(0) * 2 = 1.82 at the front
    # and P(100) * 2 = 0.73 at the back.
    trader = flowing()
    desk = standing((1, 98), (-1, 103), amend=AMEND_REQUEUE)
    place = desk.live[0]
    trader.state.known[place], trader.state.at[place] = desk.orders[place].id, 98
    trader.state.seen[place], trader.state.ahead[place] = 100.0, ahead
    view = market(now=SECOND, bid=98, ask=101)
    assert trader.decide(desk, ladder([(97, 5)], [(103, 5)]), view, book({98: 100, 97: 20})) == requests


def test_before_a_side_has_traded_its_orders_go_where_they_are_wanted() -> None:
    trader = Trader(queue_value)
    assert trader.decide(standing((1, 98)), ladder([(97, 5)], []), market(), book({99: 5})) == [("cancel", 1, 98, 5)]


def test_an_order_too_far_from_its_wanted_price_moves_whatever_its_place_is_worth() -> None:
    levels = book({99: 1, 98: 1000})
    for distance, moves in ((3, False), (2, True)):
        trader = flowing(max_ticks=distance)
        desk = standing((1, 99), (-1, 103))
        place = desk.live[0]
        trader.state.known[place], trader.state.at[place] = desk.orders[place].id, 99
        sent = trader.decide(desk, ladder([(96, 5)], [(103, 5)]), market(bid=99), levels)
        assert (("cancel", 1, 99, 5) in sent) == moves


class Minute:
    """The budget as a list of times."""

    def __init__(self, allowed: int, reserve: int) -> None:
        self.allowed, self.reserve = allowed, reserve
        self.times: list[int] = []

    def ask(self, now: int, urgent: bool) -> bool:
        recent = sum(now - time <= 60 * SECOND for time in self.times)
        if recent >= self.allowed - (0 if urgent else self.reserve):
            return False
        self.times.append(now)
        return True


@settings(deadline=None, max_examples=500)
@given(
    allowed=st.integers(1, 8),
    reserve=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    wishes=st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=60),
)
def test_the_budget_is_that_of_any_sixty_seconds(allowed: int, reserve: float, wishes: list[tuple[int, bool]]) -> None:
    trader = Trader(queue_value, cancels_per_minute=allowed, reserve=reserve)
    expected = Minute(allowed, math.ceil(reserve * allowed))
    now = 0
    for wait, urgent in wishes:
        now += wait * SECOND
        view = SimpleNamespace(now=now)
        granted = queue_value.has_budget(trader.params, trader.state, view, urgent)
        if granted:
            queue_value.count_cancel(trader.params, trader.state, view)
        assert granted == expected.ask(now, urgent)


def test_the_last_of_the_budget_goes_to_safety_and_to_the_inner_level_first() -> None:
    levels = book({99: 5})
    # An outer order elsewhere, an inner one elsewhere, and one that no level wants any more.
    orders = [(1, 85), (1, 95), (-1, 103)]
    wanted = ladder([(99, 5), (90, 5)], [])
    everything = [("cancel", -1, 103, 5), ("cancel", 1, 95, 5), ("cancel", 1, 85, 5)]
    for budget, reserve, count in ((3, 0.0, 3), (3, 0.34, 2), (2, 0.5, 2), (1, 1.0, 1)):
        trader = Trader(queue_value, cancels_per_minute=budget, reserve=reserve)
        assert trader.decide(standing(*orders), wanted, market(), levels) == everything[:count]


def test_an_order_in_the_way_of_the_other_side_is_a_matter_of_safety() -> None:
    trader = Trader(queue_value, cancels_per_minute=1, reserve=1.0)
    desk = standing((1, 90), (1, 102))
    wanted = ladder([(99, 5), (91, 5)], [(101, 5)])
    assert trader.decide(desk, wanted, market(), book({99: 5}))[0] == ("cancel", 1, 102, 5)


@pytest.mark.parametrize(
    ("amend", "verb", "times"), [(AMEND_NONE, "cancel", [5, 75]), (AMEND_REQUEUE, "amend", [5, 70])]
)
def test_what_found_no_budget_waits_for_it(amend: int, verb: str, times: list[int]) -> None:
    # The wanted price changes every 5 s; 60 s after the first move, at 65 s, its second has not yet left the window.
    trader = Trader(queue_value, cancels_per_minute=1)
    desk = Desk(amend=amend)
    venue = Exchange(desk)
    levels = book({99: 5})
    moved = []
    for second in range(0, 130, 5):
        wanted = ladder([(99 - second % 2, 5)], [])
        sent = trader.decide(desk, wanted, market(now=second * SECOND), levels)
        moved += [second for name, *_ in sent if name == verb]
        venue.settle()
    assert moved == times
