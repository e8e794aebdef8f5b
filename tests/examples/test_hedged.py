"""The hedged example: the hedge takes away most of what the common factor does to the equity, and costs what its fills say."""

import math
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import polars as pl
import pytest
from scipy import stats

import mmkit
from mmkit import settings
from mmkit.stack import Stack

EXAMPLE = Path(__file__).parents[2] / "examples" / "hedged.toml"
SEEDS = 100


def stack(duration: str, disable: tuple[str, ...] = (), **changes: str) -> Stack:
    """Returns the example with markets of this length and a record every second."""
    lengths = [f"instruments.{name}.market.duration={duration}" for name in ("PERP", "SPOT")]
    given = [f"{key.replace('__', '.')}={value}" for key, value in changes.items()]
    return settings.read(EXAMPLE, overrides=["stack.record_every=1s", *lengths, *given], disable=disable)


def run(given: Stack, seed: int = 5) -> Any:
    return mmkit.run(attrs.evolve(given, seed=seed), engine="python")


def own_equity(result: Any, name: str, position: str, mid: str) -> Any:
    """Returns what an instrument's fills known by each record and its position then are worth, in quote currency."""
    fills = result.fills.filter(pl.col("instrument") == name).sort("local_ts")
    paid = -fills["side"].cast(pl.Float64) * fills["qty"] * fills["price"] - fills["fee"]
    known = np.searchsorted(fills["local_ts"].to_numpy(), result.records["time"].to_numpy(), side="right")
    cash = np.concatenate([[0.0], np.cumsum(paid.to_numpy())])[known]
    return cash + np.nan_to_num(result.records[position].to_numpy() * result.records[mid].to_numpy())


def variance(equity: Any, seconds: int) -> float:
    """Returns the variance of the changes over so many seconds."""
    return float(np.var(np.diff(equity[::seconds]), ddof=1))


@pytest.fixture(scope="module")
def whole() -> Any:
    """Returns the example's own ten minutes."""
    return run(stack("10m"))


def test_the_parts_of_the_profit_add_up_to_the_equity(whole: Any) -> None:
    parts, last = whole.summary["pnl"], whole.summary["instruments"]["SPOT"]
    assert set(parts) == {"total", "spread", "inventory", "fees", "funding", "hedge"}
    scale = math.fsum(map(abs, parts.values()))
    summed = math.fsum(value for name, value in parts.items() if name != "total")
    assert summed == pytest.approx(parts["total"], abs=1e-9 * scale)
    assert whole.summary["equity"] == pytest.approx(parts["total"], abs=1e-9 * scale)
    hedges = whole.fills.filter(pl.col("cause") == "hedge")
    bought = math.fsum(side * qty * (last["mid"] - price) for side, qty, price in hedges["side", "qty", "price"].rows())
    assert len(hedges) > 50
    assert parts["hedge"] == pytest.approx(bought - math.fsum(hedges["fee"]), abs=1e-9 * scale)


def test_the_equity_of_the_records_is_that_of_both_instruments_fills(whole: Any) -> None:
    both = own_equity(whole, "PERP", "position", "mid") + own_equity(whole, "SPOT", "SPOT.position", "SPOT.mid")
    assert whole.records["equity"].to_numpy() == pytest.approx(both, abs=1e-8)


def test_the_hedged_equity_moves_less_than_the_unhedged_one(whole: Any) -> None:
    bare = run(stack("10m", disable=("hedging",)))
    assert bare.summary["pnl"]["hedge"] == 0.0
    assert variance(whole.records["equity"].to_numpy(), 10) < 0.6 * variance(bare.records["equity"].to_numpy(), 10)


@pytest.mark.parametrize("seed", [0, 1])
def test_what_the_quoted_instrument_does_is_the_unhedged_run(seed: int) -> None:
    hedged, bare = run(stack("90s"), seed), run(stack("90s", disable=("hedging",)), seed)
    alone = own_equity(hedged, "PERP", "position", "mid")
    assert alone == pytest.approx(bare.records["equity"].to_numpy(), abs=1e-8)


def log_ratios(given: Stack, seconds: int) -> Any:
    """Returns the logarithm of hedged over unhedged variance, seed by seed; one run has both, as the test above shows."""
    found = []
    for seed in range(SEEDS):
        result = run(given, seed)
        bare = variance(own_equity(result, "PERP", "position", "mid"), seconds)
        found.append(math.log(variance(result.records["equity"].to_numpy(), seconds) / bare))
    return np.array(found)


def test_over_a_hundred_seeds_the_variance_of_equity_changes_falls() -> None:
    ratios = log_ratios(stack("90s"), seconds=5)
    _, high = stats.t.interval(0.95, len(ratios) - 1, np.mean(ratios), stats.sem(ratios))
    assert math.exp(high) < 1.0


def test_spot_that_does_not_move_along_hedges_nothing() -> None:
    given = stack("10m", instruments__SPOT__market__factor="1")
    result = run(given)
    bare = variance(own_equity(result, "PERP", "position", "mid"), 10)
    assert variance(result.records["equity"].to_numpy(), 10) > bare
