"""mmkit run: where results go, what a script reads, and how a run ends early."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Mmkit = Callable[..., subprocess.CompletedProcess[str]]

ENDLESS = '''
from pathlib import Path

import mmkit
import numpy as np


def events(params, instrument, rng):
    """Yields a book whose best quantities change every millisecond, for ever; says so once it is under way."""
    now = 0
    for chunk in range(10**9):
        rows = np.zeros(2000, mmkit.EVENT)
        rows["exch_ts"] = rows["local_ts"] = now + np.arange(2000) // 2 * 1_000_000
        rows["kind"] = np.arange(2000) % 2
        rows["tick"] = 10_000 + np.arange(2000) % 2
        rows["lots"] = 1 + np.arange(2000) % 7
        rows["stream"] = mmkit.BOTH
        now += 1_000_000_000
        if chunk == 200:
            Path("under-way").touch()
        yield rows


@mmkit.hookimpl
def mmkit_market():
    return mmkit.Market("endless", events=events)
'''


def test_it_prints_the_folder_and_nothing_else(mmkit: Mmkit, stack_file: Path, tmp_path: Path) -> None:
    done = mmkit("run", "stack.toml")
    assert (done.returncode, done.stderr) == (0, "")
    folder = tmp_path / done.stdout.removesuffix("\n")
    assert re.fullmatch(r"runs/\d{8}T\d{6}Z-stack\n", done.stdout)
    assert {path.name for path in folder.iterdir()} >= {
        "summary.json",
        "fills.parquet",
        "records.parquet",
        "stack.toml",
    }


def test_its_json_is_the_summary_of_the_folder(mmkit: Mmkit, stack_file: Path, tmp_path: Path) -> None:
    done = mmkit("run", "stack.toml", "--out", "there/it is", "--json", "--seed", "5", "--engine", "python")
    summary = json.loads(done.stdout)
    assert summary == json.loads((tmp_path / "there/it is/summary.json").read_text())
    assert (summary["seed"], summary["engine"], summary["stack"]) == (5, "python", "stack")


def test_the_stack_as_it_ran_runs_the_same_again_from_elsewhere(mmkit: Mmkit, stack_file: Path, tmp_path: Path) -> None:
    changes = ["--seed", "3", "--set", "pricing.gamma=2", "--set", "execution.every=50ms"]
    assert mmkit("run", "stack.toml", "--out", "first", *changes).returncode == 0
    stack_file.unlink()
    assert mmkit("run", "first/stack.toml", "--out", "second").returncode == 0
    for name in ("fills.parquet", "records.parquet", "stack.toml"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


@pytest.mark.parametrize("file", ["gone.npz", "."])
def test_market_data_that_is_not_there_is_exit_3(mmkit: Mmkit, stack_file: Path, file: str) -> None:
    text = stack_file.read_text()
    stack_file.write_text(text.replace('use = "book"\nduration = "20s"', 'use = "hftbacktest"'))
    done = mmkit("run", "stack.toml", "--data", file)
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_an_out_that_cannot_be_a_folder_is_exit_2(mmkit: Mmkit, stack_file: Path) -> None:
    done = mmkit("run", "stack.toml", "--out", "stack.toml/x")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_an_interrupted_run_keeps_what_it_has_and_exits_130(command: Path, stack_file: Path, tmp_path: Path) -> None:
    text = stack_file.read_text().replace('use = "book"\nduration = "20s"', 'use = "endless"')
    stack_file.write_text(f'[stack]\nplugins = ["endless.py"]\n{text}')
    (tmp_path / "endless.py").write_text(ENDLESS)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": tmp_path, "text": True}
    with subprocess.Popen([command, "run", "stack.toml", "--out", "part"], **streams) as running:
        for _ in range(600):
            if (tmp_path / "under-way").exists() or running.poll() is not None:
                break
            time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        _, stderr = running.communicate(timeout=60)
    assert (running.returncode, stderr) == (130, "")
    assert json.loads((tmp_path / "part" / "summary.json").read_text())["data"]["events"] > 0


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize(("environment", "shown"), [({}, True), ({"NO_COLOR": "1"}, True), ({"TERM": "dumb"}, False)])
def test_a_terminal_gets_a_bar_on_stderr(
    command: Path, stack_file: Path, tmp_path: Path, environment: dict[str, str], shown: bool
) -> None:
    import pty

    controlling, terminal = pty.openpty()
    env = (
        {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
        | {"TERM": "xterm-256color"}
        | environment
    )
    with subprocess.Popen(
        [command, "run", "stack.toml", "--out", "x"], stdout=subprocess.PIPE, stderr=terminal, cwd=tmp_path, env=env
    ) as running:
        os.close(terminal)
        seen = b""
        while True:
            try:
                more = os.read(controlling, 4096)
            except OSError:  # how Linux says that the other side is closed
                break
            if not more:
                break
            seen += more
        stdout, _ = running.communicate(timeout=60)
    os.close(controlling)
    assert (running.returncode, stdout) == (0, b"x\n")
    assert (b"replaying" in seen) is shown
    if environment:
        assert not re.search(rb"\x1b\[[0-9;]*3[0-9][0-9;]*m", seen)
