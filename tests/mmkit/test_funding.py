"""Settlements: against a search through all marks at once, a recording read with json, and CSV files written by hand."""

import gzip
import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmkit
from mmkit.conversion import chunks
from mmkit.errors import DataError
from mmkit.funding import Settlement, Settlements, read_settlements
from mmkit.tape import SEGMENT, Chunk
from mmkit_plugins.market import binance_raw

NAN = math.nan
RECORDING = "binance/usdm_btcusdt_20230404-05.gz"
MIDNIGHT = 1680652800000000000

MarkRow = tuple[int, int, float, float, int]


def chunk(venue: list[int], marks: list[MarkRow]) -> Chunk:
    """Returns a chunk of trades at these venue times, with marks."""
    segments = np.zeros(len(venue), SEGMENT)
    segments["ts"] = venue
    empty = np.zeros(0, np.uint32), np.zeros(0, np.int32)
    return Chunk(0, segments[:0], segments, *empty, len(venue), marks=np.array(marks, mmkit.MARK))


def settled(
    made: list[Chunk], supplied: tuple[Settlement, ...] | None = None
) -> tuple[list[list[Settlement]], list[str]]:
    """Returns what each chunk settles, and what was told."""
    told: list[str] = []
    funding = Settlements(told.append, supplied)
    return [funding.take(one) for one in made], told


def announced(*marks: tuple[int, float, float, int]) -> list[MarkRow]:
    """Returns marks that arrive a nanosecond after they happen."""
    return [(exch, exch + 1, mark, rate, settles) for exch, mark, rate, settles in marks]


# The recording.


def test_the_recording_settles_once_at_its_last_rate_and_mark_before(data: Path) -> None:
    with gzip.open(data / RECORDING, "rt") as file:
        bodies = [json.loads(text.partition(" ")[2]).get("data", {}) for text in file if "markPriceUpdate" in text]
    before = [body for body in bodies if body["E"] * 10**6 <= MIDNIGHT]
    rate = [float(body["r"]) for body in before if body["T"] * 10**6 == MIDNIGHT][-1]
    coin = SimpleNamespace(tick_size=0.1, lot_size=0.001)
    for rows in (1 << 18, 20_000):
        made = list(chunks(binance_raw.events(binance_raw.Params((data / RECORDING,)), coin, None), rows=rows))
        assert sum(len(one.marks) for one in made) == len(bodies) == 514
        assert [mark["exch_ts"] for one in made for mark in one.marks] == [body["E"] * 10**6 for body in bodies]
        found, told = settled(made)
        assert list(itertools.chain(*found)) == [Settlement(MIDNIGHT, rate, float(before[-1]["p"]))]
        assert told == []


# Chunks and their borders.


def test_a_settlement_is_known_with_the_chunk_that_reaches_its_time() -> None:
    marks = announced((5, 100.0, 0.01, 20), (15, 101.0, 0.02, 20))
    for second, found in (
        ([18, 20, 25], [[], [Settlement(20, 0.02, 101.0)], []]),
        ([18, 19], [[], [], [Settlement(20, 0.02, 101.0)]]),
    ):
        assert settled([chunk([1, 10], marks[:1]), chunk(second, marks[1:]), chunk([30], [])])[0] == found


def test_marks_of_the_settlement_time_itself_count_and_later_ones_do_not() -> None:
    marks = announced((5, 100.0, 0.01, 20), (20, 102.0, 0.03, 20), (21, 103.0, 0.04, 20))
    assert settled([chunk([1, 30], marks)])[0] == [[Settlement(20, 0.03, 102.0)]]


def test_what_is_announced_for_a_time_beyond_the_data_does_not_settle() -> None:
    assert settled([chunk([1, 19], announced((5, 100.0, 0.01, 20)))]) == ([[]], [])


def test_what_settles_before_the_data_begins_is_none() -> None:
    assert settled([chunk([25, 30], announced((5, 100.0, 0.01, 20), (15, 1.0, NAN, 22)))]) == ([[]], [])


def test_a_settlement_announced_again_after_its_time_is_not_booked_twice() -> None:
    marks = announced((5, 100.0, 0.01, 20), (22, 100.0, 0.01, 20), (31, 100.0, 0.01, 20))
    late = [(12, 32, 99.0, 0.5, 20)]
    assert settled([chunk([1, 25], marks[:2]), chunk([35], [*late, *marks[2:]])])[0] == [
        [Settlement(20, 0.01, 100.0)],
        [],
    ]


def test_a_mark_that_comes_late_does_not_replace_a_newer_one() -> None:
    made = [chunk([1, 25], announced((22, 100.0, 0.01, 40))), chunk([30], [(12, 27, 99.0, NAN, 0)]), chunk([45], [])]
    assert settled(made)[0] == [[], [], [Settlement(40, 0.01, 100.0)]]


