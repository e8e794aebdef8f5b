"""What can go wrong, each kind with the exit code that a script sees."""

import difflib
from collections.abc import Iterable


class MmkitError(Exception):
    """Root of every error that mmkit raises on purpose; its text is one line, or one line per fault."""

    exit_code = 1


class ConfigError(MmkitError):
    """A stack, a setting or a command line that cannot be used: file, key and the nearest spelling."""

    exit_code = 2

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class DataError(MmkitError):
    """Market data that cannot be read: file, and line or row."""

    exit_code = 3


class PluginError(MmkitError):
    """A plugin's own fault: plugin, distribution, function, and what happened."""

    exit_code = 4


class VenueError(MmkitError):
    """A venue that refuses or cannot be reached."""

    exit_code = 5


class Outdated(FutureWarning):
    """A key of a stack file that still works and will go away: where it is given, and what to use instead."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Returns ' (did you mean "…"?)' for the known word closest to `word`, or '' if none is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.55)
    return f' (did you mean "{close[0]}"?)' if close else ""
