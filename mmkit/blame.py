"""Finds the rule in which an exception arose."""

import traceback
from pathlib import Path
from typing import Any

from mmkit.engine.calls import calls_of
from mmkit.errors import PluginError
from mmkit.rules import own_functions
from mmkit.stack import Slot, Stack

COMPILED = str(Path(__file__).parent / "engine" / "compiled.py")


def blame(stack: Stack, error: Exception, now: int, clock: Any) -> PluginError | None:
    """Returns a one-line error naming the rule, its function and where it raised; None if no rule's function was running.

    Compiled code leaves no frames behind: there the line is that of the function's head.
    """
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{last.filename}:{last.lineno}"
    found = in_the_trace(stack, error)
    if found is None and last.filename == COMPILED and clock is not None and clock.at:
        found = calls_of(stack)[int(clock.at) - 1]
        code = getattr(found[0].rule, found[1]).__code__
        where = f"{code.co_filename}:{code.co_firstlineno}"
    if found is None:
        return None
    slot, name = found
    when = f", at {now} ns, decision {clock.decisions}" if clock is not None else ""
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    raised = PluginError(f"{slot.path}: {slot.rule.name} ({slot.distribution}): {name} raised {said} ({where}{when})")
    raised.__cause__ = error
    return raised


def in_the_trace(stack: Stack, error: Exception) -> tuple[Slot, str] | None:
    """Returns the innermost rule, and its function, whose code the traceback passes through."""
    codes: dict[Any, tuple[Slot, str]] = {}
    places = (slot for leg in stack.all_legs for slot in (leg.venue, leg.market))
    for slot in (*stack.slots, *places, *stack.caches):
        own = dict(own_functions(slot.rule))
        if slot.rule.setup is not None:
            own["setup"] = slot.rule.setup
        for name, function in own.items():
            codes[getattr(function, "__code__", None)] = (slot, name)
    codes.pop(None, None)
    found: tuple[Slot, str] | None = None
    trace = error.__traceback__
    while trace is not None:
        found = codes.get(trace.tb_frame.f_code, found)
        trace = trace.tb_next
    return found
