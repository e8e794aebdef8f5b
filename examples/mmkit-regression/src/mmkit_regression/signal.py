"""A regression of scikit-learn that says by how much the mid is about to move.

    imbalance   (B - A) / (B + A), B and A the lots of the best `levels` levels of either side
    fast, slow  M - EMA(M): the mid less its average over time, with half-lives `fast` and `slow`, quote currency
    value       predict(imbalance, fast, slow), the expected move of the mid over the horizon it was trained for, quote currency

The prediction is made when it is needed, before a decision and a record, not at every event. NaN where a side of the book is empty.
`mmkit train-regression` fits intercept and weights, a ridge regression (Hoerl and Kennard 1970, Technometrics 12, 55-67); they are
parameters, so that the stack in a run's folder is whole and repeats it.
"""

import math
from functools import lru_cache
from typing import Any

import attrs
import numpy as np
from sklearn.linear_model import LinearRegression

import mmkit

FEATURES = ("imbalance", "fast_move", "slow_move")
"""What the regression is asked with, in the order of its weights: outputs of the signal."""

LN2 = math.log(2.0)


@attrs.frozen
class Params:
    weights: tuple[float, ...] = mmkit.field(
        unit="quote, then quote/quote twice",
        at_least=-1e6,
        at_most=1e6,
        capacity=len(FEATURES),
        doc="coefficients of imbalance, fast and slow move, from mmkit train-regression",
    )
    intercept: float = mmkit.field(
        0.0, unit="quote", at_least=-1e6, at_most=1e6, doc="predicted move where all of them are zero"
    )
    levels: int = mmkit.field(1, unit="levels", at_least=1, at_most=1000, doc="levels of each side in the imbalance")
    fast: mmkit.Duration = mmkit.field("1s", above=0, doc="half-life of the fast average of the mid")
    slow: mmkit.Duration = mmkit.field("10s", above=0, doc="half-life of the slow average of the mid")


@attrs.define
class State:
    """seen: the mid that stands since `since` (ns); fast, slow: its averages."""

    value: float = mmkit.field(math.nan, doc="predicted move of the mid")
    imbalance: float = mmkit.field(math.nan, doc="(bids - asks) / (bids + asks), -1..1")
    fast_move: float = mmkit.field(math.nan, doc="mid less its fast average")
    slow_move: float = mmkit.field(math.nan, doc="mid less its slow average")
    seen: float = math.nan
    since: int = 0
    fast: float = 0.0
    slow: float = 0.0


@lru_cache(maxsize=64)
def model(params: Params) -> LinearRegression:
    """Returns the regression that these parameters describe, made once."""
    made = LinearRegression()
    made.coef_, made.intercept_, made.n_features_in_ = np.array(params.weights), params.intercept, len(FEATURES)
    return made


def setup(params: Params, state: State, instrument: Any) -> None:
    """Raises mmkit.ConfigError for another number of weights; makes the model, and has scikit-learn import what it imports late."""
    if len(params.weights) != len(FEATURES):
        raise mmkit.ConfigError(f"regression.weights: must be {len(FEATURES)} numbers, for {', '.join(FEATURES)}")
    model(params).predict(np.zeros((1, len(FEATURES))))


def on_book(params: Params, state: State, market: Any, book: Any) -> None:
    """Follows the book; asks the regression where there is no answer yet."""
    follow(params, state, market, book)
    if not math.isfinite(state.value):
        ask(params, state)


def on_clock(params: Params, state: State, market: Any, book: Any) -> None:
    """Asks the regression."""
    follow(params, state, market, book)
    ask(params, state)


def ask(params: Params, state: State) -> None:
    """Takes the answer of the regression; none where a side of the book is empty."""
    state.value = math.nan
    if math.isfinite(state.imbalance):
        asked = np.array([[state.imbalance, state.fast_move, state.slow_move]])
        state.value = float(model(params).predict(asked)[0])


def follow(params: Params, state: State, market: Any, book: Any) -> None:
    """Takes the mid that has stood until now into its averages, and looks at the book."""
    if math.isfinite(state.seen):
        state.fast = averaged(state.fast, state.seen, market.now - state.since, params.fast)
        state.slow = averaged(state.slow, state.seen, market.now - state.since, params.slow)
    elif math.isfinite(market.mid):
        state.fast = market.mid
        state.slow = market.mid
    state.seen = market.mid
    state.since = market.now
    state.imbalance = math.nan
    bids = mmkit.lots_within(book, market, 1, params.levels, 1_000_000)
    asks = mmkit.lots_within(book, market, -1, params.levels, 1_000_000)
    if bids > 0 and asks > 0 and math.isfinite(market.mid):
        state.imbalance = float(bids - asks) / float(bids + asks)
    state.fast_move = market.mid - state.fast
    state.slow_move = market.mid - state.slow


def averaged(average: float, mid: float, dt: int, half_life: int) -> float:
    """Returns the average after a mid has stood for dt ns."""
    return average + (1.0 - math.exp(-LN2 * dt / half_life)) * (mid - average)


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "regression",
        params=Params,
        state=State,
        outputs={"value": "quote", "imbalance": "", "fast_move": "quote", "slow_move": "quote"},
        setup=setup,
        on_book=on_book,
        on_clock=on_clock,
        depth=True,
        compiled=False,
    )
