"""Marks on their way into a tape: they wait here for the chunk in which they belong."""

from typing import Any

import numpy as np

from mmkit.tape import MARK, Events


class Marks:
    """Marks that wait, and how far both streams of the tape are, in ns."""

    def __init__(self) -> None:
        self.waiting = np.zeros(0, MARK)
        self.local = self.venue = -(2**63)

    def add(self, marks: Events) -> None:
        """Takes marks, in any order."""
        waiting = np.concatenate([self.waiting, marks])
        self.waiting = waiting[np.argsort(waiting["exch_ts"], kind="stable")]

    def until(self, local: Any, venue: Any) -> Events:
        """Returns, by venue time, the marks up to the last one that happened or was known by the end of these times."""
        if len(local):
            self.local = max(self.local, int(local[-1]))
        if len(venue):
            self.venue = max(self.venue, int(venue[-1]))
        past = (self.waiting["exch_ts"] <= self.venue) | (self.waiting["local_ts"] <= self.local)
        return self._released(int(np.flatnonzero(past)[-1]) + 1 if past.any() else 0)

    def rest(self) -> Events:
        """Returns all that are left."""
        return self._released(len(self.waiting))

    def _released(self, count: int) -> Events:
        released, self.waiting = self.waiting[:count], self.waiting[count:]
        return released
