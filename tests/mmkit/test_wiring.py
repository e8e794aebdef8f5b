"""Which number feeds which input."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mmkit.settings import read

Faults = Callable[..., list[str]]
Write = Callable[..., Path]

SECOND = '[signals.other]\nuse = "wobble"\n'


def pricing_wiring(file: Path) -> Mapping[str, str]:
    return read(file).pricing.wiring


def test_an_input_finds_the_one_signal_of_its_name_and_the_sizing(stack_file: Write) -> None:
    assert pricing_wiring(stack_file()) == {"volatility": "volatility.value", "order_size": "sizing.order_size"}


def test_an_explicit_line_wins_over_names(stack_file: Write) -> None:
    explicit = ("gamma = 0.1", 'gamma = 0.1\ninputs = { volatility = "other.value" }')
    assert pricing_wiring(stack_file(explicit, more=SECOND))["volatility"] == "other.value"


def test_an_optional_input_that_nothing_provides_has_no_source(stack_file: Write) -> None:
    assert "lean" not in pricing_wiring(stack_file())


def test_an_optional_input_is_wired_by_name_too(stack_file: Write) -> None:
    assert pricing_wiring(stack_file(more='[signals.lean]\nuse = "drift"\n'))["lean"] == "lean.value"


def test_the_rule_name_of_a_signal_counts_as_well_as_its_slot_name(stack_file: Write, tmp_path: Path) -> None:
    file = stack_file(('[signals.volatility]\nuse = "wobble"', '[signals.sigma]\nuse = "volatility"'))
    (tmp_path / "toys.py").write_text((tmp_path / "toys.py").read_text())
    assert pricing_wiring(file)["volatility"] == "sigma.value"


def test_two_signals_that_fit_are_a_fault_that_lists_both(faults: Faults) -> None:
    (found,) = faults(more='[signals.sigma]\nuse = "volatility"\n')
    assert found == (
        "pricing.inputs.volatility: fits more than one: volatility.value, sigma.value; "
        'say which, inputs = { volatility = "volatility.value" }'
    )


def test_a_required_input_that_nothing_provides_names_its_unit_and_what_could(faults: Faults) -> None:
    (found,) = faults(("[signals.volatility]", "[signals.other]"))
    assert found == (
        "pricing.inputs.volatility: required (price/sqrt(s)): of the mid; nothing provides it; what could: "
        'a signal with use = "volatility", or an output of this unit: inputs = { volatility = "other.value" }, '
        "or the parameter pricing.sigma"
    )


def test_a_parameter_that_stands_in_makes_the_input_unnecessary(stack_file: Write) -> None:
    stands_in = ("gamma = 0.1", "gamma = 0.1\nsigma = 2")
    assert pricing_wiring(stack_file(("[signals.volatility]", "[signals.other]"), stands_in)) == {
        "order_size": "sizing.order_size"
    }
    assert "volatility" not in pricing_wiring(stack_file(stands_in))


def test_a_parameter_at_its_default_does_not_stand_in(stack_file: Write) -> None:
    assert "volatility" in pricing_wiring(stack_file(("gamma = 0.1", "gamma = 0.1\nsigma = 0")))


def test_a_parameter_and_an_explicit_line_for_what_it_replaces_contradict_each_other(faults: Faults) -> None:
    (found,) = faults(("gamma = 0.1", 'gamma = 0.1\nsigma = 2\ninputs = { volatility = "volatility.value" }'))
    assert found == "pricing.inputs.volatility: pricing.sigma is given and takes its place: leave one out"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ('"volatilty.value"', 'there is no signal "volatilty" (did you mean "volatility"?)'),
        ('"volatility.valeu"', '"volatility" publishes no "valeu" (did you mean "value"?); it publishes value'),
        ('"volatility"', 'must be a signal and its output, such as "sigma.value"'),
        ("3", 'must be a signal and its output, such as "sigma.value"'),
        ('"lean.value"', "expects price/sqrt(s), lean.value gives price; of that unit there is volatility.value"),
    ],
)
def test_a_wrong_explicit_line_is_one_line(faults: Faults, source: str, fault: str) -> None:
    found = faults(
        ("gamma = 0.1", f"gamma = 0.1\ninputs = {{ volatility = {source} }}"), more='[signals.lean]\nuse = "drift"\n'
    )
    assert found == [f"pricing.inputs.volatility: {fault}"]


def test_an_unknown_input_names_the_nearest(faults: Faults) -> None:
    found = faults(("gamma = 0.1", 'gamma = 0.1\ninputs = { volatilty = "volatility.value" }'))
    assert found == ['pricing.inputs.volatilty: unknown input of "toy" (did you mean "volatility"?)']


def test_a_rule_without_inputs_takes_none(faults: Faults) -> None:
    found = faults(('[risk.limits]\nuse = "toy"', '[risk.limits]\nuse = "toy"\ninputs = { x = "volatility.value" }'))
    assert found == ['risk.limits.inputs.x: rule "toy" has no inputs']


def test_a_signal_reads_only_what_is_declared_before_it(faults: Faults, stack_file: Write) -> None:
    reader = '[signals.lean]\nuse = "drift"\ninputs = { volatility = "volatility.value" }\n'
    assert read(stack_file(more=reader)).signals[1].wiring == {"volatility": "volatility.value"}
    first = ("[signals.volatility]", f"{reader}[signals.volatility]")
    (found,) = faults(first)
    assert found.startswith('signals.lean.inputs.volatility: reads "volatility", which comes later')
    assert read(stack_file((first[0], '[signals.lean]\nuse = "drift"\n[signals.volatility]'))).signals[0].wiring == {}


def test_a_signal_cannot_read_itself(faults: Faults) -> None:
    (found,) = faults(more='[signals.lean]\nuse = "drift"\ninputs = { volatility = "lean.value" }\n')
    assert found.startswith("signals.lean.inputs.volatility: reads itself")


def test_units_that_differ_are_a_fault_by_name_too(faults: Faults) -> None:
    # "lean" is wired by name to a signal that gives a volatility.
    assert faults(more='[signals.lean]\nuse = "wobble"\n') == [
        "pricing.inputs.lean: expects price, lean.value gives price/sqrt(s)"
    ]


def test_a_fault_in_a_signals_own_rule_does_not_become_a_fault_of_its_readers(faults: Faults) -> None:
    (found,) = faults(('use = "wobble"', 'use = "wobbel"'))
    assert found.startswith("signals.volatility.use: ")


def test_wrong_parameters_do_not_hide_wrong_wiring(faults: Faults) -> None:
    found = faults(("gamma = 0.1", 'gamma = 0\ninputs = { volatilty = "volatility.value" }'))
    assert len(found) == 2


OTHERS = """
[instruments.SPOT]
tick_size = 0.1
lot_size = 0.001
[instruments.SPOT.market]
use = "toy"
path = "spot.csv"
[instruments.SPOT.venue]
use = "toy"
"""

THERE = OTHERS + '[signals.there]\nuse = "wobble"\ninstrument = "SPOT"\n'

QUOTED = ("[stack]", '[stack]\nquote = "BTC"')


def explicit(source: str) -> tuple[str, str]:
    return ("gamma = 0.1", f'gamma = 0.1\ninputs = {{ volatility = "{source}" }}')


@pytest.mark.parametrize("source", ["there.value", "SPOT.there", "SPOT.wobble", "SPOT.value"])
def test_another_instruments_signal_is_named_by_slot_by_rule_or_by_output(stack_file: Write, source: str) -> None:
    assert pricing_wiring(stack_file(QUOTED, explicit(source), more=THERE))["volatility"] == "there.value"


def test_another_instruments_signal_never_fits_by_name_alone(stack_file: Write, faults: Faults) -> None:
    more = OTHERS + '[signals.sigma]\nuse = "wobble"\ninstrument = "SPOT"\n'
    assert pricing_wiring(stack_file(QUOTED, more=more))["volatility"] == "volatility.value"
    (found,) = faults(QUOTED, ("[signals.volatility]", '[signals.volatility]\ninstrument = "SPOT"'), more=OTHERS)
    assert found.startswith("pricing.inputs.volatility: required (price/sqrt(s))")


@pytest.mark.parametrize("output", ["bid", "ask", "mid"])
def test_an_instruments_own_numbers_need_no_signal(stack_file: Write, output: str, tmp_path: Path) -> None:
    file = stack_file(QUOTED, more=OTHERS)
    (tmp_path / "fair.py").write_text(FAIR)
    file.write_text(
        file.read_text()
        .replace('plugins = ["toys.py"]', 'plugins = ["toys.py", "fair.py"]')
        .replace(
            '[pricing]\nuse = "toy"\ngamma = 0.1', f'[pricing]\nuse = "fair"\ninputs = {{ fair = "SPOT.{output}" }}'
        )
    )
    assert pricing_wiring(file) == {"fair": f"SPOT.{output}"}


FAIR = """
import attrs
import mmkit


