"""What every command has in common: help, exit codes, streams, one line per fault."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Mmkit = Callable[..., subprocess.CompletedProcess[str]]

COMMANDS = [
    [],
    ["demo"],
    ["run"],
    ["check"],
    ["init"],
    ["bench"],
    ["optimizations", "list"],
    ["explain"],
    ["calibrate"],
    ["schema"],
]
HEAVY = ("numpy", "polars", "plotly", "numba", "scipy", "cattrs", "rich", "pydantic")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_goes_to_stdout_with_an_example(mmkit: Mmkit, command: list[str]) -> None:
    done = mmkit(*command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Usage: mmkit {' '.join(command)}".strip() in done.stdout
    assert "Example: mmkit " in done.stdout


@pytest.mark.parametrize("command", [*COMMANDS, ["--version"]])
def test_help_imports_nothing_heavy(command: list[str]) -> None:
    script = f"""
import sys
sys.argv = ["mmkit", *{command!r}, *([] if {command!r} == ["--version"] else ["--help"])]
from mmkit.cli import main
try:
    main()
except SystemExit:
    pass
print(*[name for name in {HEAVY!r} if name in sys.modules], sep=",", file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.strip() == ""


def test_the_version_is_the_distributions(mmkit: Mmkit) -> None:
    from importlib.metadata import version

    assert mmkit("--version").stdout == f"mmkit {version('mmkit')}\n"


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["rnu"],
        ["run"],
        ["check"],
        ["init"],
        ["run", "stack.toml", "--sed", "1"],
        ["run", "stack.toml", "--seed", "one"],
        ["run", "stack.toml", "--engine", "fast"],
        ["check", "a.toml", "b.toml"],
    ],
)
def test_wrong_usage_is_exit_2_without_a_traceback(mmkit: Mmkit, args: list[str]) -> None:
    done = mmkit(*args)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr or not args


BROKEN = "import mmkit\nx = (\n"
RAISES = "\n\nraise ValueError('at import')\n"

BAD_STACKS = {
    "unknown key": (("gamma = 1.0", "gamma = 1.0\ngama = 1"), 2, 'pricing.gama: unknown key (did you mean "gamma"?)'),
    "wrong type": (("gamma = 1.0", 'gamma = "1.0"'), 2, 'pricing.gamma: must be a number, is "1.0"'),
    "a truth value": (("gamma = 1.0", "gamma = true"), 2, "pricing.gamma: must be a number, is true"),
    "out of range": (("gamma = 1.0", "gamma = -1"), 2, "pricing.gamma: must be above 0 1/quote, is -1"),
    "not a number": (("gamma = 1.0", "gamma = nan"), 2, "pricing.gamma: must be a finite number, is nan"),
    "missing key": (("gamma = 1.0", ""), 2, "pricing.gamma: required (1/quote): risk aversion"),
    "bare duration": (('"20s"', "20"), 2, 'must be a duration with its unit, such as "20s"'),
    "unknown plugin": (
        ('"avellaneda"', '"avelaneda"'),
        2,
        'no pricing plugin "avelaneda" (did you mean "avellaneda"?)',
    ),
    "unknown section": (("[report]", "[reprt]"), 2, 'reprt: unknown section (did you mean "report"?)'),
    "no TOML": (("[report]", "[report"), 2, "is not a TOML file: Expected ']'"),
    "nothing provides": (
        ('[signals.sigma]\nuse = "volatility"\nwarm_up = "2s"\n', ""),
        2,
        "pricing.inputs.volatility: required",
    ),
    "plugin file not there": (
        ("[report]", '[stack]\nplugins = ["gone.py"]\n[report]'),
        2,
        "gone.py: no such plugin file",
    ),
    "plugin file broken": (("[report]", '[stack]\nplugins = ["broken.py"]\n[report]'), 4, "broken.py:2: SyntaxError:"),
    "plugin file raises": (
        ("[report]", '[stack]\nplugins = ["raises.py"]\n[report]'),
        4,
        "raises.py:3: ValueError: at import",
    ),
    "optimization": (
        ("k = 100.0", 'k = 100.0\noptimizations = ["spred-cache"]'),
        2,
        'no optimization plugin "spred-cache" (did you mean "spread-cache"?)',
    ),
}


