"""The quantized cache keeps its stated bound, whatever its inputs do, and shows what it saves."""

import math
import random
from pathlib import Path

import numpy as np
import pytest

import mmkit
from mmkit_quantized import cache

STACK = Path(__file__).parents[1] / "stack.toml"


@pytest.mark.parametrize("tolerance", [1e-6, 0.01, 0.5])
def test_what_is_kept_was_made_of_inputs_within_the_tolerance(tolerance: float) -> None:
    chance = random.Random(7)
    params, state = cache.Params(tolerance), cache.State()
    key = [1e-12, -3.0, 8e9]
    made: list[float] = []
    for _ in range(20_000):
        key = [x * (1.0 + 0.1 * tolerance * chance.gauss(0.0, 1.0)) for x in key]
        if not cache.keeps(params, state, None, tuple(key)):
            made = list(key)
        for now, then in zip(key, made, strict=True):
            assert abs(now - then) <= tolerance * min(abs(now), abs(then)) * (1.0 + 1e-6)
    assert state.hits > 10_000
    assert state.misses > 100


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_never_kept(odd: float) -> None:
    params, state = cache.Params(), cache.State()
    assert not cache.keeps(params, state, None, (odd,))
    assert not cache.keeps(params, state, None, (odd,))


def test_zero_is_kept_and_differs_from_the_smallest_number() -> None:
    params, state = cache.Params(), cache.State()
    assert not cache.keeps(params, state, None, (0.0,))
    assert cache.keeps(params, state, None, (0.0,))
    assert not cache.keeps(params, state, None, (5e-324,))


def test_a_sign_is_not_forgotten() -> None:
    params, state = cache.Params(0.5), cache.State()
    assert not cache.keeps(params, state, None, (1.0,))
    assert not cache.keeps(params, state, None, (-1.0,))


def test_in_a_run_spreads_differ_by_less_than_the_bound() -> None:
    # The spread grows at most like the square of the volatility, and the inventory's shift too.
    changes = ["instruments.SIM.market.duration=2m", "instruments.SIM.tick_size=0.01"]
    on = mmkit.run(STACK, engine="python", set=changes)
    off = mmkit.run(STACK, engine="python", set=changes, disable=["pricing.quantized-cache"])
    assert on.summary["counters"]["caches"]["pricing.quantized-cache"]["hit_ratio"] > 0.5
    apart = [np.array(run.records["ask_quote"] - run.records["bid_quote"]) for run in (on, off)]
    length = min(map(len, apart))
    largest = np.nanmax(apart[1]) * (1.01 * 1.01 - 1.0)
    # A quote is rounded to the grid after that: at most one tick more on either side.
    assert np.nanmax(np.abs(apart[0][:length] - apart[1][:length])) <= largest + 0.02 + 1e-9
