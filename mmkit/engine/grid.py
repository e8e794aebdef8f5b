"""Where prices and quantities return to the grid: bids floor, asks ceil, never through the book or our own other side."""

import math
from typing import Any

from mmkit.engine.records import NAN_LADDER, NAN_PRICE, NAN_QUANTITY, NO_ASK, NO_BID
from mmkit.steps import step

EPSILON = 4.0 * 2.0**-52


def is_near(x: float, whole: float) -> bool:
    """Returns whether x is `whole` but for rounding: within max(1e-9, 4 eps |x|)."""
    distance = x - whole
    if -1e-9 <= distance <= 1e-9:
        return True
    return abs(distance) <= EPSILON * abs(x)


def floor_to_grid(x: float) -> int:
    """Returns the largest integer not above x; within max(1e-9, 4 eps |x|) of an integer, that integer."""
    nearest = math.floor(x + 0.5)
    if is_near(x, nearest):
        return int(nearest)
    return int(math.floor(x))


def ceil_to_grid(x: float) -> int:
    """Returns the smallest integer not below x; within max(1e-9, 4 eps |x|) of an integer, that integer."""
    nearest = math.floor(x + 0.5)
    if is_near(x, nearest):
        return int(nearest)
    return int(math.ceil(x))


def lot_at(market: Any) -> None:
    """Works out what a lot of an inverse contract is worth in the coin at the mid, so that rules see base currency as of any other."""
    if market.mid == market.mid:
        market.lot_size = market.per_lot / market.mid
        market.position = market.position_lots * market.lot_size


def sound(s: Any, price: float, half_bid: float, half_ask: float, bid_qty: float, ask_qty: float) -> bool:
    """Returns whether prices and quantities are numbers; otherwise the run stops with a fault of the rule they came from."""
    if math.isnan(price) or math.isnan(half_bid) or math.isnan(half_ask) or math.isinf(price):
        s.clock.fault = NAN_PRICE
        return False
    quantities = bid_qty + ask_qty
    if not math.isfinite(quantities):
        s.clock.fault = NAN_QUANTITY
        return False
    ladder = s.ladder
    for i in range(ladder.levels):
        if not math.isfinite(ladder.bid_qty[i] + ladder.ask_qty[i]):
            s.clock.fault = NAN_LADDER
            return False
    return True


def to_grid(s: Any, bid: float, ask: float) -> None:
    """Turns the inner quotes (quote currency; infinite = no quote) and the ladder's levels into ticks and lots.

    Post-only quotes stay a tick away from the other side of the book. Quotes that cross each other part around their middle; where
    both fall on one price the execution places the bid alone, as a price has one own order.
    """
    ladder = s.ladder
    market = s.market
    bids = math.isfinite(bid)
    asks = math.isfinite(ask)
    inner_bid = NO_BID
    inner_ask = NO_ASK
    if bids:
        inner_bid = floor_to_grid(bid / market.tick_size)
        step("bid rounded down", float(inner_bid), "ticks")
        if s.desk.post_only and inner_bid >= market.ask_ticks:
            inner_bid = market.ask_ticks - 1
            step("bid kept below the best ask", float(inner_bid), "ticks")
    if asks:
        inner_ask = ceil_to_grid(ask / market.tick_size)
        step("ask rounded up", float(inner_ask), "ticks")
        if s.desk.post_only and inner_ask <= market.bid_ticks:
            inner_ask = market.bid_ticks + 1
            step("ask kept above the best bid", float(inner_ask), "ticks")
    if bids and asks and inner_bid > inner_ask:
        inner_bid = (inner_bid + inner_ask) // 2
        inner_ask = inner_bid + 1
        step("bid parted from the ask", float(inner_bid), "ticks")
        step("ask parted from the bid", float(inner_ask), "ticks")
    bid_qty = 0.0
    ask_qty = 0.0
    bid_lots = 0
    ask_lots = 0
    for i in range(ladder.levels):
        ladder.bid_ticks[i] = inner_bid - ladder.offset_ticks[i]
        ladder.ask_ticks[i] = inner_ask + ladder.offset_ticks[i]
        ladder.bid_lots[i] = 0
        ladder.ask_lots[i] = 0
        # Levels often have one quantity: what is equal to the level before, or to the bid, is not rounded again.
        if ladder.bid_qty[i] != bid_qty:
            bid_qty = ladder.bid_qty[i]
            bid_lots = floor_to_grid(bid_qty / market.lot_size)
        if ladder.ask_qty[i] != ask_qty:
            ask_qty = ladder.ask_qty[i]
            ask_lots = bid_lots if ask_qty == bid_qty else floor_to_grid(ask_qty / market.lot_size)
        if bids and ladder.bid_ticks[i] > 0:
            ladder.bid_lots[i] = bid_lots
        if asks and ladder.ask_ticks[i] > 0:
            ladder.ask_lots[i] = ask_lots
