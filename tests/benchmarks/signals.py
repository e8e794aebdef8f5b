"""What each signal adds to an event, ns, plain and compiled: a run with it against the same run without it.

    python tests/benchmarks/signals.py [--minutes N] [--rounds N] [--engines plain compiled] [--write FILE]

The market is the simulated book, made once; the stack quotes one level at a fixed distance, ten times a second. The loop alone runs with
and without the signal in turn, each time on a fresh session; the median of their differences, divided by the rows of the market, counts.
Times are the thread's own, so that other work on the machine counts little. A signal that needs another is compared with a stack that
has that one. --write keeps the times for the pages of the rules.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tomli
import tomli_w
from measuring import load, median, table
from replaying import Replay, stack_of, tape

from mmkit.plugins import offers
from mmkit.rules import Role
from mmkit.stack import Stack
from mmkit.tape import Chunk

STACK = """
[stack]
seed = 7
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
duration = "{minutes}m"
[sizing]
use = "fixed"
quantity = 0.1
max_position = 2.0
[pricing]
use = "fixed"
half_spread = 0.02
"""

NEEDS = {"regime": ("trend",)}
"""Signals without which another has nothing to look at."""

ROUNDS = {"plain": 7, "compiled": 31}


def text(minutes: int, signals: Sequence[str]) -> str:
    """Returns the stack with these signals, each under its own name and with its defaults."""
    return STACK.format(minutes=minutes) + "".join(f'[signals.{name}]\nuse = "{name}"\n' for name in signals)


class Timed(Replay):
    """A stack over the market, its loop timed by the processor's time that this thread had."""

    seconds = 0.0

    def __init__(self, stack: Stack, engine: str, chunk: Chunk) -> None:
        super().__init__(stack, engine, chunk)
        replay = self.engine.replay

        def timed(*given: Any) -> Any:
            begun = time.thread_time()
            code = replay(*given)
            self.seconds = time.thread_time() - begun
            return code

        self.engine.replay = timed

    def again(self) -> float:
        """Runs the loop on a fresh session and returns its seconds."""
        self.run()
        return self.seconds


def added(name: str, engine: str, minutes: int, rounds: int, chunk: Chunk, folder: Path) -> list[float]:
    """Returns what the signal adds to a row of the market, ns, round by round."""
    needed = NEEDS.get(name, ())
    without = Timed(stack_of(text(minutes, needed), folder), engine, chunk)
    with_it = Timed(stack_of(text(minutes, (*needed, name)), folder), engine, chunk)
    for each in (without, with_it):  # compiled or loaded, and the caches of the processor warm
        each.again()
    return [(with_it.again() - without.again()) * 1e9 / chunk.events for _ in range(rounds)]


def lines(found: dict[str, dict[str, list[float]]], engines: Sequence[str]) -> Iterator[list[str]]:
    """Yields a line per signal: per engine the median, and the middle half of the rounds."""
    for name, times in found.items():
        cells = [name]
        for engine in engines:
            ordered = sorted(times[engine])
            low, high = ordered[len(ordered) // 4], ordered[-1 - len(ordered) // 4]
            cells += [f"{median(ordered):.1f}", f"{low:.1f} to {high:.1f}"]
        yield cells


def keep(file: Path, engine: str, found: dict[str, dict[str, list[float]]]) -> None:
    """Puts one engine's times into a file; those of the other engine stay, so that each can be measured by itself.

    A time that the noise of the machine hides, whose middle half reaches zero, is left out.
    """
    kept = tomli.loads(file.read_text("utf-8")) if file.is_file() else {}
    for name, times in found.items():
        ordered = sorted(times[engine])
        kept.setdefault(name, {}).pop(f"{engine}_ns", None)
        if ordered[len(ordered) // 4] > 0.0:
            kept[name][f"{engine}_ns"] = round(median(ordered), 1)
    kept = {name: kept[name] for name in found if kept[name]}
    file.write_bytes(tomli_w.dumps(kept).encode())


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="what each signal adds to an event")
    parser.add_argument("--minutes", type=int, default=10, help="length of the simulated market")
    parser.add_argument("--rounds", type=int, help="pairs of runs; default: 7 plain, 31 compiled")
    parser.add_argument("--engines", nargs="+", choices=tuple(ROUNDS), default=list(ROUNDS))
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep the times as TOML")
    given = parser.parse_args()
    names = offers().names(Role.SIGNALS)
    found: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    with tempfile.TemporaryDirectory() as folder:
        chunk = tape(stack_of(text(given.minutes, ()), Path(folder)))
        for engine in given.engines:
            for name in names:
                print(f"{engine}: {name}", file=sys.stderr)
                rounds = given.rounds or ROUNDS[engine]
                found[name][engine] = added(name, engine, given.minutes, rounds, chunk, Path(folder))
            if given.write:
                keep(given.write, engine, found)
    header = ["signal", *(cell for engine in given.engines for cell in (f"{engine}, ns", "middle half"))]
    title = f"added per event; {chunk.events} rows, {given.minutes} minutes of market; {load()}"
    table(title, header, list(lines(found, given.engines)))


if __name__ == "__main__":
    main()
