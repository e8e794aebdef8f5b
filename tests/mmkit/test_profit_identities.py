"""Identities of a ledger, by both cost methods, of linear and inverse contracts: the latter in u = -1/price.

The profit is realised + unrealised - fees + funding; the other side of each identity is worked out in fractions from
fills and the path of the mid alone.
"""

import math
from fractions import Fraction
from typing import Any

import attrs
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkit.accounting import Contract, cost_basis
from mmkit.stack import Cost

often = settings(deadline=None, max_examples=300)
ZERO = Fraction(0)


@attrs.frozen
class Trade:
    """A fill at a whole time, after the mid of that time; price in u of the contract."""

    at: int
    side: int
    lots: int
    u: Fraction
    fee: Fraction = ZERO


@attrs.frozen
class Ledger:
    """mids: in u, one for each whole time; trades: in the order of their times; the last mid is the mark."""

    contract: Contract
    method: Cost
    mids: list[Fraction]
    trades: list[Trade]

    @property
    def size(self) -> Fraction:
        """Returns what a lot is worth at u = 1."""
        return Fraction(str(self.contract.lot_size)) * Fraction(str(self.contract.contract_size))

    def price(self, u: Fraction) -> float:
        return float(-1 / u if self.contract.inverse else u)

    def fills(self) -> pl.DataFrame:
        lot = Fraction(str(self.contract.lot_size))
        kinds = {"exch_ts": pl.Int64, "side": pl.Int8, "qty": pl.Float64, "price": pl.Float64, "fee": pl.Float64}
        rows = [(10 * t.at, t.side, float(t.lots * lot), self.price(t.u), float(t.fee)) for t in self.trades]
        return pl.DataFrame(rows, schema=kinds, orient="row")

    def profit(self, mark: Fraction | None = None) -> float:
        """Returns realised plus unrealised profit, before fees."""
        end = cost_basis(self.fills(), self.contract, self.method).end
        return end.realised + end.unrealised(self.price(self.mids[-1] if mark is None else mark))

    def near(self, wanted: Fraction) -> Any:
        """Compares money, within the rounding of prices to floats."""
        largest = max(map(abs, self.mids))
        turnover = sum((t.lots * (abs(t.u) + largest) for t in self.trades), ZERO)
        fees = sum((abs(t.fee) for t in self.trades), ZERO)
        return pytest.approx(float(wanted), rel=1e-15, abs=float(self.size * turnover + fees) * 4e-16)

    @property
    def held(self) -> int:
        return sum(t.side * t.lots for t in self.trades)


def ledger_of(
    contract: Contract, method: Cost, mids: list[int], trades: list[tuple[int, int, int, int, int]]
) -> Ledger:
    """Returns a ledger of prices in ticks of 0.1 and fees in hundredths; the time of a trade counts modulo the mids."""

    def u(ticks: int) -> Fraction:
        return Fraction(-10, ticks) if contract.inverse else Fraction(ticks, 10)

    made = [Trade(at % len(mids), side, lots, u(price), Fraction(fee, 100)) for at, side, lots, price, fee in trades]
    return Ledger(contract, method, [u(mid) for mid in mids], sorted(made, key=lambda t: t.at))


ticks = st.integers(400, 2500)
trades = st.tuples(st.integers(0, 7), st.sampled_from([1, -1]), st.integers(1, 9), ticks, st.integers(-20, 20))
contracts = st.sampled_from(
    [Contract(lot, size, inverse) for lot in (1.0, 0.001) for size in (1.0, 100.0) for inverse in (False, True)]
)


def ledgers() -> st.SearchStrategy[Ledger]:
    return st.builds(
        ledger_of,
        contracts,
        st.sampled_from(Cost),
        st.lists(ticks, min_size=1, max_size=6),
        st.lists(trades, max_size=10),
    )


def value_of_markouts(ledger: Ledger) -> Fraction:
    """Returns the sum over fills of quantity times the markout to the end."""
    return ledger.size * sum((t.side * t.lots * (ledger.mids[-1] - t.u) for t in ledger.trades), ZERO)


def size_of(ledger: Ledger, at: int) -> float:
    """Returns the position before a time."""
    fills = ledger.fills().filter(pl.col("exch_ts") < 10 * at)
    return float((fills["side"] * fills["qty"]).sum())


@often
@given(ledgers(), st.integers(-30, 30))
def test_i1_spread_capture_inventory_fees_and_funding_are_the_profit(ledger: Ledger, rate: int) -> None:
    mids, size = ledger.mids, ledger.size
    spread = sum((t.side * t.lots * (mids[t.at] - t.u) for t in ledger.trades), ZERO)
    inventory, paid = ZERO, ZERO
    for i in range(1, len(mids)):
        held = sum(t.side * t.lots for t in ledger.trades if t.at < i)
        inventory += held * (mids[i] - mids[i - 1])
        # In u, a notional is |u|.
        paid += Fraction(rate, 10000) * held * abs(mids[i])
    fees = sum((t.fee for t in ledger.trades), ZERO)
    held_at = [size_of(ledger, i) for i in range(1, len(mids))]
    marks = [ledger.price(u) for u in mids[1:]]
    settled = zip(held_at, marks, strict=True)
    funding = math.fsum(-rate / 10000 * ledger.contract.notional(held, mark) for held, mark in settled)
    assert funding == pytest.approx(float(-size * paid), rel=1e-12, abs=float(size) * 1e-12)
    end = cost_basis(ledger.fills(), ledger.contract, ledger.method).end
    profit = end.realised + end.unrealised(ledger.price(mids[-1])) - end.fees
    assert profit == ledger.near(size * (spread + inventory) - fees)
    assert end.fees == pytest.approx(float(fees), rel=1e-15)


