"""What ledgers mean in money: linear with a contract size, inverse in the coin, and both together."""

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkit.engine.ledger import book_coin
from mmkit.engine.records import Ledger
from mmkit.money import Money, Totals
from mmkit.results import exchanged
from mmkit.stack import Instrument, Kind

trades = st.lists(
    st.tuples(st.sampled_from((1, -1)), st.integers(1, 1000), st.integers(1000, 2000), st.booleans()), max_size=30
)


def instrument(**chosen: Any) -> Instrument:
    """Returns an instrument with ticks of half a unit and lots of 10, fees of 1/64 and 1/32."""
    return Instrument(
        **{"name": "X", "tick_size": 0.5, "lot_size": 10.0, "maker_fee": 1 / 64, "taker_fee": 1 / 32, **chosen}
    )


def totals(rows: Any, inverse: bool) -> Totals:
    """Returns the end of a ledger that booked the trades: side, lots, tick, maker."""
    ledger = Ledger()
    for side, lots, tick, maker in rows:
        ledger.position += side * lots
        if inverse:
            book_coin(ledger, side, lots / tick, maker)
        else:
            ledger.spent += side * lots * tick
            ledger.maker += lots * tick * maker
            ledger.taker += lots * tick * (not maker)
    end = Totals()
    exchange = SimpleNamespace(cancelled=0, rejected=0, expired=0, amended=0)
    end.add(SimpleNamespace(ledger=ledger, exchange=exchange, desk=SimpleNamespace(submitted=0)))
    return end


@given(trades, st.integers(1000, 2000), st.sampled_from((1.0, 0.25, 4.0)))
@settings(max_examples=150, deadline=None)
def test_cash_and_equity_of_a_linear_contract_are_those_of_every_trade(rows: Any, mark: int, size: float) -> None:
    money = Money(instrument(contract_size=size))
    end = totals(rows, inverse=False)
    base = Fraction(size) * 10
    cash = fees = held = Fraction(0)
    for side, lots, tick, maker in rows:
        value = lots * base * Fraction(tick, 2)
        fee = value * Fraction(1, 64 if maker else 32)
        cash, fees, held = cash - side * value - fee, fees + fee, held + side * lots * base
    found, paid = money.of(end)
    assert (found, paid) == pytest.approx((float(cash), float(fees)), rel=1e-12, abs=1e-9)
    worth = money.held(money.quantity(end.position), mark / 2)
    assert float(found + worth) == pytest.approx(float(cash + held * Fraction(mark, 2)), rel=1e-12, abs=1e-6)


@given(trades, st.integers(1000, 2000), st.sampled_from((1.0, 0.25, 100.0)))
@settings(max_examples=150, deadline=None)
def test_cash_and_equity_of_an_inverse_contract_are_coins(rows: Any, mark: int, size: float) -> None:
    money = Money(instrument(kind=Kind.INVERSE, contract_size=size))
    end = totals(rows, inverse=True)
    cash = fees = contracts = Fraction(0)
    for side, lots, tick, maker in rows:
        coins = lots * 10 * Fraction(size) / Fraction(tick, 2)
        fee = coins * Fraction(1, 64 if maker else 32)
        cash, fees, contracts = cash + side * coins - fee, fees + fee, contracts + side * lots * 10
    found, paid = money.of(end)
    assert (found, paid) == pytest.approx((float(cash), float(fees)), rel=1e-12, abs=1e-12)
    assert money.quantity(end.position) == float(contracts)
    equity = cash - contracts * Fraction(size) / Fraction(mark, 2)
    worth = money.held(money.quantity(end.position), mark / 2)
    assert float(found + worth) == pytest.approx(float(equity), rel=1e-12, abs=1e-9)


def test_the_coin_keeps_what_rounding_would_lose() -> None:
    # A large amount comes and goes between many small ones: a plain sum keeps few of their digits.
    ledger = Ledger()
    small = 1 / 3
    for _ in range(1000):
        book_coin(ledger, 1, 1e12, 0)
        book_coin(ledger, 1, small, 0)
        book_coin(ledger, -1, 1e12, 0)
    plain = 0.0
    for _ in range(1000):
        plain = plain + 1e12 + small - 1e12
    exact = float(1000 * Fraction(small))
    assert ledger.coin + ledger.coin_rest == exact
    assert abs(plain - exact) > 1e-3


def test_nothing_held_is_worth_nothing_where_no_price_is_known() -> None:
    for kind in (Kind.LINEAR, Kind.INVERSE, Kind.SPOT):
        assert Money(instrument(kind=kind)).held(0.0, float("nan")) == 0.0


@pytest.mark.parametrize(
    ("quoted", "own", "rate"),
    [
        (Kind.LINEAR, Kind.LINEAR, 1.0),
        (Kind.LINEAR, Kind.SPOT, 1.0),
        (Kind.INVERSE, Kind.INVERSE, 1.0),
        (Kind.LINEAR, Kind.INVERSE, 50.0),
        (Kind.INVERSE, Kind.LINEAR, 1 / 40),
    ],
)
def test_a_coin_counts_at_its_mid_beside_quote_currency(quoted: Kind, own: Kind, rate: float) -> None:
    legs = [SimpleNamespace(instrument=instrument(kind=kind)) for kind in (quoted, own)]
    stack: Any = SimpleNamespace(all_legs=legs, leg=legs[0])
    assert exchanged(stack, 1, 40.0, 50.0) == rate
