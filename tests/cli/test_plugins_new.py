"""mmkit plugins new: a plugin that runs, never over somebody's file, and every name that cannot be one told in a line."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Mmkit = Callable[..., subprocess.CompletedProcess[str]]


def files_in(folder: Path) -> dict[str, str]:
    """Returns the files below a folder, path to text."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in found}


@pytest.mark.parametrize("role", ["market", "signals", "command"])
def test_a_package_has_a_rule_its_tests_and_a_stack(mmkit: Mmkit, tmp_path: Path, role: str) -> None:
    done = mmkit("plugins", "new", "lean-back", "--role", role)
    assert (done.returncode, done.stdout) == (0, "lean-back\n")
    written = files_in(tmp_path / "lean-back")
    assert set(written) == {
        ".gitignore",
        "README.md",
        "mmkit.schema.json",
        "pyproject.toml",
        "src/lean_back/__init__.py",
        f"src/lean_back/{role}.py",
        "src/lean_back/py.typed",
        "stack.toml",
        f"tests/test_{role}.py",
    }
    said = done.stderr.splitlines()
    assert sorted(said[: len(written)]) == sorted(f"wrote lean-back/{path}" for path in written)
    assert said[len(written) :] == ["next:", "  python -m pip install -e lean-back", "  mmkit run lean-back/stack.toml"]
    assert f'[project.entry-points."mmkit.{role}"]\nlean-back = "lean_back.{role}' in written["pyproject.toml"]


def test_a_file_beside_a_stack_runs_as_it_is(mmkit: Mmkit, tmp_path: Path) -> None:
    done = mmkit("plugins", "new", "lean-back", "--role", "report", "--file", "--dir", "here")
    assert (done.returncode, done.stdout) == (0, "here/lean_back.py\n")
    assert done.stderr == (
        "wrote here/lean_back.py\nwrote here/stack.toml\nwrote here/mmkit.schema.json\n"
        "next:\n  mmkit plugins check here/lean_back.py\n  mmkit run here/stack.toml\n"
    )
    shown = mmkit("check", "here/stack.toml")
    assert any(line.split() == ["report.lean-back", "lean-back", "lean_back.py"] for line in shown.stdout.splitlines())
    ran = mmkit("run", "here/stack.toml", "--engine", "python", "--out", "out", "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["fills"]["count"] > 0
    assert len((tmp_path / "out" / "fills-per-minute.csv").read_text().splitlines()) == 3


def test_a_stack_that_is_there_stays_and_what_it_needs_is_said(mmkit: Mmkit, tmp_path: Path) -> None:
    (tmp_path / "stack.toml").write_text("mine")
    done = mmkit("plugins", "new", "lean-back", "--role", "ladder", "--file")
    assert (done.returncode, done.stdout) == (0, "lean_back.py\n")
    assert (tmp_path / "stack.toml").read_text() == "mine"
    assert not (tmp_path / "mmkit.schema.json").exists()
    needed = done.stderr.partition("it needs\n")[2].partition("next:")[0]
    mmkit("plugins", "new", "lean-back", "--role", "ladder", "--file", "--dir", "other")
    assert needed.split("\n\n")[0].strip() == '[stack]\nplugins = ["lean_back.py"]'
    assert needed.split("\n\n")[1].strip() in (tmp_path / "other" / "stack.toml").read_text()


@pytest.mark.parametrize("file", [[], ["--file"]])
def test_what_is_there_is_never_overwritten(mmkit: Mmkit, tmp_path: Path, file: list[str]) -> None:
    arguments = ["plugins", "new", "lean-back", "--role", "risk", *file]
    mmkit(*arguments)
    before = files_in(tmp_path)
    done = mmkit(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    what = "lean_back.py" if file else "lean-back"
    assert done.stderr == f"{what}: is there already; it is not overwritten\n"
    assert files_in(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "My_Signal",
            '"My_Signal" cannot be a plugin\'s name (did you mean "my-signal"?): lowercase letters, digits and',
        ),
        ("fixed", 'pricing "fixed" is already offered by mmkit '),
    ],
)
def test_a_name_that_cannot_be_one_is_one_line(mmkit: Mmkit, tmp_path: Path, name: str, said: str) -> None:
    done = mmkit("plugins", "new", name, "--role", "pricing")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_command_has_no_name_of_ours_and_no_single_file(mmkit: Mmkit, tmp_path: Path) -> None:
    taken = mmkit("plugins", "new", "bench", "--role", "command")
    assert (taken.returncode, taken.stderr) == (
        2,
        'command "bench" is already offered by mmkit itself: choose another name\n',
    )
    single = mmkit("plugins", "new", "lean-back", "--role", "command", "--file")
    assert (single.returncode, len(single.stderr.splitlines())) == (2, 1)
    assert single.stderr.startswith("--file: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ([], "--role: which role the plugin is for; there are market, venue, signals,"),
        (["--role", "signal"], '--role: no role "signal" (did you mean "signals"?); there are market,'),
        (["--role", "Hedge"], '--role: no role "Hedge"; there are market,'),
    ],
)
def test_a_role_that_is_none_is_one_line(mmkit: Mmkit, tmp_path: Path, role: list[str], said: str) -> None:
    done = mmkit("plugins", "new", "lean-back", *role)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("file", [[], ["--file"]])
def test_a_folder_that_cannot_be_written_is_one_line(mmkit: Mmkit, tmp_path: Path, file: list[str]) -> None:
    (tmp_path / "taken").write_text("")
    done = mmkit("plugins", "new", "lean-back", "--role", "risk", "--dir", "taken/deeper", *file)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("taken/deeper/lean")
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be written" in done.stderr


def test_a_schema_that_is_there_stays(mmkit: Mmkit, tmp_path: Path) -> None:
    (tmp_path / "mmkit.schema.json").write_text("mine")
    done = mmkit("plugins", "new", "lean-back", "--role", "ladder", "--file")
    assert done.returncode == 0
    assert "schema" not in done.stderr
    assert (tmp_path / "mmkit.schema.json").read_text() == "mine"


def test_a_folder_with_a_space_is_quoted_in_what_comes_next(mmkit: Mmkit, tmp_path: Path) -> None:
    done = mmkit("plugins", "new", "lean-back", "--role", "risk", "--dir", "my plugins")
    assert done.stdout == "my plugins/lean-back\n"
    assert "pip install -e 'my plugins/lean-back'\n" in done.stderr
