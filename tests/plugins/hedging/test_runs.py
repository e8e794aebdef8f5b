"""Hedging rules in whole runs over two simulated books."""

from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest
from hedging_world import run

import mmkit
from mmkit.contract import faults
from mmkit_plugins.hedging import delta, minimum_variance, notional

HEDGE = "HEDGE-PERPETUAL"
RELATED = (
    "instruments.SIM.market.sigma=0.01",
    "instruments.SIM.market.common_sigma=0.05",
    "instruments.SIM.market.duration=300s",
    f"instruments.{HEDGE}.market.sigma=0.01",
    f"instruments.{HEDGE}.market.common_sigma=0.025",
    f"instruments.{HEDGE}.market.duration=300s",
)
"""Two books with a common factor that moves the quoted one twice as far."""


@pytest.mark.parametrize("rule", [notional, delta, minimum_variance], ids=lambda rule: rule.__name__.rpartition(".")[2])
def test_the_rule_is_one_that_the_kernel_takes(rule: ModuleType) -> None:
    assert list(faults(rule.mmkit_hedging())) == []


@pytest.mark.parametrize("latency", ["0ms", "30ms"])
@pytest.mark.parametrize("use", ["notional", "delta"])
def test_when_nothing_has_filled_for_a_while_the_exposure_is_within_its_band(
    use: str, latency: str, tmp_path: Path
) -> None:
    path = f"instruments.{HEDGE}.venue"
    result = run(
        tmp_path,
        f"hedging.use={use}",
        "hedging.every=100ms",
        *(f"{path}.{key}={value}" for key, value in {"entry_latency": latency, "response_latency": latency}.items()),
    )
    filled = result.fills["local_ts"].sort().to_numpy()
    assert len(filled) > 40
    records, checked = result.records, 0
    for row in records.iter_rows(named=True):
        before = filled[filled <= row["time"]]
        if len(before) == 0 or row["time"] - before[-1] < 400 * 10**6:
            continue
        worth, hedge = row["position"] * row["mid"], row[f"{HEDGE}.position"] * row[f"{HEDGE}.mid"]
        assert abs(worth + hedge) <= 0.051 * abs(worth) + 0.011 * row[f"{HEDGE}.mid"]
        checked += abs(worth) > 20.0
    assert checked > 100


def test_hedging_changes_no_quote_and_no_fill_of_the_quoted_instrument(tmp_path: Path) -> None:
    hedged, bare = run(tmp_path), run(tmp_path, "hedging.use=none")
    columns = ["time", "bid_quote", "ask_quote", "position"]
    assert hedged.records.select(columns).equals(bare.records.select(columns))
    own = pl.col("instrument") == "SIM"
    assert hedged.fills.filter(own).drop("order_id").equals(bare.fills.filter(own).drop("order_id"))


def test_positions_are_what_fills_add_up_to_and_hedges_carry_their_cause(tmp_path: Path) -> None:
    result = run(tmp_path)
    for name, cause, position in (("SIM", "quote", "position"), (HEDGE, "hedge", f"{HEDGE}.position")):
        fills = result.fills.filter(pl.col("instrument") == name)
        assert set(fills["cause"]) == {cause}
        signed = (fills["side"].cast(float) * fills["qty"]).sum()
        assert result.records[position][-1] == pytest.approx(signed, abs=1e-9)


def test_a_market_hedge_takes_and_a_limit_hedge_mostly_makes(tmp_path: Path) -> None:
    def makers(*changes: str) -> float:
        fills = run(tmp_path, *changes).fills
        hedges = fills.filter(pl.col("cause") == "hedge")
        return float((hedges["qty"] * hedges["maker"]).sum() / hedges["qty"].sum())

    assert makers() == 0.0
    patient = makers("hedging.mode=limit", "hedging.timeout=10s")
    hasty = makers("hedging.mode=limit", "hedging.timeout=500ms")
    assert 0.0 < hasty < patient


def test_no_hedge_executes_beyond_its_slippage(tmp_path: Path) -> None:
    fills = run(tmp_path, "hedging.slippage=0.0001").fills.filter(pl.col("cause") == "hedge")
    # The touch is half a tick or more from the mid at the fill; a hundredth of a percent is one tick.
    away = fills["side"].cast(float) * (fills["price"] - fills["mid"])
    assert len(away) > 10
    assert np.max(away.to_numpy()) <= 0.03 + 1e-9


def test_least_variance_finds_that_unrelated_books_hedge_nothing_much(tmp_path: Path) -> None:
    changes = ("hedging.use=minimum-variance", "hedging.sample_every=500ms", "hedging.least_samples=40")
    result = run(tmp_path, *changes)
    first = result.fills.filter(pl.col("cause") == "hedge")["local_ts"].min()
    assert first is not None
    assert first >= 40 * 5 * 10**8
    late = result.records.filter(pl.col("time") >= first)
    # Standard error of a slope from 40 to 120 samples of two walks alike: 0.09 to 0.16.
    assert late[f"{HEDGE}.position"].abs().mean() < 0.5 * late["position"].abs().mean()  # type: ignore[operator]


def test_too_few_weights_end_the_run_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(mmkit.ConfigError, match=r"hedging.weights: has 2 entries for 1 hedge instruments"):
        run(tmp_path, "hedging.weights=[0.5, 0.5]")


def test_what_it_holds_is_the_slope_of_the_recorded_mids(tmp_path: Path) -> None:
    changes = ("hedging.use=minimum-variance", "hedging.sample_every=5s", "hedging.half_life=1000h")
    records = run(tmp_path, *RELATED, *changes, "hedging.least_samples=20").records
    quoted, hedge = (np.diff(records[name].to_numpy()[::50]) for name in ("mid", f"{HEDGE}.mid"))
    slope = np.sum(quoted * hedge) / np.sum(hedge * hedge)
    assert slope > 1.2
    late = records.tail(600)
    held, position = late[f"{HEDGE}.position"].to_numpy(), late["position"].to_numpy()
    assert np.mean(np.abs(position)) > 0.1
    assert -np.sum(held * position) / np.sum(position * position) == pytest.approx(slope, rel=0.1)
