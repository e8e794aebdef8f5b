"""The reference bot's sizes: less on the side that adds to the position, less in turmoil, never beyond the limit.

    u = min(1, |q| / Q);  the side that adds: max(adding_floor, 1 - adding_slope u),  the other: min(reducing_cap, 1 + reducing_slope u)
    both x max(volatility_floor, 1 - volatility_slope sigma);  with trend_tilt the trend's side x trend_with, the other x trend_against
    v > volatility_gate or r > reversal_gate: both x (1 - risk_cut max(v, r))
    m > momentum_gate: asks x (1 + momentum_gain m), bids x (1 - momentum_loss m);  m < -momentum_gate: the other way round
    capacity: what the position and our orders leave of Q; then down to the increment, and nothing below the minimum

q position, Q position_limit (base), sigma volatility (fraction per sqrt(day)) with its predicted adjustment, v, r, m the
volume candles' volatility, reversal and momentum. The capacity is published for the ladder, which keeps the sum over its
levels within it: Q - q less our orders of that side, but as much as already works may go on working, so that an unchanged
ladder stays where it is. The risk rule `position-limit` covers what is on its way when prices move.

arithmetic = "original" is the bot's: capacity holds for one order only, a quantity above zero is raised to the minimum,
rounded to 8 decimals, and only then scaled by the volume signals.

Source: github.com/Sylar963/Thalex_modular, revision eeaeb90; docs/reference-bot.md has every key and what was corrected.
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins._arithmetic import Arithmetic, above_zero, effective_volatility, rounded_to_8_decimals


@attrs.frozen
class Params:
    quantity: float = mmkit.field(unit="base", above=0, doc="quantity of an order at rest: flat position, quiet market")
    position_limit: float = mmkit.field(unit="base", above=0, doc="largest position, long or short")
    arithmetic: Arithmetic = mmkit.field(Arithmetic.CORRECTED, doc="limits that hold, or the reference bot's numbers")
    minimum: float = mmkit.field(
        0.0, unit="base", at_least=0, doc="smallest quantity; below it no order (original: raised)"
    )
    increment: float = mmkit.field(0.0, unit="base", at_least=0, doc="step to which quantities go down; 0 = one lot")
    adding_floor: float = mmkit.field(
        0.2, unit="", at_least=0, at_most=1, doc="least factor of the side that adds to the position"
    )
    adding_slope: float = mmkit.field(
        0.8, unit="", at_least=0, doc="how much of it goes by the time the position is at its limit"
    )
    reducing_cap: float = mmkit.field(
        1.5, unit="", at_least=1, doc="largest factor of the side that reduces the position"
    )
    reducing_slope: float = mmkit.field(
        0.5, unit="", at_least=0, doc="how much comes on by the time the position is at its limit"
    )
    volatility_slope: float = mmkit.field(5.0, unit="sqrt(day)/fraction", at_least=0, doc="cut per unit of volatility")
    volatility_floor: float = mmkit.field(0.5, unit="", at_least=0, at_most=1, doc="least factor of volatility")
    volatility_threshold: float = mmkit.field(
        0.05, unit="", at_least=0, doc="predicted volatility adjustment that counts, if above this"
    )
    trend_tilt: bool = mmkit.field(False, doc="larger quantities with the trend, smaller ones against it")
    trend_with: float = mmkit.field(1.2, unit="", at_least=0, doc="factor of the side that follows the trend")
    trend_against: float = mmkit.field(0.9, unit="", at_least=0, doc="factor of the side against it")
    volatility_gate: float = mmkit.field(
        0.4, unit="", at_least=0, doc="volume volatility above which quantities shrink"
    )
    reversal_gate: float = mmkit.field(0.5, unit="", at_least=0, doc="reversal above which quantities shrink")
    risk_cut: float = mmkit.field(
        0.3, unit="", at_least=0, at_most=1, doc="cut at a volume volatility or reversal of 1"
    )
    momentum_gate: float = mmkit.field(0.1, unit="", at_least=0, doc="momentum beyond which the sides differ")
    momentum_gain: float = mmkit.field(0.2, unit="", at_least=0, doc="gain of the side that sells into momentum")
    momentum_loss: float = mmkit.field(0.1, unit="", at_least=0, at_most=1, doc="cut of the side that buys with it")


@attrs.define
class Inputs:
    daily_volatility: float = mmkit.field(0.0, unit="fraction/sqrt(day)", doc="volatility, a fraction of the price")
    volatility_adjustment: float = mmkit.field(0.0, doc="predicted change of the volatility, a fraction")
    momentum: float = mmkit.field(0.0, doc="-1..1")
    reversal: float = mmkit.field(0.0, doc="0..1")
    volume_volatility: float = mmkit.field(0.0, doc="the volume candles' volatility, 0..1")
    trending_up: float = mmkit.field(0.0, doc="1 in a rising market")
    trending_down: float = mmkit.field(0.0, doc="1 in a falling market")


@attrs.define
class State:
    order_size: float = mmkit.field(0.0, doc="quantity of an order at rest")
    position_limit: float = mmkit.field(0.0, doc="largest position, long or short")
    bid_capacity: float = mmkit.field(math.nan, doc="most that the bids of all levels may hold")
    ask_capacity: float = mmkit.field(math.nan, doc="most that the asks of all levels may hold")
    increment: float = 1.0


def setup(params: Params, state: State, instrument: Any) -> None:
    """Publishes quantity and limit; refuses a quantity below one lot or the minimum."""
    # What a lot of an inverse contract is in base currency follows the price.
    if not instrument.inverse and round(params.quantity / instrument.lot) < 1:
        raise mmkit.ConfigError(f"sizing.quantity: {params.quantity:g} is less than one lot ({instrument.lot:g})")
    if params.quantity < params.minimum and params.arithmetic != Arithmetic.ORIGINAL:
        raise mmkit.ConfigError(
            f"sizing.quantity: {params.quantity:g} is below sizing.minimum, {params.minimum:g}: there would be no order"
        )
    state.order_size = params.quantity
    state.position_limit = params.position_limit
    state.increment = params.increment
    if params.increment == 0.0 and not instrument.inverse:
        state.increment = instrument.lot


def sizes(params: Params, state: State, market: Any, inputs: Inputs, desk: Any) -> tuple[float, float]:
    """Returns bid and ask quantity in base currency; leaves each side's capacity."""
    position = market.position
    used = min(1.0, abs(position) / max(params.position_limit, 0.001))
    bid = params.quantity
    ask = params.quantity
    if position > 0.0:
        bid = bid * adding(params, used)
        ask = ask * reducing(params, used)
    elif position < 0.0:
        bid = bid * reducing(params, used)
        ask = ask * adding(params, used)
    mmkit.step("bid after inventory", bid, "base")
    mmkit.step("ask after inventory", ask, "base")
    original = params.arithmetic == Arithmetic.ORIGINAL
    volatility = above_zero(inputs.daily_volatility)
    if not original:
        volatility = effective_volatility(volatility, inputs.volatility_adjustment, params.volatility_threshold)
    factor = max(params.volatility_floor, 1.0 - volatility * params.volatility_slope)
    mmkit.step("volatility", factor, "factor")
    bid *= factor
    ask *= factor
    if params.trend_tilt or original:
        if inputs.trending_up > 0.0:
            bid *= params.trend_with
            ask *= params.trend_against
        elif inputs.trending_down > 0.0:
            bid *= params.trend_against
            ask *= params.trend_with
    buys, sells = volume_factors(
        params, above_zero(inputs.volume_volatility), above_zero(inputs.reversal), inputs.momentum
    )
    mmkit.step("volume signals on bids", buys, "factor")
    mmkit.step("volume signals on asks", sells, "factor")
    long = max(0.0, params.position_limit - position)
    short = max(0.0, params.position_limit + position)
    if original:
        bid = raised(min(bid, long), params.minimum) * buys
        ask = raised(min(ask, short), params.minimum) * sells
        return bid, ask
    buying, selling = mmkit.outstanding_both(desk)
    lot = market.lot_size
    state.bid_capacity = capacity(desk, 1, long, buying * lot, lot)
    state.ask_capacity = capacity(desk, -1, short, selling * lot, lot)
    mmkit.step("bid capacity", state.bid_capacity, "base")
    mmkit.step("ask capacity", state.ask_capacity, "base")
    increment = state.increment if state.increment > 0.0 else market.lot_size
    bid = down(min(bid * buys, state.bid_capacity), increment, params.minimum)
    ask = down(min(ask * sells, state.ask_capacity), increment, params.minimum)
    return bid, ask


