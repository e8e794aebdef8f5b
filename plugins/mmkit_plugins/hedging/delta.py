"""Holds the delta of position and hedges together, in money, at a target.

    q mid + sum_i beta_i target_i mid_i = target_delta,    target_i = -w_i (q mid - target_delta) / (beta_i mid_i)

q the quoted position (base currency), mid its mid, mid_i that of hedge instrument i, w_i its weight; weights sum to one.
beta_i is in money: by how many percent the hedge's price moves when the quoted one moves by one percent, the slope of its
returns on the quoted ones, correlation sigma_hedge / sigma_quoted. So beta_i mid_i is the delta of one unit of the hedge. A
correlation is no beta: of two assets that move together, the one that moves twice as far has a beta of 2 and a correlation
of 1. What of the hedge's moves is its own stays: `minimum-variance` weighs that too. How targets become orders (`_orders`): min_size,
bands, time-outs are the same in every hedging rule.
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.hedging._orders import (
    HEDGES,
    Orders,
    has_price,
    is_due,
    next_time,
    per_hedge,
    pursue,
    set_up,
    triggers,
)
from mmkit_plugins.hedging._targets import Split, exposure, split


@attrs.frozen
class Params(Orders):
    target_delta: float = mmkit.field(
        0.0, unit="quote", unbounded="either sign", doc="delta of position and hedges together"
    )
    betas: tuple[float, ...] = mmkit.field(
        (),
        unit="quote/quote",
        capacity=HEDGES,
        unbounded="either sign",
        doc="what a hedge's return is per quoted return, not 0; none: 1 for each",
    )
    weights: tuple[float, ...] = mmkit.field(
        (), unit="", at_least=0, capacity=HEDGES, doc="share of each hedge instrument, in all 1; none: equal shares"
    )


@attrs.define
class State(Split):
    beta: list[float] = mmkit.array(float, HEDGES)


def setup(params: Params, state: State, instrument: Any, hedges: tuple[Any, ...]) -> None:
    """Writes down betas, shares and smallest orders. Raises mmkit.ConfigError for those that cannot be."""
    set_up(params, state, hedges)
    split(state, params.weights, len(hedges))
    for i, beta in enumerate(per_hedge("betas", params.betas, len(hedges), 1.0)):
        if beta == 0.0:
            raise mmkit.ConfigError("hedging.betas: an instrument with a beta of 0 hedges nothing")
        state.beta[i] = beta


def hedge(params: Params, state: State, market: Any, account: Any, hedges: Any) -> None:
    """Works on each hedge's position."""
    due = is_due(params, state, market)
    excess = exposure(params, market) - params.target_delta
    mmkit.step("delta to be hedged", excess, "quote")
    for i in range(len(hedges)):
        target = math.nan
        if has_price(params, hedges[i].market, market.now):
            target = -state.weight[i] * excess / (state.beta[i] * hedges[i].market.mid)
        pursue(params, state, market.now, due, i, hedges[i].market, hedges[i].desk, target)


@mmkit.hookimpl
def mmkit_hedging() -> mmkit.Hedging:
    """Offers the rule."""
    return mmkit.Hedging(
        "delta",
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
