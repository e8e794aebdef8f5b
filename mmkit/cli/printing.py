"""Results to stdout, also where the reader of a pipe has gone."""

import os
import sys
from collections.abc import Sequence


def say(text: str) -> None:
    """Prints a result; a reader that has seen enough is no error, and neither is what is still to come."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Without this Python would try once more, and complain, when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Returns the lines of a table, two spaces between its columns; the last one ends where it ends."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]) - 1)] if rows else []
    return ["  ".join([*map(str.ljust, row, widths), row[-1]]).rstrip() for row in rows]
