"""The risk example: every built-in rule of risk in one stack, which trades within its limits."""

from importlib import metadata
from pathlib import Path

import polars as pl
import pytest

import mmkit
from mmkit import settings

STACK = Path(__file__).parents[2] / "examples" / "risk.toml"


def test_it_has_every_rule_that_this_distribution_offers() -> None:
    offered = {point.name for point in metadata.entry_points(group="mmkit.risk") if point.value.startswith("mmkit_")}
    used = {slot.rule.name for slot in settings.read(STACK).risk}
    assert used == offered - {"none", "stale-data"}


def test_it_trades_stays_within_its_limit_and_no_position_gets_old() -> None:
    run = mmkit.run(STACK, engine="python", set=["instruments.SIM.market.duration=120s"])
    held = [round(q, 9) for q in run.fills.select((pl.col("side") * pl.col("qty")).cum_sum()).to_series()]
    prices, times = run.fills["price"].to_list(), run.fills["local_ts"].to_list()
    assert len(held) > 20
    assert max(abs(q) * price for q, price in zip(held, prices, strict=True)) <= 180.0 * 1.01
    opened = times[0]
    for before, after, time in zip([0.0, *held], held, times, strict=False):
        if before * after <= 0.0:
            opened = time
        # Three stages of a second each, and the way there and back.
        assert time - opened <= 44 * 10**9 or after == pytest.approx(0.0)
