"""A band under a chart over time: the level of risk that was in force, with the rule behind it, and the steps of a recovery."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmkit_plugins.report.levels import WORDS, Spell
from mmkit_plugins.report.series import POINTS, clock, is_date, packed
from mmkit_plugins.report.words import length, safe

Figure = dict[str, Any]

COLOURS = {
    "widen": "--fees",
    "reduce-only": "--inventory",
    "no-quotes": "--soft",
    "flatten": "--sell",
    "halt": "--alarm",
}

MOST = POINTS // 4
"""Spells that a band shows; of more than these, the longest."""


def add(figure: Figure, spells: Sequence[Spell], steps: Sequence[tuple[int, int, int]], first: int) -> int:
    """Adds the band to a figure of `charts`, and returns how many of the spells it shows. first: of the data (ns)."""
    above = [spell for spell in spells if spell.level != "normal"]
    longest = sorted(above, key=lambda spell: spell.start - spell.end)[:MOST]
    told = [
        (WORDS[level], colour, [(each.start, each.end, said(each)) for each in longest if each.level == level])
        for level, colour in COLOURS.items()
    ]
    told.append(("Recovery", "--spread", [(start, end, f"step {step} of the recovery") for start, end, step in steps]))
    traces = [bars(name, colour, rows, first) for name, colour, rows in told if rows]
    if traces:
        figure["data"] += traces
        layout = figure["layout"]
        layout["yaxis"]["domain"] = [0.16, 1]
        layout["yaxis2"] = {"domain": [0, 0.045], "range": [-0.5, 0.5], "fixedrange": True, "visible": False}
        layout["legend2"] = {**layout["legend"], "y": 0.055}
        layout["xaxis"]["anchor"] = "y2"
        layout["barmode"] = "overlay"
    return len(longest)


def said(spell: Spell) -> str:
    """Returns what the band says of a spell."""
    by = f" by {spell.reason}" if spell.reason else ""
    return f"{WORDS[spell.level]}{by}, {length(spell.end - spell.start)}"


def bars(name: str, colour: str, rows: Sequence[tuple[int, int, str]], first: int) -> Figure:
    """Returns a level's spells as bars from their start to their end (ns), with a text each."""
    start, end = (np.array([row[place] for row in rows], np.int64) for place in (0, 1))
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "yaxis": "y2",
        "legend": "legend2",
        "y": [0] * len(rows),
        "width": 1,
        "base": clock(start, first),
        "x": packed((end - start) / (1e6 if is_date(first) else 1e9)),
        "text": [safe(text) for *_, text in rows],
        "textposition": "none",
        # The line keeps what is shorter than a pixel in sight.
        "marker": {"color": colour, "line": {"color": colour, "width": 1}},
        "hovertemplate": "%{text}<extra></extra>",
    }
