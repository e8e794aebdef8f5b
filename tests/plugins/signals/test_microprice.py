"""The micro-price against Stoikov's series on the oracle's chain, and what it learns of a chain that is known."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.signals import microprice

SECOND = 10**9


def series(first: Any, then: Any, terms: int) -> Any:
    """Returns the first terms of the sum of B^i G1."""
    total, term = np.zeros(len(first)), np.array(first)
    for _ in range(terms):
        total, term = total + term, then @ term
    return total


def chain_of(case: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Returns Q, R2 and the expected change of the mid of the oracle's chain."""
    q, r1, r2, moves = (np.array(case["inputs"][name]) for name in ("Q", "R1", "R2", "K_ticks"))
    return q, r2, r1 @ moves


def test_the_solved_chain_is_the_oracles(book_oracle: dict[str, Any]) -> None:
    case = book_oracle["microprice_known_chain"]
    wanted, found = case["outputs"], microprice.solve(*chain_of(case))

    def close(values: Any) -> Any:
        return pytest.approx(np.array(values), rel=1e-10, abs=1e-12)

    assert found.first == close(wanted["G1"])
    assert found.then == close(wanted["B"])
    assert found.adjustment == close(wanted["G_star"])
    for terms in (1, 3, 7):
        assert series(found.first, found.then, terms) == close(wanted[f"G_after_{terms}"])
    assert np.array(wanted["stationary_of_B"]) @ found.then == close(wanted["stationary_of_B"])


def test_the_rules_own_solution_is_the_oracles(book_oracle: dict[str, Any]) -> None:
    case = book_oracle["microprice_known_chain"]
    q, r2, gains = chain_of(case)
    params, state, many = microprice.Params(bins=3, spreads=2), microprice.State(), 10**6
    for row, x in ((0, 0), (1, 3)):
        state.left[row] = many
        state.moved[row] = round(2 * many * gains[x])
        for column, y in ((0, 0), (1, 3)):
            state.met[row * microprice.HALF + column] = round(many * (q + r2)[x, y]) - round(many * (q + r2)[x, y + 2])
    microprice.fit_now(params, state)
    assert state.adjustment[:6] == pytest.approx(case["outputs"]["G_star"], rel=1e-10, abs=1e-12)


def test_it_learns_a_known_chain_within_the_errors_of_counting(book_oracle: dict[str, Any]) -> None:
    case = book_oracle["microprice_known_chain"]
    q, r1, r2 = (np.array(case["inputs"][name]) for name in ("Q", "R1", "R2"))
    rng, params, state = (
        np.random.default_rng(8),
        microprice.Params(bins=3, spreads=2, moves=10_000),
        microprice.State(),
    )
    x, mid = 2, 4000
    for now in range(40_000):
        microprice.learn(params, state, x, mid, now)
        p = np.concatenate([q[x], r2[x]])
        to = int(rng.choice(12, p=p / p.sum()))
        if to >= 6:
            mid += (-2, -1, 1, 2)[int(rng.choice(4, p=r1[x] / r1[x].sum()))]
        x = to % 6
    # A walk of the chain has a standard error of 0.0127 from 10 000 independent paths (the oracle's own check).
    microprice.fit_now(params, state)
    assert state.adjustment[:6] == pytest.approx(case["outputs"]["G_star"], abs=0.02)
    assert state.adjustment[0] == -state.adjustment[2] != 0.0


def quotes(seed: int, count: int) -> tuple[Any, ...]:
    """Returns best bids, asks and their lots of a market that goes where less rests."""
    rng = np.random.default_rng(seed)
    bid, ask, rows = 1000, 1001, []
    for _ in range(count):
        lots = rng.integers(1, 20, 2)
        rows.append((bid, ask, *map(int, lots)))
        if rng.random() < 0.4:
            up = rng.random() < lots[0] / lots.sum()
            bid, ask = (bid + 1, ask + 1) if up else (bid - 1, ask - 1)
        if rng.random() < 0.3:
            ask = bid + 1 if ask - bid > 1 else ask + 1
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def fitted(columns: tuple[Any, ...], bins: int, spreads: int) -> microprice.Chain:
    """Returns what the fit finds in such quotes."""
    bid, ask, bid_lots, ask_lots = columns
    return microprice.fit(bid, ask, bid_lots, ask_lots, bins=bins, spreads=spreads)


def published(book_of: Callable[..., Any], rows: Any, **given: Any) -> tuple[list[float], microprice.State]:
    """Returns the shift after each quote, one a second, and the state at the end."""
    params, state = microprice.Params(**given), microprice.State()
    microprice.setup(params, state, None)
    shifts = []
    for n, (bid, ask, bid_lots, ask_lots) in enumerate(rows):
        book = book_of({int(bid): int(bid_lots)}, {int(ask): int(ask_lots)}, now=n * SECOND, tick=0.5)
        microprice.on_book(params, state, *book)
        assert state.value == pytest.approx(book[0].mid + state.shift, nan_ok=True)
        shifts.append(state.shift)
    return shifts, state


@pytest.mark.parametrize(("bins", "spreads"), [(5, 2), (4, 1), (2, 2)])
def test_what_it_learns_is_what_the_fit_finds_in_the_record(
    book_of: Callable[..., Any], bins: int, spreads: int
) -> None:
    columns = quotes(1, 2500)
    _, state = published(book_of, zip(*columns, strict=True), bins=bins, spreads=spreads)
    microprice.fit_now(microprice.Params(bins=bins, spreads=spreads), state)
    found = fitted(columns, bins, spreads)
    assert state.adjustment[: bins * spreads] == pytest.approx(found.adjustment, rel=1e-9, abs=1e-12)
    assert found.adjustment[0] < -0.05 < 0.05 < found.adjustment[bins - 1]
    assert series(found.first, found.then, 500) == pytest.approx(found.adjustment, abs=1e-9)


