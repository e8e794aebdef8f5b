"""What is deprecated works as before, says in one line what to use instead, and is written nowhere by itself."""

import textwrap
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mmkit
from mmkit.contract import fields_of
from mmkit.described import Documented
from mmkit.errors import ConfigError, Outdated
from mmkit.fields import sentence
from mmkit.page_block import block
from mmkit.pages import page
from mmkit.parameter_schema import parameter
from mmkit.plugins import offers
from mmkit.rules import Role
from mmkit.settings import read
from mmkit.writing import dump

RULE = """
import attrs
import mmkit

@attrs.frozen
class Params:
    width: float = mmkit.field(1.0, unit="quote", above=0, doc="half-spread")
    spread: float = mmkit.field(0.0, unit="quote", at_least=0, doc="twice the width", deprecated="use width")

def quote(params, state, market):
    half = 0.5 * params.spread if params.spread > 0 else params.width
    return market.mid, half, half

@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("wide", params=Params, quote=quote)
"""

STACK = """
[stack]
plugins = ["wide.py"]
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
duration = "5s"
[sizing]
use = "fixed"
quantity = 0.1
[pricing]
use = "wide"
[report]
"""

OLD = 'use = "wide"\nspread = 0.06'


@pytest.fixture
def stack_of(tmp_path: Path) -> Callable[[str], Path]:
    """Returns a writer of the stack with another [pricing]."""

    def write(pricing: str) -> Path:
        (tmp_path / "wide.py").write_text(RULE)
        (tmp_path / "stack.toml").write_text(STACK.replace('use = "wide"', textwrap.dedent(pricing)))
        return tmp_path / "stack.toml"

    return write


@pytest.fixture
def rule(tmp_path: Path) -> Any:
    (tmp_path / "wide.py").write_text(RULE)
    return offers([tmp_path / "wide.py"]).load(Role.PRICING, "wide")[0]


def test_it_works_as_before_and_warns_with_the_key_and_what_to_use(stack_of: Callable[[str], Path]) -> None:
    file = stack_of(OLD)
    with pytest.warns(Outdated) as caught:
        old = mmkit.run(file)
    assert [str(each.message) for each in caught] == [f"{file}: pricing.spread: deprecated, use width"]
    new = mmkit.run(stack_of('use = "wide"\nwidth = 0.03'))
    assert old.fills.rows() == new.fills.rows()
    assert old.records.rows() == new.records.rows()


def test_what_the_command_line_sets_is_named_as_such(stack_of: Callable[[str], Path]) -> None:
    file = stack_of('use = "wide"')
    with pytest.warns(Outdated, match=r"^--set: pricing\.spread: deprecated, use width$"):
        read(file, overrides=["pricing.spread=0.06"])


def test_a_fault_is_all_that_a_stack_with_a_fault_is_told(stack_of: Callable[[str], Path]) -> None:
    file = stack_of(OLD + "\nwdth = 1.0")
    with pytest.raises(ConfigError, match=r"pricing\.wdth: unknown key"):  # and a warning would be an error here
        read(file)


def test_the_stack_as_it_ran_has_it_only_where_it_was_given(stack_of: Callable[[str], Path]) -> None:
    assert "spread" not in tomllib.loads(dump(read(stack_of('use = "wide"'))))["pricing"]
    with pytest.warns(Outdated):
        given = read(stack_of(OLD))
    assert tomllib.loads(dump(given))["pricing"]["spread"] == 0.06


def test_schema_and_page_say_so_and_nobody_is_offered_it(rule: Any) -> None:
    fields = {field.name: (field, annotation, kind) for field, annotation, kind in fields_of(rule.params)}
    assert parameter(*fields["spread"])["deprecated"] is True
    assert parameter(*fields["spread"])["description"] == "quote: deprecated, use width: twice the width"
    assert "deprecated" not in parameter(*fields["width"])
    assert sentence(fields["width"][0]) == "half-spread"
    assert "deprecated, use width: twice the width |" in page(Documented(rule, "Wide."), [rule])
    assert "# width = 1.0" in block(rule, [rule])
    assert "spread =" not in block(rule, [rule])


def test_a_parameter_without_a_default_cannot_be_deprecated() -> None:
    with pytest.raises(TypeError, match="needs a default"):
        mmkit.field(deprecated="use width")


def test_an_old_name_is_the_new_one_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(mmkit._OLD, "put", "place")
    monkeypatch.setitem(mmkit._OLD, "calm", "NORMAL")
    with pytest.warns(DeprecationWarning, match=r"^mmkit\.put is deprecated: use mmkit\.place$") as caught:
        assert mmkit.put is mmkit.place
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match=r"use mmkit\.NORMAL$"):
        assert mmkit.calm == mmkit.NORMAL
    with pytest.raises(AttributeError):
        _ = mmkit.putt
