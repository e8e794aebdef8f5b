"""Cartea & Jaimungal (2015), Mathematical Finance 25, 576-611; Cartea, Jaimungal & Penalva (2015), chapter 10: quotes
that maximise E[wealth - alpha q_T^2 - phi int q^2 dt], with orders of Delta base units.

Market orders that buy (sell) come at rate A (A_sell) and lift our ask (hit our bid) at distance delta with probability
exp(-k delta) (exp(-k_sell delta)); each moves the mid by epsilon up (epsilon_sell down). With h(t, q) the value of inventory:

    ask  s + 1 / k + epsilon + (h(q) - h(q - Delta)) / Delta
    bid  s - 1 / k_sell - epsilon_sell - (h(q) - h(q + Delta)) / Delta

`exact`: h from the Hamilton-Jacobi-Bellman equation, with h(T, q) = -alpha q^2, over a `session` of length `horizon`, else its
stationary state. `asymptotic`, for one k, far from caps and from the end:

    (h(q + Delta) - h(q)) / Delta ~ -(q + Delta / 2 - m) root + ln(eta_ask / eta_bid) / (2 k)
    root = sqrt(phi / (k Delta sqrt(eta_bid eta_ask))),  m = mu / (2 phi),  eta = A exp(-1 - k epsilon)

which is 1 / k +- (2 q +- Delta) / 2 sqrt(phi e / (k A Delta)) for equal sides and epsilon = 0. mu is `drift` and what
the two flows add to it, A epsilon - A_sell epsilon_sell.

s mid, q position (base), A in 1/s, k in 1/price, epsilon in price, phi running penalty (quote/(base^2 s)), alpha terminal
penalty (quote/base^2). Delta = 1 gives the book. phi = gamma sigma^2 / 2 makes it GLFT with xi = 0. No bid where a fill would take
the position beyond max_position, no ask beyond min_position.
"""

import enum
import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.pricing import _inventory_table
from mmkit_plugins.pricing._inventory_table import State, exact_quote
from mmkit_plugins.pricing._sides import centre, may_buy, may_sell, sound


class Method(enum.IntEnum):
    """How the quotes are found."""

    ASYMPTOTIC = 0
    EXACT = 1


@attrs.frozen
class Params:
    phi: float = mmkit.field(unit="quote/(base^2 s)", at_least=0, doc="running penalty on the squared position")
    k: float = mmkit.field(unit="1/price", above=0, doc="decay of fills with distance from the mid")
    A: float = mmkit.field(unit="1/s", above=0, doc="rate of market orders that buy, and of those that sell")
    method: Method = mmkit.field(
        Method.ASYMPTOTIC, doc="asymptotic formula, or a table worked out before the first event"
    )
    k_sell: float = mmkit.field(
        math.nan, unit="1/price", above=0, doc="k of market orders that sell, which hit the bid; absent: k"
    )
    A_sell: float = mmkit.field(math.nan, unit="1/s", above=0, doc="rate of market orders that sell; absent: A")
    epsilon: float = mmkit.field(0.0, unit="price", at_least=0, doc="how far a market order moves the mid")
    epsilon_sell: float = mmkit.field(
        math.nan, unit="price", at_least=0, doc="how far one that sells does; absent: epsilon"
    )
    drift: float = mmkit.field(
        0.0, unit="price/s", unbounded="either sign", doc="expected change of the mid apart from market orders"
    )
    order_size: float = mmkit.field(
        0.0, unit="base", at_least=0, doc="quantity of a fill; 0 = the sizing rule's; exact needs it"
    )
    max_position: float = mmkit.field(
        math.inf, unit="base", above=0, doc="position beyond which no fill may lead; exact needs it"
    )
    min_position: float = mmkit.field(
        math.nan, unit="base", at_most=0, doc="position below which no fill may lead; absent: minus max_position"
    )
    alpha: float = mmkit.field(
        0.0, unit="quote/base^2", at_least=0, doc="penalty on the squared position at the end of a session (exact)"
    )
    session: bool = mmkit.field(False, doc="the exact table ends after the horizon; otherwise it never ends")
    horizon: mmkit.Duration = mmkit.field("1h", above=0, doc="length of a session")


@attrs.define
class Inputs:
    order_size: float = mmkit.required(unit="base", doc="the sizing rule's quantity", unless="order_size")
    fair: float = mmkit.field(0.0, unit="quote", doc="price to quote around; absent: the mid")


@attrs.define
class Terms:
    """Half-spreads that do not depend on inventory (quote), the asymptotic slope (quote/base) and shift (quote), order size."""

    bid: float = 0.0
    ask: float = 0.0
    slope: float = 0.0
    shift: float = 0.0
    size: float = 0.0


