"""Sizes that lean against the position, repaired; the reference bot's own numbers: tests/examples/test_reference_bot.py."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit.engine.orders import place
from mmkit.engine.records import NOTHING, POST_ONLY, WORKING, MarketView, desk_class
from mmkit.stack import Instrument
from mmkit_plugins._arithmetic import Arithmetic, rounded_to_8_decimals
from mmkit_plugins.sizing import inventory

ORIGINAL: dict[str, Any] = {"arithmetic": Arithmetic.ORIGINAL}
Desk = desk_class(16, 16)


def sized(
    position: float = 0.0,
    *,
    lot: float = 0.0001,
    working: tuple[tuple[int, float], ...] = (),
    sent: tuple[tuple[int, float], ...] = (),
    signals: dict[str, float] | None = None,
    **given: Any,
) -> tuple[tuple[float, float], inventory.State]:
    """Returns the sizes and the state; working, sent: our orders as side and quantity."""
    params = inventory.Params(**{"quantity": 0.02, "position_limit": 20.0, **given})
    state = inventory.State()
    inventory.setup(params, state, Instrument("X", tick_size=1.0, lot_size=lot))
    market = MarketView(position=position, position_lots=round(position / lot), lot_size=lot, mid=84000.0)
    desk: Any = Desk()
    for side, quantity in (*working, *sent):
        place(desk, market, side, 100, round(quantity / lot), POST_ONLY)
    for i in range(len(working)):
        order = desk.orders[desk.live[i]]
        order.state, order.request = WORKING, NOTHING
    found = inventory.sizes(params, state, market, inventory.Inputs(**(signals or {})), desk)
    return found, state


def sizes(position: float = 0.0, **given: Any) -> tuple[float, float]:
    return sized(position, **given)[0]


def test_a_flat_position_in_a_quiet_market_quotes_the_quantity() -> None:
    assert sizes() == pytest.approx((0.02, 0.02))


@pytest.mark.parametrize(
    ("position", "bid", "ask"),
    [(5.0, 0.8, 1.125), (-5.0, 1.125, 0.8), (20.0, 0.0, 1.5), (-20.0, 1.5, 0.0), (25.0, 0.0, 1.5)],
)
def test_the_side_that_adds_shrinks_and_the_other_grows(position: float, bid: float, ask: float) -> None:
    assert sizes(position, quantity=1.0) == pytest.approx((bid, ask))


def test_volatility_cuts_both_sides_to_a_floor() -> None:
    def cut(**signals: float) -> float:
        return sizes(quantity=1.0, signals=signals)[0]

    assert [cut(daily_volatility=sigma) for sigma in (0.0, 0.01, 0.05, 0.2)] == pytest.approx([1.0, 0.95, 0.75, 0.5])


def test_volume_signals_cut_risk_and_sell_into_momentum() -> None:
    def scaled(**signals: float) -> tuple[float, float]:
        return sizes(quantity=1.0, signals=signals)

    assert scaled(volume_volatility=0.4, reversal=0.5, momentum=0.1) == (1.0, 1.0)
    assert scaled(volume_volatility=0.8, reversal=0.6) == pytest.approx((0.76, 0.76))
    assert scaled(momentum=0.5) == pytest.approx((0.95, 1.1))
    assert scaled(momentum=-0.5) == pytest.approx((1.1, 0.95))
    assert scaled(momentum=math.nan, reversal=math.nan, volume_volatility=math.nan, daily_volatility=math.nan) == (1, 1)


def test_the_tilt_with_the_trend_is_off_unless_asked_for() -> None:
    up, down = {"trending_up": 1.0}, {"trending_down": 1.0}
    assert sizes(quantity=1.0, signals=up) == (1.0, 1.0)
    assert sizes(quantity=1.0, signals=up, trend_tilt=True) == pytest.approx((1.2, 0.9))
    assert sizes(quantity=1.0, signals=down, trend_tilt=True) == pytest.approx((0.9, 1.2))


def test_d_10_the_predicted_volatility_counts_in_sizes_too() -> None:
    signals = {"daily_volatility": 0.04, "volatility_adjustment": 0.25}
    assert sizes(quantity=1.0, signals=signals) == pytest.approx((0.75, 0.75))
    assert sizes(quantity=1.0, signals=signals, **ORIGINAL) == pytest.approx((0.8, 0.8))


def test_d_23_a_quantity_below_the_minimum_is_no_order_and_not_a_larger_one() -> None:
    given: dict[str, Any] = {"minimum": 0.01, "signals": {"daily_volatility": 0.2}}
    assert sizes(16.0, **given) == pytest.approx((0.0, 0.014))
    assert sizes(16.0, **given, **ORIGINAL)[0] == 0.01


def test_d_24_capacity_counts_our_orders_and_is_told_to_the_ladder() -> None:
    (bid, _), state = sized(19.99)
    assert (bid, state.bid_capacity, state.ask_capacity) == pytest.approx((0.004, 0.01, 39.99), abs=1e-9)
    _, state = sized(19.9, sent=((1, 0.03), (1, 0.04), (-1, 1.0)))
    assert (state.bid_capacity, state.ask_capacity) == pytest.approx((0.03, 38.9), abs=1e-9)
    assert sized(19.9, sent=((1, 0.1),))[0][0] == 0.0
    assert sized(19.9, sent=((1, 5.0),))[1].bid_capacity == 0.0


def test_what_already_works_may_go_on_working() -> None:
    # Otherwise a ladder near the limit would be taken away at one decision and put back at the next.
    _, state = sized(19.9, working=((1, 0.03), (1, 0.04)))
    assert state.bid_capacity == pytest.approx(0.07)
    _, state = sized(19.95, working=((1, 0.03), (1, 0.04)))
    assert state.bid_capacity == pytest.approx(0.05)


@given(
    position=st.integers(-250, 250),
    working=st.lists(st.tuples(st.sampled_from((1, -1)), st.integers(1, 100)), max_size=4),
    signals=st.tuples(st.floats(-1.0, 1.0), *[st.floats(0.0, 1.0)] * 3),
    minimum=st.floats(0.0, 1.0),
)
def test_d_24_and_d_31_no_order_exceeds_the_capacity_and_none_is_inflated(
    position: int, working: list[tuple[int, int]], signals: tuple[float, ...], minimum: float
) -> None:
    orders = tuple((side, 0.1 * lots) for side, lots in working)
    names = ("momentum", "reversal", "volume_volatility", "daily_volatility")
    (bid, ask), state = sized(
        0.1 * position,
        lot=0.1,
        quantity=1.0,
        minimum=minimum,
        sent=orders,
        signals=dict(zip(names, signals, strict=True)),
    )
    waiting = [sum(quantity for side, quantity in orders if side == way) for way in (1, -1)]
    for quantity, held, side, room in (
        (bid, waiting[0], 1, state.bid_capacity),
        (ask, waiting[1], -1, state.ask_capacity),
    ):
        assert 0.0 <= quantity <= room + 1e-6
        assert room <= max(20.0 - side * 0.1 * position - held, 0.0) + 1e-9
        assert quantity == 0.0 or quantity >= minimum - 1e-9
        # At rest it would be 1: the position adds a half at most, momentum a fifth.
        assert quantity <= 1.5 * 1.2 + 1e-9


def test_d_31_a_small_position_is_not_closed_with_a_larger_order() -> None:
    (_, ask), _ = sized(0.05, lot=0.01, quantity=0.05, minimum=0.1, **ORIGINAL)
    assert ask == 0.1
    with pytest.raises(mmkit.ConfigError, match=r"sizing\.quantity: 0\.05 is below sizing\.minimum, 0\.1"):
        sized(0.05, lot=0.01, quantity=0.05, minimum=0.1)


def test_d_32_the_volatility_is_one_of_a_declared_period() -> None:
    units = {field.name: field.metadata["unit"] for field in inventory.Inputs.__attrs_attrs__}
    assert units["daily_volatility"] == "fraction/sqrt(day)"


@pytest.mark.parametrize(("increment", "bid"), [(0.0, 0.0152), (0.001, 0.015), (0.004, 0.012), (0.02, 0.0)])
def test_d_34_quantities_go_down_to_the_increment(increment: float, bid: float) -> None:
    assert sizes(5.0, increment=increment, signals={"daily_volatility": 0.01})[0] == pytest.approx(bid)


def test_quantity_and_limit_are_told_to_other_rules() -> None:
    _, state = sized()
    assert (state.order_size, state.position_limit) == (0.02, 20.0)
    assert set(inventory.mmkit_sizing().outputs) == {"order_size", "position_limit", "bid_capacity", "ask_capacity"}


def test_less_than_a_lot_is_the_users_fault() -> None:
    with pytest.raises(mmkit.ConfigError, match=r"sizing\.quantity: 0\.02 is less than one lot \(0\.1\)"):
        sized(lot=0.1)


LIVELY = {
    "daily_volatility": 0.05,
    "volatility_adjustment": 0.2,
    "momentum": 0.4,
    "reversal": 0.6,
    "volume_volatility": 0.5,
    "trending_up": 1.0,
}


@pytest.mark.parametrize(
    ("name", "value", "position", "others"),
    [
        ("quantity", 1.5, 5.0, {}),
        ("position_limit", 30.0, 5.0, {}),
        ("arithmetic", Arithmetic.ORIGINAL, 5.0, {}),
        ("minimum", 0.6, 5.0, {}),
        ("increment", 0.3, 5.0, {}),
        ("adding_floor", 0.9, 5.0, {}),
        ("adding_slope", 0.5, 5.0, {}),
        ("reducing_cap", 1.1, 5.0, {}),
        ("reducing_slope", 0.3, 5.0, {}),
        ("volatility_slope", 3.0, 5.0, {}),
        ("volatility_floor", 0.9, 5.0, {}),
        ("volatility_threshold", 0.3, 5.0, {}),
        ("trend_tilt", True, 5.0, {}),
        ("trend_with", 1.4, 5.0, {"trend_tilt": True}),
        ("trend_against", 0.7, 5.0, {"trend_tilt": True}),
        ("volatility_gate", 0.6, 5.0, {"reversal_gate": 1.0}),
        ("reversal_gate", 0.7, 5.0, {"volatility_gate": 1.0}),
        ("risk_cut", 0.5, 5.0, {}),
        ("momentum_gate", 0.5, 5.0, {}),
        ("momentum_gain", 0.5, 5.0, {}),
        ("momentum_loss", 0.5, 5.0, {}),
    ],
)
def test_each_parameter_changes_the_sizes(name: str, value: Any, position: float, others: dict[str, Any]) -> None:
    base = {"quantity": 1.0, "signals": LIVELY} | others
    assert sizes(position, **base | {name: value}) != sizes(position, **base)


@given(st.one_of(st.floats(0.0, 1e7), st.integers(0, 10**14).map(lambda n: (n + 0.5) / 1e8)))
def test_rounding_to_8_decimals_is_pythons_ties_included(x: float) -> None:
    assert rounded_to_8_decimals(x) == round(x, 8)
