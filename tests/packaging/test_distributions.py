"""What is inside the wheel and the source distribution, and what is not."""

import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

PACKAGES = {"mmkit": "mmkit", "mmkit_plugins": "plugins/mmkit_plugins"}


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    (file,) = built.glob("*.whl")
    return zipfile.ZipFile(file)


@pytest.fixture(scope="module")
def source(built: Path) -> set[str]:
    (file,) = built.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def files_of(package: str, root: Path) -> set[str]:
    """Returns the files of a package in the checkout, named as in a wheel."""
    folder = root / PACKAGES[package]
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(PurePosixPath(package) / path.relative_to(folder).as_posix()) for path in found}


def test_the_wheel_has_both_packages_whole_and_nothing_else(wheel: zipfile.ZipFile, root: Path) -> None:
    names = set(wheel.namelist())
    expected = files_of("mmkit", root) | files_of("mmkit_plugins", root)
    assert {name for name in names if ".dist-info/" not in name} == expected


def test_the_wheel_has_what_the_report_and_type_checkers_need(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "mmkit/py.typed" in names
    assert any(name.startswith("mmkit_plugins/report/") and name.endswith(".css") for name in names)


def test_the_wheel_says_what_pyproject_says(wheel: zipfile.ZipFile, declared: dict[str, Any]) -> None:
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    said = HeaderParser().parsestr(wheel.read(metadata).decode())
    project = declared["project"]
    assert (said["Name"], said["Version"]) == (project["name"], project["version"])
    assert said["Requires-Python"] == project["requires-python"]
    needed = [line for line in said.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert len(needed) == len(project["dependencies"])
    assert any(name.endswith("/licenses/LICENSE") for name in wheel.namelist())


def test_the_source_distribution_can_be_tested_and_read(source: set[str], root: Path) -> None:
    for name in ("Makefile", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "pyproject.toml"):
        assert name in source
    for folder in ("tests", "docs", "examples"):
        assert any(name.startswith(f"{folder}/") for name in source)


def test_the_source_distribution_has_the_examples_whole(source: set[str], root: Path) -> None:
    made = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", "runs"}
    here = (path.relative_to(root) for path in (root / "examples").rglob("*") if path.is_file())
    assert {path.as_posix() for path in here if not made & set(path.parts)} <= source


def test_neither_holds_market_data_runs_or_environments(wheel: zipfile.ZipFile, source: set[str]) -> None:
    for name in {*wheel.namelist(), *source}:
        assert not name.endswith((".npz", ".npy", ".gz", ".csv", ".parquet", ".pyc"))
        assert not {"runs", "data", "site-packages"} & set(PurePosixPath(name).parts)
