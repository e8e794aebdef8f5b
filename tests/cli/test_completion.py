"""Shell completion: it can be shown and installed, and it completes commands, their commands, and options."""

import os
import re
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Returns the environment of a shell of a user with an empty home."""
    return {**os.environ, "HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}


def words(command: Path, line: str) -> list[str]:
    """Returns what bash would be offered for the last word of a line."""
    typed = line.split(" ")
    asked = {"_MMKIT_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(typed) - 1)}
    done = subprocess.run([command], env=os.environ | asked, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_commands_complete(command: Path) -> None:
    assert words(command, "mmkit opt") == ["optimizations"]
    assert {"run", "check", "explain", "schema", "plugins"} <= set(words(command, "mmkit "))


def test_commands_of_commands_and_options_complete(command: Path) -> None:
    assert words(command, "mmkit data conv") == ["convert"]
    assert words(command, "mmkit run stack.toml --see") == ["--seed"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_it_is_shown_for_a_shell(command: Path, home: dict[str, str], shell: str) -> None:
    done = subprocess.run(
        [command, "--show-completion", shell], env=home, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(rf"_MMKIT_COMPLETE=complete_{shell}", done.stdout)


def test_it_is_installed_into_bash(command: Path, home: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [command, "--install-completion", "bash"], env=home, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0
    installed = tmp_path / ".bash_completions" / "mmkit.sh"
    assert "_MMKIT_COMPLETE=complete_bash" in installed.read_text()
    assert str(installed) in (tmp_path / ".bashrc").read_text()
