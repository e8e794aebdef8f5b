"""Python's garbage collector leaves alone what is there when a run starts, and does not run until it ends."""

import gc
from collections.abc import Callable
from contextlib import AbstractContextManager

import attrs

import mmkit
from mmkit_plugins.optimization._process import Refusal, asked


@attrs.frozen
class Params:
    collect: bool = mmkit.field(True, doc="collect once before, so that no garbage is kept")


def exact(params: Params) -> bool:
    """What is collected is out of reach."""
    return True


def around(params: Params, notify: Callable[[str], None]) -> AbstractContextManager[None]:
    """Freezes what is there."""

    def enter() -> Callable[[], None]:
        running = gc.isenabled()
        if params.collect:
            gc.collect()
        gc.freeze()
        gc.disable()

        def leave() -> None:
            gc.unfreeze()
            if running:
                gc.enable()

        return leave

    return asked("gc-freeze", Refusal.STOP, notify, enter)


@mmkit.hookimpl
def mmkit_optimization() -> mmkit.Optimization:
    """Offers the rule."""
    return mmkit.Optimization("gc-freeze", params=Params, applies=("process",), exact=exact, around=around)
