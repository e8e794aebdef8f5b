"""A drawdown closes the position and halts; a release ends the halt only where the drawdown is gone or forgiven."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.risk import drawdown

SECOND = 10**9


def test_it_counts_from_the_peak_and_not_from_the_start(watched: Any) -> None:
    seen = watched(drawdown, money=10.0)
    seen.fill(1, 1, 100.0)
    assert seen.mark(125.0) == mmkit.NORMAL
    assert seen.mark(115.1) == mmkit.NORMAL
    assert seen.mark(115.0) == mmkit.FLATTEN


def test_the_lower_of_both_limits_counts(watched: Any) -> None:
    for money, fraction, capital, limit in ((10.0, 0.1, 50.0, 5.0), (4.0, 0.1, 50.0, 4.0), (math.inf, 0.1, 80.0, 8.0)):
        seen = watched(drawdown, money=money, fraction=fraction, capital=capital)
        seen.fill(1, 1, 100.0)
        assert seen.mark(100.0 - limit + 0.01) == mmkit.NORMAL
        assert seen.mark(100.0 - limit - 0.01) == mmkit.FLATTEN


def test_fees_are_part_of_it(watched: Any) -> None:
    seen = watched(drawdown, money=0.95, maker_fee=0.001)
    levels = [seen.fill(side, 1, 100.0) for side in (1, -1) * 5]
    assert levels[:9] == [mmkit.NORMAL] * 9
    assert levels[9] == mmkit.HALT


def test_it_closes_until_flat_and_then_halts(watched: Any) -> None:
    seen = watched(drawdown, money=10.0, patience=7)
    seen.fill(1, 2, 100.0)
    assert seen.mark(95.0) == mmkit.FLATTEN
    assert seen.control.patience == 7
    assert seen.mark(100.0) == mmkit.FLATTEN
    assert seen.fill(-1, 1, 100.0) == mmkit.FLATTEN
    assert seen.fill(-1, 1, 99.0) == mmkit.HALT
    assert seen.ask(at=1e6) == mmkit.HALT


def halted(watched: Any, **params: Any) -> Any:
    """Returns a rule that has halted after a loss of 10, at 100 s."""
    seen = watched(drawdown, money=10.0, **params)
    seen.fill(1, 1, 100.0)
    seen.mark(90.0)
    assert seen.fill(-1, 1, 90.0, at=100.0) == mmkit.HALT
    return seen


def test_a_release_does_not_end_a_drawdown_that_stands(watched: Any) -> None:
    seen = halted(watched)
    seen.control.releases = 1
    assert seen.ask(at=1e6) == mmkit.HALT


def test_equity_that_has_recovered_ends_the_halt_at_a_release_and_not_before(watched: Any) -> None:
    seen = halted(watched)
    seen.account.equity = -9.0
    assert seen.ask() == mmkit.HALT
    seen.control.releases = 1
    assert seen.ask() == mmkit.NORMAL
    seen.account.equity = -10.0
    assert seen.ask() == mmkit.HALT


def test_unknown_equity_neither_halts_nor_ends_a_halt(watched: Any) -> None:
    seen = watched(drawdown, money=10.0)
    seen.account.equity = math.nan
    assert seen.ask() == mmkit.NORMAL
    seen = halted(watched, forgive_after=1)
    seen.account.equity = math.nan
    seen.control.releases = 1
    assert seen.ask(at=1e6) == mmkit.HALT


def test_after_a_long_halt_a_release_lets_the_peak_start_anew(watched: Any) -> None:
    seen = halted(watched, forgive_after=50 * SECOND)
    seen.control.releases = 1
    assert seen.ask(at=149.0) == mmkit.HALT
    assert seen.ask(at=150.0) == mmkit.HALT, "not without another release"
    seen.control.releases = 2
    assert seen.ask(at=150.0) == mmkit.NORMAL
    for equity, level in ((-19.0, mmkit.NORMAL), (-5.0, mmkit.NORMAL), (-14.9, mmkit.NORMAL), (-15.0, mmkit.HALT)):
        seen.account.equity = equity
        assert seen.ask() == level


@pytest.mark.parametrize(
    "params",
    [{}, {"capital": 5.0}, {"fraction": 0.1}, {"money": 1.0, "fraction": 0.1}, {"money": 1.0, "capital": 5.0}],
)
def test_a_limit_and_what_it_is_of_are_needed(params: dict[str, float]) -> None:
    with pytest.raises(mmkit.ConfigError, match=r"drawdown\.(money|capital)"):
        drawdown.setup(drawdown.Params(**params), drawdown.State(), SimpleNamespace())


@given(equities=st.lists(st.integers(-100, 100), min_size=1, max_size=20), limit=st.integers(1, 100))
def test_it_halts_at_the_first_equity_that_is_the_limit_below_one_before_it(
    watched: Any, equities: list[int], limit: int
) -> None:
    seen = watched(drawdown, money=float(limit))
    walk = [0, *equities]
    found = [seen.ask()]
    for equity in equities:
        seen.account.equity = float(equity)
        seen.account.peak = max(seen.account.peak, seen.account.equity)
        found.append(seen.ask())
    first = [any(high - low >= limit for high in walk[:i]) for i, low in enumerate(walk)]
    wanted = first.index(True) if True in first else len(walk)
    assert found == [mmkit.NORMAL] * wanted + [mmkit.HALT] * (len(walk) - wanted)
