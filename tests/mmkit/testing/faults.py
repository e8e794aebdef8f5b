"""Rules with one fault each that shows over a run, and the check that is meant for it."""

import random
import time
from pathlib import Path
from typing import Any

import attrs

import mmkit

CALLS = [0]
SEEN: list[float] = []


@attrs.frozen
class Size:
    quantity: float = mmkit.field(0.1, unit="base", above=0, at_most=100.0, doc="of each order")


@attrs.frozen
class Silent:
    quantity: float = mmkit.field(0.1, above=0, doc="of each order")


@attrs.frozen
class Wordless:
    quantity: float = mmkit.field(0.1, unit="base", above=0)


@attrs.frozen
class Rangeless:
    quantity: float = mmkit.field(0.1, unit="base", doc="of each order")


@attrs.frozen
class Share:
    share: float = mmkit.field(0.5, unit="fraction", above=0, below=1, doc="what is taken off, in all")


def sizes(params: Any, state: Any, market: Any) -> tuple[float, float]:
    return params.quantity, params.quantity


def growing(params: Any, state: Any, market: Any) -> tuple[float, float]:
    """Counts what it did in runs that are over."""
    CALLS[0] += 1
    return params.quantity * (1.0 + CALLS[0] % 7), params.quantity


def clocked(params: Any, state: Any, market: Any) -> tuple[float, float]:
    return (params.quantity, params.quantity) if time.time() > 0.0 else (0.0, 0.0)


def drawn(params: Any, state: Any, market: Any) -> tuple[float, float]:
    return (params.quantity, params.quantity) if random.random() < 2.0 else (0.0, 0.0)


def read(params: Any, state: Any, market: Any) -> tuple[float, float]:
    """Looks into a file as the market opens."""
    if market.now < market.start + 500_000_000 and Path(__file__).read_text()[:3] != '"""':
        return 0.0, 0.0
    return params.quantity, params.quantity


def wrapped(params: Any, state: Any, market: Any) -> tuple[float, float]:
    """Mixes a price's bits: a whole number has any size in Python, and 64 bits where it is compiled."""
    mixed = market.bid_ticks * 6364136223846793005 + 1442695040888963407
    return params.quantity * (1 + mixed % 7), params.quantity


def peeking(params: Any, state: Any, market: Any, desk: Any) -> tuple[float, float]:
    """Knows what lies ahead of its orders at the venue now, of which nobody has told it yet."""
    ahead = 0.0
    for i in range(desk.live_count):
        ahead += desk.orders[desk.live[i]].front
    size = params.quantity * (1.0 + ahead / (1.0 + ahead))
    return size, size


def remembering(params: Any, state: Any, market: Any) -> tuple[float, float]:
    SEEN.append(market.mid)
    return params.quantity, params.quantity


def slow(params: Any, state: Any, market: Any) -> tuple[float, float]:
    total = 0.0
    for i in range(12_000):
        total += i * market.position * 1e-12
    return params.quantity, params.quantity + 0.0 * total


def behind_the_first(params: Any, state: Any, market: Any, ladder: Any, desk: Any) -> None:
    """Takes a share off the levels behind the first, and believes that there are some."""
    if ladder.levels > 0:
        share = params.share / (ladder.levels - 1)
        for i in range(1, ladder.levels):
            ladder.bid_lots[i] = int(ladder.bid_lots[i] * (1.0 - share))


def sizing(name: str, function: Any, params: type = Size, **more: Any) -> mmkit.Sizing:
    return mmkit.Sizing(name, params=params, sizes=function, **more)


FAULTS = {
    "a parameter without a unit": ("declarations", sizing("silent", sizes, Silent)),
    "a parameter without a sentence": ("declarations", sizing("wordless", sizes, Wordless)),
    "a parameter without a range": ("declarations", sizing("rangeless", sizes, Rangeless)),
    "state that outlives a run": ("deterministic", sizing("growing", growing, compiled=False)),
    "the wall clock": ("pure", sizing("clocked", clocked, compiled=False)),
    "global random numbers": ("pure", sizing("drawn", drawn, compiled=False)),
    "a file": ("pure", sizing("reading", read, compiled=False)),
    "other bits when compiled": ("same-bits", sizing("wrapped", wrapped)),
    "peeking": ("look-ahead", sizing("peeking", peeking, desk=True)),
    "memory without an end": ("bounded", sizing("remembering", remembering, compiled=False)),
    "a hundred times too slow": ("speed", sizing("slow", slow)),
    "at odds with other rules": ("company", mmkit.Risk("behind", params=Share, limit=behind_the_first)),
}
"""Each fault with the check that is meant for it."""
