"""A profit is taken only where it is one after all fees at the price that a taker gets; then quoting goes on."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.risk import take_profit


def test_it_closes_from_the_fraction_on_and_not_before(watched: Any) -> None:
    for side in (1, -1):
        seen = watched(take_profit, fraction=0.01)
        assert seen.fill(side, 2, 100.0) == mmkit.NORMAL
        assert seen.mark(100.0 + side * 0.99) == mmkit.NORMAL
        assert seen.mark(100.0 - side * 50.0) == mmkit.NORMAL
        assert seen.mark(100.0 + side * 1.01) == mmkit.FLATTEN


def test_it_closes_from_the_money_on_and_not_before(watched: Any) -> None:
    for side in (1, -1):
        seen = watched(take_profit, money=5.0, lot=0.5)
        seen.fill(side, 10, 100.0)
        assert seen.mark(100.0 + side * 0.99) == mmkit.NORMAL
        assert seen.mark(100.0 + side * 1.01) == mmkit.FLATTEN


def test_a_wide_spread_makes_no_profit(watched: Any) -> None:
    for side in (1, -1):
        for limit in ({"fraction": 0.01}, {"money": 2.0}):
            seen = watched(take_profit, **limit)
            seen.fill(side, 2, 100.0)
            assert seen.mark(100.0 + side * 2.0, spread=2.1) == mmkit.NORMAL
            assert seen.mark(100.0 + side * 2.0, spread=1.9) == mmkit.FLATTEN


def test_both_fees_are_paid_first_and_closing_costs_the_buffer_more(watched: Any) -> None:
    # One unit at 100, 1 paid; at 110 closing costs 1.5 * 2 % of it, 3.3: 5.7 are left.
    for limit, level in ((5.69, mmkit.FLATTEN), (5.71, mmkit.NORMAL)):
        fees = {"maker_fee": 0.01, "taker_fee": 0.02, "fee_buffer": 1.5}
        seen = watched(take_profit, money=limit, **fees)
        seen.fill(1, 1, 100.0)
        assert seen.mark(110.0) == level
        seen = watched(take_profit, fraction=limit / 100, **fees)
        seen.fill(1, 1, 100.0)
        assert seen.mark(110.0) == level


def test_a_rebate_to_takers_is_not_counted_on(watched: Any) -> None:
    seen = watched(take_profit, money=1.0, taker_fee=-0.01)
    seen.fill(1, 1, 100.0)
    assert seen.mark(100.5) == mmkit.NORMAL


def test_after_closing_it_pauses_and_then_goes_on(watched: Any) -> None:
    seen = watched(take_profit, fraction=0.01, cool_down=3 * 10**9, patience=7)
    for start in (0.0, 100.0):
        seen.fill(1, 2, 100.0, at=start)
        assert seen.mark(102.0) == mmkit.FLATTEN
        assert seen.control.patience == 7
        assert seen.mark(90.0) == mmkit.FLATTEN
        assert seen.fill(-1, 1, 101.0) == mmkit.FLATTEN
        assert seen.fill(-1, 1, 101.0, at=start + 10.0) == mmkit.NO_QUOTES
        assert seen.ask(at=start + 12.999) == mmkit.NO_QUOTES
        assert seen.ask(at=start + 13.0) == mmkit.NORMAL


def test_what_was_in_flight_when_it_became_flat_is_closed_too_and_the_pause_begins_anew(watched: Any) -> None:
    seen = watched(take_profit, fraction=0.01, cool_down=3 * 10**9)
    seen.fill(1, 1, 100.0)
    seen.mark(102.0)
    seen.fill(-1, 1, 102.0, at=10.0)
    assert seen.fill(-1, 1, 102.0, at=11.0) == mmkit.FLATTEN
    assert seen.fill(1, 1, 102.0, at=12.0) == mmkit.NO_QUOTES
    assert seen.ask(at=14.9) == mmkit.NO_QUOTES
    assert seen.ask(at=15.0) == mmkit.NORMAL


def test_without_a_price_nothing_is_judged(watched: Any) -> None:
    seen = watched(take_profit, fraction=0.01, money=1.0)
    assert seen.mark(math.nan) == mmkit.NORMAL
    seen.fill(1, 1, 100.0)
    seen.show(200.0)
    seen.market.bid = math.nan
    assert seen.ask() == mmkit.NORMAL


def test_it_needs_a_target() -> None:
    with pytest.raises(mmkit.ConfigError, match=r"take-profit\.fraction"):
        take_profit.setup(take_profit.Params(), take_profit.State(), SimpleNamespace())


@given(
    side=st.sampled_from([1, -1]),
    lots=st.integers(1, 1000),
    entry=st.floats(50.0, 150.0),
    move=st.floats(-0.1, 0.1),
    spread=st.floats(0.0, 2.0),
    maker=st.floats(-0.001, 0.005),
    taker=st.floats(0.0, 0.005),
)
def test_a_trigger_never_locks_in_a_loss(
    watched: Any, side: int, lots: int, entry: float, move: float, spread: float, maker: float, taker: float
) -> None:
    # The account after really closing as a taker is the oracle.
    seen = watched(take_profit, money=1e-6, fraction=1e-9, maker_fee=maker, taker_fee=taker, fee_buffer=1.0)
    before = seen.fill(side, lots, entry)
    if before == mmkit.NORMAL and seen.mark(entry * (1.0 + move), spread=spread) == mmkit.FLATTEN:
        seen.fill(-side, lots, seen.market.bid if side > 0 else seen.market.ask, taker=True)
        assert seen.account.equity > -1e-6
