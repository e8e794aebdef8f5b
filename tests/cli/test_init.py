"""mmkit init: a first stack that runs, explained line by line, and never over somebody's file."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from mmkit.settings import read
from mmkit.writing import dump

Mmkit = Callable[..., subprocess.CompletedProcess[str]]


def test_it_writes_a_stack_that_checks_and_says_what_to_do_next(mmkit: Mmkit, tmp_path: Path) -> None:
    done = mmkit("init", "new/mine")
    assert (done.returncode, done.stdout) == (0, "new/mine/stack.toml\n")
    assert done.stderr == "next: mmkit run new/mine/stack.toml\n"
    assert mmkit("check", "new/mine/stack.toml").returncode == 0


def test_its_stack_runs_and_trades(mmkit: Mmkit, tmp_path: Path) -> None:
    import json

    mmkit("init", ".")
    done = mmkit(
        "run", "stack.toml", "--json", "--set", "instruments.SIM.market.duration=60s", "--disable", "report.page"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["fills"]["count"] > 0


def test_every_key_is_explained_and_every_default_shown_is_the_default(mmkit: Mmkit, tmp_path: Path) -> None:
    mmkit("init", ".")
    file = tmp_path / "stack.toml"
    text = file.read_text()
    keys = [line for line in text.splitlines() if re.match(r"(# )?\w+ = ", line)]
    assert len(keys) > 30
    assert all(re.search(r" # \S", line) for line in keys)
    uncommented = re.sub(r"(?m)^# (\w+ = )", r"\1", text.replace('# plugins = ["my_signal.py"]', ""))
    assert uncommented.count("\n#") < text.count("\n#")
    before = dump(read(file))
    file.write_text(uncommented)
    assert dump(read(file)) == before


def test_a_file_that_is_there_is_not_touched(mmkit: Mmkit, tmp_path: Path) -> None:
    (tmp_path / "stack.toml").write_text("mine")
    done = mmkit("init", ".")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "stack.toml: is there already; it is not overwritten\n"
    assert (tmp_path / "stack.toml").read_text() == "mine"


def test_a_file_in_place_of_the_folder_is_one_line(mmkit: Mmkit, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    for folder in ("mine", "mine/deeper"):
        done = mmkit("init", folder)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith("mine")
