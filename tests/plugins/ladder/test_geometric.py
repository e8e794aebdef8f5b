"""Levels at geometric distances."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkit.engine.records import Quotes
from mmkit_plugins.ladder import geometric


def ladder(
    bid: float = 1.0, ask: float = 1.0, *, capacity: dict[str, float] | None = None, **given: Any
) -> tuple[list[int], list[float], list[float]]:
    """Returns offsets in ticks and bid and ask quantities by level."""
    params, quotes = geometric.Params(**given), Quotes()
    geometric.levels(params, None, None, geometric.Inputs(**(capacity or {})), quotes, bid, ask)
    n = quotes.levels
    return quotes.offset_ticks[:n], quotes.bid_qty[:n], quotes.ask_qty[:n]


def test_distances_and_quantities_grow_by_their_ratios() -> None:
    offsets, bids, asks = ladder(2.0, 1.0, levels=5, first_ticks=10.0, ratio=1.5, size_ratio=0.5)
    assert offsets == [0, 10, 15, 22, 34]
    assert bids == [2.0, 1.0, 0.5, 0.25, 0.125]
    assert asks == [1.0, 0.5, 0.25, 0.125, 0.0625]


@given(levels=st.integers(1, 64), first=st.floats(1e-3, 1e6), ratio=st.floats(1.0, 100.0))
def test_offsets_increase_strictly_and_stay_countable(levels: int, first: float, ratio: float) -> None:
    offsets, _, _ = ladder(levels=levels, first_ticks=first, ratio=ratio)
    assert offsets[0] == 0
    assert all(a < b for a, b in pairwise(offsets))
    assert offsets[-1] < 2**53


def test_d_24_all_levels_together_stay_within_the_capacity() -> None:
    _, bids, asks = ladder(2.0, 2.0, levels=4, capacity={"bid_capacity": 3.0, "ask_capacity": 0.0})
    assert bids == [2.0, 1.0, 0.0, 0.0]
    assert asks == [0.0] * 4


def test_d_23_a_level_below_the_minimum_is_dropped() -> None:
    assert ladder(1.0, 2.0, levels=3, size_ratio=0.5, minimum=0.5)[1:] == ([1.0, 0.5, 0.0], [2.0, 1.0, 0.5])


@pytest.mark.parametrize(
    ("name", "value"), [("levels", 3), ("first_ticks", 9.0), ("ratio", 3.0), ("size_ratio", 0.7), ("minimum", 1.5)]
)
def test_each_parameter_changes_the_levels(name: str, value: float) -> None:
    base: dict[str, Any] = {"levels": 4, "size_ratio": 1.1}
    assert ladder(**base | {name: value}) != ladder(**base)
