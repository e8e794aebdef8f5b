"""What the benchmarks share: where the recordings are, how long runs took, and tables."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "parity"))

import quoter  # noqa: E402
from peer_process import Peer, UnavailableError, python  # noqa: E402

MARKETS: dict[str, dict[str, Any]] = {
    "usdm_btcusdt": {"tick": 0.1, "lot": 0.001, "half_spread": 2.0, "quantity": 0.01, "max_position": 0.1},
    "usdm_ethusdt": {"tick": 0.01, "lot": 0.001, "half_spread": 0.1, "quantity": 0.1, "max_position": 1.0},
    "spot_btcusdt": {"tick": 0.01, "lot": 0.00001, "half_spread": 2.0, "quantity": 0.01, "max_position": 0.1},
}
QUOTERS: dict[str, dict[str, Any]] = {"one level": {"levels": 1}, "five levels": {"levels": 5, "gap": 10}}


def arguments(what: str, rounds: int) -> argparse.Namespace:
    """Returns the command line: the folder of recordings and the number of rounds. Exits 3 where there are none."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("folder", nargs="?", type=Path, help="recordings; default: MMKIT_DATA")
    parser.add_argument("--rounds", type=int, default=rounds, help="interleaved runs of which the median counts")
    given = parser.parse_args()
    given.folder = data_folder(given.folder)
    return given


def data_folder(given: Path | None) -> Path:
    """Returns the folder of recordings: the one given, else the default. Exits 3 where there is none."""
    folder = given or Path(os.environ.get("MMKIT_DATA", HERE.parents[2] / "shared" / "data"))
    if not folder.is_dir():
        print("no recordings: give their folder, or set MMKIT_DATA", file=sys.stderr)
        raise SystemExit(3)
    return folder


def load() -> str:
    """Returns how busy the machine is, to be printed beside a figure."""
    return f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"


def recording(folder: Path, market: str) -> Path:
    """Returns the events of a market in hftbacktest's format."""
    return folder / "derived" / f"hftbacktest-format_{market}_20240808.npz"


def raw_recording(folder: Path, market: str) -> Path:
    """Returns the messages of a market as the venue sent them."""
    return folder / "binance" / f"{market}_20240808.gz"


def case(folder: Path, market: str, **changes: Any) -> quoter.Case:
    """Returns a quoter on a market."""
    return quoter.Case(data=recording(folder, market), **(MARKETS[market] | changes))


def start_peer(script: Path | None = None) -> Peer:
    """Returns the peer at work. Exits 1, saying why, where it cannot be installed."""
    try:
        return Peer(python()) if script is None else Peer(python(), script)
    except UnavailableError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


@contextmanager
def empty_cache() -> Iterator[Path]:
    """Within this block, in this process and those that it starts, mmkit's cache is a folder of its own, empty at first."""
    before = os.environ.get("MMKIT_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MMKIT_CACHE"] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ["MMKIT_CACHE"]
            if before is not None:
                os.environ["MMKIT_CACHE"] = before


def run_stack(case: quoter.Case, folder: Path, engine: str, market: str = "hftbacktest") -> Any:
    """Runs a case with one of mmkit's engines and returns its run."""
    import mmkit

    stack = folder / "case.toml"
    stack.write_text(case.stack(market))
    return mmkit.run(stack, engine=engine)


def table(title: str, header: Sequence[str], lines: Sequence[Sequence[object]]) -> None:
    """Prints a table, numbers to the right."""
    cells = [[str(cell) for cell in line] for line in (header, *lines)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
    print(f"\n{title}")
    for line in cells:
        first, *others = [
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join([first, *others]))


__all__ = [
    "HERE",
    "MARKETS",
    "QUOTERS",
    "Peer",
    "arguments",
    "case",
    "data_folder",
    "empty_cache",
    "load",
    "median",
    "quoter",
    "raw_recording",
    "recording",
    "run_stack",
    "start_peer",
    "table",
]
