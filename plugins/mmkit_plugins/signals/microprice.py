"""Micro-price: where the mid is expected to be after its next moves, given imbalance and spread (Stoikov 2018).

    states x = (imbalance bin, spread class),   I = Qb / (Qb + Qa) at the best prices
    Q = P(mid stays, then x'),  r = E[change of the mid],  R2 = P(mid moves, then x')
    G1 = (1 - Q)^-1 r,  B = (1 - Q)^-1 R2,  G* = sum over i >= 0 of B^i G1
    value = mid + tick G*(x),  shift = tick G*(x)

G* is learned while the stack runs, from what was seen up to now and nothing later, or given as `adjustment` (ticks;
`fit` finds it from recorded quotes). An observation is a change of state or mid; what happens with the sides exchanged
counts as well (I to 1 - I, changes negated), so that G*(1 - I) = -G*(I): then G* solves (1 - Q - R2) G* = r on half of
the states. Changes of the mid of any size count (the paper's own notebook drops those of more than a tick). A boundary
between bins belongs to the bin nearer to balance; spreads beyond the last class are in it. NaN before the first fit, in
a state that was never left before it, and while a side is empty.
Source: Stoikov 2018, "The micro-price: a high-frequency estimator of future prices", Quantitative Finance 18, 1959-1966.
"""

import math
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

import mmkit

STATES = 128
"""Most pairs of an imbalance bin and a spread class."""

HALF = STATES // 2
"""Most states below balance, on which the equation is solved."""

Floats = npt.NDArray[np.float64]


@attrs.frozen
class Params:
    bins: int = mmkit.field(5, at_least=1, at_most=STATES, doc="equal bins of the imbalance I between 0 and 1")
    spreads: int = mmkit.field(2, at_least=1, at_most=STATES, doc="spread classes: 1, 2, ... ticks, the last and wider")
    adjustment: tuple[float, ...] = mmkit.field(
        (),
        unit="ticks",
        capacity=STATES,
        unbounded="either sign",
        doc="G* by spread, then by bin; empty = learned while running",
    )
    refit: mmkit.Duration = mmkit.field("60s", above=0, doc="time between fits")
    moves: int = mmkit.field(200, at_least=1, doc="changes of the mid before the first fit")


@attrs.define
class State:
    """last, last_mid: state before and its mid in half ticks; left, moved, met: by state below balance, how often it was left, the sum of
    changes of the mid (half ticks), how often which state came next, less how often that one's mirror image did."""

    value: float = mmkit.field(math.nan, doc="where the mid is expected after its next moves")
    shift: float = mmkit.field(math.nan, doc="value less the mid")
    given: int = 0
    last: int = -1
    last_mid: int = 0
    mid_moves: int = 0
    fit_due: int = 0
    left: list[int] = mmkit.array(int, HALF)
    moved: list[int] = mmkit.array(int, HALF)
    met: list[int] = mmkit.array(int, HALF * HALF)
    matrix: list[float] = mmkit.array(float, HALF * HALF)
    solution: list[float] = mmkit.array(float, HALF)
    adjustment: list[float] = mmkit.array(float, STATES, math.nan)


def setup(params: Params, state: State, instrument: Any) -> None:
    """Takes a given table. Raises mmkit.ConfigError where there are too many states or not one number for each."""
    states = params.bins * params.spreads
    if states > STATES:
        raise mmkit.ConfigError(f"microprice.bins: {params.bins} bins times {params.spreads} spreads: at most {STATES}")
    if params.adjustment:
        if len(params.adjustment) != states:
            raise mmkit.ConfigError(
                f"microprice.adjustment: {len(params.adjustment)} numbers for {params.bins} bins times "
                f"{params.spreads} spreads: one for each of {states} states"
            )
        for i, ticks in enumerate(params.adjustment):
            state.adjustment[i] = ticks
        state.given = 1


