"""The volatility cache: one memory per call in the text, counted, the sign of zero kept, errors where their author wrote them."""

import math
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit_plugins.optimization import volatility_cache
from mmkit_plugins.pricing import avellaneda
from mmkit_plugins.signals import volatility

FUNCTIONS = {
    "exp": st.floats(-50, 50),
    "expm1": st.floats(-50, 50),
    "log": st.floats(1e-300, 1e300),
    "log1p": st.floats(-0.99, 1e300),
    "sqrt": st.floats(0, 1e300) | st.just(-0.0),
    "tanh": st.floats(-50, 50),
}


@attrs.define
class Memory:
    volatility_cache_argument: list[float] = attrs.field(factory=lambda: [math.nan] * 2)
    volatility_cache_result: list[float] = attrs.field(factory=lambda: [0.0] * 2)
    volatility_cache_hits: int = 0
    volatility_cache_misses: int = 0


def bits(x: float) -> str:
    return x.hex()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_gives_its_own_bits(name: str) -> None:
    remembered = volatility_cache.REMEMBERED[f"remembered_{name}"]

    @given(st.lists(FUNCTIONS[name] | st.just(0.5), max_size=20))
    def check(values: list[float]) -> None:
        memory = Memory()
        for x in values:
            assert bits(remembered(memory, 1, x)) == bits(getattr(math, name)(x))
        assert memory.volatility_cache_hits + memory.volatility_cache_misses == len(values)

    check()


def test_a_function_remembers_each_of_its_calls_and_keeps_its_place_in_the_file() -> None:
    rule = volatility_cache.rewrite(None, volatility.mmkit_signals())
    state = rule.state()
    assert len(state.volatility_cache_argument) == 3  # exp, log and sqrt
    assert rule.on_book.__code__.co_filename == volatility.__file__
    advance: Any = rule.on_book.__globals__["advance"]
    assert advance.__code__.co_firstlineno == volatility.advance.__code__.co_firstlineno


def test_what_prepare_computes_is_remembered_in_its_terms() -> None:
    rule = volatility_cache.rewrite(None, avellaneda.mmkit_pricing())
    terms, params = rule.terms(), avellaneda.Params(gamma=0.1, k=2.0)
    given_terms = avellaneda.Terms()
    for _ in range(3):
        rule.prepare(params, terms, 2.0, 1.5, 0.0)
        avellaneda.prepare(params, given_terms, 2.0, 1.5, 0.0)
        assert (terms.risk, terms.static) == (given_terms.risk, given_terms.static)
    assert (terms.volatility_cache_hits, terms.volatility_cache_misses) == (2, 1)


def test_hits_are_counted_under_the_name_of_the_optimization(stack: Path) -> None:
    run = mmkit.run(stack, engine="python", enable=["signals.sigma.volatility-cache"])
    counted = run.summary["counters"]["caches"]["signals.sigma.volatility-cache"]
    assert counted["hits"] > counted["misses"] > 0


def test_a_rule_without_such_a_function_is_named(stack: Path) -> None:
    with pytest.raises(mmkit.ConfigError, match='"volatility-cache" does not apply: "fixed" takes no square root'):
        mmkit.run(stack, engine="python", enable=["sizing.volatility-cache"])
