"""Seconds from a raw Binance recording to what each side replays: mmkit's tape, hftbacktest's array of rows.

    python tests/benchmarks/conversion.py [FOLDER] [--rounds N]

Interleaved, medians; hftbacktest's compilation is paid beforehand. mmkit synchronises the snapshot with the messages,
checks their sequence and works out the best prices on the way; hftbacktest takes the messages as they come.
"""

import tempfile
from pathlib import Path
from typing import Any

import attrs
from measuring import HERE, arguments, case, median, quoter, raw_recording, start_peer, table

FUTURES = ("usdm_btcusdt", "usdm_ethusdt")


def tape_seconds(stack: Path) -> tuple[float, int]:
    """Returns the seconds that a run spent on reading and converting its market, and the messages' rows."""
    import mmkit

    summary: dict[str, Any] = mmkit.run(stack).summary
    return summary["timing"]["convert_s"], summary["data"]["events"]


def main() -> None:
    """Prints the table."""
    given = arguments("conversion of a raw recording against hftbacktest's", rounds=5)
    lines = []
    with start_peer(HERE / "peer_convert.py") as peer, tempfile.TemporaryDirectory() as folder:
        for market in FUTURES:
            raw = raw_recording(given.folder, market)
            stack = Path(folder) / "stack.toml"
            # A decision an hour keeps the strategy out of the way.
            settings: quoter.Case = attrs.evolve(case(given.folder, market, every=3_600_000_000_000), data=raw)
            stack.write_text(settings.stack(market="binance-raw"))
            theirs, ours = [], []
            for _ in range(given.rounds):
                answer = peer.ask({"path": str(raw)})
                theirs.append(answer["seconds"])
                seconds, events = tape_seconds(stack)
                ours.append(seconds)
            them, us = median(theirs), median(ours)
            lines.append([market, answer["rows"], f"{them:.2f}", events, f"{us:.2f}", f"{us / them:.2f}"])
    table("seconds per file", ["", "peer's rows", "peer", "mmkit's rows", "mmkit", "mmkit/peer"], lines)


if __name__ == "__main__":
    main()