def on_book(params: Params, state: State, market: Any, book: Any) -> None:
    """Finds the state, learns from how it came about, and looks its adjustment up."""
    bid_lots = mmkit.lots_at(book, market, 1, market.bid_ticks)
    ask_lots = mmkit.lots_at(book, market, -1, market.ask_ticks)
    if bid_lots <= 0 or ask_lots <= 0:
        forget(state)
        return
    x = state_of(params, market.ask_ticks - market.bid_ticks, bid_lots, ask_lots)
    if state.given == 0:
        learn(params, state, x, market.bid_ticks + market.ask_ticks, market.now)
    state.shift = state.adjustment[x] * market.tick_size
    state.value = market.mid + state.shift


def on_clock(params: Params, state: State, market: Any, book: Any) -> None:
    """The book is not told of when a side is empty: what was true before is not any more."""
    if not math.isfinite(market.mid):
        forget(state)


def forget(state: State) -> None:
    """The state is not known: nothing is learned from what follows it."""
    state.value = math.nan
    state.shift = math.nan
    state.last = -1


def state_of(params: Params, spread: int, bid_lots: int, ask_lots: int) -> int:
    """Returns the number of a state: spread class times `bins`, plus bin; spread in ticks, at least 1."""
    return (min(spread, params.spreads) - 1) * params.bins + bin_of(params.bins, bid_lots, ask_lots)


def bin_of(bins: int, bid_lots: int, ask_lots: int) -> int:
    """Returns the bin of the imbalance, 0 where nearly all rests on the ask; exact."""
    if bid_lots < ask_lots:
        return bid_lots * bins // (bid_lots + ask_lots)
    return bins - 1 - ask_lots * bins // (bid_lots + ask_lots)


def learn(params: Params, state: State, x: int, mid: int, now: int) -> None:
    """Counts the change from the last state to `x` and fits anew where that is due; mid in half ticks."""
    if state.last >= 0 and (x != state.last or mid != state.last_mid):
        if mid != state.last_mid:
            state.mid_moves += 1
        bins = params.bins
        below = side_of(bins, state.last)
        if below != 0:
            row = half_of(bins, state.last)
            state.left[row] += 1
            state.moved[row] += below * (mid - state.last_mid)
            state.met[row * HALF + half_of(bins, x)] += below * side_of(bins, x)
    state.last = x
    state.last_mid = mid
    if state.mid_moves >= params.moves and now >= state.fit_due:
        fit_now(params, state)
        state.fit_due = now + params.refit


def side_of(bins: int, x: int) -> int:
    """Returns 1 for a state below balance, -1 for one above it, 0 for balance."""
    twice = 2 * (x % bins) - (bins - 1)
    return 1 if twice < 0 else -1 if twice > 0 else 0


def half_of(bins: int, x: int) -> int:
    """Returns the number, among the states below balance, of a state or of its mirror image (any for balance itself)."""
    nearest = min(x % bins, bins - 1 - x % bins)
    return x // bins * (bins // 2) + min(nearest, max(bins // 2 - 1, 0))


def fit_now(params: Params, state: State) -> None:
    """Solves (left - met) G* = moved by elimination; the rows are dominated by their diagonals, so none are exchanged."""
    half = params.bins // 2
    size = half * params.spreads
    a = state.matrix
    g = state.solution
    for i in range(size):
        for j in range(size):
            a[i * HALF + j] = -float(state.met[i * HALF + j])
        a[i * HALF + i] += float(state.left[i]) if state.left[i] > 0 else 1.0
        g[i] = 0.5 * float(state.moved[i])
    for i in range(size):
        # Nothing ever led from here to the other half: the sum does not converge.
        if a[i * HALF + i] <= 1e-9 * float(state.left[i]):
            return
        for j in range(i + 1, size):
            factor = a[j * HALF + i] / a[i * HALF + i]
            if factor != 0.0:
                for k in range(i, size):
                    a[j * HALF + k] -= factor * a[i * HALF + k]
                g[j] -= factor * g[i]
    for back in range(size):
        i = size - 1 - back
        for k in range(i + 1, size):
            g[i] -= a[i * HALF + k] * g[k]
        g[i] /= a[i * HALF + i]
    for x in range(params.bins * params.spreads):
        row = half_of(params.bins, x)
        below = side_of(params.bins, x)
        if below == 0:
            state.adjustment[x] = 0.0
        else:
            state.adjustment[x] = below * g[row] if state.left[row] > 0 else math.nan


