"""What the how-tos and the migration pages show works, in the order in which they show it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from shown import follow

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {
    path.relative_to(DOCS).as_posix(): path
    for folder in ("how-to", "migrate")
    for path in sorted((DOCS / folder).glob("*.md"))
}


@pytest.fixture(scope="module")
def environment() -> Mapping[str, str]:
    """Returns the environment in which mmkit and python are those of the tests."""
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_works_as_it_is_shown(page: str, tmp_path: Path, environment: Mapping[str, str]) -> None:
    assert follow(PAGES[page].read_text(encoding="utf-8"), tmp_path, environment) >= 1


def test_there_is_a_page_for_each_thing_that_one_wants_to_do() -> None:
    wanted = {"data", "calibrate", "signal", "pricing-model", "venue", "share", "debug", "fast"}
    assert {f"how-to/{name}.md" for name in wanted} <= PAGES.keys()