def test_states_never_seen_have_no_adjustment(book_of: Callable[..., Any]) -> None:
    columns = quotes(2, 1500)
    _, state = published(book_of, zip(*columns, strict=True), bins=3, spreads=4, refit=1)
    found = fitted(columns, 3, 4).adjustment
    assert np.isnan(found[6:]).all()
    assert np.isfinite(found[:6]).all()
    assert np.isnan([state.adjustment[i] for i in (6, 8, 9, 11)]).all()


def test_it_goes_by_what_was_seen_up_to_now(book_of: Callable[..., Any]) -> None:
    rows = list(zip(*quotes(3, 900), strict=True))
    whole, _ = published(book_of, rows, bins=3, spreads=2, moves=50)
    part, _ = published(book_of, rows[:500], bins=3, spreads=2, moves=50)
    assert whole[:500] == pytest.approx(part, abs=0, nan_ok=True)
    assert math.isfinite(part[-1])


def test_it_waits_for_its_moves_and_fits_when_due(book_of: Callable[..., Any]) -> None:
    rows = list(zip(*quotes(4, 900), strict=True))
    shifts, _ = published(book_of, rows, bins=3, spreads=2, moves=100)
    ready = next(n for n, shift in enumerate(shifts) if math.isfinite(shift))
    mids = [int(bid) + int(ask) for bid, ask, _, _ in rows]
    assert sum(a != b for a, b in itertools.pairwise(mids[: ready + 1])) == 100
    tables = {round(abs(shift), 12) for shift in shifts[ready : ready + 60]}
    assert len(tables) <= 3
    often, _ = published(book_of, rows, bins=3, spreads=2, moves=100, refit=SECOND)
    assert len({round(abs(shift), 12) for shift in often[ready : ready + 60]}) > 20


def test_a_given_table_is_looked_up_by_spread_and_bin(book_of: Callable[..., Any]) -> None:
    table = (-0.3, -0.1, 0.1, 0.3, -0.2, -0.05, 0.05, 0.2)
    given: dict[str, Any] = {"bins": 4, "spreads": 2, "adjustment": table}
    rows = [(100, 101, 1, 99), (100, 101, 30, 70), (100, 101, 70, 30), (100, 102, 99, 1), (100, 109, 26, 74)]
    shifts, _ = published(book_of, rows, **given)
    assert shifts == [0.5 * ticks for ticks in (-0.3, -0.1, 0.1, 0.2, -0.05)]
    wider, _ = published(book_of, rows, bins=2, spreads=4, adjustment=table)
    assert wider != shifts


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"bins": 3, "spreads": 2, "adjustment": (0.1, 0.2)},
            "microprice.adjustment: 2 numbers for 3 bins times 2 spreads",
        ),
        ({"bins": 64, "spreads": 3}, "microprice.bins: 64 bins times 3 spreads: at most 128"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(mmkit.ConfigError, match=said):
        microprice.setup(microprice.Params(**given), microprice.State(), None)


@given(st.integers(1, 31), st.integers(1, 10**9), st.integers(1, 10**9))
def test_bins_are_equal_parts_and_mirror_images(bins: int, bid: int, ask: int) -> None:
    found = microprice.bin_of(bins, bid, ask)
    assert found / bins <= bid / (bid + ask) + 1e-12
    assert bid / (bid + ask) <= (found + 1) / bins + 1e-12
    if bid != ask:
        assert microprice.bin_of(bins, ask, bid) == bins - 1 - found


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(90, 110), st.integers(1, 6), st.integers(1, 30), st.integers(1, 30)),
        min_size=2,
        max_size=60,
    ),
    st.integers(1, 6),
    st.integers(1, 4),
)
def test_whatever_happens_it_is_a_number_or_not_ready(
    book_of: Callable[..., Any], rows: list[tuple[int, int, int, int]], bins: int, spreads: int
) -> None:
    shifts, state = published(
        book_of, [(bid, bid + gap, b, a) for bid, gap, b, a in rows], bins=bins, spreads=spreads, moves=1, refit=1
    )
    assert not any(map(math.isinf, shifts))
    assert not any(map(math.isinf, state.adjustment))


def test_a_chain_that_only_ever_falls_has_no_fair_price(book_of: Callable[..., Any]) -> None:
    shifts, _ = published(book_of, [(1000 - n, 1001 - n, 1, 9) for n in range(50)], bins=3, spreads=1, moves=1, refit=1)
    assert all(map(math.isnan, shifts))


def test_d_63_a_missing_side_is_no_number_instead_of_a_guess(book_of: Callable[..., Any]) -> None:
    params, state = microprice.Params(bins=1, spreads=1, adjustment=(0.0,)), microprice.State()
    microprice.setup(params, state, None)
    microprice.on_book(params, state, *book_of({100: 1}, {101: 2}))
    microprice.on_clock(params, state, *book_of({100: 1}, {101: 2}))
    assert state.value == 100.5
    microprice.on_clock(params, state, *book_of({100: 1}, {}))
    assert math.isnan(state.value)
    assert math.isnan(state.shift)


def test_nothing_is_learned_from_what_a_missing_side_hides(book_of: Callable[..., Any]) -> None:
    params, state = microprice.Params(), microprice.State()
    microprice.on_book(params, state, *book_of({100: 1}, {101: 2}))
    microprice.on_clock(params, state, *book_of({100: 1}, {}))
    microprice.on_book(params, state, *book_of({200: 1}, {201: 2}))
    assert state.mid_moves == 0
    assert not any(state.left)
