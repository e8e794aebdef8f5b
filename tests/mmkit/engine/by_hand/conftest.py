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
from mmkit.runs import attempt
from mmkit.settings import read

PLUGIN = """
from pathlib import Path

import attrs
import mmkit
import numpy as np

SCRIPT = {script!r}
HEDGES = {hedges!r}
LEVELS = {levels!r}
PATIENCE = {patience!r}
FACTOR = {widen!r}
seen, ladders, heard, watched, hedged = [], [], [], [], []


@attrs.frozen
class Rows:
    path: Path = mmkit.field(doc="rows")
    fault: bool = mmkit.field(False, doc="the file breaks off after its rows")


def events(params, instrument, rng):
    rows = np.load(params.path)
    if (rows["stream"] == mmkit.BOTH).all():
        yield from mmkit.two_clocks(iter([rows]))
    else:
        yield rows
    if params.fault:
        raise mmkit.DataError("broken off")


@attrs.frozen
class Script:
    on: mmkit.Trigger = mmkit.field(mmkit.Trigger.TIMER, doc="triggers")
    min_interval: mmkit.Duration = mmkit.field("0s", at_least=0, doc="between two decisions")


def after(script, now):
    return min((time for time in script if time > now), default=mmkit.NEVER)


def follow(market, desk, actions):
    places = {{desk.orders[at].id: at for at in desk.live[: desk.live_count]}}
    for verb, *order in actions:
        side = -1 if verb.endswith("sell") else 1
        if verb == "cancel":
            mmkit.cancel(desk, market, places[order[0]])
        elif verb == "amend":
            mmkit.amend(desk, market, places[order[0]], *order[1:])
        elif verb.startswith("reduce"):
            mmkit.reduce(desk, market, side, *order)
        else:
            mmkit.place(desk, market, side, *order)


def act(params, state, market, ladder, desk):
    orders = {{desk.orders[at].id: desk.orders[at] for at in desk.live[: desk.live_count]}}
    states = {{id: (order.state, order.request, order.remaining) for id, order in orders.items()}}
    seen.append((market.now, market.position_lots, market.bid_ticks, market.ask_ticks, states))
    quotes = zip(ladder.bid_ticks, ladder.bid_lots, ladder.ask_ticks, ladder.ask_lots)
    ladders.append(
        (
            market.now,
            list(quotes)[: ladder.levels],
            (mmkit.outstanding(desk, 1), mmkit.outstanding(desk, -1)),
            [tick for tick in range(90, 111) if mmkit.has_order(desk, tick)],
        )
    )
    follow(market, desk, SCRIPT.get(market.now, ()))


@attrs.frozen
class Who:
    who: int = mmkit.field(0, at_least=0, doc="whose levels")


@attrs.define
class Read:
    other: float = mmkit.field(np.nan, unit="quote", doc="of another instrument")


@attrs.define
class Value:
    value: float = 0.0


def watch(params, state, market, account, desk, control):
    seen_now = {{a.name: getattr(account, a.name) for a in attrs.fields(type(account))}}
    watched.append((market.now, control.level, seen_now))
    control.patience = PATIENCE
    level = mmkit.NORMAL
    for time, wanted in sorted(LEVELS.get(params.who, {{}}).items()):
        level = wanted if time <= market.now else level
    if level == mmkit.WIDEN:
        control.widen = max(control.widen, FACTOR)
    return level


def on_trade(params, state, market, inputs, trade):
    heard.append((market.number, market.now, "trade", inputs.other))
    state.value = trade.price


def on_book(params, state, market, inputs):
    heard.append((market.number, market.now, "book", inputs.other))


def on_fill(params, state, market, inputs, fill):
    heard.append((market.number, market.now, "fill", inputs.other))


def hedge(params, state, market, account, hedges):
    hedged.append((market.now, market.position_lots, account.equity, [leg.market.position_lots for leg in hedges]))
    for number, *action in HEDGES.get(market.now, ()):
        follow(hedges[number].market, hedges[number].desk, [action])


@mmkit.hookimpl
def mmkit_market():
    return mmkit.Market("by-hand", params=Rows, events=events)


@mmkit.hookimpl
def mmkit_signals():
    return mmkit.Signal(
        "listener",
        inputs=Read,
        state=Value,
        outputs={{"value": "quote"}},
        compiled=False,
        on_trade=on_trade,
        on_book=on_book,
        on_fill=on_fill,
    )


@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("watcher", params=Who, compiled=False, watch=watch)


@mmkit.hookimpl
def mmkit_hedging():
    return mmkit.Hedging(
        "script-hedge",
        compiled=False,
        triggers=lambda params: int(mmkit.Trigger.FILL),
        next_time=lambda params, state, market: after(HEDGES, market.now),
        hedge=hedge,
    )


@mmkit.hookimpl
def mmkit_execution():
    return mmkit.Execution(
        "script",
        params=Script,
        compiled=False,
        triggers=lambda params: int(params.on),
        next_time=lambda params, state, market: after(SCRIPT, market.now),
        act=act,
    )
"""

JUDGE = """
import attrs
import mmkit
from mmkit_plugins.venue import queue


@attrs.define
class Fair:
    fair: float = mmkit.required(unit="quote", doc="fair price")


@mmkit.hookimpl
def mmkit_risk():
    watch = lambda params, state, market, inputs, account, desk, control: mmkit.NORMAL
    return mmkit.Risk("judge", inputs=Fair, compiled=False, watch=watch)


def through(params, state, order, ticks):
    return ticks >= 2


@mmkit.hookimpl
def mmkit_venue():
    own = {"rest": queue.rest, "trade": queue.trade, "depth_change": queue.depth_change, "through": through}
    return mmkit.Venue("two-through", params=queue.Params, **own)
"""

