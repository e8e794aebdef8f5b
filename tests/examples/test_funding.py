"""Funding over a recording that crosses a settlement: booked once, at its time, on the position that the venue had then."""

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import mmkit

STACK = """
[stack]
name = "perpetual"
[instruments.BTCUSDT]
tick_size = 0.1
lot_size = 0.001
maker_fee = 0.0002
taker_fee = 0.0005
{more}
[instruments.BTCUSDT.market]
use = "binance-raw"
path = "{path}"
[pricing]
use = "fixed"
half_spread = 1.0
[sizing]
use = "fixed"
quantity = 0.05
[risk.limits]
use = "position-limit"
[report]
"""


@pytest.fixture(scope="module")
def recording(data: Path) -> Path:
    """Returns a recording of a perpetual, with its mark prices."""
    return data / "binance" / "usdm_btcusdt_20230404-05.gz"


@pytest.fixture(scope="module")
def run(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> mmkit.Run:
    """Returns a run over it."""
    file = tmp_path_factory.mktemp("funding") / "stack.toml"
    file.write_text(STACK.format(path=recording, more=""))
    return mmkit.run(file, engine="python")


def announced(recording: Path) -> tuple[int, float, float]:
    """Returns the settlement (ns), and the last rate and mark before it, as the file's own lines say."""
    with gzip.open(recording, "rt") as lines:
        marks: list[dict[str, Any]] = [
            json.loads(line.split(" ", 1)[1])["data"] for line in lines if "markPriceUpdate" in line
        ]
    settlement = marks[0]["T"]
    last = [mark for mark in marks if mark["E"] <= settlement][-1]
    return settlement * 10**6, float(last["r"]), float(last["p"])


def test_a_settlement_is_booked_once_on_the_position_of_its_time(run: mmkit.Run, recording: Path) -> None:
    time, rate, mark = announced(recording)
    held = run.fills.filter(pl.col("exch_ts") <= time).select((pl.col("side") * pl.col("qty")).sum()).item()
    assert abs(held) > 1e-9
    (settled,) = run.summary["settlements"]
    assert (settled["instrument"], settled["time"], settled["rate"], settled["mark"]) == ("BTCUSDT", time, rate, mark)
    assert settled["position"] == pytest.approx(held, abs=1e-12)
    assert settled["amount"] == pytest.approx(-rate * mark * held, rel=1e-12)
    assert run.summary["pnl"]["funding"] == settled["amount"]


def test_the_parts_of_the_profit_add_up_with_funding(run: mmkit.Run) -> None:
    parts = dict(run.summary["pnl"])
    total = parts.pop("total")
    assert sum(parts.values()) == pytest.approx(total, rel=1e-12)
    assert run.summary["equity"] == pytest.approx(total, rel=1e-9)
    own = run.summary["instruments"]["BTCUSDT"]
    assert own["realised"] + own["unrealised"] - own["fees"] + own["funding"] == pytest.approx(total, rel=1e-9)


def test_the_records_cash_moves_by_the_funding_at_the_settlement(run: mmkit.Run, recording: Path) -> None:
    time, rate, mark = announced(recording)
    records = run.records.filter(pl.col("time") >= time)
    known = run.fills.filter(pl.col("local_ts") <= records["time"][0])
    traded = (known["side"] * known["qty"] * known["price"]).sum() + known["fee"].sum()
    held = run.fills.filter(pl.col("exch_ts") <= time).select((pl.col("side") * pl.col("qty")).sum()).item()
    assert records["cash"][0] == pytest.approx(-traded - rate * mark * held, rel=1e-9)


def test_what_was_really_settled_replaces_what_was_announced(recording: Path, tmp_path: Path, run: mmkit.Run) -> None:
    time, _, _ = announced(recording)
    (tmp_path / "settled.csv").write_text(f"time,rate,mark\n{time},0.001,30000\n")
    (tmp_path / "stack.toml").write_text(STACK.format(path=recording, more='funding = "settled.csv"'))
    other = mmkit.run(tmp_path / "stack.toml", engine="python")
    (settled,) = other.summary["settlements"]
    assert settled["amount"] == pytest.approx(-0.001 * 30000 * settled["position"], rel=1e-12)
    assert other.fills.equals(run.fills)


def test_a_file_of_settlements_that_is_not_there_is_one_line(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "stack.toml").write_text(STACK.format(path=recording, more='funding = "gone.csv"'))
    with pytest.raises(mmkit.DataError, match=r"gone\.csv: No such file"):
        mmkit.run(tmp_path / "stack.toml", engine="python")
