"""The reference bot's quote: a spread that covers the fees, widened by risk, around a price that leans.

    floor   F = max(min_spread_ticks h, P (2 maker_fee + profit_margin) fee_coverage)
    spread  s = (B (1 + gamma) + V + C_impact + C_inventory) S W,  B = base_spread_factor F,  F <= s <= max(F, max_spread_ticks h)
    price   r = P + P o + P w vamp_skew + vamp_weight (VAMP - P) - (q / Q) s inventory_weight / 2
                + momentum_shift m s - exhaustion_shift e s;  bid, ask = r -+ s / 2

P mid, h tick, q position, Q position_limit; sigma volatility as a fraction per sqrt(day), never below volatility_floor;
V = P sigma k_sigma sqrt(fade / 1 day) with k_sigma = volatility_multiplier, fade = position_fade_time;
C_inventory = inventory_factor |q| / Q V; C_impact = impact_factor (1 + sigma) (P I + vamp_spread |w| B) with the market's
impact I (fraction of the price) and the VAMP's w (-1..1); S the market's state (trending, ranging), W the volume signals
v and r; m, e momentum and exhaustion (+ buying, - selling); o the predicted offset (fraction of the price). Predicted
adjustments count when larger than their thresholds and younger than prediction_max_age, once each, on sigma, gamma and
kappa. model = "avellaneda" puts Avellaneda and Stoikov's spread (with kappa, order size and time_horizon) in the place of
B (1 + gamma) + V.

arithmetic = "original" is the bot's: V = sigma k_sigma sqrt(fade in s), C_impact and C_inventory = inventory_factor |q| / Q
sigma k_sigma are added to quote currency as they are, w shifts the price by w vamp_skew in quote currency, prices are rounded
to the nearest tick on the way, a second offset is added without asking its age, and nothing is bounded above.

Source: github.com/Sylar963/Thalex_modular, revision eeaeb90; docs/reference-bot.md has every key and what was corrected.
"""

import enum
import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins._arithmetic import Arithmetic, above_zero, effective_volatility, significant
from mmkit_plugins.pricing._classic_prices import quoted, shift_of
from mmkit_plugins.pricing._classic_spread import (
    BITCOIN,
    DAY,
    dynamic_gamma,
    effective_gamma,
    market_state,
    textbook_spread,
    volume_factor,
)


class Model(enum.IntEnum):
    FEE_FLOOR = 0
    AVELLANEDA = 1


