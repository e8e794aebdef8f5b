"""Probing a stack's venue: one lot a side at fixed distances from the mid, requoted at every interval, through latency and queue.

Every order is followed from its arrival to its execution or to the arrival of its cancel, at the distance from the mid that it has as
the mid moves; what was not executed is censored.
"""

from typing import Any

import attrs
import numpy as np

from mmkit import rules
from mmkit.engine.orders import cancel, has_order, place, working
from mmkit.engine.records import CANCELLING, POST_ONLY
from mmkit.errors import DataError
from mmkit.exposure import BLOCKS, Cells, Ints
from mmkit.runs import attempt
from mmkit.stack import Slot, Stack


@attrs.define(eq=False)
class Probe:
    """Quotes at distances (half ticks) every `every` ns.

    rows: what stands at each decision: id, distance (half ticks), from when (ns); withdrawn: when each order's cancel arrives (ns).
    """

    distances: list[int]
    every: int
    rows: list[tuple[int, int, int]] = attrs.field(factory=list)
    withdrawn: dict[int, int] = attrs.field(factory=dict)

    def act(self, params: Any, state: Any, market: Any, ladder: Any, desk: Any) -> None:
        """Withdraws what lies at no wanted price any more, places what is missing, notes every order that stands."""
        middle = market.bid_ticks + market.ask_ticks
        spread = market.ask_ticks - market.bid_ticks
        wanted = {}
        for distance in self.distances:
            actual = distance + (distance + middle) % 2
            if actual >= spread:
                wanted[1, (middle - actual) // 2] = actual
                wanted[-1, (middle + actual) // 2] = actual
        for i in range(desk.live_count):
            order = desk.orders[desk.live[i]]
            if working(order) and (order.side, order.tick) not in wanted:
                cancel(desk, market, desk.live[i])
        fresh = desk.next_id
        for side, tick in wanted:
            if tick > 0 and not has_order(desk, tick):
                place(desk, market, side, tick, 1, POST_ONLY)
        for i in range(desk.live_count):
            order = desk.orders[desk.live[i]]
            if order.request != CANCELLING:
                start = market.now + (desk.entry_latency if order.id >= fresh else 0)
                self.rows.append((order.id, order.side * (middle - 2 * order.tick), start))
            elif order.id not in self.withdrawn:
                self.withdrawn[order.id] = market.now + desk.entry_latency

    def next_time(self, params: Any, state: Any, market: Any) -> int:
        """Returns the next multiple of `every` counted from the first event."""
        return int(market.start + ((market.now - market.start) // self.every + 1) * self.every)


def sizes(params: Any, state: Any, market: Any) -> tuple[float, float]:
    """The probe's execution chooses its own quantities."""
    return 0.0, 0.0


def quote(params: Any, state: Any, market: Any) -> tuple[float, float, float]:
    """The probe's execution chooses its own prices."""
    return market.mid, 0.0, 0.0


def levels(params: Any, state: Any, market: Any, ladder: Any, bid_qty: float, ask_qty: float) -> None:
    """No level: what is quoted is the execution's."""
    ladder.levels = 0


def probing(stack: Stack, probe: Probe) -> Stack:
    """Returns the stack with its own market and venue, and the probe in the place of everything that quotes."""

    def slot(name: str, rule: rules.Rule) -> Slot:
        return Slot(name, name, rule, rules.NoParams(), wiring={}, distribution="mmkit")

    execution = rules.Execution(
        "probe", triggers=lambda params: int(rules.Trigger.TIMER), next_time=probe.next_time, act=probe.act
    )
    return attrs.evolve(
        stack,
        signals=(),
        sizing=slot("sizing", rules.Sizing("probe", sizes=sizes)),
        pricing=slot("pricing", rules.Pricing("probe", quote=quote)),
        ladder=slot("ladder", rules.Ladder("probe", levels=levels)),
        risk=(),
        execution=slot("execution", execution),
        hedging=slot("hedging", rules.Hedging("none")),
        legs={stack.quote: stack.leg},
        hedges=(),
        reports=(),
    )


def executed(stack: Stack, every: int, distances: Ints) -> Cells:
    """Returns the cells of orders that were in the stack's venue. Raises what a run raises; data that ends early counts up to there."""
    probe = Probe(distances.tolist(), every)
    done = attempt(probing(stack, probe), engine="python")
    if done.error is not None and not isinstance(done.error, DataError):
        raise done.error
    if done.interrupted:
        raise KeyboardInterrupt
    if not probe.rows:
        raise DataError("the probe placed no order: the data is shorter than one interval, or the book is unknown")
    found = done.fills
    ends = dict(zip(found["order_id"].to_list(), found["exch_ts"].to_list(), strict=True))
    return cells(probe, ends, int(distances[-1]) + 2)


def cells(probe: Probe, filled: dict[int, int], width: int) -> Cells:
    """Returns the cells of a probe's orders, given when the filled ones were executed (ns)."""
    order, distance, start = (np.array(column, np.int64) for column in zip(*probe.rows, strict=True))
    sequence = np.lexsort((start, order))
    order, distance, start = order[sequence], distance[sequence], start[sequence]
    last = np.append(order[1:] != order[:-1], True)
    end = np.where(last, start, np.append(start[1:], 0))
    # An order that ended unfilled and was not withdrawn was refused: it stood for nothing after the last decision that knew it.
    end[last] = [
        probe.withdrawn.get(each, filled.get(each, at)) for each, at in zip(order[last], start[last], strict=True)
    ]
    executed_at = np.array([filled.get(each, 2**62) for each in order], np.int64)
    hit = (executed_at > start) & (executed_at <= end)
    end = np.minimum(end, executed_at)
    alive = np.maximum(end - start, 0) * 1e-9
    kept = (distance >= 0) & (distance < width) & (start < executed_at) & ((alive > 0) | hit)
    span = start.max() - start.min() + 1
    block = (start - start.min()) * BLOCKS // span
    exposure, fills = np.zeros((BLOCKS, width)), np.zeros((BLOCKS, width))
    np.add.at(exposure, (block[kept], distance[kept]), alive[kept])
    np.add.at(fills, (block[kept], distance[kept]), hit[kept].astype(float))
    return Cells(exposure, fills)
