"""How functions are compiled."""

import itertools
from collections.abc import Callable
from typing import Any

import numba

from mmkit.engine import callouts, entry

try:
    from mmkit.engine import linking
except (ImportError, AttributeError):  # a numba that has other parts inside
    linking = None  # type: ignore[assignment]

together = [linking is not None]
"""Whether a stack is linked as a whole; set to False where that failed."""


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
    while it runs, so that functions that make none need no counts (decision 18); one that makes an array does not compile without.
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
