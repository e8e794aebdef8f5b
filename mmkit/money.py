"""From the ledger's exact numbers to money: lots and ticks become quantities, cash, fees and equity of an instrument."""

from typing import Any

import attrs
import numpy as np

from mmkit.stack import Instrument, Kind


def grid_price(ticks: Any, step: float) -> Any:
    """Returns ticks * step, divided where the inverse is whole: 616597 ticks of 0.1 are 61659.7, not 61659.700000000004."""
    inverse = round(1.0 / step) if step < 1.0 else 0
    if inverse and abs(inverse * step - 1.0) < 1e-12:
        return ticks / inverse
    return ticks * step


@attrs.define(eq=False)
class Totals:
    """Money and counts of an instrument at the end of a session, or summed over paths: lots, tick * lots, orders by fate.

    coin, maker_coin, taker_coin: of an inverse contract, in the place of spent, maker and taker: lots / tick.
    """

    position: int = 0
    spent: int = 0
    maker: int = 0
    taker: int = 0
    coin: float = 0.0
    maker_coin: float = 0.0
    taker_coin: float = 0.0
    funding: float = 0.0
    submitted: int = 0
    cancelled: int = 0
    rejected: int = 0
    expired: int = 0
    amended: int = 0

    def add(self, leg: Any) -> None:
        """Adds the end of an instrument's records."""
        ledger, exchange = leg.ledger, leg.exchange
        for name in ("position", "spent", "maker", "taker"):
            setattr(self, name, getattr(self, name) + int(getattr(ledger, name)))
        self.coin += float(ledger.coin + ledger.coin_rest)
        for name in ("maker_coin", "taker_coin", "funding"):
            setattr(self, name, getattr(self, name) + float(getattr(ledger, name)))
        for name in ("cancelled", "rejected", "expired", "amended"):
            setattr(self, name, getattr(self, name) + int(getattr(exchange, name)))
        self.submitted += int(leg.desk.submitted)


@attrs.frozen
class Money:
    """What an instrument's ledger means in money; of an inverse contract in the coin. Works on numbers and on arrays alike."""

    instrument: Instrument

    def quantity(self, lots: Any) -> Any:
        """Returns lots in base currency, of an inverse contract in contracts."""
        return grid_price(lots, self.instrument.lot_size if self.instrument.inverse else self.instrument.lot)

    def price(self, ticks: Any) -> Any:
        """Returns ticks in quote currency."""
        return grid_price(ticks, self.instrument.tick_size)

    def amount(self, amount: Any) -> Any:
        """Returns tick * lots (inverse: lots / tick) in money."""
        if self.instrument.inverse:
            return amount * (self.instrument.lot / self.instrument.tick_size)
        return grid_price(grid_price(amount, self.instrument.tick_size), self.instrument.lot)

    def fees(self, maker: Any, taker: Any) -> Any:
        """Returns fees paid for the turnover of resting and of taking orders; negative = rebates received."""
        return self.amount(maker) * self.instrument.maker_fee + self.amount(taker) * self.instrument.taker_fee

    def cash(self, spent: Any, maker: Any, taker: Any, funding: Any) -> Any:
        """Returns cash after fees and funding."""
        bought = -self.amount(spent) if self.instrument.inverse else self.amount(spent)
        return -bought - self.fees(maker, taker) + funding

    def held(self, quantity: Any, mid: Any) -> Any:
        """Returns what a position is worth at a mid; nothing is worth 0 at any."""
        with np.errstate(divide="ignore", invalid="ignore"):
            worth = -quantity * self.instrument.contract_size / mid if self.instrument.inverse else quantity * mid
            return np.where(np.asarray(quantity) == 0.0, 0.0, worth)

    def of(self, totals: Totals) -> tuple[float, float]:
        """Returns cash and fees of an end."""
        inverse = self.instrument.inverse
        maker, taker = (totals.maker_coin, totals.taker_coin) if inverse else (totals.maker, totals.taker)
        spent = totals.coin if inverse else totals.spent
        return float(self.cash(spent, maker, taker, totals.funding)), float(self.fees(maker, taker))

    def gains(self, fills: Any) -> Any:
        """Returns fills such that profit is quantity times the change of price: of an inverse contract -1 / price, in quote currency."""
        if self.instrument.kind != Kind.INVERSE:
            return fills
        import polars as pl

        return fills.with_columns(
            price=-1.0 / pl.col("price"), mid=-1.0 / pl.col("mid"), qty=pl.col("qty") * self.instrument.contract_size
        )

    def gain_price(self, mid: Any) -> Any:
        """Returns a mid as `gains` has it."""
        return -1.0 / np.asarray(mid, np.float64) if self.instrument.inverse else mid
