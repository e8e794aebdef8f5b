"""Balances: what fills, fees and funding do to an account's currencies, and the margin that a position needs.

Margin: rate * |notional|. Liquidation: where balance + unrealised = maintenance rate * |notional|. Notionals are in quote
currency, of inverse contracts in the coin.
"""

import math
from collections.abc import Mapping

import attrs
import polars as pl

from mmkit.accounting import Contract, cost_basis
from mmkit.stack import Cost, Kind


@attrs.frozen
class Margin:
    """What a position needs to be opened, and to be kept: quote currency, for an inverse contract the coin."""

    initial: float
    maintenance: float


def balances(
    start: Mapping[str, float],
    fills: pl.DataFrame,
    contract: Contract,
    *,
    kind: Kind,
    base: str,
    quote: str,
    funding: float = 0.0,
    method: Cost = Cost.AVERAGE,
) -> dict[str, float]:
    """Returns the balance of each currency after the fills of one instrument.

    start: balances before; one that is not named is 0. Spot: the base currency moves by what was bought, the quote
    currency by what it cost, and by the fees. Derivatives: the wallet moves by what was realised (the average cost
    unless another method is named), less fees, plus funding received; in quote currency, for an inverse contract in
    the base currency. Raises ValueError for funding of spot, and for a kind that does not match the contract.
    """
    if contract.inverse != (kind is Kind.INVERSE):
        raise ValueError(f"the contract is {'' if contract.inverse else 'not '}inverse, the kind is {kind.name}")
    if kind is Kind.SPOT and funding:
        raise ValueError("a spot position has no funding")
    end = cost_basis(fills, contract, method).end
    if kind is Kind.SPOT:
        moved = {base: (end.qty * contract.contract_size,), quote: (end.cash, -end.fees)}
    else:
        moved = {base if kind is Kind.INVERSE else quote: (end.realised, -end.fees, funding)}
    after = dict(start)
    for currency, parts in moved.items():
        after[currency] = math.fsum([start.get(currency, 0.0), *parts])
    return after


def margin(qty: float, mark: float, contract: Contract, *, initial_rate: float, maintenance_rate: float) -> Margin:
    """Returns the margin of a position at a mark price."""
    notional = abs(contract.notional(qty, mark))
    return Margin(notional * initial_rate, notional * maintenance_rate)


def liquidation_price(
    qty: float, entry: float, balance: float, contract: Contract, *, maintenance_rate: float
) -> float:
    """Returns the mark price at or beyond which a position is liquidated: a long one at or below, a short one at or above.

    balance: of the wallet, without what is unrealised. NaN without a position. A long one that no price liquidates has
    0, a short one inf; the other way round where every price does. Raises ValueError unless 0 <= maintenance_rate < 1.
    """
    if not 0 <= maintenance_rate < 1:
        raise ValueError(f"a maintenance rate of {maintenance_rate} is not from 0 to 1")
    if qty == 0:
        return math.nan
    side, size = math.copysign(1.0, qty), abs(qty) * contract.contract_size
    if not contract.inverse:
        # balance + (p - entry) * qty = rate * |qty| * p
        return max(0.0, (entry - side * balance / size) / (1 - side * maintenance_rate))
    # balance + n * (1/entry - 1/p) = rate * |n| / p, with n contracts: the same in 1/p
    inverse = (1 / entry + side * balance / size) / (1 + side * maintenance_rate)
    return 1 / inverse if inverse > 0 else math.inf
