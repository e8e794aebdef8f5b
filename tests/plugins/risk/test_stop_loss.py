"""A stop looks at the loss after fees, closes until flat whatever happens, then halts until it is released."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.risk import stop_loss


def test_it_closes_from_the_fraction_on_and_not_before(watched: Any) -> None:
    for side in (1, -1):
        seen = watched(stop_loss, fraction=0.06)
        assert seen.fill(side, 2, 100.0) == mmkit.NORMAL
        assert seen.mark(100.0 - side * 5.99) == mmkit.NORMAL
        assert seen.mark(100.0 + side * 50.0) == mmkit.NORMAL
        assert seen.mark(100.0 - side * 6.01) == mmkit.FLATTEN


def test_it_closes_from_the_money_on_and_not_before(watched: Any) -> None:
    for side in (1, -1):
        seen = watched(stop_loss, money=30.0, lot=0.5)
        seen.fill(side, 10, 100.0)
        assert seen.mark(100.0 - side * 5.99) == mmkit.NORMAL
        assert seen.mark(100.0 - side * 6.01) == mmkit.FLATTEN


def test_the_average_cost_of_several_fills_is_what_counts(watched: Any) -> None:
    seen = watched(stop_loss, fraction=0.06)
    seen.fill(1, 1, 100.0)
    seen.fill(1, 3, 96.0)
    assert seen.mark(97.0 * 0.941) == mmkit.NORMAL
    assert seen.mark(97.0 * 0.939) == mmkit.FLATTEN


def test_fees_paid_to_open_and_to_be_paid_to_close_belong_to_the_loss(watched: Any) -> None:
    # One unit at 100: 1 paid, 2 % of the price to close. At 98 that is 2 + 1 + 1.96.
    seen = watched(stop_loss, money=4.97, maker_fee=0.01, taker_fee=0.02)
    seen.fill(1, 1, 100.0)
    assert seen.mark(98.0) == mmkit.NORMAL
    assert seen.mark(97.9) == mmkit.FLATTEN
    seen = watched(stop_loss, fraction=0.0497, maker_fee=0.01, taker_fee=0.02)
    seen.fill(1, 1, 100.0)
    assert seen.mark(98.0) == mmkit.NORMAL
    assert seen.mark(97.9) == mmkit.FLATTEN


def test_what_was_paid_for_what_is_closed_no_longer_counts(watched: Any) -> None:
    seen = watched(stop_loss, money=100.0, maker_fee=0.01)
    seen.fill(1, 10, 100.0)
    assert seen.state.open_fees == pytest.approx(10.0)
    seen.fill(-1, 6, 100.0)
    assert seen.state.open_fees == pytest.approx(4.0)
    seen.fill(-1, 10, 100.0)  # to the other side: 6 of the 10 open
    assert seen.state.open_fees == pytest.approx(6.0)
    seen.fill(1, 6, 100.0)
    assert seen.state.open_fees == 0.0


def test_once_begun_it_closes_whatever_the_price_does_and_then_halts(watched: Any) -> None:
    seen = watched(stop_loss, fraction=0.06, patience=7)
    seen.fill(1, 2, 100.0)
    seen.mark(90.0)
    assert seen.control.patience == 7
    assert seen.mark(100.0) == mmkit.FLATTEN
    assert seen.mark(math.nan) == mmkit.FLATTEN
    assert seen.fill(-1, 1, 99.0) == mmkit.FLATTEN
    assert seen.fill(-1, 1, 99.0) == mmkit.HALT
    assert seen.mark(120.0, at=1e6) == mmkit.HALT


def test_what_was_in_flight_when_it_became_flat_is_closed_too(watched: Any) -> None:
    seen = watched(stop_loss, fraction=0.06)
    seen.fill(1, 1, 100.0)
    seen.mark(90.0)
    assert seen.fill(-1, 1, 90.0) == mmkit.HALT
    assert seen.fill(-1, 1, 90.0) == mmkit.FLATTEN
    assert seen.fill(1, 1, 90.0) == mmkit.HALT


def test_a_release_ends_the_halt_and_the_next_loss_halts_again(watched: Any) -> None:
    seen = watched(stop_loss, fraction=0.06)
    for released in (1, 2):
        seen.fill(1, 1, 100.0)
        seen.mark(90.0)
        assert seen.fill(-1, 1, 90.0) == mmkit.HALT
        seen.control.releases = released
        assert seen.ask() == mmkit.NORMAL


def test_a_release_before_the_halt_does_not_end_it(watched: Any) -> None:
    seen = watched(stop_loss, fraction=0.06)
    seen.fill(1, 1, 100.0)
    seen.mark(90.0)
    seen.control.releases = 5
    assert seen.ask() == mmkit.FLATTEN
    assert seen.fill(-1, 1, 90.0) == mmkit.HALT
    assert seen.ask() == mmkit.HALT


def test_without_a_mid_nothing_is_judged(watched: Any) -> None:
    seen = watched(stop_loss, fraction=0.06, money=1.0)
    assert seen.mark(math.nan) == mmkit.NORMAL
    seen.fill(1, 1, 100.0)
    assert seen.mark(math.nan) == mmkit.NORMAL
    assert seen.mark(50.0) == mmkit.FLATTEN


@pytest.mark.parametrize("side", [1, -1])
def test_of_an_inverse_contract_losses_and_fees_are_in_its_coin(watched: Any, side: int) -> None:
    # 30 contracts of 100 USD from 50 000 on: 0.06 coins then, 3000 / S now; 0.1 % of either is paid.
    for limit in ({"fraction": 0.05}, {"money": 0.003}):
        for price in (45_000.0, 47_000.0, 47_700.0, 48_500.0, 51_500.0, 52_400.0, 53_000.0):
            seen = watched(stop_loss, taker_fee=0.001, **limit)
            seen.account.inverse, seen.account.entry, seen.account.fees = 1, 50_000.0, 0.001 * 0.06
            seen.market.mid = price
            seen.market.position_lots, seen.market.position = side * 30, side * 30 * 100.0 / price
            seen.account.unrealised = side * 3000.0 * (1 / 50_000.0 - 1 / price)
            left = seen.account.unrealised - 0.001 * 0.06 - 0.001 * 3000.0 / price
            assert abs(left + 0.003) > 1e-5
            assert seen.ask() == (mmkit.FLATTEN if left <= -0.003 else mmkit.NORMAL)


def test_a_stop_needs_a_limit() -> None:
    with pytest.raises(mmkit.ConfigError, match=r"stop-loss\.fraction"):
        stop_loss.setup(stop_loss.Params(), stop_loss.State(), SimpleNamespace())


fills = st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(1, 9), st.integers(90, 110)), min_size=1, max_size=12)


@given(fills=fills, mids=st.lists(st.floats(80, 120), min_size=12, max_size=12), limit=st.floats(1.0, 60.0))
def test_it_begins_where_closing_would_leave_less_equity_than_the_position_began_with(
    watched: Any, fills: list[tuple[int, int, int]], mids: list[float], limit: float
) -> None:
    # The oracle knows no average cost: each side's fills are a stack of (price, lots, fee) of which all shares are taken equally.
    seen = watched(stop_loss, money=limit, maker_fee=0.001, taker_fee=0.002)
    held: list[tuple[float, float, float]] = []
    sign = 0
    for (side, lots, price), mid in zip(fills, mids, strict=False):
        left = float(lots)
        if sign == -side and held:
            total = sum(q for _, q, _ in held)
            share = max(0.0, 1.0 - lots / total)
            left = max(0.0, lots - total)
            held = [(p, q * share, fee * share) for p, q, fee in held] if share > 1e-12 else []
        if left > 1e-12:
            sign = side
            held.append((float(price), left, 0.001 * left * price))
        seen.fill(side, lots, float(price))
        if seen.state.phase:
            return
        level = seen.mark(mid)
        worth = sum(sign * q * (mid - p) - fee - 0.002 * q * mid for p, q, fee in held)
        if abs(worth + limit) > 1e-6:
            assert (level == mmkit.FLATTEN) == (worth <= -limit)
        if level:
            return
