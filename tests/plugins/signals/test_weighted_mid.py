"""The weighted mid against the oracle, and where it lies."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkit_plugins.signals import vamp_mid, weighted_mid

sides = st.dictionaries(st.integers(0, 300), st.integers(1, 10**9), max_size=8)


def published(seen: tuple[Any, Any], **given: Any) -> weighted_mid.State:
    state = weighted_mid.State()
    weighted_mid.on_book(weighted_mid.Params(**given), state, *seen)
    return state


@pytest.mark.parametrize("case", ["book_balanced", "book_five_levels"])
def test_it_is_the_oracles(book_oracle: dict[str, Any], book_of: Callable[..., Any], case: str) -> None:
    found, expected = book_oracle[case]["inputs"], book_oracle[case]["outputs"]
    bids, asks = ({round(2 * p): int(q) for p, q in found[side]} for side in ("bids", "asks"))
    state = published(book_of(bids, asks, tick=0.5))
    assert state.value == pytest.approx(expected["weighted_mid"], rel=1e-10, abs=1e-12)
    assert state.shift == pytest.approx(expected["weighted_mid"] - expected["mid"], rel=1e-10, abs=1e-12)


@given(sides, sides, st.integers(1, 10), st.integers(0, 400))
def test_it_lies_between_bid_and_ask(
    book_of: Callable[..., Any], below: dict[int, int], above: dict[int, int], levels: int, ticks: int
) -> None:
    seen = book_of({1000 - d: q for d, q in below.items()}, {1001 + d: q for d, q in above.items()}, tick=0.01)
    value = published(seen, levels=levels, ticks=ticks).value
    if below and above:
        assert seen[0].bid <= value <= seen[0].ask
    else:
        assert math.isnan(value)


@given(st.integers(1, 50), st.integers(1, 10**9), st.integers(1, 10**9))
def test_at_one_level_it_is_the_cross_multiplied_vamp(
    book_of: Callable[..., Any], gap: int, bid: int, ask: int
) -> None:
    seen = book_of({1000: bid}, {1000 + gap: ask}, tick=0.1, lot=0.001)
    state = vamp_mid.State()
    vamp_mid.on_book(vamp_mid.Params(levels=1), state, *seen)
    assert published(seen).value == pytest.approx(state.value, rel=1e-13)


def test_further_levels_weigh_where_asked_and_near_enough(book_of: Callable[..., Any]) -> None:
    seen = book_of({100: 1, 99: 2, 90: 40}, {102: 3, 104: 4, 120: 80})
    assert published(seen).shift == -0.5
    assert published(seen, levels=2).shift == pytest.approx(-0.4)
    assert published(seen, levels=3, ticks=10).shift == pytest.approx(36 / 50)
    assert published(seen, levels=3).shift == pytest.approx(-44 / 130)


def test_d_63_a_missing_side_is_no_number_instead_of_a_guess(book_of: Callable[..., Any]) -> None:
    params, state = weighted_mid.Params(), weighted_mid.State()
    weighted_mid.on_book(params, state, *book_of({100: 1}, {101: 2}))
    weighted_mid.on_clock(params, state, *book_of({100: 1}, {101: 2}))
    assert math.isfinite(state.value)
    weighted_mid.on_clock(params, state, *book_of({}, {101: 2}))
    assert math.isnan(state.value)
    assert math.isnan(state.shift)
