"""The strict run: what counts as another type, and where."""

from contextlib import suppress
from typing import Any

import attrs
import numpy as np
import pytest
from planted import Count, Size, Weight, signal

import mmkit
from mmkit.engine.records import MarketView
from mmkit.testing import strict
from mmkit.testing.rows import Failed, Skipped
from mmkit.testing.subject import Subject


@attrs.define
class Record:
    number: float = 0.0
    count: int = 0
    small: int = mmkit.field(0, at_least=0, at_most=7)
    flag: bool = False
    until: mmkit.Duration = 0
    floats: list[float] = mmkit.array(float, 3)
    counts: list[int] = mmkit.array(int, 3)


SOUND = [
    *(("number", value) for value in (0.5, 3, 2**53, float("nan"), float("inf"))),
    *(("count", value) for value in (0, -5, 2**63 - 1, mmkit.Trigger.FILL)),
    *(("small", 0), ("small", 7), ("flag", True), ("until", 10**18)),
]
WRONG = [
    *(("number", value) for value in (True, None, np.float64(0.5), np.int64(2), 2**53 + 1, "1")),
    *(("count", value) for value in (0.5, 2.0, False, np.int64(2), 2**63, -(2**63) - 1)),
    *(("small", -1), ("small", 8), ("flag", 1), ("flag", np.True_), ("until", 0.5)),
]


def put(name: str, value: Any, where: str = "state") -> list[str]:
    """Returns what the strict run says of an assignment."""
    watch = strict.Watch("tried")
    setattr(watch.stand_in(where, Record()), name, value)
    return watch.faults


@pytest.mark.parametrize(("name", "value"), SOUND)
def test_a_value_of_the_declared_type_is_none_of_its_business(name: str, value: Any) -> None:
    assert put(name, value) == []


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_value_of_another_type_is_told_with_field_value_and_line(name: str, value: Any) -> None:
    [said] = put(name, value)
    assert said.startswith(f"state.{name} = {value!r}: ")
    assert "test_strict.py:" in said


def test_what_is_assigned_is_kept_all_the_same() -> None:
    record = Record()
    stand_in = strict.Watch("tried").stand_in("state", record)
    stand_in.count = 2.5
    stand_in.floats[-1] = 4.0
    assert (record.count, record.floats, stand_in.count, list(stand_in.floats)) == (2.5, [0, 0, 4], 2.5, [0, 0, 4])


def test_elements_of_an_array_are_looked_at() -> None:
    watch = strict.Watch("tried")
    record = watch.stand_in("terms", Record())
    record.floats[1], record.counts[2] = 1, 3
    assert watch.faults == []
    record.counts[0] = 0.5
    assert "terms.counts[0] = 0.5" in watch.faults[0]


@pytest.mark.parametrize(
    ("at", "said"), [(1.0, "the index is a float"), (True, "the index is true or false"), (slice(0, 2), "in a slice")]
)
def test_an_index_that_means_something_else_when_compiled(at: Any, said: str) -> None:
    watch = strict.Watch("tried")
    array = watch.stand_in("state", Record()).floats
    with suppress(TypeError):
        array[at]
    assert said in watch.faults[0]


def test_an_index_out_of_range_is_told_and_raises() -> None:
    watch = strict.Watch("tried")
    with pytest.raises(IndexError):
        watch.stand_in("state", Record()).floats[3]
    assert "state.floats[3]: out of range, it has 3 places" in watch.faults[0]


def test_an_index_from_the_end_is_the_same_in_both_engines() -> None:
    watch = strict.Watch("tried")
    assert watch.stand_in("state", Record()).floats[-1] == 0.0
    assert watch.faults == []


def test_an_array_is_not_assigned_as_a_whole() -> None:
    assert "assigned as a whole" in put("floats", [1.0, 2.0, 3.0])[0]


def test_a_rule_does_not_write_to_what_it_is_shown() -> None:
    watch = strict.Watch("tried")
    watch.stand_in("market", MarketView()).mid = 3.0
    assert "a rule is only shown its market" in watch.faults[0]


def changing(params: Any, state: Any, market: Any) -> None:
    """Takes what is true or false for a number."""
    state.count = market.position > 0.0
    state.value = params.weight


def powered(params: Any, state: Any, market: Any) -> None:
    """A constant exponent."""
    state.value = params.weight**2


def broken(params: Any, state: Any, market: Any) -> None:
    """Divides by what is 0 at first."""
    state.value = params.weight / state.count


def overrun(params: Any, state: Any, market: Any) -> None:
    """Goes on behind the end of the array."""
    state.floats[state.count] = params.weight
    state.count += 1


def whole_time(params: Any, state: Any, market: Any) -> float:
    """In floats, as 1e8 is one."""
    return market.now + 1e8


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (signal("changing", changing, Count), "state.count = False: the field is for whole numbers"),
        (signal("powered", powered, Count), r"on_clock: .*test_strict\.py:\d+: "),
        (signal("broken", broken, Count), "ZeroDivisionError"),
        (mmkit.Signal("overrun", params=Weight, state=Record, on_clock=overrun), r"state\.floats\[3\]: out of range"),
        (
            mmkit.Execution(
                "timed",
                triggers=lambda params: 1,
                next_time=whole_time,
                act=lambda params, state, market, ladder, desk: None,
            ),
            "next_time returns a float, not int64",
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_run_shows_it(rule: Any, said: str) -> None:
    with pytest.raises(Failed, match=said):
        strict.check(Subject(rule))


def leave(params: Any, state: Any, instrument: Any) -> None:
    """Leaves a numpy number behind."""
    state.number = np.sqrt(2.0)


def test_what_setup_leaves_is_looked_at() -> None:
    rule = mmkit.Sizing(
        "left", params=Size, state=Record, setup=leave, sizes=lambda params, state, market: (params.quantity, 0.0)
    )
    with pytest.raises(Failed, match=r"setup leaves state\.number = .*numpy\.float64"):
        strict.check(Subject(rule))


def test_a_rule_that_stays_python_is_skipped() -> None:
    with pytest.raises(Skipped):
        strict.check(Subject(signal("stays", changing, Count, compiled=False)))
