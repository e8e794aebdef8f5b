"""Broken distributions beside mmkit: one line for a stack that uses one, nothing at all for every other."""

import json
import os
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

MMKIT = Path(sysconfig.get_path("scripts")) / "mmkit"

STACK = """
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
duration = "2s"
[sizing]
use = "fixed"
quantity = 0.1
[pricing]
use = "{pricing}"
{keys}
[report]
"""

SOUND = """
import mmkit

def quote(params, state, market):
    return market.mid, 1.0, 1.0

@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("{name}", quote=quote)
"""

FAULTS = {
    "twin": 'pricing "twin" is offered by both mmkit-one 1.5 and mmkit-two 1.5',
    "failing": 'pricing "failing" of mmkit-failing 1.5: {site}/failing.py:1: ZeroDivisionError: division by zero',
    "newer": 'pricing "newer" of mmkit-newer 1.5: rule "newer" is written for api_version 2, this mmkit has 1',
    "stray": (
        'pricing "stray" of mmkit_stray 1.5: it belongs to no distribution: '
        "mmkit_stray-1.5.dist-info has no METADATA with a name and a version"
    ),
    "nowhere": 'pricing "nowhere" of mmkit-nowhere 1.5: its entry point "no where" is not MODULE or MODULE:NAME',
    "gone": "pricing \"gone\" of mmkit-gone 1.5: ModuleNotFoundError: No module named 'gone_away'",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with a sound distribution and one for each fault."""
    folder = tmp_path_factory.mktemp("site")

    def install(name: str, module: str, source: str, rule: str, value: str = "") -> Path:
        (folder / f"{module}.py").write_text(source)
        about = folder / f"{name.replace('-', '_')}-1.5.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
        (about / "entry_points.txt").write_text(f"[mmkit.pricing]\n{rule} = {value or module}\n")
        return about

    install("mmkit-sound", "sound", SOUND.format(name="sound"), "sound")
    install("mmkit-one", "one", SOUND.format(name="twin"), "twin")
    install("mmkit-two", "two", SOUND.format(name="twin"), "twin")
    install("mmkit-failing", "failing", "1 / 0\n" + SOUND.format(name="failing"), "failing")
    newer = SOUND.format(name="newer").replace("quote=quote", "quote=quote, api_version=2")
    install("mmkit-newer", "newer", newer, "newer")
    stray = install("mmkit-stray", "stray", SOUND.format(name="stray"), "stray")
    (stray / "METADATA").unlink()
    install("mmkit-nowhere", "nowhere", "", "nowhere", "no where")
    install("mmkit-gone", "gone", "", "gone", "gone_away")
    return folder


@pytest.fixture
def mmkit(tmp_path: Path, site: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Returns a runner of mmkit in tmp_path, with or without those distributions."""

    def run(*args: str, strangers: bool = True) -> subprocess.CompletedProcess[str]:
        environment = os.environ | ({"PYTHONPATH": str(site)} if strangers else {})
        command = [str(MMKIT), *args]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def write(folder: Path, pricing: str, keys: str = "") -> None:
    """Writes a stack with a pricing rule."""
    (folder / "stack.toml").write_text(STACK.format(pricing=pricing, keys=keys))


@pytest.mark.parametrize("name", FAULTS)
def test_a_stack_that_uses_a_broken_one_is_one_line(
    mmkit: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, site: Path, name: str
) -> None:
    write(tmp_path, name)
    done = mmkit("check", "stack.toml")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == FAULTS[name].replace("{site}", str(site)) + "\n"


def test_a_stack_of_the_sound_one_runs_beside_them(
    mmkit: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    write(tmp_path, "sound")
    done = mmkit("run", "stack.toml", "--engine", "python", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["orders"]["submitted"] > 0


def test_a_stack_of_built_in_rules_wires_to_the_same_with_and_without_them(
    mmkit: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    write(tmp_path, "fixed", "half_spread = 1.0")
    with_them, without = mmkit("check", "stack.toml"), mmkit("check", "stack.toml", strangers=False)
    assert (with_them.returncode, with_them.stderr) == (0, "")
    assert with_them.stdout == without.stdout


def test_each_is_one_row_of_the_list_that_says_why(
    mmkit: Callable[..., subprocess.CompletedProcess[str]], site: Path
) -> None:
    for more in ((), ("--load",)):
        done = mmkit("plugins", "list", "--json", *more)
        assert (done.returncode, done.stderr) == (0, "")
        rows = json.loads(done.stdout)
        broken = {(row["distribution"], row["name"]) for row in rows if row["broken"]}
        assert broken == {
            *(("mmkit-one", "twin"), ("mmkit-two", "twin"), ("mmkit_stray", "stray")),
            *((f"mmkit-{name}", name) for name in ("newer", "nowhere", "gone")),
            *([("mmkit-failing", "failing")] if more else []),
        }
        assert not any("\n" in (row["broken"] or "") for row in rows)


def test_disabling_one_of_two_rivals_makes_the_other_usable(
    mmkit: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    write(tmp_path, "twin")
    done = mmkit("check", "stack.toml", "--disable-plugin", "mmkit-one")
    assert (done.returncode, done.stderr) == (0, "")
    assert "mmkit-two 1.5" in done.stdout
