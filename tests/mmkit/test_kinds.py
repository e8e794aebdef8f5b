"""How values are written and read: durations, rates, names."""

import contextlib
import enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkit import Duration, Rate, duration
from mmkit.kinds import kind_of, spelled_duration

HERE = Path("/here")


class Mood(enum.IntEnum):
    CALM = 0
    VERY_WILD = 3


class When(enum.IntFlag):
    TIMER = 1
    ON_BOOK = 2
    TRADE = 4


KINDS: list[Any] = [float, int, bool, str, Duration, Rate, Path, tuple[Path, ...], tuple[float, ...], Mood, When]


@given(st.integers(0, 2**63 - 1))
def test_a_duration_is_written_so_that_it_reads_back_exactly(nanoseconds: int) -> None:
    assert duration(spelled_duration(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1500, "1500ns"),
        (10**8, "100ms"),
        (10**9, "1s"),
        (90 * 10**9, "90s"),
        (86400 * 10**9, "1d"),
    ],
)
def test_a_duration_is_written_in_the_largest_exact_unit(nanoseconds: int, text: str) -> None:
    assert spelled_duration(nanoseconds) == text


@pytest.mark.parametrize(
    ("text", "nanoseconds"), [("0.1ms", 100_000), ("1e3us", 10**6), (" 2 s ", 2 * 10**9), ("1.1s", 1_100_000_000)]
)
def test_a_duration_is_exact_where_a_float_is_not(text: str, nanoseconds: int) -> None:
    assert duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "s", "1", "1 sec", "nan s", "1.5ns", "1e40d", "1e999999999s", "--1s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|nanoseconds|years"):
        duration(text)


@given(st.sampled_from(KINDS), st.data())
def test_what_a_kind_reads_it_writes_and_reads_back_the_same(annotation: Any, data: st.DataObject) -> None:
    kind = kind_of(annotation)
    assert kind is not None
    values = {
        float: st.floats(allow_nan=False),
        int: st.integers(-(2**63) + 1, 2**63 - 1),
        bool: st.booleans(),
        str: st.text('aé"\\\n ', max_size=5),
        Duration: st.integers(0, 2**62).map(spelled_duration),
        Rate: st.floats(allow_nan=False),
        Path: st.sampled_from(["a", "/b/c", "../d e"]),
        tuple[Path, ...]: st.lists(st.sampled_from(["a", "/b/c"]), min_size=1),
        tuple[float, ...]: st.lists(st.floats(allow_nan=False)),
        Mood: st.sampled_from(["calm", "very-wild"]),
        When: st.lists(st.sampled_from(["timer", "on-book", "trade"])),
    }
    value = kind.read(data.draw(values[annotation]), HERE)
    assert kind.holds(value)
    again = kind.read(kind.write(value), Path("/elsewhere"))
    assert again == value
    assert type(again) is type(value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(KINDS), ANYTHING)
def test_a_value_of_another_kind_is_refused_with_one_line(annotation: Any, value: Any) -> None:
    kind = kind_of(annotation)
    assert kind is not None
    refusal = ""
    try:
        read = kind.read(value, HERE)
    except ValueError as error:
        refusal = str(error)
    assert "\n" not in refusal
    assert refusal or kind.holds(read)


@pytest.mark.parametrize(
    "annotation", [dict, list, list[float], tuple[int, ...], complex, bytes, float | None, Any, enum.Enum]
)
def test_other_types_have_no_kind(annotation: Any) -> None:
    assert kind_of(annotation) is None


@given(st.text(max_size=12))
def test_no_text_crashes_the_reading_of_a_rate_or_a_duration(text: str) -> None:
    for annotation in (Rate, Duration):
        kind = kind_of(annotation)
        assert kind is not None
        with contextlib.suppress(ValueError):
            assert kind.holds(kind.read(text, HERE))
