"""Rounding to the grid without looking whether a value lies on it but for rounding: for values that are validated already.

    checked   the nearest whole number if x is within max(1e-9, 4 eps |x|) of it, else floor (bids, quantities) or ceil (asks)
    unchecked floor(x + 1e-9), ceil(x - 1e-9)

Both agree wherever |x| is below a million and x does not lie within a few eps of 1e-9 beside a whole number.
"""

import math
from typing import Any

import attrs

import mmkit


def exact(params: Any) -> bool:
    """A value that lies where rounding turns may go to the next tick."""
    return False


def floor_fast(x: float) -> int:
    """Returns the largest integer not above x + 1e-9."""
    return int(math.floor(x + 1e-9))


def ceil_fast(x: float) -> int:
    """Returns the smallest integer not below x - 1e-9."""
    return int(math.ceil(x - 1e-9))


def rewrite(params: Any, rule: Any) -> Any:
    """Returns the rule with unchecked rounding; the ladder's includes the way of its levels to the grid."""
    if isinstance(rule, mmkit.Ladder) and rule.to_grid is None:
        rule = attrs.evolve(rule, to_grid=mmkit.to_grid)
    return mmkit.replaced(rule, {mmkit.floor_to_grid: floor_fast, mmkit.ceil_to_grid: ceil_fast})


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    return mmkit.Optimization(
        "fast-ticks",
        applies=("ladder", "execution"),
        exact=exact,
        rewrite=rewrite,
        bound="one tick or lot, where a value lies within 1e-9 of a step or 4 eps beyond a million of them",
    )
