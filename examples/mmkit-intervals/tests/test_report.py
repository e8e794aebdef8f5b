"""The intervals of a run: against a run written by hand, and against the summary of one that ran."""

import csv
import json
import math
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

import mmkit
from mmkit_intervals import report
from mmkit_intervals.page import page
from mmkit_intervals.table import table

STACK = Path(__file__).parents[1] / "stack.toml"


def by_hand() -> Any:
    """Returns a run of three intervals of 10 ns: two fills, none, one; a record is missing its mid."""
    fills = {
        "exch_ts": [1, 9, 20],
        "side": pl.Series([1, -1, 1], dtype=pl.Int8),
        "price": [100.0, 101.0, 99.0],
        "qty": [1.0, 2.0, 0.5],
        "fee": [0.1, 0.2, 0.05],
    }
    records = {
        "time": [5, 10, 20, 25, 29],
        "equity": [1.0, 3.0, 2.0, math.nan, 7.0],
        "position": [1.0, -1.0, -1.0, -0.5, -0.5],
    }
    path = pl.lit(0, dtype=pl.Int32).alias("path")
    return SimpleNamespace(
        fills=pl.DataFrame(fills).with_columns(path), records=pl.DataFrame(records).with_columns(path)
    )


def test_each_interval_has_its_fills_and_what_its_records_gained() -> None:
    rows = table(by_hand(), 10)
    assert [(row.start, row.fills, row.bought, row.sold) for row in rows] == [
        (0, 2, 1, 1),
        (10, 0, 0, 0),
        (20, 1, 1, 0),
    ]
    assert [row.notional for row in rows] == [302.0, 0.0, 49.5]
    assert [row.fees for row in rows] == pytest.approx([0.3, 0.0, 0.05])
    assert [row.pnl for row in rows] == [3.0, -1.0, 5.0]
    assert [(row.equity, row.position) for row in rows] == [(3.0, -1.0), (2.0, -1.0), (7.0, -0.5)]


def test_independent_paths_are_told_apart() -> None:
    one = by_hand()
    both = {
        name: pl.concat([getattr(one, name), getattr(one, name).with_columns(path=pl.lit(1, dtype=pl.Int32))])
        for name in ("fills", "records")
    }
    rows = table(SimpleNamespace(**both), 10)
    assert [row.path for row in rows] == [0, 0, 0, 1, 1, 1]
    assert [row.pnl for row in rows] == [3.0, -1.0, 5.0] * 2


def test_the_page_shows_each_interval_and_asks_for_nothing_outside() -> None:
    text = page("<b>mine</b>", "10 ns", table(by_hand(), 10))
    assert "&lt;b&gt;mine&lt;/b&gt;" in text
    assert text.count("<tr>") == 1 + 3
    assert not re.search(r"https?://|src=|@import", text)


def test_times_of_recordings_are_dates() -> None:
    run = by_hand()
    moved = {
        name: getattr(run, name).with_columns(pl.col(time) + 1_723_075_200 * 10**9)
        for name, time in (("fills", "exch_ts"), ("records", "time"))
    }
    assert "2024-08-08 00:00:00" in page("mine", "10 ns", table(SimpleNamespace(**moved), 10))


def test_a_run_writes_both_files_and_the_gains_add_up(tmp_path: Path) -> None:
    run = mmkit.run(STACK, engine="python", out=tmp_path / "run", set=["instruments.SIM.market.duration=3m"])
    with (tmp_path / "run" / "intervals.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 3
    assert sum(int(row["fills"]) for row in rows) == run.summary["fills"]["count"] > 0
    assert math.fsum(float(row["pnl"]) for row in rows) == pytest.approx(run.summary["equity"], abs=1e-9)
    assert math.fsum(float(row["fees"]) for row in rows) == pytest.approx(run.summary["fees"], abs=1e-9)
    assert "1 m" in (tmp_path / "run" / "intervals.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["stack"] == "by-minute"


def test_another_length_gives_other_intervals(tmp_path: Path) -> None:
    changes = ["instruments.SIM.market.duration=1m", "report.minutes.every=20s"]
    mmkit.run(STACK, engine="python", out=tmp_path, set=changes)
    assert len((tmp_path / "intervals.csv").read_text(encoding="utf-8").splitlines()) == 1 + 3


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    slot = SimpleNamespace(params=report.Params(10), rule=report.mmkit_report())
    run = SimpleNamespace(stack=SimpleNamespace(name="mine", reports=(slot,)), **vars(by_hand()))
    with pytest.raises(mmkit.ConfigError, match="cannot write there"):
        report.render(run, tmp_path / "nowhere")
