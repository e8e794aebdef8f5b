"""What the parity tests share: the peer, started once, in its own environment."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Tests are imported by path: the modules beside them are not on the path by themselves.
sys.path.append(str(Path(__file__).parent))

from peer_process import Peer, UnavailableError, python


@pytest.fixture(scope="session")
def peer() -> Iterator[Peer]:
    """Gives the peer at work; without it the tests skip and say so, but in CI they fail."""
    try:
        interpreter = python()
    except UnavailableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
    with Peer(interpreter) as process:
        yield process
