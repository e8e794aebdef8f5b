"""Markets of a few rows and orders at given times, both written by hand: every fill can be worked out on paper.

Tick and lot are 1 and times are small numbers of ns. Unless a test says otherwise a row is known 100 ns after it
happened, a request takes 10 ns to the venue and an answer 20 ns back.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import attrs
import numpy as np
import pytest

import mmkit

PLUGIN = """
from pathlib import Path

import attrs
import mmkit
import numpy as np

SCRIPT = {script!r}
seen = []


@attrs.frozen
class Rows:
    path: Path = mmkit.field(doc="rows")


def events(params, instrument, rng):
    rows = np.load(params.path)
    if (rows["stream"] == mmkit.BOTH).all():
        yield from mmkit.two_clocks(iter([rows]))
    else:
        yield rows


@attrs.frozen
class Script:
    on: mmkit.Trigger = mmkit.field(mmkit.Trigger.TIMER, doc="triggers")


def next_time(params, state, market):
    return min((time for time in SCRIPT if time > market.now), default=mmkit.NEVER)


def act(params, state, market, ladder, desk):
    places = {{desk.orders[at].id: at for at in desk.live[: desk.live_count]}}
    orders = {{id: desk.orders[at] for id, at in places.items()}}
    states = {{id: (order.state, order.request, order.remaining) for id, order in orders.items()}}
    seen.append((market.now, market.position_lots, market.bid_ticks, market.ask_ticks, states))
    for verb, *order in SCRIPT.get(market.now, ()):
        if verb == "cancel":
            mmkit.cancel(desk, market, places[order[0]])
        else:
            mmkit.place(desk, market, 1 if verb == "buy" else -1, *order)


@mmkit.hookimpl
def mmkit_market():
    return mmkit.Market("by-hand", params=Rows, events=events)


@mmkit.hookimpl
def mmkit_execution():
    return mmkit.Execution(
        "script", params=Script, compiled=False, triggers=lambda params: int(params.on), next_time=next_time, act=act
    )
"""

STACK = """
[stack]
plugins = ["by_hand.py"]
record_every = "{record_every}"
[instruments.X]
tick_size = 1.0
lot_size = 1.0
[instruments.X.market]
use = "by-hand"
path = "rows.npy"
[instruments.X.venue]
use = "queue"
model = "{model}"
partial_fills = {partial}
entry_latency = "{entry}ns"
response_latency = "{response}ns"
[sizing]
use = "fixed"
quantity = 1.0
[pricing]
use = "fixed"
half_spread = 1.0
[execution]
use = "script"
on = {on}
[report]
"""


@attrs.define
class Market:
    """Rows of a market in the order in which they become known."""

    delay: int = 100
    rows: list[tuple[int, ...]] = attrs.field(factory=list)

    def _row(self, at: int, tick: int, lots: int, kind: int, known: int | None, stream: int = mmkit.BOTH) -> Self:
        self.rows.append((at, at + self.delay if known is None else known, tick, lots, kind, stream))
        return self

    def bid(self, at: int, tick: int, lots: int, known: int | None = None, stream: int = mmkit.BOTH) -> Self:
        """The bids at a price are now this many lots."""
        return self._row(at, tick, lots, mmkit.BID, known, stream)

    def ask(self, at: int, tick: int, lots: int, known: int | None = None, stream: int = mmkit.BOTH) -> Self:
        """The asks at a price are now this many lots."""
        return self._row(at, tick, lots, mmkit.ASK, known, stream)

    def bought(self, at: int, tick: int, lots: int, known: int | None = None, stream: int = mmkit.BOTH) -> Self:
        """An aggressive buyer traded."""
        return self._row(at, tick, lots, mmkit.BUY, known, stream)

    def sold(self, at: int, tick: int, lots: int, known: int | None = None, stream: int = mmkit.BOTH) -> Self:
        """An aggressive seller traded."""
        return self._row(at, tick, lots, mmkit.SELL, known, stream)

    def gap(self, at: int) -> Self:
        """The book is unknown from here on."""
        return self._row(at, 0, 0, mmkit.GAP, None)

    def book(self, at: int, bids: Mapping[int, int], asks: Mapping[int, int]) -> Self:
        """The whole book is this."""
        self._row(at, 0, 0, mmkit.RESET, None)
        for tick, lots in bids.items():
            self.bid(at, tick, lots)
        for tick, lots in asks.items():
            self.ask(at, tick, lots)
        return self

    def until(self, at: int) -> Self:
        """Something that concerns nobody happens at the end."""
        return self.bid(at, 1, 1)


@attrs.frozen(eq=False)
class Result:
    """fills: venue time, local time, side, tick, lots, order, maker; seen: at each decision the time, position, best bid and
    ask as known, and per own order (state, request, lots remaining)."""

    fills: list[tuple[int, int, int, int, int, int, bool]]
    seen: list[tuple[int, int, int, int, dict[int, tuple[int, int, int]]]]
    run: Any

    def at(self, time: int) -> tuple[int, int, int, dict[int, tuple[int, int, int]]]:
        """Returns what the only decision at a time saw: position, best bid, best ask, orders."""
        [found] = [rest for now, *rest in self.seen if now == time]
        return tuple(found)  # type: ignore[return-value]

    @property
    def orders(self) -> dict[str, int]:
        """The summary's counts of orders."""
        counts: dict[str, int] = self.run.summary["orders"]
        return counts


Actions = Sequence[tuple[Any, ...]]


@pytest.fixture
def market() -> Market:
    """Returns a market whose book is 10 and 20 lots deep a side, 98 99 | 101 102, from 0 on."""
    return Market().book(0, {99: 10, 98: 20}, {101: 10, 102: 20})


@pytest.fixture
def empty_market() -> Market:
    """Returns a market without rows."""
    return Market()


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., Result]:
    """Returns a function that plays a market to a script of orders: time -> ("buy" or "sell", tick, lots, kind) or
    ("cancel", order), orders being counted from 1."""
    played: list[Path] = []

    def run(market: Market, script: Mapping[int, Actions], **settings: Any) -> Result:
        folder = tmp_path / f"play{len(played)}"
        folder.mkdir()
        played.append(folder)
        np.save(folder / "rows.npy", np.array(market.rows, mmkit.EVENT))
        (folder / "by_hand.py").write_text(PLUGIN.format(script=dict(script)))
        chosen = {
            "model": "risk-averse",
            "partial": "true",
            "entry": 10,
            "response": 20,
            "on": '["timer"]',
            "record_every": "1s",
            **settings,
        }
        (folder / "stack.toml").write_text(STACK.format(**chosen))
        done = mmkit.run(folder / "stack.toml", engine="python")
        columns = ("exch_ts", "local_ts", "side", "price", "qty", "order_id", "maker")
        return Result(done.fills.select(columns).rows(), done.stack.execution.rule.act.__globals__["seen"], done)

    return run