@attrs.frozen
class Params:
    gamma: float = mmkit.field(
        unit="",
        unbounded="below 0 it narrows",
        doc="risk aversion: widens the base spread by this fraction; 1/quote in model avellaneda",
    )
    arithmetic: Arithmetic = mmkit.field(
        Arithmetic.CORRECTED, doc="sound units and bounds, or the reference bot's numbers"
    )
    model: Model = mmkit.field(Model.FEE_FLOOR, doc="what the spread starts from: the fees, or Avellaneda and Stoikov")
    position_limit: float = mmkit.field(
        0.0, unit="base", at_least=0, doc="position at which the skew is full; 0 = taken from the sizing rule"
    )
    min_spread_ticks: int = mmkit.field(14, unit="ticks", at_least=0, at_most=10**6, doc="smallest spread")
    max_spread_ticks: float = mmkit.field(math.inf, unit="ticks", above=0, doc="largest spread; the fee floor wins")
    profit_margin: mmkit.Rate = mmkit.field(0.0005, unit="fraction", at_least=0, doc="profit wanted beyond both fees")
    fee_coverage: float = mmkit.field(
        1.2, unit="", at_least=0, doc="how many times fees and margin the spread covers at least"
    )
    base_spread_factor: float = mmkit.field(1.5, unit="", at_least=0, doc="base spread, in fee floors")
    gamma_min: float = mmkit.field(0.1, unit="", above=0, doc="smallest gamma after its adjustments")
    gamma_max: float = mmkit.field(1.0, unit="", above=0, doc="largest gamma after its adjustments")
    dynamic_gamma: bool = mmkit.field(False, doc="scale gamma by volatility, impact, position, its profit and its age")
    reference_volatility: float = mmkit.field(
        0.025, unit="fraction/sqrt(day)", at_least=0.001, doc="volatility at which dynamic gamma is gamma"
    )
    order_flow_intensity: float = mmkit.field(2.0, unit="", above=0, doc="impact that doubles dynamic gamma")
    volatility_floor: float = mmkit.field(0.01, unit="fraction/sqrt(day)", at_least=0, doc="smallest volatility priced")
    volatility_multiplier: float = mmkit.field(0.4, unit="", at_least=0, doc="spread per standard deviation")
    position_fade_time: mmkit.Duration = mmkit.field("300s", above=0, doc="time over which a position is held")
    inventory_factor: float = mmkit.field(
        0.7, unit="", at_least=0, doc="widening at the position limit, in volatility terms"
    )
    inventory_weight: float = mmkit.field(0.8, unit="", at_least=0, doc="skew at the position limit, in half-spreads")
    impact_factor: float = mmkit.field(0.7, unit="", at_least=0, doc="widening per market impact")
    vamp_spread: float = mmkit.field(0.5, unit="", at_least=0, doc="widening by the VAMP's impact, in base spreads")
    vamp_skew_sensitivity: float = mmkit.field(
        0.001, unit="", at_least=0, doc="shift at full VAMP impact, a fraction of the price (original: quote currency)"
    )
    vamp_weight: float = mmkit.field(
        0.0, unit="", at_least=0, at_most=1, doc="how far the price moves from the mid to the VAMP"
    )
    trending_factor: float = mmkit.field(1.5, unit="", above=0, doc="factor of the spread in a trend")
    ranging_factor: float = mmkit.field(0.85, unit="", above=0, doc="factor of the spread in a range")
    volatility_gate: float = mmkit.field(
        0.3, unit="", at_least=0, doc="volume volatility above which the spread widens"
    )
    volatility_widening: float = mmkit.field(0.3, unit="", at_least=0, doc="widening at a volume volatility of 1")
    reversal_gate: float = mmkit.field(0.4, unit="", at_least=0, doc="reversal above which the spread widens")
    reversal_widening: float = mmkit.field(0.2, unit="", at_least=0, doc="widening at a reversal of 1")
    momentum_gate: float = mmkit.field(0.05, unit="", at_least=0, doc="momentum beyond which the quotes follow it")
    momentum_shift: float = mmkit.field(0.3, unit="", at_least=0, doc="shift at a momentum of 1, in spreads")
    exhaustion_gate: float = mmkit.field(
        0.1, unit="", at_least=0, doc="exhaustion beyond which the quotes lean against it"
    )
    exhaustion_shift: float = mmkit.field(0.2, unit="", at_least=0, doc="shift at an exhaustion of 1, in spreads")
    gamma_threshold: float = mmkit.field(
        0.05, unit="", at_least=0, doc="predicted gamma adjustment that counts, if above this"
    )
    kappa_threshold: float = mmkit.field(
        0.05, unit="", at_least=0, doc="predicted kappa adjustment that counts, if above this"
    )
    volatility_threshold: float = mmkit.field(
        0.05, unit="", at_least=0, doc="predicted volatility adjustment that counts, if above this"
    )
    offset_threshold: float = mmkit.field(
        0.00005, unit="fraction", at_least=0, doc="predicted offset that counts, if above this"
    )
    prediction_max_age: mmkit.Duration = mmkit.field("20s", above=0, doc="age from which a prediction no longer counts")
    kappa: float = mmkit.field(0.5, unit="1/price", above=0, doc="decay of fills with distance, in model avellaneda")
    time_horizon: mmkit.Duration = mmkit.field("1h", above=0, doc="time that is left, in model avellaneda")


@attrs.define
class Inputs:
    daily_volatility: float = mmkit.required(unit="fraction/sqrt(day)", doc="volatility, a fraction of the price")
    position_limit: float = mmkit.required(unit="base", doc="the sizing rule's limit", unless="position_limit")
    order_size: float = mmkit.field(0.0, unit="base", doc="the sizing rule's quantity; absent: one unit")
    market_impact: float = mmkit.field(0.0, doc="price moved per trade, a fraction of the price")
    vamp_impact: float = mmkit.field(0.0, doc="decayed signed aggressive volume, -1..1")
    vamp_price: float = mmkit.field(0.0, unit="quote", doc="volume-adjusted market price")
    momentum: float = mmkit.field(0.0, doc="-1..1")
    reversal: float = mmkit.field(0.0, doc="0..1")
    volume_volatility: float = mmkit.field(0.0, doc="the volume candles' volatility, 0..1")
    exhaustion: float = mmkit.field(0.0, doc="-1..1, positive after buying")
    gamma_adjustment: float = mmkit.field(0.0, doc="predicted change of gamma, a fraction")
    kappa_adjustment: float = mmkit.field(0.0, doc="predicted change of kappa, a fraction")
    volatility_adjustment: float = mmkit.field(0.0, doc="predicted change of the volatility, a fraction")
    offset: float = mmkit.field(0.0, doc="predicted offset of the price, a fraction")
    stored_offset: float = mmkit.field(0.0, doc="the offset that arithmetic original adds whatever its age, a fraction")
    trend_direction: float = mmkit.field(0.0, doc="predicted trend: -1, 0 or 1")
    adjustment_age: float = mmkit.field(
        0.0, unit="s", doc="age of all predictions, where they do not expire by themselves"
    )
    trending: float = mmkit.field(0.0, doc="1 in a trend of either direction")
    trending_up: float = mmkit.field(0.0, doc="1 in a rising market")
    trending_down: float = mmkit.field(0.0, doc="1 in a falling market")
    ranging: float = mmkit.field(0.0, doc="1 in a ranging market")
    unrealised_return: float = mmkit.field(0.0, doc="unrealised profit, a fraction of the position's value")
    position_age: float = mmkit.field(0.0, unit="s", doc="time since the position was last flat")


