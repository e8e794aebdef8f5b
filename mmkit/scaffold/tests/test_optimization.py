"""Tolerant caching: the kit's checks, and keys that can be compared by hand."""

import math

import pytest
from mmkit.testing import RuleTests

from mmkit.scaffold.rules import optimization


class TestRule(RuleTests):
    """Everything that a rule of this role has to keep to."""

    rule = optimization.mmkit_optimization()


@pytest.mark.parametrize(
    ("tolerance", "first", "second", "kept"),
    [
        (0.0, 2.0, 2.0, True),
        (0.0, 2.0, math.nextafter(2.0, 3.0), False),
        (0.0, 0.0, -0.0, False),
        (0.25, 2.0, 2.5, True),
        (0.25, 2.0, 2.6, False),
        (0.25, -2.0, -1.5, True),
        (0.25, math.nan, math.nan, False),
    ],
)
def test_it_keeps_within_the_tolerance(tolerance: float, first: float, second: float, kept: bool) -> None:
    params = optimization.Params(tolerance=tolerance)
    state = optimization.State()
    assert not optimization.keeps(params, state, None, (1.0, first))
    assert optimization.keeps(params, state, None, (1.0, second)) is kept
    assert (state.hits, state.misses) == ((1, 1) if kept else (0, 2))


def test_small_moves_do_not_add_up() -> None:
    params = optimization.Params(tolerance=0.1)
    state = optimization.State()
    assert [optimization.keeps(params, state, None, (x,)) for x in (1.0, 1.08, 1.16)] == [False, True, False]


def test_it_is_exact_without_a_tolerance_alone() -> None:
    assert optimization.exact(optimization.Params(tolerance=0.0))
    assert not optimization.exact(optimization.Params())
