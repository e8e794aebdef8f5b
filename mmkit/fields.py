"""How a rule declares its parameters, inputs and state: one declaration serves validation, help and schema."""

import enum
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NewType

import attrs

Duration = NewType("Duration", int)
"""A length of time in nanoseconds; written "100ms" in TOML (ns, us, ms, s, m, h, d)."""

Rate = NewType("Rate", float)
"""A fraction of notional; written 0.0002 or "2bp" in TOML."""

SECONDS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9}
QUANTITY = r"\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_DURATION = re.compile(rf"\s*(-?{QUANTITY})\s*({'|'.join(SECONDS)})\s*")


def duration(text: str | int) -> Duration:
    """Returns nanoseconds from "100ms" and the like, exactly. Raises ValueError for anything else."""
    if isinstance(text, int) and not isinstance(text, bool):
        return Duration(text)
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise ValueError(f'{text!r} is not a duration such as "100ms" (units: {", ".join(SECONDS)})')
    try:
        nanoseconds = Decimal(found[1]) * SECONDS[found[2]]
    except ArithmeticError:  # an exponent that even Decimal cannot hold
        nanoseconds = Decimal("inf")
    if abs(nanoseconds) >= 2**63:
        raise ValueError(f"{text!r} is longer than 292 years")
    if nanoseconds != int(nanoseconds):
        raise ValueError(f"{text!r} is not a whole number of nanoseconds")
    return Duration(int(nanoseconds))


def field(
    default: Any = attrs.NOTHING,
    *,
    unit: str | None = None,
    doc: str = "",
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
    unbounded: str = "",
    capacity: int | None = None,
    deprecated: str = "",
) -> Any:
    """Declares a parameter or an optional input.

    `unit`: "" says that it is a pure number; left out, nothing is said. `above`/`below` are exclusive bounds, `at_least`/`at_most`
    inclusive ones; a duration's bounds are nanoseconds. `unbounded` says why there are none: "either sign". `capacity` is the largest
    length of a tuple. A duration's default may be written "60s". `deprecated` says what to use instead, "use horizon": the parameter works
    as before, and a stack that gives it is told so in one line; it needs a default.
    """
    if deprecated and default is attrs.NOTHING:
        raise TypeError("a deprecated parameter needs a default: a stack must be able to leave it out")
    bounds = {"above": above, "at_least": at_least, "below": below, "at_most": at_most, "unbounded": unbounded}
    metadata: dict[str, Any] = {"unit": unit or "", "doc": doc, "capacity": capacity, "measured": unit is not None}
    metadata |= {"deprecated": deprecated, **bounds}
    if isinstance(default, str) and _DURATION.fullmatch(default):
        default = duration(default)
    return attrs.field(default=default, metadata=metadata)


def sentence(field: "attrs.Attribute[Any]") -> str:
    """Returns what a parameter or an input is, and where it is deprecated what to use instead."""
    doc: str = field.metadata.get("doc", "")
    return f"deprecated, {field.metadata['deprecated']}: {doc}" if field.metadata.get("deprecated") else doc


def required(*, unit: str = "", doc: str = "", unless: str = "") -> Any:
    """Declares an input without which the rule cannot work: no quote until it is finite.

    `unless` names a parameter that takes the input's place: where a stack gives it, the input is neither required
    nor wired.
    """
    return attrs.field(default=float("nan"), metadata={"unit": unit, "doc": doc, "required": True, "unless": unless})


def array(
    kind: type,
    size: int,
    fill: float = 0,
    *,
    unit: str = "",
    doc: str = "",
    needs: Callable[[Any], int] | None = None,
) -> Any:
    """Declares a one-dimensional array of fixed capacity in a rule's state or constants; `kind` is float or int.

    needs: how many of the `size` places the rule uses with given parameters, at least one; a session has no more than those.
    """
    value = kind(fill)
    metadata = {"array": (kind, size), "unit": unit, "doc": doc, "needs": needs}
    return attrs.field(factory=lambda: [value] * size, metadata=metadata)


def spelled(member: enum.Enum) -> str:
    """Returns an enum member's name as TOML spells it: lower case, hyphens for underscores."""
    return member.name.lower().replace("_", "-") if member.name else ""
