"""Accounting over fills: position, cost basis, realised profit and round trips, by average cost or first in, first out.

The value of one contract is u = price * contract_size (quote currency) where the contract is linear, and
u = -contract_size / price (the coin) where it is inverse; everything below is the same in u. Gain of a closed quantity:
side * qty * (u at the exit - u at the entry). So the average entry of an inverse contract is a harmonic mean.

    realised + unrealised(mark) = cash + position * u(mark)        for every method

Positions are counted in lots. A float stands for the decimal that it prints as, and values are whole numbers of 1e-40:
no rounding until a result becomes a float again, but for the share of an average cost and 1/price, each to 1e-40.
"""

import math
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

import attrs
import numpy as np
import numpy.typing as npt
import polars as pl

from mmkit.stack import Cost

__all__ = ["Contract", "CostBasis", "Position", "cost_basis", "exact", "signed_lots"]

WHOLE = 10**40
"""The finest part of a value, as its inverse: every decimal of a price is a whole number of these."""


@attrs.frozen
class Contract:
    """What a quantity is worth.

    lot_size: base currency (or contracts) of one lot; contract_size: base currency of one contract, for an inverse one
    quote currency; inverse: money is the coin.
    """

    lot_size: float
    contract_size: float = 1.0
    inverse: bool = False

    def notional(self, qty: Any, price: Any) -> Any:
        """Returns what a quantity is worth, with its sign: in quote currency, for an inverse contract in the coin."""
        return qty * self.contract_size / price if self.inverse else qty * self.contract_size * price

    def lots(self, qty: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Returns quantities in whole lots. Raises ValueError for one that is between two."""
        lots: npt.NDArray[np.float64] = np.asarray(qty, np.float64) / self.lot_size
        whole = np.rint(lots)
        if not np.all(np.abs(lots - whole) <= 1e-6 * np.maximum(1.0, np.abs(whole) * 1e-6)):
            raise ValueError(f"a quantity is not a multiple of the lot of {self.lot_size}")
        return np.asarray(whole, np.int64)


def signed_lots(fills: pl.DataFrame, contract: Contract) -> npt.NDArray[np.int64]:
    """Returns the lots of each fill, with the sign of its side."""
    return contract.lots(fills["qty"].to_numpy()) * np.asarray(fills["side"].to_numpy(), np.int64)


def exact(number: float) -> Fraction:
    """Returns the decimal that a float prints as: 0.1 is one tenth."""
    return Fraction(*Decimal(repr(float(number))).as_integer_ratio())


@attrs.frozen
class Position:
    """What there is at one moment; money in quote currency, for an inverse contract in the coin, NaN where not known.

    lots, qty: with the sign of the side; entry: price at which what is open was entered, NaN without a position;
    realised: before fees; cash: what buying and selling moved, before fees; fees: paid; round_trips: how often the
    position was closed, also by a flip; entries: what is open, as (lots, price), oldest first (one of them at average cost).
    """

    lots: int
    qty: float
    entry: float
    realised: float
    cash: float
    fees: float
    round_trips: int
    entries: tuple[tuple[int, float], ...]
    _unrealised: Callable[[float], float] = attrs.field(repr=False, eq=False)

    def unrealised(self, mark: float) -> float:
        """Returns what closing at a price would realise, before fees; 0 without a position, whatever the price."""
        return self._unrealised(mark)


@attrs.frozen(eq=False)
class CostBasis:
    """The accounts of one instrument.

    after: one row for each fill, what there is after it (position_lots, position, entry, realised, cash, fees,
    round_trips: as in Position); trips: one row for each closed round trip (fill: the row that closed it; profit: what
    it realised less its fees; fees: a flip's fee is split by quantity between the trip it ends and the one it begins);
    end: what there is after the last fill.
    """

    after: pl.DataFrame
    trips: pl.DataFrame
    end: Position


def cost_basis(fills: pl.DataFrame, contract: Contract, method: Cost = Cost.AVERAGE) -> CostBasis:
    """Returns the accounts over fills of one instrument and path, in the order of time.

    fills: side, price, qty, fee, as a run leaves them. A price of NaN is a change of the position at a price that nobody
    knows (see `mmkit.reconciling`): the quantity counts, what was realised is NaN from where it matters. Where there is a
    column execution_id, an execution that was told twice counts once, and has one row in what is returned.
    """
    if "execution_id" in fills.columns:
        told = pl.col("execution_id")
        fills = fills.filter(told.is_null() | told.is_first_distinct())
    running = _Running(contract, _Queue() if method is Cost.FIFO else _Average())
    each = zip(signed_lots(fills, contract).tolist(), fills["price"], fills["fee"], strict=True)
    rows = [running.book(row, lots, price, fee) for row, (lots, price, fee) in enumerate(each)]
    kinds = {"position_lots": pl.Int64, "position": pl.Float64, "entry": pl.Float64, "realised": pl.Float64}
    kinds |= {"cash": pl.Float64, "fees": pl.Float64, "round_trips": pl.Int64}
    return CostBasis(
        after=pl.DataFrame(rows, schema=kinds, orient="row"),
        trips=pl.DataFrame(
            running.trips, schema={"fill": pl.Int64, "profit": pl.Float64, "fees": pl.Float64}, orient="row"
        ),
        end=running.ended(),
    )


class _Open(Protocol):
    """What is open, at its cost: lots without their sign, values in WHOLE parts, None where not known."""

    @property
    def cost(self) -> int | None: ...
    def add(self, lots: int, value: int | None) -> None: ...
    def take(self, lots: int) -> int | None:
        """Returns the cost of so many lots, which are open no longer."""

    def entries(self) -> list[tuple[int, int | None]]:
        """Returns lots and cost of each entry."""


@attrs.define
class _Average:
    """All that is open at one average cost."""

    lots: int = 0
    cost: int | None = 0

    def add(self, lots: int, value: int | None) -> None:
        self.lots += lots
        self.cost = None if self.cost is None or value is None else self.cost + lots * value

    def take(self, lots: int) -> int | None:
        # The last lot takes what is left: nothing of the cost is lost to rounding.
        taken = None if self.cost is None else self.cost * lots // self.lots
        self.lots -= lots
        self.cost = 0 if self.lots == 0 else None if self.cost is None or taken is None else self.cost - taken
        return taken

    def entries(self) -> list[tuple[int, int | None]]:
        return [(self.lots, self.cost)] if self.lots else []


@attrs.define
class _Queue:
    """What is open as it came, oldest first; known: the cost of what has one; strange: entries that have none."""

    waiting: deque[tuple[int, int | None]] = attrs.field(factory=deque)
    known: int = 0
    strange: int = 0

    @property
    def cost(self) -> int | None:
        return None if self.strange else self.known

    def add(self, lots: int, value: int | None) -> None:
        self.waiting.append((lots, value))
        self.known += 0 if value is None else lots * value
        self.strange += value is None

    def take(self, lots: int) -> int | None:
        taken: int | None = 0
        while lots > 0:
            oldest, value = self.waiting.popleft()
            part = min(lots, oldest)
            lots -= part
            taken = None if taken is None or value is None else taken + part * value
            self.known -= 0 if value is None else part * value
            if part < oldest:
                self.waiting.appendleft((oldest - part, value))
            else:
                self.strange -= value is None
        return taken

    def entries(self) -> list[tuple[int, int | None]]:
        return [(lots, None if value is None else lots * value) for lots, value in self.waiting]


@attrs.define
class _Running:
    """The accounts while the fills go by: values in WHOLE parts of a lot's value, fees in WHOLE parts of money."""

    contract: Contract
    open: _Open
    lots: int = 0
    realised: int | None = 0
    cash: int | None = 0
    fees: int = 0
    gain: int | None = 0
    trip_fees: int = 0
    trips: list[tuple[int, float, float]] = attrs.field(factory=list)
    values: dict[float, int | None] = attrs.field(factory=dict)
    unit: Fraction = attrs.field(init=False)
    lot: Fraction = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.lot = exact(self.contract.lot_size)
        self.unit = self.lot * exact(self.contract.contract_size)

    def book(self, row: int, lots: int, price: float, fee: float) -> tuple[int, float, float, float, float, float, int]:
        """Takes a fill; returns what there is after it."""
        value, paid = self.value(price), _parts(fee)
        closing = min(abs(lots), abs(self.lots)) if lots * self.lots < 0 else 0
        rest = abs(lots) - closing
        if closing:
            cost, side = self.open.take(closing), 1 if self.lots > 0 else -1
            gained = None if cost is None or value is None else side * (closing * value - cost)
            self.realised = _plus(self.realised, gained)
            self.gain = _plus(self.gain, gained)
        share = paid * closing // (closing + rest) if closing else 0
        self.trip_fees += share
        self.fees += paid
        self.cash = _plus(self.cash, None if value is None else -lots * value)
        self.lots += lots
        if closing and (self.lots == 0 or rest):
            profit = math.nan if self.gain is None else float((self.gain * self.unit - self.trip_fees) / WHOLE)
            self.trips.append((row, profit, self.trip_fees / WHOLE))
            self.gain, self.trip_fees = 0, 0
        self.trip_fees += paid - share
        if rest:
            self.open.add(rest, value)
        return self.now()

    def now(self) -> tuple[int, float, float, float, float, float, int]:
        """Returns the columns of `CostBasis.after`."""
        return (
            self.lots,
            self.lots * self.lot.numerator / self.lot.denominator,
            self.price(abs(self.lots), self.open.cost),
            self.money(self.realised),
            self.money(self.cash),
            self.fees / WHOLE,
            len(self.trips),
        )

    def ended(self) -> Position:
        """Returns what there is at the end."""
        return Position(
            *self.now(),
            entries=tuple((lots, self.price(lots, cost)) for lots, cost in self.open.entries()),
            unrealised=self.unrealised,
        )

    def unrealised(self, mark: float) -> float:
        value, cost = self.value(mark), self.open.cost
        if self.lots == 0:
            return 0.0
        return self.money(
            None if value is None or cost is None else self.lots * value - (cost if self.lots > 0 else -cost)
        )

    def value(self, price: float) -> int | None:
        """Returns u, of a contract of size 1; None for a price that is not known."""
        if price not in self.values:
            if self.contract.inverse and price <= 0:
                raise ValueError(f"an inverse contract has no value at a price of {price}")
            at = _parts(price) if math.isfinite(price) else None
            self.values[price] = -WHOLE * WHOLE // at if at is not None and self.contract.inverse else at
        return self.values[price]

    def price(self, lots: int, cost: int | None) -> float:
        """Returns the price at which so many lots have this cost; NaN for none."""
        if lots == 0 or cost is None:
            return math.nan
        return -lots * WHOLE / cost if self.contract.inverse else cost / (lots * WHOLE)

    def money(self, parts: int | None) -> float:
        return math.nan if parts is None else parts * self.unit.numerator / (WHOLE * self.unit.denominator)


def _plus(total: int | None, more: int | None) -> int | None:
    return None if total is None or more is None else total + more


def _parts(number: float) -> int:
    """Returns a decimal in WHOLE parts."""
    over, under = Decimal(repr(float(number))).as_integer_ratio()
    return over * WHOLE // under
