"""Levels at Fibonacci distances: the first at the inner quote, the next 1, 2, 3, 5, 8, … steps outside it.

    offset(l) = round(step phi f(l) (1 + spacing l) / t) t ticks, at least min_gap_ticks beyond the level before
    phi = clamp(sigma (1 + predicted adjustment) / reference_volatility, phi_min, phi_max)

f = 1, 2, 3, 5, 8, 13, … the Fibonacci numbers, step = step_ticks, sigma the volatility as a fraction per sqrt(day); without it
phi = 1. Beyond level 10 the spacing grows three times as fast. t = max(tick_multiple, l // 2), or 1 where tick_multiple is 1.
Quantities are those of the sizing rule times `sizes` by level (asks: ask_sizes, where given); the last one holds for all
further levels, or goes on with the Fibonacci numbers (extend_sizes). From the inside out they stay within the sizing
rule's capacity; a level below `minimum` is dropped.

arithmetic = "original" is the reference bot's: a spacing of 0.05, t = max(2, l // 2), offsets of at least 2 ticks, f(10)
jumps to 178 and doubles from there, a level too close to another one is left out, what is below `minimum` is raised to it,
both sides use `sizes`, which go on with a table of their own, and phi is clamped before its predicted adjustment.

Source: github.com/Sylar963/Thalex_modular, revision eeaeb90; docs/reference-bot.md has every key and what was corrected.
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins._arithmetic import Arithmetic, above_zero, significant
from mmkit_plugins.ladder._levels import room

MOST = 40
"""Most levels a side."""


def fibonacci(count: int) -> tuple[int, ...]:
    """Returns 1, 1, 2, 3, 5, … as many numbers."""
    found = [1, 1]
    while len(found) < count:
        found.append(found[-1] + found[-2])
    return tuple(found)


FIBONACCI = fibonacci(MOST + 1)

FARTHEST = 1e15
"""Offsets beyond this many ticks are as good as none."""


@attrs.frozen
class Params:
    levels: int = mmkit.field(5, at_least=1, at_most=MOST, doc="levels a side")
    step_ticks: int = mmkit.field(1, unit="ticks", at_least=1, at_most=10**6, doc="what the multipliers multiply")
    sizes: tuple[float, ...] = mmkit.field(
        (1.0,),
        unit="of the quantity",
        at_least=0,
        capacity=MOST,
        doc="quantity by level; the last one holds for all further levels",
    )
    ask_sizes: tuple[float, ...] = mmkit.field(
        (),
        unit="of the quantity",
        at_least=0,
        capacity=MOST,
        doc="the same for asks, where they differ from bids",
    )
    arithmetic: Arithmetic = mmkit.field(Arithmetic.CORRECTED, doc="ever increasing levels, or the reference bot's")
    extend_sizes: bool = mmkit.field(False, doc="let quantities beyond the last one grow with the Fibonacci numbers")
    spacing: float = mmkit.field(
        0.0, unit="", at_least=0, at_most=10, doc="how much wider each level is than the one before"
    )
    min_gap_ticks: int = mmkit.field(
        1, unit="ticks", at_least=1, at_most=10**6, doc="least distance between two levels"
    )
    tick_multiple: int = mmkit.field(
        1, unit="ticks", at_least=1, at_most=10**6, doc="offsets are multiples of this; above 1 it grows with the level"
    )
    reference_volatility: float = mmkit.field(
        0.025, unit="fraction/sqrt(day)", at_least=0.001, doc="volatility at which the step is step_ticks"
    )
    phi_min: float = mmkit.field(0.5, unit="", above=0, doc="least factor of the volatility")
    phi_max: float = mmkit.field(3.0, unit="", above=0, at_most=10, doc="largest factor of the volatility")
    volatility_threshold: float = mmkit.field(
        0.05, unit="", at_least=0, doc="predicted volatility adjustment that counts, if above this"
    )
    minimum: float = mmkit.field(
        0.0, unit="base", at_least=0, doc="least quantity of a level; below it none (original: raised)"
    )


@attrs.define
class Inputs:
    daily_volatility: float = mmkit.field(0.0, unit="fraction/sqrt(day)", doc="volatility, a fraction of the price")
    volatility_adjustment: float = mmkit.field(0.0, doc="predicted change of the volatility, a fraction")
    bid_capacity: float = mmkit.field(math.nan, unit="base", doc="what all bids together may hold; absent: no limit")
    ask_capacity: float = mmkit.field(math.nan, unit="base", doc="what all asks together may hold; absent: no limit")


def most(params: Params) -> int:
    """Returns how many levels there can be."""
    return params.levels


@attrs.define
class Constants:
    bid_share: list[float] = mmkit.array(float, MOST, unit="of the quantity", needs=most)
    ask_share: list[float] = mmkit.array(float, MOST, unit="of the quantity", needs=most)


def setup(params: Params, state: Any, instrument: Any) -> None:
    """Refuses what contradicts itself."""
    if not params.sizes:
        raise mmkit.ConfigError("ladder.sizes: needs at least one entry")
    if params.phi_min > params.phi_max:
        raise mmkit.ConfigError(f"ladder.phi_min: {params.phi_min:g} is above ladder.phi_max, {params.phi_max:g}")


def assemble(params: Params, constants: Constants) -> None:
    """Writes down the quantities by level."""
    original = params.arithmetic == Arithmetic.ORIGINAL
    for level in range(params.levels):
        if original:
            constants.bid_share[level] = original_share(params.sizes, level)
            constants.ask_share[level] = constants.bid_share[level]
        else:
            constants.bid_share[level] = share_of(params.sizes, level, params.extend_sizes)
            constants.ask_share[level] = constants.bid_share[level]
            if len(params.ask_sizes) > 0:
                constants.ask_share[level] = share_of(params.ask_sizes, level, params.extend_sizes)


def share_of(sizes: tuple[float, ...], level: int, extend: bool) -> float:
    """Returns a level's share of the quantity; beyond the last one the same, or on with the Fibonacci numbers."""
    if level < len(sizes):
        return sizes[level]
    return sizes[-1] * (FIBONACCI[level] / FIBONACCI[len(sizes) - 1]) if extend else sizes[-1]


