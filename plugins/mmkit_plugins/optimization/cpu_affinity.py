"""The process runs on these processor cores only, for the time of the run: no move from core to core, no cold caches."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager

import attrs

import mmkit
from mmkit_plugins.optimization._process import REFUSED, Refusal, asked


@attrs.frozen
class Params:
    cores: tuple[float, ...] = mmkit.field(
        (0.0,), unit="", at_least=0, at_most=1023, capacity=64, doc="numbers of the cores, from 0"
    )
    refused: Refusal = mmkit.field(Refusal.WARN, doc=REFUSED)


def exact(params: Params) -> bool:
    """Where a process runs changes nothing that it computes."""
    return True


def around(params: Params, notify: Callable[[str], None]) -> AbstractContextManager[None]:
    """Binds the process to the cores."""

    def enter() -> Callable[[], None]:
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {int(core) for core in params.cores})
        return lambda: os.sched_setaffinity(0, before)

    return asked("cpu-affinity", params.refused, notify, enter)


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    return mmkit.Optimization("cpu-affinity", params=Params, applies=("process",), exact=exact, around=around)