def test_a_missing_rate_or_mark_is_told_and_never_booked() -> None:
    marks = announced((5, NAN, 0.01, 20), (25, 100.0, NAN, 30), (35, math.inf, 0.02, 40), (45, NAN, NAN, 50))
    found, told = settled([chunk([1, 45], marks[:3]), chunk([60], marks[3:])])
    assert found == [[Settlement(40, 0.02, 100.0)], []]
    assert told == [
        "the settlement at 20 ns is left out: no mark price is known by then",
        "the settlement at 30 ns is left out: no rate is known by then",
        "the settlement at 50 ns is left out: no rate is known by then",
    ]


def test_a_mark_without_a_rate_keeps_the_rate_that_was_announced() -> None:
    marks = announced((5, 100.0, 0.01, 20), (6, 101.0, NAN, 20), (7, 102.0, NAN, 0))
    assert settled([chunk([1, 30], marks)])[0] == [[Settlement(20, 0.01, 102.0)]]


def searched(rows: list[tuple[int, int]], marks: list[MarkRow]) -> tuple[list[Settlement], int]:
    """Returns, from all marks at once, the settlements and how many lack something."""
    first, last = min(exch for exch, _ in rows), max(exch for exch, _ in rows)
    found, lacking = [], 0
    for time in sorted({mark[4] for mark in marks if mark[4] >= mark[0]}):
        by_then = sorted((mark for mark in marks if mark[0] <= time), key=lambda mark: mark[0])
        rates = [mark[3] for mark in by_then if mark[4] == time and not math.isnan(mark[3])]
        prices = [mark[2] for mark in by_then if not math.isnan(mark[2])]
        if first <= time <= last:
            if rates and prices:
                found.append(Settlement(time, rates[-1], prices[-1]))
            else:
                lacking += 1
    return found, lacking


