"""A tape: a recording that `mmkit data convert` has made ready, read as it is.

Instrument sizes must be those of the tape. Where its source ended in a fault, so does the tape, after everything before.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

import mmkit


@attrs.frozen
class Params:
    """Which tape."""

    path: Path = mmkit.field(doc="the tape's folder")


def chunks(params: Params, instrument: Any) -> Iterator[Any]:
    """Yields the tape's chunks. Raises DataError for a damaged tape, ConfigError for another tick or lot size."""
    return mmkit.read_tape(params.path, instrument)


@mmkit.hookimpl
def mmkit_market() -> mmkit.Market:
    return mmkit.Market("tape", params=Params, chunks=chunks)
