"""The process's memory stays in memory (mlockall), for the time of the run: no decision waits for a page from disk."""

import ctypes
import os
from collections.abc import Callable
from contextlib import AbstractContextManager

import attrs

import mmkit
from mmkit_plugins.optimization._process import REFUSED, Refusal, asked

CURRENT, FUTURE = 1, 2
"""What mlockall can lock."""


@attrs.frozen
class Params:
    future: bool = mmkit.field(True, doc="also memory that is yet to be asked for")
    refused: Refusal = mmkit.field(Refusal.WARN, doc=REFUSED)


def exact(params: Params) -> bool:
    """Where memory lies changes nothing that is in it."""
    return True


def around(params: Params, notify: Callable[[str], None]) -> AbstractContextManager[None]:
    """Locks the memory."""

    def enter() -> Callable[[], None]:
        system = ctypes.CDLL(None, use_errno=True)
        if system.mlockall(CURRENT | (FUTURE if params.future else 0)):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return lambda: system.munlockall()

    return asked("memory-lock", params.refused, notify, enter)


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    return mmkit.Optimization("memory-lock", params=Params, applies=("process",), exact=exact, around=around)
