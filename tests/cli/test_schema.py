"""mmkit schema prints what editors complete stacks with, and mmkit init writes it beside the first stack."""

import json
import os
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

from jsonschema import Draft7Validator

from mmkit.schema import installed, text

Mmkit = Callable[..., subprocess.CompletedProcess[str]]


def broken(folder: Path) -> str:
    """Returns a folder for PYTHONPATH with a distribution whose rule cannot be imported."""
    about = folder / "site" / "broken-1.5.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.5\n")
    (about / "entry_points.txt").write_text("[mmkit.pricing]\nbroken = no_such_module\n")
    return os.pathsep.join(filter(None, [str(folder / "site"), os.environ.get("PYTHONPATH", "")]))


def test_it_prints_one_document(mmkit: Mmkit) -> None:
    done = mmkit("schema")
    assert (done.returncode, done.stderr) == (0, "")
    Draft7Validator.check_schema(json.loads(done.stdout))


def test_it_writes_a_file_over_an_older_one(mmkit: Mmkit, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("old")
    done = mmkit("schema", "--out", "mine.json", "--from", "mmkit")
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine.json\n", "")
    assert (tmp_path / "mine.json").read_text("utf-8") == text(installed("mmkit")[0])


def test_a_broken_plugin_is_one_line_and_the_rest_is_there(mmkit: Mmkit, tmp_path: Path) -> None:
    done = mmkit("schema", PYTHONPATH=broken(tmp_path))
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith('left out: pricing "broken" of broken 1.5')
    assert "pricing.avellaneda" in json.loads(done.stdout)["definitions"]


def test_what_cannot_be_done_is_one_line(mmkit: Mmkit, tmp_path: Path) -> None:
    for arguments in (["--from", "mmkti"], ["--out", "no/such/folder.json"], ["--out", "."]):
        done = mmkit("schema", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1


def test_init_writes_the_schema_that_its_stack_names(mmkit: Mmkit, tmp_path: Path) -> None:
    mmkit("init", "mine")
    file = tmp_path / "mine" / "stack.toml"
    named = file.read_text("utf-8").partition("\n")[0].removeprefix("#:schema ")
    schema = json.loads((file.parent / named).read_text("utf-8"))
    validator = Draft7Validator(schema)
    stack = tomllib.loads(file.read_text("utf-8"))
    assert list(validator.iter_errors(stack)) == []
    stack["pricing"]["gama"] = 1.0
    assert list(validator.iter_errors(stack)) != []


def test_init_leaves_a_schema_that_is_there_as_it_is(mmkit: Mmkit, tmp_path: Path) -> None:
    (tmp_path / "mmkit.schema.json").write_text("mine")
    assert mmkit("init", ".").returncode == 0
    assert (tmp_path / "mmkit.schema.json").read_text() == "mine"


def test_a_broken_plugin_is_no_reason_to_write_no_stack(mmkit: Mmkit, tmp_path: Path) -> None:
    done = mmkit("init", ".", PYTHONPATH=broken(tmp_path))
    assert (done.returncode, done.stdout) == (0, "stack.toml\n")
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["left out of mmkit.schema.json", "next"]