@pytest.mark.parametrize(
    ("command", "name"), [*(("check", name) for name in BAD_STACKS), ("run", "plugin file raises")]
)
def test_a_bad_stack_is_one_line_and_its_exit_code(mmkit: Mmkit, stack_file: Path, command: str, name: str) -> None:
    (old, new), code, fault = BAD_STACKS[name]
    text = stack_file.read_text()
    assert old in text
    stack_file.write_text(text.replace(old, new))
    stack_file.with_name("broken.py").write_text(BROKEN)
    stack_file.with_name("raises.py").write_text(RAISES)
    done = mmkit(command, "stack.toml")
    assert (done.returncode, done.stdout) == (code, "")
    assert fault in done.stderr
    assert len(done.stderr.splitlines()) == 1
    if code == 2:
        assert done.stderr.startswith("stack.toml: ")
    assert not stack_file.with_name("runs").exists()


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("stak.toml", 'stak.toml: no such stack file (did you mean "stack.toml"?)'),
        (".", ".: is a folder, not a stack file"),
        ("junk.toml", "junk.toml: is not a TOML file: not UTF-8 text"),
    ],
)
def test_what_is_no_stack_is_exit_2(mmkit: Mmkit, stack_file: Path, name: str, fault: str) -> None:
    stack_file.with_name("junk.toml").write_bytes(bytes(range(256)))
    done = mmkit("run", name)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{fault}\n")


def test_several_faults_of_file_and_command_line_are_one_line_each(mmkit: Mmkit, stack_file: Path) -> None:
    stack_file.write_text(stack_file.read_text().replace("quantity = 0.1", "quantity = 0"))
    done = mmkit(
        "check", stack_file, "--set", "pricing.gamma=-1", "--disable", "risk.limits", "--data", "x.gz", "--seed=-1"
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 5
    assert "Traceback" not in done.stderr


def test_check_prints_the_wiring(mmkit: Mmkit, stack_file: Path) -> None:
    done = mmkit("check", stack_file)
    assert (done.returncode, done.stderr) == (0, "")
    assert "volatility <- sigma.value (price/sqrt(s))" in done.stdout
    assert "order_size <- sizing.order_size (base)" in done.stdout
    assert "stack stack: quotes SIM, seed 0" in done.stdout
    assert "\x1b" not in done.stdout


def test_check_as_json_is_one_document_with_overrides_applied(mmkit: Mmkit, stack_file: Path) -> None:
    done = mmkit("check", stack_file, "--json", "--seed", "9", "--set", "pricing.gamma=0.25")
    document = json.loads(done.stdout)
    assert document["seed"] == 9
    (pricing,) = [rule for rule in document["rules"] if rule["path"] == "pricing"]
    assert pricing["params"]["gamma"] == 0.25
    assert pricing["params"]["max_spread"] is None
    assert pricing["inputs"] == {"volatility": "sigma.value", "order_size": "sizing.order_size"}


def test_a_reader_that_has_seen_enough_is_no_error(command: Path, stack_file: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [command, "check", stack_file], stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


OUTDATED = """
import attrs
import mmkit

@attrs.frozen
class Params:
    half: float = mmkit.field(1.0, unit="quote", above=0, doc="half-spread")
    spread: float = mmkit.field(0.0, unit="quote", at_least=0, doc="both halves", deprecated="use half")

@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("wide", params=Params, quote=lambda params, state, market: (market.mid, params.half, params.half))
"""


@pytest.mark.parametrize("arguments", [["check"], ["run", "--json", "--engine", "python"]], ids=["check", "run"])
def test_a_deprecated_key_is_one_line_and_everything_works(
    mmkit: Mmkit, stack_file: Path, tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "wide.py").write_text(OUTDATED)
    text = stack_file.read_text().replace('use = "avellaneda"\ngamma = 1.0\nk = 100.0', 'use = "wide"\nspread = 0.1')
    stack_file.write_text('[stack]\nplugins = ["wide.py"]\n' + text)
    command, *options = arguments
    done = mmkit(command, stack_file.name, *options)
    assert (done.returncode, done.stderr) == (0, "stack.toml: pricing.spread: deprecated, use half\n")
    assert done.stdout != ""
