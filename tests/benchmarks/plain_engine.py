"""Rows a second of the plain-Python engine and of hftbacktest's compiled one, on the same quoter in the same run.

    python tests/benchmarks/plain_engine.py [FOLDER] [--rounds N]

Rounds are interleaved: hftbacktest with its hash book, with its array book around the touch, then mmkit. Medians count.
hftbacktest's times leave out its compilation and its reading of the file; mmkit's are given without and with the
conversion of the file to a tape. A row is one 64-byte row of the file; both sides must have the same fills.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from measuring import (
    MARKETS,
    QUOTERS,
    Peer,
    arguments,
    case,
    empty_cache,
    median,
    quoter,
    recording,
    run_stack,
    start_peer,
    table,
)

TRADE = 2


def near_the_touch(path: Path) -> dict[str, float]:
    """Returns the range of prices that the peer's array book covers: what traded, and one percent around it."""
    rows = np.load(path)["data"]
    traded = rows["px"][(rows["ev"] & np.uint64(255)) == TRADE]
    return {"low": round(float(traded.min()) * 0.99), "high": round(float(traded.max()) * 1.01)}


def measure(peer: Peer, ours: quoter.Case, area: dict[str, float], rounds: int) -> dict[str, Any]:
    """Returns median seconds of both sides. Raises SystemExit where their fills differ."""
    times: dict[str, list[float]] = {"hash": [], "roi": [], "replay": [], "whole": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            fills = []
            for book in ("hash", "roi"):
                answer = peer.ask(ours.line() | area | {"book": book, "repeats": 1})
                times[book] += answer["times"]
                fills.append(quoter.peer_outcome(answer).fills)
            with empty_cache():  # so that every round converts the file
                run = run_stack(ours, Path(folder), "python")
            timing = run.summary["timing"]
            times["replay"].append(timing["run_s"])
            times["whole"].append(timing["run_s"] + timing["convert_s"])
            fills.append(quoter.outcome(ours, run).fills)
            if any(other != fills[0] for other in fills):
                raise SystemExit(f"{ours.name()}: the fills differ: {[len(each) for each in fills]}")
    return {name: median(all_times) for name, all_times in times.items()} | {
        "rows": answer["rows"],
        "fills": len(fills[0]),
    }


def main() -> None:
    """Prints the table."""
    given = arguments("the plain engine against hftbacktest", rounds=5)
    lines = []
    with start_peer() as peer:
        for market in MARKETS:
            area = near_the_touch(recording(given.folder, market))
            for name, changes in QUOTERS.items():
                found = measure(peer, case(given.folder, market, **changes), area, given.rounds)
                speed = {key: found["rows"] / found[key] / 1e6 for key in ("hash", "roi", "replay", "whole")}
                rates = [f"{speed[key]:.2f}" for key in ("hash", "roi", "replay", "whole")]
                fastest = max(speed["hash"], speed["roi"])
                ratios = [f"{speed[key] / fastest:.3f}" for key in ("replay", "whole")]
                lines.append([f"{market}, {name}", found["rows"], found["fills"], *rates, *ratios])
    header = ["", "rows", "fills", "hash", "array", "mmkit replay", "with conversion", "replay/peer", "with conv./peer"]
    table("million rows/s; ratios to hftbacktest's faster book; fills identical", header, lines)


if __name__ == "__main__":
    main()
