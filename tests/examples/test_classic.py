"""The classic example stack: the whole strategy runs, and what no rule alone can show holds for the stack."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import mmkit
from mmkit import settings
from mmkit.explaining import Explanation, explain
from mmkit.snapshot import OwnOrder, Snapshot

STACK = Path(__file__).parents[2] / "examples" / "classic.toml"
READY = {"sigma.daily": 0.09}
ORIGINAL = [f"{role}.arithmetic=original" for role in ("sizing", "pricing", "ladder")]
SIZES_OF_THE_BOT = ["sizing.quantity=0.02", "sizing.position_limit=20"]


@pytest.fixture(scope="module")
def explained() -> Callable[..., Explanation]:
    """Returns a function that explains the stack's decision at a book of 99.99 / 100.00."""

    def decide(
        *changes: str,
        position: float = 0.0,
        orders: tuple[OwnOrder, ...] = (),
        disable: tuple[str, ...] = (),
        **signals: float,
    ) -> Explanation:
        stack = settings.read(STACK, overrides=changes, disable=disable)
        known = READY | {name.replace("_", ".", 1): number for name, number in signals.items()}
        return explain(stack, Snapshot(0, 0, 99.99, 100.0, position=position, signals=known, orders=orders))

    return decide


@pytest.fixture(scope="module")
def run() -> Any:
    return mmkit.run(STACK, engine="python", set=["instruments.SIM.market.duration=60s"])


def test_it_trades_on_both_sides_and_stays_within_its_limit(run: Any) -> None:
    assert run.summary["fills"]["buy"] > 10
    assert run.summary["fills"]["sell"] > 10
    positions = run.records["position"]
    assert positions.abs().max() <= 4.0
    assert run.summary["orders"]["rejected"] < 0.01 * run.summary["orders"]["submitted"]


def test_its_signals_are_alive(run: Any) -> None:
    known = run.records.tail(20).select(pl.col("sigma.daily", "vamp.impact", "candles.completed", "state.value"))
    assert known.null_count().sum_horizontal().item() == 0
    assert not any(known[name].is_nan().any() for name in known.columns)
    assert known["candles.completed"][-1] >= 3


def test_without_a_volatility_there_is_no_quote() -> None:
    stack = settings.read(STACK)
    found = explain(stack, Snapshot(0, 0, 99.99, 100.0))
    assert (found.bids, found.asks) == ((), ())


def test_d_20_no_shift_takes_a_quote_through_the_book(explained: Callable[..., Explanation]) -> None:
    # Short at the limit with full momentum the original bids above the best ask.
    bought = explained(position=-4.0, candles_momentum=1.0)
    assert bought.bids[0][0] == 99.99
    assert all(ask > 99.99 for ask, _ in bought.asks)
    through = explained(*ORIGINAL, "execution.post_only=false", position=-4.0, candles_momentum=1.0)
    assert through.bids[0][0] >= 100.0


def test_d_23_the_progression_of_sizes_arrives_at_the_venue(explained: Callable[..., Explanation]) -> None:
    sizes = [quantity for _, quantity in explained().bids]
    assert sizes == pytest.approx([0.11, 0.165, 0.22, 0.22, 0.22])


def test_d_24_levels_and_orders_together_stay_within_the_capacity(explained: Callable[..., Explanation]) -> None:
    found = explained(*SIZES_OF_THE_BOT, position=19.99, disable=("risk.limits",))
    assert 0.0 < sum(quantity for _, quantity in found.bids) <= 0.01 + 1e-9
    # With an order that works elsewhere, the risk rule leaves nothing of the new ones.
    order = (OwnOrder(1, 99.5, 0.01),)
    limit = "risk.limits.max_position=20"
    assert explained(*SIZES_OF_THE_BOT, limit, position=19.99, orders=order).bids == ()


def test_d_33_every_configured_level_is_quoted(explained: Callable[..., Explanation]) -> None:
    assert len(explained("ladder.step_ticks=1", "ladder.levels=9").bids) == 9


def test_the_original_arithmetic_is_a_matter_of_three_keys(explained: Callable[..., Explanation]) -> None:
    found = explained(*ORIGINAL, candles_momentum=0.5)
    assert found.bids != explained(candles_momentum=0.5).bids
    assert [step.name for step in found.steps if step.stage == "pricing"].count("stored offset") == 0


@pytest.mark.parametrize("levels", [1, 3, 8])
def test_d_28_the_number_of_levels_has_one_source(explained: Callable[..., Explanation], levels: int) -> None:
    found = explained(f"ladder.levels={levels}")
    assert len(found.bids) == len(found.asks) == levels