@often
@given(ledgers())
def test_i2_the_profit_is_the_markout_of_every_fill_to_the_end(ledger: Ledger) -> None:
    assert ledger.profit() == ledger.near(value_of_markouts(ledger))


@often
@given(ledgers())
def test_i3_the_profit_is_the_edge_of_every_fill_less_its_adverse_selection(ledger: Ledger) -> None:
    edge = sum((t.side * t.lots * (ledger.mids[t.at] - t.u) for t in ledger.trades), ZERO)
    adverse = sum((-t.side * t.lots * (ledger.mids[-1] - ledger.mids[t.at]) for t in ledger.trades), ZERO)
    assert ledger.profit() == ledger.near(ledger.size * (edge - adverse))


@often
@given(ledgers())
def test_i4_the_total_is_the_same_by_any_method(ledger: Ledger) -> None:
    # Last in, first out, the third method, stands here only.
    stack: list[tuple[int, Fraction]] = []
    realised = ZERO
    for t in ledger.trades:
        for _ in range(t.lots):
            if stack and stack[-1][0] != t.side:
                side, u = stack.pop()
                realised += side * (t.u - u)
            else:
                stack.append((t.side, t.u))
    unrealised = sum((side * (ledger.mids[-1] - u) for side, u in stack), ZERO)
    for method in Cost:
        assert attrs.evolve(ledger, method=method).profit() == ledger.near(ledger.size * (realised + unrealised))


@often
@given(ledgers(), st.integers(1, 400), st.sampled_from([Fraction(1, 4), Fraction(3), Fraction(10)]))
def test_i5_the_profit_ignores_a_shift_and_scales_with_values_and_with_sizes(
    ledger: Ledger, shift: int, scale: Fraction
) -> None:
    profit = value_of_markouts(ledger)
    # Values of inverse contracts are negative: shifted down, prices stay above zero.
    by = -Fraction(shift, 10**4) if ledger.contract.inverse else Fraction(shift, 10)

    def changed(add: Fraction, times: Fraction) -> Ledger:
        trades = [attrs.evolve(t, u=(t.u + add) * times) for t in ledger.trades]
        return attrs.evolve(ledger, trades=trades, mids=[(u + add) * times for u in ledger.mids])

    shifted = changed(by, Fraction(1))
    assert shifted.profit() == shifted.near(profit)
    assert changed(ZERO, scale).profit() == changed(ZERO, scale).near(profit * scale)
    larger = attrs.evolve(ledger, trades=[attrs.evolve(t, lots=3 * t.lots) for t in ledger.trades])
    assert larger.profit() == larger.near(3 * profit)
    contract = attrs.evolve(ledger.contract, contract_size=ledger.contract.contract_size * 10)
    assert attrs.evolve(ledger, contract=contract).profit() == pytest.approx(
        float(10 * profit), rel=1e-15, abs=ledger.near(ZERO).abs * 10
    )


@often
@given(ledgers(), st.integers(400, 2500))
def test_i6_from_flat_to_flat_no_mark_matters(ledger: Ledger, close: int) -> None:
    u = -1 / Fraction(close, 10) if ledger.contract.inverse else Fraction(close, 10)
    if ledger.held:
        last = Trade(len(ledger.mids) - 1, -1 if ledger.held > 0 else 1, abs(ledger.held), u)
        ledger = attrs.evolve(ledger, trades=[*ledger.trades, last])
    end = cost_basis(ledger.fills(), ledger.contract, ledger.method).end
    assert end.realised == end.cash
    assert end.realised == ledger.near(-ledger.size * sum((t.side * t.lots * t.u for t in ledger.trades), ZERO))
    assert [end.unrealised(mark) for mark in (1.0, 1e9, math.nan)] == [0, 0, 0]


@often
@given(ledgers(), st.data())
def test_i7_the_profit_adds_up_over_a_split_in_time(ledger: Ledger, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(ledger.mids) - 1))
    early = attrs.evolve(ledger, trades=[t for t in ledger.trades if t.at < cut])
    late = [t for t in ledger.trades if t.at >= cut]
    if early.held:
        late.insert(0, Trade(cut, 1 if early.held > 0 else -1, abs(early.held), ledger.mids[cut]))
    second = attrs.evolve(ledger, trades=late)
    total = early.profit(ledger.mids[cut]) + second.profit()
    assert total == second.near(value_of_markouts(ledger))
    assert ledger.profit() == ledger.near(value_of_markouts(ledger))


@often
@given(ledgers(), st.integers(2600, 5000))
def test_i8_the_mirror_image_earns_the_same(ledger: Ledger, pivot: int) -> None:
    # 2c - u keeps its sign: c above all values of a linear contract, far below all of an inverse one.
    twice = Fraction(-pivot, 10**3) if ledger.contract.inverse else Fraction(pivot, 10)
    trades = [attrs.evolve(t, side=-t.side, u=twice - t.u) for t in ledger.trades]
    mirrored = attrs.evolve(ledger, trades=trades, mids=[twice - u for u in ledger.mids])
    assert mirrored.profit() == mirrored.near(value_of_markouts(ledger))
    assert ledger.profit() == ledger.near(value_of_markouts(ledger))
