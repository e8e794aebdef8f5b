"""VPIN, the volume-synchronised probability of informed trading: how one-sided the last buckets of equal volume were.

    value = sum over the last n buckets of |V_B - V_S| / (n V),  0 (balanced) to 1 (one-sided)

V volume of a bucket (base), V_B and V_S bought and sold in it. A trade that overfills a bucket is split: the rest goes into
the next one. classification = "aggressor" takes the side that the venue publishes (a trade without one counts half for
each side); "bulk" needs none: of a bar's volume, V_B = V_bar Z(dP / sigma) with Z the normal distribution function, dP the
bar's close less the close of the bar before, sigma the standard deviation of dP over the last `bars` bars, this one
included; bars of length `bar` without a trade do not count, and where sigma is 0 half of the volume is bought. NaN until n
buckets are full.

Source: Easley, López de Prado & O'Hara (2012), Flow toxicity and liquidity in a high-frequency world, Review of Financial
Studies 25, 1457-1493 (there: bulk, n = 50, bars of one minute, V a fiftieth of a day's volume).
"""

import enum
import math
from typing import Any

import attrs

import mmkit

BUCKETS = 1024
"""Most buckets, and most bars, that are looked at."""

ROOT_TWO = math.sqrt(2.0)


class Classification(enum.IntEnum):
    AGGRESSOR = 0
    BULK = 1


@attrs.frozen
class Params:
    bucket_volume: float = mmkit.field(
        1.0, unit="base", above=0, doc="volume of a bucket, in whole lots; about a fiftieth of a day's is usual"
    )
    buckets: int = mmkit.field(50, unit="buckets", at_least=1, at_most=BUCKETS, doc="buckets that are averaged")
    classification: Classification = mmkit.field(Classification.AGGRESSOR, doc="how bought is told from sold")
    bar: mmkit.Duration = mmkit.field("60s", above=0, doc="bulk: length of a bar")
    bars: int = mmkit.field(
        50, unit="bars", at_least=2, at_most=BUCKETS, doc="bulk: bars whose price changes make sigma"
    )


@attrs.define
class State:
    """Of the running bucket: filled, bought; of the running bar: bar (its number from the epoch) to bar_close.

    Quantities in lots, prices in ticks; imbalance: sum over the ring of |V_B - V_S|.
    """

    value: float = mmkit.field(math.nan, doc="mean imbalance of the last buckets, 0..1")
    completed: float = mmkit.field(0.0, doc="buckets completed so far")
    bucket_lots: int = 1
    filled: int = 0
    bought: float = 0.0
    count: int = 0
    head: int = 0
    imbalance: float = 0.0
    imbalances: list[float] = mmkit.array(float, BUCKETS, unit="lots", doc="|V_B - V_S| of each bucket")
    bar: int = 0
    bar_lots: int = 0
    bar_close: float = math.nan
    last_close: float = math.nan
    bars: int = 0
    next_bar: int = 0
    changes: list[float] = mmkit.array(float, BUCKETS, unit="ticks", doc="change of price of each bar")


def setup(params: Params, state: State, instrument: Any) -> None:
    """Takes the volume of a bucket in lots, at least one."""
    state.bucket_lots = max(1, round(params.bucket_volume / instrument.lot))


def on_trade(params: Params, state: State, market: Any, trade: Any) -> None:
    """Takes a trade into the buckets, or into the running bar."""
    if params.classification == Classification.BULK:
        close_bar(params, state, market.now)
        state.bar_lots += trade.qty_lots
        state.bar_close = float(trade.price_ticks)
        return
    share = 0.5
    if trade.side > 0:
        share = 1.0
    elif trade.side < 0:
        share = 0.0
    fill(params, state, trade.qty_lots, share)


def on_clock(params: Params, state: State, market: Any) -> None:
    """Ends a bar without waiting for the next trade."""
    if params.classification == Classification.BULK:
        close_bar(params, state, market.now)


def close_bar(params: Params, state: State, now: int) -> None:
    """Puts the running bar into the buckets if another has begun by now."""
    bar = now // params.bar
    if bar == state.bar:
        return
    state.bar = bar
    if state.bar_lots == 0:
        return
    share = 0.5
    if math.isfinite(state.last_close):
        change = state.bar_close - state.last_close
        state.changes[state.next_bar] = change
        state.next_bar = (state.next_bar + 1) % params.bars
        state.bars = min(state.bars + 1, params.bars)
        deviation = standard_deviation(state.changes, state.bars)
        if deviation > 0.0:
            share = 0.5 * (1.0 + math.erf(change / deviation / ROOT_TWO))
    state.last_close = state.bar_close
    fill(params, state, state.bar_lots, share)
    state.bar_lots = 0


def standard_deviation(values: Any, count: int) -> float:
    """Returns the standard deviation (ddof 0) of the first `count` values, at least one."""
    mean = 0.0
    for i in range(count):
        mean += values[i]
    mean = mean / count
    variance = 0.0
    for i in range(count):
        variance += (values[i] - mean) * (values[i] - mean)
    return math.sqrt(variance / count)


def fill(params: Params, state: State, lots: int, share: float) -> None:
    """Puts lots, of which a share was bought, into the buckets."""
    # Of equal buckets more than there is room for, the first change nothing.
    surplus = lots // state.bucket_lots - params.buckets - 1
    if surplus > 0:
        lots -= surplus * state.bucket_lots
        state.completed += float(surplus)
    while lots > 0:
        part = min(lots, state.bucket_lots - state.filled)
        state.bought += share * part
        state.filled += part
        lots -= part
        if state.filled == state.bucket_lots:
            close_bucket(params, state)


def close_bucket(params: Params, state: State) -> None:
    """Puts the full bucket in the place of the oldest."""
    difference = abs(state.bought - (state.filled - state.bought))
    at = state.head
    if state.count == params.buckets:
        state.imbalance -= state.imbalances[at]
    state.imbalances[at] = difference
    state.imbalance += difference
    state.head = (at + 1) % params.buckets
    state.count = min(state.count + 1, params.buckets)
    state.completed += 1.0
    state.filled = 0
    state.bought = 0.0
    if state.head == 0:
        # Shares of bulk volume round: the sum starts anew before that adds up.
        state.imbalance = 0.0
        for i in range(state.count):
            state.imbalance += state.imbalances[i]
    if state.count == params.buckets:
        value = state.imbalance / (float(params.buckets) * float(state.bucket_lots))
        state.value = min(max(value, 0.0), 1.0)


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "vpin",
        params=Params,
        state=State,
        setup=setup,
        outputs={"value": "", "completed": "buckets"},
        on_trade=on_trade,
        on_clock=on_clock,
        examples=(
            {"bucket_volume": 0.5, "buckets": 5},
            {"bucket_volume": 0.5, "buckets": 5, "classification": "bulk", "bar": "500ms", "bars": 5},
        ),
    )
