"""The process comes before all ordinary ones (SCHED_FIFO), for the time of the run. Most systems permit it to root alone."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager

import attrs

import mmkit
from mmkit_plugins.optimization._process import REFUSED, Refusal, asked


@attrs.frozen
class Params:
    priority: int = mmkit.field(10, at_least=1, at_most=99, doc="among processes of this kind; 99 comes first")
    refused: Refusal = mmkit.field(Refusal.WARN, doc=REFUSED)


def exact(params: Params) -> bool:
    """When a process runs changes nothing that it computes."""
    return True


def around(params: Params, notify: Callable[[str], None]) -> AbstractContextManager[None]:
    """Raises the priority."""

    def enter() -> Callable[[], None]:
        policy, given = os.sched_getscheduler(0), os.sched_getparam(0)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(params.priority))
        return lambda: os.sched_setscheduler(0, policy, given)

    return asked("realtime-priority", params.refused, notify, enter)


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    return mmkit.Optimization("realtime-priority", params=Params, applies=("process",), exact=exact, around=around)
