"""A third opinion: the quoter over a market file row by row, in plain Python, with nothing clever.

The book is a dict per side and one row is one event. It follows the peer's rules in all but its faults
(test_peer_faults.py) and agrees with it to the last fill, so it stands in where the peer is wrong or cannot be
installed. Only whole orders. Quantities are lots, but an order's place in its queue is kept in base currency: what a sum
of decimals leaves behind decides whether a broken power of it exists.
"""

import math
from collections import deque
from typing import Any

import attrs
import numpy as np
from quoter import Case, Fill, Outcome, ordered
from small_market import AT_LOCAL, AT_VENUE, BUY, CLEAR, DEPTH, TRADE

NO_BID, NO_ASK, NEVER = -(1 << 60), 1 << 60, 1 << 62
SNAPSHOT = 4
DEAD = ("filled", "cancelled", "expired")

Row = tuple[int, int, bool, int, int]
"""Time, kind, whether it is a bid or an aggressive buyer, tick, lots."""


@attrs.define
class Side:
    """One side of a book, `sign` 1 for bids and -1 for asks. A crossed level stays but is no longer the best price."""

    sign: int
    lots: dict[int, int] = attrs.field(factory=dict)
    best: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.best = self.none

    @property
    def none(self) -> int:
        """What stands for no price."""
        return NO_BID if self.sign > 0 else NO_ASK

    def next_behind(self, tick: int) -> int:
        """Returns the best price strictly behind a tick."""
        behind = [self.sign * t for t in self.lots if self.sign * t < self.sign * tick]
        return self.sign * max(behind) if behind else self.none

    def set(self, tick: int, lots: int, other: "Side") -> int:
        """Sets a level, moves the best prices and returns the quantity that was there."""
        previous = self.lots.pop(tick, 0)
        if lots > 0:
            self.lots[tick] = lots
            if self.sign * tick > self.sign * self.best:
                self.best = tick
                if self.sign * other.best <= self.sign * tick:
                    other.best = other.next_behind(tick)
        elif tick == self.best:
            self.best = self.next_behind(tick)
        return previous

    def clear(self, tick: int) -> None:
        """Removes the levels from the best price to a tick; nothing if the best price is behind it."""
        if self.sign * self.best < self.sign * tick:
            return
        for level in [t for t in self.lots if self.sign * tick <= self.sign * t <= self.sign * self.best]:
            del self.lots[level]
        self.best = self.next_behind(tick)


@attrs.define
class Book:
    """Both sides."""

    bids: Side = attrs.field(factory=lambda: Side(1))
    asks: Side = attrs.field(factory=lambda: Side(-1))

    def apply(self, row: Row) -> int:
        """Applies a depth or clear row and returns the quantity that its level had before."""
        _, kind, bid, tick, lots = row
        side, other = (self.bids, self.asks) if bid else (self.asks, self.bids)
        if kind in (DEPTH, SNAPSHOT):
            return side.set(tick, lots, other)
        if kind == CLEAR:
            side.clear(tick)
        return 0


@attrs.define
class Order:
    """An order of ours at the venue; what is ahead and what traded since its level changed, in base currency."""

    tick: int
    side: int
    front: float
    traded: float = 0.0


def quotient(a: float, b: float) -> float:
    """Returns a / b as floating point has it."""
    with np.errstate(all="ignore"):
        return float(np.float64(a) / np.float64(b))


def behind(case: Case, front: float, back: float) -> float:
    """Returns the share of a decrease that happens behind an order; quantities in base currency."""
    with np.errstate(all="ignore"):

        def f(x: float) -> float:
            return float(np.log(1.0 + x) if case.model.startswith("log") else np.power(x, case.exponent))

        if case.model == "power3":
            return 1.0 - f(quotient(front, front + back))
        whole = f(back + front) if case.model.endswith("2") else f(back) + f(front)
        share = quotient(f(back), whole)
        return 1.0 if math.isinf(share) else share


