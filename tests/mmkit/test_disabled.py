"""Plugins that are left out: by what name, what is said of them, and that they are as good as not installed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mmkit import disabled, plugins
from mmkit.disabled import VARIABLE, UnknownPluginError
from mmkit.errors import ConfigError, PluginError
from mmkit.named import named
from mmkit.rules import Role
from mmkit.settings import read

Install = Callable[..., Path]
Said = Callable[..., str]

GOOD = """
import mmkit

def quote(params, state, market):
    return 1.0, 1.0, 1.0

@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("{name}", quote=quote)
"""


@pytest.fixture(autouse=True)
def nothing_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disabled, "_flagged", set())
    monkeypatch.setenv(VARIABLE, "")


@pytest.fixture
def leaning(distribution: Install) -> None:
    distribution("Two_Strangers", "leaning_pricing", GOOD.format(name="leaning"), [("pricing", "leaning")])


@pytest.mark.parametrize("text", ["leaning", "pricing.leaning", "Two_Strangers", "two-strangers", "fixed, leaning"])
def test_what_is_disabled_is_not_on_offer_and_asking_for_it_says_whose_it_is_and_by_what(
    leaning: None, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    assert "leaning" in plugins.offers().names(Role.PRICING)
    monkeypatch.setenv(VARIABLE, text)
    assert "leaning" not in plugins.offers().names(Role.PRICING)
    with pytest.raises(ConfigError) as caught:
        plugins.offers().load(Role.PRICING, "leaning")
    by = text.removeprefix("fixed, ")
    assert str(caught.value) == (f'pricing "leaning" of Two_Strangers 1.5 is disabled by MMKIT_DISABLE_PLUGINS ({by})')


def test_a_name_disables_its_rules_in_every_role_and_a_role_and_name_only_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "pricing.fixed")
    offered = plugins.offers()
    assert "fixed" in offered.names(Role.SIZING)
    assert "fixed" not in offered.names(Role.PRICING)
    monkeypatch.setenv(VARIABLE, "fixed")
    assert "fixed" not in plugins.offers().names(Role.SIZING)


def test_the_command_line_adds_to_the_variable_and_is_named_as_what_disabled(
    leaning: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "sizing.fixed")
    disabled.disable(["leaning"])
    assert os.environ[VARIABLE] == "sizing.fixed,leaning"
    offered = plugins.offers()
    with pytest.raises(ConfigError, match=r"is disabled by --disable-plugin leaning$"):
        offered.load(Role.PRICING, "leaning")
    with pytest.raises(ConfigError, match=r"is disabled by MMKIT_DISABLE_PLUGINS \(sizing.fixed\)$"):
        offered.load(Role.SIZING, "fixed")


def test_disabling_one_of_two_rivals_makes_the_other_usable(
    distribution: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        distribution(name, f"{name}_pricing", GOOD.format(name="twin"), [("pricing", "twin")])
    with pytest.raises(PluginError, match=r"one 1\.5"):
        plugins.offers().load(Role.PRICING, "twin")
    monkeypatch.setenv(VARIABLE, "one")
    assert plugins.offers().load(Role.PRICING, "twin")[1] == "two 1.5"


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("fixd", ' (did you mean "fixed"?)'),
        ("pricing.fixd", ' (did you mean "pricing.fixed"?)'),
        ("mkit", ' (did you mean "mmkit"?)'),
        ("Fixed", ' (did you mean "fixed"?)'),
        ("qqqqqq", ""),
    ],
)
def test_what_nothing_is_called_is_an_error_with_the_nearest_spelling(
    monkeypatch: pytest.MonkeyPatch, text: str, near: str
) -> None:
    monkeypatch.setenv(VARIABLE, f"fixed,{text}")
    with pytest.raises(UnknownPluginError) as caught:
        plugins.offers()
    assert str(caught.value) == f'MMKIT_DISABLE_PLUGINS: no plugin "{text}"{near}'
    assert caught.value.exit_code == 2
    disabled.disable([text])
    with pytest.raises(UnknownPluginError, match=f'^--disable-plugin: no plugin "{text}"'):
        plugins.offers()


def test_every_unknown_name_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "aaaa,bbbb")
    with pytest.raises(UnknownPluginError) as caught:
        plugins.offers()
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize("text", ["mine", "pricing.mine", "mine.py", "some/where/mine.py"])
def test_the_rule_of_a_file_is_disabled_by_its_name_or_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(GOOD.format(name="mine"))
    assert "mine" in plugins.offers([file]).names(Role.PRICING)
    monkeypatch.setenv(VARIABLE, text)
    assert "mine" not in plugins.offers([file]).names(Role.PRICING)
    with pytest.raises(ConfigError, match="disabled"):
        named(str(file))


def test_a_file_that_is_disabled_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "broken.py"
    file.write_text("1 / 0\n")
    monkeypatch.setenv(VARIABLE, "broken.py")
    assert "fixed" in plugins.offers([file]).names(Role.PRICING)


def test_a_file_that_repeats_a_disabled_rule_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.py"
    file.write_text(GOOD.format(name="glft"))
    monkeypatch.setenv(VARIABLE, "mmkit")
    assert plugins.offers([file]).load(Role.PRICING, "glft")[1] == "mine.py"


def test_a_stack_that_uses_what_is_disabled_is_told_so_where_it_names_it(
    faults: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "pricing.toy")
    assert faults() == ['pricing.use: pricing "toy" of toys.py is disabled by MMKIT_DISABLE_PLUGINS (pricing.toy)']


def test_a_stack_that_does_not_use_it_is_none_the_wiser(
    stack_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "drift,glft")
    assert read(stack_file()).pricing.rule.name == "toy"


def test_a_stack_is_not_blamed_for_an_unknown_name(
    stack_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "wobbly")
    with pytest.raises(UnknownPluginError) as caught:
        read(stack_file())
    assert str(caught.value) == 'MMKIT_DISABLE_PLUGINS: no plugin "wobbly" (did you mean "wobble"?)'


def test_what_is_named_and_disabled_is_not_called_unknown(leaning: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "leaning")
    for text in ("leaning", "pricing.leaning"):
        with pytest.raises(ConfigError, match=r'^pricing "leaning" of Two_Strangers 1\.5 is disabled by '):
            named(text)
