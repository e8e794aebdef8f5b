"""Peak memory over the length of the market: one recording chained 1, 2, 4 and 8 times, each in a process of its own.

    python tests/benchmarks/memory.py [FOLDER]

Fills and records grow with the market and are small; the tape must not: it is made, replayed and forgotten in pieces.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from measuring import arguments, case, empty_cache, load, quoter, recording, table

MARKET = "usdm_btcusdt"
ENGINES = ("python", "compiled")
TIMES = (1, 2, 4, 8)
SECOND = 1_000_000_000


def chain(path: Path, folder: Path, times: int) -> list[Path]:
    """Writes the recording `times` times, each a second after the one before, and returns the files."""
    rows = np.load(path)["data"]
    clocks = rows["exch_ts"], rows["local_ts"]
    span = int(max(clock.max() for clock in clocks) - min(clock.min() for clock in clocks)) + SECOND
    files = []
    for at in range(times):
        files.append(folder / f"part{at}.npy")
        np.save(files[-1], rows)
        for clock in clocks:
            clock += span
    return files


def peak(engine: str, stack: Path, files: list[Path]) -> tuple[float, int, float]:
    """Returns MB at the peak, rows replayed and seconds of a run in a process of its own, which converts the files."""
    command = [sys.executable, __file__, "--one", engine, str(stack), *map(str, files)]
    with empty_cache():
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return found["mb"], found["events"], found["seconds"]


def one(engine: str, stack: str, *files: str) -> None:
    """Runs a stack over chained files and prints its peak as JSON."""
    import mmkit

    summary = mmkit.run(stack, data=files, engine=engine).summary
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    timing = summary["timing"]
    seconds = timing["run_s"] + timing["convert_s"]
    print(json.dumps({"mb": mb, "events": summary["data"]["events"], "seconds": seconds}))


def main() -> None:
    """Prints the table."""
    given = arguments("peak memory over the length of the market", rounds=1)
    with tempfile.TemporaryDirectory() as folder:
        files = chain(recording(given.folder, MARKET), Path(folder), max(TIMES))
        settings: quoter.Case = case(given.folder, MARKET)
        stack = Path(folder) / "stack.toml"
        stack.write_text(settings.stack())
        lines = []
        for engine in ENGINES:
            found = [peak(engine, stack, files[:times]) for times in TIMES]
            for times, (mb, events, seconds) in zip(TIMES, found, strict=True):
                rate = events / seconds / 1e6
                lines.append([f"{engine} {times}x", events, f"{mb:.0f}", f"{mb / found[0][0]:.2f}", f"{rate:.2f}"])
    header = ["", "rows", "MB", "of the first", "million rows/s with conversion"]
    table(f"peak resident memory ({load()})", header, lines)


if __name__ == "__main__":
    one(*sys.argv[2:]) if sys.argv[1:2] == ["--one"] else main()
