"""What inventory is worth, from a table over time left and inventory: the exact quotes behind GLFT and Cartea-Jaimungal.

With order size D, levels q = n D between the caps and theta(tau, q) the value of inventory tau before the end, both
models solve (dimensionless, y_n = k (theta_{n+1} - theta_n) / D the worth of one more order in units of 1/k)

    d theta_n / dtau ~ g_n = drift n - penalty n^2 + bid exp(ratio y_n) + ask exp(-y_{n-1}),   d y_n / dtau = g_{n+1} - g_n

without the bid term at the upper cap and the ask term at the lower one; y_n(0) = -terminal (2n + 1). For equal k on
both sides this is the linear system of the papers, v = exp(k theta / D); kept in differences it needs no such
exponentials, which overflow, and ends in its stationary state without a growing part. Integrated once, at setup, by
scipy's LSODA (relative and absolute tolerance 1e-11); without an end the stationary state by Newton's method.

Rows lie evenly in ln(1 + tau / tau_0), tau_0 the fastest time scale, so that the last moments are resolved as well as
the first; between them the six nearest are interpolated (Lagrange), between inventory levels linearly.

A penalty is met in an instant where it makes |y| > 40, intensities of e^40 times the ordinary one: y(0) is cut there.
"""

import math
import warnings
from functools import lru_cache
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

import mmkit
from mmkit_plugins.pricing._sides import around

CAPACITY = 32_768
"""Numbers in a table."""

MOST_ROWS, MOST_COLUMNS, POINTS = 512, 512, 6

STEEPEST = 40.0
"""Largest worth of an order at the end, in units of 1/k."""

Floats = npt.NDArray[np.float64]


@attrs.define
class State:
    """The table: worth of one more order, quote per base, `rows` numbers for each of `columns` inventory levels.

    low: inventory at the first level, in orders; start: tau_0 in s; step: distance of rows in ln(1 + tau / tau_0). A stationary
    table has one row.
    """

    rows: int = 0
    columns: int = 0
    low: int = 0
    start: float = 1.0
    step: float = 1.0
    table: list[float] = mmkit.array(float, CAPACITY)


@attrs.frozen
class Problem:
    """The dimensionless problem; rates in 1/s, `time` in s, inf for the stationary state; k of the asks in 1/price."""

    low: int
    high: int
    penalty: float
    drift: float
    bid: float
    ask: float
    ratio: float
    terminal: float
    time: float
    k: float


@attrs.frozen
class Table:
    """A solved problem: tau_0 and row distance as in State, and the numbers column by column."""

    start: float
    step: float
    rows: int
    numbers: tuple[float, ...]


def levels(key: str, position: float, order_size: float) -> int:
    """Returns a cap in orders, towards zero. Raises mmkit.ConfigError where it is infinite or too far."""
    if not math.isfinite(position):
        raise mmkit.ConfigError(f"pricing.{key}: an exact table needs a cap on the position")
    count = math.floor(abs(position) / order_size + 1e-9)
    if count > MOST_COLUMNS:
        raise mmkit.ConfigError(
            f"pricing.{key}: {position:g} is {count} orders of {order_size:g}; an exact table has {MOST_COLUMNS} at most"
        )
    return count if position > 0 else -count


def fill(state: State, problem: Problem) -> None:
    """Solves a problem into a rule's state. Raises mmkit.ConfigError where the caps leave no room or are too far apart."""
    columns = problem.high - problem.low
    if not 1 <= columns <= MOST_COLUMNS:
        raise mmkit.ConfigError(
            f"pricing.max_position: the caps are {columns} orders apart; an exact table has 1 to {MOST_COLUMNS}"
        )
    found = solve(problem)
    state.rows, state.columns, state.low = found.rows, columns, problem.low
    state.start, state.step = found.start, found.step
    state.table[: len(found.numbers)] = found.numbers