@attrs.define
class State:
    maker_fee: float = 0.0


@attrs.define
class Terms:
    """What does not depend on mid and position: sigma, its term, impact per price and per base spread, factors, shifts."""

    sigma: float = 0.0
    term: float = 0.0
    risk: float = 0.0
    impact: float = 0.0
    pressure: float = 0.0
    market: float = 1.0
    volume: float = 1.0
    gamma_adjustment: float = 0.0
    kappa: float = 1.0
    offset: float = 0.0
    stored_offset: float = 0.0
    vamp_impact: float = 0.0
    momentum: float = 0.0
    exhaustion: float = 0.0
    limit: float = 1.0


def setup(params: Params, state: State, instrument: Any) -> None:
    """Takes the fee from the instrument; refuses bounds that no number can meet."""
    state.maker_fee = instrument.maker_fee
    if params.arithmetic == Arithmetic.ORIGINAL:
        if params.model == Model.AVELLANEDA:
            raise mmkit.ConfigError(
                'pricing.model: "avellaneda" has no original arithmetic: the reference bot never priced it'
            )
        return
    if params.gamma_min > params.gamma_max:
        raise mmkit.ConfigError(
            f"pricing.gamma_min: {params.gamma_min:g} is above pricing.gamma_max, {params.gamma_max:g}"
        )
    if not params.gamma_min <= params.gamma <= params.gamma_max:
        bounds = f"pricing.gamma_min, {params.gamma_min:g}, and pricing.gamma_max, {params.gamma_max:g}"
        raise mmkit.ConfigError(f"pricing.gamma: must be between {bounds}, is {params.gamma:g}")


def prepare(
    params: Params,
    terms: Terms,
    daily_volatility: float,
    position_limit: float,
    order_size: float,
    market_impact: float,
    vamp_impact: float,
    vamp_price: float,
    momentum: float,
    reversal: float,
    volume_volatility: float,
    exhaustion: float,
    gamma_adjustment: float,
    kappa_adjustment: float,
    volatility_adjustment: float,
    offset: float,
    stored_offset: float,
    trend_direction: float,
    adjustment_age: float,
    trending: float,
    trending_up: float,
    trending_down: float,
    ranging: float,
    unrealised_return: float,
    position_age: float,
) -> None:
    """Leaves what the signals make of the spread and the price."""
    fresh = adjustment_age < params.prediction_max_age / 1e9
    sigma = max(daily_volatility, params.volatility_floor)
    terms.gamma_adjustment = 0.0
    terms.offset = 0.0
    terms.kappa = params.kappa
    if fresh:
        sigma = effective_volatility(sigma, volatility_adjustment, params.volatility_threshold)
        terms.gamma_adjustment = significant(gamma_adjustment, params.gamma_threshold)
        terms.offset = significant(offset, params.offset_threshold)
        adjustment = significant(kappa_adjustment, params.kappa_threshold)
        terms.kappa = params.kappa * max(1.0 + adjustment, 0.1)
    terms.sigma = sigma
    terms.limit = params.position_limit if params.position_limit > 0.0 else position_limit
    impact = above_zero(market_impact)
    terms.vamp_impact = significant(vamp_impact, 0.0)
    seconds = params.position_fade_time / 1e9
    terms.term = sigma * params.volatility_multiplier
    if params.arithmetic == Arithmetic.ORIGINAL:
        terms.risk = terms.term * math.sqrt(seconds)
        impact = impact + abs(terms.vamp_impact) * params.vamp_spread
        terms.impact = impact * params.impact_factor * (1.0 + sigma)
        terms.stored_offset = significant(stored_offset, 0.0)
    else:
        terms.risk = terms.term * math.sqrt(seconds / DAY)
        terms.impact = params.impact_factor * (1.0 + sigma) * impact
        terms.pressure = params.impact_factor * (1.0 + sigma) * params.vamp_spread * abs(terms.vamp_impact)
    directed = trending_up > 0.0 or trending_down > 0.0
    terms.market = market_state(params, fresh, abs(trend_direction) > 0.0, trending > 0.0, directed, ranging > 0.0)
    terms.volume = volume_factor(params, volume_volatility, reversal)
    terms.momentum = significant(momentum, params.momentum_gate)
    terms.exhaustion = significant(exhaustion, params.exhaustion_gate)


