"""The world of Avellaneda and Stoikov 2008 (Quantitative Finance 8, 217-224), section 3.3: a mid price, and no book.

    S(0) = start_price,  S(t + step) = S(t) + sigma sqrt(step) x

with sigma in price per sqrt(second) and x = +1 or -1 with equal probability (`binomial`, as in the paper) or standard
normal (`gaussian`). There is no spread: best bid and best ask are both the mid, which is on no grid. Paths are
independent of each other.
"""

import enum
import math
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

import mmkit


class Moves(enum.IntEnum):
    """How the mid moves in a step."""

    BINOMIAL = 0
    GAUSSIAN = 1


@attrs.frozen
class Params:
    """The defaults are the paper's, but for sigma, which there is 2."""

    sigma: float = mmkit.field(unit="price/sqrt(s)", at_least=0, doc="volatility of the mid")
    start_price: float = mmkit.field(100.0, unit="quote", above=0, doc="mid at the start of each path")
    step: mmkit.Duration = mmkit.field("5ms", unit="ns", above=0, doc="time between moves, and between decisions")
    duration: mmkit.Duration = mmkit.field("1s", unit="ns", above=0, doc="length of a path, a multiple of step")
    moves: Moves = mmkit.field(Moves.BINOMIAL, doc="distribution of a move")
    paths: int = mmkit.field(1000, at_least=1, doc="number of independent paths")


def paths(params: Params, instrument: Any, rng: np.random.Generator) -> Iterator[npt.NDArray[np.float64]]:
    """Yields each path's mids in quote currency at 0, step, …, duration: float64, duration / step + 1 of them.

    Raises mmkit.ConfigError where duration is not a multiple of step.
    """
    size = params.sigma * math.sqrt(step(params) * 1e-9)
    count = params.duration // params.step
    for _ in range(params.paths):
        binomial = params.moves is Moves.BINOMIAL
        moves = 2 * rng.integers(0, 2, count) - 1 if binomial else rng.standard_normal(count)
        # The sum is taken before the scale, so that binomial paths meet again exactly.
        yield params.start_price + size * np.concatenate([[0.0], np.cumsum(moves)])


def step(params: Params) -> int:
    """Returns the time between moves in ns. Raises mmkit.ConfigError where duration is not a multiple of it."""
    if params.duration % params.step:
        raise mmkit.ConfigError(
            f"market.duration = {params.duration} ns is not a multiple of market.step = {params.step} ns"
        )
    return params.step


@mmkit.hookimpl
def mmkit_market() -> mmkit.Market:
    """Offers the diffusing mid price."""
    return mmkit.Market(
        "diffusion", params=Params, paths=paths, step=step, examples=({"sigma": 2.0, "paths": 5, "duration": "500ms"},)
    )
