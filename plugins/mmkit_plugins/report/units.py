"""In which units an instrument's figures are: an inverse contract is counted in contracts and gains in the coin."""

from typing import Any

import attrs


@attrs.frozen
class Units:
    """money: of profit, cash and fees; size: of quantities and positions; each also as an axis or a sentence has it."""

    money: str = "quote"
    size: str = "base"
    money_in_full: str = "quote currency"
    size_in_full: str = "base currency"
    inverse: bool = False


def units_of(instrument: Any) -> Units:
    """Returns the units of an instrument's figures; a coin that has a name is called by it."""
    if not instrument.inverse:
        return Units()
    coin = instrument.base_currency or "coin"
    return Units(coin, "contracts", instrument.base_currency or "the coin", "contracts", inverse=True)
