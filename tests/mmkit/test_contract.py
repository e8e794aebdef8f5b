"""What a rule must look like."""

import enum
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

import mmkit
from mmkit import array, contract, field, required
from mmkit.contract import arguments


@attrs.define
class State:
    value: float = 0.0


@attrs.define
class Inputs:
    a: float = field(0.0)
    b: float = field(0.0)


@attrs.define
class Terms:
    risk: float = 0.0


def quote(params: Any, state: Any, market: Any) -> tuple[float, float, float]:
    return 1.0, 1.0, 1.0


def faults_of(**parts: Any) -> list[str]:
    return list(contract.faults(mmkit.Pricing("it", **{"quote": quote, **parts})))


def params(**fields: Any) -> type:
    """Returns a frozen attrs class of these fields: name to (type, declaration)."""
    declared = {
        name: attrs.field(default=d._default, metadata=d.metadata, type=kind) for name, (kind, d) in fields.items()
    }
    return attrs.make_class("Params", declared, frozen=True, slots=True)


def test_a_rule_with_nothing_but_its_function_is_sound() -> None:
    assert faults_of() == []


def test_every_supported_type_is_sound() -> None:
    class Mood(enum.IntEnum):
        CALM = 0

    class When(enum.IntFlag):
        TIMER = 1

    sound = params(
        a=(int, field()),
        b=(float, field(1.0, above=0)),
        c=(bool, field(True)),
        d=(Mood, field(Mood.CALM)),
        e=(When, field(When.TIMER)),
        f=(tuple[float, ...], field((1.0,), capacity=4)),
        g=(mmkit.Duration, field("5s", above=0)),
        h=(mmkit.Rate, field(0.0)),
        i=(float, field(float("nan"))),
    )
    assert faults_of(params=sound) == []


@pytest.mark.parametrize(
    ("kind", "declaration", "fault"),
    [
        (str, field("x"), "Params.x: a parameter of a pricing rule cannot be of type str"),
        (Path, field(), "Params.x: a parameter of a pricing rule cannot be of type Path"),
        (dict, field(), "Params.x: a parameter of a pricing rule cannot be of type dict"),
        (list[float], field(), "Params.x: a parameter of a pricing rule cannot be of type list"),
        (complex, field(), "Params.x: a parameter of a pricing rule cannot be of type complex"),
        (tuple[float, ...], field(), "Params.x: a tuple of numbers needs a capacity"),
        (float, field("fast"), "Params.x: the default 'fast' is not a number"),
        (int, field(0.5), "Params.x: the default 0.5 is not a whole number"),
        (bool, field(1), "Params.x: the default 1 is not true or false"),
        (mmkit.Duration, field("5 parsecs"), "Params.x: the default '5 parsecs' is not a duration"),
        (float, field(0.0, above=0), "Params.x: the default must be above 0, is 0"),
        (int, field(7, at_most=5), "Params.x: the default must be at most 5, is 7"),
    ],
)
def test_a_parameter_that_could_not_be_read_is_named(kind: Any, declaration: Any, fault: str) -> None:
    assert faults_of(params=params(x=(kind, declaration))) == [fault]


@pytest.mark.parametrize("name", ["use", "inputs", "optimizations", "_hidden"])
def test_a_parameter_cannot_take_a_name_that_is_taken(name: str) -> None:
    assert faults_of(params=params(**{name: (float, field(1.0))})) == [
        f"Params.{name}: this name is not free for a parameter"
    ]


def test_files_and_words_are_parameters_of_markets() -> None:
    sound = params(a=(Path, field()), b=(tuple[Path, ...], field()), c=(str, field("x")))
    market = mmkit.Market("it", params=sound, events=lambda params, instrument, rng: iter(()))
    assert list(contract.faults(market)) == []


def test_classes_that_are_none_or_of_the_wrong_make_are_named() -> None:
    @attrs.define
    class Thawed:
        x: float = 0.0

    @attrs.frozen
    class Frozen:
        x: float = 0.0

    @attrs.define(slots=False)
    class Roomy:
        x: float = 0.0

    class Plain:
        pass

    assert faults_of(params=Plain) == ["params is not an attrs class"]
    assert faults_of(params=Thawed) == ["Thawed is not frozen (use @attrs.frozen)"]
    assert faults_of(state=Plain) == ["state is not an attrs class"]
    assert faults_of(state=Frozen) == ["Frozen is frozen: state changes (use @attrs.define)"]
    assert faults_of(state=Roomy) == ["Roomy has no slots (use @attrs.define)"]
    assert faults_of(inputs=Plain, quote=lambda params, state, market, inputs: None) == ["inputs is not an attrs class"]


