"""The kill switch takes its steps at once and leaves them late; what it cannot read closes."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.risk import kill_switch
from mmkit_plugins.risk.kill_switch import Step

SECOND = 10**9
LEVELS = {"widen_at": 1.0, "reduce_at": 2.0, "cancel_at": 3.0, "flatten_at": 4.0}


def switch(watched: Any, **params: Any) -> Any:
    """Returns a switch with all steps, and no time between them unless given."""
    seen = watched(kill_switch, **{**LEVELS, "cool_down": 0, **params})
    seen.inputs = (kill_switch.Inputs(),)
    return seen


def at(seen: Any, danger: float, time: float = 0.0) -> int:
    """Returns the level at this danger."""
    seen.inputs[0].danger = danger
    return int(seen.ask(at=time))


def test_each_step_has_its_level() -> None:
    assert [int(step) for step in Step] == [mmkit.WIDEN, mmkit.REDUCE_ONLY, mmkit.NO_QUOTES, mmkit.FLATTEN]


@pytest.mark.parametrize(
    ("danger", "level"),
    [(-5.0, 0), (0.99, 0), (1.0, 1), (1.99, 1), (2.0, 2), (3.0, 3), (3.99, 3), (4.0, 4), (1e300, 4)],
)
def test_it_takes_the_highest_step_that_the_danger_reaches(watched: Any, danger: float, level: int) -> None:
    assert at(switch(watched), danger) == level


def test_a_step_that_is_not_used_is_left_out(watched: Any) -> None:
    seen = switch(watched, widen_at=math.inf, flatten_at=math.inf)
    assert [at(seen, danger) for danger in (1.5, 2.5, 3.5, 1e300)] == [0, 2, 3, 3]
    assert at(seen, math.inf) == mmkit.NO_QUOTES


def test_wider_is_by_its_factor_and_never_narrower_than_another_rule_wants(watched: Any) -> None:
    seen = switch(watched, widen=3.0)
    at(seen, 1.0)
    assert seen.control.widen == 3.0
    at(seen, 2.0)
    assert seen.control.widen == 1.0
    seen.control.widen = 5.0
    seen.inputs[0].danger = 1.0
    seen.rule.watch(seen.params, seen.state, seen.market, *seen.inputs, seen.account, None, seen.control)
    assert seen.control.widen == 5.0


def test_flattening_has_its_patience(watched: Any) -> None:
    seen = switch(watched, patience=7)
    at(seen, 3.0)
    assert seen.control.patience == 0
    at(seen, 4.0)
    assert seen.control.patience == 7


@pytest.mark.parametrize("missing", list(Step))
@pytest.mark.parametrize("danger", [math.nan, -math.inf])
def test_what_is_missing_counts_as_the_step_given(watched: Any, missing: Step, danger: float) -> None:
    assert at(switch(watched, missing=missing), danger) == int(missing)


def test_an_infinite_danger_is_missing_or_worse(watched: Any) -> None:
    assert at(switch(watched, missing=Step.WIDEN), math.inf) == mmkit.FLATTEN
    assert at(switch(watched, missing=Step.FLATTEN, flatten_at=math.inf), math.inf) == mmkit.FLATTEN


def test_what_is_missing_lowers_no_level(watched: Any) -> None:
    seen = switch(watched, missing=Step.WIDEN, cool_down=SECOND)
    at(seen, 4.0)
    assert at(seen, math.nan) == mmkit.FLATTEN


def test_a_lower_danger_must_last_for_the_cool_down(watched: Any) -> None:
    seen = switch(watched, cool_down=10 * SECOND)
    assert at(seen, 3.0, 100.0) == 3
    assert at(seen, 0.0, 101.0) == 3
    assert at(seen, 3.0, 105.0) == 3
    assert at(seen, 0.0, 114.9) == 3
    assert at(seen, 0.0, 115.0) == 0


def test_it_falls_to_the_highest_step_called_for_in_that_time(watched: Any) -> None:
    seen = switch(watched, cool_down=10 * SECOND)
    at(seen, 4.0, 100.0)
    at(seen, 2.0, 104.0)
    assert at(seen, 0.0, 110.0) == 2
    assert at(seen, 1.0, 115.0) == 2
    assert at(seen, 0.0, 120.0) == 1
    assert at(seen, 0.0, 130.0) == 0


def test_the_lowest_step_is_left_where_the_danger_clears(watched: Any) -> None:
    seen = switch(watched, clears_at=0.5)
    assert at(seen, 0.9) == 0, "what has not begun need not clear"
    assert at(seen, 2.0) == 2
    assert at(seen, 0.9) == 1
    assert at(seen, 0.5) == 0
    seen = switch(watched, widen_at=math.inf, reduce_at=math.inf, clears_at=0.5, missing=Step.WIDEN)
    assert at(seen, math.nan) == 1
    assert at(seen, 0.9) == 1, "a step below those in use does not rise to them"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"widen_at": 2.0, "reduce_at": 1.0},
        {"widen_at": 2.0, "flatten_at": 1.0},
        {"reduce_at": 1.0, "clears_at": 1.0},
        {"cancel_at": 1.0, "clears_at": 2.0},
    ],
)
def test_steps_are_used_in_order_and_clear_below(params: dict[str, float]) -> None:
    with pytest.raises(mmkit.ConfigError, match=r"kill-switch\.c"):
        kill_switch.setup(kill_switch.Params(**params), kill_switch.State(), SimpleNamespace())


dangers = st.one_of(st.floats(-1.0, 6.0), st.sampled_from([math.nan, math.inf, -math.inf]))


@given(walk=st.lists(st.tuples(st.integers(0, 20), dangers), max_size=40), cool_down=st.integers(0, 30))
def test_the_level_is_never_below_what_the_danger_calls_for_nor_has_been_for_the_cool_down(
    watched: Any, walk: list[tuple[int, float]], cool_down: int
) -> None:
    seen = switch(watched, cool_down=cool_down * SECOND)
    asked: list[tuple[int, int, int]] = []
    now = 0
    for step, danger in walk:
        now += step
        called = 3 if math.isnan(danger) or danger == -math.inf else sum(danger >= limit for limit in LEVELS.values())
        level = at(seen, danger, float(now))
        asked.append((now, called, level))
        assert level >= called
        # Nothing lower than what was called for less than a cool-down ago.
        assert level >= max(c for t, c, _ in asked if now - t < max(cool_down, 1e-9) or t == now) or cool_down == 0
        # And nothing that was not called for since the level was last as high.
        assert level in {c for _, c, _ in asked}
