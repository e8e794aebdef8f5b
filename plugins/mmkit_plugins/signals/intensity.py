"""Fill intensity lambda(distance) = A exp(-k distance) per side, from market orders, by maximum likelihood as they come.

Trades of one side within `sweep` of the first are one market order. It fills every quote up to its last price: it arrives at the
touch, t = max(half a spread, the first price at or beyond `nearest`) from the mid before it, and passes j more prices, one tick
each. If depths are exponential, j is geometric with exp(-k tick), whatever t; a reach of `farthest` or more is known only as such
(censored there). With decayed sums over orders of both sides that reach t, and over time,

    k = ln(1 + known / sum(passed)) / tick             known: orders not censored; passed: prices, up to `farthest`
    A = orders / (2 sum(dt exp(-k t)))                 dt: time with the touch at t, s; also time without an order counts

A in 1/s, k in 1/price, n the decayed number of orders; ln A and ln k have standard errors near 1 / sqrt(2 n). NaN while n is under
`least`, and where no order passed a price or none was known. Everything loses half its weight in `half_life`, in steps of
`sample`. Time without both sides of the book does not count. A quote fills so only if nothing is ahead of it in its queue.
Where a feed shows the book after an order before the order's trades, depths come out short. Source: Avellaneda & Stoikov (2008),
2.4-2.5; the likelihood of left-truncated, right-censored geometric depths.
"""

import math
from typing import Any

import attrs

import mmkit

CELLS = 128
"""Cells of spreads: single ticks up to 32, then sixteen per octave, up to 2048 ticks and beyond."""

FARTHEST = 1e9
"""Most prices that an order may pass."""


@attrs.frozen
class Params:
    half_life: mmkit.Duration = mmkit.field("10m", above=0, doc="time after which an observation counts half")
    sample: mmkit.Duration = mmkit.field("1s", above=0, doc="time between two published values")
    sweep: mmkit.Duration = mmkit.field("1ms", at_least=0, doc="trades of one side so close are one market order")
    nearest: float = mmkit.field(
        0.0, unit="quote", at_least=0, doc="distance from the mid from which on orders are looked at"
    )
    farthest: float = mmkit.field(
        math.inf, unit="quote", above=0, doc="distance up to which it matters how far an order went"
    )
    least: float = mmkit.field(30.0, unit="orders", above=0, doc="decayed number of orders for a value")


@attrs.define
class State:
    """orders, known, passed: decayed sums; seconds, reach: decayed time per cell of spreads, and time times t.

    side to most: the market order that is under way, side 0 = none: when it began, its touch, prices passed beyond it, how
    many of these lie nearer than `nearest`, and how many more lie up to `farthest`.
    """

    A: float = mmkit.field(math.nan, doc="fill intensity at distance 0, per side")
    k: float = mmkit.field(math.nan, doc="decay of the intensity with distance")
    n: float = mmkit.field(0.0, doc="decayed number of orders it rests on")
    known: float = 0.0
    passed: float = 0.0
    spread: int = 0
    last_time: int = 0
    last_sample: int = -1
    cells: int = 0
    side: int = 0
    began: int = 0
    touch: int = 0
    levels: int = 0
    skipped: int = 0
    most: int = 0
    seconds: list[float] = mmkit.array(float, CELLS, unit="s")
    reach: list[float] = mmkit.array(float, CELLS, unit="price s")


def setup(params: Params, state: State, instrument: Any) -> None:
    """Raises mmkit.ConfigError where nothing lies between nearest and farthest."""
    if params.nearest >= params.farthest:
        raise mmkit.ConfigError(
            f"intensity.nearest: {params.nearest:g} is not under intensity.farthest, {params.farthest:g}"
        )


def on_book(params: Params, state: State, market: Any) -> None:
    """Notes the spread."""
    advance(params, state, market)


def on_clock(params: Params, state: State, market: Any) -> None:
    """Lets time pass at decisions and records too."""
    advance(params, state, market)


