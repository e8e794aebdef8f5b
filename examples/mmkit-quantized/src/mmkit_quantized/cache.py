"""Keeps what a pricing rule prepared while every input stays in the cell of a grid in which it was: cells `tolerance` wide, relatively.

    cell of x   n = floor(ln |x| / ln(1 + tolerance)),   from (1 + tolerance)^n to (1 + tolerance)^(n + 1), with the sign of x

Zero has a cell of its own, and no cell holds a NaN or an infinity. The bound: each input that something was prepared from is off by less
than `tolerance` of itself, however long it is kept and however the input moves, as the cells stand still: unlike a comparison with the
last value, and unlike a time to live. A price that grows like the p-th power of an input is off by less than (1 + tolerance)^p - 1.
"""

import math
from typing import Any

import attrs

import mmkit

INPUTS = 32
"""Most inputs of a rule."""


@attrs.frozen
class Params:
    tolerance: float = mmkit.field(
        0.01, unit="fraction", at_least=1e-9, at_most=1.0, doc="width of a cell, relative to the input"
    )


@attrs.define
class State:
    """low, high: ends of the cell of each input; a cell that nothing is in at first."""

    hits: int = 0
    misses: int = 0
    low: list[float] = mmkit.array(float, INPUTS, math.inf)
    high: list[float] = mmkit.array(float, INPUTS, -math.inf)


def exact(params: Params) -> bool:
    """Never: what is kept was made of inputs from anywhere in their cells."""
    return False


def keeps(params: Params, state: State, market: Any, key: tuple[float, ...]) -> bool:
    """Returns whether every input is in the cell in which it was; otherwise remembers the cells of these."""
    same = True
    for i in range(len(key)):
        if not state.low[i] <= key[i] <= state.high[i]:
            same = False
    if same:
        state.hits += 1
        return True
    state.misses += 1
    width = math.log1p(params.tolerance)
    for i in range(len(key)):
        state.low[i], state.high[i] = cell(key[i], width)
    return False


def cell(x: float, width: float) -> tuple[float, float]:
    """Returns the ends of the cell that holds x, its logarithm `width` wide; an empty one for what is not finite."""
    if x == 0.0:
        return 0.0, 0.0
    if not math.isfinite(x):
        return math.inf, -math.inf
    number = math.floor(math.log(abs(x)) / width)
    # Whatever rounding does at its ends, the cell is no wider than it may be.
    near = math.exp(number * width)
    far = near * math.exp(width)
    if x > 0.0:
        return near, far
    return -far, -near


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    return mmkit.Optimization(
        "quantized-cache",
        params=Params,
        state=State,
        applies=("pricing",),
        keeps=keeps,
        exact=exact,
        bound="prices made from inputs that are each off by less than tolerance, relatively",
    )
