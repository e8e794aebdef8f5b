"""Event files of hftbacktest: each kind of row becomes what that engine makes of it, each wrong row is named."""

import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import mmkit
from mmkit.conversion import chunks
from mmkit_plugins.market import hftbacktest
from mmkit_plugins.market.hftbacktest import ROW

COIN = SimpleNamespace(tick_size=0.1, lot_size=0.001)
VENUE, LOCAL, BUY, SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
BOTH = VENUE | LOCAL
Row = tuple[int, int, int, float, float]

ROWS: list[Row] = [
    (BOTH | BUY | 4, 100, 110, 10.0, 1.5),
    (BOTH | SELL | 4, 100, 110, 10.1, 2.0),
    (VENUE | BUY | 2, 150, 230, 10.1, 0.5),
    (BOTH | BUY | 1, 200, 210, 9.9, 1.0),
    (LOCAL | BUY | 2, 150, 230, 10.1, 0.5),
    (BOTH | SELL | 2, 300, 310, 10.0, 0.2),
    (BOTH | BUY | 3, 400, 410, 10.0, 0.0),
    (BOTH | SELL | 3, 400, 410, 10.1, 0.0),
]


def table(rows: list[Row]) -> Any:
    return np.array([(*row, 0, 0, 0.0) for row in rows], ROW)


def write(folder: Path, rows: list[Row], name: str = "events.npz") -> Path:
    path = folder / name
    if name.endswith("npy"):
        np.save(path, table(rows))
    else:
        np.savez_compressed(path, data=table(rows))
    return path


def read(*paths: Path) -> Any:
    return np.concatenate(list(hftbacktest.events(hftbacktest.Params(paths), COIN, None)))


def until_fault(path: Path) -> tuple[int, str]:
    """Returns how many rows came before the fault, and its text."""
    found: list[Any] = []
    with pytest.raises(mmkit.DataError) as error:
        found.extend(hftbacktest.events(hftbacktest.Params((path,)), COIN, None))
    assert "\n" not in str(error.value)
    return sum(map(len, found)), str(error.value)


def test_each_kind_of_row_is_read(tmp_path: Path) -> None:
    assert read(write(tmp_path, ROWS)).tolist() == [
        (100, 110, 100, 1500, mmkit.BID, mmkit.BOTH),
        (100, 110, 101, 2000, mmkit.ASK, mmkit.BOTH),
        (150, 230, 101, 500, mmkit.BUY, mmkit.VENUE),
        (200, 210, 99, 1000, mmkit.BID, mmkit.BOTH),
        (150, 230, 101, 500, mmkit.BUY, mmkit.LOCAL),
        (300, 310, 100, 200, mmkit.SELL, mmkit.BOTH),
        (400, 410, 100, 0, mmkit.CLEAR_BIDS, mmkit.BOTH),
        (400, 410, 101, 0, mmkit.CLEAR_ASKS, mmkit.BOTH),
    ]


def test_npy_and_several_files_read_alike(tmp_path: Path) -> None:
    whole = read(write(tmp_path, ROWS))
    assert read(write(tmp_path, ROWS, "events.npy")).tolist() == whole.tolist()
    parts = write(tmp_path, ROWS[:3], "one.npz"), write(tmp_path, ROWS[3:], "two.npz")
    assert read(*parts).tolist() == whole.tolist()


def test_rows_that_the_book_does_not_need_are_left_out(tmp_path: Path) -> None:
    others: list[Row] = [
        (BUY | 1, 100, 110, 10.0, 1.0),
        (BOTH | 1, 100, 110, 10.0, 1.0),
        (BOTH | 2, 100, 110, 10.0, 1.0),
        (BOTH | BUY | 5, 100, 110, 10.0, 1.0),
        (BOTH | 101, 100, 110, float("nan"), 1.0),
    ]
    assert read(write(tmp_path, others + ROWS)).tolist() == read(write(tmp_path, ROWS, "rows.npz")).tolist()


def test_a_removal_that_names_no_side_takes_the_whole_book(tmp_path: Path) -> None:
    rows = [*ROWS[:2], (BOTH | 3, 400, 410, 0.0, 0.0), (BOTH | BUY | 1, 400, 410, 9.0, 1.0)]
    (chunk,) = chunks(hftbacktest.events(hftbacktest.Params((write(tmp_path, rows),)), COIN, None))
    assert chunk.events == 4
    assert chunk.local["bid"][-1] + chunk.base == 90
    assert chunk.local["ask"][-1] == 2**31 - 1
    keys = {int(key) + 2 * chunk.base: int(lots) for key, lots in zip(chunk.key, chunk.lots, strict=True)}
    assert {key: lots for key, lots in keys.items() if lots} == {2 * 90: 1000}


