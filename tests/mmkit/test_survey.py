"""What a survey says of marks: how many, the settlements they announce, and what is wrong with them."""

import math

import numpy as np

import mmkit
from mmkit.funding import Settlement
from mmkit.survey import survey
from mmkit.tape import SEGMENT, Chunk


def chunk(venue: list[int], marks: list[tuple[int, float, float, int]]) -> Chunk:
    """Returns a chunk of empty depth messages at these venue times, with marks known at once."""
    segments = np.zeros(len(venue), SEGMENT)
    segments["ts"] = venue
    segments["bid"], segments["ask"] = 10, 11
    rows = [(exch, exch, mark, rate, settles) for exch, mark, rate, settles in marks]
    empty = np.zeros(0, np.uint32), np.zeros(0, np.int32)
    return Chunk(0, segments[:0], segments, *empty, len(venue), marks=np.array(rows, mmkit.MARK))


def test_marks_are_counted_and_settlements_found() -> None:
    found = survey([chunk([1, 10], [(5, 100.0, 0.01, 20)]), chunk([30], [(15, 101.0, 0.02, 20), (29, 102.0, 0.0, 99)])])
    assert (found.marks, found.settlements) == (3, [Settlement(20, 0.02, 101.0)])
    assert found.lines() == []


def test_a_settlement_that_lacks_something_is_a_line() -> None:
    found = survey([chunk([1, 30], [(5, 100.0, math.nan, 20)])])
    assert found.lines() == ["the settlement at 20 ns is left out: no rate is known by then"]


def test_marks_before_the_one_ahead_of_them_are_out_of_order() -> None:
    made = [chunk([1, 20], [(7, 1.0, math.nan, 0), (6, 1.0, math.nan, 0), (9, 1.0, math.nan, 0)])]
    made.append(chunk([30], [(8, 1.0, math.nan, 0), (9, 1.0, math.nan, 0)]))
    assert survey(made[:1]).lines() == ["1 mark out of order at 6 ns"]
    assert survey(made).lines() == ["2 marks out of order at 6, 8 ns"]
