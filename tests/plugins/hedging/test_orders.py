"""How hedges are traded: when, how much, at which price, and never twice."""

import math
from typing import Any

import pytest
from hedging_world import MS, SECOND, Leg, World
from hypothesis import example, given
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.hedging import _orders, notional
from mmkit_plugins.hedging._orders import Mode, On

BUY, SELL = 1, -1


def world(*legs: Leg, **given: Any) -> World:
    """Returns a quoted instrument at 3200, whose unit is hedged by one unit of the hedge, in lots of 0.01."""
    return World(notional, *(legs or (Leg(),)), mid=3200.0, **{"band_fraction": 0.0, **given})


def filled(position: float, **given: Any) -> World:
    """Returns such a world whose hedge of a first position is complete."""
    made = world(**given)
    made.look(SECOND // 2, position)
    made.legs[0].execute()
    made.look(SECOND // 2 + 100 * MS)
    return made


# When it looks.


def test_a_fill_of_the_quoted_instrument_is_hedged_at_once() -> None:
    made = world()
    made.look(5 * MS, 0.5)
    assert made.aimed == [-0.5]


def test_with_the_timer_alone_it_waits_for_the_end_of_the_period() -> None:
    made = world(on=On.TIMER, every=SECOND)
    made.look(0)
    made.look(5 * MS, 0.5)
    assert made.alive == [[]]
    made.look(SECOND)
    assert made.aimed == [-0.5]
    made.look(SECOND + 999 * MS, 0.8)
    assert made.aimed == [-0.5]
    made.look(2 * SECOND)
    assert made.aimed == [-0.8]


def test_with_fills_alone_time_changes_nothing() -> None:
    made = world(on=On.FILL)
    made.look(0)
    made.market.position_lots, made.market.position = 500, 0.5
    made.look(10 * SECOND)
    assert made.alive == [[]]
    assert made.next == mmkit.NEVER


def test_the_first_call_looks_whatever_it_is_for() -> None:
    made = world(on=On.FILL)
    made.market.position_lots, made.market.position = 500, 0.5
    made.look(5 * MS)
    assert made.aimed == [-0.5]


def test_its_triggers_are_the_kernels_own() -> None:
    assert {member.name: int(member) for member in On} == {"TIMER": mmkit.Trigger.TIMER, "FILL": mmkit.Trigger.FILL}
    assert _orders.triggers(notional.Params(on=On.TIMER)) == mmkit.Trigger.TIMER


@given(start=st.integers(0, 2**60), passed=st.integers(0, 10**15), every=st.integers(1, 10**12))
def test_the_timer_falls_on_the_grid_that_starts_at_the_first_event(start: int, passed: int, every: int) -> None:
    made = world(every=every)
    made.market.start, made.market.now = start, start + passed
    assert (made.next - start) % every == 0
    assert made.next - every <= start + passed < made.next


def test_orders_under_way_are_looked_at_soon_and_with_none_of_them_only_the_timer_calls() -> None:
    made = world(every=SECOND, check_every=30 * MS)
    made.look(5 * MS, 0.5)
    assert made.next == 35 * MS
    made.legs[0].execute()
    made.look(35 * MS)
    assert made.next == SECOND


def test_the_next_call_lies_ahead_even_when_the_one_before_was_missed() -> None:
    made = world(on=On.FILL)
    made.look(MS, 0.5)
    made.market.now = 10 * SECOND
    assert made.next == 10 * SECOND + 1


# How much.


def test_a_target_beyond_all_bounds_is_as_many_lots_as_are_safe_to_count() -> None:
    made = world()
    made.market.mid = 1e300
    made.look(MS, 1.0)
    assert [lots for _, _, lots, _ in made.alive[0]] == [10**15]


def test_less_than_a_lot_is_carried_until_it_has_become_one() -> None:
    made = world()
    made.look(MS, 0.009)
    assert made.alive == [[]]
    made.look(2 * MS, 0.011)
    assert made.aimed == [-0.01]
    made.legs[0].execute()
    made.look(3 * MS, 0.019)
    assert made.alive == [[]]
    made.look(4 * MS, 0.02)
    assert made.aimed == [-0.02]


def test_what_is_below_the_least_size_is_not_traded_and_not_raised_to_it() -> None:
    made = world(Leg(), Leg(), min_size=(0.05, 0.0), weights=(0.5, 0.5))
    made.look(MS, 0.098)
    assert made.aimed == [0.0, -0.04]
    made.look(2 * MS, 0.1)
    assert made.aimed == [-0.05, -0.05]


def test_a_least_size_between_two_lots_is_the_larger_one() -> None:
    made = world(min_size=(0.025,))
    made.look(MS, 0.029)
    assert made.alive == [[]]
    made.look(2 * MS, 0.03)
    assert made.aimed == [-0.03]


def test_within_the_band_of_money_nothing_is_traded_and_beyond_it_all_of_it() -> None:
    made = world(band=320.0)
    made.look(MS, 0.1)
    assert made.alive == [[]]
    made.look(2 * MS, 0.11)
    assert made.aimed == [-0.11]


def test_the_band_is_that_fraction_of_the_target_where_this_is_more() -> None:
    made = filled(1.0, band_fraction=0.05, band=32.0)
    made.look(2 * SECOND, 1.05)
    assert made.alive == [[]]
    made.look(3 * SECOND, 1.06)
    assert made.aimed == [-1.06]


def test_a_position_in_the_hedge_is_capped_and_what_is_beyond_the_cap_goes() -> None:
    made = world(Leg(position=-300), max_hedge=6400.0)
    made.look(MS, 5.0)
    assert made.aimed == [-2.0]
    assert made.alive[0][0][0] == BUY


def test_a_flat_position_closes_its_hedge() -> None:
    made = filled(0.5)
    made.look(2 * SECOND, 0.0)
    assert made.aimed == [0.0]


# At which price.


def test_a_market_hedge_takes_up_to_the_slippage_and_no_further() -> None:
    buys, sells = world(slippage=0.001), world(slippage=0.001)
    buys.look(MS, -0.5)
    sells.look(MS, 0.5)
    # 3200.5 * 1.001 = 3203.7005, 3199.5 * 0.999 = 3196.3005, in ticks of 0.5.
    assert buys.alive == [[(BUY, 6407, 50, mmkit.LIMIT)]]
    assert sells.alive == [[(SELL, 6393, 50, mmkit.LIMIT)]]


@given(mid=st.integers(1, 10**6), slippage=st.floats(0.0, 0.99), long=st.booleans())
@example(mid=1, slippage=0.0, long=True)
def test_no_order_may_execute_beyond_the_slippage(mid: int, slippage: float, long: bool) -> None:
    leg = Leg(mid / 2)
    made = World(notional, leg, mid=mid / 2, slippage=slippage)
    made.look(MS, 5.0 if long else -5.0)
    [[(side, tick, _, _)]] = made.alive
    touch = leg.market.bid if long else leg.market.ask
    assert tick >= 1
    assert side * (tick * 0.5 - touch) <= slippage * touch * (1 + 1e-9) or tick == 1
    assert side * (tick * 0.5 - touch) >= 0 or tick == 1


def test_with_a_slippage_of_one_it_is_a_market_order() -> None:
    made = world(slippage=1.0)
    made.look(MS, 0.5)
    assert [(side, lots, kind) for side, _, lots, kind in made.alive[0]] == [(SELL, 50, mmkit.MARKET)]


def test_what_a_taking_order_leaves_is_taken_back_and_sent_anew_at_the_new_price() -> None:
    made = world()
    hedge = made.legs[0]
    made.look(MS, 0.5)
    hedge.execute(20)
    made.look(101 * MS)
    assert hedge.cancelling == 1
    assert len(hedge.orders) == 1
    hedge.withdraw()
    hedge.quote(3100.0)
    made.look(201 * MS)
    assert [(side, lots) for side, _, lots, _ in hedge.alive] == [(SELL, 30)]
    assert hedge.alive[0][1] == math.ceil(3099.5 * 0.999 / 0.5)


@pytest.mark.parametrize(("position", "side", "tick"), [(-0.5, BUY, 6399), (0.5, SELL, 6401)])
def test_a_limit_hedge_rests_at_the_touch(position: float, side: int, tick: int) -> None:
    made = world(mode=Mode.LIMIT)
    made.look(MS, position)
    assert made.alive == [[(side, tick, 50, mmkit.POST_ONLY)]]


def test_its_rest_crosses_after_the_time_out_once_the_cancel_is_known() -> None:
    made = world(mode=Mode.LIMIT, timeout=SECOND, every=60 * SECOND)
    hedge = made.legs[0]
    made.look(MS, 0.5)
    hedge.execute(20)
    made.look(999 * MS)
    assert hedge.cancelling == 0
    assert made.next == SECOND + MS
    made.look(SECOND + MS)
    assert hedge.cancelling == 1
    assert made.next == SECOND + 101 * MS
    made.look(SECOND + 101 * MS)
    assert len(hedge.orders) == 1
    hedge.execute(5)
    hedge.withdraw()
    made.look(SECOND + 201 * MS)
    assert [(side, lots, kind) for side, _, lots, kind in hedge.alive] == [(SELL, 25, mmkit.LIMIT)]
    hedge.execute()
    made.look(SECOND + 301 * MS)
    assert (made.aimed, made.alive) == ([-0.5], [[]])


def test_an_order_that_the_venue_refused_as_it_would_have_taken_rests_anew_until_the_time_out() -> None:
    made = world(mode=Mode.LIMIT, timeout=SECOND, every=60 * SECOND)
    hedge = made.legs[0]
    made.look(0, 0.5)
    hedge.refuse()
    made.look(100 * MS)
    assert [order.kind for order in hedge.orders] == [mmkit.POST_ONLY]
    hedge.refuse()
    made.look(SECOND)
    assert [order.kind for order in hedge.orders] == [mmkit.LIMIT]


def test_the_next_hedge_has_a_time_out_of_its_own() -> None:
    made = filled(0.5, mode=Mode.LIMIT, timeout=SECOND)
    made.look(5 * SECOND, 0.8)
    assert [order.kind for order in made.legs[0].orders] == [mmkit.POST_ONLY]


def test_the_time_out_counts_from_the_first_of_several_orders() -> None:
    made = world(mode=Mode.LIMIT, timeout=SECOND)
    made.look(0, 0.5)
    made.look(900 * MS, 0.8)
    made.legs[0].accept()
    made.look(SECOND)
    assert made.legs[0].cancelling == 2


def test_a_hedge_the_other_way_round_has_a_time_out_of_its_own() -> None:
    made = world(mode=Mode.LIMIT, timeout=SECOND)
    hedge = made.legs[0]
    made.look(0, 0.5)
    hedge.accept()
    made.look(900 * MS, -0.5)
    hedge.withdraw()
    made.look(1100 * MS)
    assert [(order.side, order.kind) for order in hedge.orders] == [(BUY, mmkit.POST_ONLY)]


# Never twice.


def test_what_is_under_way_counts_as_executed() -> None:
    made = world()
    for now in range(1, 20):
        made.look(now * MS, 0.5)
    assert made.alive == [[(SELL, 6393, 50, mmkit.LIMIT)]]


def test_a_second_fill_while_the_first_is_hedged_sends_the_difference() -> None:
    made = world()
    made.look(MS, 0.5)
    made.look(2 * MS, 0.8)
    assert [(side, lots) for side, _, lots, _ in made.alive[0]] == [(SELL, 50), (SELL, 30)]


def test_an_order_of_the_other_side_waits_until_those_under_way_have_ended() -> None:
    made = world(mode=Mode.LIMIT)
    hedge = made.legs[0]
    made.look(MS, 0.5)
    made.look(2 * MS, 0.2)
    assert len(hedge.orders) == 1  # on its way: it cannot be cancelled yet
    hedge.accept()
    made.look(102 * MS)
    assert hedge.cancelling == 1
    assert len(hedge.orders) == 1
    hedge.withdraw()
    made.look(202 * MS)
    assert made.alive == [[(SELL, 6401, 20, mmkit.POST_ONLY)]]


@pytest.mark.parametrize(("worth", "aimed"), [(1.2, -0.5), (0.8, -0.4), (0.4, -0.2), (0.1, -0.2)])
def test_a_rest_is_sent_as_far_as_the_target_still_asks_for_it(worth: float, aimed: float) -> None:
    made = world(every=60 * SECOND)
    hedge = made.legs[0]
    made.look(MS, 0.5)
    hedge.execute(20)
    made.look(101 * MS)
    hedge.withdraw()
    made.market.mid = 3200.0 * worth
    made.look(201 * MS)
    assert made.aimed == [aimed]


def test_a_rest_that_was_given_up_does_not_come_back_between_two_looks() -> None:
    made = world(every=60 * SECOND)
    hedge = made.legs[0]
    made.look(MS, 0.5)
    hedge.execute(20)
    made.look(101 * MS)
    hedge.withdraw()
    made.market.mid = 3200.0 * 0.4
    made.look(201 * MS)
    made.market.mid = 3200.0
    made.look(301 * MS)
    assert made.alive == [[]]
    made.look(60 * SECOND)
    assert made.aimed == [-0.5]


def test_a_rest_is_finished_even_within_the_band_and_a_new_deviation_within_it_is_not_begun() -> None:
    made = world(band=1000.0, every=60 * SECOND)
    hedge = made.legs[0]
    made.look(MS, 0.5)
    hedge.execute(40)
    made.look(101 * MS)
    hedge.withdraw()
    made.look(201 * MS, 0.55)
    assert made.aimed == [-0.5]
    hedge.execute()
    made.look(301 * MS, 0.56)
    assert (made.aimed, made.alive) == ([-0.5], [[]])


def test_fills_in_a_burst_keep_no_more_than_a_few_orders_alive_and_the_rest_follows() -> None:
    made = world()
    for count in range(1, 30):
        made.look(count * MS, count / 10)
    assert len(made.legs[0].orders) == _orders.MOST_ORDERS
    made.legs[0].execute()
    made.look(made.next)
    assert made.aimed == [pytest.approx(-2.9)]


def test_a_hedge_that_is_there_at_the_start_is_no_order_that_is_missing() -> None:
    made = world(Leg(position=-500), on=On.TIMER, every=SECOND, band=1000.0)
    made.look(0, 4.9)
    made.look(MS)
    assert made.alive == [[]]
    made.look(SECOND, 4.6)
    assert made.aimed == [pytest.approx(-4.6)]


def test_a_look_that_was_put_off_is_made_once() -> None:
    made = world(mode=Mode.LIMIT, on=On.FILL)
    hedge = made.legs[0]
    hedge.quote(math.nan)
    made.look(MS, 0.5)
    hedge.quote(3200.0)
    made.look(SECOND)
    hedge.execute()
    made.market.mid = 3300.0
    made.look(2 * SECOND)
    assert (made.aimed, made.alive) == ([-0.5], [[]])


# Prices.


@pytest.mark.parametrize("mid", [math.nan, 0.0, -1.0, math.inf])
def test_without_a_price_of_the_hedge_nothing_is_sent_until_there_is_one(mid: float) -> None:
    made = world(on=On.FILL, every=SECOND)
    made.legs[0].market.mid = mid
    made.look(MS, 0.5)
    assert made.alive == [[]]
    assert made.next == SECOND + MS
    made.legs[0].quote(3200.0)
    made.look(SECOND + MS)
    assert made.aimed == [-0.5]


@pytest.mark.parametrize("late", [0, 1])
def test_a_price_counts_until_it_is_too_old(late: int) -> None:
    made = world(max_age=SECOND)
    made.look(MS)
    made.legs[0].stale = True
    made.look(SECOND + MS + late, 0.5)
    assert made.aimed == [0.0 if late else -0.5]


def test_what_rests_is_taken_back_when_the_price_goes_and_comes_back_with_it() -> None:
    made = world(mode=Mode.LIMIT)
    hedge = made.legs[0]
    made.look(MS, 0.5)
    hedge.accept()
    hedge.quote(math.nan)
    made.look(SECOND)
    assert hedge.cancelling == 1
    hedge.withdraw()
    made.look(2 * SECOND)
    assert hedge.alive == []
    hedge.quote(3000.0)
    made.look(3 * SECOND)
    assert made.aimed == [pytest.approx(-0.53)]


def test_a_rest_is_worked_on_when_the_price_is_back_though_nothing_else_calls() -> None:
    made = world(mode=Mode.LIMIT, on=On.FILL, every=SECOND)
    hedge = made.legs[0]
    made.look(MS, 0.5)
    hedge.accept()
    hedge.quote(math.nan)
    made.look(made.next)
    hedge.withdraw()
    made.look(made.next)
    assert made.next == made.market.now + SECOND
    hedge.quote(3200.0)
    made.look(made.next)
    assert made.aimed == [-0.5]


def test_an_instrument_without_a_price_does_not_keep_the_others_from_hedging() -> None:
    made = world(Leg(), Leg(math.nan))
    made.look(MS, 1.0)
    assert made.aimed == [-0.5, 0.0]


# Faults.


def test_least_sizes_of_another_count_are_a_fault() -> None:
    with pytest.raises(mmkit.ConfigError, match=r"hedging.min_size: has 3 entries for 2 hedge instruments"):
        world(Leg(), Leg(), min_size=(1.0, 1.0, 1.0))


# Anything.

events = st.lists(
    st.one_of(
        st.tuples(st.just("hold"), st.integers(-300, 300)),
        st.tuples(st.just("pass"), st.integers(1, 2000)),
        st.tuples(st.just("execute"), st.integers(1, 100)),
        st.tuples(st.just("quote"), st.integers(6000, 6800)),
        st.sampled_from([("accept", 0), ("refuse", 0), ("withdraw", 0), ("blind", 0)]),
    ),
    max_size=60,
)


@given(events=events, mode=st.sampled_from(Mode), band=st.sampled_from([0.0, 100.0]))
def test_whatever_the_venue_does_no_two_sides_are_alive_and_in_the_end_the_hedge_is_within_its_band(
    events: list[tuple[str, int]], mode: Mode, band: float
) -> None:
    made = world(mode=mode, band=band, every=SECOND, timeout=2 * SECOND, check_every=100 * MS)
    hedge, now = made.legs[0], MS
    for event, value in events:
        if event == "hold":
            made.look(now, value / 100)
        elif event == "pass":
            now += value * MS
            made.look(now)
        elif event == "execute":
            hedge.execute(value)
        elif event == "quote":
            hedge.quote(value / 2)
        elif event == "blind":
            hedge.quote(math.nan)
        else:
            getattr(hedge, event)()
        assert len({order.side for order in hedge.orders}) <= 1
        assert len(hedge.orders) <= _orders.MOST_ORDERS
    hedge.quote(3200.0)
    for _ in range(8):
        hedge.withdraw()
        hedge.execute()
        now = made.next
        made.look(now)
    assert hedge.alive == []
    assert abs(made.market.position + hedge.market.position) * 3200.0 <= max(band, 32.0) * (1 + 1e-9)
