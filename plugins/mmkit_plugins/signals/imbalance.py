"""Imbalance of the book: how much more rests on the bid than on the ask, from -1 to 1.

    value = (B - A) / (B + A)

B and A are the quantities of the best `levels` levels of either side that lie within `ticks` ticks of that side's best:
levels = 1 is the imbalance of the touch (rho = 2 I - 1 of Stoikov 2018, "The micro-price", Quantitative Finance 18,
1959-1966), levels = 1000 with ticks = 20 the depth in ticks. NaN where a side is empty.
"""

import math
from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    levels: int = mmkit.field(5, unit="levels", at_least=1, at_most=1000, doc="most levels of each side that count")
    ticks: int = mmkit.field(
        1000, unit="ticks", at_least=0, at_most=1_000_000, doc="levels further behind their side's best do not count"
    )


@attrs.define
class State:
    value: float = mmkit.field(math.nan, doc="(bids - asks) / (bids + asks), -1..1")


def on_book(params: Params, state: State, market: Any, book: Any) -> None:
    """Weighs the sides against each other."""
    bids = mmkit.lots_within(book, market, 1, params.levels, params.ticks)
    asks = mmkit.lots_within(book, market, -1, params.levels, params.ticks)
    state.value = balance(bids, asks)


def on_clock(params: Params, state: State, market: Any, book: Any) -> None:
    """The book is not told of when a side is empty: what was true before is not any more."""
    if not math.isfinite(market.mid):
        state.value = math.nan


def balance(bids: int, asks: int) -> float:
    """Returns (bids - asks) / (bids + asks); NaN where a side is empty."""
    if bids <= 0 or asks <= 0:
        return math.nan
    return float(bids - asks) / float(bids + asks)


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "imbalance",
        params=Params,
        state=State,
        outputs={"value": ""},
        on_book=on_book,
        on_clock=on_clock,
        depth=True,
    )
