"""Avellaneda & Stoikov (2008), Quantitative Finance 8, 217-224, for orders of Delta base units.

Finite horizon, eq. (29)-(30):

    reservation price  r = s - q gamma sigma^2 (T - t)
    spread             gamma sigma^2 (T - t) Delta + 2 / (gamma Delta) ln(1 + gamma Delta / k)

s mid, q position (base), gamma risk aversion (1/quote), sigma volatility of the mid (price per sqrt(s)), k decay of
the fill intensity with distance (1/price), T - t time left (s). Delta = 1 gives the paper. With `session` the time
left counts down from `horizon` at the first event (or the start of a path) to zero; without, it is always
`horizon`.

Infinite horizon (section 2.3), with the discount rate that the paper chooses, gamma^2 sigma^2 (Q + Delta)^2 / 2, which
takes sigma out of it; Q = max_position:

    r_bid = s + 1 / (gamma Delta) ln(((Q + Delta)^2 - (q + Delta)^2) / ((Q + Delta)^2 - q^2))
    r_ask = s - 1 / (gamma Delta) ln(((Q + Delta)^2 - (q - Delta)^2) / ((Q + Delta)^2 - q^2))
    bid = r_bid - 1 / (gamma Delta) ln(1 + gamma Delta / k),  ask likewise above r_ask

The sign of r_ask is that of the paper's own definition 1; its formula for it has a misprint. No bid where a fill would
take the position beyond Q, no ask beyond -Q.

The spread is at least min_spread and at most max_spread; with `fee_floor` it is never below what both fees cost,
(bid + ask) maker_fee, whatever the other bounds say.
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.pricing._sides import around, centre, may_buy, may_sell, sound, static_half_spread


@attrs.frozen
class Params:
    gamma: float = mmkit.field(unit="1/quote", above=0, doc="risk aversion")
    k: float = mmkit.field(unit="1/price", above=0, doc="decay of fills with distance from the mid")
    sigma: float = mmkit.field(
        0.0, unit="price/sqrt(s)", at_least=0, doc="volatility of the mid; 0 = taken from the volatility input"
    )
    horizon: mmkit.Duration = mmkit.field("60s", above=0, doc="time over which inventory risk is held")
    session: bool = mmkit.field(False, doc="count the time left down from the horizon instead of holding it")
    infinite_horizon: bool = mmkit.field(False, doc="quote for ever within max_position instead of over the horizon")
    max_position: float = mmkit.field(
        math.inf, unit="base", above=0, doc="position beyond which no fill may lead, either way"
    )
    min_spread: float = mmkit.field(0.0, unit="quote", at_least=0, doc="smallest distance between bid and ask")
    max_spread: float = mmkit.field(math.inf, unit="quote", above=0, doc="largest distance between bid and ask")
    fee_floor: bool = mmkit.field(False, doc="never a spread below what the maker fees of both quotes cost")


@attrs.define
class Inputs:
    volatility: float = mmkit.required(unit="price/sqrt(s)", doc="volatility of the mid", unless="sigma")
    order_size: float = mmkit.required(unit="base", doc="the sizing rule's quantity")
    fair: float = mmkit.field(0.0, unit="quote", doc="price to quote around; absent: the mid")


@attrs.define
class State:
    maker_fee: float = 0.0


def setup(params: Params, state: State, instrument: Any) -> None:
    """Takes the fee from the instrument; refuses bounds that no spread can meet and horizons that exclude each other."""
    state.maker_fee = instrument.maker_fee
    if params.min_spread > params.max_spread:
        raise mmkit.ConfigError(
            f"pricing.min_spread: {params.min_spread:g} is above pricing.max_spread, {params.max_spread:g}"
        )
    if params.infinite_horizon and params.session:
        raise mmkit.ConfigError("pricing.infinite_horizon: a pricing.session ends; choose one of them")
    if params.infinite_horizon and math.isinf(params.max_position):
        raise mmkit.ConfigError("pricing.max_position: an infinite horizon needs a largest position (base)")


@attrs.define
class Terms:
    risk: float = 0.0
    static: float = 0.0


def prepare(params: Params, terms: Terms, volatility: float, order_size: float, fair: float) -> None:
    """Leaves gamma sigma^2 (quote per base per second) and the spread that does not depend on risk (quote)."""
    sigma = params.sigma if params.sigma > 0.0 else volatility
    terms.risk = params.gamma * sigma * sigma
    terms.static = 2.0 * static_half_spread(params.gamma * max(order_size, 0.0), params.k)


def quote(params: Params, state: State, market: Any, inputs: Inputs, terms: Terms) -> tuple[float, float, float]:
    """Returns reservation price and half-spreads in quote currency."""
    size = inputs.order_size
    price = centre(market.mid, inputs.fair)
    mmkit.step("fair price", price, "quote")
    half_bid = 0.0
    half_ask = 0.0
    if params.infinite_horizon:
        to_buy, to_sell = for_ever(params, market.position, size)
        mmkit.step("to the bid's reservation price", to_buy, "quote")
        mmkit.step("to the ask's reservation price", to_sell, "quote")
        price, half_bid, half_ask = around(price, to_buy, to_sell, 0.5 * terms.static, 0.5 * terms.static)
    else:
        left = params.horizon
        if params.session:
            left = max(params.horizon - (market.now - market.start), 0)
        risk = terms.risk * (left * 1e-9)
        shift = -market.position * risk
        mmkit.step("inventory", shift, "quote")
        price += shift
        half_bid = 0.5 * (risk * size + terms.static)
        half_ask = half_bid
        if not may_buy(market.position, size, params.max_position):
            half_bid = math.inf
        if not may_sell(market.position, size, -params.max_position):
            half_ask = math.inf
    floor = fees(params, state, price)
    spread = 2.0 * min(half_bid, half_ask)
    mmkit.step("spread", spread, "quote")
    spread = max(min(max(spread, params.min_spread), params.max_spread), floor)
    mmkit.step("spread within bounds", spread, "quote")
    if half_bid < math.inf:
        half_bid = 0.5 * spread
    if half_ask < math.inf:
        half_ask = 0.5 * spread
    return sound(market.mid, price, half_bid, half_ask)


def for_ever(params: Params, position: float, size: float) -> tuple[float, float]:
    """Returns the distances of both reservation prices from the mid, -inf and inf where a fill would pass the cap."""
    to_buy = -math.inf
    to_sell = math.inf
    if may_buy(position, size, params.max_position):
        to_buy = bought_for_ever(params, position, size)
    if may_sell(position, size, -params.max_position):
        to_sell = -bought_for_ever(params, -position, size)
    return to_buy, to_sell


def bought_for_ever(params: Params, position: float, size: float) -> float:
    """Returns the distance of the bid's reservation price from the mid (quote); that of the ask mirrors it."""
    if size <= 0.0:
        return -math.inf
    # Beyond the other cap a position is quoted as at it.
    q = max(position, -params.max_position)
    # Added in this order both stay above 0 at the caps, also where a position is beyond all proportion to the size.
    above = (params.max_position - q) + size
    below = (params.max_position + q) + size
    change = -size / above * ((2.0 * q + size) / below)
    # At the cap, which rounding lets a tiny order pass, there is no price at which to buy.
    return math.log1p(change) / (params.gamma * size) if change > -1.0 else -math.inf


def fees(params: Params, state: State, price: float) -> float:
    """Returns the spread around a price that pays for the maker fees of a bid and an ask (quote)."""
    if not params.fee_floor:
        return 0.0
    floor = 2.0 * abs(price) * max(state.maker_fee, 0.0)
    mmkit.step("fees of both quotes", floor, "quote")
    return floor


@mmkit.hookimpl
def mmkit_pricing() -> mmkit.Pricing:
    """Offers the rule."""
    return mmkit.Pricing(
        "avellaneda",
        params=Params,
        state=State,
        inputs=Inputs,
        terms=Terms,
        setup=setup,
        prepare=prepare,
        quote=quote,
        examples=({"max_position": 4.0},),
    )
