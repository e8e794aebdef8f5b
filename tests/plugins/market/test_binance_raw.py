"""Binance's raw recordings: the book agrees with the venue's own best quotes, streams with an independent conversion."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import mmkit
from mmkit import tape
from mmkit.conversion import chunks
from mmkit_plugins.market import binance_raw, hftbacktest

BTC = SimpleNamespace(tick_size=0.1, lot_size=0.001)
ETH = SimpleNamespace(tick_size=0.01, lot_size=0.001)
SPOT = SimpleNamespace(tick_size=0.01, lot_size=0.00001)

RECORDINGS = {
    "usdm_btcusdt_20240808": (
        BTC,
        (5018, 4578),
        ("61659.7", "1.486", "61659.8", "0.981"),
        (21_313, "2429.366", 11_697),
    ),
    "usdm_ethusdt_20240808": (
        ETH,
        (3181, 3013),
        ("2681.38", "8.486", "2681.39", "22.624"),
        (14_076, "9164.948", 7_092),
    ),
    "spot_btcusdt_20240808": (
        SPOT,
        (1209, 2196),
        ("61685.99", "1.0087", "61686.00", "2.29327"),
        (9_757, "212.03315", 5_654),
    ),
    # Of 12,935 prints with 1189.086 one is of the insurance fund: a sell of 0.001.
    "usdm_btcusdt_20230404-05": (
        BTC,
        (5393, 3847),
        ("28140.1", "8.251", "28140.2", "7.212"),
        (12_934, "1189.085", 6_454),
    ),
}


def read(path: Path, instrument: Any, **options: Any) -> Any:
    """Returns the recording's rows."""
    handed = binance_raw.events(binance_raw.Params((path,), **options), instrument, None)
    return np.concatenate([piece for piece in handed if piece.dtype == mmkit.EVENT])


