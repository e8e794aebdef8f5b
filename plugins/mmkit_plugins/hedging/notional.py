"""Holds a share of the quoted position's value the other way round in the hedge instruments.

    target_i = -w_i ratio q mid / mid_i

q the quoted position (base currency), mid its mid, mid_i that of hedge instrument i, w_i its weight; weights sum to one, so
that several instruments together hedge the position once. ratio is a ratio of values, not a correlation: 1 for the same
asset elsewhere; for another asset take `delta` with its beta, or `minimum-variance`. How targets become orders (`_orders`): min_size,
bands, time-outs are the same in every hedging rule.
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.hedging._orders import HEDGES, Orders, has_price, is_due, next_time, pursue, set_up, triggers
from mmkit_plugins.hedging._targets import Split, exposure, split


@attrs.frozen
class Params(Orders):
    hedge_ratio: float = mmkit.field(1.0, unit="of the position's value", at_least=0, doc="how much of it is hedged")
    weights: tuple[float, ...] = mmkit.field(
        (), unit="", at_least=0, capacity=HEDGES, doc="share of each hedge instrument, in all 1; none: equal shares"
    )


@attrs.define
class State(Split):
    pass


def setup(params: Params, state: State, instrument: Any, hedges: tuple[Any, ...]) -> None:
    """Writes down shares and smallest orders. Raises mmkit.ConfigError for those that cannot be."""
    set_up(params, state, hedges)
    split(state, params.weights, len(hedges))


def hedge(params: Params, state: State, market: Any, account: Any, hedges: Any) -> None:
    """Works on each hedge's position."""
    due = is_due(params, state, market)
    value = exposure(params, market)
    mmkit.step("exposure", value, "quote")
    for i in range(len(hedges)):
        target = math.nan
        if has_price(params, hedges[i].market, market.now):
            target = -state.weight[i] * params.hedge_ratio * value / hedges[i].market.mid
        pursue(params, state, market.now, due, i, hedges[i].market, hedges[i].desk, target)


@mmkit.hookimpl
def mmkit_hedging() -> mmkit.Hedging:
    """Offers the rule."""
    return mmkit.Hedging(
        "notional",
        params=Params,
        state=State,
        setup=setup,
        triggers=triggers,
        next_time=next_time,
        hedge=hedge,
        examples=(
            {"band_fraction": 0.0},
            {"band_fraction": 0.0, "on": ["timer"]},
            {"band_fraction": 0.0, "mode": "limit", "timeout": "2s"},
            {"band_fraction": 0.0, "slippage": 0.0},
        ),
    )