def adding(params: Params, used: float) -> float:
    """Returns the factor of the side that adds to the position."""
    return max(params.adding_floor, 1.0 - used * params.adding_slope)


def reducing(params: Params, used: float) -> float:
    """Returns the factor of the side that reduces the position."""
    return min(params.reducing_cap, 1.0 + used * params.reducing_slope)


def volume_factors(params: Params, volatility: float, reversal: float, momentum: float) -> tuple[float, float]:
    """Returns what the volume signals make of bids and of asks."""
    cut = 1.0
    if volatility > params.volatility_gate or reversal > params.reversal_gate:
        cut = 1.0 - max(volatility, reversal) * params.risk_cut
    bids = cut
    asks = cut
    if momentum > params.momentum_gate:
        asks = cut * (1.0 + momentum * params.momentum_gain)
        bids = cut * (1.0 - momentum * params.momentum_loss)
    elif momentum < -params.momentum_gate:
        bids = cut * (1.0 + abs(momentum) * params.momentum_gain)
        asks = cut * (1.0 - abs(momentum) * params.momentum_loss)
    return max(bids, 0.0), max(asks, 0.0)


def capacity(desk: Any, side: int, room: float, ours: float, lot_size: float) -> float:
    """Returns how much a side may quote, where the position leaves `room` and `ours` may still fill."""
    if room >= 2.0 * ours:
        return room - ours
    working = 0
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if order.side == side and mmkit.working(order):
            working += order.remaining
    return min(room, max(room - ours, working * lot_size))


def down(quantity: float, increment: float, minimum: float) -> float:
    """Returns the quantity on its increment, rounded down; zero where that is below the minimum."""
    # A millionth of a step forgives what a quotient of floats loses.
    on_grid = math.floor(quantity / increment + 1e-6) * increment
    return on_grid if on_grid >= minimum * (1.0 - 1e-9) else 0.0


def raised(quantity: float, minimum: float) -> float:
    """Returns the reference bot's quantity: at least the minimum unless there is none, to 8 decimals."""
    return rounded_to_8_decimals(max(minimum, quantity)) if quantity > 0.0 else 0.0


@mmkit.hookimpl
def mmkit_sizing() -> mmkit.Sizing:
    """Offers the rule."""
    return mmkit.Sizing(
        "inventory",
        params=Params,
        state=State,
        inputs=Inputs,
        outputs=dict.fromkeys(("order_size", "position_limit", "bid_capacity", "ask_capacity"), "base"),
        desk=True,
        setup=setup,
        sizes=sizes,
        examples=(
            {"quantity": 0.2, "position_limit": 4.0},
            {"quantity": 0.2, "position_limit": 4.0, "trend_tilt": True},
        ),
    )
