"""Rows in local order come out sorted by both clocks: against a merge of two sorted lists, row by row."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmkit

Message = tuple[int, int, int]


def rows_of(messages: list[Message]) -> Any:
    """Returns rows: per message venue time, local time, number of rows; the tick numbers the rows."""
    rows = [(exch, local) for exch, local, count in messages for _ in range(count)]
    return np.array([(exch, local, tick, 1, 0, 3) for tick, (exch, local) in enumerate(rows)], mmkit.EVENT)


def merged(rows: Any) -> list[tuple[int, int]]:
    """Returns (tick, streams) as hftbacktest's converters order them: the heads of two sorted lists, one or both at a time."""
    by_venue = np.argsort(rows["exch_ts"], kind="stable").tolist()
    by_us = list(range(len(rows)))
    found = []
    while by_venue or by_us:
        if by_venue and by_us:
            venue = (int(rows["exch_ts"][by_venue[0]]), int(rows["local_ts"][by_venue[0]]))
            us = (int(rows["exch_ts"][by_us[0]]), int(rows["local_ts"][by_us[0]]))
            if venue == us:
                assert by_venue[0] == by_us[0]
                found.append((by_us.pop(0), mmkit.BOTH))
                by_venue.pop(0)
                continue
            first = venue < us
        else:
            first = bool(by_venue)
        found.append((by_venue.pop(0), mmkit.VENUE | mmkit.ADDED) if first else (by_us.pop(0), mmkit.LOCAL))
    return found


def put(rows: Any, size: int, **options: Any) -> Any:
    pieces = (rows[i : i + size] for i in range(0, len(rows), size))
    return np.concatenate([np.zeros(0, mmkit.EVENT), *mmkit.two_clocks(pieces, **options)])


messages = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 2), st.integers(1, 3)), max_size=25).map(
    lambda steps: [
        (20 + sum(s[1] for s in steps[: i + 1]) - late, 40 + sum(s[1] for s in steps[: i + 1]), count)
        for i, (late, _, count) in enumerate(steps)
    ]
)


@settings(deadline=None, max_examples=300)
@given(messages, st.integers(1, 30), st.integers(8, 20))
def test_rows_are_placed_as_a_merge_of_both_orders_places_them(ordered: list[Message], size: int, latest: int) -> None:
    rows = rows_of(ordered)
    found = put(rows, size, latest=latest)
    assert list(zip(found["tick"].tolist(), found["stream"].tolist(), strict=True)) == merged(rows)


@settings(deadline=None, max_examples=100)
@given(messages, st.integers(1, 30))
def test_each_stream_has_every_row_once_in_the_order_of_its_clock(ordered: list[Message], size: int) -> None:
    rows = rows_of(ordered)
    found = put(rows, size)
    for stream, clock in ((mmkit.LOCAL, "local_ts"), (mmkit.VENUE, "exch_ts")):
        own = found[found["stream"] & stream != 0]
        assert sorted(own["tick"].tolist()) == list(range(len(rows)))
        assert np.all(np.diff(own[clock]) >= 0)
    assert int((found["stream"] & mmkit.ADDED == 0).sum()) == len(rows)


def test_rows_are_handed_on_once_nothing_can_come_before_them() -> None:
    rows = rows_of([(t, t, 1) for t in range(100)])
    handed = mmkit.two_clocks(iter([rows[:50], rows[50:]]), latest=10)
    assert next(handed)["tick"].tolist() == list(range(40))
    assert next(handed)["tick"].tolist() == list(range(40, 90))
    assert next(handed)["tick"].tolist() == list(range(90, 100))


def test_a_row_later_than_allowed_is_a_fault_after_those_before() -> None:
    rows = rows_of([(100, 100, 1), (200, 200, 1), (149, 201, 1), (300, 300, 1)])
    found: list[Any] = []
    with pytest.raises(mmkit.DataError, match=r"^file: venue time 149 comes after 200, more than 5e-08 s late$"):
        found.extend(mmkit.two_clocks(iter([rows]), latest=50, source="file: "))
    assert np.concatenate(found)["tick"].tolist() == [0, 1]


def test_a_local_time_that_goes_back_is_a_fault() -> None:
    with pytest.raises(mmkit.DataError, match="local time 99 comes after 100"):
        put(rows_of([(90, 100, 1), (91, 99, 1)]), 1)


def test_mark_prices_pass_the_rows_that_wait() -> None:
    rows = rows_of([(t, t, 1) for t in range(60)])
    marks = np.array([(58, 59, 1.5, np.nan, 0)], mmkit.MARK)
    found = list(mmkit.two_clocks(iter([rows[:50], marks, rows[50:]]), latest=10))
    assert [piece.dtype == mmkit.MARK for piece in found] == [False, True, False, False]
    assert found[1].tobytes() == marks.tobytes()
    assert np.concatenate([found[0], *found[2:]])["tick"].tolist() == list(range(60))


def test_a_fault_of_the_source_comes_after_what_it_gave() -> None:
    def source() -> Any:
        yield rows_of([(1, 2, 3)])
        raise mmkit.DataError("file:2: broken")

    found: list[Any] = []
    with pytest.raises(mmkit.DataError, match="file:2: broken"):
        found.extend(mmkit.two_clocks(source()))
    assert np.concatenate(found)["tick"].tolist() == [0, 1, 2]


def test_marks_stay_marks() -> None:
    rows = rows_of([(5, 5, 1), (3, 6, 1)])
    rows["stream"] |= mmkit.ADDED
    assert put(rows, 1)["stream"].tolist() == [
        mmkit.VENUE | mmkit.ADDED,
        mmkit.BOTH | mmkit.ADDED,
        mmkit.LOCAL | mmkit.ADDED,
    ]
