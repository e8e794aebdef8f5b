"""What a stack file says of its instruments together: accounts, books, and which of them are hedges."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from mmkit.errors import nearest
from mmkit.faults import Faults
from mmkit.kinds import shown
from mmkit.stack import Instrument, Leg


def account(faults: Faults, folder: Path, path: str, instrument: Instrument, table: Mapping[str, Any]) -> Instrument:
    """Returns the instrument with its account's balances and the file of its settled funding."""
    funding = table.get("funding")
    if funding is not None and not isinstance(funding, str):
        faults.add(f"{path}.funding", f"must be the path of a file, is {shown(funding)}")
        funding = None
    file = folder / funding if funding else None
    return attrs.evolve(instrument, balances=balances_of(faults, path, instrument, table), funding=file)


def balances_of(faults: Faults, path: str, instrument: Instrument, table: Mapping[str, Any]) -> dict[str, float] | None:
    """Returns what the account starts with, by currency; None where nothing is said: it is never short of anything."""
    given = table.get("balances")
    if given is None:
        return None
    if not isinstance(given, dict):
        faults.add(f"{path}.balances", f"must be a section [{path}.balances]")
        return None
    known = (instrument.base, instrument.paid_in)
    found = dict.fromkeys(known, 0.0)
    for currency, amount in given.items():
        if currency not in known:
            text = f"no currency of {instrument.name}: base_currency and quote_currency are {' and '.join(known)}"
            faults.add(f"{path}.balances.{currency}", f"{text}{nearest(currency, known)}")
        elif isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount < float("inf"):
            faults.add(f"{path}.balances.{currency}", f"must be a number of at least 0, is {shown(amount)}")
        else:
            found[currency] = float(amount)
    return found


def all_have_books(faults: Faults, legs: Mapping[str, Leg | None]) -> None:
    """A market of independent paths stands alone: it has no time that others could share."""
    for name, leg in legs.items():
        if leg and len(legs) > 1 and leg.market.rule.paths is not None:  # type: ignore[attr-defined]
            text = (
                f'"{leg.market.rule.name}" is a market of independent paths without a book: it cannot be one of several'
            )
            faults.add(f"instruments.{name}.market.use", text)


def hedges(faults: Faults, section: Any, quote: str, legs: Mapping[str, Leg | None]) -> tuple[str, ...]:
    """Returns the names of the instruments to hedge on: those that the section names, else all but the quoted one."""
    others = tuple(name for name in legs if name != quote)
    named = section.get("instruments") if isinstance(section, dict) else None
    if named is None:
        return others
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        faults.add("hedging.instruments", "must be a list of names of instruments")
        return others
    for number, name in enumerate(named):
        if name == quote:
            faults.add("hedging.instruments", f"{name} is the instrument that is quoted")
        elif name not in others:
            faults.add("hedging.instruments", f'no instrument "{name}"{nearest(name, others)}')
        elif name in named[:number]:
            faults.add("hedging.instruments", f'"{name}" is there twice')
    return tuple(named)
