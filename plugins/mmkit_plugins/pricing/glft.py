"""Gueant, Lehalle & Fernandez-Tapia (2013), Mathematics and Financial Economics 7, 477-507, in Gueant's form with order size
and two risk aversions (2017, Applied Mathematical Finance 24, 112-154).

    c1 = ln(1 + xi Delta / k) / (xi Delta)   (1 / k at xi = 0)
    c2 = sqrt(gamma / (2 A Delta k) (1 + xi Delta / k)^(k / (xi Delta) + 1))   (sqrt(gamma e / (2 A Delta k)) at xi = 0)

`closed-form`, for a session without end, eq. (4.6)-(4.7):

    reservation price  r = s - (q - m) sigma c2,  m = mu / (gamma sigma^2)
    half-spread        c1 + Delta sigma c2 / 2

`exact`: theta(t, q), the value of inventory within |q| <= Q, from the Hamilton-Jacobi-Bellman equation of the model,
with theta(T, q) = -l q^2: over a `session` of length `horizon`, else its stationary state

    bid  s - c1 - (theta(q) - theta(q + Delta)) / Delta,   ask  s + c1 + (theta(q) - theta(q - Delta)) / Delta

s mid, q position, Q max_position and Delta order size (base), sigma volatility of the mid (price per sqrt(s)), gamma
aversion to the risk of inventory (1/quote), xi aversion to that of fills (1/quote; gamma in the paper of 2013, 0 for
a pure penalty on inventory), A fill intensity at distance 0 per side (1/s), k its decay (1/price), mu drift of the mid
(price/s), l terminal penalty (quote/base^2). Where each fill moves the mid by `impact` (price) against us, A becomes
A exp(-k impact / 2), half-spreads grow by impact / 2, and l by impact / (2 Delta).

A drift that a signal knows shifts the quotes of both methods by its m sigma c2.

No bid where a fill would take the position beyond Q, no ask beyond -Q. The closed form is the exact quote's limit of many
lots and a flat table: near the caps, and where sqrt(k gamma sigma^2 Delta / (2 eta)) is not small, only the table is right.
"""

import enum
import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.pricing import _inventory_table
from mmkit_plugins.pricing._inventory_table import State, exact_quote
from mmkit_plugins.pricing._sides import centre, may_buy, may_sell, sound, static_half_spread

MOST_IMPACT = 1000.0
"""Largest k * impact: what fills then is one in e^500."""


class Method(enum.IntEnum):
    """How the quotes are found."""

    CLOSED_FORM = 0
    EXACT = 1


@attrs.frozen
class Params:
    gamma: float = mmkit.field(unit="1/quote", above=0, doc="risk aversion")
    k: float = mmkit.field(unit="1/price", above=0, doc="decay of fills with distance from the mid")
    A: float = mmkit.field(unit="1/s", above=0, doc="fill intensity at distance 0, per side")
    method: Method = mmkit.field(
        Method.CLOSED_FORM, doc="asymptotic formula, or a table worked out before the first event"
    )
    xi: float = mmkit.field(math.nan, unit="1/quote", at_least=0, doc="aversion to the risk of fills; absent: gamma")
    sigma: float = mmkit.field(
        0.0, unit="price/sqrt(s)", at_least=0, doc="volatility of the mid; 0 = taken from the volatility input"
    )
    drift: float = mmkit.field(0.0, unit="price/s", unbounded="either sign", doc="expected change of the mid")
    impact: float = mmkit.field(0.0, unit="price", at_least=0, doc="how far each fill moves the mid against us")
    order_size: float = mmkit.field(
        0.0, unit="base", at_least=0, doc="quantity of a fill; 0 = the sizing rule's; exact needs it"
    )
    max_position: float = mmkit.field(
        math.inf, unit="base", above=0, doc="position beyond which no fill may lead, either way; exact needs it"
    )
    terminal_penalty: float = mmkit.field(
        0.0, unit="quote/base^2", at_least=0, doc="cost of the position at the end of a session, in the exact table"
    )
    session: bool = mmkit.field(False, doc="the exact table ends after the horizon; otherwise it never ends")
    horizon: mmkit.Duration = mmkit.field("1h", above=0, doc="length of a session")


@attrs.define
class Inputs:
    volatility: float = mmkit.required(unit="price/sqrt(s)", doc="volatility of the mid", unless="sigma")
    order_size: float = mmkit.required(unit="base", doc="the sizing rule's quantity", unless="order_size")
    fair: float = mmkit.field(0.0, unit="quote", doc="price to quote around; absent: the mid")
    drift: float = mmkit.field(0.0, unit="price/s", doc="expected change of the mid, on top of the parameter")


@attrs.define
class Terms:
    """c1 with half the impact (quote), sigma c2 (quote/base), the drift's shift (quote), the order size (base)."""

    static: float = 0.0
    slope: float = 0.0
    shift: float = 0.0
    size: float = 0.0


