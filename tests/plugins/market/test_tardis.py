"""Tardis CSV files: the same book and trades as the raw recording they were made from, and what is wrong with bad ones."""

import gzip
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import mmkit
from mmkit_plugins.market import binance_raw, tardis

COIN = SimpleNamespace(tick_size=0.1, lot_size=0.001)
BOOK = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
TRADES = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"


def read(params: tardis.Params) -> Any:
    return np.concatenate(list(tardis.events(params, COIN, None)))


def read_until_fault(params: tardis.Params) -> tuple[Any, str]:
    found = [np.zeros(0, mmkit.EVENT)]
    with pytest.raises(mmkit.DataError) as error:
        found.extend(tardis.events(params, COIN, None))
    text = str(error.value)
    assert "\n" not in text
    return np.concatenate(found), text


def write(folder: Path, rows: list[str], head: str = BOOK, name: str = "book.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([head, *(f"x,BTC,{row}" for row in rows)]) + "\n")
    return path


def test_the_files_give_the_raw_recordings_book_and_trades(data: Path) -> None:
    folder = data / "derived"
    name = "2024-08-08_BTCUSDT_first120s.csv.gz"
    params = tardis.Params(
        (folder / f"tardis-format_binance-futures_incremental_book_L2_{name}",),
        (folder / f"tardis-format_binance-futures_trades_{name}",),
    )
    events = read(params)
    raw_params = binance_raw.Params((data / "binance" / "usdm_btcusdt_20240808.gz",))
    raw = np.concatenate(list(binance_raw.events(raw_params, COIN, None)))
    assert int((events["stream"] & mmkit.ADDED == 0).sum()) == 147_916 + 4_315
    local, raw_local = (rows[rows["stream"] & mmkit.LOCAL != 0] for rows in (events, raw))
    end = int(local["local_ts"].max()) // 1000
    # Each reader moves the clock by the smallest latency it has seen: compare times from the snapshot on.
    shift = int(raw_local["local_ts"][raw_local["kind"] == mmkit.RESET][0]) // 1000
    shift -= int(local["local_ts"][local["kind"] == mmkit.RESET][0]) // 1000
    raw_local = raw_local[raw_local["local_ts"] // 1000 <= end + shift]
    columns = ["exch_ts", "tick", "lots", "kind"]
    trades = [rows[np.isin(rows["kind"], (mmkit.BUY, mmkit.SELL))][columns].tolist() for rows in (local, raw_local)]
    assert trades[0] == trades[1]
    assert len(trades[0]) == 4_315
    after_snapshot = local["local_ts"] > local["local_ts"][local["kind"] == mmkit.RESET][0]
    raw_after = raw_local["local_ts"] > raw_local["local_ts"][raw_local["kind"] == mmkit.RESET][0]
    ours, theirs = (
        rows[mask & (rows["kind"] <= mmkit.ASK)][columns].tolist()
        for rows, mask in ((local, after_snapshot), (raw_local, raw_after))
    )
    assert ours == theirs
    assert _levels(local) == _levels(raw_local)


def _levels(rows: Any) -> dict[tuple[int, int], int]:
    levels: dict[tuple[int, int], int] = {}
    for tick, lots, kind in rows[["tick", "lots", "kind"]].tolist():
        if kind == mmkit.RESET:
            levels.clear()
        elif kind <= mmkit.ASK:
            levels[tick, kind] = lots
    return {key: lots for key, lots in levels.items() if lots}


def test_the_book_comes_before_trades_of_the_same_time_and_snapshots_reset(tmp_path: Path) -> None:
    book = write(
        tmp_path,
        [
            "1000,2000,true,bid,10.0,1.5",
            "1000,2000,true,ask,10.1,2",
            "3000,4000,false,bid,10.0,0",
            "5000,6000,true,bid,9.9,1",
            "5000,6000,true,ask,10.0,1",
        ],
    )
    trades = write(
        tmp_path, ["900,2000,7,buy,10.1,0.5", "3000,4000,8,unknown,10.0,1", "3000,4500,9,sell,10.0,1"], TRADES, "t.csv"
    )
    local = read(tardis.Params((book,), (trades,)))
    local = local[local["stream"] & mmkit.LOCAL != 0]
    assert local[["local_ts", "tick", "lots", "kind"]].tolist() == [
        (2_000_000, 0, 0, mmkit.RESET),
        (2_000_000, 100, 1500, mmkit.BID),
        (2_000_000, 101, 2000, mmkit.ASK),
        (2_000_000, 101, 500, mmkit.BUY),
        (4_000_000, 100, 0, mmkit.BID),
        (4_500_000, 100, 1000, mmkit.SELL),
        (6_000_000, 0, 0, mmkit.RESET),
        (6_000_000, 99, 1000, mmkit.BID),
        (6_000_000, 100, 1000, mmkit.ASK),
    ]


def test_local_times_ahead_of_the_venue_are_moved_to_the_base_latency(tmp_path: Path) -> None:
    book = write(tmp_path, ["5000,2000,true,bid,10.0,1.5", "6000,2500,false,bid,10.0,1"])
    events = read(tardis.Params((book,), base_latency=mmkit.duration("1ms")))
    assert (events["local_ts"] - events["exch_ts"]).min() == 1_000_000
    assert np.diff(events["local_ts"]).tolist() == [0, 500_000]


ROWS = [
    "1000,2000,true,bid,10.0,1.5",
    "1000,2000,true,ask,10.1,2",
    "3000,4000,false,bid,10.0,0",
    "5000,6000,false,bid,9.9,1",
]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1000,2000,true,ask,inf,2", "price inf is not above 0"),
        ("1000,2000,true,ask,nan,2", "price nan is not above 0"),
        ("1000,2000,true,ask,-10.1,2", "price -10.1 is not above 0"),
        ("1000,2000,true,ask,0,2", "price 0.0 is not above 0"),
        ("1000,2000,true,ask,10.1,-2", "quantity -2.0 is not at least 0"),
        ("1000,2000,true,ask,10.15,2", "price 10.15 is no multiple of tick_size 0.1"),
        ("1000,2000,true,ask,abc,2", "price cannot be read"),
        ("1000,2000,true,ask", "price cannot be read"),
        ("1000,9000000000000000000,true,ask,10.1,2", "local_timestamp is no time in us"),
        ("1000,2000,true,ask,1e300,2", "price 1e+300 or quantity 2.0 is too large"),
        ("1000,2000,maybe,ask,10.1,2", "is_snapshot is not true or false"),
        ("1000,2000,true,buy,10.1,2", "side is not bid or ask"),
        ("1000,1999,true,ask,10.1,2", "local_timestamp is before that of the row ahead"),
    ],
)
def test_a_wrong_row_is_named_after_what_came_before(tmp_path: Path, row: str, said: str) -> None:
    path = write(tmp_path, [ROWS[0], row, *ROWS[2:]])
    events, text = read_until_fault(tardis.Params((path,)))
    assert text == f"{path}:3: {said}"
    assert events["kind"].tolist() == [mmkit.RESET, mmkit.BID]


