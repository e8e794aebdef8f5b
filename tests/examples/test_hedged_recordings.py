"""Hedging over five minutes of a perpetual and its spot, recorded on one clock: exposure, parts of the profit, variance."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mmkit

STACK = """
[stack]
quote = "PERP"
record_every = "1s"
[instruments.PERP]
tick_size = 0.1
lot_size = 0.001
maker_fee = 0.0002
taker_fee = 0.0005
[instruments.PERP.market]
use = "binance-raw"
path = "{perp}"
[instruments.SPOT]
tick_size = 0.01
lot_size = 0.00001
taker_fee = 0.001
[instruments.SPOT.market]
use = "binance-raw"
path = "{spot}"
[pricing]
use = "fixed"
half_spread = 0.5
[sizing]
use = "fixed"
quantity = 0.01
[risk.limits]
use = "position-limit"
max_position = 0.5
"""
HEDGED = """
[hedging]
use = "{use}"
band = 3000.0
"""
BAND = 3000.0
SAMPLES = 'sample_every = "2s"\nleast_samples = 20\n'
RULES = ("notional", "delta", "minimum-variance")


@pytest.fixture(scope="module")
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Returns a function that hands out the run of a rule, each made once; "none" is unhedged."""
    paths = {name: data / "binance" / f"{name}_btcusdt_20240808.gz" for name in ("usdm", "spot")}
    for path in paths.values():
        if not path.is_file():
            pytest.skip(f"no {path}")
    folder, made = tmp_path_factory.mktemp("hedged"), {}

    def run(use: str) -> Any:
        if use not in made:
            text = STACK.format(perp=paths["usdm"].as_posix(), spot=paths["spot"].as_posix())
            if use != "none":
                text += HEDGED.format(use=use) + (SAMPLES if use == "minimum-variance" else "")
            file = folder / f"{use}.toml"
            file.write_text(text)
            made[use] = mmkit.run(file, engine="python")
        return made[use]

    return run


@pytest.mark.parametrize("use", RULES)
def test_the_parts_of_the_profit_add_up_to_the_equity(use: str, runs: Callable[[str], Any]) -> None:
    result = runs(use)
    parts = result.summary["pnl"]
    summed = math.fsum(value for name, value in parts.items() if name != "total")
    assert parts["total"] == pytest.approx(summed, rel=1e-9)
    assert result.summary["equity"] == pytest.approx(summed, rel=1e-9)
    hedges = result.fills.filter(pl.col("instrument") == "SPOT")
    assert set(hedges["cause"]) == {"hedge"}
    mid = result.summary["instruments"]["SPOT"]["mid"]
    gains = [s * q * (mid - p) - fee for s, q, p, fee in hedges.select("side", "qty", "price", "fee").rows()]
    assert parts["hedge"] == pytest.approx(math.fsum(gains), rel=1e-9)


def under_way(result: Any) -> Any:
    """Returns at each record what the quoted instrument filled for since a hedge could have been sent and known, quote currency.

    That takes 10 ms there and 10 ms back, and twice as much and 100 ms more where the first order did not fill whole.
    """
    own = result.fills.filter(pl.col("instrument") == "PERP").sort("local_ts")
    times, now = own["local_ts"].to_numpy(), result.records["time"].to_numpy()
    summed = np.concatenate([[0.0], np.cumsum((own["qty"] * own["price"]).to_numpy())])
    return summed[np.searchsorted(times, now, "right")] - summed[np.searchsorted(times, now - 150 * 10**6, "right")]


@pytest.mark.parametrize("use", RULES)
def test_the_exposure_stays_in_its_band(use: str, runs: Callable[[str], Any]) -> None:
    # Mids part a little between two looks, a second apart. The ratio of least variance is not 1 but what 20 and more changes over
    # 2 s say: one market follows the other late (Epps), so it is low, here by up to a fifth. It hedges once it has them.
    slack, first = (0.2, 60) if use == "minimum-variance" else (0.001, 0)
    result = runs(use)
    quiet = 0
    for row, late in list(zip(result.records.iter_rows(named=True), under_way(result), strict=True))[first:]:
        if not math.isfinite(row["mid"] + row["SPOT.mid"]):
            continue  # before both books are known there is nothing to be valued
        held = row["position"] * row["mid"]
        exposure = abs(held + row["SPOT.position"] * row["SPOT.mid"])
        # Mids part a little between two looks, which are a second apart.
        assert exposure <= max(BAND, 0.05 * abs(held)) + late + slack * abs(held)
        quiet += late == 0.0 and abs(held) > BAND
    assert quiet > 100


@pytest.mark.parametrize("use", RULES)
@pytest.mark.parametrize("seconds", [1, 10])
def test_the_variance_of_equity_changes_falls(use: str, seconds: int, runs: Callable[[str], Any]) -> None:
    def variance(result: Any) -> float:
        equity = result.records["equity"].to_numpy()
        return float(np.var(np.diff(equity[np.isfinite(equity)][::seconds]), ddof=1))

    assert variance(runs(use)) < 0.6 * variance(runs("none"))


@pytest.mark.parametrize("use", RULES)
def test_the_quoted_instrument_trades_as_it_does_unhedged(use: str, runs: Callable[[str], Any]) -> None:
    own = pl.col("instrument") == "PERP"
    hedged, bare = (runs(each).fills.filter(own) for each in (use, "none"))
    assert hedged.drop("order_id").equals(bare.drop("order_id"))
    assert runs(use).summary["pnl"]["inventory"] == runs("none").summary["pnl"]["inventory"]
