"""Where an instrument's account stands when a run ends: cost, profit and round trips over its fills, balances, margin."""

from typing import Any

import polars as pl

from mmkit.accounting import Contract, cost_basis
from mmkit.balances import balances, liquidation_price, margin
from mmkit.stack import Cost, Instrument, Kind


def contract_of(instrument: Instrument) -> Contract:
    """Returns what a quantity of the fills table is worth: base currency, of an inverse contract contracts."""
    if instrument.inverse:
        return Contract(instrument.lot_size, instrument.contract_size, inverse=True)
    return Contract(instrument.lot)


def statement(instrument: Instrument, fills: pl.DataFrame, mid: float, funding: float, method: Cost) -> dict[str, Any]:
    """Returns entry (price), realised and unrealised profit before fees, round trips; where the account has balances these, and margin.

    fills: of the instrument, in the order of time; mid: the last one at the venue; funding: received. Money is in the currency of its
    profit.
    """
    contract = contract_of(instrument)
    basis = cost_basis(fills, contract, method)
    end, profits = basis.end, basis.trips["profit"]
    found: dict[str, Any] = {
        "entry": end.entry,
        "realised": end.realised,
        "unrealised": end.unrealised(mid) if end.lots else 0.0,
        "trips": {"count": len(profits), "won": int((profits > 0).sum()), "lost": int((profits < 0).sum())},
    }
    if instrument.balances is None:
        return found
    # A spot account is never financed: it has no funding, and no margin.
    found["balances"] = balances(
        instrument.balances,
        fills,
        contract,
        kind=instrument.kind,
        base=instrument.base,
        quote=instrument.paid_in,
        funding=funding,
        method=method,
    )
    if instrument.kind != Kind.SPOT and instrument.maintenance_margin > 0:
        rates = {"initial_rate": instrument.initial_margin, "maintenance_rate": instrument.maintenance_margin}
        needed = margin(end.qty, mid, contract, **rates) if end.lots else None
        wallet = found["balances"][instrument.gains_in]
        found["margin"] = {
            "initial": needed.initial if needed else 0.0,
            "maintenance": needed.maintenance if needed else 0.0,
            "liquidation_price": liquidation_price(
                end.qty, end.entry, wallet, contract, maintenance_rate=instrument.maintenance_margin
            ),
        }
    return found
