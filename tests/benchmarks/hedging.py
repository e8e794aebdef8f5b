"""Hedged against unhedged: two recordings on one clock, and correlated simulated books over many seeds.

    python tests/benchmarks/hedging.py [FOLDER] [--seeds N] [--minutes N]

FOLDER holds five minutes of BTCUSDT, the perpetual and spot, as the venue sent them; without it the first table is left out. A table has
the variance of the changes of the equity over 1 and 10 s, hedged over unhedged, and what the hedge cost. Over seeds it is the geometric
mean of the ratios with its 95 % confidence interval (Student's t of the logarithms); `examples/hedged.toml` is what runs there.
"""

import argparse
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from measuring import HERE, load, raw_recording, table
from scipy import stats

import mmkit
from mmkit import settings

EXAMPLE = HERE.parents[1] / "examples" / "hedged.toml"

STACK = """
[stack]
quote = "PERP"
record_every = "1s"
[instruments.PERP]
tick_size = 0.1
lot_size = 0.001
maker_fee = 0.0002
taker_fee = 0.0005
[instruments.PERP.market]
use = "binance-raw"
path = "{perp}"
[instruments.SPOT]
tick_size = 0.01
lot_size = 0.00001
[instruments.SPOT.market]
use = "binance-raw"
path = "{spot}"
[pricing]
use = "fixed"
half_spread = 0.5
[sizing]
use = "fixed"
quantity = 0.01
[risk.limits]
use = "position-limit"
max_position = 0.5
[hedging]
use = "{use}"
"""

RULES = {
    "notional": (),
    "delta": (),
    "minimum-variance": ("hedging.sample_every=2s", "hedging.least_samples=20"),
}
FEES = (0.001, 0.0001)
BANDS = (0, 3_000, 12_000)
SECONDS = (1, 10)


def variance(run: Any, seconds: int) -> float:
    """Returns the variance of the equity's changes over so many seconds."""
    equity = run.records["equity"].to_numpy()
    return float(np.var(np.diff(equity[np.isfinite(equity)][::seconds]), ddof=1))


def recorded(folder: Path, recordings: Path) -> Iterator[Sequence[object]]:
    """Yields a line per rule, fee and band."""
    paths = {
        name: raw_recording(recordings, f"{kind}_btcusdt").as_posix()
        for name, kind in (("perp", "usdm"), ("spot", "spot"))
    }

    def run(use: str, *changes: str) -> Any:
        file = folder / f"{use}.toml"
        file.write_text(STACK.format(use=use, **paths))
        print("recordings:", use, *changes, file=sys.stderr)
        return mmkit.run(file, engine="python", set=changes)

    bare = run("none")
    position = bare.summary["metrics"]["mean_abs_position_base"]
    yield ["none", "", "", 0, "", "", f"{bare.summary['equity']:.0f}", f"mean position {position:.2f}", ""]
    for use, own in RULES.items():
        for fee in FEES:
            for band in BANDS:
                done = run(use, *own, f"instruments.SPOT.taker_fee={fee}", f"hedging.band={band}")
                spot = done.summary["instruments"]["SPOT"]
                yield [
                    *(use, f"{fee:.2%}", band, spot["fills"], f"{spot['fees']:.1f}"),
                    *(f"{spot['equity'] + spot['fees']:.1f}", f"{done.summary['equity']:.0f}"),
                    *(f"{variance(done, each) / variance(bare, each):.2f}" for each in SECONDS),
                ]


def simulated(seeds: int, minutes: int) -> Iterator[Sequence[object]]:
    """Yields a line per span of changes."""
    lengths = [f"instruments.{name}.market.duration={minutes}m" for name in ("PERP", "SPOT")]
    stacks = [
        settings.read(EXAMPLE, overrides=["stack.record_every=1s", *lengths], disable=disable)
        for disable in ((), ("hedging",))
    ]
    logs: dict[int, list[float]] = {each: [] for each in SECONDS}
    profits = []
    for seed in range(seeds):
        hedged, bare = (mmkit.run(attrs.evolve(stack, seed=seed)) for stack in stacks)
        print("seed", seed, file=sys.stderr)
        for each, found in logs.items():
            found.append(math.log(variance(hedged, each) / variance(bare, each)))
        profits.append((bare.summary["equity"], hedged.summary["equity"]))
    without, with_it = np.mean(profits, axis=0)
    for each, found in logs.items():
        mean = float(np.mean(found))
        low, high = stats.t.interval(0.95, len(found) - 1, mean, stats.sem(found))
        cells = (f"{math.exp(mean):.3f}", f"{math.exp(low):.3f} to {math.exp(high):.3f}")
        yield [f"{each} s", *cells, f"{np.mean(np.array(found) < 0):.0%}", f"{without:.2f}", f"{with_it:.2f}"]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description="hedged against unhedged")
    parser.add_argument("folder", nargs="?", type=Path, help="recordings; default: MMKIT_DATA")
    parser.add_argument("--seeds", type=int, default=100, help="seeds of the simulated books")
    parser.add_argument("--minutes", type=int, default=5, help="length of the simulated books")
    given = parser.parse_args()
    recordings = given.folder or (Path(os.environ["MMKIT_DATA"]) if "MMKIT_DATA" in os.environ else None)
    if recordings:
        header = ["rule", "fee", "band", "hedges", "fees", "before fees", "PnL", "1 s", "10 s"]
        with tempfile.TemporaryDirectory() as folder:
            table(
                f"variance of equity changes, hedged / unhedged; {load()}",
                header,
                [*recorded(Path(folder), recordings)],
            )
    header = ["changes", "hedged / unhedged", "95 %", "falls in", "PnL unhedged", "PnL hedged"]
    lines = [*simulated(given.seeds, given.minutes)]
    table(f"{given.seeds} seeds, {given.minutes} minutes each; {load()}", header, lines)


if __name__ == "__main__":
    main()
