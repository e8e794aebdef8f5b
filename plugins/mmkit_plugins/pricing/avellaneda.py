"""Avellaneda & Stoikov (2008), eq. (29)-(30), for orders of Delta base units.

    reservation price  r = s - q gamma sigma^2 (T - t)
    spread             gamma sigma^2 (T - t) Delta + 2 / (gamma Delta) ln(1 + gamma Delta / k)

s mid, q position (base), gamma risk aversion (1/quote), sigma volatility of the mid (price per sqrt(s)), k decay of
the fill intensity with distance (1/price), T - t time left (s). Delta = 1 gives the paper. With `session` the time
left counts down from `horizon` at the first event (or the start of a path) to zero; without, it is always
`horizon`.
"""

import math
from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    gamma: float = mmkit.field(unit="1/quote", above=0, doc="risk aversion")
    k: float = mmkit.field(unit="1/price", above=0, doc="decay of fills with distance from the mid")
    sigma: float = mmkit.field(
        0.0, unit="price/sqrt(s)", at_least=0, doc="volatility of the mid; 0 = taken from the volatility input"
    )
    horizon: mmkit.Duration = mmkit.field("60s", above=0, doc="time over which inventory risk is held")
    session: bool = mmkit.field(False, doc="count the time left down from the horizon instead of holding it")
    min_spread: float = mmkit.field(0.0, unit="quote", at_least=0, doc="smallest distance between bid and ask")
    max_spread: float = mmkit.field(math.inf, unit="quote", above=0, doc="largest distance between bid and ask")


@attrs.define
class Inputs:
    volatility: float = mmkit.required(unit="price/sqrt(s)", doc="volatility of the mid", unless="sigma")
    order_size: float = mmkit.required(unit="base", doc="the sizing rule's quantity")


def setup(params: Params, state: Any, instrument: Any) -> None:
    """Refuses bounds that no spread can meet."""
    if params.min_spread > params.max_spread:
        raise mmkit.ConfigError(
            f"pricing.min_spread: {params.min_spread:g} is above pricing.max_spread, {params.max_spread:g}"
        )


@attrs.define
class Terms:
    risk: float = 0.0
    static: float = 0.0


def prepare(params: Params, terms: Terms, volatility: float, order_size: float) -> None:
    """Leaves gamma sigma^2 (quote per base per second) and the spread that does not depend on risk (quote)."""
    sigma = params.sigma if params.sigma > 0.0 else volatility
    aversion = params.gamma * order_size
    terms.risk = params.gamma * sigma * sigma
    terms.static = 2.0 * math.log1p(aversion / params.k) / aversion


def quote(params: Params, state: Any, market: Any, inputs: Inputs, terms: Terms) -> tuple[float, float, float]:
    """Returns reservation price and half-spreads in quote currency."""
    left = params.horizon
    if params.session:
        left = max(params.horizon - (market.now - market.start), 0)
    risk = terms.risk * (left * 1e-9)
    shift = -market.position * risk
    mmkit.step("inventory", shift, "quote")
    spread = risk * inputs.order_size + terms.static
    mmkit.step("spread", spread, "quote")
    spread = min(max(spread, params.min_spread), params.max_spread)
    mmkit.step("spread within bounds", spread, "quote")
    return market.mid + shift, 0.5 * spread, 0.5 * spread


@mmkit.hookimpl
def mmkit_pricing() -> mmkit.Pricing:
    """Offers the rule."""
    return mmkit.Pricing(
        "avellaneda", params=Params, inputs=Inputs, terms=Terms, setup=setup, prepare=prepare, quote=quote
    )
