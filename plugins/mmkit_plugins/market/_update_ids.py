"""Messages of a venue that numbers its book's updates, and which of them the book consists of."""

from collections import deque
from pathlib import Path

import attrs

import mmkit

WAITING = 4096
"""Depth messages that wait for a snapshot."""


@attrs.define
class Message:
    """A depth message, a trade, a snapshot or a mark; `parts` are kind of row and text of its levels, `["price","quantity"],…`.

    ids: U, u and pu of a depth message; snapshot: lastUpdateId of one; mark: price, rate and time of the settlement, of a mark.
    """

    where: tuple[Path, int]
    exch: int
    local: int
    parts: list[tuple[int, bytes]]
    ids: tuple[int, int, int | None] | None = None
    snapshot: int | None = None
    mark: tuple[float, float, int] | None = None


class Chain:
    """Follows the update ids: which messages the book consists of, and where it is unknown."""

    def __init__(self, least: int) -> None:
        self.least = least
        self.begun = False
        self.last: int | None = None
        self.snapshot: int | None = None
        self.time = -(2**62)
        self.waiting: deque[Message] = deque(maxlen=WAITING)

    def admit(self, message: Message) -> list[Message]:
        """Returns what a message makes known, in order: nothing, itself, a gap, or all that waited for a snapshot."""
        known = self.last is not None or self.snapshot is not None
        if message.snapshot is not None:
            return [] if known else self._begin(message, message.snapshot)
        if message.ids is None:
            return [message]
        if not known:
            self.waiting.append(message)
            return []
        return self._follow(message, *message.ids)

    def _begin(self, message: Message, snapshot: int) -> list[Message]:
        self.begun = True
        self.snapshot = snapshot
        # Nothing to tell the time by: as if it had been as quick as the quickest message.
        self.time = message.exch if message.exch > 0 else message.local - self.least
        message.exch = self.time
        waited, self.waiting = self.waiting, deque(maxlen=WAITING)
        found = [message]
        for depth in waited:
            depth.local = message.local
            found += self.admit(depth)
        return found

    def _follow(self, message: Message, first: int, last: int, previous: int | None) -> list[Message]:
        if self.last is not None:
            if last <= self.last:
                return []
            fits = first == self.last + 1 if previous is None else previous == self.last
        else:
            assert self.snapshot is not None
            if last < self.snapshot + (previous is None):
                return []
            fits = first <= self.snapshot + 1 if previous is None else previous <= self.snapshot
        # Their ids order depth messages at the venue, so its clock must not.
        message.exch = self.time = max(self.time, message.exch)
        if fits:
            self.last = last
            return [message]
        self.last = self.snapshot = None
        self.waiting.append(message)
        return [Message(message.where, message.exch, message.local, [(mmkit.GAP, b'["0","0"]')])]
