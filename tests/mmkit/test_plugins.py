"""Loading rules: from distributions and from single files, and what a broken one says."""

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from mmkit import plugins
from mmkit.errors import ConfigError
from mmkit.rules import Pricing, Role
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


def load(name: str, role: Role = Role.PRICING) -> tuple[object, str]:
    return plugins.offers().load(role, name)


def test_listing_imports_nothing(distribution: Install) -> None:
    distribution("strangers", "listed_only", "raise SystemExit(7)", [("pricing", "listed")])
    assert "listed" in plugins.offers().names(Role.PRICING)
    assert "listed_only" not in sys.modules


def test_a_rule_of_a_distribution_is_loaded_with_its_suppliers_name_and_version(distribution: Install) -> None:
    distribution("strangers", "good_pricing", GOOD.format(name="leaning"), [("pricing", "leaning")])
    rule, supplier = load("leaning")
    assert isinstance(rule, Pricing)
    assert rule.name == "leaning"
    assert supplier == "strangers 1.5"


def test_only_the_named_plugin_is_imported(distribution: Install) -> None:
    distribution("broken", "broken_pricing", "raise RuntimeError", [("pricing", "broken")])
    distribution("strangers", "fine_pricing", GOOD.format(name="fine"), [("pricing", "fine")])
    load("fine")
    assert "broken_pricing" not in sys.modules


def test_a_name_that_nobody_offers_gives_the_nearest_and_all() -> None:
    with pytest.raises(
        ConfigError, match=r'no pricing plugin "fixd" \(did you mean "fixed"\?\); there are: .*fixed'
    ) as caught:
        load("fixd")
    assert caught.value.exit_code == 2


def test_a_name_of_another_role_says_which() -> None:
    with pytest.raises(ConfigError, match='no pricing plugin "vamp": its role is signals; there are: '):
        load("vamp")


def test_two_distributions_with_one_name_are_an_error_that_names_both(
    distribution: Install, plugin_fault: Said
) -> None:
    distribution("one", "one_pricing", GOOD.format(name="twin"), [("pricing", "twin")])
    distribution("two", "two_pricing", GOOD.format(name="twin"), [("pricing", "twin")])
    said = plugin_fault(load, "twin")
    assert "one 1.5" in said
    assert "two 1.5" in said
    assert "\n" not in said


def test_a_stranger_cannot_replace_a_built_in_silently(distribution: Install, plugin_fault: Said) -> None:
    distribution("rival", "rival_ladder", "", [("ladder", "single")])
    said = plugin_fault(load, "single", Role.LADDER)
    assert "mmkit" in said
    assert "rival 1.5" in said


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("import mmkit\nx = (\n", "bad_plugin.py:2: SyntaxError: '(' was never closed"),
        (
            "\nimport no_such_module_at_all\n",
            "bad_plugin.py:2: ModuleNotFoundError: No module named 'no_such_module_at_all'",
        ),
        ("\n\nraise ValueError('two\\nlines')\n", "bad_plugin.py:3: ValueError: two lines"),
        ("raise SystemExit(3)\n", "bad_plugin.py:1: SystemExit: 3"),
        ("", "has no hook mmkit_pricing (a function decorated with @mmkit.hookimpl)"),
        ("def mmkit_pricing():\n    return 1\n", "mmkit_pricing is not decorated with @mmkit.hookimpl"),
        (
            "import mmkit\n@mmkit.hookimpl\ndef mmkit_pricng():\n    return 1\n",
            'unknown hook mmkit_pricng (did you mean "mmkit_pricing"?)',
        ),
        (
            "import mmkit\n@mmkit.hookimpl\ndef mmkit_pricing(stack):\n    return 1\n",
            "mmkit_pricing(stack): a hook takes no arguments",
        ),
        ("import mmkit\n@mmkit.hookimpl\ndef mmkit_pricing():\n    return 1\n", "returns int, not mmkit.Pricing"),
        (
            "import mmkit\n@mmkit.hookimpl\ndef mmkit_pricing():\n    return mmkit.Hedging('bad')\n",
            "returns Hedging, not mmkit.Pricing",
        ),
        (
            "import mmkit\n@mmkit.hookimpl\ndef mmkit_pricing():\n    return 1 / 0\n",
            "bad_plugin.py:4: ZeroDivisionError: division by zero",
        ),
        (
            "import mmkit\n@mmkit.hookimpl\ndef mmkit_pricing():\n    return mmkit.Pricing('bad')\n",
            'TypeError: pricing rule "bad" has no function quote',
        ),
        (GOOD.format(name="other"), 'mmkit_pricing gives a rule of another name: "other"'),
        (
            GOOD.format(name="bad").replace("quote=quote", "quote=quote, api_version=2"),
            'rule "bad" is written for api_version 2, this mmkit has 1',
        ),
    ],
)
def test_a_broken_plugin_is_one_line_with_plugin_distribution_and_fault(
    distribution: Install, plugin_fault: Said, source: str, fault: str
) -> None:
    distribution("strangers", "bad_plugin", source, [("pricing", "bad")])
    said = plugin_fault(load, "bad")
    assert said.startswith('pricing "bad" of strangers 1.5: ')
    assert fault in said
    assert "\n" not in said