@attrs.frozen(eq=False)
class Chain:
    """The chain of states: first, what the mid gains at its next move (G1, ticks); then, where that move leads (B); adjustment: G*
    in ticks by state, as the parameter of that name takes it."""

    first: Floats
    then: Floats
    adjustment: Floats


def solve(stays: Any, leads: Any, gains: Any) -> Chain:
    """Returns G1, B and G* of a chain over n states that is symmetric under exchange of the sides.

    stays, leads: probabilities Q and R2, shape (n, n), rows of both together sum to 1; gains: r, the expected change of the mid at
    each observation in ticks, shape (n,): R1 K. G* = (1 - B + 1 pi')^-1 G1 with pi B = pi, pi G1 = 0. Raises
    numpy.linalg.LinAlgError where a state is never left or the states fall apart.
    """
    q, r2, r = (np.asarray(each, float) for each in (stays, leads, gains))
    identity = np.eye(len(r))
    first, then = np.linalg.solve(identity - q, r), np.linalg.solve(identity - q, r2)
    # pi (1 - B) = 0 with the sum of pi = 1: the last of n dependent equations gives way to the sum.
    equations = np.vstack([(identity - then.T)[:-1], np.ones(len(r))])
    share = np.linalg.solve(equations, identity[-1])
    return Chain(first, then, np.asarray(np.linalg.solve(identity - then + share, first), float))


def fit(bid_ticks: Any, ask_ticks: Any, bid_lots: Any, ask_lots: Any, *, bins: int, spreads: int) -> Chain:
    """Returns the chain of recorded best prices and quantities, each of shape (n,): ticks and lots after every change.

    For calibration: the rule learns the same adjustment by itself. The record ends where it last reaches a state that it has been in;
    rows of states that it was never in are NaN.
    """
    columns = [np.asarray(each, np.int64).tolist() for each in (bid_ticks, ask_ticks, bid_lots, ask_lots)]
    params = Params(bins=bins, spreads=spreads)
    path = [(state_of(params, ask - bid, b, a), bid + ask) for bid, ask, b, a in zip(*columns, strict=True)]
    x, mid = np.array([now for now, before in zip(path, [None, *path], strict=False) if now != before], np.int64).T
    mirror = x // bins * bins + bins - 1 - x % bins
    end = len(x) - 1
    while end > 0 and x[end] not in x[:end] and x[end] not in mirror[:end]:
        end -= 1
    states = bins * spreads
    stays, leads, gains = np.zeros((states, states)), np.zeros((states, states)), np.zeros(states)
    change = np.diff(mid[: end + 1])
    for way, sign in ((x, 0.5), (mirror, -0.5)):
        here, there = way[:end], way[1 : end + 1]
        np.add.at(stays, (here[change == 0], there[change == 0]), 1.0)
        np.add.at(leads, (here[change != 0], there[change != 0]), 1.0)
        np.add.at(gains, here, sign * change)
    left = stays.sum(1) + leads.sum(1)
    seen = left > 0
    q, r2 = (each[np.ix_(seen, seen)] / left[seen, None] for each in (stays, leads))
    found = solve(q, r2, gains[seen] / left[seen])
    first, adjustment, then = np.full(states, np.nan), np.full(states, np.nan), np.full((states, states), np.nan)
    first[seen], adjustment[seen], then[np.ix_(seen, seen)] = found.first, found.adjustment, found.then
    return Chain(first, then, adjustment)


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "microprice",
        params=Params,
        state=State,
        setup=setup,
        outputs={"value": "quote", "shift": "quote"},
        on_book=on_book,
        on_clock=on_clock,
        depth=True,
        examples=({"refit": "5s", "moves": 20}, {"bins": 1, "spreads": 1, "adjustment": [0.5]}),
    )
