"""Fees, funding, balances, margin and liquidation against sums by hand, a loop over settlements, and bisection."""

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mmkit.accounting import Contract
from mmkit.balances import (
    balances,
    fees_of,
    funding_payments,
    last_before,
    liquidation_price,
    margin,
    meets_minimum,
)
from mmkit.stack import Cost, Kind

often = settings(deadline=None, max_examples=300)
HOUR = 3600 * 10**9
LINEAR, COIN = Contract(0.001), Contract(1.0, contract_size=100.0, inverse=True)


def frame(*rows: tuple[Any, ...]) -> pl.DataFrame:
    """Returns fills of (hour, side, quantity, price, fee, maker)."""
    kinds = {"exch_ts": pl.Int64, "side": pl.Int8, "qty": pl.Float64, "price": pl.Float64}
    full = [(round(t * HOUR), s, float(q), float(p), float(fee), maker) for t, s, q, p, fee, maker in rows]
    return pl.DataFrame(full, schema={**kinds, "fee": pl.Float64, "maker": pl.Boolean}, orient="row")


TWO = frame((1, 1, 2, 100, 0.04, True), (2, -1, 1, 110, 0.055, False))


# ---- fees


def test_a_fee_is_a_rate_of_the_notional_by_who_made_the_market() -> None:
    assert fees_of(TWO, LINEAR, maker_rate=-0.0001, taker_rate=0.0005) == pytest.approx([-0.02, 0.055])
    assert fees_of(TWO, Contract(1.0, contract_size=10.0), maker_rate=0.01, taker_rate=0) == pytest.approx([20, 0])


def test_a_fee_of_an_inverse_contract_is_in_the_coin() -> None:
    fees = fees_of(TWO, COIN, maker_rate=0.0002, taker_rate=0.0005)
    assert fees == pytest.approx([0.0002 * 200 / 100, 0.0005 * 100 / 110], rel=1e-14)


# ---- funding


def test_funding_is_booked_once_per_settlement_on_the_position_of_that_time() -> None:
    paid = funding_payments([0, 8 * HOUR, 16 * HOUR], [0.0001, 0.0001, -0.0002], [90, 105, 120], TWO, LINEAR)
    assert paid["position"].to_list() == [0, 1, 1]
    assert paid["payment"].to_list() == pytest.approx([0, -0.0105, 0.024], rel=1e-14)


def test_a_fill_at_the_time_of_a_settlement_comes_after_it() -> None:
    at_fills = funding_payments([HOUR, HOUR + 1, 2 * HOUR, 2 * HOUR + 1], [0.01] * 4, [100] * 4, TWO, LINEAR)
    assert at_fills["position"].to_list() == [0, 2, 2, 1]


def test_a_short_position_receives_what_a_long_one_pays() -> None:
    short = TWO.with_columns(side=-pl.col("side"))
    long_side, short_side = (funding_payments([3 * HOUR], [0.01], [100], f, LINEAR)["payment"] for f in (TWO, short))
    assert long_side.item() == -short_side.item() == -1


def test_funding_of_an_inverse_contract_is_in_the_coin() -> None:
    paid = funding_payments([8 * HOUR], [0.0001], [50000], TWO, COIN)
    assert paid["payment"].item() == pytest.approx(-0.0001 * 1 * 100 / 50000, rel=1e-14, abs=0)


def test_an_unknown_rate_is_unknown_money_unless_nothing_is_held() -> None:
    paid = funding_payments([0, HOUR + 1, 2 * HOUR], [math.nan, math.nan, 0.1], [1, 1, math.nan], TWO, LINEAR)
    assert paid["payment"].to_list() == pytest.approx([0, math.nan, math.nan], nan_ok=True)


def test_the_rate_that_counts_is_the_last_one_before_the_settlement() -> None:
    rates = last_before([5, 10, 11, 99], [5, 10, 20], [0.1, 0.2, 0.3])
    assert rates.tolist() == pytest.approx([math.nan, 0.1, 0.2, 0.3], nan_ok=True)