def test_a_row_that_comes_too_late_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, ["60000000,60000000,true,bid,10.0,1", "1000,60000001,false,bid,10.0,2"])
    _, text = read_until_fault(tardis.Params((path,)))
    assert text == f"{path}:3: timestamp is more than 55 s before that of a row ahead"


def test_another_symbol_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, ROWS)
    _, text = read_until_fault(tardis.Params((path,), symbol="ETH"))
    assert text == f"{path}:2: the row is not of symbol ETH"


def test_a_fault_in_the_trades_ends_the_market_where_it_is(tmp_path: Path) -> None:
    book = write(tmp_path, ROWS)
    trades = write(tmp_path, ["900,2000,7,buy,10.1,0.5", "3000,4500,9,sell,-1,1"], TRADES, "t.csv")
    events, text = read_until_fault(tardis.Params((book,), (trades,)))
    assert text.startswith(f"{trades}:3: price")
    assert events["local_ts"].max() == 2_000_000
    assert mmkit.BUY in events["kind"]


def test_a_missing_column_and_files_that_are_none_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, ["1000,2000,bid,10.0,1.5"], "exchange,symbol,timestamp,local_timestamp,side,price,amount")
    assert read_until_fault(tardis.Params((path,)))[1] == f"{path}:1: has no column is_snapshot"
    missing = tmp_path / "none.csv"
    assert read_until_fault(tardis.Params((missing,)))[1] == f"{missing}: No such file or directory"
    missing.write_text("")
    assert read_until_fault(tardis.Params((missing,)))[1] == f"{missing}: is empty"


def test_a_gzip_that_ends_early_gives_its_whole_rows(tmp_path: Path) -> None:
    rows = [f"{1000 + i},{2000 + i},false,bid,10.0,{i % 7}" for i in range(5000)]
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(write(tmp_path, rows).read_bytes())[:-4000])
    events, text = read_until_fault(tardis.Params((path,)))
    assert 100 < len(events) < 5000
    assert text == f"{path}:{len(events) + 2}: gzip is cut short"