def amount(case: Case, lots: int) -> float:
    """Returns lots in base currency, as a file's decimals say it: nine times 0.001 is 0.009."""
    return round(lots * case.lot, 12)


def queue(case: Case, order: Order, previous: float, new: float) -> None:
    """Moves an order forward when its level changes."""
    decrease = previous - new
    decrease -= order.traded
    order.traded = 0.0
    if case.model == "risk-averse" or decrease < 0:
        order.front = min(order.front, new)
        return
    back = previous - order.front
    p = behind(case, order.front, back)
    front = order.front - (1.0 - p) * decrease + min(back - p * decrease, 0.0)
    order.front = min(front, new) if not math.isnan(front) else new


def stream(rows: Any, mark: int, time: str, case: Case) -> list[Row]:
    """Returns one stream of a file."""
    mine = rows[(rows["ev"] & np.uint64(mark)) != 0]
    ticks, lots = np.rint(mine["px"] / case.tick).astype(int), np.rint(mine["qty"] / case.lot).astype(int)
    kinds, buys = (mine["ev"] & np.uint64(255)).astype(int), (mine["ev"] & np.uint64(BUY)) != 0
    columns = (mine[time], kinds, buys, ticks, lots)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@attrs.define
class SlowEngine:
    """The state of one run. Requests and answers are (time, what, tick, side, venue time)."""

    case: Case
    local_rows: list[Row]
    venue_rows: list[Row]
    local: Book = attrs.field(factory=Book)
    venue: Book = attrs.field(factory=Book)
    requests: deque[tuple[int, str, int, int]] = attrs.field(factory=deque)
    answers: deque[tuple[int, str, int, int, int]] = attrs.field(factory=deque)
    known: dict[int, list[Any]] = attrs.field(factory=dict)
    resting: dict[int, Order] = attrs.field(factory=dict)
    fills: list[Fill] = attrs.field(factory=list)
    position: int = 0

    @property
    def lots(self) -> int:
        """Lots of one order."""
        return round(self.case.quantity / self.case.lot)

    def run(self) -> None:
        """Decides every `every` ns for as long as anything later than the decision remains."""
        local, venue = iter([*self.local_rows, (NEVER,)]), iter([*self.venue_rows, (NEVER,)])
        next_local, next_venue = next(local), next(venue)
        now = min(next_local[0], next_venue[0])
        while True:
            now += self.case.every
            while True:
                answer = self.answers[0][0] if self.answers else NEVER
                request = self.requests[0][0] if self.requests else NEVER
                first = min(next_local[0], answer, next_venue[0], request)
                if first > now:
                    break
                if first == next_local[0]:
                    self.local.apply(next_local)
                    next_local = next(local)
                elif first == answer:
                    self.hear(*self.answers.popleft())
                elif first == next_venue[0]:
                    self.trade(next_venue) if next_venue[1] == TRADE else self.change(next_venue)
                    next_venue = next(venue)
                else:
                    self.take(*self.requests.popleft())
            if first == NEVER:
                return
            self.decide(now)

    def hear(self, _: int, what: str, tick: int, side: int, at: int) -> None:
        """An answer arrives: only now is a fill in the position."""
        if what == "filled":
            self.position += side * self.lots
            self.fills.append((at, side, tick, self.lots))
        if what != "refused":
            self.known[tick][0] = what

    def tell(self, at: int, what: str, tick: int, side: int) -> None:
        """The venue answers."""
        self.answers.append((at + self.case.response, what, tick, side, at))

    def fill(self, order: Order, at: int) -> None:
        """An order fills whole."""
        del self.resting[order.tick]
        self.tell(at, "filled", order.tick, order.side)

    def change(self, row: Row) -> None:
        """A level changes or a range is cleared; orders that the opposite best reaches fill, but not by a clear."""
        at, kind, bid, tick, lots = row
        previous = self.venue.apply(row)
        if kind == CLEAR:
            return
        order = self.resting.get(tick)
        if order and (order.side > 0) == bid:
            queue(self.case, order, amount(self.case, previous), amount(self.case, lots))
        for order in list(self.resting.values()):
            if bid and order.side < 0 and order.tick <= self.venue.bids.best:
                self.fill(order, at)
            if not bid and order.side > 0 and order.tick >= self.venue.asks.best:
                self.fill(order, at)

    def trade(self, row: Row) -> None:
        """A trade takes from the front of orders at its price and fills those it went through."""
        at, _, bought, tick, lots = row
        for order in [o for o in self.resting.values() if (o.side < 0) == bought]:
            if order.tick == tick:
                order.front -= amount(self.case, lots)
                order.traded += amount(self.case, lots)
            turn = order.tick == tick and -order.front / self.case.lot >= 0.5
            if turn or order.side * (order.tick - tick) > 0:
                self.fill(order, at)

    def take(self, at: int, what: str, tick: int, side: int) -> None:
        """A request reaches the venue."""
        if what == "cancel":
            self.tell(at, "cancelled" if self.resting.pop(tick, None) else "refused", tick, side)
            return
        crosses = tick >= self.venue.asks.best if side > 0 else tick <= self.venue.bids.best
        if not crosses:
            ahead = (self.venue.bids if side > 0 else self.venue.asks).lots.get(tick, 0)
            self.resting[tick] = Order(tick, side, amount(self.case, ahead))
        self.tell(at, "expired" if crosses else "working", tick, side)

    def decide(self, now: int) -> None:
        """Forgets dead orders, cancels what is not wanted, then places from the inside out, bid before ask."""
        case = self.case
        self.known = {tick: order for tick, order in self.known.items() if order[0] not in DEAD}
        best_bid, best_ask = self.local.bids.best, self.local.asks.best
        if best_bid == NO_BID or best_ask == NO_ASK:
            return
        mid, shift = (best_bid + best_ask) * case.tick / 2.0, case.skew * (self.position * case.lot)
        bid = min(whole((mid - case.half_spread - shift) / case.tick, math.floor), best_ask - 1)
        ask = max(whole((mid + case.half_spread - shift) / case.tick, math.ceil), best_bid + 1)
        limit = round(case.max_position / case.lot)
        wanted = []
        for level in range(case.levels):
            wanted += [(bid - level * case.gap, 1)] if self.position < limit else []
            wanted += [(ask + level * case.gap, -1)] if self.position > -limit else []
        for tick, order in self.known.items():
            if order[0] == "working" and (tick, order[1]) not in wanted:
                order[0] = "leaving"
                self.requests.append((now + case.entry, "cancel", tick, order[1]))
        for tick, side in wanted:
            theirs = [other for other, order in self.known.items() if order[1] != side and order[0] != "leaving"]
            crosses = any((tick - other) * side >= 0 for other in theirs)  # it would trade with an order of ours
            if tick not in self.known and not crosses:
                self.known[tick] = ["sent", side]
                self.requests.append((now + case.entry, "place", tick, side))


def whole(x: float, rounding: Any) -> int:
    """Returns x in whole ticks."""
    near = round(x)
    return near if abs(x - near) <= max(1e-9, 4 * 2.0**-52 * abs(x)) else rounding(x)


def slow_outcome(case: Case) -> Outcome:
    """Returns what this engine makes of a case."""
    rows = np.load(case.data)["data"]
    engine = SlowEngine(case, stream(rows, AT_LOCAL, "local_ts", case), stream(rows, AT_VENUE, "exch_ts", case))
    engine.run()
    paid = [side * tick * case.tick * lots * case.lot for _, side, tick, lots in engine.fills]
    fees = case.maker_fee * math.fsum(abs(each) for each in paid)
    cash = -math.fsum(paid) - fees
    return Outcome(fills=ordered(engine.fills), position=engine.position, fees=fees, cash=cash)
