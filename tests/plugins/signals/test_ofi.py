"""Order flow imbalance against the paper's formula, summed over all events each time, and the oracle's regression."""

import csv
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.signals import ofi

SECOND = 10**9
Book = tuple[int, dict[int, int], dict[int, int]]


def published(book_of: Callable[..., Any], books: list[Book], *, lot: float = 1.0, **given: Any) -> list[float]:
    """Returns the value after each book (time, bids, asks)."""
    params, state = ofi.Params(**given), ofi.State()
    ofi.setup(params, state, None)
    values = []
    for now, bids, asks in books:
        ofi.on_book(params, state, *book_of(bids, asks, now=now, lot=lot))
        values.append(state.value)
    return values


def wandering(seed: int, count: int, gap: int = SECOND // 20) -> list[Book]:
    """Returns books that change a little, at random times."""
    rng = np.random.default_rng(seed)
    now, middle, books = 7 * SECOND, 1000, []
    for _ in range(count):
        now += int(rng.exponential(gap)) + 1
        middle += int(rng.integers(-1, 2))
        bids = {middle - int(d): int(q) for d, q in zip(rng.integers(0, 6, 4), rng.integers(1, 9, 4), strict=True)}
        asks = {middle + 1 + int(d): int(q) for d, q in zip(rng.integers(0, 6, 4), rng.integers(1, 9, 4), strict=True)}
        books.append((now, bids, asks))
    return books


def level(levels: dict[int, int], i: int, side: int) -> tuple[float, int]:
    """Returns price and quantity of the i-th level; beyond all others and 0 where there is none."""
    found = sorted(levels, key=lambda t: -side * t)
    return (found[i], levels[found[i]]) if i < len(found) else (-side * math.inf, 0)


def flow(before: Book, after: Book, i: int) -> float:
    """Returns e_n of the paper at one level, term by term."""
    (pb0, qb0), (pb, qb) = (level(book[1], i, 1) for book in (before, after))
    (pa0, qa0), (pa, qa) = (level(book[2], i, -1) for book in (before, after))
    return (pb >= pb0) * qb - (pb <= pb0) * qb0 - (pa <= pa0) * qa + (pa >= pa0) * qa0


def flows(books: list[Book], weights: list[float]) -> list[float]:
    """Returns the weighted e_n of every change, 0 for the first book."""
    pairs = itertools.pairwise(books)
    return [0.0, *(sum(w * flow(a, b, i) for i, w in enumerate(weights)) for a, b in pairs)]


@pytest.mark.parametrize("levels", [1, 2, 5])
@pytest.mark.parametrize("seed", [1, 2])
def test_it_is_the_papers_sum_over_the_window(book_of: Callable[..., Any], levels: int, seed: int) -> None:
    books, window = wandering(seed, 400), 2 * SECOND
    e = flows(books, [1.0] * levels)
    found = published(book_of, books, levels=levels, window=window, lot=0.5)
    slot = window // 50
    for n, (now, _, _) in enumerate(books):
        if now - books[0][0] < window:
            assert math.isnan(found[n])
        else:
            inside = [x for (t, _, _), x in zip(books[: n + 1], e, strict=False) if now // slot - t // slot < 50]
            assert found[n] == pytest.approx(0.5 * sum(inside), abs=1e-9)
    assert sum(math.isfinite(value) for value in found) > 200


@pytest.mark.parametrize("half_life", [SECOND // 2, 3 * SECOND])
def test_with_a_half_life_it_is_the_decayed_sum(book_of: Callable[..., Any], half_life: int) -> None:
    books = wandering(3, 300)
    e = flows(books, [1.0, 1.0])
    found = published(book_of, books, levels=2, half_life=half_life)
    for n in (120, 250, 299):
        now = books[n][0]
        wanted = sum(x * 2.0 ** (-(now - t) / half_life) for (t, _, _), x in zip(books[: n + 1], e, strict=False))
        assert found[n] == pytest.approx(wanted, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("decay", [{}, {"half_life": SECOND}])
def test_normalised_it_is_divided_by_the_mean_quantity_of_a_level(book_of: Callable[..., Any], decay: Any) -> None:
    books = wandering(4, 300)
    found = published(book_of, books, levels=2, normalised=True, window=SECOND, lot=0.001, **decay)
    e = flows(books, [1.0, 1.0])
    now = books[-1][0]
    if decay:
        weight = [2.0 ** (-(now - t) / SECOND) for t, _, _ in books]
    else:
        weight = [float(now // (SECOND // 50) - t // (SECOND // 50) < 50) for t, _, _ in books]
    depth = [sum(level(b, i, 1)[1] + level(a, i, -1)[1] for i in (0, 1)) / 4 for _, b, a in books]
    weight[0] = 0.0  # the first book is no change
    wanted = np.dot(weight, e) / (np.dot(weight, depth) / np.sum(weight))
    assert found[-1] == pytest.approx(wanted, rel=1e-9)


def test_weights_make_one_number_of_the_levels(book_of: Callable[..., Any]) -> None:
    books = wandering(5, 200)
    found = published(book_of, books, levels=3, weights=(0.5, 0.0, -2.0), half_life=SECOND)
    e = flows(books, [0.5, 0.0, -2.0])
    now = books[-1][0]
    assert found[-1] == pytest.approx(
        sum(x * 2.0 ** (-(now - t) / SECOND) for (t, _, _), x in zip(books, e, strict=True)), rel=1e-9
    )
    with pytest.raises(mmkit.ConfigError, match=r"ofi\.weights: 2 numbers for levels = 3"):
        ofi.setup(ofi.Params(levels=3, weights=(1.0, 2.0)), ofi.State(), None)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 4), st.booleans())
def test_exchanged_sides_give_the_opposite_flow(
    book_of: Callable[..., Any], seed: int, levels: int, normalised: bool
) -> None:
    books = wandering(seed, 30, SECOND)
    mirrored = [(now, {2001 - t: q for t, q in a.items()}, {2001 - t: q for t, q in b.items()}) for now, b, a in books]
    given: dict[str, Any] = {"levels": levels, "normalised": normalised, "window": 3 * SECOND}
    there, back = published(book_of, books, **given), published(book_of, mirrored, **given)
    assert there == pytest.approx([-value for value in back], rel=1e-9, abs=1e-9, nan_ok=True)
    assert not any(math.isinf(value) for value in there)


def test_levels_that_are_too_far_away_do_not_count(book_of: Callable[..., Any]) -> None:
    books = [(t * SECOND, {100: 5, 80: 3 + t}, {101: 4}) for t in range(12)]
    assert published(book_of, books, levels=2)[-1] == 10.0
    assert published(book_of, books, levels=2, ticks=19)[-1] == 0.0
    assert published(book_of, books)[-1] == 0.0


def test_what_left_the_window_is_forgotten_in_a_still_book_too(book_of: Callable[..., Any]) -> None:
    params, state = ofi.Params(window=mmkit.Duration(SECOND)), ofi.State()
    for now, lots in ((0, 5), (SECOND, 9)):
        ofi.on_book(params, state, *book_of({100: lots}, {101: 4}, now=now))
    values = []
    for tenth in range(11, 21):
        ofi.on_clock(params, state, *book_of({100: 9}, {101: 4}, now=tenth * SECOND // 10))
        values.append(state.value)
    assert values == [4.0] * 9 + [0.0]


def test_nothing_is_made_of_what_a_missing_side_hides(book_of: Callable[..., Any]) -> None:
    params, state = ofi.Params(window=mmkit.Duration(SECOND)), ofi.State()
    for now, lots in ((0, 5), (SECOND, 9)):
        ofi.on_book(params, state, *book_of({100: lots}, {101: 4}, now=now))
    assert state.value == 4.0
    ofi.on_clock(params, state, *book_of({}, {101: 4}, now=SECOND + 1))
    assert math.isnan(state.value)
    ofi.on_book(params, state, *book_of({70: 800}, {71: 1}, now=SECOND + 2))
    assert state.value == 4.0


def test_later_books_do_not_change_earlier_values(book_of: Callable[..., Any]) -> None:
    books = wandering(6, 200)
    whole = published(book_of, books, window=SECOND, levels=3)
    assert whole[:150] == pytest.approx(published(book_of, books[:150], window=SECOND, levels=3), abs=0, nan_ok=True)


def test_the_impact_is_the_oracles_regression(book_oracle: dict[str, Any]) -> None:
    case = book_oracle["ofi_regression"]
    with (case["folder"] / case["inputs"]["data"]["file"]).open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = ofi.impact([float(row["ofi"]) for row in rows], [float(row["mid_change_ticks"]) for row in rows])
    wanted = [case["outputs"][name] for name in ("alpha", "beta", "se_beta", "r2")]
    assert found == pytest.approx(wanted, rel=case["tolerance"]["rtol"])
    assert abs(found[1] - case["truth"]["beta"]) < 4 * found[2]


def test_the_impact_needs_flows_that_differ() -> None:
    assert ofi.impact([1.0, 2.0, 3.0], [3.0, 5.0, 7.0]) == pytest.approx((1.0, 2.0, 0.0, 1.0))
    for flows_, moves in (([1.0, 2.0], [1.0, 2.0]), ([1.0] * 5, [1.0] * 5), ([1.0, 2.0, 3.0], [1.0])):
        with pytest.raises(ValueError, match="windows"):
            ofi.impact(flows_, moves)
