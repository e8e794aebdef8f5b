"""How long one decision takes when it is called for from Python, event by event, as a live session does."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from mmkit.driver import chunks, generators
from mmkit.engine.compiled import CompiledEngine
from mmkit.engine.records import CANCELLED, NO_ASK, NO_BID, NOTHING, PLACING, WORKING
from mmkit.engine.session import program
from mmkit.stack import Stack
from mmkit.tape import DEPTH
from mmkit.tape import NO_ASK as NO_ASK_TICK
from mmkit.tape import NO_BID as NO_BID_TICK

EVENTS, WARM = 20_000, 1_000
"""How many events are taken, and how many of the first are not counted."""


def called_from_python(stack: Stack, notify: Callable[[str], None]) -> dict[str, Any]:
    """Returns how long a call takes in microseconds, from Python to Python, of a change of the best prices and its decision, compiled.

    The prices are the market's own; every request is answered at once, outside of what is timed, and nothing fills. p50, p99, max.
    """
    prices = best_prices(stack, notify)
    engine = CompiledEngine(program(stack), notify, single=True)
    session, book = engine.session(), engine.book(False)
    log = engine.log(fills=1, records=1, events=4 * EVENTS)
    taken: list[int] = []
    answered = 0
    for now, bid, ask in prices:
        begun = time.perf_counter_ns()
        sent = engine.single(now, bid, ask, session, book, log)
        taken.append(time.perf_counter_ns() - begun)
        answer(session, answered, sent)
        answered = sent
    if len(taken) <= WARM:
        return {}
    counted = np.array(taken[WARM:]) / 1e3
    p50, p99 = np.quantile(counted, (0.5, 0.99)).tolist()
    return {"calls": len(counted), "p50_us": p50, "p99_us": p99, "max_us": float(counted.max())}


def answer(session: Any, first: int, end: int) -> None:
    """Tells the desk that what it has asked for since then has happened."""
    desk = session.desk
    for number in range(first, end):
        request = desk.sent[number & desk.mask]
        order = desk.orders[request.place]
        order.state = WORKING if request.kind == PLACING else CANCELLED
        order.request = NOTHING
    desk.sent_first = end


def best_prices(stack: Stack, notify: Callable[[str], None]) -> list[tuple[int, int, int]]:
    """Returns time and best prices (ticks) of the first changes of the quoted instrument's book, as they are known to us."""
    leg = stack.leg
    found: list[tuple[int, int, int]] = []
    rng = generators(stack)[0]
    tape = chunks(leg, rng, notify)
    for chunk in tape:
        rows = chunk.local[chunk.local["kind"] == DEPTH]
        bids = np.where(rows["bid"] != NO_BID_TICK, rows["bid"].astype(np.int64) + chunk.base, NO_BID)
        asks = np.where(rows["ask"] != NO_ASK_TICK, rows["ask"].astype(np.int64) + chunk.base, NO_ASK)
        found += zip(rows["ts"].tolist(), bids.tolist(), asks.tolist(), strict=True)
        if len(found) >= EVENTS:
            break
    tape.close()
    return found[:EVENTS]
