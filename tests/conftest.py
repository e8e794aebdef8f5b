"""Where tests find recordings and oracles, how they skip without them, and when two runs are the same to the bit."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

DATA = Path(os.environ.get("MMKIT_DATA", Path(__file__).parents[2] / "shared" / "data"))
SPEC = Path(os.environ.get("MMKIT_SPEC", DATA.parent / "spec"))
RECORDING = "derived/hftbacktest-format_usdm_btcusdt_20240808.npz"


@pytest.fixture(scope="session")
def data() -> Path:
    """Returns the folder of real recordings; skips the test where there is none."""
    if not DATA.is_dir():
        pytest.skip(f"no recordings at {DATA} (set MMKIT_DATA)")
    return DATA


@pytest.fixture(scope="session")
def oracle_cases() -> Callable[[str], list[dict[str, Any]]]:
    """Returns a function that reads the cases of an oracle's file, each with the `folder` of its tables; skips the test without it."""

    def cases(name: str) -> list[dict[str, Any]]:
        file = SPEC / "oracles" / name
        if not file.is_file():
            pytest.skip(f"no oracle at {file} (set MMKIT_SPEC)")
        return [{**case, "folder": file.parent} for case in json.loads(file.read_text(encoding="utf-8"))["cases"]]

    return cases


@pytest.fixture(scope="session")
def beginning(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Returns a function that writes so many rows of a real recording, from its first on, into a file of their own."""

    def cut(count: int) -> Path:
        file = data / RECORDING
        if not file.is_file():
            pytest.skip(f"no {file}")
        with np.load(file) as kept:
            [name] = kept.files
            rows = kept[name][:count]
        short = tmp_path_factory.mktemp("recording") / "short.npz"
        np.savez(short, **{name: rows})
        return short

    return cut


@pytest.fixture(scope="session")
def agree() -> Callable[[Any, Any], None]:
    """Returns a function that asserts that two runs are the same to the bit, but for their engines and how long things took."""

    from mmkit.testing.same import differences

    def check(one: Any, other: Any) -> None:
        assert list(differences(one, other)) == []

    return check


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
