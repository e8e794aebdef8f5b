"""What the optimizations of the process have in common: the system may refuse, and the stack says whether that ends the run."""

import enum
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import mmkit


class Refusal(enum.IntEnum):
    WARN = 0
    STOP = 1


REFUSED = "where the system does not permit it: say so and go on, or stop"


@contextmanager
def asked(
    name: str, refused: Refusal, notify: Callable[[str], None], enter: Callable[[], Callable[[], None]]
) -> Iterator[None]:
    """Asks the system for something, and gives it back after the run; what it refuses is told as `refused` says.

    enter: asks, and returns what gives it back; raises OSError, AttributeError (this system has no such thing) or ValueError.
    """
    leave = None
    try:
        leave = enter()
    except (OSError, AttributeError, ValueError) as error:
        reason = "this system has no such thing" if isinstance(error, AttributeError) else str(error)
        text = f"process.{name}: not permitted: {reason}"
        if refused == Refusal.STOP:
            raise mmkit.ConfigError(text) from None
        notify(f"warning: {text}; going on without it")
    try:
        yield
    finally:
        if leave is not None:
            leave()
