"""The slope of the mid: the kit's checks, and what it is on markets where it can be worked out by hand."""

import math
from types import SimpleNamespace

import mmkit
import pytest
from mmkit.testing import RuleTests

from mmkit.scaffold.rules import signals

SECOND = 10**9


class TestRule(RuleTests):
    """Everything that a rule of this role has to keep to."""

    rule = signals.mmkit_signals()


def heard(params: signals.Params, mids: dict[float, float]) -> signals.State:
    """Returns the state after these mids, time in s to price."""
    state = signals.State()
    for time, mid in mids.items():
        signals.on_book(params, state, SimpleNamespace(now=round(time * SECOND), mid=mid))
    return state


def test_on_a_straight_line_it_is_the_slope_of_the_line() -> None:
    state = heard(signals.Params(), {0.5 * i: 100.0 + 0.02 * i for i in range(20)})
    assert state.value == pytest.approx(0.04)


def test_half_a_life_after_a_line_has_ended_it_is_what_the_weights_say() -> None:
    params = signals.Params(half_life=mmkit.duration("10s"))
    state = heard(params, {0.0: 100.0, 10.0: 101.0, 20.0: 101.0})
    # The move counts a quarter, the standstill a half: a third of the weight is on 0.1 per second.
    assert state.value == pytest.approx(0.1 / 3.0)


def test_before_it_is_warm_and_without_a_mid_there_is_no_value() -> None:
    assert math.isnan(heard(signals.Params(), {0.0: 100.0, 1.0: 101.0}).value)
    assert math.isnan(heard(signals.Params(), {0.0: math.nan, 5.0: math.nan}).value)
