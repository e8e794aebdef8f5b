"""How functions are compiled, and which rules the compiler refuses."""

import itertools
import re
from collections.abc import Callable, Container
from pathlib import Path
from types import CodeType
from typing import Any

import attrs
import numba

from mmkit.engine import callouts, entry
from mmkit.engine.binding import bind
from mmkit.engine.callouts import RECORDS, acting, called, number_of
from mmkit.engine.calls import identifier
from mmkit.engine.session import Program
from mmkit.stack import Slot
from mmkit.steps import step

try:
    from mmkit.engine import linking
except (ImportError, AttributeError):  # a numba that has other parts inside
    linking = None  # type: ignore[assignment]

together = [linking is not None]
"""Whether a stack is linked as a whole; set to False where that failed."""

NAMED = (*RECORDS, "order", "key")
"""Arguments that are no numbers."""


def nothing(name: str, value: float, unit: str = "") -> None:
    """What `step` is in a run."""


def compiler(tag: str, counts: bool = True) -> Callable[[Any], Any]:
    """Returns what compiles the functions of one stack, under names that begin with `tag` and count them.

    counts: whether references to arrays are counted (`jit`).
    The linker takes the first of two functions of one name, and numba's names are only unique within the process that compiled: what is
    loaded from the cache must not meet another stack's function, or an older text of its own, under its name.
    """
    count = itertools.count()

    def make(function: Any) -> Any:
        return jit(function, f"{tag}_{next(count)}", counts)

    return make


def jit(function: Any, tag: str, counts: bool = True) -> Any:
    """Compiles a function when it is first called; the kernel's own loops are proven and go without checks of every index.

    counts: references to arrays are counted, in atomic steps, wherever one is looked at. Who calls the entry function holds every array
    while it runs, so that functions that make none need no counts (decision 16); one that makes an array does not compile without.
    """
    own = function.__module__.startswith("mmkit.engine")
    stub = function.__module__ == callouts.__name__
    # What is loaded from the cache looks its module up by name: a plugin file or a stack's own module is not importable.
    # A stub looks up what it calls where it was written.
    if not stub:
        function.__module__ = entry.__name__
    function.__qualname__ = f"{function.__name__}_{tag}"
    # Only other compiled functions call it: without the wrappers for Python and C compiling takes a quarter less.
    settings: Any = {"boundscheck": not own, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    if not counts and not stub:
        settings["_nrt"] = False
    if together[0]:
        settings["pipeline_class"] = linking.KernelCompiler if own and not stub else linking.InnerCompiler
    compiled: Any = numba.njit(error_model="python", **settings)(function)
    template = compiled.get_call_template

    def once_for_all_constants(arguments: Any, keywords: Any) -> Any:
        """numba would compile a function anew for every constant, and every width of a number, that it is called with."""
        plain = tuple(map(widest, arguments))
        return template(plain, keywords)

    compiled.get_call_template = once_for_all_constants
    return compiled


def widest(kind: Any) -> Any:
    """Returns the type as which a compiled function takes an argument: no constant, and a whole number in 64 bits."""
    plain = numba.types.unliteral(kind)  # type: ignore[no-untyped-call]
    return numba.types.int64 if isinstance(plain, numba.types.Integer) and plain.bitwidth < 64 else plain  # type: ignore[attr-defined]


def kept(function: Any, tag: str, keep: bool) -> Any:
    """Compiles an entry function, which Python calls; with `keep` the result goes beside the function's file."""
    function.__qualname__ = f"{function.__name__}_{tag}"
    elsewhere = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    numba.config.CACHE_DIR = ""  # type: ignore[attr-defined]
    try:
        settings: Any = {"cache": keep, "no_cfunc_wrapper": True}
        if together[0]:
            settings["pipeline_class"] = linking.WholeCompiler
        return numba.njit(nogil=True, error_model="python", **settings)(function)
    finally:
        numba.config.CACHE_DIR = elsewhere  # type: ignore[attr-defined]


def refusal(
    program: Program, known: Container[str], error: Exception, session: Any, book: Any
) -> tuple[str, str] | None:
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
        try:
            make = compiler(f"trial_{identifier(slot.path)}_{name}")
            bind(function, {step: make(nothing)}, make, {}).compile(kinds)
        except Exception as own:
            return slot.path, f"{name} cannot be compiled ({reason(own, function.__code__)})"
    return None


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


BOILERPLATE = ("Failed in", "During:", "File ", "There are", "- ", "<", ">>>", "^")


def reason(error: Exception, code: CodeType) -> str:
    """Returns in one line why a function does not compile, with its line where the compiler says it."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    lines = [line.strip() for line in text.splitlines()]
    said = next((line for line in lines if line and not line.startswith(BOILERPLATE)), type(error).__name__)
    at = re.search(rf"{re.escape(Path(code.co_filename).name)}\D{{1,12}}(\d+)", text)
    return f"line {at[1]}: {said}" if at else said
