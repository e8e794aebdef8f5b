"""After a halt quoting comes back in steps, once the rules that halted find their causes gone."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import Quotes
from mmkit_plugins.risk import drawdown, recovery, stop_loss
from mmkit_plugins.risk.recovery import After

SECOND = 10**9


def recovering(watched: Any, **params: Any) -> Any:
    """Returns a recovery with 10 s of wait and 3 steps of 5 s, in a market at 100."""
    seen = watched(recovery, **{"cool_down": 10 * SECOND, "steps": 3, "every": 5 * SECOND, **params})
    seen.show(100.0)
    return seen


def at(seen: Any, time: float, level: int) -> tuple[int, int]:
    """Returns releases and step after the rule has seen the level in force."""
    seen.control.level = level
    assert seen.ask(at=time) == mmkit.NORMAL
    return seen.control.releases, seen.control.step


def quoted(seen: Any, levels: int) -> list[int]:
    """Returns which levels of a ladder of so many are quoted, both sides alike."""
    ladder = Quotes(levels=levels)
    for i in range(levels):
        ladder.bid_lots[i], ladder.ask_lots[i] = i + 1, i + 1
    seen.rule.limit(seen.params, seen.state, seen.market, ladder, None)
    assert ladder.bid_lots == ladder.ask_lots
    assert all(lots in (0, i + 1) for i, lots in enumerate(ladder.bid_lots[:levels]))
    return [i for i in range(levels) if ladder.bid_lots[i]]


def test_the_levels_are_the_kernel_s() -> None:
    assert [int(after) for after in After] == [mmkit.NO_QUOTES, mmkit.FLATTEN, mmkit.HALT]


def test_without_a_halt_it_changes_nothing(watched: Any) -> None:
    seen = recovering(watched)
    for time in range(100):
        assert at(seen, float(time), time % mmkit.HALT) == (0, 0)
    assert quoted(seen, 7) == list(range(7))


def test_it_asks_once_per_wait_while_the_halt_lasts(watched: Any) -> None:
    seen = recovering(watched)
    found = [at(seen, 100.0 + time, mmkit.HALT)[0] for time in range(31)]
    assert found == [0] * 10 + [1] * 10 + [2] * 10 + [3]


def test_then_it_quotes_in_steps(watched: Any) -> None:
    seen = recovering(watched)
    at(seen, 100.0, mmkit.HALT)
    at(seen, 110.0, mmkit.HALT)
    for time, step, levels in (
        (110.1, 1, 2),
        (115.0, 1, 2),
        (115.1, 2, 4),
        (120.0, 2, 4),
        (120.1, 0, 7),
        (999.0, 0, 7),
    ):
        assert at(seen, time, mmkit.NORMAL) == (1, step)
        assert quoted(seen, 7) == list(range(levels))
        assert seen.control.steps == 3


def test_a_single_step_is_all_levels_at_once(watched: Any) -> None:
    seen = recovering(watched, steps=1)
    at(seen, 100.0, mmkit.HALT)
    at(seen, 110.0, mmkit.HALT)
    assert at(seen, 110.1, mmkit.NORMAL) == (1, 0)
    assert quoted(seen, 7) == list(range(7))


@given(levels=st.integers(1, 64), steps=st.integers(2, 64))
def test_each_step_quotes_its_share_of_the_levels_and_at_least_one(watched: Any, levels: int, steps: int) -> None:
    seen = recovering(watched, steps=steps)
    at(seen, 0.0, mmkit.HALT)
    for step in range(1, steps):
        assert at(seen, 5.0 * step, mmkit.NORMAL) == (0, step)
        assert len(quoted(seen, levels)) == max(1, math.floor(levels * step / steps + 1e-9))


def test_another_halt_starts_over(watched: Any) -> None:
    seen = recovering(watched)
    at(seen, 100.0, mmkit.HALT)
    at(seen, 110.0, mmkit.HALT)
    at(seen, 111.0, mmkit.NORMAL)
    assert at(seen, 116.0, mmkit.NORMAL) == (1, 2)
    assert at(seen, 117.0, mmkit.HALT) == (1, 0)
    assert at(seen, 126.9, mmkit.HALT) == (1, 0)
    assert at(seen, 127.0, mmkit.HALT) == (2, 0)
    assert at(seen, 128.0, mmkit.NORMAL) == (2, 1)


def test_the_steps_wait_until_nothing_else_holds_the_quotes_back(watched: Any) -> None:
    seen = recovering(watched)
    at(seen, 100.0, mmkit.HALT)
    assert at(seen, 101.0, mmkit.NO_QUOTES) == (0, 0)
    assert at(seen, 102.0, mmkit.WIDEN) == (0, 1)
    assert at(seen, 106.0, mmkit.REDUCE_ONLY) == (0, 1)
    assert at(seen, 110.0, mmkit.NORMAL) == (0, 1)
    assert at(seen, 111.0, mmkit.NORMAL) == (0, 2)


def test_it_asks_only_with_a_small_position_and_a_price(watched: Any) -> None:
    seen = recovering(watched, max_position=2.0)
    at(seen, 100.0, mmkit.HALT)
    for position, mid, releases in ((2.5, 100.0, 0), (-2.5, 100.0, 0), (0.0, math.nan, 0), (-2.0, 100.0, 1)):
        seen.market.position, seen.market.mid = position, mid
        assert at(seen, 150.0, mmkit.HALT) == (releases, 0)


@pytest.mark.parametrize("after", list(After))
def test_it_recovers_from_the_level_given_and_those_above(watched: Any, after: After) -> None:
    for level in range(mmkit.HALT + 1):
        seen = recovering(watched, after=after)
        at(seen, 100.0, level)
        assert at(seen, 101.0, mmkit.NORMAL) == (0, 1 if level >= after else 0)


def test_a_stop_is_released_and_a_drawdown_that_stands_is_not(watched: Any) -> None:
    for rule, params, released in ((stop_loss, {"fraction": 0.05}, True), (drawdown, {"money": 5.0}, False)):
        seen, back = watched(rule, **params), recovering(watched)
        back.control = seen.control
        seen.fill(1, 1, 100.0)
        seen.fill(1, 1, 80.0)
        seen.fill(-1, 2, 80.0)
        levels = []
        for time in range(30):
            level = seen.ask(at=float(time))
            at(back, float(time), level)
            levels.append(level)
        assert levels[:11] == [mmkit.HALT] * 11
        assert levels[11:] == [mmkit.NORMAL if released else mmkit.HALT] * 19
