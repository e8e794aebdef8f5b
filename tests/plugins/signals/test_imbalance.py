"""The book's imbalance against the oracle and plain sums."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkit_plugins.signals import imbalance

sides = st.dictionaries(st.integers(0, 300), st.integers(1, 10**9), max_size=8)


def published(seen: tuple[Any, Any], **given: Any) -> float:
    state = imbalance.State()
    imbalance.on_book(imbalance.Params(**given), state, *seen)
    return state.value


@pytest.mark.parametrize("case", ["book_balanced", "book_five_levels"])
def test_it_is_the_oracles(book_oracle: dict[str, Any], book_of: Callable[..., Any], case: str) -> None:
    found, expected = book_oracle[case]["inputs"], book_oracle[case]["outputs"]
    bids, asks = ({round(2 * p): int(q) for p, q in found[side]} for side in ("bids", "asks"))
    seen = book_of(bids, asks, tick=0.5)
    assert published(seen, levels=1) == pytest.approx(expected["imbalance_rho_pm1"], rel=1e-10, abs=1e-12)
    wanted = expected["depth_imbalance_pm1_all_levels"]
    assert published(seen, levels=5) == pytest.approx(wanted, rel=1e-10, abs=1e-12)


@given(sides, sides, st.integers(1, 10), st.integers(0, 400))
def test_it_is_bounded_and_changes_sign_with_the_sides(
    book_of: Callable[..., Any], below: dict[int, int], above: dict[int, int], levels: int, ticks: int
) -> None:
    bids, asks = {1000 - d: q for d, q in below.items()}, {1001 + d: q for d, q in above.items()}
    value = published(book_of(bids, asks), levels=levels, ticks=ticks)
    assert math.isnan(value) if not bids or not asks else -1.0 < value < 1.0
    mirrored = published(
        book_of({2001 - t: q for t, q in asks.items()}, {2001 - t: q for t, q in bids.items()}),
        levels=levels,
        ticks=ticks,
    )
    assert mirrored == -value or math.isnan(value)


def test_levels_and_ticks_each_limit_what_counts(book_of: Callable[..., Any]) -> None:
    seen = book_of({100: 1, 99: 2, 90: 40}, {101: 3, 103: 4, 120: 80})
    assert published(seen, levels=1) == (1 - 3) / 4
    assert published(seen, levels=2) == (3 - 7) / 10
    assert published(seen, levels=1000, ticks=2) == (3 - 7) / 10
    assert published(seen, levels=1000, ticks=10) == (43 - 7) / 50
    assert published(seen, levels=1000, ticks=19) == (43 - 87) / 130


def test_d_63_a_missing_side_is_no_number_instead_of_a_guess(book_of: Callable[..., Any]) -> None:
    params, state = imbalance.Params(), imbalance.State()
    imbalance.on_book(params, state, *book_of({100: 1}, {101: 2}))
    imbalance.on_clock(params, state, *book_of({100: 1}, {101: 2}))
    assert math.isfinite(state.value)
    imbalance.on_clock(params, state, *book_of({100: 1}, {}))
    assert math.isnan(state.value)
    assert math.isnan(published(book_of({}, {101: 2})))
