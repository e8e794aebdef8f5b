"""A desk and a venue of a page each, written without the engine: what executions see of their orders, and what becomes of requests.

Requests arrive one after the other, answers come back one after the other; a test says when. The venue keeps resting
orders, tells whether two of ours met, and how much could have been executed at most.
"""

from collections import deque
from types import SimpleNamespace
from typing import Any

import attrs

POST_ONLY, LIMIT = 0, 1
AMEND_NONE, AMEND_REQUEUE, AMEND_KEEP = range(3)
SENT, WORKING, ENDED = range(3)
NOTHING, PLACING, CANCELLING, AMENDING = range(4)
NO_BID, NO_ASK = -(2**62), 2**62

NAMES = ("place", "cancel", "amend", "working", "cancelling", "has_order", "AMEND_NONE", "AMEND_REQUEUE", "AMEND_KEEP")
"""What the tests put into the place of the kernel's."""


@attrs.define
class Order:
    id: int
    side: int
    tick: int
    lots: int
    remaining: int
    kind: int = POST_ONLY
    state: int = SENT
    request: int = PLACING
    sent: int = 0
    cause: int = 0
    reduce_only: int = 0
    asked_tick: int = 0
    asked_lots: int = 0


@attrs.define
class Desk:
    """verbs: every request ever sent, in order: (verb, side, tick, lots), an amendment with the price and total asked for."""

    amend: int = AMEND_NONE
    orders: dict[int, Order] = attrs.field(factory=dict)
    live: list[int] = attrs.field(factory=list)
    spare: list[int] = attrs.field(factory=lambda: list(range(1023, -1, -1)))
    next_id: int = 1
    post_only: int = 1
    entry_latency: int = 0
    verbs: list[tuple[str, int, int, int]] = attrs.field(factory=list)
    times: list[int] = attrs.field(factory=list)
    sent: deque[tuple[str, int, int, int]] = attrs.field(factory=deque)

    @property
    def live_count(self) -> int:
        return len(self.live)

    def note(self, market: Any, verb: str, order: Order, at: int, tick: int, lots: int) -> None:
        self.verbs.append((verb, order.side, tick, lots))
        self.times.append(market.now)
        self.sent.append((verb, at, tick, lots))


def place(desk: Desk, market: Any, side: int, tick: int, lots: int, kind: int) -> None:
    assert lots > 0
    at = desk.spare.pop()
    order = desk.orders[at] = Order(
        desk.next_id, side, tick, lots, lots, kind, sent=market.now, asked_tick=tick, asked_lots=lots
    )
    desk.next_id += 1
    desk.live.append(at)
    desk.note(market, "place", order, at, tick, lots)


def cancel(desk: Desk, market: Any, at: int) -> None:
    order = desk.orders[at]
    assert working(order)
    order.request = CANCELLING
    desk.note(market, "cancel", order, at, order.tick, order.lots)


def amend(desk: Desk, market: Any, at: int, tick: int, lots: int) -> None:
    order = desk.orders[at]
    assert working(order)
    assert desk.amend != AMEND_NONE
    order.request = AMENDING
    order.asked_tick, order.asked_lots = tick, lots
    desk.note(market, "amend", order, at, tick, lots)


def working(order: Order) -> bool:
    return order.state == WORKING and order.request == NOTHING


def cancelling(order: Order) -> bool:
    return order.request == CANCELLING


def has_order(desk: Desk, tick: int) -> bool:
    return any(desk.orders[at].tick == tick for at in desk.live)