@often
@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from([1, -1]), st.integers(1, 9)), max_size=12),
    st.lists(st.integers(0, 42), max_size=6, unique=True),
    st.integers(-9, 9),
)
def test_funding_equals_a_walk_over_fills_and_settlements(
    fills: list[tuple[int, int, int]], settlements: list[int], rate: int
) -> None:
    rows = [(t, s, n, 100, 0, True) for t, s, n in sorted(fills, key=lambda fill: fill[0])]
    times = sorted(settlements)
    paid = funding_payments(
        [t * HOUR for t in times], [rate / 64] * len(times), [96.0] * len(times), frame(*rows), LINEAR
    )
    for t, payment in zip(times, paid["payment"], strict=True):
        held = 0
        for when, side, lots, *_ in rows:
            if when >= t:
                break
            held += side * lots
        assert payment == -held * rate / 64 * 96


# ---- balances


def test_spot_exchanges_two_currencies() -> None:
    start = {"USDT": 1000.0, "BTC": 3.0, "BNB": 7.0}
    after = balances(start, TWO, LINEAR, kind=Kind.SPOT, base="BTC", quote="USDT")
    assert after == {"USDT": pytest.approx(1000 - 200 + 110 - 0.095, rel=1e-15), "BTC": 4, "BNB": 7}
    assert start == {"USDT": 1000, "BTC": 3, "BNB": 7}


def test_a_linear_contract_moves_the_wallet_by_what_was_realised() -> None:
    after = balances({"USDT": 50.0}, TWO, LINEAR, kind=Kind.LINEAR, base="BTC", quote="USDT", funding=-0.25)
    assert after == {"USDT": pytest.approx(50 + 10 - 0.095 - 0.25, rel=1e-15)}


def test_an_inverse_contract_moves_the_coin_only() -> None:
    after = balances({}, TWO, COIN, kind=Kind.INVERSE, base="BTC", quote="USD", funding=0.5)
    assert after == {"BTC": pytest.approx(100 / 100 - 100 / 110 - 0.095 + 0.5, rel=1e-14)}


def test_the_wallet_depends_on_the_method_and_the_equity_does_not() -> None:
    fills = frame((1, 1, 1, 100, 0, True), (2, 1, 1, 90, 0, True), (3, -1, 1, 110, 0, True))
    wallets = [
        balances({}, fills, LINEAR, kind=Kind.LINEAR, base="B", quote="Q", method=method)["Q"] for method in Cost
    ]
    assert wallets == [15, 10]
    assert wallets[0] + (110 - 95) == wallets[1] + (110 - 90)


@pytest.mark.parametrize(("kind", "contract"), [(Kind.INVERSE, LINEAR), (Kind.LINEAR, COIN), (Kind.SPOT, COIN)])
def test_a_kind_must_match_its_contract(kind: Kind, contract: Contract) -> None:
    with pytest.raises(ValueError, match=f"the kind is {kind.name}"):
        balances({}, TWO, contract, kind=kind, base="B", quote="Q")


def test_spot_has_no_funding() -> None:
    with pytest.raises(ValueError, match="no funding"):
        balances({}, TWO, LINEAR, kind=Kind.SPOT, base="B", quote="Q", funding=0.1)


# ---- margin and liquidation


def test_margin_is_a_rate_of_the_notional_of_either_side() -> None:
    for qty in (2.0, -2.0):
        held = margin(qty, 50000, LINEAR, initial_rate=0.05, maintenance_rate=0.005)
        assert (held.initial, held.maintenance) == (5000, 500)
    coin = margin(-10, 50000, COIN, initial_rate=0.1, maintenance_rate=0.01)
    assert (coin.initial, coin.maintenance) == pytest.approx((0.002, 0.0002), rel=1e-14, abs=0)


def spare(qty: float, entry: float, balance: float, contract: Contract, rate: float, mark: float) -> float:
    """Returns the balance with what is unrealised, less the maintenance margin."""
    size = qty * contract.contract_size
    if contract.inverse:
        return balance + size * (1 / entry - 1 / mark) - rate * abs(size) / mark
    return balance + size * (mark - entry) - rate * abs(size) * mark