def test_state_holds_numbers_and_arrays_with_a_first_value() -> None:
    @attrs.define
    class Sound:
        a: float = 0.0
        b: int = 0
        c: bool = False
        d: list[float] = array(float, 8)

    @attrs.define
    class Wrong:
        a: float
        b: str = ""
        c: list[bool] = array(bool, 8)
        d: list[float] = array(float, 0)

    assert faults_of(state=Sound) == []
    assert faults_of(state=Wrong) == [
        "Wrong.a: has no first value",
        "Wrong.b: state cannot hold str (arrays: mmkit.array)",
        "Wrong.c: an array holds at least one float or int",
        "Wrong.d: an array holds at least one float or int",
    ]


def test_outputs_are_fields_of_the_state() -> None:
    assert faults_of(state=State, outputs={"value": "price"}) == []
    assert faults_of(state=State, outputs={"vaule": "price"}) == [
        'output "vaule" is not a field of State (did you mean "value"?)'
    ]
    assert faults_of(state=State, outputs={"value": None}) == ['output "value" has no unit']


def test_inputs_are_floats_and_what_replaces_one_is_a_parameter_with_a_default() -> None:
    @attrs.define
    class Wrong:
        x: float = attrs.field()
        n: int = field(0)
        y: float = required(unless="nothing")

    takes = {"quote": lambda params, state, market, inputs: None}
    assert faults_of(inputs=Inputs, **takes) == []
    assert faults_of(inputs=Wrong, **takes) == [
        "Wrong.x: is declared with mmkit.required or mmkit.field(0.0)",
        "Wrong.n: an input is a float, not int",
        'Wrong.y: "nothing" is not a parameter with a default',
    ]


Build = Callable[..., Any]


@pytest.mark.parametrize(
    ("parts", "given"),
    [
        ({}, ("params", "state", "market")),
        ({"inputs": Inputs}, ("params", "state", "market", "inputs")),
        ({"terms": Terms}, ("params", "state", "market", "terms")),
        ({"inputs": Inputs, "terms": Terms}, ("params", "state", "market", "inputs", "terms")),
        ({"inputs": Inputs, "depth": True}, ("params", "state", "market", "inputs", "book")),
        ({"inputs": Inputs, "terms": Terms, "depth": True}, ("params", "state", "market", "inputs", "terms", "book")),
    ],
)
def test_a_function_is_given_what_its_rule_declares(parts: dict[str, Any], given: tuple[str, ...]) -> None:
    assert arguments(mmkit.Pricing("it", quote=quote, **parts), "quote") == given


def test_execution_reads_the_book_when_it_acts_not_when_it_tells_the_time() -> None:
    def anything(*args: Any) -> Any: ...

    rule = mmkit.Execution("it", triggers=anything, next_time=anything, act=anything, inputs=Inputs, depth=True)
    assert arguments(rule, "act") == ("params", "state", "market", "inputs", "ladder", "desk", "book")
    assert arguments(rule, "next_time") == ("params", "state", "market", "inputs")
    assert arguments(rule, "triggers") == ("params",)


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"quote": lambda params, state: None}, "quote(params, state) is given (params, state, market)"),
        ({"inputs": Inputs}, "is given (params, state, market, inputs)"),
        (
            {"quote": lambda params, state, market, book: None},
            "quote(params, state, market, book) is given (params, state, market)",
        ),
        ({"quote": lambda params, state, market, *, more: None}, "is given (params, state, market)"),
        ({"quote": 3}, "quote is not a function"),
        ({"setup": lambda params, state: None}, "setup(params, state) is given (params, state, instrument)"),
    ],
)
def test_a_function_of_other_arguments_is_named_with_what_it_is_given(parts: dict[str, Any], fault: str) -> None:
    (found,) = faults_of(**parts)
    assert fault in found


def test_prepare_takes_terms_and_the_inputs_in_their_order() -> None:
    takes = {"quote": lambda params, state, market, inputs, terms: None, "inputs": Inputs, "terms": Terms}
    assert faults_of(prepare=lambda params, terms, a, b: None, **takes) == []
    assert faults_of(prepare=lambda params, terms, b, a: None, **takes) == [
        "prepare takes the inputs in another order than Inputs has them"
    ]
    assert "prepare(params, terms, a) is given (params, terms, a, b)" in faults_of(
        prepare=lambda params, terms, a: None, **takes
    )
    assert faults_of(prepare=lambda params, terms: None) == ['"terms" and "prepare" go together']


def test_every_built_in_rule_keeps_the_contract() -> None:
    from mmkit.plugins import offers
    from mmkit.rules import Role

    offered = offers()
    loaded = [offered.load(role, name) for role in Role for name in offered.names(role)]
    assert len(loaded) > 10
