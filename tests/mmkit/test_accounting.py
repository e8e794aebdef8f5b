"""Cost basis against sequences worked by hand, published ledgers, and a ledger that moves one lot at a time."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkit.accounting import Contract, CostBasis, cost_basis
from mmkit.metrics import pnl_parts
from mmkit.stack import Cost

AVERAGE, FIFO = Cost.AVERAGE, Cost.FIFO
both = pytest.mark.parametrize("method", [AVERAGE, FIFO])
often = settings(deadline=None, max_examples=300)
Row = tuple[int, int, Fraction, Fraction]
"""Side, lots, price, fee."""


def frame(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    """Returns fills of (side, quantity, price) or (side, quantity, price, fee)."""
    kinds = {"side": pl.Int8, "qty": pl.Float64, "price": pl.Float64, "fee": pl.Float64}
    full = [(int(s), float(q), float(p), float(*fee or [0])) for s, q, p, *fee in rows]
    return pl.DataFrame(full, schema=kinds, orient="row")


def booked(*rows: tuple[Any, ...], method: Cost = AVERAGE, **contract: Any) -> CostBasis:
    return cost_basis(frame([*rows]), Contract(**{"lot_size": 1.0, **contract}), method)


# ---- sequences worked by hand


@both
def test_a_purchase_and_a_sale_realise_their_difference(method: Cost) -> None:
    end = booked((1, 1, 100), (-1, 1, 110), method=method).end
    assert (end.realised, end.lots, end.round_trips, end.entries) == (10, 0, 1, ())
    assert math.isnan(end.entry)
    assert end.unrealised(500) == end.unrealised(math.nan) == 0


@pytest.mark.parametrize(("method", "realised", "left"), [(FIFO, 10, 90), (AVERAGE, 15, 95)])
def test_methods_differ_in_what_is_realised_and_agree_in_the_total(method: Cost, realised: int, left: int) -> None:
    basis = booked((1, 1, 100), (1, 1, 90), (-1, 1, 110), method=method)
    assert basis.after["entry"].to_list() == [100, 95, left]
    assert basis.after["realised"].to_list() == [0, 0, realised]
    assert basis.end.realised + basis.end.unrealised(110) == 30
    assert basis.end.entries == ((1, left),)


@both
def test_a_flip_closes_and_opens_at_its_price(method: Cost) -> None:
    basis = booked((1, 1, 100), (-1, 3, 110), method=method)
    assert (basis.end.lots, basis.end.entry, basis.end.realised, basis.end.round_trips) == (-2, 110, 10, 1)
    assert basis.end.unrealised(110) == 0
    assert basis.end.unrealised(120) == -20


def test_a_short_position_earns_when_the_price_falls() -> None:
    basis = booked((-1, 2, 100), (1, 1, 90))
    assert basis.after["realised"].to_list() == [0, 10]
    assert basis.end.unrealised(95) == 5


def test_the_oldest_entry_closes_first_in_time_not_in_price() -> None:
    queue = booked((1, 2, 100), (1, 1, 90), (1, 1, 95), (-1, 3, 110), method=FIFO)
    assert queue.end.realised == 10 + 10 + 20
    assert queue.end.entries == ((1, 95),)
    assert booked((1, 3, 100), (1, 1, 90), (-1, 1, 90), method=FIFO).end.entries == ((2, 100), (1, 90))


def test_a_partial_sale_leaves_the_average_as_it_is() -> None:
    after = booked((1, 1, 10), (1, 1, 11), (1, 1, 11), (-1, 1, 17), (-1, 1, 3), lot_size=1.0).after
    assert after["entry"].to_list()[2:] == [32 / 3] * 3


def test_a_round_trip_ends_flat_or_with_a_flip_and_bears_its_own_fees() -> None:
    basis = booked((1, 2, 100, 0.5), (-1, 1, 110, 0.25), (-1, 3, 104, 0.75), (1, 2, 101, 0.1))
    # The flip closes one of its three lots: a third of its fee.
    assert basis.trips.rows() == [(2, 14 - 0.5 - 0.25 - 0.25, 1.0), (3, 6 - 0.5 - 0.1, 0.6)]
    assert basis.after["round_trips"].to_list() == [0, 0, 1, 2]
    assert basis.end.fees == 1.6


def test_money_is_decimal() -> None:
    # In floats, 0.1 + 0.2 - 0.3 leaves 5.6e-17, and 3 * 0.1 is not 0.3.
    basis = booked((1, 0.1, 0.1), (1, 0.1, 0.2), (-1, 0.2, 0.15), lot_size=0.1)
    assert basis.end.realised == basis.end.cash == 0
    assert booked(*[(1, 0.1, 61659.7)] * 3, lot_size=0.1).end.cash == -18497.91
    assert booked((1, 0.3, 1), (-1, 0.1, 1), (-1, 0.2, 1), lot_size=0.1).after["position"].to_list() == [0.3, 0.2, 0]


def test_a_contract_of_many_units_scales_money_and_not_the_position() -> None:
    basis = booked((1, 3, 100), (-1, 1, 110), contract_size=0.01)
    assert (basis.end.qty, basis.end.realised, basis.end.unrealised(120)) == (2, 0.1, 0.4)


def test_an_inverse_contract_averages_harmonically_and_pays_in_the_coin() -> None:
    basis = booked((1, 1, 40000), (1, 1, 60000), (-1, 1, 50000), inverse=True, contract_size=100.0)
    assert basis.after["entry"].to_list() == [40000, 48000, 48000]
    assert basis.end.realised == pytest.approx(100 * (1 / 48000 - 1 / 50000), rel=1e-14, abs=0)
    assert basis.end.unrealised(64000) == pytest.approx(100 * (1 / 48000 - 1 / 64000), rel=1e-14, abs=0)
    short = booked((-1, 2, 50000), inverse=True, contract_size=100.0).end
    assert short.unrealised(40000) == pytest.approx(200 * (1 / 40000 - 1 / 50000), rel=1e-14, abs=0)


def test_without_fills_there_is_nothing() -> None:
    basis = booked()
    assert (basis.end.lots, basis.end.realised, basis.end.cash, basis.end.unrealised(100)) == (0, 0, 0, 0)
    assert len(basis.after) == len(basis.trips) == 0


def test_a_quantity_between_two_lots_is_refused() -> None:
    with pytest.raises(ValueError, match="not a multiple"):
        booked((1, 0.15, 100), lot_size=0.1)


def test_an_inverse_contract_has_no_price_of_zero() -> None:
    with pytest.raises(ValueError, match="no value at a price of 0"):
        booked((1, 1, 0), inverse=True)


@both
def test_thousands_of_lots_of_odd_prices_leave_no_dust(method: Cost) -> None:
    rows = [(1, 7 + i % 13, 1000.1 + i * 0.7) for i in range(2000)]
    bought = sum(q for _, q, _ in rows)
    basis = booked(*rows, *[(-1, 1, 1500.3)] * (bought // 2), (-1, bought - bought // 2, 1500.3), method=method)
    exactly = sum(q * (Fraction("1500.3") - Fraction(str(round(p, 1)))) for _, q, p in rows)
    rounded = booked(*[(s, q, round(p, 1)) for s, q, p in rows], (-1, bought, 1500.3), method=method)
    assert rounded.end.realised == float(exactly)
    assert basis.end.realised == basis.end.cash
    assert basis.end.lots == 0


# ---- published ledgers


@pytest.fixture(scope="module")
def cases(oracle_cases: Callable[[str], list[dict[str, Any]]]) -> dict[str, Any]:
    return {case["id"]: case for case in oracle_cases("06_pnl_identities.json")}


@pytest.mark.parametrize(("method", "name"), [(AVERAGE, "average_cost"), (FIFO, "fifo")])
def test_a_ledger_worked_by_hand_by_both_methods(cases: dict[str, Any], method: Cost, name: str) -> None:
    given_, wanted = cases["hand_ledger"]["inputs"], cases["hand_ledger"]["outputs"]
    rows = [(f["side"], f["qty"], f["price"], f["fee"]) for f in given_["fills"]]
    basis = booked((1, given_["q0"], given_["entry_price_of_q0"]), *rows, method=method)
    published = wanted[name]
    assert basis.end.realised == pytest.approx(published["realised"], rel=1e-10)
    assert basis.end.unrealised(wanted["summary"]["mid_T"]) == pytest.approx(published["unrealised"], rel=1e-10)
    assert basis.end.qty == wanted["summary"]["q_T"]
    assert basis.end.fees == pytest.approx(wanted["summary"]["fees"], rel=1e-12)
    assert basis.after["position"].to_list()[1:] == [f["q_after"] for f in wanted["fills"]]
    bought = basis.after["cash"] - basis.after["fees"] + given_["entry_price_of_q0"]
    funded = [0.05 if f["t"] > 4 else 0.0 for f in given_["fills"]]
    assert [c - paid for c, paid in zip(bought[1:], funded, strict=True)] == pytest.approx(
        [f["cash_after"] for f in wanted["fills"]], rel=1e-10
    )
    if method is FIFO:
        assert [[-lots, price] for lots, price in basis.end.entries] == published["lots"]
    else:
        assert basis.end.entry == published["avg_price"]


@both
def test_a_random_ledger_of_1500_fills_by_both_methods(cases: dict[str, Any], method: Cost) -> None:
    wanted = cases["random_ledger"]["outputs"]
    folder = cases["random_ledger"]["folder"] / "data"
    fills = pl.read_csv(folder / "ledger_fills.csv")
    mid = pl.read_csv(folder / "ledger_mid.csv")["mid"][-1]
    basis = cost_basis(fills, Contract(0.01), method)
    profit = basis.end.realised + basis.end.unrealised(mid) - basis.end.fees
    assert profit == pytest.approx(wanted["pnl"], rel=1e-9)
    assert basis.end.cash - basis.end.fees == pytest.approx(wanted["cash_T"], rel=1e-12)
    assert basis.end.qty == pytest.approx(wanted["q_T"], abs=1e-12)
    assert basis.after["position"].abs().max() == pytest.approx(wanted["max_abs_inventory"], abs=1e-12)
    # All that was realised is in a round trip, or in the one that is still open.
    closed = basis.after["realised"][basis.trips["fill"][-1]]
    assert math.fsum(basis.trips["profit"]) + math.fsum(basis.trips["fees"]) == pytest.approx(closed, rel=1e-12)


@both
def test_an_inverse_ledger_in_the_coin(cases: dict[str, Any], method: Cost) -> None:
    given_, wanted = cases["inverse_contract"]["inputs"], cases["inverse_contract"]["outputs"]
    rows = [(math.copysign(1, n), abs(n), p) for n, p in zip(given_["contracts_usd"], given_["prices"], strict=True)]
    end = booked(*rows, inverse=True, method=method).end
    assert end.realised + end.unrealised(given_["mid_T"]) == pytest.approx(wanted["pnl_btc"], rel=1e-12, abs=0)


# ---- a ledger that moves one lot at a time, in fractions

contracts = st.builds(
    Contract,
    lot_size=st.sampled_from([1.0, 0.1, 0.001, 5.0]),
    contract_size=st.sampled_from([1.0, 100.0, 0.01]),
    inverse=st.booleans(),
)
ledgers = st.lists(
    st.tuples(
        st.sampled_from([1, -1]),
        st.integers(1, 9),
        st.integers(50, 3000).map(lambda ticks: Fraction(ticks, 10)),
        st.integers(-50, 50).map(lambda cents: Fraction(cents, 100)),
    ),
    max_size=14,
)


def value(contract: Contract, price: Fraction) -> Fraction:
    """Returns the money of one lot at a price."""
    size = Fraction(str(contract.lot_size)) * Fraction(str(contract.contract_size))
    return -size / price if contract.inverse else size * price


class LotByLot:
    """Every lot is a number in a list: what it cost. Fees are in another, one for each lot that moved in this trip."""

    def __init__(self, contract: Contract, method: Cost) -> None:
        self.contract, self.method, self.side = contract, method, 1
        self.costs: list[Fraction] = []
        self.realised = self.gain = self.paid = Fraction(0)
        self.trips: list[Fraction] = []

    def trade(self, side: int, lots: int, price: Fraction, fee: Fraction) -> None:
        at = value(self.contract, price)
        for _ in range(lots):
            self.paid += fee / lots
            if not self.costs or self.side == side:
                self.side = side
                self.costs.append(at)
                continue
            cost = self.costs.pop(0) if self.method is FIFO else sum(self.costs, Fraction(0)) / len(self.costs)
            if self.method is AVERAGE:
                self.costs = [cost] * (len(self.costs) - 1)
            self.realised += self.side * (at - cost)
            self.gain += self.side * (at - cost)
            if not self.costs:
                self.trips.append(self.gain - self.paid)
                self.gain = self.paid = Fraction(0)

    def unrealised(self, mark: Fraction) -> Fraction:
        return sum((self.side * (value(self.contract, mark) - cost) for cost in self.costs), Fraction(0))

    @property
    def entry(self) -> float:
        if not self.costs:
            return math.nan
        mean = sum(self.costs, Fraction(0)) / len(self.costs)
        return float(
            value(self.contract, Fraction(1)) / mean
            if self.contract.inverse
            else mean / value(self.contract, Fraction(1))
        )


def table(rows: list[Row], contract: Contract) -> pl.DataFrame:
    return frame([(s, float(n * Fraction(str(contract.lot_size))), p, fee) for s, n, p, fee in rows])


def near(wanted: Fraction | float) -> Any:
    return pytest.approx(float(wanted), rel=4e-16, abs=1e-30, nan_ok=True)


@often
@given(ledgers, contracts, st.sampled_from(Cost), st.integers(50, 3000))
def test_accounts_equal_those_of_a_ledger_that_moves_one_lot_at_a_time(
    rows: list[Row], contract: Contract, method: Cost, mark: int
) -> None:
    oracle = LotByLot(contract, method)
    basis = cost_basis(table(rows, contract), contract, method)
    for row, after in zip(rows, basis.after.iter_rows(named=True), strict=True):
        oracle.trade(*row)
        assert after["position_lots"] == oracle.side * len(oracle.costs)
        assert after["position"] == float(oracle.side * len(oracle.costs) * Fraction(str(contract.lot_size)))
        assert after["realised"] == near(oracle.realised)
        assert after["entry"] == near(oracle.entry)
        assert after["round_trips"] == len(oracle.trips)
    assert basis.trips["profit"].to_list() == [near(profit) for profit in oracle.trips]
    assert basis.end.unrealised(mark / 10) == near(oracle.unrealised(Fraction(mark, 10)))
    assert basis.end.fees == near(sum((fee for *_, fee in rows), Fraction(0)))
    assert sum(lots for lots, _ in basis.end.entries) == len(oracle.costs)


@often
@given(ledgers, contracts, st.integers(50, 3000))
def test_realised_plus_unrealised_is_cash_plus_position_at_the_mark_by_any_method(
    rows: list[Row], contract: Contract, mark: int
) -> None:
    cash = sum((-s * n * value(contract, p) for s, n, p, _ in rows), Fraction(0))
    held = sum(s * n for s, n, _, _ in rows) * value(contract, Fraction(mark, 10))
    # Realised and unrealised may each be as large as what was traded, and nearly cancel.
    scale = float(sum(n * abs(value(contract, p)) for _, n, p, _ in rows) + abs(held))
    for method in Cost:
        end = cost_basis(table(rows, contract), contract, method).end
        assert end.cash == near(cash)
        assert end.realised + end.unrealised(mark / 10) == pytest.approx(
            float(cash + held), rel=1e-15, abs=scale * 1e-15
        )


@often
@given(ledgers, contracts, st.sampled_from(Cost), st.data())
def test_an_execution_told_in_two_parts_changes_nothing(
    rows: list[Row], contract: Contract, method: Cost, data: st.DataObject
) -> None:
    parts: list[Row] = []
    for side, lots, price, fee in rows:
        first = data.draw(st.integers(0, lots - 1))
        parts += [(side, first, price, fee * first / lots)] if first else []
        parts.append((side, lots - first, price, fee * (lots - first) / lots))
    whole, split = (cost_basis(table(each, contract), contract, method).end for each in (rows, parts))
    assert (split.lots, split.cash, split.round_trips) == (whole.lots, whole.cash, whole.round_trips)
    assert split.realised == near(whole.realised)
    assert split.entry == near(whole.entry)


@often
@given(ledgers, contracts)
def test_profits_of_round_trips_add_up_to_the_cash_of_a_flat_account(rows: list[Row], contract: Contract) -> None:
    held = sum(s * n for s, n, _, _ in rows)
    if held:
        rows = [*rows, (-1 if held > 0 else 1, abs(held), Fraction(100), Fraction(1, 10))]
    fills = table(rows, contract)
    for method in Cost:
        basis = cost_basis(fills, contract, method)
        cash = sum((-s * n * value(contract, p) - fee for s, n, p, fee in rows), Fraction(0))
        scale = sum(n * abs(value(contract, p)) + abs(fee) for _, n, p, fee in rows)
        assert math.fsum(basis.trips["profit"]) == pytest.approx(float(cash), rel=1e-14, abs=float(scale) * 1e-15)
        assert basis.end.round_trips == len(basis.trips)


@often
@given(ledgers, st.integers(50, 3000))
def test_the_total_is_that_of_the_parts_of_the_profit(rows: list[Row], last: int) -> None:
    contract = Contract(0.001)
    fills = table(rows, contract)
    end = cost_basis(fills, contract).end
    parts = pnl_parts(fills.with_columns(mid=pl.lit(100.0), path=pl.lit(0, pl.Int32)), last / 10)
    assert end.realised + end.unrealised(last / 10) - end.fees == pytest.approx(parts["total"], rel=1e-12, abs=1e-12)


def test_a_change_at_an_unknown_price_makes_money_unknown_where_it_matters_only() -> None:
    nan = math.nan
    queue = booked((1, 1, 100), (1, 1, nan), (-1, 1, 110), (-1, 1, 120), (1, 1, 90), (-1, 1, 95), method=FIFO)
    assert queue.after["entry"].to_list() == pytest.approx([100, nan, nan, nan, 90, nan], nan_ok=True)
    assert queue.after["realised"].to_list() == pytest.approx([0, 0, 10, nan, nan, nan], nan_ok=True)
    assert queue.trips["profit"].to_list() == pytest.approx([nan, 5], nan_ok=True)
    average = booked((1, 1, 100), (1, 1, nan), (-1, 1, 110)).end
    assert average.lots == 1
    assert math.isnan(average.realised)
    assert math.isnan(average.unrealised(100))
    assert booked((1, 2, 100), (-1, 1, nan), method=FIFO).end.unrealised(110) == 10