def marks_of(path: Path, **options: Any) -> list[tuple[int, int, float, float, int]]:
    """Returns the recording's marks: times in ms from the start, but of the settlement in ms."""
    handed = list(binance_raw.events(binance_raw.Params((path,), **options), BTC, None))
    marks = np.concatenate([np.zeros(0, mmkit.MARK), *(piece for piece in handed if piece.dtype == mmkit.MARK)])
    return [
        ((exch - START * NS) // 10**6, (local - START * NS) // 10**6, price, rate, settles // 10**6)
        for exch, local, price, rate, settles in marks.tolist()
    ]


def ticks(price: str, instrument: Any) -> int:
    return round(float(price) / instrument.tick_size)


def lots(quantity: str, instrument: Any) -> int:
    return round(float(quantity) / instrument.lot_size)


class Book:
    """A tape's local book, segment by segment."""

    def __init__(self, made: list[Any]) -> None:
        self.made = made
        self.levels: dict[tuple[int, int], int] = {}

    def messages(self) -> Iterator[tuple[int, int, int]]:
        """Yields local time and best prices after each depth message."""
        for chunk in self.made:
            assert not chunk.opening, "the window did not move"
            for s in chunk.local[chunk.local["kind"] == tape.DEPTH]:
                part = slice(int(s["start"]), int(s["start"]) + int(s["len"]))
                for key, quantity in zip(chunk.key[part].tolist(), chunk.lots[part].tolist(), strict=True):
                    self.levels[(key >> 1) + chunk.base, key & 1] = quantity
                assert not s["flag"] & tape.INVALID, "there is no gap"
                if not s["flag"] & tape.MORE:
                    yield int(s["ts"]), int(s["bid"]) + chunk.base, int(s["ask"]) + chunk.base


def lines_of(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with gzip.open(path, "rt") as file:
        for line in file:
            stamp, _, text = line.partition(" ")
            yield int(stamp) * (1 if len(stamp) == 19 else 1000), json.loads(text)


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_book_equals_the_venues_best_quotes_of_the_same_update_id(data: Path, name: str) -> None:
    instrument = RECORDINGS[name][0]
    path = data / "binance" / f"{name}.gz"
    made = list(chunks(binance_raw.events(binance_raw.Params((path,)), instrument, None)))
    quotes, updates, least, begun = {}, [], 0, False
    for local, message in lines_of(path):
        body = message.get("data", message)
        kind = message.get("stream", "").partition("@")[2].partition("@")[0]
        if kind == "bookTicker":
            quotes[body["u"]] = body
        elif kind == "depth":
            updates.append((local, body["u"]))
        begun = begun or "lastUpdateId" in body
        if kind in ("depth", "trade") or ("lastUpdateId" in body and "T" in body):
            least = min(least, local - body.get("T", body.get("E")) * 10**6)
    update_at = {local - least: u for local, u in updates}
    book, compared, crossed = Book(made), 0, 0
    for ts, bid, ask in book.messages():
        crossed += bid >= ask
        quote = quotes.get(update_at.get(ts))
        if quote is None:
            continue
        compared += 1
        assert (bid, ask) == (ticks(quote["b"], instrument), ticks(quote["a"], instrument))
        held = book.levels[bid, 0], book.levels[ask, 1]
        assert held == (lots(quote["B"], instrument), lots(quote["A"], instrument))
    assert begun
    assert crossed == 0
    assert compared >= 400


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_last_book_and_the_trades_are_those_of_an_independent_replay(data: Path, name: str) -> None:
    instrument, sides, best, traded = RECORDINGS[name]
    rows = read(data / "binance" / f"{name}.gz", instrument)
    rows = rows[rows["stream"] & mmkit.LOCAL != 0]
    last: dict[tuple[int, int], int] = {}
    for tick, quantity, kind in rows[["tick", "lots", "kind"]].tolist():
        if kind <= mmkit.ASK:
            last[tick, kind] = quantity
    bids = {tick: quantity for (tick, side), quantity in last.items() if quantity and side == mmkit.BID}
    asks = {tick: quantity for (tick, side), quantity in last.items() if quantity and side == mmkit.ASK}
    assert (len(bids), len(asks)) == sides
    bid, ask = max(bids), min(asks)
    assert (bid, bids[bid], ask, asks[ask]) == (
        *(ticks(best[0], instrument), lots(best[1], instrument)),
        *(ticks(best[2], instrument), lots(best[3], instrument)),
    )
    trades = rows[np.isin(rows["kind"], (mmkit.BUY, mmkit.SELL))]
    count, volume, sells = traded
    assert len(trades) == count
    assert int(trades["lots"].sum()) == lots(volume, instrument)
    assert int((trades["kind"] == mmkit.SELL).sum()) == sells


@pytest.mark.parametrize("name", ["usdm_btcusdt_20240808", "usdm_ethusdt_20240808", "spot_btcusdt_20240808"])
def test_both_streams_are_hftbacktests_from_where_the_book_is_known(data: Path, name: str) -> None:
    """What differs on purpose is at the start: its converter applies depth messages before the snapshot to an empty book, and
    a snapshot as removals up to its last price; ours drops what the snapshot makes old and lets the rest follow it."""
    instrument = RECORDINGS[name][0]
    ours = read(data / "binance" / f"{name}.gz", instrument)
    params = hftbacktest.Params((data / "derived" / f"hftbacktest-format_{name}.npz",))
    theirs = np.concatenate(list(hftbacktest.events(params, instrument, None)))
    columns = ["exch_ts", "local_ts", "tick", "lots", "kind"]
    for stream in (mmkit.LOCAL, mmkit.VENUE):
        streams = []
        for rows in (ours, theirs):
            own = rows[rows["stream"] & stream != 0]
            marks = np.flatnonzero(own["kind"] >= mmkit.CLEAR_BIDS)
            # Levels only once the snapshot is known, and later than the messages that waited for it.
            start = own["local_ts"][marks].max()
            trade = np.isin(own["kind"], (mmkit.BUY, mmkit.SELL))
            streams.append(own[trade | ((own["local_ts"] > start) & (own["kind"] <= mmkit.ASK))][columns].tolist())
        assert streams[0] == streams[1]
        assert len(streams[0]) > 130_000


# Small recordings, written here.

NS = 10**9
START = 1_700_000_000


def stamp(n: int) -> int:
    return START * NS + n * 10**6


def depth(
    n: int, first: int, last: int, previous: int | None, bids: Any = (), asks: Any = (), symbol: str = "BTC"
) -> str:
    data = {"e": "depthUpdate", "E": stamp(n) // 10**6, "T": stamp(n) // 10**6, "s": symbol, "U": first, "u": last}
    if previous is None:
        del data["T"]
    else:
        data["pu"] = previous
    data |= {"b": [list(level) for level in bids], "a": [list(level) for level in asks]}
    return line(n, {"stream": f"{symbol.lower()}@depth@0ms", "data": data})


def trade(n: int, number: int, price: str, quantity: str = "1", maker: bool = False, **more: Any) -> str:
    data = {
        "e": "trade",
        "E": stamp(n) // 10**6,
        "T": stamp(n) // 10**6,
        "s": "BTC",
        "t": number,
        "p": price,
        "q": quantity,
    }
    return line(n, {"stream": "btc@trade", "data": {**data, "X": "MARKET", "m": maker, **more}})


def mark(n: int, price: Any = "10.05", **more: Any) -> str:
    data = {"e": "markPriceUpdate", "E": stamp(n) // 10**6, "s": "BTC", "p": price, "P": "10.0", "i": "10.0"}
    return line(n, {"stream": "btc@markPrice@1s", "data": {**data, "r": "0.0001", "T": 1700006400000, **more}})


def snapshot(n: int, number: int, bids: Any, asks: Any, futures: bool = True) -> str:
    times = {"E": stamp(n) // 10**6, "T": stamp(n) // 10**6} if futures else {}
    levels = {"bids": [list(level) for level in bids], "asks": [list(level) for level in asks]}
    return line(n, {"lastUpdateId": number, **times, **levels})


def line(n: int, message: Any) -> str:
    return f"{stamp(n) + 5 * 10**6} {json.dumps(message, separators=(',', ':'))}"


def write(folder: Path, lines: list[str], name: str = "raw") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def told(rows: Any) -> list[tuple[int, int, int, int]]:
    """Returns local time (ms from the start), tick, lots, kind of the local stream."""
    own = rows[rows["stream"] & mmkit.LOCAL != 0]
    return [
        ((ts - START * NS) // 10**6, tick, quantity, kind)
        for ts, tick, quantity, kind in own[["local_ts", "tick", "lots", "kind"]].tolist()
    ]


def until_fault(path: Path, instrument: Any = BTC, **options: Any) -> tuple[list[tuple[int, int, int, int]], str]:
    found = [np.zeros(0, mmkit.EVENT)]
    with pytest.raises(mmkit.DataError) as error:
        found.extend(binance_raw.events(binance_raw.Params((path,), **options), instrument, None))
    assert "\n" not in str(error.value)
    return told(np.concatenate(found)), str(error.value)


BIDS, ASKS = [("10.0", "1"), ("9.9", "2")], [("10.1", "1"), ("10.2", "2")]
WHOLE = [
    (mmkit.RESET, 0, 0),
    (mmkit.BID, 100, 1000),
    (mmkit.BID, 99, 2000),
    (mmkit.ASK, 101, 1000),
    (mmkit.ASK, 102, 2000),
]
FUTURES = [
    depth(0, 1, 4, 0, [("8.0", "9")]),
    depth(1, 6, 9, 4, [("9.8", "3")]),
    snapshot(2, 8, BIDS, ASKS),
    trade(3, 1, "10.1"),
    depth(4, 15, 19, 9, [("10.0", "5")]),
    depth(5, 21, 22, 19, [], [("10.1", "0")]),
]


def known(local: int) -> list[tuple[int, int, int, int]]:
    return [(local, tick, quantity, kind) for kind, tick, quantity in WHOLE]


AFTER = [*known(7), (7, 98, 3000, 0), (8, 101, 1000, mmkit.BUY), (9, 100, 5000, 0), (10, 101, 0, 1)]


def test_futures_messages_follow_the_snapshot_by_their_ids(tmp_path: Path) -> None:
    assert told(read(write(tmp_path, FUTURES), BTC)) == AFTER


def test_spot_messages_follow_the_snapshot_by_their_ids(tmp_path: Path) -> None:
    lines = [
        depth(0, 1, 4, None, [("8.0", "9")]),
        depth(1, 5, 9, None, [("9.8", "3")]),
        snapshot(2, 7, BIDS, ASKS, futures=False),
        depth(4, 10, 19, None, [("10.0", "5")]),
        depth(5, 20, 22, None, [], [("10.1", "0")]),
    ]
    assert told(read(write(tmp_path, lines), BTC)) == [*known(7), (7, 98, 3000, 0), (9, 100, 5000, 0), (10, 101, 0, 1)]
    # The snapshot may also end just where the next message begins.
    lines[2] = snapshot(2, 9, BIDS, ASKS, futures=False)
    assert told(read(write(tmp_path, lines), BTC)) == [*known(7), (9, 100, 5000, 0), (10, 101, 0, 1)]


def test_a_spot_snapshot_before_any_message_has_a_time_that_lets_messages_follow(tmp_path: Path) -> None:
    lines = [snapshot(2, 7, BIDS, ASKS, futures=False), depth(4, 8, 19, None, [("10.0", "5")])]
    events = read(write(tmp_path, lines), BTC)
    assert told(events) == [*known(7), (9, 100, 5000, 0)]
    assert np.all(np.diff(events["exch_ts"]) >= 0)


def test_spaces_order_of_keys_and_bare_messages_do_not_matter(tmp_path: Path) -> None:
    lines = []
    for text in FUTURES:
        time, _, message = text.partition(" ")
        body = json.loads(message)
        body = body.get("data", body)
        lines.append(f"{time} {json.dumps(dict(sorted(body.items())))}")
    assert told(read(write(tmp_path, lines), BTC)) == AFTER


def test_microseconds_nanoseconds_gzip_and_several_files_read_alike(tmp_path: Path) -> None:
    micro = [text[:16] + text[19:] for text in FUTURES]
    assert told(read(write(tmp_path, micro), BTC)) == AFTER
    packed = tmp_path / "packed"
    first, second = ("\n".join(part) + "\n" for part in (FUTURES[:3], FUTURES[3:]))
    packed.write_bytes(gzip.compress(first.encode()) + gzip.compress(second.encode()))
    assert told(read(packed, BTC)) == AFTER
    paths = (write(tmp_path, FUTURES[:4], "one"), write(tmp_path, FUTURES[4:], "two"))
    assert told(np.concatenate(list(binance_raw.events(binance_raw.Params(paths), BTC, None)))) == AFTER


def test_a_broken_chain_is_a_gap_until_the_next_snapshot(tmp_path: Path) -> None:
    lines = [
        *FUTURES[:4],
        depth(4, 15, 19, 12, [("10.0", "5")]),
        trade(5, 2, "10.0", maker=True),
        depth(6, 20, 25, 19, [("9.0", "1")]),
        snapshot(7, 22, BIDS, ASKS),
        depth(8, 26, 30, 25, [("9.7", "1")]),
    ]
    assert told(read(write(tmp_path, lines), BTC)) == [
        *AFTER[:7],
        (9, 0, 0, mmkit.GAP),
        (10, 100, 1000, mmkit.SELL),
        *known(12),
        (12, 90, 1000, 0),
        (13, 97, 1000, 0),
    ]


def test_a_later_snapshot_changes_nothing(tmp_path: Path) -> None:
    lines = [*FUTURES, snapshot(6, 22, [("5.0", "1")], [("6.0", "1")])]
    assert told(read(write(tmp_path, lines), BTC)) == AFTER


@pytest.mark.parametrize(
    ("again", "words"), [(trade(6, 1, "10.1"), "trade 1 comes after"), (FUTURES[4], "depth update")]
)
def test_a_message_that_comes_again_is_a_fault(again: str, words: str, tmp_path: Path) -> None:
    again = again.replace(again[:19], FUTURES[-1][:19])
    with pytest.raises(mmkit.DataError, match=rf"raw:{len(FUTURES) + 1}: {words}"):
        read(write(tmp_path, [*FUTURES, again]), BTC)


def test_other_streams_and_prints_outside_the_market_are_left_out(tmp_path: Path) -> None:
    others = [
        line(3, {"stream": "btc@bookTicker", "data": {"u": 9, "s": "BTC", "b": "1", "B": "1", "a": "2", "A": "1"}}),
        line(3, {"stream": "btc@aggTrade", "data": {"e": "aggTrade", "E": 1, "s": "BTC", "p": "1", "T": 2}}),
        line(3, {"stream": "btc@depth20@100ms", "data": {**json.loads(depth(3, 1, 2, 0)[20:])["data"]}}),
        trade(3, 2, "77.0", X="INSURANCE_FUND"),
    ]
    assert told(read(write(tmp_path, [*FUTURES[:4], *others, *FUTURES[4:]]), BTC)) == AFTER


def test_local_times_ahead_of_the_venue_are_moved_to_the_base_latency(tmp_path: Path) -> None:
    early = [f"{int(text[:19]) - 2 * NS} {text[20:]}" for text in FUTURES]
    events = read(write(tmp_path, early), BTC, base_latency=mmkit.duration("3ms"))
    assert (events["local_ts"] - events["exch_ts"]).min() == 3 * 10**6
    assert [row[1:] for row in told(events)] == [row[1:] for row in AFTER]
    assert (read(write(tmp_path, FUTURES), BTC, base_latency=mmkit.duration("3ms"))["local_ts"] >= stamp(5)).all()


def test_a_long_recording_is_read_twice_with_the_same_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    early = write(tmp_path, [f"{int(text[:19]) - 2 * NS} {text[20:]}" for text in FUTURES])
    once = read(early, BTC)
    monkeypatch.setattr(binance_raw, "HELD", 0)
    assert read(early, BTC).tobytes() == once.tobytes()


def test_quantities_go_to_the_nearest_lot(tmp_path: Path) -> None:
    lines = [snapshot(2, 8, [("10.0", "0.0004"), ("9.9", "0.0006")], ASKS), trade(3, 1, "10.1", "0.0001")]
    assert [row[2] for row in told(read(write(tmp_path, lines), BTC))] == [0, 0, 1, 1000, 2000, 1]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (FUTURES[4][:90], "broken JSON"),
        ("garbage", "does not begin with a local time"),
        (f"{stamp(8)} 17", "is no message"),
        (f'{stamp(9)} {{"stream":"btc@bookTicker","data":{{"u":1', "broken JSON"),
        (depth(4, 15, 19, 9, [("NaN", "5")]), "a price or quantity is no number"),
        (depth(4, 15, 19, 9, [("-10.0", "5")]), "price -10.0 is not above 0"),
        (depth(4, 15, 19, 9, [("0.0", "5")]), "price 0.0 is not above 0"),
        (depth(4, 15, 19, 9, [("10.0", "-5")]), "quantity -5.0 is not at least 0"),
        (depth(4, 15, 19, 9, [("10.05", "5")]), "price 10.05 is no multiple of tick_size 0.1"),
        (depth(4, 15, 19, 9, [("10.0", "5", "6")]), "levels are not pairs of decimal strings"),
        (depth(4, 15, 19, 9, [("10.0",)]), "levels are not pairs of decimal strings"),
        (depth(4, 15, 19, 9, [(10.0, 5.0)]), "levels are not pairs of decimal strings"),
        (trade(4, 2, "NaN"), "a price or quantity is no number"),
        (trade(4, 2, "1e300"), "price 1e+300 or quantity 1.0 is too large"),
        (trade(4, 2, 10.0), "a field of the message is of a wrong type"),  # type: ignore[arg-type]
        (trade(4, 2, "10.0", T=10**30), "is no time in ms"),
        (trade(4, 2, "10.0", "0"), "quantity 0.0 of a trade is not above 0"),
        (depth(2, 15, 19, 9), "is before"),
        (mark(4, "0"), "mark price 0 is not above 0"),
        (mark(4, "NaN"), "mark price NaN is not above 0"),
        (mark(4, "inf"), "mark price inf is not above 0"),
        (mark(4, "ten"), "could not convert string to float: 'ten'"),
        (mark(4, None), "a field of the message is of a wrong type"),
        (mark(4, r="NaN"), "funding rate NaN is no number"),
        (mark(4, T=10**30), "is no time in ms"),
        (mark(4, E=-1), "is no time in ms"),
        (mark(4, E=stamp(-60_000) // 10**6), "more than 55 s late"),
        (line(4, {"stream": "btc@markPrice", "data": {"e": "markPriceUpdate", "E": 7, "s": "BTC"}}), "late"),
        (depth(4, 15, 19, 9, symbol="ETH"), "the message is of symbol ETH, not BTC"),
        (line(4, {"stream": "btc@trade", "data": {"e": "trade", "s": "BTC", "t": 7}}), "the message has no 'T'"),
        (
            snapshot(4, 8, [("10.1", "1")], [("10.1", "1")]),
            "crossed snapshot: best bid 10.1 is not below best ask 10.1",
        ),
    ],
)
def test_a_wrong_line_is_named_after_what_came_before(tmp_path: Path, bad: str, said: str) -> None:
    path = write(tmp_path, [*FUTURES[:4], bad, *FUTURES[4:]])
    rows, text = until_fault(path)
    assert text.startswith(f"{path}:5: ")
    assert said in text
    assert rows == AFTER[:7]


def test_a_message_that_comes_far_too_late_is_named(tmp_path: Path) -> None:
    late = f"{stamp(10)} {trade(-60_000, 2, '10.0')[20:]}"
    rows, text = until_fault(write(tmp_path, [*FUTURES[:4], late]))
    assert ":5: venue time" in text
    assert rows == AFTER[:7]


def test_the_wanted_symbol_is_checked_from_the_first_message(tmp_path: Path) -> None:
    _, text = until_fault(write(tmp_path, FUTURES), symbol="ETH")
    assert text.endswith(":1: the message is of symbol BTC, not ETH")
    assert told(read(write(tmp_path, FUTURES), BTC, symbol="btc")) == AFTER


def test_a_gzip_that_ends_early_gives_its_whole_lines(tmp_path: Path) -> None:
    lines = [*FUTURES[:3], *(trade(3 + n, n, f"{10 + n % 9}.{n % 7}") for n in range(3000))]
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode())[:-3000])
    rows, text = until_fault(path)
    read_lines = 3 + sum(row[3] == mmkit.BUY for row in rows)
    assert read_lines > 500
    assert text == f"{path}:{read_lines + 1}: gzip is cut short"


def test_what_is_no_recording_is_named(tmp_path: Path) -> None:
    empty, packed = tmp_path / "empty", tmp_path / "empty.gz"
    empty.write_bytes(b"")
    packed.write_bytes(gzip.compress(b""))
    assert until_fault(empty)[1] == f"{empty}: is empty"
    assert until_fault(packed)[1] == f"{packed}: is empty"
    assert until_fault(tmp_path / "none")[1] == f"{tmp_path / 'none'}: No such file or directory"
    assert until_fault(tmp_path)[1] == f"{tmp_path}: Is a directory"
    path = write(tmp_path, [FUTURES[0], FUTURES[1]])
    assert until_fault(path)[1] == f"{path}: no snapshot fits the depth messages, so the book is never known"


def test_marks_are_handed_over_beside_the_rows(tmp_path: Path) -> None:
    lines = [mark(0), *FUTURES[:4], mark(3, "10.06", r="-0.0002"), FUTURES[4], mark(4, "10.07", T=0, r=""), FUTURES[5]]
    path = write(tmp_path, lines)
    assert told(read(path, BTC)) == AFTER
    found = marks_of(path)
    assert found[:2] == [(0, 5, 10.05, 0.0001, 1700006400000), (3, 8, 10.06, -0.0002, 1700006400000)]
    assert found[2][:3] == (4, 9, 10.07)
    assert np.isnan(found[2][3])
    assert found[2][4] == 0


def test_marks_do_not_move_the_rows_but_move_with_them(tmp_path: Path) -> None:
    """Local times 2 s before the venue's are moved by what depth and trades lack; a mark that lacks more is known at once."""
    early = [f"{int(text[:19]) - 2 * NS} {text[20:]}" for text in [*FUTURES, mark(6), mark(7, E=stamp(5000) // 10**6)]]
    least = 5 - 2000
    assert told(read(write(tmp_path, early), BTC)) == [(ts - 5, *rest) for ts, *rest in AFTER]
    assert [row[:2] for row in marks_of(write(tmp_path, early))] == [(6, 11 - 2000 - least), (5000, 5000)]


def test_marks_before_a_wrong_line_are_handed_over(tmp_path: Path) -> None:
    for bad in ("garbage", depth(4, 15, 19, 9, [("NaN", "5")])):
        path = write(tmp_path, [*FUTURES[:4], mark(3), bad, mark(6)])
        found = []
        with pytest.raises(mmkit.DataError, match=":6: "):
            found.extend(binance_raw.events(binance_raw.Params((path,)), BTC, None))
        assert [piece["exch_ts"].tolist() for piece in found if piece.dtype == mmkit.MARK] == [[stamp(3)]]
        assert told(np.concatenate([piece for piece in found if piece.dtype == mmkit.EVENT])) == AFTER[:7]


def test_marks_of_a_long_recording_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, [mark(0), *FUTURES, mark(6)])
    monkeypatch.setattr(binance_raw, "HELD", 0)
    assert [row[0] for row in marks_of(path)] == [0, 6]
