"""mmkit plugins info: everything that a plugin declares, for people and as JSON."""

import json
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ran = subprocess.CompletedProcess[str]
Mmkit = Callable[..., Ran]

LEANING = '''"""Leans against the position. Units: as they are.

    reservation = mid - lean position

It is a toy."""

import attrs

import mmkit


@attrs.frozen
class Params:
    lean: float = mmkit.field(unit="quote/base", above=0, doc="shift for one unit of position")
    widest: float = mmkit.field(float("inf"), unit="quote", above=0, doc="widest half-spread")
    every: mmkit.Duration = mmkit.field("2s", doc="a time")


@attrs.define
class Inputs:
    volatility: float = mmkit.required(unit="price/sqrt(s)", doc="of the mid")
    drift: float = mmkit.field(0.0, unit="price", doc="where the price goes")


def quote(params, state, market, inputs):
    mmkit.step("shift", -params.lean * market.position, "quote")
    return market.mid - params.lean * market.position, 1.0, 1.0


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("leaning", params=Params, inputs=Inputs, compiled=False, quote=quote)
'''


def document(done: Ran) -> list[dict[str, Any]]:
    """Returns the one JSON document that was printed."""
    assert (done.returncode, done.stderr) == (0, "")
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


@pytest.fixture
def leaning(tmp_path: Path) -> Path:
    file = tmp_path / "leaning.py"
    file.write_text(LEANING)
    return file


def test_json_has_everything_that_a_rule_declares(mmkit: Mmkit, leaning: Path) -> None:
    (row,) = document(mmkit("plugins", "info", leaning, "--json"))
    assert (row["name"], row["role"], row["distribution"], row["builtin"]) == (
        "leaning",
        "pricing",
        "leaning.py",
        False,
    )
    assert row["sentence"] == "Leans against the position."
    assert "reservation = mid - lean position" in row["text"]
    lean, widest, every = row["parameters"]
    assert lean == {
        "name": "lean",
        "type": "number",
        "choices": [],
        "required": True,
        "default": None,
        "unit": "quote/base",
        "range": "above 0",
        "doc": "shift for one unit of position",
    }
    assert (widest["required"], widest["default"]) == (False, "inf")
    assert (every["default"], every["range"]) == ("2s", "at least 0s")
    volatility, drift = row["inputs"]
    assert (volatility["required"], volatility["neutral"]) == (True, None)
    assert "signals.volatility.value" in volatility["sources"]
    assert (drift["required"], drift["neutral"], drift["unit"]) == (False, 0.0, "price")
    assert row["steps"] == [{"name": "shift", "unit": "quote"}]
    assert row["compiled"] is False
    assert tomllib.loads(row["toml"])["pricing"]["use"] == "leaning"


def test_the_text_has_it_too(mmkit: Mmkit, leaning: Path) -> None:
    done = mmkit("plugins", "info", leaning)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("pricing.leaning, of leaning.py\n\nLeans against the position.")
    assert "    reservation = mid - lean position\n" in done.stdout
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "lean required quote/base number, above 0 shift for one unit of position" in lines
    assert "widest inf quote number, above 0 widest half-spread" in lines
    assert 'every "2s" duration, at least 0s a time' in lines
    assert "volatility price/sqrt(s) required of the mid from volatility.value" in lines
    assert "drift price 0 where it is absent where the price goes" in " ".join(lines)
    assert "shift quote" in lines
    assert "It stays Python; a compiled loop calls out to it." in done.stdout
    assert 'use = "leaning"' in lines
    assert "\x1b" not in done.stdout


def test_a_name_of_several_rules_shows_all_in_the_order_of_the_roles(mmkit: Mmkit) -> None:
    rows = document(mmkit("plugins", "info", "fixed", "--json"))
    assert [(row["role"], row["name"]) for row in rows] == [("sizing", "fixed"), ("pricing", "fixed")]
    (pricing,) = document(mmkit("plugins", "info", "fixed", "--role", "pricing", "--json"))
    assert pricing == rows[1]


def test_every_built_in_rule_can_be_shown(mmkit: Mmkit) -> None:
    rows = document(mmkit("plugins", "info", "mmkit", "--json"))
    assert len(rows) > 60
    assert all(row["sentence"] and row["toml"] and row["builtin"] for row in rows)
    by_name = {f"{row['role']}.{row['name']}": row for row in rows}
    assert "spread-cache" in by_name["pricing.glft"]["optimizations"]
    assert "glft" in by_name["optimization.spread-cache"]["applies"]["pricing"]
    assert by_name["signals.vamp"]["compiled"] is True
    assert by_name["report.page"]["compiled"] is None


def test_an_optimization_says_where_it_applies_and_what_it_changes(mmkit: Mmkit) -> None:
    text = mmkit("plugins", "info", "spread-cache").stdout
    assert "It is off unless it is switched on. With its defaults it changes nothing but time and memory" in text
    assert "It applies to pricing: " in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["glfd"], 'no plugin "glfd" (did you mean "glft"?)'),
        (["glft", "--role", "signals"], 'no signals plugin "glft"'),
        (["gone.py"], "gone.py: no such plugin file"),
        (["nothing", "--role", "command"], 'no command plugin "nothing"; there are: none'),
        (["glft", "--disable-plugin", "glft"], 'pricing "glft" of mmkit 0.1.0 is disabled by --disable-plugin glft'),
    ],
)
def test_what_is_not_there_is_one_line(mmkit: Mmkit, arguments: list[str], said: str) -> None:
    done = mmkit("plugins", "info", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


def test_what_is_broken_is_a_line_of_its_own_and_hides_nothing_else(
    mmkit: Mmkit, tmp_path: Path, installer: Callable[[Path], Callable[..., Path]]
) -> None:
    site = tmp_path / "site"
    modules = {
        "sound_rule": LEANING,
        "broken_rule": "1 / 0\n",
        "their_command": 'def hi() -> None:\n    """Say hi."""\n',
    }
    entries = [
        ("pricing", "leaning", "sound_rule"),
        ("risk", "broken", "broken_rule"),
        ("command", "hi", "their_command:hi"),
    ]
    install = installer(site)
    install("strangers", modules, entries)
    install("others", {"other_rule": "1 / 0\n"}, [("signals", "other", "other_rule")])
    done = mmkit("plugins", "info", "strangers", "--json", PYTHONPATH=str(site))
    assert done.returncode == 4
    assert done.stderr == (
        f'risk "broken" of strangers 1.5: {site}/broken_rule.py:1: ZeroDivisionError: division by zero\n'
    )
    leaning, command = json.loads(done.stdout)
    assert (leaning["name"], leaning["distribution"], leaning["version"]) == ("leaning", "strangers", "1.5")
    assert (command["role"], command["name"]) == ("command", "hi")
    assert "Say hi." in command["text"]
    assert document(mmkit("plugins", "info", "leaning", "--json", PYTHONPATH=str(site)))[0]["name"] == "leaning"
    shown = mmkit("plugins", "info", "hi", PYTHONPATH=str(site))
    assert shown.stdout.startswith("command.hi, of strangers 1.5\n\nUsage: mmkit hi ")
