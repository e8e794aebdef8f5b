"""mmkit: a small kernel and plugins for market making. Plugins import only this module's names."""

from typing import Any

from mmkit.errors import ConfigError, DataError, MmkitError, PluginError, VenueError
from mmkit.fields import Duration, Rate, array, duration, field, required
from mmkit.hookspecs import hookimpl
from mmkit.rules import (
    API_VERSION,
    Execution,
    Hedging,
    Ladder,
    Market,
    Optimization,
    Pricing,
    Report,
    Risk,
    Signal,
    Sizing,
    Trigger,
    Venue,
)
from mmkit.steps import step

__version__ = "0.1.0"

# Names whose modules import numpy or more are looked up when first used: `import mmkit` and every `--help` stay quick.
_LATER = {
    **dict.fromkeys(
        (
            *("EVENT", "Events", "BID", "ASK", "BUY", "SELL", "CLEAR_BIDS", "CLEAR_ASKS", "GAP", "RESET"),
            *("VENUE", "LOCAL", "BOTH", "ADDED", "MARK"),
        ),
        "mmkit.tape",
    ),
    **dict.fromkeys(
        (
            *("EXECUTION", "LIMIT", "MARKET", "NEVER", "NO_ASK", "NO_BID"),
            *("POST_ONLY", "RISK", "SIGNAL", "STARTED", "TROUBLE"),
            *("NORMAL", "WIDEN", "REDUCE_ONLY", "NO_QUOTES", "FLATTEN", "HALT"),
            *("AMEND_NONE", "AMEND_REQUEUE", "AMEND_KEEP"),
        ),
        "mmkit.engine.records",
    ),
    **dict.fromkeys(("best_tick", "lots_at", "lots_within", "next_level"), "mmkit.engine.depth"),
    **dict.fromkeys(
        (
            "amend",
            "cancel",
            "cancelling",
            "has_order",
            "outstanding",
            "outstanding_both",
            "place",
            "reduce",
            "standing",
            "working",
        ),
        "mmkit.engine.orders",
    ),
    **dict.fromkeys(("Run", "run"), "mmkit.runs"),
    "read_tape": "mmkit.tapes",
    **dict.fromkeys(("ceil_to_grid", "floor_to_grid", "to_grid"), "mmkit.engine.grid"),
    "place_anew": "mmkit.engine.anew",
    "replaced": "mmkit.optimizing",
    "running_parts": "mmkit.metrics",
    "two_clocks": "mmkit.clocks",
}

_OLD: dict[str, str] = {}
"""Names that are deprecated, and the one that takes the place of each."""


def __getattr__(name: str) -> Any:
    if name in _OLD:
        import sys
        import warnings

        warnings.warn(f"mmkit.{name} is deprecated: use mmkit.{_OLD[name]}", DeprecationWarning, stacklevel=2)
        return getattr(sys.modules[__name__], _OLD[name])
    if name in _LATER:
        import importlib

        value = getattr(importlib.import_module(_LATER[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'mmkit' has no attribute {name!r}")


__all__ = [
    "API_VERSION",
    "ConfigError",
    "DataError",
    "Duration",
    "Execution",
    "Hedging",
    "Ladder",
    "Market",
    "MmkitError",
    "Optimization",
    "PluginError",
    "Pricing",
    "Rate",
    "Report",
    "Risk",
    "Signal",
    "Sizing",
    "Trigger",
    "Venue",
    "VenueError",
    "array",
    "duration",
    "field",
    "hookimpl",
    "required",
    "step",
]
