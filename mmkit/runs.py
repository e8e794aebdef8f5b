"""Runs a stack and hands back what happened: `mmkit.run`."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import attrs

from mmkit.decisions import lines
from mmkit.driver import Outcome, Progress, drive
from mmkit.errors import ConfigError, MmkitError, PluginError, nearest
from mmkit.folder import write
from mmkit.results import Collector
from mmkit.settings import read
from mmkit.stack import Stack
from mmkit.summary import summarize

ENGINES = ("auto", "python", "compiled")


@attrs.frozen(eq=False)
class Run:
    """A finished run.

    summary: as in summary.json; fills, records: polars DataFrames with the columns of the parquet files; folder: where it was written,
    if it was; log: the decision log's lines; error: what ended it early, if anything did (then everything else holds what came before).
    """

    stack: Stack
    summary: dict[str, Any]
    fills: Any
    records: Any
    folder: Path | None = None
    error: MmkitError | None = None
    interrupted: bool = False
    log: Sequence[str] = ()


def run(
    stack: str | Path | Stack,
    *,
    data: Sequence[str] = (),
    seed: int | None = None,
    engine: str = "auto",
    set: Sequence[str] = (),
    enable: Sequence[str] = (),
    disable: Sequence[str] = (),
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> Run:
    """Runs a stack file (or a stack already read) over its market and returns the result.

    data: "[NAME=]PATH"; set: "KEY.PATH=VALUE"; enable, disable: key paths of rules; out: a folder to write the run to. Raises ConfigError,
    DataError, PluginError or VenueError; with `out`, what was computed up to the fault has been written there.
    """
    result = attempt(
        stack, data=data, seed=seed, engine=engine, set=set, enable=enable, disable=disable, out=out, progress=progress
    )
    if result.error is not None:
        raise result.error
    if result.interrupted:
        raise KeyboardInterrupt
    return result


def attempt(
    stack: str | Path | Stack,
    *,
    data: Sequence[str] = (),
    seed: int | None = None,
    engine: str = "auto",
    set: Sequence[str] = (),
    enable: Sequence[str] = (),
    disable: Sequence[str] = (),
    out: str | Path | None = None,
    progress: Progress | None = None,
    notify: Callable[[str], None] | None = None,
) -> Run:
    """The same, but a fault or an interruption on the way is returned with the results up to it instead of raised.

    notify: told in one line when something takes time, such as compiling.
    """
    if engine not in ENGINES:
        raise ConfigError(
            f"--engine {engine}: unknown engine; there are {', '.join(ENGINES)}{nearest(engine, ENGINES)}"
        )
    if not isinstance(stack, Stack):
        stack = read(Path(stack), data=data, seed=seed, overrides=set, enable=enable, disable=disable)
    collector = Collector(stack)
    tell = notify or (lambda text: None)
    with ExitStack() as surroundings:
        for slot in stack.process:
            surroundings.enter_context(slot.rule.around(slot.params, tell))  # type: ignore[attr-defined]
        outcome: Outcome = drive(stack, collector, engine=engine, progress=progress, notify=tell)
    if out is not None:
        outcome.error = kept(outcome.error, Path(out))
    fills, records = collector.fills_table(), collector.records_table()
    result = Run(
        stack=stack,
        summary=summarize(collector, outcome, fills, records),
        fills=fills,
        records=records,
        error=outcome.error,
        interrupted=outcome.interrupted,
        log=tuple(lines(collector)),
    )
    if out is not None:
        result = attrs.evolve(result, folder=Path(out))
        fault = write(result)
        if fault is not None and result.error is None:
            result = attrs.evolve(result, error=fault)
    return result


def kept(error: MmkitError | None, folder: Path) -> MmkitError | None:
    """Writes what a rule was given when it failed into the run's folder, in place of what an earlier run left; the error says where."""
    from mmkit.fault_file import NAME, write

    if not isinstance(error, PluginError) or error.fault is None:
        with suppress(OSError):  # what cannot be written there is said when the run is
            (folder / NAME).unlink(missing_ok=True)
        return error
    found = PluginError(f"{error}; its state: {write(folder, error.fault)}")
    found.fault, found.__cause__ = error.fault, error.__cause__
    return found
