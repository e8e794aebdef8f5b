"""Finds the rule in which an exception arose."""

import traceback
from typing import Any

from mmkit.errors import PluginError
from mmkit.rules import own_functions
from mmkit.stack import Slot, Stack


def blame(stack: Stack, error: Exception, now: int, clock: Any) -> PluginError | None:
    """Returns a one-line error naming the rule, its function and where it raised; None if no rule's function was running."""
    codes: dict[Any, tuple[Slot, str]] = {}
    for slot in (*stack.slots, stack.leg.venue, stack.leg.market, *stack.optimizations):
        own = dict(own_functions(slot.rule))
        if slot.rule.setup is not None:
            own["setup"] = slot.rule.setup
        for name, function in own.items():
            codes[function.__code__] = (slot, name)
    found: tuple[Slot, str] | None = None
    trace = error.__traceback__
    while trace is not None:
        found = codes.get(trace.tb_frame.f_code, found)
        trace = trace.tb_next
    if found is None:
        return None
    slot, name = found
    last = traceback.extract_tb(error.__traceback__)[-1]
    when = f", at {now} ns, decision {clock.decisions}" if clock is not None else ""
    raised = PluginError(
        f"{slot.path}: {slot.rule.name} ({slot.distribution}): {name} raised {type(error).__name__}: {error} "
        f"({last.filename}:{last.lineno}{when})"
    )
    raised.__cause__ = error
    return raised
