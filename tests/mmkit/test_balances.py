"""Balances, margin and liquidation against sums by hand, and bisection."""

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mmkit.accounting import Contract
from mmkit.balances import (
    balances,
    liquidation_price,
    margin,
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
