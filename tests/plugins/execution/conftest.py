"""What the tests of executions share: a desk and a venue that are not the engine's."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mmkit

# Tests are imported by path: the modules beside them are not on the path by themselves.
sys.path.append(str(Path(__file__).parent))

import order_desk


@pytest.fixture(autouse=True, scope="module")
def own_desk() -> Iterator[None]:
    """Lets rules place, cancel and amend on the tests' own desk."""
    with pytest.MonkeyPatch.context() as patch:
        for name in order_desk.NAMES:
            patch.setattr(mmkit, name, getattr(order_desk, name), raising=False)
        yield
