"""Which rules the compiler refuses, found by trying each function alone, and why, read from what it raises."""

import re
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from types import CodeType
from typing import Any

import attrs
import numba

from mmkit.called import returned, to_return
from mmkit.engine.binding import bind
from mmkit.engine.callouts import RECORDS, Refusal, acting, called, number_of
from mmkit.engine.calls import identifier
from mmkit.engine.jit import compiler, nothing
from mmkit.engine.session import Program
from mmkit.engine.verdict import verdict
from mmkit.errors import PluginError
from mmkit.stack import Slot, Stack
from mmkit.steps import step
from mmkit.subset import BITS, findings

NAMED = (*RECORDS, "order", "key")
"""Arguments that are no numbers."""


def insist(stack: Stack, refused: Mapping[str, Refusal | None]) -> None:
    """Raises PluginError, one line per rule, where a rule is refused that does not say itself that it stays Python."""
    lines = [why.line(slot) for slot in acting(stack) if (why := refused.get(slot.path))]
    if lines:
        raise PluginError("\n".join(lines))


def other_bits(stack: Stack, refused: Container[str]) -> Iterator[str]:
    """Yields a line for each construct that gives another result compiled than plain, but for the rules that are refused."""
    for slot in acting(stack):
        for found in findings(slot.rule) if slot.path not in refused else ():
            if found.kind == BITS:
                said = f"{slot.path}: {slot.rule.name} ({slot.distribution}): {found}"
                yield f"warning: {said} (compiled, the result is another than the plain engine's)"


def refusal(
    program: Program, known: Container[str], error: Exception, session: Any, book: Any
) -> tuple[str, Refusal] | None:
    """Returns the path of a rule that does not compile, with the function and the reason; each function is tried alone.

    known: paths that need no trial; error: what compiling the whole stack raised; session, book: what the rules would be called with.
    """
    whole: Any = numba.typeof(session.whole).dtype  # type: ignore[no-untyped-call]
    trials = [(slot, *each) for slot in acting(program.stack) if slot.path not in known for each in called(slot)]
    # A trial takes as long as compiling: those whose file and name the error mentions come first.
    trials.sort(key=lambda trial: not mentioned(trial[2].__code__, str(error)))
    for slot, name, function, given in trials:
        before = 3 if "constants" in given else 2
        records = given[:before] if name == "prepare" else given
        kinds = tuple(
            kind_of(program, whole, slot, argument, book) if argument in NAMED else numba.types.float64
            for argument in (*records, *["number"] * (len(given) - len(records)))
        )
        make = compiler(f"trial_{identifier(slot.path)}_{name}")
        try:
            tried = bind(function, {step: make(nothing)}, make, {})
            tried.compile(kinds)
        except Exception as own:
            return slot.path, verdict(own, name, function)
        kind = next(iter(tried.overloads.values())).signature.return_type
        if not fits(kind, name):
            what = f"{told_type(kind)} is returned: return {to_return(name)} on every way out"
            return slot.path, Refusal(name, function.__qualname__, 0, what)
    return None


def fits(kind: Any, name: str) -> bool:
    """Returns whether what a function returns is what the loop takes of it: as many numbers, or nothing at all."""
    wanted = returned(name)
    if not wanted:
        return True
    numbers = (numba.types.Number, numba.types.Boolean, numba.types.IntEnumMember)
    if len(wanted) == 1:
        return isinstance(kind, numbers)
    many: Any = kind if isinstance(kind, numba.types.BaseTuple) else ()
    return len(many) == len(wanted) and all(isinstance(each, numbers) for each in many)


def told_type(kind: Any) -> str:
    """Returns what a function returns, in words."""
    if isinstance(kind, numba.types.BaseTuple):
        return f"a tuple of {len(kind)}"
    if isinstance(kind, numba.types.Optional):
        return "on some way out nothing"
    if isinstance(kind, numba.types.NoneType):
        return "nothing"
    return "a single number" if isinstance(kind, numba.types.Number) else f"a {type(kind).__name__}"


def mentioned(code: CodeType, text: str) -> bool:
    """Returns whether an error's text speaks of a function's file, in the lines of the function."""
    numbers = [int(number) for number in re.findall(rf"{re.escape(Path(code.co_filename).name)}\D{{1,12}}(\d+)", text)]
    lines = [line for _, _, line in code.co_lines() if line is not None]
    return any(min(lines) <= number <= max(lines) for number in numbers)


def kind_of(program: Program, whole: Any, slot: Slot, argument: str, book: Any) -> Any:
    """Returns the type of an argument that is no number, as the compiler knows it."""
    if argument == "book":
        return numba.typeof(book)  # type: ignore[no-untyped-call]
    if argument == "key":
        inputs: Any = program.stack.pricing.rule.inputs
        return numba.typeof((0.0,) * (len(attrs.fields(inputs)) if inputs else 0))  # type: ignore[no-untyped-call]
    if argument == "order":
        return whole.typeof("desk").typeof("orders").dtype
    if argument in ("params", "state", "inputs", "terms", "constants"):
        argument = f"{identifier(slot.path)}_{argument}"
    if argument in ("market", "desk", "trade", "fill") and number_of(program.stack, slot):
        return whole.typeof("legs").dtype.typeof(argument)
    return whole.typeof("legs" if argument == "hedges" else argument)