def quote(params: Params, state: State, market: Any, inputs: Inputs, terms: Terms) -> tuple[float, float, float]:
    """Returns reservation price and half-spreads in quote currency."""
    original = params.arithmetic == Arithmetic.ORIGINAL
    mid = market.mid
    priced = BITCOIN if original and not mid > 0.0 else mid
    fees = priced * (state.maker_fee * 2.0 + params.profit_margin) * params.fee_coverage
    floor = max(params.min_spread_ticks * market.tick_size, fees)
    mmkit.step("fee floor", floor, "quote")
    share = abs(market.position) / max(terms.limit, 0.001)
    gamma = params.gamma
    if params.dynamic_gamma:
        volatility = inputs.daily_volatility if original else terms.sigma
        gamma = dynamic_gamma(
            params, volatility, inputs.market_impact, share, inputs.unrealised_return, inputs.position_age
        )
    elif original and gamma <= 0.0:
        gamma = 0.1
    mmkit.step("gamma before predictions", gamma)
    gamma = effective_gamma(params, gamma, terms.gamma_adjustment)
    mmkit.step("gamma", gamma)
    mmkit.step("volatility", terms.sigma, "fraction/sqrt(day)")
    base = params.base_spread_factor * floor
    spread = spread_of(params, terms, inputs, original, mid, base, gamma, share)
    if original:
        spread = max(spread, floor)
        mmkit.step("spread before volume signals", spread, "quote")
        mmkit.step("volume signals", terms.volume, "factor")
        spread = spread * terms.volume
        mmkit.step("spread", spread, "quote")
        bid, ask = quoted(params, terms, market, spread)
        return (bid + ask) / 2.0, (ask - bid) / 2.0, (ask - bid) / 2.0
    mmkit.step("volume signals", terms.volume, "factor")
    cap = max(floor, params.max_spread_ticks * market.tick_size)
    mmkit.step("largest spread", cap, "quote")
    spread = min(max(spread * terms.volume, floor), cap)
    mmkit.step("spread", spread, "quote")
    return mid + shift_of(params, terms, market, inputs.vamp_price, spread), 0.5 * spread, 0.5 * spread


def spread_of(
    params: Params, terms: Terms, inputs: Inputs, original: bool, mid: float, base: float, gamma: float, share: float
) -> float:
    """Returns the spread before its bounds (quote currency)."""
    core = base * (1.0 + gamma)
    if original:
        risk = terms.risk
        impact = terms.impact
        inventory = params.inventory_factor * share * terms.term
    else:
        risk = mid * terms.risk
        impact = mid * terms.impact + base * terms.pressure
        inventory = params.inventory_factor * share * risk
        if params.model == Model.AVELLANEDA:
            size = inputs.order_size if inputs.order_size > 0.0 else 1.0
            core = textbook_spread(params, gamma, terms.kappa, terms.sigma, mid, size)
            risk = 0.0
    mmkit.step("base", core, "quote")
    mmkit.step("volatility component", risk, "quote")
    mmkit.step("impact component", impact, "quote")
    mmkit.step("inventory component", inventory, "quote")
    mmkit.step("market state", terms.market, "factor")
    return (core + risk + impact + inventory) * terms.market


@mmkit.hookimpl
def mmkit_pricing() -> mmkit.Pricing:
    """Offers the rule."""
    return mmkit.Pricing(
        "classic",
        params=Params,
        state=State,
        inputs=Inputs,
        terms=Terms,
        setup=setup,
        prepare=prepare,
        quote=quote,
        examples=(
            {"gamma": 0.4, "position_limit": 4.0},
            {"gamma": 0.4, "position_limit": 4.0, "dynamic_gamma": True, "gamma_max": 50.0, "prediction_max_age": "1s"},
            {"gamma": 0.4, "position_limit": 4.0, "model": "avellaneda"},
        ),
    )
