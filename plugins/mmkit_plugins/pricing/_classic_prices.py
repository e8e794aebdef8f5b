"""Where `classic` puts its price: the sum of its shifts, or the reference bot's bid and ask step by step."""

from typing import Any

import mmkit


def shift_of(params: Any, terms: Any, market: Any, vamp_price: float, spread: float) -> float:
    """Returns how far the reservation price lies from the mid (quote currency)."""
    predicted = market.mid * terms.offset
    mmkit.step("predicted offset", predicted, "quote")
    vamp = market.mid * terms.vamp_impact * params.vamp_skew_sensitivity
    if vamp_price > 0.0:
        vamp += params.vamp_weight * (vamp_price - market.mid)
    mmkit.step("VAMP offset", vamp, "quote")
    inventory = -market.position / terms.limit * spread * (params.inventory_weight * 0.5)
    mmkit.step("inventory", inventory, "quote")
    momentum = terms.momentum * spread * params.momentum_shift
    mmkit.step("momentum", momentum, "quote")
    exhaustion = -terms.exhaustion * spread * params.exhaustion_shift
    mmkit.step("exhaustion", exhaustion, "quote")
    return float(predicted + vamp + inventory + momentum + exhaustion)


def nearest_tick(price: float, tick: float) -> float:
    """Returns the nearest multiple of the tick, ties to the even one."""
    return round(price / tick) * tick


def skewed(params: Any, terms: Any, mid: float, spread: float, position: float, tick: float) -> tuple[float, float]:
    """Returns bid and ask on the grid with the inventory skew and the offsets, before the volume shifts."""
    least = params.min_spread_ticks * tick
    skew = position / terms.limit * spread * (params.inventory_weight * 0.5)
    mmkit.step("inventory", -skew, "quote")
    if terms.offset != 0.0:
        offset = terms.offset * mid
        mmkit.step("predicted offset", offset, "quote")
        mid = mid + offset
    if abs(terms.vamp_impact) > 1e-9:
        shift = terms.vamp_impact * params.vamp_skew_sensitivity
        mmkit.step("VAMP offset", shift, "quote")
        mid += shift
    half = spread / 2.0
    bid = nearest_tick(mid - half - skew, tick)
    ask = nearest_tick(mid + half - skew, tick)
    if ask - bid < least:
        centre = (ask + bid) / 2.0
        bid = nearest_tick(centre - least / 2.0, tick)
        ask = nearest_tick(centre + least / 2.0, tick)
    return bid, ask


def quoted(params: Any, terms: Any, market: Any, spread: float) -> tuple[float, float]:
    """Returns the reference bot's bid and ask of the first level, in its order of additions and roundings."""
    tick = market.tick_size
    least = params.min_spread_ticks * tick
    mid = market.mid
    if abs(terms.stored_offset) > 0.00001:
        shift = mid * terms.stored_offset
        mmkit.step("stored offset", shift, "quote")
        mid += shift
    bid, ask = skewed(params, terms, mid, spread, market.position, tick)
    momentum = terms.momentum * spread * params.momentum_shift
    mmkit.step("momentum", momentum, "quote")
    exhaustion = -terms.exhaustion * spread * params.exhaustion_shift
    mmkit.step("exhaustion", exhaustion, "quote")
    volume = momentum + exhaustion
    if abs(volume) > 0.0001:
        bid += volume
        ask += volume
    bid = nearest_tick(bid, tick)
    ask = nearest_tick(ask, tick)
    if ask - bid < least:
        bid = nearest_tick(mid - least / 2.0, tick)
        ask = nearest_tick(mid + least / 2.0, tick)
    return bid, ask
