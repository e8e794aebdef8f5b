"""Less on the side that adds to the position, in a straight line down to nothing at the largest one.

    bid = quantity min(1, max(0, 1 - q / max_position)),  ask = quantity min(1, max(0, 1 + q / max_position))

with the position q and all quantities in base currency. The side that reduces the position keeps its full quantity.

Source: yours.
"""

from typing import Any

import attrs
import mmkit


@attrs.frozen
class Params:
    quantity: float = mmkit.field(unit="base", above=0, doc="quantity of each order while the position is flat")
    max_position: float = mmkit.field(unit="base", above=0, doc="position at which the side that adds to it is off")


@attrs.define
class State:
    order_size: float = mmkit.field(0.0, doc="quantity of each order while the position is flat")


def setup(params: Params, state: State, instrument: Any) -> None:
    """Publishes the quantity. Raises mmkit.ConfigError for one that is less than a lot."""
    # What a lot of an inverse contract is in base currency follows the price.
    if not instrument.inverse and round(params.quantity / instrument.lot) < 1:
        raise mmkit.ConfigError(f"sizing.quantity: {params.quantity:g} is less than one lot ({instrument.lot:g})")
    state.order_size = params.quantity


def sizes(params: Params, state: State, market: Any) -> tuple[float, float]:
    """Returns bid and ask quantity in base currency."""
    used = market.position / params.max_position
    mmkit.step("share of the largest position", used)
    return params.quantity * within_one(1.0 - used), params.quantity * within_one(1.0 + used)


def within_one(share: float) -> float:
    """Returns a share kept between 0 and 1."""
    return min(1.0, max(0.0, share))


@mmkit.hookimpl
def mmkit_sizing() -> mmkit.Sizing:
    """Offers the rule."""
    return mmkit.Sizing(
        "new-rule",
        params=Params,
        state=State,
        outputs={"order_size": "base"},
        setup=setup,
        sizes=sizes,
    )
