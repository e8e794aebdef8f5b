"""What is installed is what is tested: the version, where the packages come from, and that every rule loads."""

import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any

import pytest

import mmkit
import mmkit_plugins
from mmkit.plugins import offers
from mmkit.rules import Role

OFFERED = offers()
ENTRIES = [
    (role, entry) for role in Role for entry in OFFERED.entries[role] if entry.value.startswith("mmkit_plugins.")
]


def test_version_is_the_same_everywhere(declared: dict[str, Any], root: Path) -> None:
    version = declared["project"]["version"]
    assert mmkit.__version__ == version
    assert importlib.metadata.version("mmkit") == version
    changes = re.findall(r"(?m)^## \[?([^]\s]+)", (root / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert version in changes


def test_both_packages_come_from_the_installed_distribution(root: Path) -> None:
    # In the run on the wheel the checkout must not stand in for it.
    distribution = importlib.metadata.distribution("mmkit")
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    editable = origin.get("dir_info", {}).get("editable", False)
    for package, source in ((mmkit, "mmkit"), (mmkit_plugins, "plugins/mmkit_plugins")):
        folder = root / source if editable else Path(str(distribution.locate_file(package.__name__)))
        assert Path(package.__file__ or "").resolve().parent == folder.resolve()


@pytest.mark.parametrize(("role", "entry"), ENTRIES, ids=[f"{role.value}.{entry.name}" for role, entry in ENTRIES])
def test_every_built_in_rule_loads_under_its_name_and_role(role: Role, entry: importlib.metadata.EntryPoint) -> None:
    rule, supplier = OFFERED.load(role, entry.name)
    assert (rule.role, rule.name) == (role, entry.name)
    assert supplier == f"mmkit {mmkit.__version__}"


def test_the_installed_rules_are_those_of_pyproject(declared: dict[str, Any]) -> None:
    groups = declared["project"]["entry-points"]
    wanted = {(role, *pair) for role in Role for pair in groups.get(f"mmkit.{role.value}", {}).items()}
    assert {(role, entry.name, entry.value) for role, entry in ENTRIES} == wanted


def test_a_rules_file_is_found_by_its_role_and_name(root: Path) -> None:
    named = {f"{role.value}/{entry.name.replace('-', '_')}" for role, entry in ENTRIES}
    modules = {entry.value.removeprefix("mmkit_plugins.").replace(".", "/") for _, entry in ENTRIES}
    assert modules == named
