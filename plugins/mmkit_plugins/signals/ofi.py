"""Order flow imbalance: by how much the book has been bought more than sold lately (Cont, Kukanov and Stoikov 2014).

    per change, at each of `levels` levels (' = before):
        e = 1{Pb >= Pb'} Qb - 1{Pb <= Pb'} Qb' - 1{Pa <= Pa'} Qa + 1{Pa >= Pa'} Qa'
    value = sum over the window of sum over levels of weight e, in base currency

One level is the paper's; several are the multi-level OFI (Xu, Gould and Howison 2018), `weights` making one number of
them, ones by default. The i-th level is the i-th price at which something rests; where there is none, its quantity is 0
and its price beyond all others. The window is the last `window`, known to a fiftieth of it, or, with a `half_life`, all
the past with weight 2^(-age / half_life). `normalised` divides by the mean quantity per level and side over the same
changes (Cont, Cucuringu and Zhang 2023), which leaves a pure number that markets and hours have in common.

The mid then moves by about beta value ticks per window with beta ~ 1 / (2 depth); `impact` fits beta. NaN until the
window (or one half-life) has passed since the first book, and while a side is empty; what happens meanwhile does not
count. Sources: Journal of Financial Econometrics 12, 47-88; Market Microstructure and Liquidity 4, 1950006; Quantitative
Finance 23, 1373-1393.
"""

import math
from typing import Any

import attrs

import mmkit

LEVELS = 20
"""Most levels that are compared."""

SLOTS = 50
"""Parts of the rolling window; the oldest part leaves it as a whole."""


@attrs.frozen
class Params:
    levels: int = mmkit.field(1, unit="levels", at_least=1, at_most=LEVELS, doc="levels of each side that are compared")
    ticks: int = mmkit.field(
        1000, unit="ticks", at_least=0, at_most=1_000_000, doc="levels further behind their side's best do not count"
    )
    weights: tuple[float, ...] = mmkit.field(
        (), unit="", capacity=LEVELS, unbounded="either sign", doc="weight of each level; empty = 1 for each"
    )
    window: mmkit.Duration = mmkit.field("10s", at_least=SLOTS, doc="length of the rolling window")
    half_life: mmkit.Duration = mmkit.field(
        "0s", doc="above 0: instead of leaving a window, changes lose half their weight in this time"
    )
    normalised: bool = mmkit.field(False, doc="divide by the mean quantity of a level and side; else in base currency")


@attrs.define
class State:
    """time: of the decayed sums; with a rolling window the number of its newest slot, counted from the epoch.

    known: whether the levels of the change before are those of a whole book.
    """

    value: float = mmkit.field(math.nan, doc="flow over the window, above 0 where more was bought")
    first_time: int = -1
    time: int = 0
    known: int = 0
    flow: float = 0.0
    depth: float = 0.0
    changes: float = 0.0
    weight: list[float] = mmkit.array(float, LEVELS, 1.0)
    bid: list[int] = mmkit.array(int, LEVELS)
    ask: list[int] = mmkit.array(int, LEVELS)
    bid_lots: list[int] = mmkit.array(int, LEVELS)
    ask_lots: list[int] = mmkit.array(int, LEVELS)
    slot_flow: list[float] = mmkit.array(float, SLOTS)
    slot_depth: list[float] = mmkit.array(float, SLOTS)
    slot_changes: list[float] = mmkit.array(float, SLOTS)


def setup(params: Params, state: State, instrument: Any) -> None:
    """Takes the weights. Raises mmkit.ConfigError unless there is one per level."""
    if params.weights and len(params.weights) != params.levels:
        raise mmkit.ConfigError(
            f"ofi.weights: {len(params.weights)} numbers for levels = {params.levels}: one weight per level"
        )
    for i, weight in enumerate(params.weights):
        state.weight[i] = weight


def on_book(params: Params, state: State, market: Any, book: Any) -> None:
    """Compares every level with what it was, and lets the window go on."""
    advance(params, state, market.now)
    if state.first_time < 0:
        state.first_time = market.now
    flow = 0.0
    depth = 0
    changed = 0
    bid = mmkit.best_tick(market, 1)
    ask = mmkit.best_tick(market, -1)
    best_bid = bid
    best_ask = ask
    bid_lots = mmkit.lots_at(book, market, 1, bid)
    ask_lots = mmkit.lots_at(book, market, -1, ask)
    if bid_lots <= 0 or ask_lots <= 0:
        forget(state)
        return
    for i in range(params.levels):
        if i > 0:
            if bid_lots > 0:
                bid = mmkit.next_level(book, market, 1, bid, params.ticks - (best_bid - bid))
                bid_lots = mmkit.lots_at(book, market, 1, bid)
            if ask_lots > 0:
                ask = mmkit.next_level(book, market, -1, ask, params.ticks - (ask - best_ask))
                ask_lots = mmkit.lots_at(book, market, -1, ask)
        e = 0
        if bid != state.bid[i] or bid_lots != state.bid_lots[i]:
            e += gained(bid - state.bid[i], bid_lots, state.bid_lots[i])
            changed = 1
        if ask != state.ask[i] or ask_lots != state.ask_lots[i]:
            e -= gained(state.ask[i] - ask, ask_lots, state.ask_lots[i])
            changed = 1
        flow += state.weight[i] * float(e)
        depth += bid_lots + ask_lots
        state.bid[i] = bid
        state.ask[i] = ask
        state.bid_lots[i] = bid_lots
        state.ask_lots[i] = ask_lots
    if changed == 1 and state.known == 1:
        count(params, state, flow * market.lot_size, float(depth) * market.lot_size / (2.0 * params.levels))
    state.known = 1
    publish(params, state, market.now)


