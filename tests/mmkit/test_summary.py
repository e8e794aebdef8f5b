"""The summary: every key that users rely on, and numbers that agree with the fills."""

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import mmkit
from mmkit.runs import Run
from mmkit.summary import moments

BOOK = """
[stack]
name = "sums"
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
maker_fee = 0.0001
taker_fee = 0.0004
[instruments.SIM.market]
use = "book"
duration = "30s"
[instruments.SIM.venue]
use = "queue"
entry_latency = "30ms"
[sizing]
use = "fixed"
quantity = 0.3
[pricing]
use = "fixed"
half_spread = 0.005
[execution]
use = "requote"
post_only = false
[report]
"""

WORLD = """
[stack]
name = "world"
[instruments.ASSET]
tick_size = 1e-6
lot_size = 1.0
maker_fee = 0.001
[instruments.ASSET.market]
use = "diffusion"
sigma = 2.0
duration = "200ms"
paths = 25
[instruments.ASSET.venue]
use = "intensity"
A = 140.0
k = 1.5
[pricing]
use = "fixed"
half_spread = 0.7
[sizing]
use = "fixed"
quantity = 1.0
[report]
"""

KEYS = {
    "data": {"sources", "events", "first", "last"},
    "orders": {"submitted", "cancelled", "rejected", "expired", "amended"},
    "fills": {"count", "buy", "sell", "maker", "taker", "volume", "notional"},
    "pnl": {"total", "spread", "inventory", "fees", "funding", "hedge"},
    "timing": {"assemble_s", "compile_s", "convert_s", "run_s", "events_per_s"},
}
PLAIN = {"schema", "mmkit", "stack", "seed", "engine", "position", "cash", "fees", "equity", "metrics", "counters"}


def ran(folder: Path, text: str) -> Run:
    (folder / "stack.toml").write_text(text)
    return mmkit.run(folder / "stack.toml", seed=5, engine="python", out=folder / "out")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Returns a run over a simulated book that both makes and takes."""
    return ran(tmp_path_factory.mktemp("book"), BOOK)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Returns a run over 25 paths."""
    return ran(tmp_path_factory.mktemp("world"), WORLD)


@pytest.fixture(params=["book", "world"])
def either(request: pytest.FixtureRequest) -> Run:
    """Returns one run after the other."""
    found: Run = request.getfixturevalue(request.param)
    return found


def test_every_promised_key_is_there(either: Run) -> None:
    summary = either.summary
    assert summary.keys() >= PLAIN | KEYS.keys()
    for key, inner in KEYS.items():
        assert summary[key].keys() == inner
    assert ("paths" in summary) == (summary["stack"] == "world")
    assert "ended" not in summary


def test_it_says_what_ran(either: Run) -> None:
    summary = either.summary
    assert (summary["schema"], summary["mmkit"], summary["seed"]) == (1, mmkit.__version__, 5)
    assert summary["engine"] == "python"


def test_the_file_is_json_and_says_the_same(either: Run) -> None:
    assert isinstance(either.folder, Path)
    text = (either.folder / "summary.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    read = json.loads(text)
    assert read.keys() == either.summary.keys()
    for key in ("data", "orders", "fills", "position", "cash", "pnl"):
        assert read[key] == either.summary[key]


def test_counts_and_volumes_are_those_of_the_fills(either: Run) -> None:
    fills, found = either.fills, either.summary["fills"]
    assert len(fills) > 20
    assert found["count"] == len(fills) == found["buy"] + found["sell"] == found["maker"] + found["taker"]
    assert found["buy"] == len(fills.filter(pl.col("side") == 1))
    assert found["taker"] == len(fills.filter(~pl.col("maker")))
    assert found["volume"] == pytest.approx(fills["qty"].sum())
    assert found["notional"] == pytest.approx((fills["qty"] * fills["price"]).sum())


def test_the_run_over_a_book_both_made_and_took(book: Run) -> None:
    assert book.summary["fills"]["maker"] > 0
    assert book.summary["fills"]["taker"] > 0


def test_position_cash_and_fees_follow_from_the_fills(either: Run) -> None:
    fills, summary = either.fills, either.summary
    signed = fills["side"] * fills["qty"]
    [position] = summary["position"].values()
    assert position == pytest.approx(signed.sum(), abs=1e-9)
    assert summary["fees"] == pytest.approx(fills["fee"].sum(), rel=1e-9)
    assert summary["cash"] == pytest.approx(-(signed * fills["price"]).sum() - fills["fee"].sum(), rel=1e-9)


def test_equity_is_cash_and_the_position_at_the_last_mid_of_the_venue(book: Run) -> None:
    summary = book.summary
    mid = book.records["mid"][-1]
    assert summary["equity"] == pytest.approx(summary["cash"] + summary["position"]["SIM"] * mid, rel=1e-12)


def test_the_parts_of_the_profit_add_up_to_it(either: Run) -> None:
    pnl = either.summary["pnl"]
    assert pnl["total"] == pytest.approx(math.fsum(pnl[part] for part in pnl if part != "total"), rel=1e-9, abs=1e-9)
    assert pnl["total"] == pytest.approx(either.summary["equity"], rel=1e-9, abs=1e-7)
    assert pnl["fees"] == pytest.approx(-either.summary["fees"], rel=1e-9)
    assert (pnl["funding"], pnl["hedge"]) == (0.0, 0.0)


def test_the_spread_part_is_what_the_fills_earned_against_the_mid(either: Run) -> None:
    fills = either.fills.filter(pl.col("mid").is_finite())
    earned = (fills["side"] * fills["qty"] * (fills["mid"] - fills["price"])).sum()
    assert len(fills) == len(either.fills)
    assert either.summary["pnl"]["spread"] == pytest.approx(earned, rel=1e-9)


def test_orders_add_up(book: Run) -> None:
    orders = book.summary["orders"]
    assert orders["submitted"] >= book.fills["order_id"].n_unique()
    assert orders["submitted"] >= orders["cancelled"] + orders["rejected"] + orders["expired"]
    assert orders["cancelled"] > 0
    assert book.fills["order_id"].max() <= orders["submitted"]


def test_a_market_without_a_file_is_named(either: Run) -> None:
    assert either.summary["data"]["sources"] == [{"sums": "book", "world": "diffusion"}[either.summary["stack"]]]


def test_events_are_rows_or_steps(world: Run) -> None:
    assert world.summary["data"]["events"] == 25 * 40


def test_over_paths_the_figures_are_means_and_deviations_of_each_path(world: Run) -> None:
    summary = world.summary
    last = world.records.group_by("path", maintain_order=True).last()
    paths: dict[str, Any] = summary["paths"]
    assert paths["count"] == 25 == len(last)
    for name, column in (("profit", "equity"), ("position", "position")):
        assert paths[name]["mean"] == pytest.approx(last[column].mean(), rel=1e-9, abs=1e-9)
        assert paths[name]["std"] == pytest.approx(last[column].std(ddof=1), rel=1e-9)
    # Bids floor and asks ceil to a millionth.
    assert paths["spread"]["mean"] == pytest.approx(1.4, abs=2.1e-6)
    assert summary["position"]["ASSET"] == last["position"].sum()
    assert summary["equity"] == pytest.approx(last["equity"].sum(), rel=1e-9)


def test_moments_of_too_few_values_are_none() -> None:
    assert moments([]) == {"mean": None, "std": None}
    assert moments([3.0]) == {"mean": 3.0, "std": None}
    assert moments([1.0, 3.0]) == {"mean": 2.0, "std": pytest.approx(math.sqrt(2.0))}
