"""The packages of examples/, built and installed into a fresh environment: listed, run, tested, as a stranger's would be."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PACKAGES = tuple(sorted(path.parent.name for path in EXAMPLES.glob("*/pyproject.toml")))

COMPILED = ("mmkit-basis", "mmkit-quantized", "mmkit-regression", "mmkit-through")
"""Those that bring what acts during a run."""

MMKIT = "from mmkit.cli import main; main()"
TIMES = ("engine", "timing", "counters")

COSTLY = "same-bits or bounded or speed or company"
"""Checks of the kit that compile or take millions of events: here the stacks run in both engines instead."""

Call = Callable[..., "subprocess.CompletedProcess[str]"]


def called(*command: object, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Runs a command to its end and returns what it printed."""
    plain = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, cwd=cwd, env=plain)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Returns the Python of an environment with the packages, installed as wheels, and which they are.

    It sees what the environment that runs the tests has. scikit-learn is from the package index: where it cannot be had, the package that
    needs it is left out.
    """
    folder = tmp_path_factory.mktemp("fresh")
    made = called(sys.executable, "-m", "venv", "--without-pip", folder / "env")
    assert made.returncode == 0, made.stderr
    python = folder / "env" / "bin" / "python"
    [site] = (folder / "env").glob("lib/python*/site-packages")
    own = sysconfig.get_path("purelib")
    (site / "tests.pth").write_text(f"import site; site.addsitedir({own!r})\n")
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "install", "--quiet")
    if called(python, "-c", "import hatchling").returncode:
        done = called(*pip, "hatchling")
        assert done.returncode == 0, done.stderr
    packages = list(PACKAGES)
    if called(*pip, "scikit-learn>=1.4").returncode:
        packages.remove("mmkit-regression")
    sources = shutil.copytree(EXAMPLES, folder / "examples")  # building leaves nothing in the checkout
    done = called(*pip, "--no-build-isolation", *(sources / name for name in packages))
    assert done.returncode == 0, done.stderr
    return python, packages


@pytest.fixture
def installed(environment: tuple[Path, list[str]], tmp_path: Path) -> Call:
    """Returns a function that runs Python in the fresh environment, far from the checkout; skips where a package is not there."""

    def call(package: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        python, packages = environment
        if package not in packages:
            pytest.skip(f"{package} needs scikit-learn, which cannot be installed here")
        return called(python, *arguments, cwd=tmp_path)

    return call


def run(installed: Call, package: str, *arguments: object) -> Any:
    """Returns the summary of a package's stack over the first minute, or as long as it takes to quote for half of one."""
    names, length = (("PERP", "SPOT"), "90s") if package == "mmkit-basis" else (("SIM",), "60s")
    changes = [part for name in names for part in ("--set", f"instruments.{name}.market.duration={length}")]
    stack = EXAMPLES / package / "stack.toml"
    done = installed(package, "-c", MMKIT, "run", stack, *changes, "--out", "run", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_there_is_a_package_for_each_kind_of_plugin() -> None:
    assert len(PACKAGES) == 6
    for name in PACKAGES:
        assert {"README.md", "pyproject.toml", "src", "stack.toml", "tests"} <= {
            path.name for path in (EXAMPLES / name).iterdir()
        }


def test_the_readme_says_what_each_file_and_package_shows() -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    linked = {target.partition("/")[0] for target in re.findall(r"\]\(([^)]+)\)", text)}
    assert linked == {path.name for path in EXAMPLES.iterdir() if path.suffix in (".toml", ".py")} | set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_what_it_brings_is_listed(installed: Call, package: str) -> None:
    done = installed(package, "-c", MMKIT, "plugins", "list", "--json")
    assert done.returncode == 0, done.stderr
    own = [row for row in json.loads(done.stdout) if row["distribution"] == package]
    assert own
    assert all(row["version"] == "0.1.0" and row["enabled"] and not row["builtin"] and not row["broken"] for row in own)


@pytest.mark.parametrize("package", COMPILED)
def test_its_stack_runs_the_same_in_both_engines(installed: Call, package: str) -> None:
    plain, compiled = (run(installed, package, "--engine", engine) for engine in ("python", "compiled"))
    assert [compiled["engine"], plain["engine"]] == ["compiled", "python"]
    assert plain["fills"]["count"] > 0
    assert {k: v for k, v in plain.items() if k not in TIMES} == {k: v for k, v in compiled.items() if k not in TIMES}


def test_the_quantized_cache_is_listed_as_bounded_and_counts_its_hits(installed: Call) -> None:
    stack = EXAMPLES / "mmkit-quantized" / "stack.toml"
    done = installed("mmkit-quantized", "-c", MMKIT, "optimizations", "list", stack, "--json")
    [row] = [row for row in json.loads(done.stdout) if row["name"] == "quantized-cache"]
    assert (row["path"], row["exact"], row["state"]) == ("pricing.quantized-cache", "bounded", "on")
    counted = run(installed, "mmkit-quantized", "--engine", "python")["counters"]["caches"]["pricing.quantized-cache"]
    assert counted["hits"] > counted["misses"] > 0


def test_the_report_is_in_the_runs_folder(installed: Call, tmp_path: Path) -> None:
    filled = run(installed, "mmkit-intervals", "--engine", "python")["fills"]["count"]
    with (tmp_path / "run" / "intervals.csv").open(encoding="utf-8") as stream:
        assert sum(int(row["fills"]) for row in csv.DictReader(stream)) == filled
    assert (tmp_path / "run" / "intervals.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_command_reads_the_runs_folder(installed: Call) -> None:
    filled = run(installed, "mmkit-fills", "--engine", "python")["fills"]
    done = installed("mmkit-fills", "-c", MMKIT, "fills", "run", "--json")
    assert done.returncode == 0, done.stderr
    assert {row["side"]: row["fills"] for row in json.loads(done.stdout)} == {
        "buy": filled["buy"],
        "sell": filled["sell"],
    }
    wrong = installed("mmkit-fills", "-c", MMKIT, "fills", "nowhere")
    assert (wrong.returncode, wrong.stderr) == (2, "nowhere: holds no finished run: there is no summary.json\n")


def test_the_training_command_writes_what_set_takes(installed: Call, tmp_path: Path) -> None:
    stack = EXAMPLES / "mmkit-regression" / "stack.toml"
    done = installed("mmkit-regression", "-c", MMKIT, "train-regression", stack, "--seed", "100", "--out", "fit.toml")
    assert (done.returncode, done.stdout) == (0, "fit.toml\n"), done.stderr
    assert run(installed, "mmkit-regression", "--engine", "python", "--set", "@fit.toml")["fills"]["count"] > 0


@pytest.mark.parametrize("package", PACKAGES)
def test_its_own_tests_pass_and_so_does_the_kit(installed: Call, package: str) -> None:
    folder = EXAMPLES / package
    done = installed(
        package,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", folder / "pyproject.toml", "--rootdir", folder),
        *("-k", f"not ({COSTLY})", folder / "tests"),
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
