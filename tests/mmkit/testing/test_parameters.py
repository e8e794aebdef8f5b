"""Whether every parameter matters: which other values are tried, in which situations, and what is said where nothing helps."""

import enum
import math
from typing import Any

import attrs
import numpy as np
import pytest
from planted import Size, plain_sizes

import mmkit
from mmkit.contract import fields_of
from mmkit.testing import markets, parameters
from mmkit.testing.rows import Failed, Skipped
from mmkit.testing.subject import Subject


class Side(enum.IntEnum):
    BOTH = 0
    BIDS_ONLY = 1
    ASKS = 2


class When(enum.IntFlag):
    EARLY = 1
    LATE = 2


@attrs.frozen
class Every:
    """One parameter of each type."""

    given: float = mmkit.field(doc="")
    ratio: float = mmkit.field(0.5, above=0, at_most=1, doc="")
    limit: float = mmkit.field(math.inf, above=0, doc="")
    count: int = mmkit.field(3, at_least=1, at_most=6, doc="")
    after: mmkit.Duration = mmkit.field("2s", doc="")
    never: mmkit.Duration = mmkit.field("0s", doc="")
    on: bool = mmkit.field(False, doc="")
    side: Side = mmkit.field(Side.BOTH, doc="")
    when: When = mmkit.field(When.EARLY, doc="")
    shares: tuple[float, ...] = mmkit.field((), capacity=2, doc="")


def tried(name: str, **table: Any) -> list[Any]:
    [field] = [found for found in fields_of(Every) if found[0].name == name]
    return list(parameters.values(field, table))


def test_numbers_stay_within_their_range_and_none_comes_twice() -> None:
    assert tried("ratio") == [1.0, 0.25, 0.05, 0.005, 0.55, 0.9]
    assert tried("count") == [6, 1, 4, 2, 5]
    assert all(value > 0 and math.isfinite(value) for value in tried("limit"))


def test_other_values_depend_on_the_value_in_the_table() -> None:
    assert tried("ratio", ratio=0.2)[:2] == [0.4, 0.1]
    assert tried("given", given=3.0)[:2] == [6.0, 1.5]
    assert tried("given") == []


def test_durations_choices_and_lists_are_written_as_in_a_stack_file() -> None:
    assert tried("after")[:2] == ["4s", "1s"]
    assert tried("never")[:2] == ["1s", "100ms"]
    assert tried("on") == [True]
    assert tried("side") == ["bids-only", "asks"]
    assert tried("when") == [["late"], ["early", "late"]]
    assert [1.0] in tried("shares")
    assert max(map(len, tried("shares"))) == 2


@attrs.frozen
class Capped(Size):
    capped: bool = mmkit.field(False, doc="whether the cap counts")
    cap: float = mmkit.field(0.05, unit="base", above=0, doc="most of an order")


def capped(params: Any, state: Any, market: Any) -> tuple[float, float]:
    quantity = min(params.quantity, params.cap) if params.capped else params.quantity
    return quantity, quantity


def test_a_parameter_that_acts_only_with_another_one_is_tried_with_it() -> None:
    note = parameters.check(Subject(mmkit.Sizing("capped", params=Capped, sizes=capped)))
    assert note.startswith("3 parameters, ")


@attrs.frozen
class Reluctant(Size):
    position_limit: float = mmkit.field(1e6, unit="base", above=0, at_most=1e9, doc="from here on there are no bids")


def reluctant(params: Any, state: Any, market: Any) -> tuple[float, float]:
    return params.quantity if market.position < params.position_limit / 1e5 else 0.0, params.quantity


def test_a_parameter_that_acts_only_in_a_situation_needs_an_example_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "MOST", 12)
    rule = mmkit.Sizing("reluctant", params=Reluctant, sizes=reluctant)
    with pytest.raises(Failed, match=r"^changing position_limit changes nothing; .* Rule\.examples$"):
        parameters.check(Subject(attrs.evolve(rule, examples=({"position_limit": 1e8},))))
    assert parameters.check(Subject(attrs.evolve(rule, examples=({"position_limit": 1e4},)))).startswith("2 parameters")


@attrs.frozen
class Marketed:
    price: int = mmkit.field(10_000, unit="ticks", above=20, doc="at the beginning")
    idle: int = mmkit.field(1, at_least=0, doc="read by nobody")


def events(params: Any, instrument: Any, rng: Any) -> Any:
    made = markets.corner("one price").events.copy()
    made["tick"] += params.price
    yield made


def test_of_a_market_the_events_are_compared() -> None:
    with pytest.raises(Failed, match="changing idle changes nothing"):
        parameters.check(Subject(mmkit.Market("made", params=Marketed, events=events)))


def test_two_nan_are_alike() -> None:
    assert parameters.same((1, float("nan")), (1, math.nan))
    assert not parameters.same((1, math.nan), (1, 0.0))
    assert not parameters.same(np.float64(0.1), 0.2)


def test_a_rule_without_parameters_is_skipped() -> None:
    rule = mmkit.Sizing("bare", sizes=lambda params, state, market: (0.1, 0.1))
    with pytest.raises(Skipped, match="it has no parameters"):
        parameters.check(Subject(rule))


def test_what_changes_time_and_memory_alone_is_skipped() -> None:
    rule = mmkit.Optimization("same", params=Size, exact=lambda params: True, rewrite=lambda params, rule: rule)
    with pytest.raises(Skipped, match="time and memory"):
        parameters.check(Subject(rule))


def test_a_sizing_whose_parameters_are_read_passes() -> None:
    assert parameters.check(Subject(mmkit.Sizing("sound", params=Size, sizes=plain_sizes))).startswith("1 parameter")
