"""What moves the efficient prices of several simulated instruments together, and what parts them again.

    common factor   W(t), a standard Brownian motion in sqrt(s), W(0) = 0
    basis           B(t), an Ornstein-Uhlenbeck process of stationary standard deviation 1, B(0) = 0:
                    B(t + d) = a B(t) + sqrt(1 - a a) x,  a = 2^(-d / half_life),  x standard normal
                    (exact for any d: Uhlenbeck and Ornstein 1930, Physical Review 36, 823-841)

Both are drawn at the times 0, STEP, 2 STEP, … and hold until the next. A common factor is one of the stack's seed and its
own number alone: every instrument that names the number sees the same path, whatever its rates, its length, and who reads
first. A basis is one of the instrument's own stream, which it leaves as it was.

Moves are rounded to whole parts of 1 / UNIT before they are added, the decay to 40 bits: the same seed gives the same path
whatever the last bits of a platform's logarithm. Blocks of a path are drawn when they are read and then dropped.
"""

import itertools
import math
from collections.abc import Iterator

import attrs
import numpy as np

STEP = 10_000_000
"""Nanoseconds between two moves of a path."""

BLOCK = 8192
"""Moves drawn at once."""

UNIT = 1 << 30
"""Parts of 1 in which a path is kept."""

COMMON, BASIS = 0x636F6D6D, 0x62617369
"""First numbers of the spawn keys: far beyond the children that a stack's seed will ever have."""


@attrs.define
class Path:
    """A path that is read forwards: `scale` is what 1 of it moves the price, in whole parts of the caller's."""

    blocks: Iterator[np.ndarray]
    scale: float
    values: np.ndarray = attrs.field(factory=lambda: np.empty(0))
    begin: int = 0

    def at(self, times: np.ndarray) -> np.ndarray:
        """Returns the path at ascending times in ns, none before the last ones asked for, scaled and rounded (int64)."""
        steps = times // STEP
        found = np.empty(len(times), np.int64)
        done = 0
        while done < len(times):
            while steps[done] >= self.begin + len(self.values):
                self.begin += len(self.values)
                self.values = np.rint(next(self.blocks) * (self.scale / UNIT)).astype(np.int64)
            until = int(np.searchsorted(steps, self.begin + len(self.values)))
            found[done:until] = self.values[steps[done:until] - self.begin]
            done = until
        return found


def common_factor(rng: np.random.Generator, number: int, scale: float) -> Path:
    """Returns the path of the common factor `number` of the stack that `rng` belongs to; draws nothing from `rng`."""
    seed = np.random.SeedSequence(_seed(rng).entropy, spawn_key=(COMMON, number))
    return Path(_brownian(np.random.default_rng(seed)), scale)


def basis(rng: np.random.Generator, half_life: int, scale: float) -> Path:
    """Returns the path of the basis of the one instrument that `rng` belongs to; draws nothing from `rng`."""
    own = _seed(rng)
    seed = np.random.SeedSequence(own.entropy, spawn_key=(*own.spawn_key, BASIS))
    return Path(_reverting(np.random.default_rng(seed), half_life), scale)


def _seed(rng: np.random.Generator) -> np.random.SeedSequence:
    """Returns what a stream was seeded with."""
    seed = rng.bit_generator.seed_seq
    assert isinstance(seed, np.random.SeedSequence)
    return seed


def _brownian(rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yields blocks of a standard Brownian motion in parts of a sqrt(s), one value per STEP from time 0."""
    last = 0
    while True:
        moves = np.rint(rng.standard_normal(BLOCK) * (UNIT * math.sqrt(STEP * 1e-9))).astype(np.int64)
        after = last + np.cumsum(moves)
        yield after - moves
        last = int(after[-1])


def _reverting(rng: np.random.Generator, half_life: int) -> Iterator[np.ndarray]:
    """Yields blocks of an Ornstein-Uhlenbeck process in parts of its stationary deviation, one value per STEP from 0."""
    decay = round(math.exp(-math.log(2.0) * STEP / half_life) * (1 << 40)) / (1 << 40)
    size = UNIT * math.sqrt(1.0 - decay * decay)
    last = 0.0
    while True:
        moves = np.rint(rng.standard_normal(BLOCK) * size).tolist()
        values = list(itertools.accumulate(moves, lambda value, move: decay * value + move, initial=last))
        last = values.pop()
        yield np.array(values)