def setup(params: Params, state: State, instrument: Any) -> None:
    """Works out the exact table. Raises mmkit.ConfigError where the method lacks something or cannot do what is asked of it."""
    k, k_sell = params.k, either(params.k_sell, params.k)
    if params.method == Method.ASYMPTOTIC:
        if params.session:
            raise mmkit.ConfigError('pricing.session: the asymptotic formula has no end; use method = "exact"')
        if k_sell != k:
            raise mmkit.ConfigError('pricing.k_sell: the asymptotic formula has one k; use method = "exact"')
        if params.phi == 0.0 and drift_of_mid(params) != 0.0:
            raise mmkit.ConfigError(
                'pricing.phi: without a penalty a drift has no asymptotic quote; use method = "exact"'
            )
        return
    if not params.order_size > 0.0:
        raise mmkit.ConfigError(
            'pricing.order_size: method = "exact" needs it as a number: its table is worked out before the first event'
        )
    size = params.order_size
    most = _inventory_table.levels("max_position", params.max_position, size)
    least = _inventory_table.levels("min_position", lowest(params), size)
    _inventory_table.fill(
        state,
        _inventory_table.Problem(
            low=least,
            high=most,
            penalty=k * params.phi * size,
            drift=k * drift_of_mid(params),
            bid=k / k_sell * intensity(either(params.A_sell, params.A), k_sell, sell_impact(params)),
            ask=intensity(params.A, k, params.epsilon),
            ratio=k_sell / k,
            terminal=k * params.alpha * size,
            time=params.horizon * 1e-9 if params.session else math.inf,
            k=k,
        ),
    )


def either(given: float, otherwise: float) -> float:
    """Returns a parameter, or what takes its place where it is absent."""
    return otherwise if math.isnan(given) else given


def sell_impact(params: Params) -> float:
    """Returns how far a market order that sells moves the mid (price)."""
    return either(params.epsilon_sell, params.epsilon)


def lowest(params: Params) -> float:
    """Returns the lower cap on the position (base)."""
    return either(params.min_position, -params.max_position)


def intensity(rate: float, k: float, epsilon: float) -> float:
    """Returns the rate of fills (1/s) of a quote at its static half-spread, 1 / k + epsilon."""
    return rate * math.exp(-1.0 - k * epsilon)


def drift_of_mid(params: Params) -> float:
    """Returns the drift of the mid with what the flow of market orders adds to it (price/s)."""
    return params.drift + params.A * params.epsilon - either(params.A_sell, params.A) * sell_impact(params)


def prepare(params: Params, terms: Terms, order_size: float, fair: float) -> None:
    """Leaves what does not depend on the position."""
    k_sell = either(params.k_sell, params.k)
    size = params.order_size if params.order_size > 0.0 else max(order_size, 0.0)
    terms.size = size
    terms.ask = 1.0 / params.k + params.epsilon
    terms.bid = 1.0 / k_sell + sell_impact(params)
    terms.slope = 0.0
    terms.shift = 0.0
    if params.method == Method.ASYMPTOTIC and size > 0.0:
        eta_ask = intensity(params.A, params.k, params.epsilon)
        eta_bid = intensity(either(params.A_sell, params.A), k_sell, sell_impact(params))
        pace = params.k * size * math.sqrt(eta_ask) * math.sqrt(eta_bid)
        # Where the intensities have vanished nothing fills, and there is no slope to speak of: no quotes.
        if not pace > 0.0:
            terms.size = 0.0
            return
        terms.slope = math.sqrt(params.phi / pace)
        terms.shift = 0.5 * (math.log(eta_ask) - math.log(eta_bid)) / params.k
        if params.phi > 0.0:
            terms.shift += terms.slope * drift_of_mid(params) / (2.0 * params.phi)


def quote(params: Params, state: State, market: Any, inputs: Inputs, terms: Terms) -> tuple[float, float, float]:
    """Returns reservation price and half-spreads in quote currency."""
    price = centre(market.mid, inputs.fair)
    mmkit.step("fair price", price, "quote")
    mmkit.step("static half-spread to the bid", terms.bid, "quote")
    mmkit.step("static half-spread to the ask", terms.ask, "quote")
    half_bid = 0.0
    half_ask = 0.0
    if terms.size <= 0.0:
        return market.mid, math.inf, math.inf
    if params.method == Method.EXACT:
        price, half_bid, half_ask = exact_quote(params, state, market, price, terms.size, terms.bid, terms.ask)
    else:
        shift = -market.position * terms.slope
        mmkit.step("inventory", shift, "quote")
        mmkit.step("flow and drift", terms.shift, "quote")
        price += shift + terms.shift
        risk = 0.5 * terms.size * terms.slope
        mmkit.step("half-spread for risk", risk, "quote")
        half_bid = terms.bid + risk
        half_ask = terms.ask + risk
        if not may_buy(market.position, terms.size, params.max_position):
            half_bid = math.inf
        if not may_sell(market.position, terms.size, lowest(params)):
            half_ask = math.inf
    return sound(market.mid, price, half_bid, half_ask)


@mmkit.hookimpl
def mmkit_pricing() -> mmkit.Pricing:
    """Offers the rule."""
    return mmkit.Pricing(
        "cartea-jaimungal",
        params=Params,
        state=State,
        inputs=Inputs,
        terms=Terms,
        setup=setup,
        prepare=prepare,
        quote=quote,
        examples=(
            {"phi": 0.00045, "method": "exact", "order_size": 0.2, "max_position": 4.0},
            {
                "phi": 0.00045,
                "method": "exact",
                "order_size": 0.2,
                "max_position": 4.0,
                "session": True,
                "horizon": "30s",
            },
        ),
    )
