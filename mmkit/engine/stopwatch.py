"""A clock that compiled code can read: the system's monotonic one, without a call into Python."""

import sys
import time
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

gep: Any = cgutils.gep_inbounds

MONOTONIC = getattr(time, "CLOCK_MONOTONIC", 1)


def nanoseconds() -> Any:
    """Returns a compiled function that gives nanoseconds; always 0 where the system has no clock_gettime."""
    if sys.platform == "win32":
        return njit(no_clock)
    return njit(read_clock)


def no_clock() -> int:
    """There is none."""
    return 0


def read_clock() -> int:
    """Reads it."""
    return int(monotonic())  # type: ignore[call-arg]


@intrinsic
def monotonic(context: Any) -> Any:
    """The system's clock_gettime, over a place on the stack."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = ir.IntType(64)
        place = cgutils.alloca_once(builder, ir.ArrayType(number, 2))  # type: ignore[no-untyped-call]
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32), place.type])
        function = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")  # type: ignore[no-untyped-call]
        builder.call(function, [ir.Constant(ir.IntType(32), MONOTONIC), place])
        seconds, rest = (builder.load(gep(builder, place, 0, i)) for i in range(2))
        return builder.add(builder.mul(seconds, ir.Constant(number, 10**9)), rest)

    return types.int64(), generate
