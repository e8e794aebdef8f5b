"""The quoted instrument's account as we know it, for the rules that watch: cost, profit and round trips, execution by execution.

All in u, the price itself, or -1 / price of an inverse contract, whose profit is in the coin: profit = position * change of u either way.
"""

import math
from functools import cache
from typing import Any

import attrs

from mmkit.fields import array

ENTRIES = 1024
"""Open entries that first-in-first-out tells apart; beyond them the newest are one, at their average cost."""


@cache
def account_class(entries: int) -> type:
    """Returns the record of an account; entries: 1 for average cost, else room for so many open entries, first in first out."""

    @attrs.define
    class Account:
        """What fills, fees and marks have made of the account since the start; money in the currency of its profit.

        entry: cost of what is open (price, NaN where flat); realised, unrealised: before fees; fees: paid; funding: received; equity: with
        everything that other instruments contribute; peak: highest equity so far; opened: time since when the position has had its sign
        (0: flat); trips: closed round trips; last_trip: what the last one made after its fees; losses: how many in a row lost.
        cost: u times lots of what is open; unit: money per lot and u; amounts, costs: open entries (lots, u), oldest at `first`.
        """

        entry: float = math.nan
        realised: float = 0.0
        unrealised: float = 0.0
        fees: float = 0.0
        funding: float = 0.0
        equity: float = 0.0
        peak: float = 0.0
        opened: int = 0
        trips: int = 0
        losses: int = 0
        last_trip: float = 0.0
        maker_fee: float = 0.0
        taker_fee: float = 0.0
        lots: int = 0
        cost: float = 0.0
        unit: float = 1.0
        inverse: int = 0
        alone: int = 1
        before: float = 0.0
        first: int = 0
        count: int = 0
        amounts: list[int] = array(int, entries)
        costs: list[float] = array(float, entries)

    return Account


def enter(s: Any, leg: Any) -> None:
    """Takes an execution of the quoted instrument: what it closes is profit, what it opens is cost, a turn is both."""
    if leg.market.number != 0:
        return
    account = s.account
    fill = leg.fill
    u = u_of(account, fill.price)
    fee = (account.maker_fee if fill.maker else account.taker_fee) * abs(u) * fill.qty_lots * account.unit
    closed = 0
    if account.lots * fill.side < 0:
        closed = min(abs(account.lots), fill.qty_lots)
        account.realised += fill.side * (taken(account, closed) - u * closed) * account.unit
        account.lots += fill.side * closed
        share = fee * closed / fill.qty_lots
        account.fees += share
        fee -= share
        if account.lots == 0:
            end_trip(account)
    opened = fill.qty_lots - closed
    if opened > 0:
        if account.lots == 0:
            account.opened = leg.market.now
        account.lots += fill.side * opened
        account.cost += u * opened
        account.fees += fee
        remember(account, opened, u)
    account.entry = math.nan
    if account.lots != 0:
        average = account.cost / abs(account.lots)
        account.entry = -1.0 / average if account.inverse else average


def u_of(account: Any, price: float) -> float:
    """Returns the price, or -1 / price of an inverse contract."""
    return -1.0 / price if account.inverse else price


def taken(account: Any, lots: int) -> float:
    """Takes lots out of what is open and returns what they cost: their share of all, or of the oldest entries."""
    held = abs(account.lots)
    if len(account.amounts) == 1:
        cost = account.cost * lots / held
    else:
        cost = 0.0
        left = lots
        room = len(account.amounts)
        while left > 0 and account.count > 0:
            at = account.first % room
            part = min(left, account.amounts[at])
            cost += part * account.costs[at]
            account.amounts[at] -= part
            left -= part
            if account.amounts[at] == 0:
                account.first = (account.first + 1) % room
                account.count -= 1
    account.cost = account.cost - cost if lots < held else 0.0
    return float(cost)


def remember(account: Any, lots: int, u: float) -> None:
    """Adds an entry, where entries are told apart; where there is no room it joins the newest."""
    room = len(account.amounts)
    if room == 1:
        return
    at = (account.first + account.count) % room
    if account.count == room:
        at = (account.first + account.count - 1) % room
        total = account.amounts[at] + lots
        account.costs[at] = (account.costs[at] * account.amounts[at] + u * lots) / total
        account.amounts[at] = total
        return
    account.amounts[at] = lots
    account.costs[at] = u
    account.count += 1


def end_trip(account: Any) -> None:
    """The position is flat: a round trip has ended."""
    made = account.realised - account.fees + account.funding
    account.last_trip = made - account.before
    account.before = made
    account.trips += 1
    account.losses = account.losses + 1 if account.last_trip < 0.0 else 0
    account.opened = 0


def mark(s: Any) -> None:
    """Values the account at the mid; where that is not known it stays as it was."""
    account = s.account
    account.funding = s.ledger.funding
    if account.lots == 0:
        account.unrealised = 0.0
    elif s.market.mid == s.market.mid:
        u = u_of(account, s.market.mid)
        sign = 1.0 if account.lots > 0 else -1.0
        account.unrealised = (u * abs(account.lots) - account.cost) * sign * account.unit
    account.equity = account.realised + account.unrealised - account.fees + account.funding
    if account.alone:
        account.peak = max(account.peak, account.equity)


def mark_legs(s: Any) -> None:
    """Adds what the other instruments have contributed, each at its own mid; where that is not known it counts nothing."""
    for k in range(len(s.legs)):
        leg = s.legs[k]
        made = contributed(leg)
        if made == made:
            rate = 1.0
            if leg.market.per_lot > 0.0 and s.account.inverse == 0:
                rate = leg.market.mid
            elif leg.market.per_lot == 0.0 and s.account.inverse == 1:
                rate = 1.0 / s.market.mid if s.market.mid == s.market.mid else 0.0
            s.account.equity += made * rate
    s.account.peak = max(s.account.peak, s.account.equity)


def contributed(leg: Any) -> float:
    """Returns what an instrument has made at its mid after fees, in the currency of its profit; NaN where the mid is not known."""
    market = leg.market
    ledger = leg.ledger
    exchange = leg.exchange
    if market.per_lot > 0.0:
        held = -ledger.position / market.mid if ledger.position != 0 else 0.0
        fees = exchange.maker_fee * ledger.maker_coin + exchange.taker_fee * ledger.taker_coin
        made = held * market.per_lot + (ledger.coin + ledger.coin_rest - fees) / market.tick_size * market.per_lot
        return float(made + ledger.funding)
    held = ledger.position * market.mid if ledger.position != 0 else 0.0
    spent = ledger.spent + exchange.maker_fee * ledger.maker + exchange.taker_fee * ledger.taker
    return float((held - spent * market.tick_size) * market.lot_size + ledger.funding)
