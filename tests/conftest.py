"""Where tests find the recordings, and how they skip without them."""

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("MMKIT_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def data() -> Path:
    """Returns the folder of real recordings; skips the test where there is none."""
    if not DATA.is_dir():
        pytest.skip(f"no recordings at {DATA} (set MMKIT_DATA)")
    return DATA
