"""A plugin for these tests: a wild market, and rules that do at random whatever a rule may do.

Levels come and go around a touch that walks and jumps, trades hit the touch or print through it, sides of the book empty, and recordings
have gaps; `tail` messages at the end are calm: two deep sides that stay where they are.
"""

from typing import Any

import attrs
import numpy as np

import mmkit

MILLISECOND = 1_000_000
DEEP = 400
"""Lots of each level of the calm end."""


@attrs.frozen
class MarketParams:
    rows: int = mmkit.field(120, doc="messages")
    tail: int = mmkit.field(0, doc="calm messages at the end")
    step: mmkit.Duration = mmkit.field("60ms", doc="longest time between two messages")
    start: int = mmkit.field(1000, doc="touch at the beginning, ticks")
    feed: mmkit.Duration = mmkit.field("2ms", doc="from the venue to us")
    trades: float = mmkit.field(0.4, doc="share of trades")
    jumps: float = mmkit.field(0.02, doc="share of messages before which the touch jumps")
    empties: float = mmkit.field(0.03, doc="share of messages that empty a side")
    gaps: float = mmkit.field(0.01, doc="share of messages before which the recording has a gap")
    settles: mmkit.Duration = mmkit.field(0, doc="time between two settlements of funding; 0: none")


class World:
    """A book that changes at random, and the rows that say so."""

    def __init__(self, params: MarketParams, rng: Any) -> None:
        self.params, self.rng = params, rng
        self.now = 1_000_000_000
        self.touch = params.start
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.rows: list[tuple[int, int, int, int, int]] = []
        self.reset()

    def put(self, tick: int, lots: int, kind: int, stream: int = mmkit.BOTH) -> None:
        """Writes a row."""
        self.rows.append((self.now, tick, lots, kind, stream))

    def reset(self) -> None:
        """Begins the book anew."""
        self.bids = {self.touch - n: int(self.rng.integers(1, 40)) for n in range(1, 13)}
        self.asks = {self.touch + n: int(self.rng.integers(1, 40)) for n in range(1, 13)}
        self.snapshot()

    def snapshot(self) -> None:
        """Says what stands in the whole book."""
        self.put(0, 0, mmkit.RESET)
        for kind, levels in ((mmkit.BID, self.bids), (mmkit.ASK, self.asks)):
            for tick, lots in levels.items():
                self.put(tick, lots, kind)

    def message(self) -> None:
        """Something happens."""
        params, rng = self.params, self.rng
        self.now += int(rng.integers(MILLISECOND, params.step))
        chance = float(rng.random())
        if chance < params.gaps:
            self.put(0, 0, mmkit.GAP)
            self.now += int(rng.integers(MILLISECOND, params.step))
            self.move(int(rng.integers(-15, 16)))
            self.reset()
        elif chance < params.gaps + params.trades:
            self.trade()
        else:
            jumps = rng.random() < params.jumps
            self.move(int(rng.integers(-20, 21)) if jumps else int(rng.integers(-2, 3)))
            self.change(empties=bool(rng.random() < params.empties))

    def move(self, ticks: int) -> None:
        """Moves the touch; prices stay above a floor."""
        self.touch = max(self.touch + ticks, 40)

    def trade(self) -> None:
        """Somebody takes from a side that is there, at the best price or through it."""
        buys = bool(self.rng.random() < 0.5)
        levels = self.asks if buys else self.bids
        if levels:
            through = int(self.rng.integers(0, 4))
            tick = min(levels) + through if buys else max(levels) - through
            self.put(tick, int(self.rng.integers(1, 30)), mmkit.BUY if buys else mmkit.SELL)

    def change(self, *, empties: bool) -> None:
        """Levels that the touch has passed go, some of the others change; a side may empty."""
        changes: dict[tuple[int, int], int] = {}
        for kind, levels, side in ((mmkit.BID, self.bids, 1), (mmkit.ASK, self.asks, -1)):
            for tick in [t for t in levels if not 0 < (self.touch - t) * side <= 25]:
                changes[tick, kind] = 0
                del levels[tick]
            for _ in range(int(self.rng.integers(1, 5))):
                tick = self.touch - side * int(self.rng.integers(1, 12))
                levels[tick] = changes[tick, kind] = int(self.rng.integers(1, 40))
        if empties:
            kind, levels = ((mmkit.BID, self.bids), (mmkit.ASK, self.asks))[int(self.rng.integers(0, 2))]
            for tick in levels:
                changes[tick, kind] = 0
            levels.clear()
        for (tick, kind), lots in sorted(changes.items(), key=lambda each: each[1]):
            self.put(tick, lots, kind)

    def calm_down(self) -> None:
        """Two deep sides, from here on to the end."""
        self.now += self.params.step
        self.bids = {self.touch - n: DEEP for n in range(1, 13)}
        self.asks = {self.touch + n: DEEP for n in range(1, 13)}
        self.snapshot()

    def calm(self) -> None:
        """A level far behind the touch changes a little."""
        self.now += 100 * MILLISECOND
        self.put(self.touch - 12, DEEP + len(self.rows) % 2, mmkit.BID)


