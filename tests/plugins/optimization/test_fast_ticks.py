"""Unchecked rounding agrees with the checked one wherever its bound says so, and a run has the same fills."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.optimization.fast_ticks import ceil_fast, floor_fast


@given(st.integers(-(10**6), 10**6), st.floats(2e-9, 1 - 2e-9))
def test_between_two_steps_both_round_alike(whole: int, part: float) -> None:
    x = whole + part
    assert floor_fast(x) == mmkit.floor_to_grid(x)
    assert ceil_fast(x) == mmkit.ceil_to_grid(x)


@given(st.integers(-(10**6), 10**6), st.sampled_from([0.1, 0.01, 0.25, 1e-5]))
def test_a_value_on_the_grid_stays_there(ticks: int, step: float) -> None:
    x = ticks * step / step
    assert floor_fast(x) == ceil_fast(x) == ticks


def test_beyond_a_million_steps_it_may_be_one_step_off() -> None:
    x = 10**9 - 4e-7  # within 4 eps of a whole number, which the checked way takes it for
    assert mmkit.floor_to_grid(x) == 10**9
    assert floor_fast(x) == 10**9 - 1


def test_a_run_has_the_same_fills(stack: Path) -> None:
    usual = mmkit.run(stack, engine="python")
    fast = mmkit.run(stack, engine="python", enable=["ladder.fast-ticks", "execution.fast-ticks"])
    assert fast.fills.equals(usual.fills)
    assert fast.records.equals(usual.records)
