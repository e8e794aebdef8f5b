"""One new package of every role, and each rule as a file beside a stack."""

import sys
from pathlib import Path

import pytest

from mmkit.installed import PLACES
from mmkit.scaffold import texts

sys.path.append(str(Path(__file__).parent))  # for new_plugins.py

from new_plugins import RULES, name_of


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with a package for each role, called as `name_of` has it."""
    folder = tmp_path_factory.mktemp("packages")
    for role in PLACES:
        for path, text in texts.package(name_of(role), role, "0.1.0").items():
            file = folder / name_of(role) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with a folder for each role, in which mine.py lies beside a stack.toml."""
    folder = tmp_path_factory.mktemp("beside")
    for role in RULES:
        (folder / role).mkdir()
        (folder / role / "mine.py").write_text(texts.rule("mine", role), encoding="utf-8")
        (folder / role / "stack.toml").write_text(texts.stack("mine", role, file=True), encoding="utf-8")
    return folder