def on_trade(params: Params, state: State, market: Any, trade: Any) -> None:
    """Takes a trade into its market order."""
    advance(params, state, market)
    if state.spread <= 0 or trade.side == 0:
        return
    if trade.side != state.side or market.now - state.began > params.sweep:
        settle(state)
        state.side = trade.side
        state.began = market.now
        state.touch = market.ask_ticks if trade.side > 0 else market.bid_ticks
        state.levels = 0
        state.skipped = skipped(params.nearest, state.spread, market.tick_size)
        first = distance(state.spread, state.skipped, market.tick_size)
        # A hair more, so that a price at `farthest` itself is one that is reached.
        state.most = int(max(min((params.farthest - first) / market.tick_size + 1e-9, FARTHEST), 0.0))
    state.levels = max(state.levels, trade.side * (trade.price_ticks - state.touch))


def settle(state: State) -> None:
    """Counts the market order under way: it is whole."""
    beyond = state.levels - state.skipped
    if state.side != 0 and beyond >= 0:
        state.n += 1.0
        state.passed += min(beyond, state.most)
        if beyond < state.most:
            state.known += 1.0
    state.side = 0


def advance(params: Params, state: State, market: Any) -> None:
    """Counts the time since the last call at the spread that it had, and publishes when a sample is due."""
    now = market.now
    spread = market.ask_ticks - market.bid_ticks if market.mid == market.mid else 0
    if state.last_sample < 0:
        state.last_sample = now
        state.last_time = now
        state.spread = spread
        return
    due = now - state.last_sample >= params.sample
    if spread == state.spread and not due:
        return
    if state.spread > 0:
        seconds = (now - state.last_time) * 1e-9
        cell = cell_of(state.spread)
        levels = skipped(params.nearest, state.spread, market.tick_size)
        state.seconds[cell] += seconds
        state.reach[cell] += seconds * distance(state.spread, levels, market.tick_size)
        state.cells = max(state.cells, cell + 1)
    state.last_time = now
    state.spread = spread
    if due:
        if now - state.began > params.sweep:
            settle(state)
        publish(params, state, market.tick_size)
        decay(state, math.exp(-math.log(2.0) * (now - state.last_sample) / params.half_life))
        state.last_sample = now


def skipped(nearest: float, spread: int, tick_size: float) -> int:
    """Returns how many prices from the touch on lie nearer to the mid than `nearest`."""
    # A hair less, so that a price at `nearest` itself is not left out by rounding.
    return max(int(math.ceil(nearest / tick_size - 0.5 * spread - 1e-9)), 0)


def distance(spread: int, levels: int, tick_size: float) -> float:
    """Returns the distance from the mid of the price that many ticks beyond the touch."""
    return (0.5 * spread + levels) * tick_size


def cell_of(spread: int) -> int:
    """Returns the cell of a spread, at least 0 ticks."""
    octave = 0
    while spread >= 32:
        spread //= 2
        octave += 16
    return min(spread + octave, CELLS - 1)


def decay(state: State, weight: float) -> None:
    """Lets everything lose weight."""
    state.n *= weight
    state.known *= weight
    state.passed *= weight
    for cell in range(state.cells):
        state.seconds[cell] *= weight
        state.reach[cell] *= weight


def publish(params: Params, state: State, tick_size: float) -> None:
    """Publishes the most likely A and k."""
    state.A = math.nan
    state.k = math.nan
    if state.n < params.least or state.known <= 0.0 or state.passed <= 0.0:
        return
    k = math.log1p(state.known / state.passed) / tick_size
    nearest = math.inf
    for cell in range(state.cells):
        if state.seconds[cell] > 0.0:
            nearest = min(nearest, state.reach[cell] / state.seconds[cell])
    # Distances from the nearest one: far from the mid exp(-k t) would be 0.
    if not math.isfinite(nearest) or k * nearest > 700.0:
        return
    exposure = 0.0
    for cell in range(state.cells):
        if state.seconds[cell] > 0.0:
            exposure += state.seconds[cell] * math.exp(-k * (state.reach[cell] / state.seconds[cell] - nearest))
    state.k = k
    state.A = 0.5 * state.n / exposure * math.exp(k * nearest)


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "intensity",
        params=Params,
        state=State,
        outputs={"A": "1/s", "k": "1/price", "n": ""},
        setup=setup,
        on_book=on_book,
        on_clock=on_clock,
        on_trade=on_trade,
        examples=({"half_life": "20s", "least": 5.0},),
    )
