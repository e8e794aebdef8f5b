"""The Fibonacci ladder with everything the reference bot asks of it, repaired; its own numbers: tests/examples/test_reference_bot.py."""

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import MarketView, Quotes
from mmkit_plugins._arithmetic import Arithmetic
from mmkit_plugins.ladder import fibonacci

BOT: dict[str, Any] = {"step_ticks": 15, "spacing": 0.05, "min_gap_ticks": 2, "tick_multiple": 2}
ORIGINAL: dict[str, Any] = {"arithmetic": Arithmetic.ORIGINAL}


def ladder(
    bid: float = 1.0, ask: float = 1.0, *, signals: dict[str, float] | None = None, **given: Any
) -> tuple[list[int], list[float], list[float]]:
    """Returns offsets in ticks and bid and ask quantities by level."""
    params = fibonacci.Params(**given)
    constants, quotes = fibonacci.Constants(), Quotes()
    fibonacci.setup(params, None, None)
    fibonacci.assemble(params, constants)
    inputs = fibonacci.Inputs(**(signals or {}))
    fibonacci.levels(params, None, MarketView(tick_size=1.0), inputs, constants, quotes, bid, ask)
    n = quotes.levels
    return quotes.offset_ticks[:n], quotes.bid_qty[:n], quotes.ask_qty[:n]


def offsets(**given: Any) -> list[int]:
    return ladder(**given)[0]


def test_to_level_nine_its_offsets_are_the_bots() -> None:
    quiet = {"daily_volatility": 0.01}
    assert offsets(levels=10, signals=quiet, **BOT) == [0, 8, 16, 26, 44, 76, 126, 213, 356, 600]
    usual = {"daily_volatility": 0.025}
    assert offsets(levels=10, signals=usual, **BOT) == [0, 16, 32, 52, 90, 150, 252, 426, 712, 1196]


def test_volatility_stretches_the_steps_within_bounds() -> None:
    def second(sigma: float, **signals: float) -> int:
        return offsets(levels=2, step_ticks=1000, signals={"daily_volatility": sigma, **signals})[1]

    assert [second(sigma) for sigma in (1e-9, 0.01, 0.02, 0.025, 0.05, 9.0)] == [500, 500, 800, 1000, 2000, 3000]
    assert second(0.02, volatility_adjustment=0.25) == 1000
    assert second(0.02, volatility_adjustment=0.05) == 800
    assert second(math.nan, volatility_adjustment=0.25) == second(0.0) == 1000


def test_d_10_a_predicted_volatility_does_not_take_the_steps_out_of_their_bounds() -> None:
    signals = {"daily_volatility": 1.0, "volatility_adjustment": 0.4}
    assert offsets(levels=2, step_ticks=1000, signals=signals)[1] == 3000
    assert offsets(levels=2, step_ticks=1000, signals=signals, **ORIGINAL)[1] == 4410


@given(
    levels=st.integers(1, 40),
    step=st.integers(1, 10**6),
    spacing=st.floats(0.0, 10.0),
    gap=st.integers(1, 100),
    multiple=st.integers(1, 100),
    sigma=st.floats(0.0, 10.0),
    adjustment=st.floats(-0.9, 10.0),
)
def test_d_33_offsets_increase_strictly_whatever_the_parameters(
    levels: int, step: int, spacing: float, gap: int, multiple: int, sigma: float, adjustment: float
) -> None:
    found = offsets(
        levels=levels,
        step_ticks=step,
        spacing=spacing,
        min_gap_ticks=gap,
        tick_multiple=multiple,
        signals={"daily_volatility": sigma, "volatility_adjustment": adjustment},
    )
    assert len(found) == levels
    assert found[0] == 0
    assert all(after - before >= gap for before, after in pairwise(found))
    assert found[-1] < 2**62


def test_d_33_small_steps_lose_no_level() -> None:
    signals = {"daily_volatility": 0.0125}
    found = offsets(levels=5, signals=signals, **{**BOT, "step_ticks": 2})
    assert found == [0, 2, 4, 6, 8]
    assert len(offsets(levels=5, step_ticks=2, signals=signals, **ORIGINAL)) == 3


def test_d_27_the_multipliers_go_on_without_a_jump() -> None:
    found = offsets(levels=13, step_ticks=10)
    assert found[9:13] == [550, 890, 1440, 2330]
    jumped = offsets(levels=13, step_ticks=10, signals={"daily_volatility": 0.025}, **ORIGINAL)
    assert jumped[10] > 2 * found[10]


def test_the_extra_spacing_goes_on_without_a_jump_beyond_level_ten() -> None:
    wide, plain = (offsets(levels=13, step_ticks=10000, spacing=spacing) for spacing in (0.05, 0.0))
    factors = [a / b for a, b in zip(wide[1:], plain[1:], strict=True)]
    assert factors == pytest.approx([1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.35, 1.4, 1.45, 1.5, 1.65, 1.8])


