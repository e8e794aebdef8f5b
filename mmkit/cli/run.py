"""mmkit run: runs a stack and says where the results are."""

import enum
from pathlib import Path
from typing import Annotated

import typer

from mmkit.cli.options import Data, Disable, Enable, Json, Seed, Set, StackFile, json_text
from mmkit.cli.progress import bar

EXAMPLE = "Example: mmkit run stack.toml --data btcusdt.gz --seed 7 --set pricing.gamma=0.2"


class Engine(enum.StrEnum):
    """Which engine runs the stack."""

    AUTO = "auto"
    PYTHON = "python"
    COMPILED = "compiled"


def run(
    stack: StackFile,
    data: Data = None,
    seed: Seed = None,
    engine: Annotated[Engine, typer.Option(help="The engine that runs the stack.")] = Engine.AUTO,
    overrides: Set = None,
    enable: Enable = None,
    disable: Disable = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The run's folder; else runs/<UTC time>-<stack name>/.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a stack; print the folder of the results, or with --json the summary."""
    from mmkit.run import run as run_stack
    from mmkit.settings import read

    read_stack = read(
        stack, data=data or (), seed=seed, overrides=overrides or (), enable=enable or (), disable=disable or ()
    )
    with bar() as progress:
        done = run_stack(read_stack, engine=engine.value, out=out, progress=progress)
    typer.echo(json_text(done.summary) if as_json else str(done.folder))
