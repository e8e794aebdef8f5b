"""What a run leaves as tables: exact prices, and exactly the columns that users rely on."""

from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit.money import Totals, grid_price
from mmkit.results import Counts
from mmkit.runs import Run

STACK = """
[stack]
record_every = "500ms"
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
maker_fee = 0.0001
[instruments.SIM.market]
use = "book"
duration = "20s"
[signals.fast]
use = "volatility"
half_life = "5s"
warm_up = "2s"
[signals.slow]
use = "volatility"
half_life = "60s"
warm_up = "2s"
[sizing]
use = "fixed"
quantity = 0.1
[pricing]
use = "fixed"
half_spread = 0.01
[report]
"""

FILLS = {
    "exch_ts": pl.Int64,
    "local_ts": pl.Int64,
    "instrument": pl.String,
    "side": pl.Int8,
    "price": pl.Float64,
    "qty": pl.Float64,
    "order_id": pl.Int64,
    "fee": pl.Float64,
    "maker": pl.Boolean,
    "mid": pl.Float64,
    "cause": pl.String,
    "path": pl.Int32,
}

RECORDS = {
    "time": pl.Int64,
    **dict.fromkeys(("bid", "ask", "mid", "bid_quote", "ask_quote", "position", "cash", "equity"), pl.Float64),
    "fast.value": pl.Float64,
    "fast.daily": pl.Float64,
    "slow.value": pl.Float64,
    "slow.daily": pl.Float64,
    "path": pl.Int32,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Returns a run over twenty seconds of a simulated book, written to its folder."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "stack.toml").write_text(STACK)
    return mmkit.run(folder / "stack.toml", seed=2, engine="python", out=folder / "out")


def test_the_fills_file_has_exactly_the_promised_columns_and_types(run: Run) -> None:
    assert isinstance(run.folder, Path)
    read = pl.read_parquet(run.folder / "fills.parquet")
    assert dict(read.schema) == FILLS
    assert len(read) > 10
    assert read.equals(run.fills)
    assert not read.null_count().transpose().sum().item()


def test_fills_are_executions_of_the_quoted_instrument_that_a_quote_caused(run: Run) -> None:
    fills = run.fills
    assert fills["instrument"].unique().to_list() == ["SIM"]
    assert set(fills["side"]) == {1, -1}
    assert fills["cause"].unique().to_list() == ["quote"]
    assert fills["path"].unique().to_list() == [0]
    assert (fills["local_ts"] - fills["exch_ts"]).unique().to_list() == [10_000_000]
    assert np.allclose(fills["fee"], fills["price"] * fills["qty"] * 0.0001, rtol=1e-12)


def test_the_records_file_has_exactly_the_promised_columns_and_a_column_per_signal(run: Run) -> None:
    assert isinstance(run.folder, Path)
    read = pl.read_parquet(run.folder / "records.parquet")
    assert dict(read.schema) == RECORDS
    assert read.equals(run.records, null_equal=True)


def test_there_is_a_record_at_every_interval_and_one_at_the_end(run: Run) -> None:
    time = run.records["time"].to_list()
    first = run.summary["data"]["first"]
    assert [t - first for t in time[:-1]] == [500_000_000 * (i + 1) for i in range(len(time) - 1)]
    assert time[-1] == run.summary["data"]["last"]


def test_a_record_is_the_sum_of_the_fills_known_until_then(run: Run) -> None:
    for time, position, cash, equity, mid in run.records.select("time", "position", "cash", "equity", "mid").rows():
        known = run.fills.filter(pl.col("local_ts") <= time)
        signed = known["side"] * known["qty"]
        assert position == pytest.approx(signed.sum(), abs=1e-9)
        assert cash == pytest.approx(-(signed * known["price"]).sum() - known["fee"].sum(), rel=1e-9, abs=1e-9)
        assert equity == pytest.approx(cash + position * mid, rel=1e-9, abs=1e-9)


def test_signals_are_recorded_each_by_its_name(run: Run) -> None:
    ready = run.records.filter(pl.col("time") >= run.summary["data"]["first"] + 5 * 10**9)
    assert ready["fast.value"].is_finite().all()
    assert not ready["fast.value"].equals(ready["slow.value"].alias("fast.value"))


def test_prices_are_whole_numbers_of_ticks_as_one_would_write_them(run: Run) -> None:
    for column, step in (("price", "0.01"), ("qty", "0.001")):
        for value in run.fills[column]:
            assert Decimal(repr(value)) % Decimal(step) == 0


@given(st.integers(0, 10**9), st.integers(0, 8))
def test_a_price_on_a_decimal_grid_is_the_float_nearest_to_the_decimal(ticks: int, places: int) -> None:
    step = float(f"1e-{places}")
    assert grid_price(ticks, step) == float(Decimal(ticks).scaleb(-places))


@pytest.mark.parametrize(("ticks", "step", "price"), [(616597, 0.1, 61659.7), (7, 0.25, 1.75), (3, 5.0, 15.0)])
def test_a_price_is_its_ticks_times_the_step(ticks: int, step: float, price: float) -> None:
    assert grid_price(ticks, step) == price
    assert grid_price(np.array([ticks]), step).tolist() == [price]


def test_totals_add_up_over_sessions() -> None:
    money = ("position", "spent", "maker", "taker", "coin", "coin_rest", "maker_coin", "taker_coin", "funding")
    fates = ("cancelled", "rejected", "expired", "amended")

    def leg(n: int) -> Any:
        return SimpleNamespace(
            ledger=SimpleNamespace(**{name: n * i for i, name in enumerate(money, 1)}),
            exchange=SimpleNamespace(**{name: n * i for i, name in enumerate(fates, 10)}),
            desk=SimpleNamespace(submitted=20 * n),
        )

    totals = Totals()
    totals.add(leg(1))
    totals.add(leg(100))
    expected = {name: 101 * i for i, name in enumerate(money, 1)} | {name: 101 * i for i, name in enumerate(fates, 10)}
    expected["coin"] += expected.pop("coin_rest")
    assert attrs.asdict(totals) == expected | {"submitted": 2020}


def test_counts_add_up_over_sessions() -> None:
    counts = Counts()
    for n in (1, 100):
        counts.add(SimpleNamespace(clock=SimpleNamespace(decisions=9 * n, quotes=10 * n)))
    assert (counts.decisions, counts.quotes) == (909, 1010)


def test_a_run_without_a_fill_has_the_same_columns(tmp_path: Path) -> None:
    (tmp_path / "stack.toml").write_text(STACK.replace("half_spread = 0.01", "half_spread = 50.0"))
    run = mmkit.run(tmp_path / "stack.toml", engine="python")
    assert len(run.fills) == 0
    assert dict(run.fills.schema) == FILLS
    assert dict(run.records.schema) == RECORDS
    assert (run.records["equity"] == 0.0).all()
