"""What rules share that split one hedge over several instruments."""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.hedging._orders import HEDGES, Progress, has_price, per_hedge


@attrs.define
class Split(Progress):
    """The hedges' progress, and which share of the whole each takes."""

    weight: list[float] = mmkit.array(float, HEDGES)


def split(state: Any, weights: tuple[float, ...], count: int) -> None:
    """Writes down each instrument's share, equal ones where none are given. Raises mmkit.ConfigError unless they sum to one."""
    shares = per_hedge("weights", weights, count, 1.0 / count)
    total = math.fsum(shares)
    if abs(total - 1.0) > 1e-9:
        raise mmkit.ConfigError(f"hedging.weights: must sum to 1, sum to {total:g}")
    for i in range(count):
        state.weight[i] = shares[i]


def exposure(params: Any, market: Any) -> float:
    """Returns what the quoted position is worth, in quote currency; NaN where that is not known."""
    if market.position_lots == 0:
        return 0.0
    return market.position * market.mid if has_price(params, market, market.now) else math.nan