def test_an_entry_point_without_a_module_is_one_line(distribution: Install, plugin_fault: Said) -> None:
    site = distribution("strangers", "gone_plugin", "", [("pricing", "gone")])
    (site / "gone_plugin.py").unlink()
    assert "ModuleNotFoundError: No module named 'gone_plugin'" in plugin_fault(load, "gone")


def test_a_file_supplies_every_rule_that_its_hooks_give(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        GOOD.format(name="mine")
        + textwrap.dedent("""
            @mmkit.hookimpl(specname="mmkit_pricing")
            def second():
                return mmkit.Pricing("second", quote=quote)

            @mmkit.hookimpl
            def mmkit_ladder():
                return mmkit.Ladder("mine", levels=lambda params, state, market, ladder, bid_qty, ask_qty: None)
        """)
    )
    offers = plugins.offers([file])
    assert offers.load(Role.PRICING, "mine")[1] == "mine.py"
    assert offers.load(Role.PRICING, "second")[0].name == "second"
    assert offers.load(Role.LADDER, "mine")[0].role is Role.LADDER
    assert {"mine", "second", "fixed"} <= set(offers.names(Role.PRICING))


def test_a_file_is_loaded_by_its_path_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(GOOD.format(name="mine"))
    before = list(sys.path)
    plugins.offers([file])
    assert sys.path == before
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_a_file_that_was_edited_within_the_same_second_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    for name in ("aaaa", "bbbb"):
        file.write_text(GOOD.format(name=name))
        assert plugins.offers([file]).load(Role.PRICING, name)[0].name == name


def test_a_file_that_repeats_a_built_in_is_an_error_that_names_both(tmp_path: Path, plugin_fault: Said) -> None:
    file = tmp_path / "mine.py"
    file.write_text(GOOD.format(name="fixed"))
    said = plugin_fault(plugins.offers, [file])
    assert said.startswith('pricing "fixed" is offered by both mmkit ')
    assert said.endswith(f"and plugin file {file}")


def test_two_files_with_one_rule_are_an_error(tmp_path: Path, plugin_fault: Said) -> None:
    files = [tmp_path / "a.py", tmp_path / "b.py"]
    for file in files:
        file.write_text(GOOD.format(name="mine"))
    assert 'pricing "mine" is offered by both a.py and plugin file' in plugin_fault(plugins.offers, files)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("x = (\n", "mine.py:1: SyntaxError: '(' was never closed"),
        ("\n1 / 0\n", "mine.py:2: ZeroDivisionError: division by zero"),
        ("x = 1\n", "has no hook mmkit_…"),
        ("x = '\x00'\n", "SyntaxError"),
    ],
)
def test_a_broken_file_is_one_line_with_file_and_line(
    tmp_path: Path, plugin_fault: Said, source: str, fault: str
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(source)
    said = plugin_fault(plugins.offers, [file])
    assert said.startswith(f"plugin file {file}: ")
    assert fault in said
    assert "\n" not in said


def test_a_broken_plugin_of_a_stack_exits_as_a_plugins_fault_unless_the_stack_is_wrong_too(
    stack_file: Callable[..., Path], plugin_fault: Said, distribution: Install
) -> None:
    distribution("strangers", "bad_risk", "1 / 0\n", [("risk", "bad")])
    broken = '[risk.bad]\nuse = "bad"\n'
    assert "bad_risk.py:1: ZeroDivisionError" in plugin_fault(read, stack_file(more=broken))
    with pytest.raises(ConfigError) as caught:
        read(stack_file(("gamma = 0.1", "gamma = 0"), more=broken))
    assert len(caught.value.faults) == 2
    assert "must be above 0" in caught.value.faults[0]
    assert "ZeroDivisionError" in caught.value.faults[1]
