"""Every run in these tests is tapped: what leaves, arrives and is answered can be told afterwards."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Tests are imported by path: the modules beside them are not on the path by themselves.
sys.path.append(str(Path(__file__).parent))

import tap


@pytest.fixture(autouse=True, scope="session")
def tapped() -> Iterator[None]:
    """Taps the plain engine."""
    with tap.on():
        yield