def events(params: MarketParams, instrument: Any, rng: Any) -> Any:
    """Yields the market, and with it marks that announce settlements."""
    world = World(params, rng)
    marks = []
    for number in range(params.rows + params.tail):
        if number == params.rows:
            world.calm_down()
        if number < params.rows:
            world.message()
        else:
            world.calm()
        if params.settles:
            due = (world.now // params.settles + 1) * params.settles
            rate = (due // params.settles * 7 % 5 - 2) * 1e-3
            marks.append((world.now, world.now + params.feed, world.touch * instrument.tick_size, rate, due))
    out = np.zeros(len(world.rows), mmkit.EVENT)
    for i, (ts, tick, lots, kind, stream) in enumerate(world.rows):
        out[i] = (ts, ts + params.feed, tick, lots, kind, stream)
    if marks:
        yield np.array(marks, mmkit.MARK)
    yield out


class Dice:
    """Draws whole numbers from a state that a rule keeps."""

    def __init__(self, state: Any) -> None:
        self.state = state

    def roll(self, count: int) -> int:
        """Returns one of 0 .. count - 1 (Knuth's MMIX generator)."""
        self.state.random = (self.state.random * 6364136223846793005 + 1442695040888963407) % 2**63
        return int(self.state.random >> 33) % count


@attrs.define
class Random:
    """Where a rule's own dice are."""

    random: int = 1


@attrs.frozen
class MonkeyParams:
    """What the monkey is made of."""

    every: mmkit.Duration = mmkit.field("30ms", above=0, doc="time between two decisions")
    on: mmkit.Trigger = mmkit.field(mmkit.Trigger.TIMER, doc="what triggers one")
    seed: int = mmkit.field(1, doc="of its dice")
    actions: int = mmkit.field(3, doc="most at one decision")
    span: int = mmkit.field(6, doc="ticks around the touch")
    lots: int = mmkit.field(8, doc="most of an order")


def monkey_setup(params: MonkeyParams, state: Random, instrument: Any) -> None:
    """Throws the dice first."""
    state.random = params.seed


def monkey_act(params: MonkeyParams, state: Random, market: Any, ladder: Any, desk: Any) -> None:
    """Does anything that a rule may do, sensible or not."""
    dice = Dice(state)
    for _ in range(dice.roll(params.actions + 1)):
        choice = dice.roll(6)
        side = 1 if dice.roll(2) else -1
        near = market.bid_ticks if side > 0 else market.ask_ticks
        tick = max(near - side * (dice.roll(params.span) - params.span // 3), 1)
        lots = 1 + dice.roll(params.lots)
        kind = (mmkit.POST_ONLY, mmkit.LIMIT, mmkit.MARKET)[min(dice.roll(5), 2) if choice else dice.roll(2)]
        working = [desk.live[i] for i in range(desk.live_count) if mmkit.working(desk.orders[desk.live[i]])]
        if choice < 2:
            mmkit.place(desk, market, side, tick, lots, kind)
        elif choice == 2:
            mmkit.reduce(desk, market, side, tick, lots, kind)
        elif working:
            place = working[dice.roll(len(working))]
            order = desk.orders[place]
            if choice == 3:
                mmkit.cancel(desk, market, place)
            else:
                tick = order.tick if dice.roll(2) else max(order.tick + dice.roll(7) - 3, 1)
                mmkit.amend(desk, market, place, tick, max(order.lots + dice.roll(9) - 4, 0))


def monkey_time(params: MonkeyParams, state: Random, market: Any) -> int:
    """Returns the next multiple of `every`."""
    if mmkit.Trigger.TIMER not in params.on:
        return mmkit.NEVER
    every = max(params.every, 30 * MILLISECOND)  # or it would send thousands of orders
    return int(market.start + ((market.now - market.start) // every + 1) * every)


@attrs.frozen
class AlarmParams:
    """A danger that comes and goes by itself."""

    seed: int = mmkit.field(1, doc="of its dice")
    hold: mmkit.Duration = mmkit.field("500ms", doc="time between two changes of the level")
    highest: int = mmkit.field(mmkit.FLATTEN, doc="highest level asked for; HALT stays")
    patience: mmkit.Duration = mmkit.field("200ms", doc="of closing orders")


@attrs.define
class Alarm(Random):
    """Its level and until when it holds."""

    level: int = 0
    until: int = 0


def alarm_setup(params: AlarmParams, state: Alarm, instrument: Any) -> None:
    """Throws the dice first."""
    state.random = params.seed


def alarm_watch(params: AlarmParams, state: Alarm, market: Any, account: Any, desk: Any, control: Any) -> int:
    """Returns a level that the dice choose for a while."""
    if state.level != mmkit.HALT and market.now >= state.until:
        state.level = Dice(state).roll(params.highest + 1)
        state.until = market.now + params.hold
    control.patience = params.patience
    return state.level


@attrs.frozen
class SleepParams:
    """When everything goes to sleep."""

    at: mmkit.Duration = mmkit.field("1s", doc="time from the first event")
    level: int = mmkit.field(mmkit.NO_QUOTES, doc="asked for from then on")
    patience: mmkit.Duration = mmkit.field("200ms", doc="of closing orders")


def sleep_watch(params: SleepParams, state: Any, market: Any, account: Any, desk: Any, control: Any) -> int:
    """Returns one level from a time on."""
    control.patience = params.patience
    return params.level if market.now - market.start >= params.at else mmkit.NORMAL


@mmkit.hookimpl
def mmkit_market() -> mmkit.Market:
    """Offers the market."""
    return mmkit.Market("wild", params=MarketParams, events=events)


@mmkit.hookimpl
def mmkit_execution() -> mmkit.Execution:
    """Offers the monkey."""
    return mmkit.Execution(
        "monkey",
        params=MonkeyParams,
        state=Random,
        setup=monkey_setup,
        triggers=lambda params: int(params.on),
        post_only=lambda params: False,
        next_time=monkey_time,
        act=monkey_act,
        compiled=False,
    )


@mmkit.hookimpl
def mmkit_risk() -> mmkit.Risk:
    """Offers the alarm."""
    return mmkit.Risk("alarm", params=AlarmParams, state=Alarm, setup=alarm_setup, watch=alarm_watch, compiled=False)


@mmkit.hookimpl(specname="mmkit_risk")
def sleep() -> mmkit.Risk:
    """Offers the end of all quotes."""
    return mmkit.Risk("sleep", params=SleepParams, watch=sleep_watch, compiled=False)