def original_share(sizes: tuple[float, ...], level: int) -> float:
    """Returns the reference bot's share: in hundredths beyond its table, and never below a tenth at the first level."""
    if level < len(sizes):
        return max(sizes[level], 0.1) if level == 0 else sizes[level]
    return round(sizes[-1] / 0.7 * FIBONACCI[min(level - len(sizes) + 2, 10)] / 8, 2)


def levels(
    params: Params,
    state: Any,
    market: Any,
    inputs: Inputs,
    constants: Constants,
    ladder: Any,
    bid_qty: float,
    ask_qty: float,
) -> None:
    """Sets the levels."""
    phi = volatility_factor(params, inputs)
    mmkit.step("volatility", phi, "factor")
    if params.arithmetic == Arithmetic.ORIGINAL:
        original_levels(params, constants, market, ladder, phi, bid_qty, ask_qty)
        return
    ladder.levels = params.levels
    step = params.step_ticks * phi
    bids = room(inputs.bid_capacity)
    asks = room(inputs.ask_capacity)
    offset = 0
    for i in range(params.levels):
        if i > 0:
            multiple = max(params.tick_multiple, i // 2) if params.tick_multiple > 1 else 1
            distance = step * float(FIBONACCI[i]) * widening(params.spacing, i)
            wanted = int(round(min(distance, FARTHEST) / multiple)) * multiple
            offset = max(offset + params.min_gap_ticks, wanted)
        bid = min(bid_qty * constants.bid_share[i], bids)
        if bid < params.minimum:
            bid = 0.0
        bids -= bid
        ask = min(ask_qty * constants.ask_share[i], asks)
        if ask < params.minimum:
            ask = 0.0
        asks -= ask
        ladder.offset_ticks[i] = offset
        ladder.bid_qty[i] = bid
        ladder.ask_qty[i] = ask
        mmkit.step("offset", offset, "ticks")


def volatility_factor(params: Params, inputs: Inputs) -> float:
    """Returns by how much the volatility stretches the step."""
    volatility = above_zero(inputs.daily_volatility)
    adjustment = significant(inputs.volatility_adjustment, params.volatility_threshold)
    if params.arithmetic == Arithmetic.ORIGINAL:
        volatility = max(volatility, 0.0001)
        clamped = min(params.phi_max, max(params.phi_min, volatility / params.reference_volatility))
        return clamped * (1.0 + adjustment)
    if not volatility > 0.0:
        return 1.0
    # The clamp comes last: no prediction takes the step out of its bounds.
    return min(params.phi_max, max(params.phi_min, volatility * (1.0 + adjustment) / params.reference_volatility))


def widening(spacing: float, level: int) -> float:
    """Returns the factor of a level's extra spacing."""
    if level <= 10:
        return 1.0 + level * spacing
    return 1.0 + 10.0 * spacing + (level - 10) * (3.0 * spacing)


def original_levels(
    params: Params, constants: Constants, market: Any, ladder: Any, phi: float, bid_qty: float, ask_qty: float
) -> None:
    """Sets the reference bot's levels: computed in quote currency, and left out where too close to one that is there."""
    tick = market.tick_size
    step = params.step_ticks * tick * phi
    least = 2.0 * tick
    count = 0
    for i in range(params.levels):
        offset = 0
        if i > 0:
            distance = step * (float(FIBONACCI[i]) if i < 10 else 89.0 * float(1 << (i - 9)))
            if distance < least:
                distance = least
            distance *= 1.0 + i * 0.05 if i <= 10 else 1.5 + (i - 10) * 0.15
            multiple = max(2, i // 2)
            offset = max(int(round(min(distance / (tick * multiple), FARTHEST))) * multiple, 2)
        mmkit.step("offset", offset * tick, "quote")
        near = False
        for k in range(count):
            if abs(offset - ladder.offset_ticks[k]) <= 1 + i // 2:
                near = True
        if near:
            mmkit.step("left out: too close to another level", i, "level")
            continue
        bid = max(bid_qty * constants.bid_share[i], params.minimum) if bid_qty > 0.0 else 0.0
        ask = max(ask_qty * constants.ask_share[i], params.minimum) if ask_qty > 0.0 else 0.0
        ladder.offset_ticks[count] = offset
        ladder.bid_qty[count] = bid
        ladder.ask_qty[count] = ask
        count += 1
    ladder.levels = count


@mmkit.hookimpl
def mmkit_ladder() -> mmkit.Ladder:
    """Offers the rule."""
    return mmkit.Ladder(
        "fibonacci",
        params=Params,
        inputs=Inputs,
        constants=Constants,
        setup=setup,
        assemble=assemble,
        most=most,
        levels=levels,
        examples=({"step_ticks": 5},),
    )
