"""A trailing stop follows the best price of a position and closes when too much of it is given back."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.risk import trailing_stop


def test_it_trails_from_the_best_price_on_either_side(watched: Any) -> None:
    for side in (1, -1):
        seen = watched(trailing_stop, fraction=0.02)
        seen.fill(side, 1, 100.0)
        for move in (1.0, 5.0, 3.1, 7.0, 5.1):
            assert seen.mark(100.0 + side * move) == mmkit.NORMAL
        assert seen.mark(100.0 + side * 4.9) == mmkit.FLATTEN


def test_money_is_what_the_present_position_gives_up(watched: Any) -> None:
    seen = watched(trailing_stop, money=20.0, lot=0.5)
    seen.fill(1, 8, 100.0)
    seen.mark(110.0)
    assert seen.mark(105.1) == mmkit.NORMAL
    assert seen.mark(104.9) == mmkit.FLATTEN


@pytest.mark.parametrize("side", [1, -1])
def test_money_of_an_inverse_contract_is_in_its_coin(watched: Any, side: int) -> None:
    # 30 contracts of 100 USD: at S the position is worth 3000 / S of the coin.
    best = 50_000.0 + side * 2_500.0
    for price in (best - side * 900.0, best - side * 1_200.0):
        seen = watched(trailing_stop, money=0.0011, activation=-1.0)
        seen.account.inverse, seen.account.entry = 1, 50_000.0
        for mid in (50_000.0, best, price):
            seen.market.mid = mid
            seen.market.position_lots, seen.market.position = side * 30, side * 30 * 100.0 / mid
            seen.account.unrealised = side * 3000.0 * (1 / 50_000.0 - 1 / mid)
            level = seen.ask()
        fall = side * 3000.0 * (1 / price - 1 / best)
        assert abs(fall - 0.0011) > 1e-5
        assert level == (mmkit.FLATTEN if fall >= 0.0011 else mmkit.NORMAL)


def test_below_its_activation_it_does_not_trail_and_above_it_does_for_good(watched: Any) -> None:
    seen = watched(trailing_stop, fraction=0.02, activation=0.05)
    seen.fill(1, 1, 100.0)
    for mid in (104.9, 90.0, 104.9, 80.0):
        assert seen.mark(mid) == mmkit.NORMAL
    assert seen.mark(105.1) == mmkit.NORMAL
    assert seen.mark(103.0) == mmkit.FLATTEN


def test_the_activation_is_after_fees(watched: Any) -> None:
    seen = watched(trailing_stop, fraction=0.02, activation=0.05, maker_fee=0.01, taker_fee=0.02)
    seen.fill(1, 1, 100.0)
    seen.mark(108.0)  # 8 less 1 paid less 2.16 to close: 4.84
    assert seen.mark(100.0) == mmkit.NORMAL
    seen.mark(108.3)  # 8.3 less 1 less 2.166: 5.134
    assert seen.mark(106.0) == mmkit.FLATTEN


def test_closing_a_part_or_adding_gives_nothing_up(watched: Any) -> None:
    seen = watched(trailing_stop, fraction=0.02)
    seen.fill(1, 4, 100.0)
    seen.mark(110.0)
    assert seen.fill(-1, 3, 110.0) == mmkit.NORMAL
    assert seen.fill(1, 9, 110.0) == mmkit.NORMAL
    assert seen.mark(109.0) == mmkit.NORMAL


def test_another_position_starts_anew(watched: Any) -> None:
    seen = watched(trailing_stop, fraction=0.02)
    seen.fill(1, 1, 100.0, at=1.0)
    seen.mark(150.0)
    assert seen.fill(-1, 2, 149.0, at=2.0) == mmkit.NORMAL
    assert seen.mark(149.0) == mmkit.NORMAL
    seen.fill(1, 1, 149.0, at=3.0)
    assert seen.fill(1, 1, 120.0, at=4.0) == mmkit.NORMAL
    assert seen.mark(119.0) == mmkit.NORMAL


def test_after_closing_it_pauses_and_then_goes_on(watched: Any) -> None:
    seen = watched(trailing_stop, fraction=0.02, cool_down=3 * 10**9, patience=7)
    seen.fill(1, 1, 100.0)
    seen.mark(110.0)
    assert seen.mark(105.0) == mmkit.FLATTEN
    assert seen.control.patience == 7
    assert seen.mark(120.0) == mmkit.FLATTEN
    assert seen.fill(-1, 1, 120.0, at=10.0) == mmkit.NO_QUOTES
    assert seen.ask(at=13.0) == mmkit.NORMAL


def test_a_mid_that_is_missing_neither_triggers_nor_forgets_the_best(watched: Any) -> None:
    seen = watched(trailing_stop, fraction=0.02)
    assert seen.mark(math.nan) == mmkit.NORMAL
    seen.fill(1, 1, 100.0)
    seen.mark(110.0)
    assert seen.mark(math.nan) == mmkit.NORMAL
    assert seen.mark(107.0) == mmkit.FLATTEN


def test_a_stop_needs_a_limit() -> None:
    with pytest.raises(mmkit.ConfigError, match=r"trailing-stop\.fraction"):
        trailing_stop.setup(trailing_stop.Params(), trailing_stop.State(), SimpleNamespace())


@given(
    side=st.sampled_from([1, -1]),
    lots=st.integers(1, 9),
    mids=st.lists(st.floats(80.0, 120.0), min_size=1, max_size=15),
    money=st.floats(1.0, 100.0),
)
def test_of_a_position_that_keeps_its_size_it_is_the_fall_of_the_unrealised_pnl(
    watched: Any, side: int, lots: int, mids: list[float], money: float
) -> None:
    seen = watched(trailing_stop, money=money, activation=-1.0)
    seen.fill(side, lots, 100.0)
    worth = [0.0]
    for mid in mids:
        level = seen.mark(mid)
        worth.append(side * lots * (mid - 100.0))
        fall = max(worth) - worth[-1]
        if abs(fall - money) > 1e-6:
            assert (level == mmkit.FLATTEN) == (fall >= money)
        if level:
            return
