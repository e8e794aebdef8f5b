"""How much memory hangs on a rule: its state, and everything that its functions have closed over, read by name or have by default."""

import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any

from mmkit.rules import Rule, own_functions
from mmkit.testing.reach import named

ENTRY = 100
"""Bytes that an entry of a function's own cache (functools.cache) counts, whose content cannot be looked into."""


def size_of(rule: Rule, states: Iterable[Any]) -> int:
    """Returns the bytes that hang on a rule's functions and on these states; modules and classes of other packages do not count."""
    done: set[int] = set()
    packages = {(function.__module__ or "").partition(".")[0] for _, function in own_functions(rule)}
    pending: list[Any] = [*(function for _, function in own_functions(rule)), *states]
    total = 0
    while pending:
        value = pending.pop()
        if id(value) in done or value is None:
            continue
        done.add(id(value))
        if not isinstance(value, types.FunctionType | types.ModuleType | type):
            total += sys.getsizeof(value, 0)
        counted = getattr(value, "cache_info", None)
        if callable(counted):
            total += ENTRY * int(counted().currsize)
        pending.extend(_within(value, packages))
    return total


def _within(value: Any, packages: set[str]) -> Iterator[Any]:
    """Yields what hangs on a value."""
    if isinstance(value, str | bytes | int | float | types.ModuleType | types.CodeType):
        return
    if isinstance(value, types.FunctionType):
        if (value.__module__ or "").partition(".")[0] in packages:
            yield from named(value).values()
            yield from (value.__defaults__ or (), value.__kwdefaults__ or {}, vars(value))
    elif isinstance(value, type):
        if (value.__module__ or "").partition(".")[0] in packages:
            yield from (each for name, each in vars(value).items() if not name.startswith("__"))
    elif isinstance(value, dict):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset) or type(value).__name__ == "deque":
        yield from value
    else:
        yield from vars(value).values() if hasattr(value, "__dict__") else ()
        yield getattr(value, "__wrapped__", None)
        yield getattr(value, "__self__", None)
        for cls in type(value).__mro__:
            slots = vars(cls).get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                yield getattr(value, name, None)
