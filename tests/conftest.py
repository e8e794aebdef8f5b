"""Where tests find the recordings, and how they skip without them."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

DATA = Path(os.environ.get("MMKIT_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def data() -> Path:
    """Returns the folder of real recordings; skips the test where there is none."""
    if not DATA.is_dir():
        pytest.skip(f"no recordings at {DATA} (set MMKIT_DATA)")
    return DATA


@pytest.fixture(autouse=True, scope="session")
def tapes_of_these_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the tapes of the recordings that tests make out of the user's cache; compiled stacks are shared, which saves minutes."""
    from mmkit.engine.cache import cache_folder

    kept, folder = cache_folder() / "stacks", tmp_path_factory.mktemp("cache")
    with suppress(OSError):  # then these tests compile for themselves
        kept.mkdir(parents=True, exist_ok=True)
        (folder / "stacks").symlink_to(kept, target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMKIT_CACHE", str(folder))
        yield
