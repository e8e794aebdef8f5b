"""Rules with one fault each, and what each of the checks says of them."""

import math
from typing import Any

import attrs
import numpy as np

import mmkit


@attrs.frozen
class Size:
    quantity: float = mmkit.field(0.1, unit="base", above=0, doc="of each order")


@attrs.frozen
class Idle(Size):
    patience: float = mmkit.field(1.0, unit="s", above=0, doc="read by nobody")


@attrs.frozen
class Half:
    half_spread: float = mmkit.field(0.05, unit="quote", above=0, doc="distance of each quote from the mid")


@attrs.frozen
class Weight:
    weight: float = mmkit.field(0.1, above=0, below=1, doc="of what is new")


@attrs.frozen
class Gap:
    gap: int = mmkit.field(2, unit="ticks", at_least=1, at_most=50, doc="between two levels")


@attrs.frozen
class Share:
    share: float = mmkit.field(0.5, above=0, below=1, doc="of the lots that are left")


@attrs.define
class Value:
    value: float = mmkit.field(math.nan, unit="quote", doc="what is published")


@attrs.define
class Count:
    value: float = mmkit.field(0.0, doc="what is published")
    count: int = 0


@attrs.define
class Arrays:
    value: float = mmkit.field(0.0, unit="quote", doc="what is published")
    old: list[float] = mmkit.array(float, 4)
    new: list[float] = mmkit.array(float, 4)


def plain_sizes(params: Any, state: Any, market: Any) -> tuple[float, float]:
    return params.quantity, params.quantity


def shrinking_sizes(params: Any, state: Any, market: Any) -> tuple[float, float]:
    """The position may be larger than what is taken off for it."""
    return params.quantity - market.position, params.quantity + market.position


def whole_and_broken_sizes(params: Any, state: Any, market: Any) -> tuple[float, float]:
    """max() of a whole number and a float."""
    return max(0, params.quantity - abs(market.position)), params.quantity


def numpy_sizes(params: Any, state: Any, market: Any) -> tuple[float, float]:
    return np.float64(params.quantity), params.quantity


def crossing_quote(params: Any, state: Any, market: Any) -> tuple[float, float, float]:
    """Narrower in a wide market, without an end."""
    half = params.half_spread - (market.ask - market.bid)
    return market.mid, half, half


def never_cured(params: Any, state: Any, market: Any) -> None:
    """An average that takes the mid whether there is one or not: once the book was empty there is no way back."""
    state.count += 1
    state.value = market.mid if state.count < 3 else state.value + params.weight * (market.mid - state.value)


def infinite(params: Any, state: Any, market: Any) -> None:
    """How fast the market is: a silence is infinitely slow."""
    waited = (market.now - market.updated) * 1e-9
    state.value = params.weight / waited if waited < 60.0 and waited > 0.0 else math.inf if waited > 0.0 else 0.0


def half_counted(params: Any, state: Any, market: Any) -> None:
    state.count = state.count + params.weight
    state.value = params.weight


def aliased(params: Any, state: Any, market: Any) -> None:
    """From the second time on both names are one array."""
    if market.mid == market.mid:
        state.new[0] = market.mid * params.weight
        state.old = state.new
        state.value = state.old[0]


def backwards(params: Any, state: Any, market: Any, ladder: Any, bid_qty: float, ask_qty: float) -> None:
    ladder.levels = 3
    for i in range(3):
        ladder.offset_ticks[i] = (2 - i) * params.gap
        ladder.bid_qty[i] = bid_qty
        ladder.ask_qty[i] = ask_qty


def generous(params: Any, state: Any, market: Any, ladder: Any, desk: Any) -> None:
    """Takes of the bids, and adds it to the asks."""
    for i in range(ladder.levels):
        moved = int(ladder.bid_lots[i] * params.share)
        ladder.bid_lots[i] -= moved
        ladder.ask_lots[i] += moved


def signal(name: str, update: Any, state: type, **more: Any) -> mmkit.Signal:
    unit = "quote" if state is not Count else ""
    return mmkit.Signal(name, params=Weight, state=state, outputs={"value": unit}, on_clock=update, **more)


SOUND = mmkit.Sizing("sound", params=Size, sizes=plain_sizes)

FAULTS = {
    "a parameter without effect": ("parameters", mmkit.Sizing("idle", params=Idle, sizes=plain_sizes)),
    "nan after an empty book": ("outputs", signal("never-cured", never_cured, Count)),
    "infinite": ("outputs", signal("infinite", infinite, Value)),
    "a negative quantity": ("outputs", mmkit.Sizing("shrinking", params=Size, sizes=shrinking_sizes)),
    "quotes that cross": ("outputs", mmkit.Pricing("crossing", params=Half, quote=crossing_quote)),
    "a ladder that goes back": ("outputs", mmkit.Ladder("backwards", params=Gap, levels=backwards)),
    "a risk rule that raises lots": ("outputs", mmkit.Risk("generous", params=Share, limit=generous)),
    "a float in a field for whole numbers": ("types", signal("half-counted", half_counted, Count)),
    "an array that is another one": ("types", signal("aliased", aliased, Arrays)),
    "a whole number among floats": ("types", mmkit.Sizing("mixed", params=Size, sizes=whole_and_broken_sizes)),
    "a numpy number": ("types", mmkit.Sizing("numpy", params=Size, sizes=numpy_sizes)),
}
"""Each fault with the check that is meant for it."""
