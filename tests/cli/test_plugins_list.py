"""mmkit plugins list in real processes: what it prints, that it imports nothing, and what is left out."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ran = subprocess.CompletedProcess[str]
Mmkit = Callable[..., Ran]

RULE = """
import mmkit

@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("leaning", quote=lambda params, state, market: (1.0, 1.0, 1.0))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, installer: Callable[[Path], Callable[..., Path]]) -> Path:
    """Returns a folder with a sound rule, one that fails when it is imported in a way that no text shows, and a shadowed command."""
    folder = tmp_path_factory.mktemp("site")
    install = installer(folder)
    install("Sound.Rules", {"leaning": RULE}, [("pricing", "leaning", "leaning")])
    failing = RULE.replace("leaning", "failing") + "\nopen('imported', 'w').close()\nx = [][0]\n"
    install("failing", {"failing": failing}, [("pricing", "failing", "failing")])
    install("own", {"own": "def run() -> None: ...\n"}, [("command", "run", "own:run")])
    return folder


@pytest.fixture
def listed(mmkit: Mmkit, site: Path) -> Mmkit:
    """Returns a runner of mmkit plugins list where those distributions are installed."""

    def run(*args: str, **environment: str) -> Ran:
        return mmkit("plugins", "list", *args, PYTHONPATH=str(site), **environment)

    return run


def rows(done: Ran) -> dict[str, dict[str, Any]]:
    """Returns the rows of a JSON list by role and name."""
    assert (done.returncode, done.stderr) == (0, "")
    return {f"{row['role']}.{row['name']}": row for row in json.loads(done.stdout)}


def test_json_is_one_document_with_a_row_for_each_plugin(listed: Mmkit, site: Path, tmp_path: Path) -> None:
    found = rows(listed("--json"))
    assert found["pricing.leaning"] == {
        "name": "leaning",
        "role": "pricing",
        "distribution": "Sound.Rules",
        "version": "1.5",
        "builtin": False,
        "enabled": True,
        "broken": None,
    }
    assert found["pricing.failing"]["broken"] is None
    assert not (tmp_path / "imported").exists()
    assert found["command.run"]["broken"] == "is shadowed by mmkit's own command run"
    assert found["signals.vamp"]["builtin"] is True


def test_load_imports_each_and_says_what_that_finds_and_broken_ones_are_no_failure(
    listed: Mmkit, site: Path, tmp_path: Path
) -> None:
    found = rows(listed("--json", "--load"))
    assert (tmp_path / "imported").exists()
    assert found["pricing.failing"]["broken"] == f"{site}/failing.py:9: IndexError: list index out of range"
    broken = {name for name, row in found.items() if row["broken"]}
    assert broken == {"pricing.failing", "command.run"}


def test_the_table_has_a_line_for_each_and_fits_a_pipe(listed: Mmkit) -> None:
    done = listed("--role", "pricing")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["role", "name", "distribution", "version", "origin", "state", "broken"]
    assert "\x1b" not in done.stdout
    assert ["pricing", "leaning", "Sound.Rules", "1.5", "installed", "enabled"] in [line.split() for line in lines]
    assert {line.split()[0] for line in lines[1:]} == {"pricing"}
    starts = {line.index("abled") for line in lines[1:]}
    assert len(starts) == 1


@pytest.mark.parametrize("way", ["flag", "flag before the command", "variable"])
def test_what_is_disabled_is_listed_as_such(mmkit: Mmkit, site: Path, way: str) -> None:
    arguments = {
        "flag": ["plugins", "list", "--json", "--disable-plugin", "leaning", "--disable-plugin", "own"],
        "flag before the command": ["--disable-plugin", "leaning,own", "plugins", "list", "--json"],
        "variable": ["plugins", "list", "--json"],
    }[way]
    variable = {"MMKIT_DISABLE_PLUGINS": "leaning, own"} if way == "variable" else {}
    found = rows(mmkit(*arguments, PYTHONPATH=str(site), **variable))
    assert {name for name, row in found.items() if not row["enabled"]} == {"pricing.leaning", "command.run"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["plugins", "list"],
        ["check", "stack.toml"],
        ["run", "stack.toml"],
        ["explain", "stack.toml", "--snapshot", "-"],
        ["bench", "stack.toml"],
        ["calibrate", "stack.toml"],
        ["optimizations", "list"],
        ["plugins", "info", "glft"],
    ],
    ids=" ".join,
)
def test_an_unknown_name_is_an_error_with_the_nearest_spelling(
    mmkit: Mmkit, stack_file: Path, arguments: list[str]
) -> None:
    done = mmkit(*arguments, "--disable-plugin", "glfd")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == '--disable-plugin: no plugin "glfd" (did you mean "glft"?)\n'


@pytest.mark.parametrize("arguments", [["data", "info", "gone"], ["init", "mine"], ["demo"]], ids=" ".join)
def test_an_unknown_name_is_an_error_of_every_other_command_too(
    mmkit: Mmkit, tmp_path: Path, arguments: list[str]
) -> None:
    done = mmkit(*arguments, MMKIT_DISABLE_PLUGINS="glfd")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'MMKIT_DISABLE_PLUGINS: no plugin "glfd" (did you mean "glft"?)\n'
    assert list(tmp_path.iterdir()) == []


def test_a_stack_that_uses_what_is_disabled_is_one_line(mmkit: Mmkit, stack_file: Path) -> None:
    done = mmkit("check", stack_file, "--disable-plugin", "avellaneda")
    assert done.returncode == 2
    assert done.stderr == (
        f'{stack_file}: pricing.use: pricing "avellaneda" of mmkit 0.1.0 is disabled by --disable-plugin avellaneda\n'
    )
    assert mmkit("check", stack_file, "--disable-plugin", "glft").returncode == 0


def test_an_optimization_that_is_disabled_is_not_listed(mmkit: Mmkit) -> None:
    def names(*arguments: str) -> set[str]:
        return {row["name"] for row in json.loads(mmkit("optimizations", "list", "--json", *arguments).stdout)}

    assert names() - names("--disable-plugin", "spread-cache") == {"spread-cache"}
