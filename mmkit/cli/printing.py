"""Results to stdout, also where the reader of a pipe has gone."""

import os
import sys


def say(text: str) -> None:
    """Prints a result; a reader that has seen enough is no error, and neither is what is still to come."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Without this Python would try once more, and complain, when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
