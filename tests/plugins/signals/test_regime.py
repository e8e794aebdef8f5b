"""The regime signal: which state each course of its inputs leads to."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

import mmkit
from mmkit.contract import faults
from mmkit.engine.records import MarketView
from mmkit_plugins.signals import regime

SECOND = 10**9
NAN = math.nan


class Market:
    """A regime signal that is told its inputs once a second."""

    def __init__(self, **given: Any) -> None:
        self.params, self.state = regime.Params(**given), regime.State()
        regime.setup(self.params, self.state, None)
        self.now = -SECOND

    def tell(self, trend: float, seconds: float = 1.0, **inputs: float) -> regime.State:
        self.now += round(seconds * SECOND)
        given = regime.Inputs(trend=trend, **inputs)
        regime.on_clock(self.params, self.state, MarketView(now=self.now), given)
        return self.state

    def values(self, *trends: float) -> list[float]:
        return [self.tell(trend).value for trend in trends]


def flags(state: regime.State) -> tuple[float, float, float, float]:
    return state.trending, state.trending_up, state.trending_down, state.ranging


def test_d_14_one_state_knows_the_direction_and_says_it_in_flags() -> None:
    market = Market(ranging_after=2 * SECOND)
    assert flags(market.tell(1.0)) == (1.0, 1.0, 0.0, 0.0)
    assert flags(market.tell(-1.0)) == (1.0, 0.0, 1.0, 0.0)
    assert flags(market.tell(0.0)) == (0.0, 0.0, 0.0, 0.0)
    assert flags(market.tell(0.0, 2.0)) == (0.0, 0.0, 0.0, 1.0)
    assert market.state.value == 2.0


def test_d_12_an_expired_trend_ends_the_state() -> None:
    assert Market().values(1.0, 1.0, 0.0, 0.0) == [1.0, 1.0, 0.0, 0.0]
    assert Market(leave=0.0).values(1.0, 0.0) == [1.0, 0.0]


@pytest.mark.parametrize("direction", [-1.0, 1.0])
def test_d_13_a_trend_of_either_direction_is_taken(direction: float) -> None:
    assert Market().values(direction) == [direction]


def test_a_trend_begins_at_enter_and_lasts_until_it_is_under_leave() -> None:
    course = [0.4, 0.5, 0.3, 0.25, 0.24, 0.4, -0.5, -0.25, -0.2]
    assert Market().values(*course) == [0.0, 1.0, 1.0, 1.0, 0.0, 0.0, -1.0, -1.0, 0.0]
    assert Market(enter=0.6).values(*course)[1] == 0.0
    assert Market(leave=0.45).values(*course)[2] == 0.0


def test_a_trend_that_turns_its_sign_has_ended() -> None:
    assert Market(enter=0.6).values(0.7, -0.3, 0.3) == [1.0, 0.0, 0.0]


def test_a_state_is_taken_once_its_condition_has_lasted_hold() -> None:
    market = Market(hold=2 * SECOND)
    assert market.values(0.9, 0.9, 0.9, 0.0, 0.9, 0.0, 0.0, 0.0) == [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]


def test_a_range_is_quiet_for_a_time() -> None:
    market = Market(ranging_after=3 * SECOND)
    assert market.values(0.1, -0.1, 0.1, 0.1) == [0.0, 0.0, 0.0, 2.0]
    assert market.tell(0.1, momentum=0.3).value == 0.0
    assert market.values(0.1, 0.1, 0.1, 0.1) == [0.0, 0.0, 0.0, 2.0]
    assert market.tell(0.1, reversal=-0.3).value == 0.0
    loud = Market(ranging_after=3 * SECOND, quiet=0.05)
    assert loud.values(0.1, -0.1, 0.1, 0.1)[-1] == 0.0


def test_a_range_is_quiet_for_so_many_candles() -> None:
    market = Market(ranging_candles=3)
    course = [(10.0, 0.0), (12.0, 0.0), (13.0, 2.0), (14.0, 2.0)]
    assert [market.tell(0.0, completed=count).value for count, _ in course] == [value for _, value in course]


def test_a_range_is_never_one_unless_it_is_asked_for() -> None:
    assert set(Market().values(*[0.0] * 50)) == {0.0}


def test_it_is_not_ready_while_the_trend_is_not() -> None:
    market = Market()
    assert all(math.isnan(flag) for flag in (*flags(market.tell(NAN)), market.state.value))
    assert market.values(0.9, NAN, 0.3) == pytest.approx([1.0, NAN, 0.0], nan_ok=True)


def test_optional_inputs_that_are_not_ready_are_as_if_absent() -> None:
    market = Market(ranging_after=SECOND)
    absent = {"momentum": NAN, "reversal": NAN, "completed": NAN, "volatility": NAN}
    assert market.tell(0.0, **absent).value == 0.0
    assert market.tell(0.0, **absent).value == 2.0
    assert market.state.volatility_regime == 0.0


def test_d_62_volatility_is_ranked_among_those_before_it() -> None:
    rng = np.random.default_rng(1)
    volatilities = np.exp(rng.normal(0.0, 0.6, 400))
    volatilities[rng.random(400) < 0.1] = NAN
    market = Market(window=50)
    recent: list[float] = []
    seen = set()
    for volatility in volatilities:
        found = market.tell(0.0, volatility=float(volatility)).volatility_regime
        if math.isnan(volatility):
            continue
        if len(recent) < 50:
            assert math.isnan(found)
        else:
            edge = float(np.percentile(recent[-50:], 75))
            assert found == (1.0 if volatility > 1.5 * edge else -1.0 if volatility < 0.5 * edge else 0.0)
            seen.add(found)
        recent.append(float(volatility))
    assert seen == {-1.0, 0.0, 1.0}


@pytest.mark.parametrize(
    ("given", "last", "expected"),
    [
        ({}, 1.6, 1.0),
        ({}, 0.4, -1.0),
        ({}, 1.4, 0.0),
        ({"high": 1.3}, 1.4, 1.0),
        ({"low": 0.3}, 0.4, 0.0),
        ({"window": 30}, 1.6, NAN),
        ({"sample": 2 * SECOND}, 1.6, NAN),
    ],
)
def test_the_volatility_regime_follows_its_parameters(given: dict[str, Any], last: float, expected: float) -> None:
    market = Market(**{"window": 20, **given})
    for _ in range(20):
        market.tell(0.0, volatility=1.0)
    assert market.tell(0.0, volatility=last).volatility_regime == pytest.approx(expected, nan_ok=True)


def test_thresholds_in_the_wrong_order_are_refused() -> None:
    for key, given in (("leave", {"leave": 0.6}), ("quiet", {"quiet": 0.6}), ("low", {"low": 2.0})):
        with pytest.raises(mmkit.ConfigError, match=rf"regime\.{key}: "):
            Market(**given)


def test_it_is_a_sound_rule() -> None:
    assert list(faults(regime.mmkit_signals())) == []


number = st.one_of(st.just(NAN), st.floats(-1.0, 1.0))


@settings(max_examples=100, deadline=None)
@drawn(
    course=st.lists(st.tuples(number, number, number, st.floats(0.0, 1e6)), max_size=40),
    hold=st.integers(0, 3),
    after=st.integers(0, 3),
)
def test_exactly_one_state_holds(course: list[tuple[float, ...]], hold: int, after: int) -> None:
    market = Market(hold=hold * SECOND, ranging_after=after * SECOND, window=5)
    for trend, momentum, reversal, volatility in course:
        state = market.tell(trend, momentum=momentum, reversal=reversal, volatility=volatility)
        if math.isnan(trend):
            assert math.isnan(state.value)
            continue
        assert (
            flags(state)
            == {
                0.0: (0.0, 0.0, 0.0, 0.0),
                1.0: (1.0, 1.0, 0.0, 0.0),
                -1.0: (1.0, 0.0, 1.0, 0.0),
                2.0: (0.0, 0.0, 0.0, 1.0),
            }[state.value]
        )
        ranked = state.ranked[: state.count]
        assert ranked == sorted(state.recent[: state.count])
