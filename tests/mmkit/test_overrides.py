"""What a command line changes in a stack."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmkit.errors import ConfigError
from mmkit.overrides import toml_value
from mmkit.settings import read

Faults = Callable[..., list[str]]
Write = Callable[..., Path]

BOOK = """
[instruments.X]
tick_size = 0.01
lot_size = 0.001
[instruments.X.market]
use = "book"
[signals.sigma]
use = "volatility"
[pricing]
use = "avellaneda"
gamma = 1.0
k = 40.0
[sizing]
use = "fixed"
quantity = 0.2
"""

TWO = """
    [instruments.ETH]
    tick_size = 0.01
    lot_size = 0.01
    [instruments.ETH.market]
    use = "toy"
    path = "eth.csv"
    [instruments.ETH.venue]
    use = "toy"
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.2", 0.2),
        ("3", 3),
        ("true", True),
        ('"x"', "x"),
        ("20ms", "20ms"),
        ("risk-averse", "risk-averse"),
        ("sigma.value", "sigma.value"),
        ("[1, 2]", [1, 2]),
        ("", ""),
        ("1\nb = 2", "1\nb = 2"),
        ("{ a = 1 }", {"a": 1}),
    ],
)
def test_a_value_is_toml_or_else_its_own_text(text: str, value: Any) -> None:
    assert toml_value(text) == value


def test_set_changes_keys_that_are_there_and_keys_that_could_be(stack_file: Write) -> None:
    stack = read(
        stack_file(),
        overrides=[
            "pricing.gamma=0.2",
            "pricing.levels=5",
            "instruments.BTC.venue.latency=20ms",
            "instruments.BTC.tick_size=0.5",
            "stack.name=other",
            "execution.every=250ms",
            "pricing.inputs.volatility=volatility.value",
        ],
        seed=5,
    )
    assert (stack.pricing.params.gamma, stack.pricing.params.levels) == (0.2, 5)
    assert stack.leg.venue.params.latency == 20_000_000
    assert stack.leg.instrument.tick_size == 0.5
    assert (stack.name, stack.seed) == ("other", 5)
    assert stack.execution.params.every == 250_000_000


def test_set_can_choose_another_rule(stack_file: Write) -> None:
    assert read(stack_file(), overrides=["ladder.use=uniform"]).ladder.rule.name == "uniform"


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("pricing.gama=0.2", '--set: pricing.gama: unknown key (did you mean "gamma"?)'),
        ("pricing.gamma=-1", "--set: pricing.gamma: must be above 0 1/quote, is -1"),
        ("pricing.gamma=fast", '--set: pricing.gamma: must be a number, is "fast"'),
        ("prcing.gamma=1", '--set prcing.gamma=1: there is no section prcing (did you mean "pricing"?)'),
        (
            "signals.volatilty.x=1",
            '--set signals.volatilty.x=1: there is no section signals.volatilty (did you mean "signals.volatility"?)',
        ),
        ("instruments.BTX.tick_size=1", "there is no section instruments.BTX (did you mean"),
        ("pricing.gamma.x=1", "there is no section pricing.gamma"),
        ("pricing.gamma", "--set pricing.gamma: is written PATH=VALUE"),
        ("=3", "--set =3: is written PATH=VALUE"),
        ("pricing..x=3", "is written PATH=VALUE"),
        ("foo=3", "--set: foo: unknown section"),
        ("pricing=3", "--set: pricing: must be a section [pricing]"),
        (
            "pricing.inputs.voltility=a.b",
            '--set: pricing.inputs.voltility: unknown input of "toy" (did you mean "volatility"?)',
        ),
    ],
)
def test_a_wrong_set_is_one_line_that_says_so(faults: Faults, override: str, fault: str) -> None:
    found = faults(overrides=[override])
    assert len(found) == 1
    assert fault in found[0]


def test_faults_of_the_file_and_of_the_command_line_come_together(faults: Faults) -> None:
    found = faults(
        ("quantity = 2", "quantity = 0"), overrides=["pricing.gamma=0"], data=["x=1"], disable=["risk.limit"], seed=-1
    )
    assert len(found) == 5
    assert "--seed -1: stack.seed: must be at least 0, is -1" in found
    assert "sizing.quantity: must be above 0 base, is 0" in found


def test_disable_leaves_a_rule_out(stack_file: Write) -> None:
    assert read(stack_file(), disable=["risk.limits"]).risk == ()
    more = '[risk.other]\nuse = "toy"\n'
    assert [slot.name for slot in read(stack_file(more=more), disable=["risk.limits"]).risk] == ["other"]
    assert (
        read(stack_file(more='[ladder]\nuse = "uniform"\nlevels = 3\n'), disable=["ladder"]).ladder.rule.name
        == "single"
    )