def on_clock(params: Params, state: State, market: Any, book: Any) -> None:
    """Time passes in a still book too; the book is not told of when a side is empty."""
    advance(params, state, market.now)
    publish(params, state, market.now)
    if not math.isfinite(market.mid):
        forget(state)


def forget(state: State) -> None:
    """The levels are not known: the next book is not compared with them."""
    state.value = math.nan
    state.known = 0


def gained(higher: int, lots: int, before: int) -> int:
    """Returns what a side gained at one level, in lots; higher: by how many ticks its price became better, < 0 worse."""
    if higher > 0:
        return lots
    if higher < 0:
        return -before
    return lots - before


def advance(params: Params, state: State, now: int) -> None:
    """Lets the window go on to `now`."""
    if params.half_life > 0:
        keep = math.exp(-math.log(2.0) * float(now - state.time) / float(params.half_life))
        state.flow *= keep
        state.depth *= keep
        state.changes *= keep
        state.time = now
        return
    newest = now // (params.window // SLOTS)
    passed = newest - state.time
    if passed <= 0:
        return
    for i in range(min(passed, SLOTS)):
        slot = (newest - i) % SLOTS
        state.slot_flow[slot] = 0.0
        state.slot_depth[slot] = 0.0
        state.slot_changes[slot] = 0.0
    state.time = newest
    # Added up anew rather than subtracted from: rounding does not pile up.
    state.flow = 0.0
    state.depth = 0.0
    state.changes = 0.0
    for slot in range(SLOTS):
        state.flow += state.slot_flow[slot]
        state.depth += state.slot_depth[slot]
        state.changes += state.slot_changes[slot]


def count(params: Params, state: State, flow: float, depth: float) -> None:
    """Takes one change into the window."""
    state.flow += flow
    state.depth += depth
    state.changes += 1.0
    if params.half_life <= 0:
        slot = state.time % SLOTS
        state.slot_flow[slot] += flow
        state.slot_depth[slot] += depth
        state.slot_changes[slot] += 1.0


def publish(params: Params, state: State, now: int) -> None:
    """Sets the value, NaN before the window has passed."""
    span = params.half_life if params.half_life > 0 else params.window
    state.value = math.nan
    if state.known == 1 and now - state.first_time >= span:
        state.value = state.flow
        if params.normalised:
            # Without a change, or with all of them forgotten, nothing has flowed.
            mean = state.depth / state.changes if state.changes > 0.0 else 0.0
            state.value = state.flow / mean if mean > 0.0 else 0.0


def impact(flows: Any, moves: Any) -> tuple[float, float, float, float]:
    """Returns alpha, beta, the standard error of beta and R^2 of moves = alpha + beta flows + noise, by least squares.

    flows: OFI of each window, shape (n,); moves: change of the mid over the same windows, shape (n,). Raises ValueError for fewer
    than three windows or flows that are all the same. For calibration: within a run nothing calls it.
    """
    import numpy as np

    x, y = np.asarray(flows, float), np.asarray(moves, float)
    if x.shape != y.shape or x.ndim != 1 or len(x) < 3 or x.min() == x.max():
        raise ValueError("needs two arrays of one length, at least three windows, and flows that differ")
    dx, dy = x - x.mean(), y - y.mean()
    beta = dx @ dy / (dx @ dx)
    residual = dy - beta * dx
    error = math.sqrt(residual @ residual / (len(x) - 2) / (dx @ dx))
    explained = 1.0 - residual @ residual / (dy @ dy) if dy.any() else 1.0
    return float(y.mean() - beta * x.mean()), float(beta), error, float(explained)


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "ofi",
        params=Params,
        state=State,
        setup=setup,
        outputs={"value": "base"},
        on_book=on_book,
        on_clock=on_clock,
        depth=True,
        examples=({"levels": 3, "window": "2s"},),
    )
