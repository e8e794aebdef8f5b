"""The kit as tests: what a real run of pytest says of a sound rule, a faulty one, and one whose failure is expected."""

import os
import subprocess
import sys
from pathlib import Path

RULES = '''"""Rules to try."""
from typing import Any

import attrs
import time

import mmkit


@attrs.frozen
class Params:
    quantity: float = mmkit.field(0.1, unit="base", above=0, doc="of each order")


def sizes(params: Any, state: Any, market: Any) -> tuple[float, float]:
    return params.quantity, params.quantity


def clocked(params: Any, state: Any, market: Any) -> tuple[float, float]:
    return (params.quantity, params.quantity) if time.time() > 0.0 else (0.0, 0.0)


@mmkit.hookimpl
def mmkit_sizing() -> mmkit.Sizing:
    return mmkit.Sizing("sound", params=Params, sizes=sizes, compiled=False)


CLOCKED = mmkit.Sizing("clocked", params=Params, sizes=clocked, compiled=False)
'''

TESTS = """
import pytest
import rules
from mmkit.testing import RuleTests, bounded, outputs

bounded.SECONDS, outputs.EXAMPLES = 0.2, 0


class TestSound(RuleTests):
    rule = rules.mmkit_sizing()


class TestModule(RuleTests):
    rule = rules


class TestFixture(RuleTests):
    @pytest.fixture
    def rule(self):
        return rules.CLOCKED


class TestKnown(RuleTests):
    rule = rules.CLOCKED
    expected_failures = {"pure": "it is a stopwatch"}


class TestUnexpected(RuleTests):
    rule = rules.mmkit_sizing()
    expected_failures = {"pure": "long ago"}
"""


def tried(folder: Path, *arguments: str) -> tuple[int, str]:
    (folder / "rules.py").write_text(RULES)
    (folder / "test_rules.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", "-W", "error", *arguments]
    wide = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, env=wide)
    return done.returncode, done.stdout + done.stderr


def test_a_class_is_a_test_for_each_check(tmp_path: Path) -> None:
    code, said = tried(tmp_path, "test_rules.py::TestSound")
    assert code == 0, said
    for check in ("declarations", "parameters", "deterministic", "pure", "look-ahead", "outputs", "bounded", "company"):
        assert f"PASSED test_rules.py::TestSound::test_conforms[{check}]" in said
    assert "it stays Python (compiled=False)" in said  # same-bits, skipped with its reason


def test_a_fault_is_one_line_of_the_check_that_finds_it(tmp_path: Path) -> None:
    quick = ("-k", "pure or declarations")
    code, said = tried(tmp_path, *quick)
    assert code == 1
    assert "FAILED test_rules.py::TestFixture::test_conforms[pure] - Failed: pure: sizes reaches for the clock" in said
    assert "XFAIL test_rules.py::TestKnown::test_conforms[pure] - it is a stopwatch: sizes reaches for" in said
    assert "FAILED test_rules.py::TestUnexpected::test_conforms[pure] - Failed: pure: passed, though a failure" in said
    assert "PASSED test_rules.py::TestModule::test_conforms[pure]" in said
    assert "2 failed, 7 passed" in said
    assert "Traceback" not in said
