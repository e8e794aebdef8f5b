"""Defects of the reference bot's market data, each by its number: tests that its behaviour would fail."""

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import mmkit
import mmkit_plugins
from mmkit.engine.session import program
from mmkit.settings import read

Go = Callable[..., mmkit.Run]

SILENT = """
import attrs
import mmkit
import numpy as np


@attrs.frozen
class Params:
    pass


def events(params, instrument, rng):
    rows = np.zeros(6, mmkit.EVENT)
    rows["stream"] = mmkit.BOTH
    rows["kind"] = [mmkit.BID, mmkit.ASK] * 3
    rows["tick"] = [9990, 10010, 9991, 10011, 9990, 10010]
    rows["lots"] = 1000
    rows["exch_ts"] = rows["local_ts"] = np.repeat([0, 1_000_000_000, 21_000_000_000], 2)
    yield rows


@mmkit.hookimpl
def mmkit_market():
    return mmkit.Market("silent", params=Params, events=events)
"""


def test_d_04_the_mid_that_is_kept_is_the_one_that_rules_read(go: Go, tmp_path: Path) -> None:
    # The bot wrote a mid cache that nothing read.
    kept = go()
    made_anew = go(disable=["market.mid-cache"])
    assert kept.records.equals(made_anew.records)
    source = program(read(tmp_path / "stack.toml", disable=["market.mid-cache"])).source
    calls = re.findall(r"s\.clock\.at = \d+.*", source)
    assert calls
    assert all(line.endswith("show(s.market)") for line in calls)


def test_d_50_a_decision_reads_the_signals_as_they_are_at_its_time(go: Go) -> None:
    # The bot's snapshot of its conditions was up to 100 ms old and changed by those who read it.
    plugin = """
import attrs
import mmkit

@attrs.define
class Inputs:
    completed: float = mmkit.field(0.0)

@attrs.define
class State:
    seen: float = 0.0

def limit(params, state, market, inputs, ladder, desk):
    state.seen = inputs.completed
    told.append((market.now, inputs.completed))

told = []

@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("reader", state=State, inputs=Inputs, limit=limit, compiled=False)
"""
    run = go(plugin=plugin, more='[risk.reader]\nuse = "reader"\n')
    limit = run.stack.risk[0].rule.limit  # type: ignore[attr-defined]
    told = pl.DataFrame(limit.__globals__["told"], schema=["time", "told"], orient="row")
    both = run.records.select("time", "candles.completed").join(told, on="time")
    assert len(both) > 300
    assert both["candles.completed"].max() > 3
    assert both["candles.completed"].equals(both["told"].alias("candles.completed"))


def test_d_64_what_an_adapter_reads_is_what_it_handles(tmp_path: Path) -> None:
    # The bot subscribed to one channel and handled another. Here a file of nothing but what is not handled is a fault.
    file = tmp_path / "index.gz"
    file.write_text('1723075200000000000 {"stream":"xbtusdt@index","data":{"e":"index","p":"1"}}\n')
    (tmp_path / "stack.toml").write_text(
        f'[instruments.X]\ntick_size = 0.1\nlot_size = 0.001\n[instruments.X.market]\nuse = "binance-raw"\npath = "{file.name}"\n'
        '[pricing]\nuse = "fixed"\nhalf_spread = 1.0\n[sizing]\nuse = "fixed"\nquantity = 1\n[report]\n'
    )
    with pytest.raises(mmkit.DataError, match=file.name):
        mmkit.run(tmp_path / "stack.toml", engine="python")


def test_d_65_no_quote_from_old_data_and_what_rests_is_taken_back(tmp_path: Path) -> None:
    limits = '[risk.stale]\nuse = "stale-data"\nmax_age = "5s"\n'
    for more, working in (("", True), (limits, False)):
        text = (
            '[stack]\nplugins = ["silent.py"]\nrecord_every = "1s"\n[instruments.SIM]\ntick_size = 0.01\nlot_size = 0.001\n'
            '[instruments.SIM.market]\nuse = "silent"\n[pricing]\nuse = "fixed"\nhalf_spread = 0.05\n'
            f'[sizing]\nuse = "fixed"\nquantity = 0.2\n[report]\n{more}'
        )
        (tmp_path / "silent.py").write_text(SILENT)
        (tmp_path / "quiet.toml").write_text(text)
        records = mmkit.run(tmp_path / "quiet.toml", engine="python").records
        quoted = records.with_columns(pl.col("bid_quote").is_finite().alias("quoted"))
        fresh = quoted.filter((pl.col("time") > 1_500_000_000) & (pl.col("time") < 6_000_000_000))
        old = quoted.filter((pl.col("time") > 7_000_000_000) & (pl.col("time") < 21_000_000_000))
        assert fresh["quoted"].all()
        assert len(old) > 10
        assert old["quoted"].all() if working else not old["quoted"].any()


def test_d_66_a_record_is_whole(go: Go) -> None:
    # The bot's shared memory had no sequence number: a reader could see half of an update, and the volatility was always 0.
    records = go().records.filter(pl.col("bid").is_finite() & pl.col("ask").is_finite())
    assert (records["bid"] < records["ask"]).all()
    middle = (records["bid"] + records["ask"]) / 2
    assert ((records["mid"] - middle).abs() < 0.5).all()


def test_d_48_no_file_of_the_package_names_a_path_of_somebodys_machine() -> None:
    for folder in (Path(mmkit.__file__).parent, Path(mmkit_plugins.__file__).parent):
        for file in folder.rglob("*.py"):
            assert not re.search(r"/home/\w|/Users/\w|[A-Z]:\\\\", file.read_text(encoding="utf-8")), file
