"""Rows a second of the replay alone: hftbacktest with its two books, mmkit plain and compiled, the same quoter and fills.

    python tests/benchmarks/against_hftbacktest.py [FOLDER] [--rounds N]

Every round runs hftbacktest's hash book, its array ("ROI") book, mmkit's compiled engine and its plain one, one after the
other; each starts from what it has made of the file beforehand (rows in memory, a tape in memory) and has compiled before.
A row is one 64-byte row of the file. Exits 1 where fills differ. Three tables: decisions by a timer; the same over a
feed whose every row has a time of its own (rows a nanosecond apart), so that a segment has one row; decisions at
every book change and trade, against the peer's wait_next_feed loop. The spread is (highest - lowest) / median of the rounds.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np
from measuring import (
    HERE,
    MARKETS,
    QUOTERS,
    Peer,
    arguments,
    case,
    empty_cache,
    load,
    median,
    quoter,
    start_peer,
    table,
)
from plain_engine import near_the_touch
from replaying import Replay, stack_of, tape

FIRST = "usdm_btcusdt"
LONG_WAIT = 1 << 60
HEADER = ["", "rows", "fills", "hash", "array", "python", "compiled", "compiled/array", "compiled/hash", "python/array"]


def one_row_at_a_time(path: Path, folder: Path) -> Path:
    """Writes a recording in which every row of a stream is at least a nanosecond after the one before."""
    rows = np.load(path)["data"]
    for clock, bit in (("exch_ts", 31), ("local_ts", 30)):
        own = np.flatnonzero(rows["ev"] >> np.uint64(bit) & np.uint64(1))
        count = np.arange(len(own))
        rows[clock][own] = np.maximum.accumulate(rows[clock][own] - count) + count
    file = folder / "one-row.npz"
    np.savez(file, data=rows)
    return file


def line(name: str, peer: Peer, settings: quoter.Case, text: str, folder: Path, rounds: int) -> Sequence[object]:
    """Returns a line of the table. Raises SystemExit where the fills differ."""
    area = near_the_touch(settings.data)
    stack = stack_of(text, folder)
    chunk = tape(stack)
    ours = {engine: Replay(stack, engine, chunk) for engine in ("compiled", "python")}
    ours["compiled"].run()
    times: dict[str, list[float]] = {"hash": [], "array": [], "compiled": [], "python": []}
    for _ in range(rounds):
        fills = {}
        for book, shown in (("hash", "hash"), ("roi", "array")):
            answer = peer.ask(settings.line() | area | {"book": book, "repeats": 1})
            times[shown] += answer["times"]
            fills[shown] = quoter.peer_outcome(answer).fills
        for engine, replay in ours.items():
            seconds, fills[engine] = replay.run()
            times[engine].append(seconds)
        if any(found != fills["hash"] for found in fills.values()):
            raise SystemExit(f"{name}: fills differ: { {who: len(found) for who, found in fills.items()} }")
    rows = answer["rows"]
    speed = {who: rows / median(found) / 1e6 for who, found in times.items()}
    spread = {who: (max(found) - min(found)) / median(found) for who, found in times.items()}
    shown = [f"{speed[who]:.2f} ±{spread[who]:.0%}" for who in ("hash", "array", "python", "compiled")]
    pairs = (("compiled", "array"), ("compiled", "hash"), ("python", "array"))
    ratios = [f"{median([b / a for a, b in zip(times[us], times[them], strict=True)]):.2f}" for us, them in pairs]
    return [f"{name} ({ours['compiled'].decisions} decisions)", rows, len(fills["hash"]), *shown, *ratios]


def main() -> None:
    """Prints the tables."""
    given = arguments("replay against hftbacktest", rounds=9)
    with empty_cache(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with start_peer() as peer:
            lines = []
            for market in MARKETS:
                for kind, changes in QUOTERS.items():
                    settings = case(given.folder, market, **changes)
                    lines.append(line(f"{market}, {kind}", peer, settings, settings.stack(), folder, given.rounds))
            table(f"decisions every 100 ms: million rows/s ({load()})", HEADER, lines)
            lines = []
            for kind, changes in QUOTERS.items():
                settings = case(given.folder, FIRST, **changes)
                settings = attrs.evolve(settings, data=one_row_at_a_time(settings.data, folder))
                lines.append(line(f"{FIRST}, {kind}", peer, settings, settings.stack(), folder, given.rounds))
            table(f"one row a segment: million rows/s ({load()})", HEADER, lines)
        with start_peer(HERE / "peer_events.py") as peer:
            lines = []
            for kind, changes in QUOTERS.items():
                settings = case(given.folder, FIRST, **changes)
                text = settings.stack().replace("post_only", 'on = ["book", "trade"]\npost_only')
                waiting = attrs.evolve(settings, every=LONG_WAIT)
                lines.append(line(f"{FIRST}, {kind}", peer, waiting, text, folder, given.rounds))
            table(f"decisions at every book change and trade: million rows/s ({load()})", HEADER, lines)


if __name__ == "__main__":
    main()
