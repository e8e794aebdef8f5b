"""Levels of risk over a run: when which one was in force and by which rule, as the decision log has it to the nanosecond."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import polars as pl

WORDS = {
    "normal": "Normal",
    "widen": "Wider quotes",
    "reduce-only": "Reduce-only",
    "no-quotes": "No quotes",
    "flatten": "Flatten",
    "halt": "Halt",
}
"""The levels by their names in the log, from the mildest on, and how the page calls them."""

LINE = re.compile(
    r"(?P<time>\S+)Z risk (?P<level>\S+?)(?: by (?P<reason>\S+?))?(?:, step \d+ of the recovery)?, position (?P<position>\S+)$"
)


@attrs.frozen
class Spell:
    """How long a level was in force without a change of it or of the rule behind it: start, end in ns.

    left: the position (base currency; inverse: contracts) when it ended.
    """

    level: str
    reason: str
    start: int
    end: int
    left: float


def spells(run: Any) -> list[Spell]:
    """Returns the spells of a run from its first event to its last, the normal ones too."""
    changes = [("normal", "", run.summary["data"]["first"], 0.0)]
    for line in run.log:
        found = LINE.match(line)
        if found:
            time = int(np.datetime64(found["time"], "ns").astype(np.int64))
            changes.append((found["level"], found["reason"] or "", time, float(found["position"])))
    end = (run.summary["data"]["last"], run.summary["position"][run.stack.leg.instrument.name])
    ends = [*((time, held) for *_, time, held in changes[1:]), end]
    return [
        Spell(level, reason, start, end, left)
        for (level, reason, start, _), (end, left) in zip(changes, ends, strict=True)
    ]


def closings(found: Sequence[Spell]) -> list[Spell]:
    """Returns the times when the position was being closed, one for as long as that went on, whatever rules wanted it."""
    joined: list[Spell] = []
    for spell, before in zip(found, [None, *found], strict=False):
        if spell.level != "flatten":
            continue
        if before is not None and before.level == "flatten":
            joined[-1] = attrs.evolve(joined[-1], end=spell.end, left=spell.left)
        else:
            joined.append(spell)
    return joined


def halts(found: Sequence[Spell]) -> int:
    """Returns how often a halt began."""
    levels = ["", *(spell.level for spell in found)]
    return sum(now == "halt" != before for before, now in pairwise(levels))


def lasting(found: Sequence[Spell]) -> dict[str, int]:
    """Returns how long (ns) each level that occurred was in force, the mildest first."""
    total: Counter[str] = Counter()
    for spell in found:
        total[spell.level] += spell.end - spell.start
    return {level: total[level] for level in WORDS if level in total}


def asked(found: Sequence[Spell], level: str) -> Counter[str]:
    """Returns how many times each rule brought a level about."""
    return Counter(spell.reason for spell in found if spell.level == level)


def steps(records: pl.DataFrame) -> list[tuple[int, int, int]]:
    """Returns start, end (ns) and number of each step of a recovery, as the records have it."""
    step, time = records["recovery_step"].to_numpy(), records["time"].to_numpy()
    edges = [0, *(np.flatnonzero(np.diff(step)) + 1).tolist(), len(step)]
    return [
        (int(time[start]), int(time[min(end, len(step) - 1)]), int(step[start]))
        for start, end in pairwise(edges)
        if start < end and step[start] > 0
    ]
