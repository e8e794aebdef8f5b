"""One nested record for a session, and Python objects over its memory."""

import enum
from typing import Any

import attrs
import numpy as np
import pytest

import mmkit
from mmkit.engine.layout import layout_of, record_of
from mmkit.engine.records import Order, Trade, records
from mmkit.engine.views import view_of
from mmkit.errors import PluginError


class Mood(enum.IntEnum):
    CALM = 3


@attrs.frozen
class Params:
    x: float = 1.5
    n: int = 7
    on: bool = True
    mood: Mood = Mood.CALM
    every: mmkit.Duration = mmkit.Duration(5)
    weights: tuple[float, ...] = (0.5, 0.25)


@attrs.define
class State:
    value: float = -0.0
    count: int = 2**62
    ring: list[float] = mmkit.array(float, 3, 1.0)
    marks: list[int] = mmkit.array(int, 2)


@attrs.define
class Nothing:
    pass


@attrs.define
class Desk:
    orders: list[Order] = records(Order, 4)
    count: int = 0


@attrs.define
class Parts:
    params: Any
    state: Any
    nothing: Any
    desk: Any
    trade: Any


@pytest.fixture
def parts() -> Parts:
    """Returns a small session."""
    return Parts(Params(), State(), Nothing(), Desk(), Trade())


def test_every_number_finds_its_place(parts: Parts) -> None:
    whole = record_of(parts)
    params = whole["params"][0]
    assert [params[name].item() for name in ("x", "n", "on", "mood", "every")] == [1.5, 7, True, 3, 5]
    assert params["weights"].tolist() == [0.5, 0.25]
    assert np.signbit(whole["state"]["value"][0])
    assert whole["state"]["count"][0] == 2**62
    assert whole["desk"]["orders"]["key"].tolist() == [[-1] * 4]


def test_numbers_are_aligned_to_themselves(parts: Parts) -> None:
    layout = record_of(parts).dtype
    for name in layout.names:
        for field in layout[name].names:
            kind, offset = layout[name].fields[field][:2]
            assert (layout.fields[name][1] + offset) % kind.base.alignment == 0


def test_what_is_no_number_has_no_place() -> None:
    @attrs.define
    class Wrong:
        name: str = "x"

    with pytest.raises(PluginError, match=r"Wrong\.name"):
        layout_of(Wrong())


def test_a_view_reads_and_writes_the_records_memory(parts: Parts) -> None:
    whole = record_of(parts)
    state = view_of(whole["state"], parts.state)
    state.value = 2.25
    state.ring[1] = 9.0
    state.marks[0] = -4
    assert whole["state"]["value"][0] == 2.25
    assert whole["state"]["ring"][0].tolist() == [1.0, 9.0, 1.0]
    assert whole["state"]["marks"][0].tolist() == [-4, 0]
    whole["state"]["count"] = 11
    assert state.count == 11
    assert type(state.count) is int
    assert type(state.value) is float
    assert type(state.ring[1]) is float


def test_a_view_of_nested_records_names_each_of_them(parts: Parts) -> None:
    whole = record_of(parts)
    desk = view_of(whole["desk"], parts.desk)
    desk.orders[2].front = 0.5
    assert whole["desk"]["orders"]["front"][0].tolist() == [0.0, 0.0, 0.5, 0.0]
    assert desk.orders[2] is desk.orders[2]
    assert len(desk.orders) == 4


def test_a_view_refuses_what_the_field_cannot_hold(parts: Parts) -> None:
    state = view_of(record_of(parts)["state"], parts.state)
    with pytest.raises(TypeError):
        state.count = 0.5
    with pytest.raises(IndexError):
        state.ring[3] = 1.0
    with pytest.raises(AttributeError):
        state.counts = 1


def test_parameters_of_a_view_are_the_plain_ones(parts: Parts) -> None:
    params = view_of(record_of(parts)["params"], parts.params)
    assert params.weights == (0.5, 0.25)
    assert params.mood == Mood.CALM
    assert params.on is True