@often
@given(
    st.floats(0.01, 50) | st.floats(-50, -0.01),
    st.floats(10, 1000),
    st.floats(-0.2, 2),
    st.sampled_from([0.0, 0.004, 0.05, 0.5]),
    st.sampled_from([Contract(0.001), Contract(0.001, contract_size=10.0), COIN]),
)
def test_a_position_is_liquidated_where_bisection_finds_its_balance_used_up(
    qty: float, entry: float, leverage: float, rate: float, contract: Contract
) -> None:
    balance = leverage * abs(float(contract.notional(qty, entry)))
    price = liquidation_price(qty, entry, balance, contract, maintenance_rate=rate)
    low, high = 1e-6, 1e9
    ends = [spare(qty, entry, balance, contract, rate, mark) for mark in (low, high)]
    # A threshold beyond the range of the bisection, or at its noise, is another test's.
    assume(all(abs(end) > 1e-9 * abs(balance) for end in ends))
    if (ends[0] > 0) == (ends[1] > 0):
        assert not low < price < high
        survives = ends[0] > 0
        assert price == ((0 if qty > 0 else math.inf) if survives else (math.inf if qty > 0 else 0))
        return
    assert (ends[1] > 0) == (qty > 0)
    for _ in range(200):
        middle = math.sqrt(low * high)
        if (spare(qty, entry, balance, contract, rate, middle) > 0) == (ends[0] > 0):
            low = middle
        else:
            high = middle
    assert price == pytest.approx(low, rel=1e-6)


@pytest.mark.parametrize("contract", [LINEAR, COIN])
def test_nothing_is_liquidated_without_a_position(contract: Contract) -> None:
    assert math.isnan(liquidation_price(0.0, math.nan, 100, contract, maintenance_rate=0.01))


def test_what_is_fully_paid_for_is_never_liquidated() -> None:
    assert liquidation_price(2, 100, 200, LINEAR, maintenance_rate=0.005) == 0
    assert liquidation_price(-1, 100, 1, COIN, maintenance_rate=0.005) == math.inf


def test_a_balance_that_no_price_saves_is_liquidated_at_every_price() -> None:
    assert liquidation_price(-1, 100, -101, LINEAR, maintenance_rate=0.005) == 0
    assert liquidation_price(1, 100, -1.01, COIN, maintenance_rate=0.005) == math.inf


def test_more_balance_moves_the_liquidation_away() -> None:
    marks = [liquidation_price(1, 100, b, LINEAR, maintenance_rate=0.01) for b in (10, 20)]
    assert marks == pytest.approx([90 / 0.99, 80 / 0.99], rel=1e-14)
    marks = [liquidation_price(-1, 100, b, LINEAR, maintenance_rate=0.01) for b in (10, 20)]
    assert marks == pytest.approx([110 / 1.01, 120 / 1.01], rel=1e-14)


@pytest.mark.parametrize("rate", [-0.01, 1.0, math.nan])
def test_a_maintenance_rate_is_a_part_of_the_notional(rate: float) -> None:
    with pytest.raises(ValueError, match="not from 0 to 1"):
        liquidation_price(1, 100, 10, LINEAR, maintenance_rate=rate)


# ---- minima


def test_minima_are_reached_as_decimals() -> None:
    assert 0.29 * 100 < 29
    assert meets_minimum(0.29, 100, LINEAR, min_notional=29)
    assert not meets_minimum(0.289, 100, LINEAR, min_notional=29)
    assert meets_minimum(0.3, 1, LINEAR, min_qty=0.3)
    assert not meets_minimum(0.299, 1e6, LINEAR, min_qty=0.3)
    assert not meets_minimum(1, 4.99, LINEAR, min_qty=1, min_notional=5)


def test_the_notional_of_an_inverse_contract_is_its_face_value() -> None:
    assert meets_minimum(1, 1e-3, COIN, min_notional=100)
    assert not meets_minimum(1, 1e9, COIN, min_notional=101)


@pytest.mark.parametrize(("qty", "price"), [(0, 100), (-1, 100), (math.nan, 100), (1, math.nan), (math.inf, 1)])
def test_an_order_of_nothing_or_at_no_price_meets_no_minimum(qty: float, price: float) -> None:
    assert not meets_minimum(qty, price, LINEAR)
