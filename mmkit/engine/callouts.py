"""Rules that stay Python: the compiled loop calls them here by number, over views of its own memory."""

from collections.abc import Callable
from typing import Any

table: list[Callable[..., Any]] = []
"""What the session that runs now has filled in; the number is the position."""


def call(number: int, *scalars: float) -> Any:
    """Calls a rule's function; the compiled loop knows how many numbers it returns."""
    return table[number](*scalars)
