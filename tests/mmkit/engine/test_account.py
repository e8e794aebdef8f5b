"""The account against one that keeps every lot apart in exact fractions."""

import math
from collections import deque
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkit.engine.account import account_class, enter, mark

fills = st.lists(
    st.tuples(st.sampled_from((1, -1)), st.integers(1, 7), st.integers(50, 150), st.sampled_from((0, 1))),
    max_size=40,
)
Fills = list[tuple[int, int, int, int]]
MAKER, TAKER = Fraction(-1, 64), Fraction(1, 32)


@attrs.define
class Exact:
    """What every lot of a position cost, oldest first; u of a lot is its price, or -1 / price."""

    inverse: bool
    fifo: bool
    costs: deque[Fraction] = attrs.field(factory=deque)
    side: int = 0
    realised: Fraction = Fraction(0)
    fees: Fraction = Fraction(0)
    trips: list[Fraction] = attrs.field(factory=list)
    opened: int = 0
    trip: Fraction = Fraction(0)

    def u(self, price: int) -> Fraction:
        return Fraction(-1, price) if self.inverse else Fraction(price)

    def lot(self, now: int, side: int, price: int, maker: int) -> None:
        u = self.u(price)
        fee = abs(u) * (MAKER if maker else TAKER)
        self.fees += fee
        self.trip -= fee
        if self.costs and self.side != side:
            if not self.fifo:
                self.costs = deque([sum(self.costs, Fraction(0)) / len(self.costs)] * len(self.costs))
            gain = (u - self.costs.popleft()) * self.side
            self.realised += gain
            self.trip += gain
            if not self.costs:
                self.trips.append(self.trip)
                self.trip, self.opened, self.side = Fraction(0), 0, 0
            return
        if not self.costs:
            self.opened, self.side = now, side
        self.costs.append(u)

    def unrealised(self, price: int) -> Fraction:
        return sum((self.u(price) - cost for cost in self.costs), Fraction(0)) * self.side


def played(rows: Fills, *, inverse: bool = False, entries: int = 1, unit: float = 1.0) -> Any:
    """Returns a session whose account has taken the fills, at times 1, 2 and so on."""
    account = account_class(entries)(maker_fee=float(MAKER), taker_fee=float(TAKER), unit=unit, inverse=int(inverse))
    market = SimpleNamespace(number=0, now=0, mid=math.nan)
    fill = SimpleNamespace()
    s = SimpleNamespace(account=account, market=market, fill=fill, ledger=SimpleNamespace(funding=0.0))
    for now, (side, lots, price, maker) in enumerate(rows, 1):
        market.now = now
        fill.side, fill.qty_lots, fill.price, fill.maker = side, lots, float(price), maker
        enter(s, s)
    return s


def exact(rows: Fills, *, inverse: bool, fifo: bool) -> Exact:
    oracle = Exact(inverse, fifo)
    for now, (side, lots, price, maker) in enumerate(rows, 1):
        for _ in range(lots):
            oracle.lot(now, side, price, maker)
    return oracle


@given(fills, st.booleans(), st.booleans(), st.integers(50, 150))
@settings(max_examples=300, deadline=None)
def test_it_is_that_of_every_lot_by_itself(rows: Fills, inverse: bool, fifo: bool, mid: int) -> None:
    s = played(rows, inverse=inverse, entries=1024 if fifo else 1)
    oracle = exact(rows, inverse=inverse, fifo=fifo)
    s.market.mid = float(mid)
    mark(s)
    account = s.account
    close = {"rel": 1e-9, "abs": 1e-9}
    assert account.lots == oracle.side * len(oracle.costs)
    assert account.opened == oracle.opened
    assert account.realised == pytest.approx(float(oracle.realised), **close)
    assert account.unrealised == pytest.approx(float(oracle.unrealised(mid)), **close)
    assert account.fees == pytest.approx(float(oracle.fees), **close)
    assert account.equity == pytest.approx(float(oracle.realised + oracle.unrealised(mid) - oracle.fees), **close)
    assert account.trips == len(oracle.trips)
    if oracle.trips:
        assert account.last_trip == pytest.approx(float(oracle.trips[-1]), **close)
    if oracle.costs:
        average = sum(oracle.costs, Fraction(0)) / len(oracle.costs)
        assert account.entry == pytest.approx(float(-1 / average if inverse else average))
    else:
        assert math.isnan(account.entry)


@given(fills, st.booleans(), st.integers(50, 150))
@settings(max_examples=150, deadline=None)
def test_realised_and_unrealised_together_do_not_depend_on_the_method(rows: Fills, inverse: bool, mid: int) -> None:
    totals = []
    for entries in (1, 2, 1024):
        s = played(rows, inverse=inverse, entries=entries)
        s.market.mid = float(mid)
        mark(s)
        totals.append(s.account.realised + s.account.unrealised)
    assert totals[1:] == pytest.approx([totals[0]] * 2, rel=1e-9, abs=1e-9)


def test_beyond_its_room_the_newest_entries_count_as_one_at_their_average() -> None:
    rows = [(1, 1, 100, 1), (1, 1, 90, 1), (1, 3, 70, 1)]
    assert played([*rows, (-1, 1, 110, 1)], entries=2).account.realised == 10.0
    assert played([*rows, (-1, 2, 110, 1)], entries=2).account.realised == 10.0 + 110 - (90 + 3 * 70) / 4


@pytest.mark.parametrize(
    ("exits", "losses"), [([99, 98], 2), ([99, 110, 98], 1), ([99, 110], 0), ([99, 100], 2), ([102], 0), ([101], 1)]
)
def test_losing_trips_in_a_row_count_after_their_fees(exits: list[int], losses: int) -> None:
    # Bought at 100 for a rebate of 100/64, sold at p for p/32: about 1.6 are to be earned.
    rows = [row for price in exits for row in ((1, 1, 100, 1), (-1, 1, price, 0))]
    assert played(rows).account.losses == losses


def test_without_a_mid_the_value_stays_as_it_was() -> None:
    s = played([(1, 2, 100, 1)])
    s.market.mid = 105.0
    mark(s)
    s.market.mid = math.nan
    mark(s)
    assert s.account.unrealised == 10.0


def test_the_peak_is_the_highest_equity_so_far() -> None:
    s = played([(1, 1, 100, 1)])
    found = []
    for mid in (90.0, 110.0, 105.0, 120.0, 80.0):
        s.market.mid = mid
        mark(s)
        found.append(s.account.peak + s.account.fees)
    assert found == pytest.approx([s.account.fees, 10, 10, 20, 20])


def test_another_instruments_executions_are_not_in_it() -> None:
    s = played([(1, 1, 100, 1)])
    s.market.number = 1
    enter(s, s)
    assert s.account.lots == 1
