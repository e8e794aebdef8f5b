"""Commands that plugins add: in --help without an import, run when they are asked for, and never in another's way."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Ran = subprocess.CompletedProcess[str]
Mmkit = Callable[..., Ran]

GREETING = '''
from typing import Annotated

import typer

import mmkit


def hello(name: Annotated[str, typer.Argument(help="Whom to greet.")], fault: str = "") -> None:
    """Greet somebody."""
    if fault == "own":
        raise ValueError("two\\nlines")
    if fault == "user":
        raise mmkit.ConfigError("stack.toml: wrong")
    if fault == "usage":
        raise typer.BadParameter("nobody")
    if fault == "exit":
        raise typer.Exit(7)
    print(f"hello {name}")


app = typer.Typer()


@app.callback()
def several() -> None:
    """Several greetings."""


@app.command()
def morning() -> None:
    """Greet in the morning."""
    print("good morning")


@app.command()
def never() -> None:
    """Fail."""
    1 / 0
'''

ENTRIES = [
    ("command", "hello", "greeting:hello"),
    ("command", "greet", "greeting:app"),
    ("command", "check", "greeting:hello"),
    ("command", "number", "greeting:__name__"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, installer: Callable[[Path], Callable[..., Path]]) -> Path:
    """Returns a folder with installed commands: sound ones, rivals, one that fails on import."""
    folder = tmp_path_factory.mktemp("site")
    install = installer(folder)
    install("mmkit-greeting", {"greeting": GREETING}, ENTRIES)
    install("mmkit-failing", {"failing": "\nimport absent\n"}, [("command", "failing", "failing:f")])
    for name in ("one", "two"):
        install(
            name,
            {f"{name}_commands": "def f() -> None:\n    print(__name__)\n"},
            [("command", "twin", f"{name}_commands:f")],
        )
    return folder


@pytest.fixture
def with_site(mmkit: Mmkit, site: Path) -> Mmkit:
    """Returns a runner of mmkit where those distributions are installed."""

    def run(*args: str, **environment: str) -> Ran:
        return mmkit(*args, PYTHONPATH=str(site), **environment)

    return run


def test_help_lists_them_by_their_distribution(with_site: Mmkit) -> None:
    done = with_site("--help")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    assert ["hello", "from mmkit-greeting 1.5"] in lines
    assert ["failing", "from mmkit-failing 1.5"] in lines
    assert ["twin", "from one 1.5 and two 1.5"] in lines
    assert len([line for line in lines if line[:1] == ["check"]]) == 1


def test_a_function_is_a_command(with_site: Mmkit) -> None:
    done = with_site("hello", "Ada")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello Ada\n", "")
    done = with_site("hello", "--help")
    assert done.stdout.startswith("Usage: mmkit hello ")
    assert "Greet somebody." in done.stdout
    assert "Whom to greet." in done.stdout


def test_an_app_is_a_group_of_commands(with_site: Mmkit) -> None:
    assert with_site("greet", "morning").stdout == "good morning\n"
    assert "Several greetings." in with_site("greet", "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["hello", "Ada", "--fault", "own"], 4, 'command "hello" of mmkit-greeting 1.5: {site}/greeting.py:12: ValueError: two lines\n'),
        (["greet", "never"], 4, 'command "greet" of mmkit-greeting 1.5: {site}/greeting.py:39: ZeroDivisionError: division by zero\n'),
        (["hello", "Ada", "--fault", "user"], 2, "stack.toml: wrong\n"),
        (["hello", "Ada", "--fault", "exit"], 7, ""),
        (["number"], 4, 'command "number" of mmkit-greeting 1.5: greeting:__name__ is neither a function nor a typer.Typer\n'),
        (["failing"], 4, 'command "failing" of mmkit-failing 1.5: {site}/failing.py:2: ModuleNotFoundError: No module named \'absent\'\n'),
        (["twin"], 4, 'command "twin" is offered by both one 1.5 and two 1.5\n'),
        (["--disable-plugin", "hello", "hello", "Ada"], 2, 'command "hello" of mmkit-greeting 1.5 is disabled by --disable-plugin hello\n'),
    ],
    ids=["own fault", "own fault in a group", "user's fault", "exit", "no function", "import", "rivals", "disabled"],
)  # fmt: skip
def test_what_goes_wrong_is_one_line(with_site: Mmkit, site: Path, arguments: list[str], code: int, said: str) -> None:
    done = with_site(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", said.replace("{site}", str(site)))


@pytest.mark.parametrize("arguments", [["hello"], ["hello", "Ada", "--fault", "usage"], ["hello", "--loud"]])
def test_wrong_usage_is_told_as_of_our_own_commands(with_site: Mmkit, arguments: list[str]) -> None:
    done = with_site(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: mmkit hello ")
    assert "Traceback" not in done.stderr


def test_disabling_one_of_two_rivals_makes_the_other_usable(with_site: Mmkit) -> None:
    assert with_site("--disable-plugin", "one", "twin").stdout == "two_commands\n"
    assert with_site("twin", MMKIT_DISABLE_PLUGINS="two").stdout == "one_commands\n"


def test_ours_wins_over_one_of_the_same_name(with_site: Mmkit) -> None:
    done = with_site("check", "gone.toml")
    assert (done.returncode, done.stderr) == (2, "gone.toml: no such stack file\n")


def test_a_name_that_nothing_has_is_told_the_nearest_of_theirs_too(with_site: Mmkit) -> None:
    done = with_site("helo")
    assert done.returncode == 2
    assert "No such command 'helo'. Did you mean 'hello'?" in done.stderr


def test_completion_offers_them(with_site: Mmkit) -> None:
    done = with_site(_MMKIT_COMPLETE="complete_bash", COMP_WORDS="mmkit he", COMP_CWORD="1")
    assert "hello" in done.stdout.split()
