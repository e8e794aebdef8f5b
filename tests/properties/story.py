"""What happened to an instrument's orders, pieced together from messages alone: requests that left and arrived, and answers.

It shares no code with the engine: an order is what was asked for, changed by what the venue answered, at the times of both.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
from tap import Arrived, Given, Level, Sent

from mmkit.engine.records import (
    ACCEPTED,
    AMENDED,
    AMENDING,
    EXECUTED,
    LAPSED,
    NOT_AMENDED,
    NOT_FOUND,
    PLACING,
    REFUSED,
    WITHDRAWN,
)


@attrs.define
class Own:
    """An order of ours at the venue: lots and tick as they are there; asked: the total of an amendment on its way."""

    id: int
    side: int
    tick: int
    lots: int
    kind: int
    cause: int
    sent: int
    executed: int = 0
    arrived: bool = False
    resting: bool = False
    ended: str = ""
    asked: int = 0
    asked_tick: int = 0
    reduce_only: bool = False

    @property
    def left(self) -> int:
        """Lots that may still execute."""
        return 0 if self.ended else max(self.lots, self.asked) - self.executed


@attrs.frozen
class Answered:
    """An answer, at the time at which the venue gave it."""

    time: int
    known: int
    id: int
    kind: int
    tick: int
    lots: int
    maker: int


@attrs.define
class Story:
    """An instrument's orders by id, and its position at the venue, as far as it has been told."""

    answers: Sequence[Answered] = attrs.field(repr=False)
    tapped: Sequence[Any] = attrs.field(repr=False)
    desk: Any = attrs.field(repr=False)
    orders: dict[int, Own] = attrs.field(factory=dict)
    position: int = 0

    def told(self) -> Iterator[Any]:
        """Tells the story step by step: yields Sent, Arrived, Answered and Level, each after it has been taken in."""
        own = [each for each in self.tapped if isinstance(each, Level) or each.desk is self.desk]
        # How many answers the venue has given before the next request arrives: with no latency several things have one time.
        ends = []
        for each in reversed(own):
            last = ends[-1] if ends else len(self.answers)
            ends.append(each.answers if isinstance(each, Arrived) else last)
        next_answer = 0
        for each, end in zip(own, reversed(ends), strict=True):
            while next_answer < end and (isinstance(each, Arrived) or self.answers[next_answer].time <= each.time):
                yield self._answered(self.answers[next_answer])
                next_answer += 1
            if isinstance(each, Sent):
                self._sent(each)
            elif isinstance(each, Arrived):
                self._arrived(each)
            yield each
        for answer in self.answers[next_answer:]:
            yield self._answered(answer)

    def to_its_end(self) -> "Story":
        """Tells all of it."""
        for _ in self.told():
            pass
        return self

    @property
    def resting(self) -> list[Own]:
        """The orders that rest at the venue now."""
        return [order for order in self.orders.values() if order.resting]

    def may_fill(self, side: int) -> int:
        """Returns the lots of a side that may still execute, but for what only reduces."""
        return sum(order.left for order in self.orders.values() if order.side == side and not order.reduce_only)

    def _sent(self, each: Sent) -> None:
        if each.request == PLACING:
            self.orders[each.id] = Own(each.id, each.side, each.tick, each.lots, each.kind, each.cause, each.time)
        elif each.request == AMENDING:
            order = self.orders[each.id]
            order.asked, order.asked_tick = each.asked_lots, each.asked_tick

    def _arrived(self, each: Arrived) -> None:
        order = self.orders[each.id]
        if each.request == PLACING:
            order.arrived = True
            order.reduce_only = bool(each.reduce_only)
        elif each.request == AMENDING:
            order.asked = 0

    def _answered(self, answer: Answered) -> Answered:
        order = self.orders[answer.id]
        if answer.kind == ACCEPTED:
            order.resting, order.tick = True, answer.tick
        elif answer.kind == EXECUTED:
            order.executed += answer.lots
            self.position += order.side * answer.lots
            if order.executed == order.lots:
                order.ended, order.resting = "filled", False
        elif answer.kind == AMENDED:
            order.lots, order.tick = answer.lots, answer.tick
        elif answer.kind in (WITHDRAWN, LAPSED, REFUSED):
            order.ended = {WITHDRAWN: "cancelled", LAPSED: "expired", REFUSED: "rejected"}[answer.kind]
            order.resting = False
        else:
            assert answer.kind in (NOT_FOUND, NOT_AMENDED)
        return answer


def stories(session: Any, tapped: Sequence[Any]) -> list[Story]:
    """Returns the stories of a run's instruments, the quoted one first."""
    found = []
    for leg in (session, *getattr(session, "legs", [])):
        answers = [
            Answered(each.time, each.known, *each[3:])
            for each in tapped
            if isinstance(each, Given) and each.desk is leg.desk
        ]
        found.append(Story(answers, [each for each in tapped if not isinstance(each, Given)], leg.desk))
    return found
