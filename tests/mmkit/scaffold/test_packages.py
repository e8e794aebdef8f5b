"""New packages of every role: clean for ruff and mypy --strict as they are written, complete, with the name everywhere."""

import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from new_plugins import name_of

from mmkit.installed import COMMAND, PLACES
from mmkit.scaffold.names import package_of


def run(module: str, *arguments: str | Path, folder: Path, **environment: str) -> str:
    """Runs a tool in a folder; returns what it printed, and fails where it found something."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def needs(module: str) -> pytest.MarkDecorator:
    """Returns the mark of a test that needs a tool."""
    return pytest.mark.skipif(
        importlib.util.find_spec(module) is None, reason=f"{module} is not installed (extra: check)"
    )


@needs("ruff")
def test_they_are_clean_for_ruff_by_their_own_settings(packages: Path) -> None:
    run("ruff", "check", "--no-cache", ".", folder=packages)
    run("ruff", "format", "--no-cache", "--check", ".", folder=packages)


@needs("mypy")
def test_they_are_clean_for_mypy_strict(packages: Path) -> None:
    sources = [packages / name_of(role) / "src" for role in PLACES]
    tests = [packages / name_of(role) / "tests" for role in PLACES]
    path = os.pathsep.join(map(str, sources))
    # The repository's own cache: mmkit itself is not looked at once more.
    said = run("mypy", "--strict", *sources, *tests, folder=Path(__file__).parents[3], MYPYPATH=path)
    assert said == f"Success: no issues found in {3 * len(PLACES)} source files\n"


@pytest.mark.parametrize("role", PLACES)
def test_a_package_says_what_it_offers_and_what_it_needs(packages: Path, role: str) -> None:
    folder, name = packages / name_of(role), name_of(role)
    declared = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    value = f"{package_of(name)}.{role}" + (":command" if role == COMMAND else "")
    assert declared["project"]["entry-points"] == {f"mmkit.{role}": {name: value}}
    assert declared["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [f"src/{package_of(name)}"]
    imported = {
        line.split()[1].partition(".")[0]
        for line in (folder / "src" / package_of(name) / f"{role}.py").read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(("import ", "from "))
    } - set(sys.stdlib_module_names)
    needed = {"mmkit" if each == "mmkit>=0.1.0" else each for each in declared["project"]["dependencies"]}
    assert needed == imported


@pytest.mark.parametrize("role", PLACES)
def test_nothing_of_what_a_name_stands_for_is_left(packages: Path, role: str) -> None:
    for file in (path for path in (packages / name_of(role)).rglob("*") if path.is_file()):
        text = file.read_text(encoding="utf-8")
        assert [word for word in ("new-rule", "new_rule", "mmkit.scaffold", "$") if word in text] == [], file
        assert "\n\n\n" not in text or file.suffix == ".py"


@pytest.mark.parametrize("role", PLACES)
def test_a_readme_names_only_commands_that_there_are(packages: Path, role: str) -> None:
    from mmkit.cli import app

    known = {each.name for each in app.registered_commands} | {"plugins", name_of(role)}
    text = (packages / name_of(role) / "README.md").read_text(encoding="utf-8")
    used = [line.split()[1] for line in text.splitlines() if line.startswith("    mmkit ")]
    assert {"run", "explain"} <= set(used) <= known


def test_editors_find_nothing_wrong_with_the_stacks(packages: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed (extra: test)")
    from mmkit.schema import installed, schema

    validator = jsonschema.Draft7Validator(schema(installed("mmkit")[0]))
    for role in PLACES:
        text = (packages / name_of(role) / "stack.toml").read_text(encoding="utf-8")
        assert text.startswith("#:schema ./mmkit.schema.json\n[stack]\n")
        assert [error.message for error in validator.iter_errors(tomllib.loads(text))] == []
