"""Where the levels of each ladder lie, and how much stands on them."""

from itertools import pairwise
from typing import Any

import pytest

from mmkit.engine.records import LEVELS, Quotes
from mmkit_plugins.ladder import fibonacci, geometric, single, uniform


def levels(rule: Any, bid: float = 2.0, ask: float = 3.0, **given: Any) -> tuple[list[int], list[float], list[float]]:
    """Returns offsets and bid and ask quantities of the levels."""
    params = rule.Params(**given) if hasattr(rule, "Params") else None
    more = [rule.Inputs()] if hasattr(rule, "Inputs") else []
    if hasattr(rule, "Constants"):
        more.append(rule.Constants())
        rule.assemble(params, more[-1])
    ladder = Quotes()
    rule.levels(params, None, None, *more, ladder, bid, ask)
    n = ladder.levels
    return ladder.offset_ticks[:n], ladder.bid_qty[:n], ladder.ask_qty[:n]


def test_single_is_one_level_at_the_inner_quote() -> None:
    assert levels(single) == ([0], [2.0], [3.0])


def test_uniform_levels_lie_at_equal_distances_with_the_full_quantity_each() -> None:
    assert levels(uniform, levels=4, gap_ticks=7) == ([0, 7, 14, 21], [2.0] * 4, [3.0] * 4)


def test_fibonacci_multipliers_are_those_of_the_series() -> None:
    offsets, bids, asks = levels(fibonacci, levels=10)
    assert offsets == [0, 1, 2, 3, 5, 8, 13, 21, 34, 55]
    assert (bids, asks) == ([2.0] * 10, [3.0] * 10)


def test_fibonacci_distances_are_multiples_of_the_step() -> None:
    assert levels(fibonacci, levels=6, step_ticks=20)[0] == [0, 20, 40, 60, 100, 160]


def test_each_fibonacci_offset_is_the_sum_of_the_two_before_it_to_the_last_level() -> None:
    offsets, _, _ = levels(fibonacci, levels=40, step_ticks=3)
    assert len(offsets) == 40
    assert all(c == a + b for (a, b), c in zip(pairwise(offsets[1:]), offsets[3:], strict=False))
    assert all(a < b for a, b in pairwise(offsets))


def test_fibonacci_sizes_go_by_level_and_the_last_one_holds_for_the_rest() -> None:
    _, bids, asks = levels(fibonacci, levels=5, sizes=(1.0, 0.5, 0.25))
    assert bids == [2.0, 1.0, 0.5, 0.5, 0.5]
    assert asks == [3.0, 1.5, 0.75, 0.75, 0.75]


def test_fibonacci_sizes_beyond_the_levels_are_left_alone() -> None:
    assert levels(fibonacci, levels=2, sizes=(1.0, 0.5, 0.25))[1] == [2.0, 1.0]


@pytest.mark.parametrize("rule", [single, uniform, fibonacci, geometric])
def test_a_side_without_a_quantity_stays_empty(rule: Any) -> None:
    offsets, bids, asks = levels(rule, bid=0.0)
    assert bids == [0.0] * len(offsets)
    assert all(asks)


@pytest.mark.parametrize(("rule", "most"), [(uniform, 64), (fibonacci, 40), (geometric, 64)])
def test_the_largest_number_of_levels_has_room(rule: Any, most: int) -> None:
    assert most <= LEVELS
    assert len(levels(rule, levels=most)[0]) == most
