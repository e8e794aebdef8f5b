"""A tap on the kernel's wires: every request as it leaves and as it arrives, and every level of risk, in the order in which they happen.

Nothing here computes anything: what it all amounts to is
worked out anew in `story.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

import mmkit
from mmkit import conversion
from mmkit.engine import arriving, control, executing, orders, plain, replay

WINDOW, ROWS = 256, 150
"""Of a book and of a chunk: small, so that short markets move windows and cross chunks, and a run costs no megabytes."""


class Sent(NamedTuple):
    """A request leaves; of a cancel only the order's id counts."""

    time: int
    desk: Any
    request: int
    id: int
    side: int
    tick: int
    lots: int
    kind: int
    cause: int
    asked_tick: int
    asked_lots: int


class Arrived(NamedTuple):
    """A request has arrived; answers: how many the venue had given before."""

    time: int
    desk: Any
    request: int
    id: int
    reduce_only: int
    answers: int


class Given(NamedTuple):
    """The venue gives an answer, which will be known later."""

    time: int
    desk: Any
    known: int
    id: int
    kind: int
    tick: int
    lots: int
    maker: int


class Level(NamedTuple):
    """The level that is in force from now on."""

    time: int
    level: int
    reason: int


tapped: list[Any] = []
given: list[Given] = []
sessions: list[Any] = []
send, arrive, answer = orders.send, replay.arrive, executing.answer
govern, new_session = control.govern, plain.PlainEngine.session


def tap_send(desk: Any, now: int, place: int, id: int, kind: int) -> None:
    """Stands in the place of `send`."""
    it = desk.orders[place]
    asked = (it.asked_tick, it.asked_lots)
    tapped.append(Sent(now, desk, kind, id, it.side, it.tick, it.lots, it.kind, it.cause, *asked))
    send(desk, now, place, id, kind)


def tap_arrive(s: Any, leg: Any, book: Any, log: Any, now: int) -> None:
    """Stands in the place of `arrive`."""
    desk = leg.desk
    request = desk.sent[desk.sent_first & desk.mask]
    reduce_only = desk.orders[request.place].reduce_only
    tapped.append(Arrived(now, desk, request.kind, request.id, reduce_only, leg.exchange.answer_end))
    arrive(s, leg, book, log, now)


def tap_answer(leg: Any, now: int, place: int, kind: int, tick: int, lots: int, maker: int) -> int:
    """Stands in the place of `answer`."""
    known = answer(leg, now, place, kind, tick, lots, maker)
    given.append(Given(now, leg.desk, known, leg.desk.orders[place].id, kind, tick, lots, maker))
    return known


def tap_govern(s: Any, level: int, reason: int) -> bool:
    """Stands in the place of `govern`."""
    tapped.append(Level(s.market.now, level, reason))
    return bool(govern(s, level, reason))


def session_of(engine: Any) -> Any:
    """Stands in the place of the plain engine's `session`."""
    made = new_session(engine)
    sessions.append(made)
    return made


@contextmanager
def on() -> Iterator[None]:
    """Within this block every run of the plain engine is tapped; behind it, as other tests of the process rely on, none is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "WINDOW", WINDOW)
        patch.setattr(conversion.chunks, "__kwdefaults__", {"rows": ROWS, "window": WINDOW})
        patch.setattr(orders, "send", tap_send)
        patch.setattr(replay, "arrive", tap_arrive)
        patch.setattr(arriving, "answer", tap_answer)
        patch.setattr(executing, "answer", tap_answer)
        patch.setattr(control, "govern", tap_govern)
        patch.setattr(plain.PlainEngine, "session", session_of)
        yield


def run(stack: Any) -> tuple[Any, Any, list[Any]]:
    """Runs a stack and returns the run, its session at the end, and what was tapped."""
    tapped.clear()
    given.clear()
    sessions.clear()
    with on():
        done = mmkit.run(stack, engine="python")
    return done, sessions[-1], [*tapped, *given]
