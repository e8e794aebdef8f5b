"""Finds the rule in which an exception arose, or whose result nobody could use."""

import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

import attrs

from mmkit.called import RETURNED, to_return
from mmkit.engine.calls import calls_of, is_number
from mmkit.errors import PluginError, raised_at
from mmkit.rules import own_functions
from mmkit.stack import Slot, Stack

ENGINE = Path(__file__).parent / "engine"
COMPILED = str(ENGINE / "compiled.py")


@attrs.frozen
class Blamed:
    """Whose fault it is: the rule, its function, "FILE:LINE", what happened in words, and whether compiled code left no line."""

    slot: Slot
    function: str
    where: str
    said: str
    unseen: bool = False

    def error(self, cause: Exception | None, when: str = "") -> PluginError:
        """Returns the error, one line; when: ", at 12 ns, row 3, decision 1" or ''."""
        slot = self.slot
        text = f"{slot.path}: {slot.rule.name} ({slot.distribution}): {self.function} {self.said} ({self.where}{when})"
        raised = PluginError(text)
        raised.__cause__ = cause
        return raised


def blame(stack: Stack, error: Exception, now: int, clock: Any) -> PluginError | None:
    """Returns a one-line error naming the rule, its function and where it raised; None if no rule's function was running."""
    blamed = blamed_for(stack, error, clock)
    if blamed is None:
        return None
    return blamed.error(error, f", at {now} ns, decision {clock.decisions}" if clock is not None else "")


def blamed_for(stack: Stack, error: Exception, clock: Any) -> Blamed | None:
    """Returns whose fault an exception is, None if no rule's function was running and none returned what could not be used.

    Compiled code leaves no frames behind: there the line is that of the function's head.
    """
    where = raised_at(error)
    said = f"raised {type(error).__name__}: {error}" if str(error) else f"raised {type(error).__name__}"
    found = in_the_trace(stack, error)
    if found is not None:
        return Blamed(*found, where, said)
    if clock is None:
        return None
    if compiled(error) and clock.at:
        slot, name = calls_of(stack)[int(clock.at) - 1]
        return Blamed(slot, name, head(slot, name), said, unseen=True)
    if isinstance(error, TypeError | ValueError):
        returned = unusable(stack, error, clock)
        if returned is not None:
            slot, name, what = returned
            return Blamed(slot, name, head(slot, name), f"{what}: {type(error).__name__}: {error}")
    return None


def compiled(error: Exception) -> bool:
    """Returns whether compiled code raised: behind the call of it there are no frames, or those of the compiler's own functions."""
    if type(error).__module__.startswith("numba."):
        return False  # it is the compiler that failed
    numba = getattr(sys.modules.get("numba"), "__path__", [""])[0]
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    own = [file for file in files if not (numba and file.startswith(numba))]
    return own[-1:] == [COMPILED]


def head(slot: Slot, name: str) -> str:
    """Returns "FILE:LINE" of the head of a rule's function."""
    code = getattr(slot.rule, name).__code__
    return f"{code.co_filename}:{code.co_firstlineno}"


def unusable(stack: Stack, error: Exception, clock: Any) -> tuple[Slot, str, str] | None:
    """Returns the rule and function that left what the loop cannot use, and what that was, told by where the loop stumbled over it."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    called = calls_of(stack)[int(clock.at) - 1] if clock.at else None
    if not is_number(clock.next_timer):
        return stack.execution, "next_time", returned_no("next_time")
    if not is_number(clock.next_hedge):
        return stack.hedging, "next_time", returned_no("next_time")
    inside = [frame for frame in frames if frame.f_code.co_filename.startswith("<stack ")]
    if inside and inside[-1].f_code.co_name == "decide":
        values = inside[-1].f_locals
        for slot, name, wanted in (
            (stack.sizing, "sizes", ("bid_qty", "ask_qty")),
            (stack.pricing, "quote", ("price", "half_bid", "half_ask")),
        ):
            if any(each in values and not is_number(values[each]) for each in wanted):
                return slot, name, returned_no(name)
        if not isinstance(values["s"].ladder.levels, int):
            return stack.ladder, "levels", f"left ladder.levels at {values['s'].ladder.levels!r}, no whole number"
    unpacked = bool(inside) and inside[-1] is frames[-1]
    if called and called[1] in RETURNED and (unpacked or frames[-1].f_code.co_name == "walk"):
        return (*called, returned_no(called[1]))
    return None


def returned_no(name: str) -> str:
    """Returns what is wrong with the result of a rule's function."""
    return f"returned no {to_return(name)}"


def in_the_trace(stack: Stack, error: Exception) -> tuple[Slot, str] | None:
    """Returns the innermost rule, and its function, whose code the traceback passes through."""
    codes = codes_of(stack)
    found: tuple[Slot, str] | None = None
    trace = error.__traceback__
    while trace is not None:
        found = codes.get(trace.tb_frame.f_code, found)
        trace = trace.tb_next
    return found


def codes_of(stack: Stack) -> dict[Any, tuple[Slot, str]]:
    """Returns rule and function by code object."""
    codes: dict[Any, tuple[Slot, str]] = {}
    places = (slot for leg in stack.all_legs for slot in (leg.venue, leg.market))
    for slot in (*stack.slots, *places, *stack.caches):
        own = dict(own_functions(slot.rule))
        if slot.rule.setup is not None:
            own["setup"] = slot.rule.setup
        for name, function in own.items():
            codes[getattr(function, "__code__", None)] = (slot, name)
    codes.pop(None, None)
    return codes


def locals_of(error: BaseException | None, code: Any) -> dict[str, Any]:
    """Returns what a function's names were when an exception passed through it; nothing where it did not."""
    trace: TracebackType | None = error.__traceback__ if error is not None else None
    found: dict[str, Any] = {}
    while trace is not None:
        if trace.tb_frame.f_code is code:
            found = dict(trace.tb_frame.f_locals)
        trace = trace.tb_next
    return found
