"""Weighted mid: the mid, moved towards the side on which less rests, in quote currency.

    value = I ask + (1 - I) bid = mid + (spread / 2) (B - A) / (B + A),   I = B / (B + A),   shift = value - mid

B and A are the quantities at the best prices; with levels > 1 those of the best `levels` levels within `ticks` ticks of
their side's best. Always between bid and ask. NaN where a side is empty. (Stoikov 2018, "The micro-price", Quantitative
Finance 18, 1959-1966, section 1.)
"""

import math
from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    levels: int = mmkit.field(1, unit="levels", at_least=1, at_most=1000, doc="most levels of each side that weigh")
    ticks: int = mmkit.field(
        1000, unit="ticks", at_least=0, at_most=1_000_000, doc="levels further behind their side's best do not weigh"
    )


@attrs.define
class State:
    value: float = mmkit.field(math.nan, doc="mid, moved towards the thinner side")
    shift: float = mmkit.field(math.nan, doc="value less the mid")


def on_book(params: Params, state: State, market: Any, book: Any) -> None:
    """Weighs the best prices with what rests on the other side."""
    bids = mmkit.lots_within(book, market, 1, params.levels, params.ticks)
    asks = mmkit.lots_within(book, market, -1, params.levels, params.ticks)
    state.shift = math.nan
    if bids > 0 and asks > 0:
        state.shift = 0.5 * (market.ask - market.bid) * (float(bids - asks) / float(bids + asks))
    state.value = market.mid + state.shift


def on_clock(params: Params, state: State, market: Any, book: Any) -> None:
    """The book is not told of when a side is empty: what was true before is not any more."""
    if not math.isfinite(market.mid):
        state.shift = math.nan
        state.value = math.nan


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "weighted-mid",
        params=Params,
        state=State,
        outputs={"value": "quote", "shift": "quote"},
        on_book=on_book,
        on_clock=on_clock,
        depth=True,
        examples=({"levels": 5},),
    )