@lru_cache(maxsize=32)
def solve(problem: Problem) -> Table:
    """Returns a problem's table. Every path of a simulation sets its rules up anew: what was solved is kept."""
    rates = growth(problem)
    fastest = float(np.max(np.abs(jacobian(problem, first_worth(problem))[1]))) + abs(problem.drift)
    fastest += problem.penalty * max(problem.low * problem.low, problem.high * problem.high)
    if not 0.0 < fastest < math.inf:
        raise mmkit.ConfigError(
            "pricing: the table's rates are out of all proportion: check the units of its parameters"
        )
    if math.isinf(problem.time):
        worth = stationary(problem, rates, fastest)[None]
        start = step = 1.0
    else:
        rows = min(MOST_ROWS, CAPACITY // (problem.high - problem.low))
        start = 1.0 / fastest
        step = math.log1p(problem.time / start) / (rows - 1)
        times = np.minimum(start * np.expm1(step * np.arange(rows)), problem.time)
        times[-1] = problem.time
        worth = integrated(problem, rates, times)
    numbers = (worth / problem.k).T.ravel().tolist()
    return Table(start, step, len(worth), tuple(numbers))


def integrated(problem: Problem, rates: Any, times: Floats) -> Floats:
    """Returns y at each of the times, one row each. Raises mmkit.ConfigError where the solver finds no way there."""
    from scipy.integrate import solve_ivp  # type: ignore[import-untyped]

    first = first_worth(problem)
    band = min(1, len(first) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a failure, which is told below
        found = solve_ivp(
            lambda _, y: rates(y),
            (0.0, problem.time),
            first,
            method="LSODA",
            t_eval=times,
            rtol=1e-11,
            atol=1e-11,
            jac=lambda _, y: jacobian(problem, y)[1 - band : 2 + band],
            lband=band,
            uband=band,
        )
    if not found.success or not np.all(np.isfinite(found.y)):
        raise mmkit.ConfigError(f"pricing: no table for these parameters: {found.message}")
    worth: Floats = found.y.T
    return worth


def first_worth(problem: Problem) -> Floats:
    """Returns y at the end, one value per level but the last."""
    n = np.arange(problem.low, problem.high, dtype=np.float64)
    most = STEEPEST / max(1.0, problem.ratio)
    return np.clip(-problem.terminal * (2.0 * n + 1.0), -most, most)


def growth(problem: Problem) -> Any:
    """Returns the function y -> dy/dtau."""
    n = np.arange(problem.low, problem.high + 1, dtype=np.float64)
    held = problem.drift * n - problem.penalty * n * n

    def rates(y: Floats) -> Floats:
        value = held.copy()
        value[:-1] += problem.bid * bounded_exp(problem.ratio * y)
        value[1:] += problem.ask * bounded_exp(-y)
        return np.diff(value)

    return rates


def jacobian(problem: Problem, y: Floats) -> Floats:
    """Returns the tridiagonal matrix of derivatives of dy/dtau: rows above, on and below the diagonal."""
    bid = problem.bid * problem.ratio * bounded_exp(problem.ratio * y)
    ask = problem.ask * bounded_exp(-y)
    bands = np.zeros((3, len(y)))
    bands[0, 1:] = bid[1:]
    bands[1] = -bid - ask
    bands[2, :-1] = ask[:-1]
    return bands


def bounded_exp(x: Floats) -> Floats:
    """Returns exp(x), without overflow where a solver tries a step that leads nowhere."""
    return np.exp(np.minimum(x, 300.0))


def stationary(problem: Problem, rates: Any, fastest: float) -> Floats:
    """Returns the y at which nothing changes any more: implicit steps in time that grow into Newton's. ConfigError if none is found."""
    from scipy.linalg import solve_banded  # type: ignore[import-untyped]

    y: Floats = np.zeros(problem.high - problem.low)
    slowness = fastest
    for _ in range(2000):
        bands = -jacobian(problem, y)
        bands[1] += slowness
        change = solve_banded((1, 1), bands, rates(y))
        y = y + change
        largest = float(np.max(np.abs(change)))
        if largest <= 1e-13 * (1.0 + float(np.max(np.abs(y)))) and slowness < 1e-9 * fastest:
            return y
        if largest < 1.0:
            slowness *= 0.5
    raise mmkit.ConfigError("pricing: no stationary table for these parameters: the caps are out of reach of its rates")


Weights = tuple[float, float, float, float, float, float]


def weights(at: float) -> Weights:
    """Returns the weights of six even nodes in Lagrange's interpolation at a place between 0, the first, and 5, the last."""
    before = at * (at - 1.0)
    behind = (at - 4.0) * (at - 5.0)
    left = before * (at - 2.0)
    right = (at - 3.0) * behind
    return (
        (at - 1.0) * (at - 2.0) * right * (-1.0 / 120.0),
        at * (at - 2.0) * right * (1.0 / 24.0),
        before * right * (-1.0 / 12.0),
        left * behind * (1.0 / 12.0),
        left * (at - 3.0) * (at - 5.0) * (-1.0 / 24.0),
        left * (at - 3.0) * (at - 4.0) * (1.0 / 120.0),
    )


def blended(state: State, at: int, weight: Weights) -> float:
    """Returns what lies between the six numbers from `at` on."""
    table = state.table
    first, second, third, fourth, fifth, sixth = weight
    found = first * table[at] + second * table[at + 1] + third * table[at + 2]
    return found + (fourth * table[at + 3] + fifth * table[at + 4] + sixth * table[at + 5])


def look_up(state: State, level: float, row: int, weight: Weights) -> float:
    """Returns the worth of one more order at a level, counted from the lowest, between levels linearly."""
    n = int(level)
    at = n * state.rows + row
    if state.rows == 1:
        found = state.table[at]
        if level > n:
            found += (level - n) * (state.table[at + 1] - found)
        return found
    found = blended(state, at, weight)
    if level > n:
        found += (level - n) * (blended(state, at + state.rows, weight) - found)
    return found


def worth(state: State, orders: float, left: float) -> tuple[float, float]:
    """Returns what one more order and one less are worth (quote per base), at so many orders of inventory, `left` s before the end.

    -inf and inf where it would pass a cap: no bid, no ask. Beyond a cap the quote that leads back is that at the cap.
    """
    level = orders - state.low
    whole = math.floor(level + 0.5)
    if abs(level - whole) < 1e-6:
        level = float(whole)
    row = 0
    weight = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    if state.rows > 1:
        at = min(max(math.log1p(left / state.start) / state.step, 0.0), state.rows - 1.0)
        row = min(max(int(at) - 2, 0), state.rows - POINTS)
        weight = weights(at - row)
    last = state.columns - 1.0
    to_buy = -math.inf
    to_sell = math.inf
    if level <= last:
        to_buy = look_up(state, max(level, 0.0), row, weight)
    if level >= 1.0:
        to_sell = look_up(state, min(level - 1.0, last), row, weight)
    return to_buy, to_sell


def exact_quote(
    params: Any, state: State, market: Any, price: float, size: float, half_bid: float, half_ask: float
) -> tuple[float, float, float]:
    """Returns reservation price and half-spreads (quote) from the table, around `price`.

    size: of an order (base); half_bid, half_ask: distances of the quotes from their own reservation prices. A session counts down
    params.horizon.
    """
    left = 0.0
    if params.session:
        left = max(params.horizon - (market.now - market.start), 0) * 1e-9
        mmkit.step("time left", left, "s")
    to_buy, to_sell = worth(state, market.position / size, left)
    mmkit.step("worth of one more order", to_buy, "quote")
    mmkit.step("worth of one order less", to_sell, "quote")
    return around(price, to_buy, to_sell, half_bid, half_ask)
