"""The regression signal: what it is asked with, what it answers, and that a stack carries it whole."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import mmkit
from mmkit_regression import signal

STACK = Path(__file__).parents[1] / "stack.toml"
SECOND = 10**9
BRIEFLY = ["instruments.SIM.market.duration=30s"]


def seen(*looks: tuple[int, float, int, int], **params: Any) -> signal.State:
    """Returns the state after looks at a book of one level a side: time (ns), mid, lots bid and asked."""
    given = signal.Params(**{"weights": (0.5, 2.0, 3.0), "intercept": 0.25, **params})
    state = signal.State()
    signal.setup(given, state, None)
    for now, mid, bids, asks in looks:
        market = SimpleNamespace(now=now, mid=mid, base=0, bid_ticks=0, ask_ticks=1)
        signal.on_book(given, state, market, [bids, 0, 0, asks])
        signal.on_clock(given, state, market, [bids, 0, 0, asks])
    return state


def test_the_averages_are_those_of_time() -> None:
    state = seen((0, 100.0, 1, 1), (10 * SECOND, 104.0, 1, 1), (11 * SECOND, 104.0, 1, 1))
    assert state.fast_move == pytest.approx(2.0)
    assert state.slow_move == pytest.approx(4.0 * 2.0**-0.1)


def test_the_answer_is_that_of_the_weights() -> None:
    state = seen((0, 100.0, 1, 1), (10 * SECOND, 104.0, 3, 1))
    assert (state.imbalance, state.fast_move, state.slow_move) == (0.5, 4.0, 4.0)
    assert state.value == pytest.approx(0.25 + 0.5 * 0.5 + 2.0 * 4.0 + 3.0 * 4.0)


def test_without_a_side_there_is_no_answer_and_later_the_averages_begin_anew() -> None:
    assert math.isnan(seen((0, 100.0, 1, 0)).value)
    state = seen((0, 100.0, 1, 1), (SECOND, math.nan, 0, 1), (2 * SECOND, 110.0, 1, 1), (3 * SECOND, 110.0, 1, 1))
    assert (state.fast_move, state.slow_move) == (0.0, 0.0)


@pytest.mark.parametrize("weights", ["[]", "[1.0, 2.0]"])
def test_another_number_of_weights_is_said_in_one_line(weights: str) -> None:
    with pytest.raises(mmkit.ConfigError, match="must be 3 numbers, for imbalance, fast_move, slow_move"):
        mmkit.run(STACK, engine="python", set=[f"signals.regression.weights={weights}", *BRIEFLY])


def test_the_stack_of_a_run_has_the_whole_model(tmp_path: Path) -> None:
    first = mmkit.run(STACK, engine="python", out=tmp_path, set=BRIEFLY)
    again = mmkit.run(tmp_path / "stack.toml", engine="python")
    assert first.records.equals(again.records)
    assert first.records["regression.value"].is_finite().any()
