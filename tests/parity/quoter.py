"""One quoter, two engines: the settings of a comparison, as a line for the peer and as a stack for mmkit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

Fill = tuple[int, int, int, int]
"""Venue time in ns, side (+1 buy, -1 sell), price in ticks, quantity in lots."""


@attrs.frozen(kw_only=True)
class Case:
    """The quoter's settings, in the units of a stack; latencies and `every` in ns, `gap` in ticks.

    exchange: "whole" fills whole orders only, "partial" executes what traded. book, low, high: the peer's book, "hash" or
    "roi" between two prices. repeats: further runs of the peer for their times.
    """

    data: Path
    tick: float
    lot: float
    half_spread: float
    skew: float = 0.0
    quantity: float
    max_position: float
    levels: int = 1
    gap: int = 10
    every: int = 100_000_000
    entry: int = 10_000_000
    response: int = 10_000_000
    model: str = "risk-averse"
    exponent: float = 1.0
    maker_fee: float = -0.00005
    taker_fee: float = 0.0007
    exchange: str = "whole"
    book: str = "hash"
    low: float = 0.0
    high: float = 0.0
    repeats: int = 0

    def line(self) -> dict[str, Any]:
        """Returns the case as the peer reads it."""
        return attrs.asdict(self) | {"data": str(self.data)}

    def stack(self, market: str = "hftbacktest") -> str:
        """Returns the same quoter as the text of a stack over a file that `market` reads."""
        exponent = f"exponent = {self.exponent}" if self.model.startswith("power") else ""
        uniform = f'use = "uniform"\nlevels = {self.levels}\ngap_ticks = {self.gap}'
        return f"""
[stack]
name = "parity"
quote = "X"

[instruments.X]
tick_size = {self.tick!r}
lot_size = {self.lot!r}
maker_fee = {self.maker_fee!r}
taker_fee = {self.taker_fee!r}

[instruments.X.market]
use = "{market}"
path = "{self.data.as_posix()}"

[instruments.X.venue]
use = "queue"
model = "{self.model}"
{exponent}
partial_fills = {str(self.exchange == "partial").lower()}
entry_latency = "{self.entry}ns"
response_latency = "{self.response}ns"

[pricing]
use = "fixed"
half_spread = {self.half_spread!r}
skew = {self.skew!r}

[sizing]
use = "fixed"
quantity = {self.quantity!r}
max_position = {self.max_position!r}

[ladder]
{'use = "single"' if self.levels == 1 else uniform}

[execution]
use = "requote"
every = "{self.every}ns"
post_only = true

[hedging]
use = "none"
"""

    def name(self) -> str:
        """Returns what a test report calls the case."""
        power = f"^{self.exponent}" if self.model.startswith("power") else ""
        market = self.data.stem.removeprefix("hftbacktest-format_").removesuffix("_20240808")
        pace = f"{self.every / 1e6:g}ms-{self.entry / 1e6:g}+{self.response / 1e6:g}ms"
        quotes = f"{self.levels}x{self.gap}-half{self.half_spread:g}-skew{self.skew:g}"
        return f"{market}-{self.model}{power}-{quotes}-{pace}"


@attrs.frozen(kw_only=True)
class Outcome:
    """What an engine made of a case: fills by time, position in lots, fees and cash after fees in quote currency."""

    fills: list[Fill]
    position: int
    fees: float
    cash: float


def ordered(fills: list[Fill]) -> list[Fill]:
    """Returns the fills by time; within one time by side, price and quantity, since the peer walks a hash map there."""
    return sorted(fills)


def peer_outcome(answer: Mapping[str, Any]) -> Outcome:
    """Returns the peer's answer in mmkit's terms: its balance is before fees."""
    fills = ordered([tuple(fill) for fill in answer["fills"]])
    return Outcome(fills=fills, position=answer["position"], fees=answer["fee"], cash=answer["balance"] - answer["fee"])


def run_stack(case: Case, folder: Path) -> Any:
    """Runs the case with mmkit from a stack file in `folder` and returns its run."""
    import mmkit

    stack = folder / "case.toml"
    stack.write_text(case.stack())
    return mmkit.run(stack)


def outcome(case: Case, run: Any) -> Outcome:
    """Returns what a run of mmkit made of the case."""
    table = run.fills
    ticks = (table["price"] / case.tick).round().cast(int)
    lots = (table["qty"] / case.lot).round().cast(int)
    fills = list(zip(table["exch_ts"], table["side"], ticks, lots, strict=True))
    summary = run.summary
    position = summary["position"]["X"] / case.lot
    return Outcome(fills=ordered(fills), position=round(position), fees=summary["fees"], cash=summary["cash"])
