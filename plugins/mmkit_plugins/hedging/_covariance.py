"""Second moments of the price changes of several instruments, and the hedge ratios that follow from them.

Arrays hold matrices by rows, SIZE numbers a row; instrument 0 is the quoted one.
"""

import math
from typing import Any

from mmkit_plugins.hedging._orders import HEDGES

SIZE = HEDGES + 1
"""Most instruments."""


def add_changes(moments: Any, changes: Any, count: int, keep: float) -> None:
    """Averages the products of one sample's changes in; what was there counts `keep` times as much as before."""
    for i in range(count):
        for j in range(i + 1):
            product = keep * moments[i * SIZE + j] + (1.0 - keep) * changes[i] * changes[j]
            moments[i * SIZE + j] = product
            moments[j * SIZE + i] = product


def solve(moments: Any, factor: Any, ratio: Any, count: int, least_own: float) -> bool:
    """Sets ratio[i] so that sum_j C_ij ratio_j = C_i0 over hedges 1 … count - 1; returns False where that has no sound answer.

    By Cholesky's factor of the matrix of correlations, which does not depend on the prices' scales. Its squared diagonal is the
    share of a hedge's variance that those before it leave unexplained: below `least_own` two hedges are one and the same, and
    any ratio between them would do.
    """
    for i in range(1, count):
        if not moments[i * SIZE + i] > 0.0:
            return False
    for i in range(1, count):
        for j in range(1, i + 1):
            rest = moments[i * SIZE + j] / scale(moments, i) / scale(moments, j) if i != j else 1.0
            for k in range(1, j):
                rest -= factor[i * SIZE + k] * factor[j * SIZE + k]
            if i != j:
                factor[i * SIZE + j] = rest / factor[j * SIZE + j]
            elif not rest >= least_own:
                return False
            else:
                factor[i * SIZE + i] = math.sqrt(rest)
    for i in range(1, count):
        rest = moments[i * SIZE] / scale(moments, i)
        for k in range(1, i):
            rest -= factor[i * SIZE + k] * ratio[k - 1]
        ratio[i - 1] = rest / factor[i * SIZE + i]
    for back in range(1, count):
        i = count - back
        rest = ratio[i - 1]
        for k in range(i + 1, count):
            rest -= factor[k * SIZE + i] * ratio[k - 1]
        ratio[i - 1] = rest / factor[i * SIZE + i]
    for i in range(1, count):
        ratio[i - 1] /= scale(moments, i)
    return True


def scale(moments: Any, i: int) -> float:
    """Returns the root mean square of an instrument's changes."""
    return math.sqrt(moments[i * SIZE + i])
