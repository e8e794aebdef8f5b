"""Fifty million rows through the compiled engine: rows a second and memory over the length of the market.

    python tests/benchmarks/long_run.py [FOLDER] [--millions N]

The market is made while it is replayed, nothing of it is on disk: the tape of one recording again and again, every repetition
a second after the one before. Making it is not counted. The last line compares with a run over the recording once, in
the same process; an engine that is compiled already is measured on both sides.
"""

import argparse
import itertools
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
from measuring import case, data_folder, empty_cache, load, median, quoter, table
from replaying import stack_of, tape_pieces

import mmkit
from mmkit.tape import Chunk

MARKET = "usdm_btcusdt"
SECOND = 1_000_000_000
STEP = 5_000_000
SMALL_RUNS = 7


@attrs.define
class Mark:
    """How far the market was: rows, seconds of replay alone, resident megabytes."""

    rows: int
    seconds: float
    mb: float


def resident() -> float:
    """Returns the megabytes that this process has in memory now, its peak where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return peak()
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def peak() -> float:
    """Returns the megabytes that this process had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / ((1 << 20) if sys.platform == "darwin" else (1 << 10))


def later(chunk: Chunk, shift: int) -> Chunk:
    """Returns a chunk some nanoseconds later."""
    local, venue = chunk.local.copy(), chunk.venue.copy()
    local["ts"] += shift
    venue["ts"] += shift
    return attrs.evolve(chunk, local=local, venue=venue)


def repeated(pieces: list[Chunk], rows: int, marks: list[Mark]) -> Iterator[Chunk]:
    """Yields the pieces over and over until `rows` rows are reached, and notes a mark every STEP rows."""
    times = [stream["ts"] for piece in pieces for stream in (piece.local, piece.venue) if len(stream)]
    span = max(int(each.max()) for each in times) - min(int(each.min()) for each in times) + SECOND
    done, shift, making = 0, 0, 0.0
    begun = time.perf_counter()
    marks.append(Mark(0, 0.0, resident()))
    while done < rows:
        for piece in pieces:
            started = time.perf_counter()
            made = later(piece, shift)
            making += time.perf_counter() - started
            yield made
            done += piece.events
            if done // STEP > marks[-1].rows // STEP:
                marks.append(Mark(done, time.perf_counter() - begun - making, resident()))
        shift += span


def run(stack: Any, pieces: list[Chunk], rows: int) -> tuple[dict[str, Any], list[Mark]]:
    """Returns the summary of a run over so many rows, and its marks."""
    marks: list[Mark] = []

    def chunks(params: Any, instrument: Any) -> Iterator[Chunk]:
        return repeated(pieces, rows, marks)

    leg = stack.leg
    rule = attrs.evolve(leg.market.rule, events=None, chunks=chunks)
    market = attrs.evolve(leg.market, rule=rule)
    longer = attrs.evolve(stack, legs={stack.quote: attrs.evolve(leg, market=market)})
    return mmkit.run(longer, engine="compiled").summary, marks


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="a long market: speed and memory over its length")
    parser.add_argument("folder", nargs="?", type=Path, help="recordings; default: MMKIT_DATA")
    parser.add_argument("--millions", type=int, default=50, help="rows, in millions")
    given = parser.parse_args()
    settings: quoter.Case = case(data_folder(given.folder), MARKET)
    with empty_cache(), tempfile.TemporaryDirectory() as folder:
        stack = stack_of(settings.stack(), Path(folder))
        pieces = tape_pieces(stack)
        run(stack, pieces, 1)
        small = [run(stack, pieces, 1)[0]["timing"]["run_s"] for _ in range(SMALL_RUNS)]
        summary, marks = run(stack, pieces, given.millions * 1_000_000)
    lines = []
    for before, mark in itertools.pairwise(marks):
        rate = (mark.rows - before.rows) / (mark.seconds - before.seconds) / 1e6
        lines.append([f"{mark.rows / 1e6:.1f} M rows", f"{rate:.1f}", f"{mark.mb:.0f}"])
    table(f"{MARKET}, one level, compiled ({load()})", ["up to", "million rows/s", "MB resident"], lines)
    rows = sum(piece.events for piece in pieces)
    short, long = rows / median(small), summary["data"]["events"] / summary["timing"]["run_s"]
    print(f"once ({rows} rows, median of {SMALL_RUNS}): {short / 1e6:.1f} million rows/s, run_s of the summary")
    print(f"whole ({summary['data']['events']} rows): {long / 1e6:.1f} million rows/s, {long / short:.2f} of it")
    print(f"peak {peak():.0f} MB; {summary['fills']['count']} fills")


if __name__ == "__main__":
    main()
