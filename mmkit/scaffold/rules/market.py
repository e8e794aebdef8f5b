"""A simulated book whose mid swings like a sine, with trades that arrive at random.

    mid(t) = start_price + amplitude sin(2 pi t / period)

in quote currency, t in seconds, worked out every `step`. Best bid and ask are the ticks next to the mid, `levels`
ticks a side have `depth` each. A step has a trade with probability trade_rate step (at most 1), of either side, of a
size that is exponential with mean trade_size and at most what rests at the best price, in base currency; the next
step brings the level back. Every message is known `feed_latency` later.

Source: yours.
"""

import math
from collections.abc import Iterator
from typing import Any

import attrs
import mmkit
import numpy as np

STEPS = 1000
"""Steps whose events are yielded at once."""

Row = tuple[int, int, int, int]
"""Time in ns, tick, lots, kind."""

Levels = dict[tuple[int, int], int]
"""Kind of a level (mmkit.BID or mmkit.ASK) and tick, to the lots that rest there."""


@attrs.frozen
class Params:
    start_price: float = mmkit.field(100.0, unit="quote", above=0, doc="mid at the start, around which it swings")
    amplitude: float = mmkit.field(0.5, unit="quote", at_least=0, doc="how far the mid swings to either side")
    period: mmkit.Duration = mmkit.field("60s", above=0, doc="time of a whole swing")
    duration: mmkit.Duration = mmkit.field("10m", above=0, doc="length of the market")
    step: mmkit.Duration = mmkit.field("100ms", above=0, doc="time between two looks at the mid")
    levels: int = mmkit.field(10, unit="ticks", at_least=1, at_most=1000, doc="ticks a side that have a quantity")
    depth: float = mmkit.field(1.0, unit="base", above=0, doc="quantity of each level")
    trade_rate: float = mmkit.field(2.0, unit="1/s", at_least=0, doc="trades, of both sides together")
    trade_size: float = mmkit.field(0.5, unit="base", above=0, doc="mean size of a trade")
    feed_latency: mmkit.Duration = mmkit.field("5ms", at_least=0, doc="from the venue to us")


def events(params: Params, instrument: Any, rng: np.random.Generator) -> Iterator[mmkit.Events]:
    """Yields arrays of mmkit.EVENT: a RESET with the first levels at time 0, then what changes step by step.

    Raises mmkit.ConfigError where prices or quantities do not fit the instrument's grid.
    """
    lots = round(params.depth / instrument.lot_size)
    lowest = params.start_price - params.amplitude - (params.levels + 1) * instrument.tick_size
    if lots < 1:
        raise mmkit.ConfigError(f"market.depth: {params.depth:g} is less than one lot ({instrument.lot_size:g})")
    if lowest <= 0.0:
        raise mmkit.ConfigError(f"market.amplitude: the lowest level would have a price of {lowest:g}, not above 0")
    levels: Levels = {}
    rows: list[Row] = [(0, 0, 0, mmkit.RESET)]
    for number in range(params.duration // params.step + 1):
        now = number * params.step
        wanted = levels_at(params, now, instrument.tick_size, lots)
        rows += changes(now, levels, wanted)
        levels = wanted
        if rng.random() < params.trade_rate * params.step * 1e-9:
            rows += trade(params, now, levels, instrument.lot_size, rng)
        if number % STEPS == STEPS - 1:
            yield as_events(rows, params.feed_latency)
            rows = []
    if rows:
        yield as_events(rows, params.feed_latency)


def levels_at(params: Params, now: int, tick_size: float, lots: int) -> Levels:
    """Returns the whole book at a time in ns."""
    mid = params.start_price + params.amplitude * math.sin(2.0 * math.pi * (now % params.period) / params.period)
    best_bid = math.ceil(mid / tick_size) - 1
    best_ask = math.floor(mid / tick_size) + 1
    bids = {(mmkit.BID, best_bid - i): lots for i in range(params.levels)}
    return bids | {(mmkit.ASK, best_ask + i): lots for i in range(params.levels)}


def changes(now: int, before: Levels, after: Levels) -> list[Row]:
    """Returns the rows that turn one book into another: first what goes, so that it is never crossed on the way."""
    gone = [(now, tick, 0, kind) for kind, tick in before if (kind, tick) not in after]
    return gone + [(now, tick, lots, kind) for (kind, tick), lots in after.items() if before.get((kind, tick)) != lots]


def trade(params: Params, now: int, levels: Levels, lot_size: float, rng: np.random.Generator) -> list[Row]:
    """Returns the rows of a trade at the best price of a side drawn at random, and takes it out of the levels."""
    buys = rng.random() < 0.5
    kind = mmkit.ASK if buys else mmkit.BID
    ticks = [tick for side, tick in levels if side == kind]
    best = min(ticks) if buys else max(ticks)
    lots = min(1 + int(rng.exponential(params.trade_size / lot_size)), levels[kind, best])
    levels[kind, best] -= lots
    return [(now, best, lots, mmkit.BUY if buys else mmkit.SELL), (now, best, levels[kind, best], kind)]


def as_events(rows: list[Row], latency: int) -> mmkit.Events:
    """Returns rows as events of both streams."""
    table = np.array(rows, np.int64).reshape(-1, 4)
    found = np.empty(len(table), mmkit.EVENT)
    found["exch_ts"], found["local_ts"] = table[:, 0], table[:, 0] + latency
    found["tick"], found["lots"], found["kind"] = table[:, 1], table[:, 2], table[:, 3]
    found["stream"] = mmkit.BOTH
    return found


@mmkit.hookimpl
def mmkit_market() -> mmkit.Market:
    """Offers the rule."""
    return mmkit.Market(
        "new-rule",
        params=Params,
        events=events,
    )
