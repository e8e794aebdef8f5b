"""The spread cache: exact changes nothing but time, ttl keeps within its stated bound, both are counted and switched."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import MarketView
from mmkit_plugins.optimization import spread_cache
from mmkit_plugins.optimization.spread_cache import Mode, Params, State, keeps

STACK = """
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
duration = "60s"
[signals.sigma]
use = "volatility"
[pricing]
use = "avellaneda"
gamma = 1.0
k = 40.0
{optimizations}
[sizing]
use = "fixed"
quantity = 0.2
[report]
"""


@pytest.fixture
def stack(tmp_path: Path) -> Any:
    """Returns a function that writes the stack with a list of optimizations."""

    def write(optimizations: str = "") -> Path:
        file = tmp_path / "stack.toml"
        file.write_text(STACK.format(optimizations=optimizations))
        return file

    return write


def test_exact_leaves_every_bit_as_it_was_and_counts(stack: Any) -> None:
    without = mmkit.run(stack(), engine="python")
    cached = mmkit.run(stack('optimizations = ["spread-cache"]'), engine="python")
    assert cached.fills.equals(without.fills)
    assert cached.records.equals(without.records)
    counted = cached.summary["counters"]["caches"]["pricing.spread-cache"]
    assert counted["hits"] > counted["misses"] > 0
    assert counted["hit_ratio"] == counted["hits"] / (counted["hits"] + counted["misses"])
    assert without.summary["counters"]["caches"] == {}


def test_the_command_line_switches_it(stack: Any) -> None:
    on = mmkit.run(stack(), enable=["pricing.spread-cache"], engine="python")
    assert "pricing.spread-cache" in on.summary["counters"]["caches"]
    written = stack('optimizations = [{use = "spread-cache", mode = "ttl"}]')
    for path in ("pricing.spread-cache", "pricing.all"):
        assert mmkit.run(written, disable=[path], engine="python").summary["counters"]["caches"] == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('optimizations = ["spred-cache"]', 'did you mean "spread-cache"'),
        ('optimizations = ["spread-cache", "spread-cache"]', "there twice"),
        ('optimizations = [{use = "spread-cache", tll = "1s"}]', 'did you mean "ttl"'),
        ('optimizations = "spread-cache"', "must be a list"),
        ("optimizations = [3]", "an entry is a name"),
    ],
)
def test_a_wrong_entry_is_one_line(text: str, words: str, stack: Any) -> None:
    with pytest.raises(mmkit.ConfigError, match=words) as raised:
        mmkit.run(stack(text))
    assert len(str(raised.value).splitlines()) == 1


def test_it_is_refused_where_it_has_nothing_to_keep(stack: Any) -> None:
    file = stack('optimizations = ["spread-cache"]')
    text = file.read_text().replace("gamma = 1.0\nk = 40.0", "half_spread = 0.05").replace('"avellaneda"', '"fixed"')
    file.write_text(text)
    with pytest.raises(mmkit.ConfigError, match="nothing to keep"):
        mmkit.run(file)


@given(st.lists(st.sampled_from([0.0, -0.0, 1.0, 1.0 + 2**-52, math.nan, math.inf]), min_size=2, max_size=12))
def test_exact_keeps_only_the_very_same_bits(values: list[float]) -> None:
    state, market = State(), MarketView()
    for i, value in enumerate(values):
        same = i > 0 and value == values[i - 1] and math.copysign(1, value) == math.copysign(1, values[i - 1])
        assert keeps(Params(), state, market, (value, 2.0)) == same
    assert state.hits + state.misses == len(values)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, True),
        ({"now": 99_999_999}, True),
        ({"now": 100_000_000}, False),
        ({"fills": 1}, False),
        ({"mid": 100.04}, True),
        ({"mid": 100.06}, False),
        ({"position": 0.1}, False),
        ({"impact": 0.0009}, True),
        ({"impact": 0.0011}, False),
        ({"volatility": 5.04}, True),
        ({"volatility": 5.06}, False),
        ({"volatility": math.nan}, False),
        ({"mid": math.nan}, False),
    ],
)
def test_ttl_keeps_within_its_bound(change: dict[str, float], kept: bool) -> None:
    state = State()
    params = Params(mode=Mode.TTL)
    assert not keeps(params, state, MarketView(now=0, mid=100.0), (0.0, 5.0))
    market = MarketView(
        now=int(change.get("now", 1)),
        mid=change.get("mid", 100.0),
        position=change.get("position", 0.0),
        fills=int(change.get("fills", 0)),
    )
    key = (change.get("impact", 0.0), change.get("volatility", 5.0))
    assert keeps(params, state, market, key) == kept


def test_it_says_which_mode_is_exact() -> None:
    assert spread_cache.exact(Params())
    assert not spread_cache.exact(Params(mode=Mode.TTL))
