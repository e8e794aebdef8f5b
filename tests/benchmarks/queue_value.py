"""queue-value against requote: places in the queue given up, where orders stood when they filled, and the profit.

    python tests/benchmarks/queue_value.py [FOLDER] [--every 1s] [--blocks N] [--seeds N]

FOLDER holds five minutes of BTCUSDT (perpetual and spot) and ETHUSDT (perpetual) as the venue sent them; without it only
simulated books are quoted, five minutes of the default `book` per seed. One quote per side at a fixed
distance from the mid, ten decisions a second. A venue rule that does what `queue` does notes where each order stood:

    at its price       share of the filled quantity that a trade at the order's price executed; the price went through the rest
    place              what rested behind those orders just before, as a share of their level: 0 % = last, 100 % = first; mean
    ahead at arrival   quantity that was ahead when an order came to where it filled; median, in quotes

An order counts where it stood last. The difference in profit is that of the equities at the end; its interval is the middle 95 % of
sums of as many blocks of time, drawn with replacement: the blocks follow each other, so that what lasts shorter than a block is kept. On
simulated books figures are means over seeds, and the interval is Student's of the differences.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from measuring import MARKETS, load, raw_recording, table
from scipy import stats

import mmkit

SPY = '''
"""The venue `queue`, which notes where each order came to stand, and stood when the last trade reached it."""

import mmkit
from mmkit_plugins.venue import queue

came, there, place = {}, {}, {}


def rest(params, state, order, ahead):
    queue.rest(params, state, order, ahead)
    came[order.id] = there[order.id] = ahead
    place.pop(order.id, None)


def trade(params, state, order, quantity):
    if order.id not in place:  # the first one since the level changed
        place[order.id] = 1.0 - order.front / there[order.id] if there[order.id] > 0.0 else 1.0
    queue.trade(params, state, order, quantity)


def depth_change(params, state, order, previous, new):
    queue.depth_change(params, state, order, previous, new)
    there[order.id] = new
    place.pop(order.id, None)


@mmkit.hookimpl
def mmkit_venue():
    return mmkit.Venue("noted-queue", params=queue.Params, rest=rest, trade=trade, depth_change=depth_change)
'''

STACK = """
[stack]
plugins = ["spy.py"]
record_every = "1s"
[instruments.X]
tick_size = {tick}
lot_size = {lot}
[instruments.X.market]
{source}
[instruments.X.venue]
use = "noted-queue"
[pricing]
use = "fixed"
half_spread = {half_spread}
[sizing]
use = "fixed"
quantity = {quantity}
[risk.limits]
use = "position-limit"
max_position = {max_position}
[execution]
use = "{execution}"
every = "{every}"
"""

DISTANCES = {
    "usdm_btcusdt": {"at the touch": 0.05, "2.00 away": 2.0},
    "usdm_ethusdt": {"at the touch": 0.005, "0.10 away": 0.1},
    "spot_btcusdt": {"at the touch": 0.005, "2.00 away": 2.0},
    "book": {"at the touch": 0.005, "0.02 away": 0.02},
}
"""Half-spreads, in quote currency."""

SIMULATED = {"tick": 0.01, "lot": 0.001, "quantity": 0.1, "max_position": 1.0}

EXECUTIONS = ("requote", "queue-value")


@attrs.frozen
class Found:
    """What a run says: moves: places in the queue given up; filled: quantity, in quotes; edge, markout: bp; equity: at each second."""

    moves: int
    fills: int
    filled: float
    edge: float
    markout: float
    at_price: float
    place: float
    arrival: float
    equity: Any

    def cells(self) -> list[str]:
        """Returns what goes into the table."""
        return [
            *map(str, (self.moves, self.fills)),
            f"{self.filled:.0f}",
            f"{self.edge:.3f}",
            f"{self.markout:.2f}",
            f"{self.at_price:.0%}",
            f"{self.place:.0%}",
            f"{self.arrival:.1f}",
            f"{self.equity[-1]:.2f}",
        ]


def look(
    folder: Path, market: str, source: str, half_spread: float, execution: str, every: str, seed: int = 0
) -> Found:
    """Runs one quoter and returns what it did; source: the lines of its market."""
    (folder / "spy.py").write_text(SPY)
    stack = folder / "stack.toml"
    given = {**(MARKETS.get(market, SIMULATED)), "half_spread": half_spread, "execution": execution, "every": every}
    stack.write_text(STACK.format(source=source, **given))
    run = mmkit.run(stack, engine="python", seed=seed)
    rule: Any = run.stack.leg.venue.rule
    noted = rule.rest.__globals__
    ids, quantity = run.fills["order_id"].to_list(), run.fills["qty"].to_numpy()
    place = np.array([noted["place"].get(id, np.nan) for id in ids])
    traded = np.isfinite(place)
    figures, orders = run.summary["metrics"], run.summary["orders"]
    return Found(
        moves=orders["cancelled"] + orders["amended"],
        fills=len(ids),
        filled=float(quantity.sum()) / given["quantity"],
        edge=figures["mean_edge_bp"],
        markout=next(each["bp"] for each in figures["markouts"] if each["horizon_s"] == 10),
        at_price=float(quantity[traded].sum() / quantity.sum()),
        place=float(np.average(place[traded], weights=quantity[traded])),
        arrival=float(np.median([noted["came"][id] for id in ids])) / given["quantity"],
        equity=run.records["equity"].fill_nan(None).forward_fill().fill_null(0.0).to_numpy(),
    )


def interval(one: Any, other: Any, blocks: int) -> tuple[float, float]:
    """Returns the 95 % interval of the sum of the differences of two equities' changes, by blocks of time."""
    changes = np.diff(one - other, prepend=0.0)
    sums = np.array([block.sum() for block in np.array_split(changes, blocks)])
    drawn = np.random.default_rng(1).choice(sums, (20_000, blocks)).sum(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def mean(found: Sequence[Found]) -> Found:
    """Returns the mean of each figure."""
    names = [each.name for each in attrs.fields(Found) if each.name != "equity"]
    figures = {name: float(np.nanmean([getattr(each, name) for each in found])) for name in names}
    whole = {name: round(figures[name]) for name in ("moves", "fills")}
    return Found(**{**figures, **whole, "equity": np.mean([each.equity[-1:] for each in found], axis=0)})


def pair(market: str, name: str, usual: Found, other: Found, low: float, high: float) -> list[Sequence[object]]:
    """Returns the lines of two executions in one place, and their difference with its interval."""
    difference = f"{other.equity[-1] - usual.equity[-1]:+.2f} ({low:+.2f} to {high:+.2f})"
    return [
        [market, name, EXECUTIONS[0], *usual.cells(), ""],
        ["", "", EXECUTIONS[1], *other.cells(), difference],
    ]


def recorded(folder: Path, recordings: Path, every: str, blocks: int) -> list[Sequence[object]]:
    """Returns the lines of the recordings."""
    found: list[Sequence[object]] = []
    for market in MARKETS:
        source = f'use = "binance-raw"\npath = "{raw_recording(recordings, market).as_posix()}"'
        for name, half_spread in DISTANCES[market].items():
            print(f"{market}: {name}", file=sys.stderr)
            usual, other = (look(folder, market, source, half_spread, each, every) for each in EXECUTIONS)
            found += pair(market, name, usual, other, *interval(other.equity, usual.equity, blocks))
    return found


def simulated(folder: Path, every: str, seeds: int) -> list[Sequence[object]]:
    """Returns the lines of the simulated books."""
    found: list[Sequence[object]] = []
    for name, half_spread in DISTANCES["book"].items():
        print(f"book: {name}", file=sys.stderr)
        usual, other = (
            [look(folder, "book", 'use = "book"\nduration = "5m"', half_spread, each, every, n) for n in range(seeds)]
            for each in EXECUTIONS
        )
        more = [mine.equity[-1] - its.equity[-1] for mine, its in zip(other, usual, strict=True)]
        low, high = stats.t.interval(0.95, seeds - 1, np.mean(more), stats.sem(more))
        found += pair("book", name, mean(usual), mean(other), float(low), float(high))
    return found


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="queue-value against requote")
    parser.add_argument("folder", nargs="?", type=Path, help="recordings; default: MMKIT_DATA")
    parser.add_argument("--every", default="100ms", help="time between two decisions")
    parser.add_argument("--blocks", type=int, default=20, help="blocks of time of the interval")
    parser.add_argument("--seeds", type=int, default=20, help="seeds of the simulated books")
    given = parser.parse_args()
    recordings = given.folder or (Path(os.environ["MMKIT_DATA"]) if "MMKIT_DATA" in os.environ else None)
    header = ["market", "quotes", "execution", "moves", "fills", "filled", "edge, bp", "markout 10 s, bp"]
    header += ["at its price", "place", "ahead at arrival", "PnL", "difference (95 %)"]
    with tempfile.TemporaryDirectory() as folder:
        lines = recorded(Path(folder), recordings, given.every, given.blocks) if recordings else []
        lines += simulated(Path(folder), given.every, given.seeds)
    table(f"quantities in quotes; {load()}", header, lines)


if __name__ == "__main__":
    main()