STACK = """
[stack]
plugins = ["by_hand.py", "judge.py"]
quote = "X"
record_every = "{record_every}"
{stack}
{instruments}
[sizing]
use = "fixed"
quantity = {quantity}
[pricing]
use = "fixed"
half_spread = {half_spread}
[execution]
use = "script"
on = {on}
min_interval = "{min_interval}ns"
{rules}
[report]
"""

INSTRUMENT = """
[instruments.{name}]
tick_size = {tick_size}
lot_size = 1.0
{account}
[instruments.{name}.market]
use = "by-hand"
path = "{name}.npy"
fault = {fault}
[instruments.{name}.venue]
use = "{venue}"
model = "{model}"
partial_fills = {partial}
entry_latency = "{entry}ns"
response_latency = "{response}ns"
amend = "{amend}"
post_only = "{post_only}"
"""

SETTINGS = {
    "record_every": "1s",
    "stack": "",
    "quantity": 1.0,
    "half_spread": 1.0,
    "on": '["timer"]',
    "min_interval": 0,
    "rules": "",
    "hedges": {},
    "levels": {},
    "patience": 100,
    "widen": 2.0,
}
"""What a play has unless it says otherwise."""

INSTRUMENTS = {
    "tick_size": 1.0,
    "account": "",
    "fault": "false",
    "venue": "queue",
    "model": "risk-averse",
    "partial": "true",
    "entry": 10,
    "response": 20,
    "amend": "requeue",
    "post_only": "reject",
}
"""What an instrument of it has."""


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


Seen = tuple[int, int, int, int, dict[int, tuple[int, int, int]]]


@attrs.frozen(eq=False)
class Result:
    """fills: venue time, local time, side, tick, lots, order, maker; seen: at each decision the time, position, best bid and
    ask as known, and per own order (state, request, lots remaining).

    ladders: at each decision the time, the wanted quotes, what is outstanding to buy and to sell, the ticks of own orders;
    heard: instrument, time, what a listener heard, its input; watched: when the watcher was asked, the level in force, the account;
    hedged: when the hedging rule was asked, the position, the equity, the hedges' positions.
    """

    fills: list[tuple[int, int, int, int, int, int, bool]]
    run: Any
    seen: list[Seen]
    ladders: list[tuple[int, list[tuple[int, int, int, int]], tuple[int, int], list[int]]]
    heard: list[tuple[int, int, str, float]]
    watched: list[tuple[int, int, dict[str, Any]]]
    hedged: list[tuple[int, int, float, list[int]]]

    def at(self, time: int) -> tuple[int, int, int, dict[int, tuple[int, int, int]]]:
        """Returns what the only decision at a time saw: position, best bid, best ask, orders."""
        [found] = [rest for now, *rest in self.seen if now == time]
        return tuple(found)  # type: ignore[return-value]

    def quotes(self, time: int) -> list[tuple[int, int, int, int]]:
        """Returns what the only decision at a time wanted: tick and lots of the bid, of the ask, level by level."""
        [found] = [quotes for now, quotes, *_ in self.ladders if now == time]
        return found

    def outstanding(self, time: int) -> tuple[int, int]:
        """Returns what was outstanding at a time's only decision, to buy and to sell."""
        [found] = [outstanding for now, _, outstanding, _ in self.ladders if now == time]
        return found

    def ticks(self, time: int) -> list[int]:
        """Returns where own orders were at a time's only decision."""
        [found] = [ticks for now, *_, ticks in self.ladders if now == time]
        return found

    def account(self, time: int) -> dict[str, Any]:
        """Returns the account as it was last shown to the watcher up to a time."""
        return [account for now, _, account in self.watched if now <= time][-1]

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
        chosen = {**SETTINGS, **{name: value for name, value in settings.items() if name in SETTINGS}}
        own = {name: value for name, value in settings.items() if name not in (*SETTINGS, "others", "order", "fails")}
        instruments = {"X": {"market": market, **own}, **settings.get("others", {})}
        texts = {}
        for name, instrument in instruments.items():
            rows = np.array(instrument["market"].rows, mmkit.EVENT)
            np.save(folder / f"{name}.npy", rows)
            texts[name] = INSTRUMENT.format(name=name, **{**INSTRUMENTS, **instrument})
        written = {name: chosen[name] for name in ("hedges", "levels", "patience", "widen")}
        (folder / "by_hand.py").write_text(PLUGIN.format(script=dict(script), **written))
        (folder / "judge.py").write_text(JUDGE)
        order = settings.get("order", instruments)
        (folder / "stack.toml").write_text(
            STACK.format(**{**chosen, "instruments": "".join(texts[name] for name in order)})
        )
        done = attempt(read(folder / "stack.toml"), engine="python")
        if done.error is not None and not settings.get("fails"):
            raise done.error
        columns = ("exch_ts", "local_ts", "side", "price", "qty", "order_id", "maker")
        scope = done.stack.execution.rule.act.__globals__
        noted = (scope[name] for name in ("seen", "ladders", "heard", "watched", "hedged"))
        return Result(done.fills.select(columns).rows(), done, *noted)

    return run