def setup(params: Params, state: State, instrument: Any) -> None:
    """Works out the exact table. Raises mmkit.ConfigError where something that it needs is not a parameter."""
    if params.k * params.impact > MOST_IMPACT:
        raise mmkit.ConfigError(
            f"pricing.impact: {params.impact:g} is more than {MOST_IMPACT:g} / k: nothing would ever fill"
        )
    if params.session and params.method == Method.CLOSED_FORM:
        raise mmkit.ConfigError('pricing.session: the closed form has no end; use method = "exact"')
    if params.method != Method.EXACT:
        return
    for name in ("sigma", "order_size"):
        if not getattr(params, name) > 0.0:
            raise mmkit.ConfigError(
                f'pricing.{name}: method = "exact" needs it as a number: its table is worked out before the first event'
            )
    k, size = params.k, params.order_size
    x = fill_aversion(params) * size / k
    eta = params.A * math.exp(-0.5 * k * params.impact) / growth_of_slope(x)
    most = _inventory_table.levels("max_position", params.max_position, size)
    _inventory_table.fill(
        state,
        _inventory_table.Problem(
            low=-most,
            high=most,
            penalty=0.5 * k * params.gamma * params.sigma * params.sigma * size,
            drift=k * params.drift,
            bid=eta,
            ask=eta,
            ratio=1.0,
            terminal=k * (params.terminal_penalty * size + 0.5 * params.impact),
            time=params.horizon * 1e-9 if params.session else math.inf,
            k=k,
        ),
    )


def fill_aversion(params: Params) -> float:
    """Returns xi, gamma where it is absent."""
    return params.gamma if math.isnan(params.xi) else params.xi


def growth_of_slope(x: float) -> float:
    """Returns (1 + x)^(1 + 1 / x) for x = xi Delta / k, and its limit e at 0."""
    if x < 1e-14:
        return math.e
    return math.exp(min((1.0 + 1.0 / x) * math.log1p(x), 700.0))


def prepare(params: Params, terms: Terms, volatility: float, order_size: float, fair: float, drift: float) -> None:
    """Leaves the closed form's terms; without a size or a volatility there is no slope, and nothing follows a drift."""
    sigma = params.sigma if params.sigma > 0.0 else max(volatility, 0.0)
    size = params.order_size if params.order_size > 0.0 else max(order_size, 0.0)
    xi = fill_aversion(params)
    terms.size = size
    terms.static = static_half_spread(xi * size, params.k) + 0.5 * params.impact
    terms.slope = 0.0
    terms.shift = 0.0
    expected = drift if math.isfinite(drift) else 0.0
    if params.method == Method.CLOSED_FORM:
        expected += params.drift
    pace = params.A * size * params.k
    risk = params.gamma * sigma
    if pace > 0.0 and risk > 0.0:
        c2 = math.sqrt(0.5 * params.gamma * growth_of_slope(xi * size / params.k) / pace)
        c2 *= math.exp(0.25 * params.k * params.impact)
        terms.slope = sigma * c2
        terms.shift = expected * c2 / risk


def quote(params: Params, state: State, market: Any, inputs: Inputs, terms: Terms) -> tuple[float, float, float]:
    """Returns reservation price and half-spreads in quote currency."""
    price = centre(market.mid, inputs.fair)
    mmkit.step("fair price", price, "quote")
    mmkit.step("static half-spread", terms.static, "quote")
    half_bid = 0.0
    half_ask = 0.0
    if terms.size <= 0.0:
        return market.mid, math.inf, math.inf
    if params.method == Method.EXACT:
        price, half_bid, half_ask = exact_quote(params, state, market, price, terms.size, terms.static, terms.static)
    else:
        shift = -market.position * terms.slope
        mmkit.step("inventory", shift, "quote")
        price += shift
        half_bid = terms.static + 0.5 * terms.size * terms.slope
        mmkit.step("half-spread", half_bid, "quote")
        half_ask = half_bid
        if not may_buy(market.position, terms.size, params.max_position):
            half_bid = math.inf
        if not may_sell(market.position, terms.size, -params.max_position):
            half_ask = math.inf
    mmkit.step("drift", terms.shift, "quote")
    return sound(market.mid, price + terms.shift, half_bid, half_ask)


@mmkit.hookimpl
def mmkit_pricing() -> mmkit.Pricing:
    """Offers the rule."""
    return mmkit.Pricing(
        "glft",
        params=Params,
        state=State,
        inputs=Inputs,
        terms=Terms,
        setup=setup,
        prepare=prepare,
        quote=quote,
        examples=(
            {"method": "exact", "order_size": 0.2, "max_position": 4.0, "sigma": 0.05},
            {
                "method": "exact",
                "order_size": 0.2,
                "max_position": 4.0,
                "sigma": 0.05,
                "session": True,
                "horizon": "30s",
            },
        ),
    )
