"""A quoted instrument and hedge instruments whose venues do only what a test says."""

import math
from pathlib import Path
from types import ModuleType
from typing import Any

import mmkit
from mmkit.engine.orders import forget
from mmkit.engine.records import CANCELLED, CANCELLING, FILLED, NOTHING, REJECTED, SENT, WORKING, MarketView, desk_class
from mmkit.stack import Instrument

Desk = desk_class(16, 64)
SECOND = 10**9
MS = 10**6
Sent = tuple[int, int, int, int]
"""Side, tick, lots and kind of an order."""


class Leg:
    """A hedge instrument."""

    def __init__(self, mid: float = 3200.0, tick_size: float = 0.5, lot_size: float = 0.01, position: int = 0) -> None:
        self.market = MarketView(tick_size=tick_size, lot_size=lot_size)
        self.desk = Desk()
        self.instrument = Instrument("HEDGE", tick_size=tick_size, lot_size=lot_size)
        self.stale = False
        self.lots = 0
        self.quote(mid)
        self.move(position)

    def quote(self, mid: float) -> None:
        """Sets a book of one tick on either side of the mid, NaN: none."""
        market = self.market
        if math.isnan(mid):
            market.bid = market.ask = market.mid = math.nan
            market.bid_ticks, market.ask_ticks = mmkit.NO_BID, mmkit.NO_ASK
            return
        ticks = round(mid / market.tick_size)
        market.bid_ticks, market.ask_ticks = ticks - 1, ticks + 1
        market.bid, market.ask, market.mid = mid - market.tick_size, mid + market.tick_size, mid

    def move(self, lots: int) -> None:
        """Adds lots to the position."""
        self.lots += lots
        self.market.position_lots = self.lots
        self.market.position = self.lots * self.market.lot_size

    @property
    def orders(self) -> list[Any]:
        """Our orders that have not ended."""
        return [self.desk.orders[at] for at in self.desk.live[: self.desk.live_count]]

    @property
    def alive(self) -> list[Sent]:
        return [(order.side, order.tick, order.remaining, order.kind) for order in self.orders]

    def accept(self) -> None:
        """Acknowledges what is new."""
        for order in self.orders:
            if order.state == SENT:
                order.state, order.request = WORKING, NOTHING

    def execute(self, lots: int | None = None) -> None:
        """Executes so many lots of each order, or all."""
        self.accept()
        for order in self.orders:
            done = order.remaining if lots is None else min(lots, order.remaining)
            order.remaining -= done
            self.move(order.side * done)
            if order.remaining == 0:
                order.state, order.request = FILLED, NOTHING
        forget(self.desk)

    def refuse(self) -> None:
        """Refuses what is new."""
        for order in self.orders:
            if order.state == SENT:
                order.state, order.request = REJECTED, NOTHING
        forget(self.desk)

    def withdraw(self) -> None:
        """Carries cancels out."""
        for order in self.orders:
            if order.request == CANCELLING:
                order.state, order.request = CANCELLED, NOTHING
        forget(self.desk)

    @property
    def cancelling(self) -> int:
        """How many cancels are under way."""
        return sum(order.request == CANCELLING for order in self.orders)


class World:
    """A hedging rule with its instruments; the quoted one trades thousandths of a unit."""

    def __init__(self, rule: ModuleType, *legs: Leg, mid: float = 80_000.0, **given: Any) -> None:
        self.rule, self.legs = rule, legs
        self.params, self.state = rule.Params(**given), rule.State()
        self.market = MarketView(tick_size=0.1, lot_size=0.001, mid=mid)
        self.stale = False
        quoted = Instrument("QUOTED", tick_size=0.1, lot_size=0.001)
        rule.setup(self.params, self.state, quoted, tuple(leg.instrument for leg in legs))

    def hold(self, position: float) -> None:
        """Changes the quoted position by a fill."""
        self.market.position_lots = round(position * 1000)
        self.market.position = self.market.position_lots * 0.001
        self.market.fills += 1

    def look(self, now: int | None = None, position: float | None = None) -> None:
        """Calls the rule at a time, after a fill where a position is given; markets are fresh but for stale ones."""
        if now is not None:
            self.market.now = now
        if position is not None:
            self.hold(position)
        if not self.stale:
            self.market.updated = self.market.now
        for leg in self.legs:
            leg.market.now = self.market.now
            if not leg.stale:
                leg.market.updated = self.market.now
        self.rule.hedge(self.params, self.state, self.market, None, self.legs)

    @property
    def next(self) -> int:
        """When the rule wants to be called next."""
        return int(self.rule.next_time(self.params, self.state, self.market))

    @property
    def alive(self) -> list[list[Sent]]:
        return [leg.alive for leg in self.legs]

    @property
    def aimed(self) -> list[float]:
        """Positions (base currency) once everything under way has executed."""
        return [
            (leg.lots + sum(order.side * order.remaining for order in leg.orders)) * leg.market.lot_size
            for leg in self.legs
        ]


STACK = """
[stack]
seed = 3
record_every = "100ms"
quote = "SIM"
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
duration = "60s"
[instruments.HEDGE-PERPETUAL]
tick_size = 0.01
lot_size = 0.01
[instruments.HEDGE-PERPETUAL.market]
use = "book"
duration = "60s"
[pricing]
use = "fixed"
half_spread = 0.02
[sizing]
use = "fixed"
quantity = 0.2
[execution]
use = "requote"
[hedging]
use = "notional"
"""


def run(folder: Path, *changes: str) -> mmkit.Run:
    """Runs a stack over two simulated books, one quoted, one a hedge."""
    file = folder / "stack.toml"
    file.write_text(STACK)
    return mmkit.run(file, engine="python", set=changes)