@attrs.define
class Exchange:
    """resting: by the order's id: side, tick, lots still to execute; met: pairs of our prices that could have traded with each other."""

    desk: Desk
    resting: dict[int, list[int]] = attrs.field(factory=dict)
    answers: deque[tuple[str, int, int, int, int]] = attrs.field(factory=deque)
    met: list[tuple[int, int]] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        for order in (self.desk.orders[at] for at in self.desk.live):
            if order.state == WORKING:
                self.resting[order.id] = [order.side, order.tick, order.remaining]

    def receive(self, refuse: bool = False) -> None:
        """Takes the next request."""
        verb, at, tick, lots = self.desk.sent.popleft()
        order = self.desk.orders[at]
        rests = self.resting.get(order.id)
        if verb == "place":
            if not refuse:
                self.stand(order.id, order.side, tick, lots)
            self.answers.append(("refused" if refuse else "accepted", at, order.id, tick, lots))
        elif rests is None:
            self.answers.append(("not found", at, order.id, 0, 0))
        elif verb == "cancel":
            del self.resting[order.id]
            self.answers.append(("ended", at, order.id, 0, 0))
        elif refuse:
            self.answers.append(("not found", at, order.id, 0, 0))
        else:
            executed = order.lots - rests[2]
            self.stand(order.id, order.side, tick, lots - executed)
            self.answers.append(("amended", at, order.id, tick, lots))

    def stand(self, id: int, side: int, tick: int, lots: int) -> None:
        self.met += [
            (tick, other) for its, other, _ in self.resting.values() if its != side and side * (tick - other) >= 0
        ]
        self.resting[id] = [side, tick, lots]

    def execute(self, id: int, lots: int) -> None:
        """Executes so many lots of a resting order."""
        rests = self.resting[id]
        lots = min(lots, rests[2])
        rests[2] -= lots
        at = next(at for at in self.desk.live if self.desk.orders[at].id == id)
        self.answers.append(("executed", at, id, 0, lots))
        if rests[2] == 0:
            del self.resting[id]

    def answer(self) -> None:
        """Lets the desk know the next answer."""
        kind, at, id, tick, lots = self.answers.popleft()
        order = self.desk.orders[at]
        if order.id != id:
            return
        if kind == "executed":
            order.remaining -= lots
            if order.remaining == 0:
                order.state = ENDED
        elif kind in ("refused", "ended"):
            order.state = ENDED
        else:
            order.request = NOTHING
            order.state = WORKING if order.state != ENDED else ENDED
            if kind == "amended":
                order.remaining += lots - order.lots
                order.tick, order.lots = tick, lots
            order.asked_tick, order.asked_lots = order.tick, order.lots
        if order.state == ENDED and at in self.desk.live:
            self.desk.live.remove(at)
            self.desk.spare.append(at)

    def settle(self) -> None:
        """Lets everything that is under way arrive."""
        while self.desk.sent:
            self.receive()
        while self.answers:
            self.answer()


def standing(*orders: tuple[int, int] | tuple[int, int, int], amend: int = AMEND_NONE, state: str = "working") -> Desk:
    """Returns a desk with orders (side, tick, lots; five lots where left out) that work, or whose placing or cancel is under way."""
    desk = Desk(amend=amend)
    for side, tick, *lots in orders:
        place(desk, SimpleNamespace(now=0), side, tick, lots[0] if lots else 5, POST_ONLY)
    if state != "placing":
        Exchange(desk).settle()
    if state == "cancelling":
        for at in desk.live:
            cancel(desk, SimpleNamespace(now=0), at)
    desk.sent.clear()
    desk.verbs.clear()
    desk.times.clear()
    return desk


def ladder(bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> SimpleNamespace:
    """Returns a wanted ladder of levels (tick, lots) from the inside out."""
    levels = max(len(bids), len(asks))
    bids = bids + [(0, 0)] * (levels - len(bids))
    asks = asks + [(0, 0)] * (levels - len(asks))
    return SimpleNamespace(
        levels=levels,
        bid_ticks=[tick for tick, _ in bids],
        bid_lots=[lots for _, lots in bids],
        ask_ticks=[tick for tick, _ in asks],
        ask_lots=[lots for _, lots in asks],
    )


def market(now: int = 0, bid: int = 99, ask: int = 101, position: float = 0.0, tick_size: float = 1.0) -> Any:
    """Returns a market with its best prices in ticks."""
    return SimpleNamespace(
        now=now,
        start=0,
        bid=bid * tick_size,
        ask=ask * tick_size,
        mid=0.5 * (bid + ask) * tick_size,
        bid_ticks=bid,
        ask_ticks=ask,
        position=position,
        tick_size=tick_size,
        lot_size=1.0,
        base=0,
    )


class Trader:
    """A rule at work: its parameters and its state over several decisions."""

    def __init__(self, rule: Any, **given: Any) -> None:
        self.rule = rule
        self.params = rule.Params(**given)
        self.state = rule.State()
        rule.mmkit_execution().setup(self.params, self.state, None)

    def decide(self, desk: Desk, quotes: Any, view: Any = None, book: Any = None) -> list[tuple[str, int, int, int]]:
        """Returns what a decision sends, in order: verb, side, tick, lots."""
        before = len(desk.verbs)
        extra = () if book is None else (book,)
        self.rule.act(self.params, self.state, view or market(), quotes, desk, *extra)
        return desk.verbs[before:]
