"""A position that a risk rule watches: its account is worked out here once more, at average cost, fill by fill."""

import math
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from mmkit.engine.records import NO_ASK, NO_BID, MarketView
from mmkit.stack import Instrument

SECOND = 10**9


class Watched:
    """A rule and what it watches; `at` is the time in seconds. Every method returns the level that the rule asks for."""

    def __init__(
        self, module: ModuleType, *, lot: float = 1.0, maker_fee: float = 0.0, taker_fee: float = 0.0, **params: Any
    ) -> None:
        self.rule = module.mmkit_risk()
        self.params = self.rule.params(**params)
        self.state = self.rule.state()
        if self.rule.setup is not None:
            self.rule.setup(self.params, self.state, Instrument("X", tick_size=0.5, lot_size=lot))
        self.market = MarketView(lot_size=lot, tick_size=0.5)
        self.account = SimpleNamespace(
            entry=math.nan,
            realised=0.0,
            unrealised=0.0,
            fees=0.0,
            equity=0.0,
            peak=0.0,
            opened=0,
            trips=0,
            losses=0,
            last_trip=0.0,
            inverse=0,
            maker_fee=maker_fee,
            taker_fee=taker_fee,
        )
        self.control = SimpleNamespace(
            level=0, reason=0, since=0, releases=0, widen=1.0, patience=0, most_levels=64, step=0, steps=0
        )
        self.start_of_trip = 0.0
        self.inputs: tuple[Any, ...] = ()

    def ask(self, at: float | None = None) -> int:
        """Asks the rule."""
        if at is not None:
            self.market.now = round(at * SECOND)
        self.control.widen, self.control.most_levels = 1.0, 64
        level = self.rule.watch(self.params, self.state, self.market, *self.inputs, self.account, None, self.control)
        assert isinstance(level, int)
        return level

    def mark(self, mid: float, spread: float = 0.0, at: float | None = None) -> int:
        """The mid moves; NaN: there is none."""
        self.show(mid, spread)
        return self.ask(at)

    def show(self, mid: float, spread: float = 0.0) -> None:
        """Sets prices, and what the account is worth at them."""
        market, account = self.market, self.account
        market.mid, market.bid, market.ask = mid, mid - spread / 2, mid + spread / 2
        known = math.isfinite(mid)
        market.bid_ticks = round(market.bid / 0.5) if known else NO_BID
        market.ask_ticks = round(market.ask / 0.5) if known else NO_ASK
        account.unrealised = market.position * (mid - account.entry) if market.position_lots else 0.0
        account.equity = account.realised + account.unrealised - account.fees
        if account.equity > account.peak:
            account.peak = account.equity

    def fill(self, side: int, lots: int, price: float, *, taker: bool = False, at: float | None = None) -> int:
        """An execution of ours; the mid is its price."""
        market, account = self.market, self.account
        if at is not None:
            market.now = round(at * SECOND)
        before, after = market.position_lots, market.position_lots + side * lots
        account.fees += (account.taker_fee if taker else account.maker_fee) * lots * market.lot_size * price
        closed = min(lots, abs(before)) if before * side < 0 else 0
        if closed:
            account.realised -= side * closed * market.lot_size * (price - account.entry)
        if after == 0:
            account.entry = math.nan
        elif before * after <= 0:
            account.entry = price
        elif abs(after) > abs(before):
            account.entry = (abs(before) * account.entry + lots * price) / abs(after)
        if before * after <= 0:
            if before:
                account.last_trip = account.realised - account.fees - self.start_of_trip
                account.trips += 1
                account.losses = account.losses + 1 if account.last_trip < 0 else 0
                self.start_of_trip = account.realised - account.fees
            account.opened = market.now if after else 0
        market.position_lots, market.position = after, after * market.lot_size
        self.show(price)
        return self.ask()


@pytest.fixture(scope="session")
def watched() -> type[Watched]:
    """Returns the class."""
    return Watched
