"""An execution at work in a run, watched: what is alive at each decision, what is wanted, and what it sends."""

from collections.abc import Callable
from typing import Any, NamedTuple

import mmkit

SPY = """
import importlib.metadata
import attrs
import mmkit

[entry] = importlib.metadata.entry_points(group="mmkit.execution", name="{use}")
rule = entry.load().mmkit_execution()
seen = []


def orders(desk):
    return [(desk.orders[at].id, desk.orders[at].side, desk.orders[at].tick, desk.orders[at].lots,
             desk.orders[at].state, desk.orders[at].request, at) for at in desk.live[:desk.live_count]]


def act(params, state, market, ladder, desk, *book):
    before = orders(desk)
    wanted = [(ladder.bid_ticks[i], ladder.bid_lots[i], ladder.ask_ticks[i], ladder.ask_lots[i])
              for i in range(ladder.levels)]
    rule.act(params, state, market, ladder, desk, *book)
    seen.append((market.now - market.start, market.bid_ticks, market.ask_ticks, market.fills, wanted, before,
                 orders(desk)))


@mmkit.hookimpl
def mmkit_execution():
    return attrs.evolve(rule, name="spy", act=act, compiled=False)
"""


class Own(NamedTuple):
    """An order: state and request as the kernel numbers them (0: the first of either, an order's way to the venue; no request)."""

    id: int
    side: int
    tick: int
    lots: int
    state: int
    request: int
    place: int


class Decision(NamedTuple):
    """A decision: time since the start (ns), best prices (ticks), executions known, wanted levels (bid, lots, ask, lots), and the orders
    alive before and after it."""

    time: int
    bid: int
    ask: int
    fills: int
    wanted: list[tuple[int, int, int, int]]
    before: list[Own]
    after: list[Own]

    @property
    def placed(self) -> list[Own]:
        known = {order.id for order in self.before}
        return [order for order in self.after if order.id not in known]

    @property
    def cancelled(self) -> list[Own]:
        asked = {order.id for order in self.before if order.request}
        return [order for order in self.after if order.request and order.id not in asked and order not in self.placed]


def watch(go: Callable[..., mmkit.Run], use: str, *changes: str, **given: Any) -> tuple[mmkit.Run, list[Decision]]:
    """Returns a run of the stack with an execution, and its decisions."""
    run = go(plugin=SPY.format(use=use), set=["execution.use=spy", *changes], **given)
    seen = run.stack.execution.rule.act.__globals__["seen"]  # type: ignore[attr-defined]
    decisions = [
        Decision(*head, wanted, [Own(*order) for order in before], [Own(*order) for order in after])
        for *head, wanted, before, after in seen
    ]
    return run, decisions
