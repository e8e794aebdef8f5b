"""mmkit data: convert, info and check, as processes, over small recordings whose content is known by hand."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Mmkit = Callable[..., subprocess.CompletedProcess[str]]

ROW = np.dtype(
    [
        *(("ev", "u8"), ("exch_ts", "i8"), ("local_ts", "i8"), ("px", "f8")),
        *(("qty", "f8"), ("order_id", "u8"), ("ival", "i8"), ("fval", "f8")),
    ]
)
BOTH, BUY, SELL = 3 << 30, 1 << 29, 1 << 28
DEPTH, TRADE = 1, 2
GRID = ("--market", "hftbacktest", "--tick", "0.5", "--lot", "0.1")

QUIET = [
    (DEPTH | BUY, 10, 99.5, 1.0),
    (DEPTH | BUY, 10, 99.0, 2.0),
    (DEPTH | SELL, 10, 100.5, 1.5),
    (TRADE | BUY, 20, 100.5, 0.3),
    (TRADE | SELL, 30, 99.5, 0.4),
    (DEPTH | SELL, 40, 100.5, 0.0),
    (DEPTH | SELL, 40, 101.0, 0.7),
    (DEPTH | SELL, 40, 101.5, 0.7),
]
CROSSING = [*QUIET, (DEPTH | BUY, 50, 101.0, 1.0), (DEPTH | BUY, 60, 101.0, 0.0)]
CROSSED_AND_REPAIRED = [*QUIET, (DEPTH | BUY, 50, 101.0, 1.0), (DEPTH | SELL, 50, 101.0, 0.0)]
BACKWARDS = [*QUIET, (DEPTH | BUY, 5, 99.0, 1.0)]


@pytest.fixture
def recording(tmp_path: Path) -> Callable[..., Path]:
    """Returns a writer of event files: kind with side, µs, price, quantity."""

    def write(rows: list[tuple[int, int, float, float]], name: str = "r.npy") -> Path:
        out = np.zeros(len(rows), ROW)
        for i, (ev, us, px, qty) in enumerate(rows):
            out[i] = (ev | BOTH, us * 1000, us * 1000 + 100, px, qty, 0, 0, 0)
        np.save(tmp_path / name, out)
        return tmp_path / name

    return write


@pytest.fixture
def tape(mmkit: Mmkit, recording: Callable[..., Path], tmp_path: Path) -> Path:
    """Returns the tape of the quiet recording."""
    assert mmkit("data", "convert", recording(QUIET), *GRID, "--out", "t").returncode == 0
    return tmp_path / "t"


def test_convert_prints_the_tape_and_runs_read_it(mmkit: Mmkit, recording: Callable[..., Path], tmp_path: Path) -> None:
    done = mmkit("data", "convert", recording(QUIET), *GRID, "--name", "COIN", "--out", "new/t")
    assert (done.returncode, done.stdout, done.stderr) == (0, "new/t\n", "")
    (tmp_path / "stack.toml").write_text(
        '[instruments.COIN]\ntick_size = 0.5\nlot_size = 0.1\n[instruments.COIN.market]\nuse = "tape"\npath = "new/t"\n'
        '[sizing]\nuse = "fixed"\nquantity = 0.1\n[pricing]\nuse = "fixed"\nhalf_spread = 0.5\n[report]\n'
    )
    ran = mmkit("run", "stack.toml", "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["data"]["events"] == 8
    refused = mmkit("run", "stack.toml", "--set", "instruments.COIN.tick_size=0.1", "--out", "x")
    assert refused.returncode == 2
    assert refused.stderr == f"{tmp_path / 'new' / 't'}: the tape's tick_size is 0.5, that of COIN is 0.1\n"


def test_several_sources_are_one_tape(mmkit: Mmkit, recording: Callable[..., Path]) -> None:
    later = [(ev, us + 100, px, qty) for ev, us, px, qty in QUIET]
    files = (recording(QUIET, "a.npy"), recording(later, "b.npy"))
    done = mmkit("data", "convert", *files, *GRID, "--out", "t", "--json")
    manifest = json.loads(done.stdout)
    assert (manifest["events"], manifest["instrument"]) == (16, "a")
    assert [source["path"] for source in manifest["sources"]] == list(map(str, files))


def test_a_tape_is_not_overwritten(mmkit: Mmkit, tape: Path, recording: Callable[..., Path]) -> None:
    done = mmkit("data", "convert", recording(QUIET), *GRID, "--out", tape)
    assert (done.returncode, done.stderr) == (2, f"{tape}: is there already; it is not overwritten\n")


def test_a_fault_in_the_recording_ends_the_tape_there(
    mmkit: Mmkit, recording: Callable[..., Path], tmp_path: Path
) -> None:
    file = recording(BACKWARDS)
    done = mmkit("data", "convert", file, *GRID, "--out", "t")
    assert (done.returncode, done.stdout) == (3, "t\n")
    assert done.stderr.startswith(f"{file}: row 8: ")
    assert json.loads(mmkit("data", "info", "t", "--json").stdout)["events"] == 8
    checked = mmkit("data", "check", "t")
    assert (checked.returncode, checked.stdout) == (1, f"t: ends early: {done.stderr}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--market", "hftbacktest"), ["--tick: required", "--lot: required"]),
        (("--market", "hftbacktst", "--tick", "1", "--lot", "1"), ['did you mean "hftbacktest"']),
        (("--market", "hftbacktest", "--tick", "0", "--lot", "-1"), ["--tick: ", "--lot: "]),
        (("--market", "book", "--tick", "1", "--lot", "1"), ["reads no file"]),
        (("--market", "diffusion", "--tick", "1", "--lot", "1"), ["makes no market events"]),
        ((*GRID, "--set", "pth=1"), ["pth: unknown key"]),
        ((*GRID, "--set", "pth"), ["--set pth: is written KEY=VALUE"]),
    ],
)
def test_a_wrong_option_is_a_line_and_exit_2(
    mmkit: Mmkit, recording: Callable[..., Path], arguments: tuple[str, ...], said: list[str]
) -> None:
    done = mmkit("data", "convert", recording(QUIET), *arguments, "--out", "t")
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert len(lines) == len(said)
    assert all(text in line for text, line in zip(said, lines, strict=True))


def test_info_of_a_recording_is_its_book_at_the_end_and_its_trades(
    mmkit: Mmkit, recording: Callable[..., Path]
) -> None:
    file = recording(QUIET)
    done = mmkit("data", "info", file, *GRID, "--json")
    assert json.loads(done.stdout) == {
        "market": "hftbacktest",
        "sources": [str(file)],
        "events": 8,
        "first": 10_000,
        "last": 40_100,
        "best_bid": 99.5,
        "best_ask": 101.0,
        "bid_levels": 2,
        "ask_levels": 2,
        "trades": 2,
        "volume": 0.7,
        "gaps": 0,
        "marks": 0,
        "settlements": [],
        "fault": None,
    }
    lines = dict(line.split(maxsplit=1) for line in mmkit("data", "info", file, *GRID).stdout.splitlines())
    assert lines["best_ask"] == "101.0"
    assert lines["first"] == "10000 ns (1970-01-01 00:00:00 UTC)"


def test_info_of_a_tape_is_its_manifest(mmkit: Mmkit, tape: Path) -> None:
    manifest = json.loads((tape / "manifest.json").read_text())
    assert json.loads(mmkit("data", "info", tape, "--json").stdout) == manifest
    text = mmkit("data", "info", tape).stdout
    assert all(one["sha256"] in text for one in manifest["files"])


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (QUIET, []),
        (CROSSED_AND_REPAIRED, []),
        (CROSSING, ["1 crossed book at 50000 ns"]),
        (BACKWARDS, ["ends early: "]),
    ],
    ids=["quiet", "crossed within a message", "crossing", "backwards"],
)
def test_check_names_what_is_wrong_with_a_recording(
    mmkit: Mmkit, recording: Callable[..., Path], rows: list[tuple[int, int, float, float]], found: list[str]
) -> None:
    file = recording(rows)
    done = mmkit("data", "check", file, *GRID)
    assert done.returncode == int(bool(found))
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    expected = [f"{file}: {text}" for text in found or ["nothing wrong in"]]
    assert len(lines) == len(expected)
    assert all(line.startswith(text) for line, text in zip(lines, expected, strict=True))
    document = json.loads(mmkit("data", "check", file, *GRID, "--json").stdout)
    assert [f"{file}: {text}" for text in document["found"]] == (lines if found else [])


def test_check_finds_a_gap(mmkit: Mmkit, tmp_path: Path) -> None:
    def message(local: int, first: int, last: int, previous: int, bid: str) -> str:
        depth = (
            f'{{"e":"depthUpdate","E":{local // 1000000},"T":{local // 1000000},"s":"COIN","U":{first},"u":{last},'
            f'"pu":{previous},"b":[["{bid}","1"]],"a":[]}}'
        )
        return f'{local} {{"stream":"coin@depth@0ms","data":{depth}}}\n'

    start = 1_700_000_000_000_000_000
    book = '{"lastUpdateId":10,"E":1700000000000,"T":1700000000000,"bids":[["99","1"]],"asks":[["101","1"]]}'
    text = f"{start} {book}\n" + message(start + 10**6, 9, 12, 8, "98") + message(start + 2 * 10**6, 13, 14, 12, "97")
    (tmp_path / "whole.txt").write_text(text)
    (tmp_path / "gap.txt").write_text(text + message(start + 3 * 10**6, 17, 18, 16, "96"))
    grid = ("--market", "binance-raw", "--tick", "1", "--lot", "1")
    assert mmkit("data", "check", "whole.txt", *grid).returncode == 0
    done = mmkit("data", "check", "gap.txt", *grid)
    assert (done.returncode, done.stdout) == (
        1,
        f"gap.txt: 1 gap, the book is unknown at {start + 3 * 10**6} ns\n",
    )


def test_info_counts_marks_and_names_the_settlements_inside(mmkit: Mmkit, tmp_path: Path) -> None:
    start = 1_700_000_000_000
    lines = [f'{{"lastUpdateId":10,"E":{start},"T":{start},"bids":[["99","1"]],"asks":[["101","1"]]}}']
    lines += [
        f'{{"stream":"coin@markPrice","data":{{"e":"markPriceUpdate","E":{start + ms},"s":"COIN","p":"{price}",'
        f'"r":"{rate}","T":{start + settles}}}}}'
        for ms, price, rate, settles in (
            (1, "100.5", "0.00015", 3),
            (2, "100.25", "-0.0002", 3),
            (4, "100", "0.1", 900),
        )
    ]
    depth = (
        f'{{"e":"depthUpdate","E":{start + 5},"T":{start + 5},"s":"COIN","U":9,"u":12,"pu":8,"b":[["98","1"]],"a":[]}}'
    )
    lines.append(f'{{"stream":"coin@depth@0ms","data":{depth}}}')
    (tmp_path / "r.txt").write_text("".join(f"{start + at}000000 {text}\n" for at, text in enumerate(lines, 1)))
    grid = ("--market", "binance-raw", "--tick", "1", "--lot", "1")
    settled = [{"time": (start + 3) * 10**6, "rate": -0.0002, "mark": 100.25}]
    said = f"{start + 3}000000 ns (2023-11-14 22:13:20 UTC)  rate -0.0002  mark 100.25"
    assert mmkit("data", "convert", "r.txt", *grid, "--out", "t").returncode == 0
    for arguments in (("r.txt", *grid), ("t",)):
        document = json.loads(mmkit("data", "info", *arguments, "--json").stdout)
        assert (document["events"], document["marks"], document["settlements"]) == (3, 3, settled)
        lines = [
            line for line in mmkit("data", "info", *arguments).stdout.splitlines() if line.startswith("settlements")
        ]
        assert [line.split(maxsplit=1)[1] for line in lines] == [said]
        assert mmkit("data", "check", *arguments).returncode == 0


def test_check_finds_a_flipped_bit(mmkit: Mmkit, tape: Path) -> None:
    assert mmkit("data", "check", tape).returncode == 0
    content = bytearray((tape / "lots.bin").read_bytes())
    content[0] ^= 1
    (tape / "lots.bin").write_bytes(content)
    done = mmkit("data", "check", tape)
    assert done.returncode == 1
    assert done.stdout.startswith(f"{tape}: lots.bin: is not what was written")


@pytest.mark.parametrize("command", ["info", "check"])
def test_what_cannot_be_read_is_exit_3(mmkit: Mmkit, tape: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()
    (tape / "key.bin").unlink()
    for arguments in (("gone",), ("empty",), ("t",), ("gone", *GRID), ("empty", *GRID)):
        done = mmkit("data", command, *arguments)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (3, "", 1), arguments


def test_a_recording_needs_its_market(mmkit: Mmkit, recording: Callable[..., Path]) -> None:
    done = mmkit("data", "info", recording(QUIET))
    assert (done.returncode, done.stderr) == (2, "--market: required: the market plugin that reads a recording\n")


def test_it_says_where_runs_keep_their_tapes(mmkit: Mmkit, tape: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "tapes"
    assert mmkit("data", MMKIT_CACHE=str(tmp_path / "cache")).stdout == f"{folder}: 0 tapes, 0.0 MB\n"
    folder.mkdir(parents=True)
    size = sum(file.stat().st_size for file in tape.iterdir())
    tape.rename(folder / "one")
    found = json.loads(mmkit("data", "--json", MMKIT_CACHE=str(tmp_path / "cache")).stdout)
    assert found == {"folder": str(folder), "tapes": 1, "bytes": size}


@pytest.mark.parametrize("command", [(), ("convert",), ("info",), ("check",)])
def test_help_has_an_example(mmkit: Mmkit, command: tuple[str, ...]) -> None:
    done = mmkit("data", *command, "--help")
    assert done.returncode == 0
    assert "Example: mmkit data" in done.stdout