def test_after_a_removal_of_bids_the_best_is_the_next_one_below(tmp_path: Path) -> None:
    rows = [*ROWS[:2], ROWS[3], (BOTH | BUY | 3, 400, 410, 10.0, 0.0)]
    (chunk,) = chunks(hftbacktest.events(hftbacktest.Params((write(tmp_path, rows),)), COIN, None))
    assert (chunk.local["bid"] + chunk.base).tolist() == [100, 100, 99]


NAN = float("nan")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((BOTH | BUY | 1, 350, 350, NAN, 1.0), "price nan"),
        ((BOTH | BUY | 1, 350, 350, -1.0, 1.0), "price -1.0"),
        ((BOTH | BUY | 3, 350, 350, 0.0, 0.0), "price 0.0"),
        ((BOTH | BUY | 1, 350, 350, 1e300, 1.0), "price 1e+300"),
        ((BOTH | BUY | 1, 350, 350, 1.0, NAN), "quantity nan"),
        ((BOTH | BUY | 1, 350, 350, 1.0, -2.0), "quantity -2.0"),
        ((BOTH | BUY | 2, 350, 350, 1.0, 0.0), "quantity of a trade 0.0"),
        ((BOTH | BUY | 1, 299, 350, 1.0, 1.0), "exch_ts 299 is before 300"),
        ((BOTH | BUY | 1, 350, 309, 1.0, 1.0), "local_ts 309 is before 310"),
        ((BOTH | BUY | 10, 350, 350, 1.0, 1.0), "event of a single order, not of a level: kind 10"),
    ],
)
def test_a_wrong_row_is_named_after_what_came_before(tmp_path: Path, row: Row, said: str) -> None:
    path = write(tmp_path, [*ROWS[:6], row, *ROWS[6:]])
    assert until_fault(path) == (6, f"{path}: row 6: {said}")


def test_rows_are_counted_and_clocks_kept_across_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hftbacktest, "PIECE", 2)
    path = write(tmp_path, [*ROWS[:6], (BOTH | BUY | 1, 299, 350, 1.0, 1.0)])
    assert until_fault(path) == (6, f"{path}: row 6: exch_ts 299 is before 300")


def test_a_row_outside_a_stream_does_not_move_its_clock(tmp_path: Path) -> None:
    rows = [
        (VENUE | BUY | 1, 500, 900, 1.0, 1.0),
        (LOCAL | BUY | 1, 400, 600, 1.0, 1.0),
        (VENUE | BUY | 1, 500, 700, 1.0, 1.0),
    ]
    assert len(read(write(tmp_path, rows))) == 3


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    assert until_fault(path)[1] == f"{path}: No such file or directory"
    assert until_fault(tmp_path)[1] == f"{tmp_path}: Is a directory"
    path.write_bytes(b"")
    assert until_fault(path)[1] == f"{path}: is not a .npz or .npy file"
    path.write_text("hello")
    assert until_fault(path)[1] == f"{path}: is not a .npz or .npy file"
    np.savez(path, other=table(ROWS))
    assert until_fault(path)[1] == f'{path}: has no member "data"'
    np.savez(path, data=np.zeros(4))
    assert until_fault(path)[1] == f"{path}: holds float64 of shape (4,), not a list of hftbacktest 2 events"
    assert until_fault(write(tmp_path, []))[1] == f"{tmp_path / 'events.npz'}: is empty"


def test_files_that_end_early_give_their_whole_rows(tmp_path: Path) -> None:
    rows = [(BOTH | BUY | 1, n, n, 10.0, n % 7 / 1000) for n in range(1000)]
    path = write(tmp_path, rows, "events.npy")
    path.write_bytes(path.read_bytes()[:-100])
    assert until_fault(path) == (998, f"{path}: row 998: cut short")
    archive = write(tmp_path, rows)
    archive.write_bytes(archive.read_bytes()[:-100])
    assert until_fault(archive) == (0, f"{archive}: row 0: damaged or cut short (File is not a zip file)")


def test_a_damaged_member_is_a_fault(tmp_path: Path) -> None:
    path = write(tmp_path, [(BOTH | BUY | 1, n, n, 10.0, n % 7 / 1000) for n in range(1000)])
    with zipfile.ZipFile(path) as archive:
        start = archive.infolist()[0].header_offset + 200
    content = bytearray(path.read_bytes())
    content[start : start + 40] = bytes(40)
    path.write_bytes(content)
    assert "damaged or cut short" in until_fault(path)[1]
