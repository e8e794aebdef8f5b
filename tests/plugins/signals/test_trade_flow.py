"""Trade flow against sums over the trades of its window."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import MarketView, Trade
from mmkit_plugins.signals import trade_flow

SECOND = 10**9
LOT = 0.01
Print = tuple[int, int, int]
"""Time (ns), lots, side of the aggressor."""

START = 17 * SECOND
prints = st.lists(
    st.tuples(st.integers(START, START + 30 * SECOND), st.integers(1, 900), st.sampled_from((1, -1, 0))), max_size=60
)


def view(now: int) -> MarketView:
    return MarketView(now=now, start=START, lot_size=LOT)


def published(trades: list[Print], at: int, **given: Any) -> trade_flow.State:
    params, state = trade_flow.Params(**given), trade_flow.State()
    for now, lots, side in trades:
        trade_flow.on_trade(params, state, view(now), Trade(side, 100.0, lots * LOT, 100, lots))
    trade_flow.on_clock(params, state, view(at))
    return state


def outputs(state: trade_flow.State) -> list[float]:
    return [getattr(state, name) for name in trade_flow.mmkit_signals().outputs]


def expected(trades: list[Print], weights: list[float], seconds: float) -> list[float]:
    def total(side: int | None, lots: bool) -> float:
        chosen = zip(trades, weights, strict=True)
        return sum(w * (each[1] if lots else 1) for each, w in chosen if side is None or each[2] == side)

    def balance(lots: bool) -> float:
        up, down = total(1, lots), total(-1, lots)
        return (up - down) / (up + down) if up + down else 0.0

    return [balance(True), balance(False), total(None, False) / seconds, total(None, True) * LOT / seconds]


@settings(deadline=None, max_examples=150)
@given(prints, st.integers(0, 12 * SECOND))
def test_a_rolling_window_is_the_trades_in_it(drawn: list[Print], later: int) -> None:
    trades, at = sorted(drawn), START + 30 * SECOND + later
    found = published(trades, at, window=mmkit.Duration(5 * SECOND))
    slot = SECOND // 10
    first = (at // slot - 49) * slot
    weights = [1.0 if each[0] >= first else 0.0 for each in trades]
    assert outputs(found) == pytest.approx(expected(trades, weights, (at - first) / SECOND), rel=1e-9)


@settings(deadline=None, max_examples=150)
@given(prints, st.integers(0, 12 * SECOND))
def test_a_decayed_window_is_the_weighted_past(drawn: list[Print], later: int) -> None:
    trades, at = sorted(drawn), START + 30 * SECOND + later
    found = published(trades, at, half_life=mmkit.Duration(3 * SECOND))
    weights = [2.0 ** (-(at - each[0]) / (3 * SECOND)) for each in trades]
    seconds = (1.0 - 2.0 ** (-(at - START) / (3 * SECOND))) * 3.0 / math.log(2.0)
    assert outputs(found) == pytest.approx(expected(trades, weights, seconds), rel=1e-9)
    assert all(math.isfinite(value) for value in outputs(found))


@pytest.mark.parametrize("given", [{"window": 60 * SECOND}, {"half_life": 60 * SECOND}])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_recovers_the_rate_of_a_poisson_tape_within_its_standard_error(given: dict[str, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = START + np.cumsum(rng.exponential(SECOND / 20, 6000)).astype(np.int64)
    sides = np.where(rng.random(6000) < 0.7, 1, -1)
    found = published([(int(t), 5, int(side)) for t, side in zip(times, sides, strict=True)], int(times[-1]), **given)
    # A decayed window counts as one of 2 tau / ln 2.
    counted = 20 * (60 if "window" in given else 120 / math.log(2))
    assert abs(found.rate / 20 - 1) < 4 / math.sqrt(counted)
    assert found.volume_rate == pytest.approx(found.rate * 5 * LOT)
    assert abs(found.value - 0.4) < 4 * math.sqrt(1 - 0.4**2) / math.sqrt(counted)


def test_one_sided_flow_is_one_and_no_flow_is_none() -> None:
    at = START + 61 * SECOND
    assert published([(at - SECOND, 5, 1)], at).value == 1.0
    assert published([(at - SECOND, 5, -1)], at).value == -1.0
    assert outputs(published([], at)) == [0.0, 0.0, 0.0, 0.0]


def test_number_and_quantity_are_told_apart() -> None:
    at = START + 61 * SECOND
    found = published([(at - 3, 300, 1), (at - 2, 1, -1), (at - 1, 1, -1)], at)
    assert found.value == pytest.approx(298 / 302)
    assert found.count == pytest.approx(-1 / 3)


def test_what_left_the_window_is_forgotten_without_a_trade() -> None:
    at = START + 61 * SECOND
    assert published([(at, 5, 1)], at + 59 * SECOND - SECOND).value == 1.0
    assert published([(at, 5, 1)], at + 60 * SECOND).value == 0.0


@pytest.mark.parametrize("given", [{}, {"half_life": 60 * SECOND}])
def test_it_is_not_ready_before_its_window_has_passed(given: dict[str, int]) -> None:
    trades = [(START + SECOND, 5, 1)]
    assert all(math.isnan(value) for value in outputs(published(trades, START + 60 * SECOND - 1, **given)))
    assert all(math.isfinite(value) for value in outputs(published(trades, START + 60 * SECOND, **given)))


@pytest.mark.parametrize("given", [{"window": 5 * SECOND}, {"half_life": 5 * SECOND}])
def test_every_parameter_changes_an_output(given: dict[str, int]) -> None:
    trades = [(START + i * SECOND, 1 + i % 4, 1 if i % 3 else -1) for i in range(70)]
    at = START + 70 * SECOND
    assert outputs(published(trades, at)) != outputs(published(trades, at, **given))


@pytest.mark.parametrize("given", [{}, {"half_life": 60 * SECOND}])
def test_exchanged_sides_give_the_opposite(given: dict[str, int]) -> None:
    trades = [(START + i * SECOND, 1 + i % 4, 1 if i % 3 else -1) for i in range(70)]
    at = START + 70 * SECOND
    there, back = published(trades, at, **given), published([(t, n, -s) for t, n, s in trades], at, **given)
    assert (there.value, there.count, there.rate) == (-back.value, -back.count, back.rate)