def test_disabling_a_signal_that_is_needed_is_the_fault_of_what_needs_it(faults: Faults) -> None:
    (found,) = faults(disable=["signals.volatility"])
    assert found.startswith("pricing.inputs.volatility: required (price/sqrt(s)): of the mid; nothing provides it")


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("risk.limit", 'there is nothing of this name to disable (did you mean "risk.limits"?)'),
        ("signals.volatilty", 'there is nothing of this name to disable (did you mean "signals.volatility"?)'),
        ("pricing2.spread-cache", "there is nothing of this name to disable"),
        ("pricing", "a stack cannot do without it"),
        ("sizing", "a stack cannot do without it"),
        ("instruments.BTC", "a stack cannot do without it"),
    ],
)
def test_what_cannot_be_disabled_is_one_line(faults: Faults, path: str, fault: str) -> None:
    assert faults(disable=[path]) == [f"--disable {path}: {fault}"]


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("risk.limits", "is not disabled"),
        ("risk.limts", 'there is nothing of this name to enable (did you mean "risk.limits"?)'),
    ],
)
def test_what_cannot_be_enabled_is_one_line(faults: Faults, path: str, fault: str) -> None:
    assert faults(enable=[path]) == [f"--enable {path}: {fault}"]


def test_data_counts_from_the_current_folder_replaces_and_chains_in_order(
    stack_file: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = stack_file(("[stack]", '[stack]\nquote = "BTC"'), more=TWO)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    stack = read(file, data=["b.gz", "ETH=e.gz", "BTC=a.gz", "/c.gz"])
    assert stack.leg.market.params.path == (here / "b.gz", here / "a.gz", Path("/c.gz"))
    assert stack.legs["ETH"].market.params.path == (here / "e.gz",)


def test_a_data_path_may_contain_an_equals_sign(stack_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    file = stack_file()
    monkeypatch.chdir(file.parent)
    stack = read(file, data=["./date=2024/x.gz", "BTC=a=b"])
    assert stack.leg.market.params.path == (file.parent / "date=2024/x.gz", file.parent / "a=b")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ("BTX=a.gz", '--data BTX=a.gz: no instrument "BTX" (did you mean "BTC"?)'),
        ("BTC=", "--data BTC=: names no file"),
    ],
)
def test_wrong_data_is_one_line(faults: Faults, data: str, fault: str) -> None:
    assert faults(data=[data]) == [fault]


def test_data_for_which_no_instrument_is_named_where_none_is_quoted(faults: Faults) -> None:
    found = faults(more=TWO, data=["a.gz"])
    assert "--data a.gz: which instrument? write NAME=PATH" in found


def test_data_for_a_market_that_reads_no_file_is_a_fault_of_the_option(faults: Faults) -> None:
    found = faults(
        ('use = "toy"\npath = "btc.csv"', 'use = "world"'),
        ('venue]\nuse = "toy"', 'venue]\nuse = "chance"'),
        data=["a.gz"],
    )
    assert found == ['--data: instruments.BTC.market.path: market "world" reads no file']


def test_data_without_any_instrument_is_no_crash(tmp_path: Path) -> None:
    file = tmp_path / "stack.toml"
    file.write_text("instruments = 3\n")
    with pytest.raises(ConfigError, match="which instrument"):
        read(file, data=["a.gz"])


def test_what_is_named_after_all_stands(tmp_path: Path) -> None:
    text = BOOK.replace("[sizing]", 'optimizations = [{use = "all", on = false}, "spread-cache"]\n[sizing]')
    (tmp_path / "stack.toml").write_text(text)
    stack = read(tmp_path / "stack.toml")
    assert [slot.name for slot in stack.pricing.optimizations] == ["spread-cache"]
    assert "compiled" in [slot.name for slot in stack.pricing.off]
    everything = read(tmp_path / "stack.toml", enable=["pricing.all"])
    assert everything.pricing.off == ()
    assert {"spread-cache", "volatility-cache", "compact-state"} <= {
        slot.name for slot in everything.pricing.optimizations
    }


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("venue.compiled", "instruments.X.venue"),
        ("instruments.X.venue.compiled", "instruments.X.venue"),
        ("market.mid-cache", "instruments.X.market"),
        ("signals.sigma.compiled", "signals.sigma"),
    ],
)
def test_an_optimization_is_switched_off_by_the_path_of_its_rule(tmp_path: Path, path: str, where: str) -> None:
    (tmp_path / "stack.toml").write_text(BOOK)
    stack = read(tmp_path / "stack.toml", disable=[path])
    (slot,) = (each for each in stack.optimizable if each.off)
    assert slot.path == where


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("pricing.spred-cache", 'no optimization plugin "spred-cache" (did you mean "spread-cache"?)'),
        ("sizing.spread-cache", '"spread-cache" is for pricing'),
        ("process.spread-cache", '"spread-cache" is for pricing'),
        ("ladder.constants", '"constants" does not apply: "single" has nothing that follows from parameters alone'),
    ],
)
def test_what_does_not_apply_is_one_line_that_names_the_option(tmp_path: Path, path: str, fault: str) -> None:
    (tmp_path / "stack.toml").write_text(BOOK)
    with pytest.raises(ConfigError) as caught:
        read(tmp_path / "stack.toml", enable=[path])
    (line,) = caught.value.faults
    assert line.startswith(f"--enable {path}: ")
    assert fault in line
