"""The same quantity on both sides; a side is off while the position is at or beyond `max_position` on it."""

import math
from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    quantity: float = mmkit.field(unit="base", above=0, doc="quantity of each order")
    max_position: float = mmkit.field(math.inf, unit="base", above=0, doc="position at which a side stops quoting")


@attrs.define
class State:
    order_size: float = mmkit.field(0.0, doc="quantity of each order")
    max_lots: int = 0


def setup(params: Params, state: State, instrument: Any) -> None:
    """Counts the limit in lots, so that no rounding of a position moves it."""
    # What a lot of an inverse contract is in base currency follows the price.
    if not instrument.inverse and round(params.quantity / instrument.lot) < 1:
        raise mmkit.ConfigError(f"sizing.quantity: {params.quantity:g} is less than one lot ({instrument.lot:g})")
    state.order_size = params.quantity
    state.max_lots = 2**62
    if math.isfinite(params.max_position):
        # The first whole lot at or beyond the limit, which rounding may have moved by some 1e-16.
        lots = params.max_position / instrument.lot
        state.max_lots = min(math.ceil(lots - max(1e-9, 1e-15 * lots)), state.max_lots)


def sizes(params: Params, state: State, market: Any) -> tuple[float, float]:
    """Returns bid and ask quantity in base currency."""
    most = state.max_lots
    if market.per_lot > 0.0 and math.isfinite(params.max_position):  # the lot of an inverse contract follows the price
        most = int(math.ceil(params.max_position / market.lot_size - 1e-9))
    bid = params.quantity if market.position_lots < most else 0.0
    ask = params.quantity if market.position_lots > -most else 0.0
    return bid, ask


@mmkit.hookimpl
def mmkit_sizing() -> mmkit.Sizing:
    """Offers the rule."""
    return mmkit.Sizing("fixed", params=Params, state=State, outputs={"order_size": "base"}, setup=setup, sizes=sizes)