@attrs.define
class Inputs:
    fair: float = mmkit.required(unit="quote", doc="fair price")


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("fair", inputs=Inputs, quote=lambda params, state, market, inputs: (inputs.fair, 1.0, 1.0))
"""


FITTING = "; of that unit there is volatility.value, there.value"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("SPOT.mid", f"expects price/sqrt(s), SPOT.mid gives quote{FITTING}"),
        ("SPOT.position", f"expects price/sqrt(s), SPOT.position gives base{FITTING}"),
        (
            "SPOT.mdi",
            '"SPOT" has no "mdi" (did you mean "mid"?); it has bid, ask, mid, position, there, value',
        ),
        (
            "SPOT.ther",
            '"SPOT" has no "ther" (did you mean "there"?); it has bid, ask, mid, position, there, value',
        ),
        ("SPTO.mid", 'there is no signal "SPTO" (did you mean "SPOT"?)'),
        ("SPOT", 'must be a signal and its output, such as "sigma.value"'),
        ("SPOT.there.value", 'must be a signal and its output, such as "sigma.value"'),
    ],
)
def test_a_wrong_source_of_another_instrument_is_one_line(faults: Faults, source: str, fault: str) -> None:
    assert faults(QUOTED, explicit(source), more=THERE) == [f"pricing.inputs.volatility: {fault}"]


def test_a_rule_that_an_instrument_has_twice_must_be_named_by_its_slot(stack_file: Write, faults: Faults) -> None:
    more = THERE + '[signals.again]\nuse = "wobble"\ninstrument = "SPOT"\n'
    assert faults(QUOTED, explicit("SPOT.wobble"), more=more) == [
        'pricing.inputs.volatility: "SPOT.wobble" fits more than one: there.value, again.value'
    ]
    assert pricing_wiring(stack_file(QUOTED, explicit("SPOT.again"), more=more))["volatility"] == "again.value"


def test_a_signal_reads_its_own_instruments_signals_by_name(stack_file: Write) -> None:
    more = OTHERS + (
        '[signals.sigma]\nuse = "wobble"\ninstrument = "SPOT"\n'
        '[signals.lean]\nuse = "drift"\ninstrument = "SPOT"\ninputs = { volatility = "SPOT.sigma" }\n'
        '[signals.lean2]\nuse = "drift"\n'
    )
    wired = {slot.name: dict(slot.wiring) for slot in read(stack_file(QUOTED, more=more)).signals}
    assert wired["lean"] == {"volatility": "sigma.value"}
    assert wired["lean2"] == {"volatility": "volatility.value"}
