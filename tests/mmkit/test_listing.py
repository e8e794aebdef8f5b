"""What a list of plugins says of each without importing it: the reason that it is broken, and nothing of one that is not."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mmkit import installed, soundness
from mmkit.disabled import VARIABLE
from mmkit.errors import ConfigError
from mmkit.listing import Row, rows
from mmkit.rules import Role

Install = Callable[..., Path]

HOOK = """
import mmkit

@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("odd", quote=lambda params, state, market: (1.0, 1.0, 1.0))
"""

BROKEN = {
    "syntax": ("import mmkit\nx = (\n", "odd_plugin.py:2: SyntaxError: '(' was never closed"),
    "not text": ("x = '\x00'\n", "SyntaxError"),
    "absent package": (
        f"import math\nimport no_such_package.deep\n{HOOK}",
        'odd_plugin.py:2: imports "no_such_package", which is not installed',
    ),
    "from an absent package": (
        f"from no_such_package.deep import thing\n{HOOK}",
        'odd_plugin.py:1: imports "no_such_package", which is not installed',
    ),
    "name of mmkit": (
        f"from mmkit import Pricing, feild\n{HOOK}",
        'odd_plugin.py:1: mmkit has no name feild (did you mean "field"?)',
    ),
    "module of mmkit": (
        f"from mmkit.nowhere import x\n{HOOK}",
        'odd_plugin.py:1: imports "mmkit.nowhere", which this mmkit does not have',
    ),
    "use of mmkit": (
        HOOK.replace("mmkit.Pricing", "mmkit.Prizing"),
        'odd_plugin.py:6: mmkit has no name Prizing (did you mean "Pricing"?)',
    ),
    "decorator": (
        HOOK.replace("@mmkit.hookimpl", "@mmkit.hokimpl"),
        'odd_plugin.py:4: mmkit has no name hokimpl (did you mean "hookimpl"?)',
    ),
    "undecorated": (
        HOOK.replace("@mmkit.hookimpl\n", ""),
        "odd_plugin.py:4: mmkit_pricing is not decorated with @mmkit.hookimpl",
    ),
    "no hook": ("import mmkit\n", "has no hook mmkit_pricing (a function decorated with @mmkit.hookimpl)"),
    "hook of another role": (
        HOOK.replace("mmkit_pricing", "mmkit_ladder"),
        "has no hook mmkit_pricing (a function decorated with @mmkit.hookimpl)",
    ),
    "unknown hook": (
        HOOK.replace("mmkit_pricing", "mmkit_pricng"),
        'unknown hook mmkit_pricng (did you mean "mmkit_pricing"?)',
    ),
    "api version": (
        HOOK.replace('"odd",', '"odd", api_version=2,'),
        "is written for api_version 2, this mmkit has 1",
    ),
    "raise": (f"{HOOK}\nraise RuntimeError('never')\n", "odd_plugin.py:8: raises RuntimeError whenever it is imported"),
}

SOUND = {
    "as one writes it": HOOK,
    "guarded import": f"try:\n    import no_such_package\nexcept ImportError:\n    no_such_package = None\n{HOOK}",
    "import when it is used": f"def later():\n    import no_such_package\n{HOOK}",
    "conditional raise": f"import sys\nif sys.version_info < (3, 8):\n    raise RuntimeError\n{HOOK}",
    "another name for the function": HOOK.replace(
        "@mmkit.hookimpl", '@mmkit.hookimpl(specname="mmkit_pricing")'
    ).replace("def mmkit_pricing", "def offered"),
    "the marker by its name": HOOK.replace("import mmkit\n", "import mmkit\nfrom mmkit import hookimpl\n").replace(
        "@mmkit.hookimpl", "@hookimpl"
    ),
    "assigned": HOOK.replace("@mmkit.hookimpl\ndef mmkit_pricing", "def made")
    + "\nmmkit_pricing = mmkit.hookimpl(specname='mmkit_pricing')(made)\n",
    "what mmkit looks up later": f"from mmkit import place, EVENT, two_clocks\nimport mmkit.engine.grid\n{HOOK}",
    "this api version": HOOK.replace('"odd",', '"odd", api_version=1,'),
    "a name that is asked about first": f"import mmkit\nif hasattr(mmkit, 'new_thing'):\n    mmkit.new_thing()\n{HOOK}",
    "a doubtful escape": f"PATTERN = '\\d'\n{HOOK}",
    "what a docstring names": f'"""Like mmkit.no_such_thing, but different."""\n{HOOK}',
}


@pytest.fixture(autouse=True)
def nothing_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")


def odd(name: str = "odd", role: str = "pricing", **options: bool) -> Row:
    """Returns the row of the one plugin of that name."""
    (row,) = (row for row in rows(role, **options) if row.name == name)  # type: ignore[arg-type]
    return row


def test_every_plugin_is_a_row_by_role_then_name() -> None:
    found = rows()
    assert {(row.role, row.name) for row in found if row.builtin} == {
        (role, entry.name)
        for role, entries in installed.entries().items()
        for entry in entries
        if entry.value.startswith("mmkit_plugins.")
    }
    order = [*(role.value for role in Role), "command"]
    assert [(order.index(row.role), row.name) for row in found] == sorted(
        (order.index(row.role), row.name) for row in found
    )


def test_a_row_says_whose_plugin_it_is(distribution: Install) -> None:
    distribution("Some.Strangers", "odd_plugin", HOOK, [("pricing", "odd")])
    assert odd() == Row("odd", "pricing", "Some.Strangers", "1.5", builtin=False, enabled=True, broken=None)
    assert {row.role for row in rows("pricing")} == {"pricing"}
    (built_in,) = (row for row in rows("pricing") if row.name == "glft")
    assert (built_in.distribution, built_in.builtin, built_in.broken) == ("mmkit", True, None)


@pytest.mark.parametrize("name", BROKEN)
def test_why_a_plugin_is_broken_is_found_without_importing_it_and_loading_agrees(
    distribution: Install, name: str
) -> None:
    source, fault = BROKEN[name]
    distribution("strangers", "odd_plugin", source, [("pricing", "odd")])
    said = odd().broken or ""
    assert "odd_plugin" not in sys.modules
    assert fault in said
    assert "\n" not in said
    assert odd(load=True).broken


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.filterwarnings("ignore:invalid escape sequence")
def test_a_plugin_that_loads_is_not_called_broken(distribution: Install, name: str) -> None:
    distribution("strangers", "odd_plugin", SOUND[name], [("pricing", "odd")])
    assert odd().broken is None
    assert "odd_plugin" not in sys.modules
    assert odd(load=True).broken is None


def test_no_built_in_rule_looks_broken() -> None:
    soundness.forget()
    entries = [entry for each in installed.entries().values() for entry in each]
    ours = [entry for entry in entries if entry.value.startswith("mmkit_plugins.")]
    assert len(ours) > 60
    assert {entry.name: said for entry in ours if (said := soundness.fault(entry))} == {}


def test_two_distributions_with_one_rule_are_both_broken_until_one_is_disabled(
    distribution: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        distribution(name, f"{name}_plugin", HOOK, [("pricing", "odd")])
    found = [row for row in rows("pricing") if row.name == "odd"]
    assert [row.distribution for row in found] == ["one", "two"]
    assert {row.broken for row in found} == {"is offered by both one 1.5 and two 1.5"}
    monkeypatch.setenv(VARIABLE, "one")
    found = [row for row in rows("pricing") if row.name == "odd"]
    assert [(row.distribution, row.enabled, row.broken) for row in found] == [
        ("one", False, None),
        ("two", True, None),
    ]


def test_an_entry_point_without_a_distribution_is_broken(distribution: Install) -> None:
    site = distribution("strangers", "odd_plugin", HOOK, [("pricing", "odd")])
    (site / "strangers-1.5.dist-info" / "METADATA").unlink()
    row = odd()
    assert (row.distribution, row.version) == ("strangers", "1.5")
    assert row.broken == (
        "it belongs to no distribution: strangers-1.5.dist-info has no METADATA with a name and a version"
    )
    assert odd(load=True).broken == row.broken


def test_what_a_failed_removal_left_behind_is_not_there(distribution: Install) -> None:
    site = distribution("strangers", "odd_plugin", HOOK, [("pricing", "odd")])
    (site / "strangers-1.5.dist-info").rename(site / "~trangers-1.5.dist-info")
    assert "odd" not in {row.name for row in rows("pricing")}


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("gone_plugin", 'there is no module "gone_plugin", which its entry point names'),
        ("odd_plugin.gone", 'there is no module "odd_plugin.gone", which its entry point names'),
        ("odd plugin", 'its entry point "odd plugin" is not MODULE or MODULE:NAME'),
        ("odd_plugin:gone", "has no gone"),
    ],
)
def test_an_entry_point_that_leads_nowhere_is_broken(distribution: Install, value: str, fault: str) -> None:
    site = distribution("strangers", "odd_plugin", HOOK, [("pricing", "odd")])
    (site / "strangers-1.5.dist-info" / "entry_points.txt").write_text(f"[mmkit.pricing]\nodd = {value}\n")
    said = odd().broken or ""
    assert fault in said
    assert odd(load=True).broken
    assert "\n" not in said


def test_a_packages_own_module_is_looked_at_too(distribution: Install) -> None:
    site = distribution("strangers", "odd_plugin", HOOK, [("pricing", "odd")])
    (site / "strangers-1.5.dist-info" / "entry_points.txt").write_text("[mmkit.pricing]\nodd = odd_package.rule\n")
    (site / "odd_package").mkdir()
    (site / "odd_package" / "__init__.py").write_text("import no_such_package\n")
    (site / "odd_package" / "rule.py").write_text(HOOK)
    assert 'imports "no_such_package", which is not installed' in (odd().broken or "")
    (site / "odd_package" / "__init__.py").write_text("")
    assert odd().broken is None
    assert "odd_package" not in sys.modules


def test_loading_finds_what_no_text_shows_and_says_it_without_repeating_whose_it_is(distribution: Install) -> None:
    distribution("strangers", "odd_plugin", f"print('hello')\n{HOOK}\nx = [][0]\n", [("pricing", "odd")])
    assert odd().broken is None
    said = odd(load=True).broken or ""
    assert said.endswith("odd_plugin.py:9: IndexError: list index out of range")
    assert said.startswith("/")


def test_what_a_plugin_prints_while_it_is_loaded_is_no_part_of_the_list(
    distribution: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    distribution("strangers", "odd_plugin", f"print('hello')\n{HOOK}", [("pricing", "odd")])
    assert odd(load=True).broken is None
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize(
    ("source", "value", "fault"),
    [
        ("def hello() -> None: ...", "odd_plugin:hello", None),
        ("import typer\napp = typer.Typer()\n@app.command()\ndef hello() -> None: ...", "odd_plugin:app", None),
        ("def hello() -> None: ...", "odd_plugin", "names a module: a command is MODULE:FUNCTION"),
        ("def hello() -> None: ...", "odd_plugin:helo", 'has no helo (did you mean "hello"?)'),
    ],
)
def test_a_command_is_a_row_too(distribution: Install, source: str, value: str, fault: str | None) -> None:
    site = distribution("strangers", "odd_plugin", source, [])
    (site / "strangers-1.5.dist-info" / "entry_points.txt").write_text(f"[mmkit.command]\nhello = {value}\n")
    said = odd("hello", "command").broken
    assert said is None if fault is None else fault in (said or "")
    assert (odd("hello", "command", load=True).broken is None) == (fault is None)


def test_a_command_that_is_neither_a_function_nor_an_app_shows_when_it_is_loaded(distribution: Install) -> None:
    site = distribution("strangers", "odd_plugin", "hello = 3", [])
    (site / "strangers-1.5.dist-info" / "entry_points.txt").write_text("[mmkit.command]\nhello = odd_plugin:hello\n")
    assert odd("hello", "command").broken is None
    assert odd("hello", "command", load=True).broken == "odd_plugin:hello is neither a function nor a typer.Typer"


def test_a_command_called_like_one_of_ours_is_shadowed(distribution: Install) -> None:
    site = distribution("strangers", "odd_plugin", "def run() -> None: ...", [])
    (site / "strangers-1.5.dist-info" / "entry_points.txt").write_text("[mmkit.command]\nrun = odd_plugin:run\n")
    (row,) = rows("command", own_commands=["run"])
    assert row.broken == "is shadowed by mmkit's own command run"


def test_what_is_to_be_left_out_and_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "glfd")
    with pytest.raises(ConfigError, match='no plugin "glfd"'):
        rows()