times = st.tuples(st.integers(100, 160), st.integers(0, 25))
marks_of_a_market = st.lists(
    st.tuples(
        *(times, st.sampled_from([NAN, 100.0, 101.0, 102.0, 103.0]), st.sampled_from([NAN, 0.01, 0.02, -0.01])),
        st.sampled_from([0, 90, 110, 111, 120, 140, 155, 170]),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=400)
@given(st.lists(times, min_size=1, max_size=25), marks_of_a_market, st.integers(1, 30), st.integers(1, 5))
def test_any_cut_into_chunks_gives_the_same_settlements(
    rows: list[tuple[int, int]], drawn: list[Any], size: int, piece: int
) -> None:
    """Rows and marks come as we knew them, marks and rows with latencies of their own, so that each can overtake the other."""
    known = sorted((exch + latency, exch) for exch, latency in rows)
    marks: list[MarkRow] = [(exch, exch + late, mark, rate, settles) for (exch, late), mark, rate, settles in drawn]
    marks.sort(key=lambda mark: mark[1])

    def events() -> Iterator[mmkit.Events]:
        waiting = list(marks)
        for start in range(0, len(known), piece):
            part = known[start : start + piece]
            here = [mark for mark in waiting if mark[1] <= part[-1][0]]
            waiting = waiting[len(here) :]
            if here:
                yield np.array(here, mmkit.MARK)
            levels = [(exch, local, 100, 1 + start + i, mmkit.BID, mmkit.BOTH) for i, (local, exch) in enumerate(part)]
            yield np.array(levels, mmkit.EVENT)
        if waiting:
            yield np.array(waiting, mmkit.MARK)

    made = list(chunks(mmkit.two_clocks(events(), latest=30), rows=size, window=4096))
    assert sum(one.events for one in made) == len(rows)
    kept = np.concatenate([one.marks for one in made])
    assert sorted(map(repr, kept.tolist())) == sorted(map(repr, marks))
    assert np.all(np.diff(kept["exch_ts"]) >= 0)
    reached = np.maximum.accumulate([max(one.venue["ts"], default=0) for one in made])
    for number, last in enumerate(reached):
        assert all(mark > last for one in made[number + 1 :] for mark in one.marks["exch_ts"]), "each where it happened"
    found, told = settled(made)
    expected, lacking = searched([(exch, local) for local, exch in known], marks)
    assert list(itertools.chain(*found)) == expected
    assert len(told) == lacking
    for part, last, before in zip(found, reached, [0, *reached], strict=False):
        assert all(before < one.time <= last for one in part), "each with the first chunk that reaches it"


# Supplied values.


def test_supplied_values_replace_what_the_marks_say() -> None:
    marks = announced((5, 100.0, 0.01, 20), (25, 101.0, 0.02, 40))
    supplied = (Settlement(20, 0.5, 99.0), Settlement(40, -0.5, NAN), Settlement(70, 0.1, 1.0))
    found, told = settled([chunk([1, 30], marks), chunk([60], [])], supplied)
    assert found == [[Settlement(20, 0.5, 99.0)], [Settlement(40, -0.5, 101.0)]]
    assert told == []


def test_a_supplied_value_without_any_mark_before_it_is_told() -> None:
    found, told = settled([chunk([1, 30], announced((25, 100.0, NAN, 0)))], (Settlement(20, 0.5, NAN),))
    assert (found, told) == ([[]], ["the settlement at 20 ns is left out: no mark price is known by then"])


@pytest.mark.parametrize(("away", "missing"), [(0, False), (60 * 10**9, False), (60 * 10**9 + 1, True)])
@pytest.mark.parametrize("sign", [1, -1])
def test_an_announced_time_that_is_not_supplied_is_told(away: int, missing: bool, sign: int) -> None:
    time = 3600 * 10**9
    made = [chunk([1, 2 * time], announced((5, 100.0, 0.01, time)))]
    found, told = settled(made, (Settlement(time + sign * away, 0.5, 99.0),))
    assert [one.time for one in found[0]] == [time + sign * away]
    assert [str(time) in line and "the settled values have none" in line for line in told] == [True] * missing


def read(folder: Path, text: str | bytes) -> tuple[Settlement, ...]:
    path = folder / "settled.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_settlements(path)


def same(found: tuple[Settlement, ...], *expected: tuple[int, float, float]) -> bool:
    """Returns whether settlements are these, NaN equal to itself."""
    return repr([(one.time, one.rate, one.mark) for one in found]) == repr(list(expected))


def test_times_may_be_ms_us_ns_or_iso(tmp_path: Path) -> None:
    text = (
        "time,rate,mark\n1680652800000,0.0001,28157.1\n1680652800000001,-1e-4,\n\n1680652800000001001,0.0,1\n"
        "2023-04-05T00:00:00.5Z,0.1,2\n2023-04-05T02:00:01+02:00, 0.2 , 3\n"
    )
    assert same(
        read(tmp_path, text),
        *((MIDNIGHT, 0.0001, 28157.1), (MIDNIGHT + 1000, -0.0001, NAN), (MIDNIGHT + 1001, 0.0, 1.0)),
        *((MIDNIGHT + 5 * 10**8, 0.1, 2.0), (MIDNIGHT + 10**9, 0.2, 3.0)),
    )


def test_the_archive_of_binance_is_read_as_it_is(tmp_path: Path) -> None:
    text = "\ufeffcalc_time,funding_interval_hours,last_funding_rate\r\n1680652800000,8,0.00002760\r\n1680681600004,8,-3e-5\r\n"
    found = read(tmp_path, text)
    assert same(found, (MIDNIGHT, 2.76e-5, NAN), (1680681600004 * 10**6, -3e-5, NAN))


def test_columns_may_come_in_any_order(tmp_path: Path) -> None:
    assert same(read(tmp_path, "mark,rate,time\n5,0.1,1680652800000\n"), (MIDNIGHT, 0.1, 5.0))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "has no column time or calc_time"),
        ("time,mark\n", 1, "has no column rate or last_funding_rate"),
        ("time,rate,price\n", 1, 'unknown column "price"'),
        ("time,rate,calc_time\n", 1, "the column time or calc_time comes 2 times"),
        ("time,rate\n1680652800000,0.1\n1680681600000\n", 3, "has 1 fields, the header 2"),
        ("time,rate\n168065280000,0.1\n", 2, "has 12 digits, not 13 (ms), 16 (us) or 19 (ns)"),
        ("time,rate\nyesterday,0.1\n", 2, 'time "yesterday" is neither a whole number nor ISO 8601'),
        ("time,rate\n1680652800000.0,0.1\n", 2, "neither a whole number nor ISO 8601"),
        ("time,rate\n2023-04-05T00:00:00,0.1\n", 2, "has no offset from UTC"),
        ("time,rate\n1969-12-31T00:00:00Z,0.1\n", 2, "is not between 1970 and 2116"),
        ("time,rate\n9999999999999,0.1\n", 2, "is not between 1970 and 2116"),
        ("time,rate\n1680652800000,\n", 2, 'rate "" is no number'),
        ("time,rate\n1680652800000,nan\n", 2, 'rate "nan" is no number'),
        ("time,rate,mark\n1680652800000,0.1,inf\n", 2, 'mark "inf" is no number'),
        ("time,rate,mark\n1680652800000,0.1,0\n", 2, "mark 0 is not above 0"),
        ("time,rate\n1680652800000,0.1\n\n1680652800000,0.1\n", 4, "time 1680652800000 is not after the one before"),
        ('time,rate\n1680652800000,"0.1\n', 2, "unexpected end of data"),
        (b"time,rate\n\xff,0.1\n", 2, "is not UTF-8"),
    ],
)
def test_a_wrong_file_is_one_line_with_file_and_line(tmp_path: Path, text: str | bytes, line: int, said: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'settled.csv'}:{line}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: No such file or directory$"):
        read_settlements(tmp_path / "none.csv")
