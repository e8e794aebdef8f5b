"""mmkit run: runs a stack and says where the results are."""

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmkit.cli.options import Data, Disable, DisablePlugin, Enable, Json, Seed, Set, StackFile
from mmkit.cli.printing import say
from mmkit.cli.progress import bar

if TYPE_CHECKING:
    from mmkit.runs import Run

EXAMPLE = "Example: mmkit run stack.toml --data btcusdt.gz --seed 7 --set pricing.gamma=0.2"


class Engine(enum.StrEnum):
    """Which engine runs the stack."""

    AUTO = "auto"
    PYTHON = "python"
    COMPILED = "compiled"


def tell(text: str) -> None:
    """Says on stderr what takes time."""
    typer.echo(text, err=True)


def told(done: "Run") -> list[str]:
    """Returns what else to know of a run with hedges, or with risk rules that watch: a line each, for stderr."""
    lines = []
    if done.stack.hedges:
        profit = done.summary["pnl"]
        lines.append(f"hedges {profit['hedge']:+.6g} of a profit of {profit['total']:+.6g}")
    if done.stack.watchers and "paths" not in done.summary:
        levels = (line.split(" ", 2) for line in reversed(done.log))
        last = next((text for _, kind, text in levels if kind == "risk"), "normal")
        lines.append(f"risk at the end: {last.partition(', ')[0]}")
    return lines


def run(
    stack: StackFile,
    data: Data = None,
    seed: Seed = None,
    engine: Annotated[Engine, typer.Option(help="The engine that runs the stack.")] = Engine.AUTO,
    overrides: Set = None,
    enable: Enable = None,
    disable: Disable = None,
    disable_plugin: DisablePlugin = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The run's folder; else runs/<UTC time>-<stack name>/.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a stack; print the folder of the results, or with --json the summary."""
    from mmkit.folder import as_json as json_text
    from mmkit.folder import fresh
    from mmkit.runs import attempt
    from mmkit.settings import read

    read_stack = read(
        stack, data=data or (), seed=seed, overrides=overrides or (), enable=enable or (), disable=disable or ()
    )
    with bar() as progress:
        done = attempt(
            read_stack, engine=engine.value, out=out or fresh(read_stack.name), progress=progress, notify=tell
        )
    say(json_text(done.summary) if as_json else str(done.folder))
    for line in () if as_json else told(done):
        tell(line)
    if done.error is not None:
        raise done.error
    if done.interrupted:
        raise KeyboardInterrupt
