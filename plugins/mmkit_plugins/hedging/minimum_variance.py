"""Holds in the hedge instruments what leaves the least variance of the value of position and hedges together.

    target = -q beta,    C beta = c,    C_ij = mean(dM_i dM_j),    c_i = mean(dM_i dM)

q the quoted position (base currency), dM the change of its mid over `sample_every` (quote currency), dM_i that of hedge
instrument i; beta_i is in units of the hedge per unit of the quoted instrument, and all are solved for jointly: a hedge that
another one makes superfluous gets nothing. Means are exponentially weighted over samples, by `half_life`; the mean change over
a sample is taken as zero. With one instrument beta is Ederington's ratio, the slope of the quoted price's changes on the
hedge's, correlation sigma / sigma_1 in prices.

Prices that do not change at the same moment show less and less correlation the closer the samples lie (Epps 1979), and the
ratio comes out low: choose sample_every well above the time that one market needs to follow the other.

Nothing is hedged before `least_samples` samples, nor while the hedge instruments' changes are so alike that no joint answer is
sound: then the hedges stay as they are, and a flat position still closes them. A sample without all prices is left out. How
targets become orders (`_orders`): min_size, bands, time-outs are the same in every hedging rule. Sources: Ederington (1979), The hedging
performance of the new futures markets, J. Finance 34, 157-170; Epps (1979), Comovements in stock prices in the very short run,
JASA 74, 291-298.
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.hedging._covariance import SIZE, add_changes, solve
from mmkit_plugins.hedging._orders import (
    HEDGES,
    Orders,
    Progress,
    has_price,
    is_due,
    period,
    pursue,
    set_up,
    triggers,
)
from mmkit_plugins.hedging._orders import next_time as next_look


@attrs.frozen
class Params(Orders):
    sample_every: mmkit.Duration = mmkit.field("10s", above=0, doc="time over which price changes are compared")
    half_life: mmkit.Duration = mmkit.field("30m", above=0, doc="time after which a sample counts half")
    least_samples: int = mmkit.field(
        60, unit="samples", at_least=1, at_most=10**9, doc="samples before the first hedge"
    )
    least_own: float = mmkit.field(
        0.001, unit="of the variance", above=0, below=1, doc="part of a hedge's changes that is its own, if it counts"
    )


@attrs.define
class State(Progress):
    """Besides the hedges' progress: mids at the last sample, moments of changes (undivided by weight), and the ratios from them.

    sampled: number of the last sample period; linked: whether that sample had all prices; sound: whether the ratios hold.
    """

    beta: list[float] = mmkit.array(float, HEDGES, unit="hedge/quoted")
    sound: int = 0
    sampled: int = -1
    linked: int = 0
    samples: int = 0
    mids: list[float] = mmkit.array(float, SIZE, unit="quote")
    changes: list[float] = mmkit.array(float, SIZE, unit="quote")
    moments: list[float] = mmkit.array(float, SIZE * SIZE, unit="quote^2")
    factor: list[float] = mmkit.array(float, SIZE * SIZE)


def setup(params: Params, state: State, instrument: Any, hedges: tuple[Any, ...]) -> None:
    """Writes down smallest orders. Raises mmkit.ConfigError for those that cannot be."""
    set_up(params, state, hedges)


def next_time(params: Params, state: State, market: Any) -> int:
    """Returns when the next sample is taken, the targets or orders under way are looked at."""
    sample = market.start + (period(market, params.sample_every) + 1) * params.sample_every
    return min(sample, next_look(params, state, market))


def hedge(params: Params, state: State, market: Any, account: Any, hedges: Any) -> None:
    """Takes a sample if one is due, and works on each hedge's position."""
    due = is_due(params, state, market)
    number = period(market, params.sample_every)
    if number > state.sampled:
        state.sampled = number
        sample(params, state, market, hedges)
    for i in range(len(hedges)):
        target = math.nan
        if market.position_lots == 0:
            target = 0.0
        elif state.sound:
            mmkit.step("beta", state.beta[i], "hedge/quoted")
            target = -state.beta[i] * market.position
        pursue(params, state, market.now, due, i, hedges[i].market, hedges[i].desk, target)


def sample(params: Params, state: State, market: Any, hedges: Any) -> None:
    """Compares all mids with those of the sample before, and solves for the ratios."""
    count = len(hedges) + 1
    priced = has_price(params, market, market.now)
    for i in range(len(hedges)):
        priced = priced and has_price(params, hedges[i].market, market.now)
    if not priced:
        state.linked = 0
        return
    for i in range(count):
        mid = market.mid if i == 0 else hedges[i - 1].market.mid
        state.changes[i] = mid - state.mids[i]
        state.mids[i] = mid
    if state.linked:
        keep = math.exp(-math.log(2.0) * params.sample_every / params.half_life)
        add_changes(state.moments, state.changes, count, keep)
        state.samples += 1
        state.sound = 0
        if state.samples >= params.least_samples:
            if solve(state.moments, state.factor, state.beta, count, params.least_own):
                state.sound = 1
    state.linked = 1


@mmkit.hookimpl
def mmkit_hedging() -> mmkit.Hedging:
    """Offers the rule."""
    return mmkit.Hedging(
        "minimum-variance",
        params=Params,
        state=State,
        setup=setup,
        triggers=triggers,
        next_time=next_time,
        hedge=hedge,
        examples=(
            {"band_fraction": 0.0, "sample_every": "500ms", "half_life": "10s", "least_samples": 5},
            {
                "band_fraction": 0.0,
                "sample_every": "500ms",
                "half_life": "10s",
                "least_samples": 5,
                "mode": "limit",
                "timeout": "2s",
            },
        ),
    )