def test_d_25_asks_have_a_table_of_their_own() -> None:
    _, bids, asks = ladder(2.0, 2.0, levels=3, sizes=(1.0, 1.5), ask_sizes=(1.0, 0.5, 0.25))
    assert (bids, asks) == ([2.0, 3.0, 3.0], [2.0, 1.0, 0.5])
    _, bids, asks = ladder(levels=3, sizes=(1.0, 1.5, 2.0), ask_sizes=(3.0,), **ORIGINAL)
    assert bids == asks


def test_d_26_sizes_go_on_from_the_last_one() -> None:
    _, bids, _ = ladder(levels=7, sizes=(1.0, 1.5, 2.0), extend_sizes=True)
    assert bids == pytest.approx([1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 13.0])
    assert ladder(levels=4, sizes=(1.0, 1.5, 2.0))[1] == [1.0, 1.5, 2.0, 2.0]
    assert ladder(levels=4, step_ticks=15, sizes=(1.0, 1.5, 2.0), **ORIGINAL)[1][-1] == pytest.approx(0.71)


def test_d_23_a_level_below_the_minimum_is_dropped_and_not_inflated() -> None:
    _, bids, asks = ladder(0.02, 0.04, levels=3, sizes=(1.0, 0.5, 2.0), minimum=0.02)
    assert bids == [0.02, 0.0, 0.04]
    assert asks == [0.04, 0.02, 0.08]
    inflated = ladder(0.02, 0.04, levels=3, sizes=(1.0, 0.5, 2.0), minimum=0.05, step_ticks=15, **ORIGINAL)
    assert inflated[1] == [0.05, 0.05, 0.05]


def test_d_24_all_levels_together_stay_within_the_capacity() -> None:
    signals = {"bid_capacity": 0.01, "ask_capacity": 0.05}
    _, bids, asks = ladder(0.02, 0.02, levels=3, sizes=(1.0, 1.5, 2.0), signals=signals)
    assert bids == [0.01, 0.0, 0.0]
    assert asks == pytest.approx([0.02, 0.03, 0.0])
    original = ladder(0.02, 0.02, levels=3, sizes=(1.0, 1.5, 2.0), step_ticks=15, signals=signals, **ORIGINAL)
    assert sum(original[1]) > 0.01


@given(
    quantity=st.floats(0.0, 10.0), capacity=st.floats(0.0, 30.0), minimum=st.floats(0.0, 2.0), levels=st.integers(1, 40)
)
def test_quantities_never_exceed_capacity_or_fall_below_the_minimum(
    quantity: float, capacity: float, minimum: float, levels: int
) -> None:
    signals = {"bid_capacity": capacity, "ask_capacity": capacity}
    _, bids, asks = ladder(quantity, quantity, levels=levels, sizes=(1.0, 0.3, 2.0), minimum=minimum, signals=signals)
    assert bids == asks
    assert sum(bids) <= capacity * (1.0 + 1e-12)
    assert all(bid == 0.0 or bid >= minimum for bid in bids)


@pytest.mark.parametrize(
    ("name", "value", "others"),
    [
        ("levels", 4, {}),
        ("step_ticks", 20, {}),
        ("sizes", (1.0, 0.5), {}),
        ("ask_sizes", (0.5,), {}),
        ("arithmetic", Arithmetic.ORIGINAL, {}),
        ("extend_sizes", True, {}),
        ("spacing", 0.1, {}),
        ("min_gap_ticks", 30, {}),
        ("tick_multiple", 7, {}),
        ("reference_volatility", 0.03, {}),
        ("phi_min", 2.0, {}),
        ("phi_max", 0.7, {}),
        ("volatility_threshold", 0.3, {}),
        ("minimum", 1.2, {}),
    ],
)
def test_each_parameter_changes_the_levels(name: str, value: Any, others: dict[str, Any]) -> None:
    base: dict[str, Any] = {"levels": 6, "step_ticks": 15, "sizes": (1.0, 1.5)} | others
    signals = {"daily_volatility": 0.022, "volatility_adjustment": 0.2}
    assert ladder(signals=signals, **base | {name: value}) != ladder(signals=signals, **base)


def test_faults_of_the_user_name_the_key() -> None:
    with pytest.raises(mmkit.ConfigError, match=r"ladder\.phi_min: 2 is above ladder\.phi_max, 1"):
        ladder(phi_min=2.0, phi_max=1.0)
    with pytest.raises(mmkit.ConfigError, match=r"ladder\.sizes"):
        ladder(sizes=())
