"""Seconds from a raw Binance recording to what each side replays, and to the result of a run over it.

    python tests/benchmarks/conversion.py [FOLDER] [--rounds N]

Interleaved, medians; both sides have compiled beforehand. First table: mmkit's tape in memory, hftbacktest's array of rows,
and the same tape made by a run that keeps it on disk. mmkit synchronises the snapshot with the messages, checks their sequence and
works out the best prices on the way; hftbacktest takes the messages as they come. Second table: the conversion with a run
of the one-level quoter after it; hftbacktest's run is over its own file of the same hour, its reading of it not counted.
"""

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import attrs
from measuring import (
    HERE,
    arguments,
    case,
    empty_cache,
    load,
    median,
    quoter,
    raw_recording,
    run_stack,
    start_peer,
    table,
)
from plain_engine import near_the_touch
from replaying import stack_of, tape_pieces

FUTURES = ("usdm_btcusdt", "usdm_ethusdt")


def tape_seconds(stack: Any) -> tuple[float, int]:
    """Returns the seconds that making the tape takes, and the messages' rows."""
    begun = time.perf_counter()
    pieces = tape_pieces(stack)
    return time.perf_counter() - begun, sum(piece.events for piece in pieces)


def main() -> None:
    """Prints the tables."""
    given = arguments("conversion of a raw recording against hftbacktest's", rounds=5)
    made, whole = [], []
    with start_peer(HERE / "peer_convert.py") as converter, start_peer() as peer, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for market in FUTURES:
            raw = raw_recording(given.folder, market)
            theirs: quoter.Case = case(given.folder, market, book="roi", repeats=1)
            theirs = attrs.evolve(theirs, **near_the_touch(theirs.data))
            ours = attrs.evolve(theirs, data=raw)
            stack = stack_of(ours.stack(market="binance-raw"), folder)
            times: dict[str, list[float]] = {name: [] for name in ("peer", "peer run", "tape", "kept", "run")}
            with empty_cache() as cache:
                run_stack(ours, folder, "compiled", market="binance-raw")
                for _ in range(given.rounds):
                    answer = converter.ask({"path": str(raw)})
                    times["peer"].append(answer["seconds"])
                    times["peer run"] += peer.ask(theirs.line())["times"]
                    seconds, events = tape_seconds(stack)
                    times["tape"].append(seconds)
                    shutil.rmtree(cache / "tapes")  # so that the run converts
                    timing = run_stack(ours, folder, "compiled", market="binance-raw").summary["timing"]
                    times["kept"].append(timing["convert_s"])
                    times["run"].append(timing["run_s"])
            mid = {name: median(found) for name, found in times.items()}
            both = (f"{mid[name]:.3f}" for name in ("peer", "tape", "kept"))
            made.append([market, answer["rows"], events, *both, f"{mid['tape'] / mid['peer']:.2f}"])
            them, us = mid["peer"] + mid["peer run"], mid["kept"] + mid["run"]
            whole.append([market, f"{them:.3f}", f"{us:.3f}", f"{them / us:.2f}"])
    header = ["", "peer's rows", "mmkit's rows", "peer", "mmkit", "mmkit, tape kept", "mmkit/peer"]
    table(f"seconds to convert a file ({load()})", header, made)
    table("seconds to convert and run", ["", "peer, array book", "mmkit, compiled, tape kept", "peer/mmkit"], whole)


if __name__ == "__main__":
    main()
