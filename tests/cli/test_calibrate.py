"""mmkit calibrate: estimates with their errors, and a file that mmkit run takes."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli

Mmkit = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def market(stack_file: Path) -> Path:
    """Returns the stack's file, its gamma and k not yet known."""
    stack_file.write_text(stack_file.read_text().replace("gamma = 1.0\nk = 100.0\n", ""))
    return stack_file


def test_json_has_units_errors_and_the_quality_of_the_fit(mmkit: Mmkit, market: Path) -> None:
    done = mmkit("calibrate", "stack.toml", "--json", "--set", "instruments.SIM.market.duration=40s")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["fill"] == {
        "definition": "touch",
        "meaning": "a quote fills when a trade reaches its price",
        "every_s": 0.1,
    }
    assert (found["A"]["unit"], found["k"]["unit"], found["sigma"]["unit"]) == ("1/s", "1/price", "price/sqrt(s)")
    assert all(found[name]["se"] > 0 for name in ("A", "k", "sigma"))
    assert found["fit"]["fills"] == sum(cell["fills"] for cell in found["cells"])
    assert len(found["sigma"]["estimates"]) > 3
    assert found["gamma"]["reasons"]
    assert list(found["keys"]) == ["pricing.gamma", "pricing.k"]


@pytest.mark.parametrize("fill", ["touch", "through", "queue"])
def test_run_takes_the_file_that_it_writes(mmkit: Mmkit, market: Path, tmp_path: Path, fill: str) -> None:
    longer = ("--set", "instruments.SIM.market.duration=60s")
    done = mmkit("calibrate", "stack.toml", *longer, "--fill", fill, "--out", "fit.toml", "--picture", "fit.svg")
    assert (done.returncode, done.stderr) == (0, "wrote fit.toml\nwrote fit.svg\n")
    written = tomli.loads((tmp_path / "fit.toml").read_text())
    assert list(written) == ["pricing"]
    assert list(written["pricing"]) == ["gamma", "k"]
    assert (tmp_path / "fit.svg").read_text().startswith("<svg")
    run = mmkit("run", "stack.toml", "--set", "@fit.toml", "--out", "out", "--json")
    assert (run.returncode, run.stderr) == (0, "")
    ran = tomli.loads((tmp_path / "out" / "stack.toml").read_text())["pricing"]
    assert (ran["gamma"], ran["k"]) == (written["pricing"]["gamma"], written["pricing"]["k"])
    # The options that it prints say the same.
    options = done.stdout.splitlines()[-1].split()
    run = mmkit("run", "stack.toml", *options, "--out", "again", "--json")
    again = tomli.loads((tmp_path / "again" / "stack.toml").read_text())["pricing"]
    assert (again["gamma"], again["k"]) == (ran["gamma"], ran["k"])


def test_the_text_says_what_a_fill_is_and_why_this_gamma(mmkit: Mmkit, market: Path) -> None:
    done = mmkit("calibrate", "stack.toml", "--every", "50ms")
    assert done.returncode == 0
    assert "a quote fills when a trade reaches its price; centred anew every 0.05 s" in done.stdout
    assert "<- used" in done.stdout
    assert "1/quote to begin with, because" in done.stdout


def test_a_fault_in_the_file_names_the_file_and_the_key(mmkit: Mmkit, stack_file: Path, tmp_path: Path) -> None:
    (tmp_path / "fit.toml").write_text("[pricing]\ngamma = -1\nkk = 3\n")
    done = mmkit("check", "stack.toml", "--set", "@fit.toml")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "--set @fit.toml: pricing.gamma: must be above 0 1/quote, is -1",
        '--set @fit.toml: pricing.kk: unknown key (did you mean "k"?)',
    ]
    (tmp_path / "fit.toml").write_text("[pricing\n")
    assert mmkit("check", "stack.toml", "--set", "@fit.toml").stderr.startswith("--set @fit.toml: is not a TOML file: ")
    done = mmkit("check", "stack.toml", "--set", "@none.toml")
    assert (done.returncode, done.stderr) == (2, "--set @none.toml: cannot be read: No such file or directory\n")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--every", "fast"], 2, "--every fast: 'fast' is not a duration"),
        (["--every", "0s"], 2, "--every 0s: must be above 0s"),
        (["--farthest", "-1"], 2, "--farthest -1: must be a price above 0"),
        (["--every", "10h"], 3, "the data is shorter than one interval"),
        (["--out", "none/fit.toml"], 2, "none/fit.toml: cannot be written: No such file or directory"),
        (["--picture", "none/fit.svg"], 2, "none/fit.svg: cannot be written: No such file or directory"),
        (["--set", "pricing.gama=1"], 2, 'pricing.gama: unknown key (did you mean "gamma"?)'),
    ],
)
def test_faults_are_one_line_with_the_exit_code_of_their_kind(
    mmkit: Mmkit, stack_file: Path, args: list[str], code: int, said: str
) -> None:
    done = mmkit("calibrate", "stack.toml", *args)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_missing_data_is_exit_3(mmkit: Mmkit, stack_file: Path) -> None:
    market = ["instruments.SIM.market.use=binance-raw", "instruments.SIM.market.path=none.gz"]
    text = stack_file.read_text().replace('duration = "20s"\n', "")
    stack_file.write_text(text)
    done = mmkit("calibrate", "stack.toml", *(part for each in market for part in ("--set", each)))
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_definition_of_a_fill_is_wrong_usage(mmkit: Mmkit, stack_file: Path) -> None:
    assert mmkit("calibrate", "stack.toml", "--fill", "hope").returncode == 2
