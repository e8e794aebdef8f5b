"""The charts of the page with their titles and captions: over time for one path, over paths for several."""

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import polars as pl

from mmkit_plugins.report import charts, strip
from mmkit_plugins.report.levels import Spell, steps
from mmkit_plugins.report.units import Units, units_of
from mmkit_plugins.report.words import length, number, safe


@attrs.frozen
class Card:
    """A chart with its title and caption; without a figure the caption says why."""

    id: str
    title: str
    caption: str
    figure: charts.Figure | None = None
    size: str = ""
    width: str = ""
    timed: bool = False

    def html(self) -> str:
        """Returns the card as it stands in the page."""
        linked = " data-timed" if self.timed else ""
        chart = f'<div class="chart {self.size}" id="{self.id}"{linked}></div>' if self.figure else ""
        return f'<section class="card {self.width}"><h2>{self.title}</h2><p>{safe(self.caption)}</p>{chart}</section>'


def cards(run: Any, spells: Sequence[Spell]) -> list[Card]:
    """Returns the charts that fit a run; spells: of the levels of risk, none where no rule watches."""
    if not len(run.records):
        return [Card("none", "No charts", "The run ended before its first record, so there is nothing to draw.")]
    units = units_of(run.stack.leg.instrument)
    return over_paths(run.records, units) if "paths" in run.summary else over_time(run, spells, units)


def over_paths(records: pl.DataFrame, units: Units) -> list[Card]:
    """Returns the distributions of what each path ended with."""
    ends = records.group_by("path", maintain_order=True).last()
    return [
        Card(
            "profit",
            "Profit by path",
            "How many paths ended with which profit, after fees.",
            charts.distribution(ends["equity"].drop_nans().to_numpy(), "--buy", units.money_in_full),
            width="half",
        ),
        Card(
            "position",
            "Final inventory by path",
            "How many paths ended with which position; the narrower, the less was left to chance.",
            charts.distribution(ends["position"].to_numpy(), "--inventory", units.size_in_full),
            width="half",
        ),
    ]


def over_time(run: Any, spells: Sequence[Spell], units: Units) -> list[Card]:
    """Returns the charts of one path; those over time zoom together."""
    summary, records = run.summary, run.records
    data = summary["data"]
    span = (data["first"], data["last"])
    ours = run.fills.filter(pl.col("instrument") == run.stack.leg.instrument.name)
    quotes, count = charts.quotes(ours, records, span)
    every = int(np.median(np.diff(records["time"].to_numpy()))) if len(records) > 1 else 0
    sampled = f" every {length(every)}" if every else ""
    fewer = f"; {number(count, 15)} of {number(len(ours), 15)} are shown" if count < len(ours) else ""
    return [
        Card(
            "equity",
            "Equity and what it is made of",
            f"Cash plus the {worth(run)}, and its parts, cumulative. Drag to zoom, double-click to undo.",
            charts.equity(charts.made_of(run), records, span, units.money_in_full),
            timed=True,
        ),
        Card(
            "quotes",
            "Mid, own quotes and fills",
            f"Mid and own inner quotes as recorded{sampled}; fills at their own times and prices{fewer}."
            + banded(quotes, spells, records, span),
            quotes,
            size="tall",
            timed=True,
        ),
        Card(
            "inventory",
            "Inventory",
            "The position as we knew it: a fill counts once its answer has arrived.",
            charts.inventory(records, span, units.size_in_full, beside(run, units)),
            size="low",
            timed=True,
        ),
        *([markouts(summary)] if len(ours) else []),
    ]


def worth(run: Any) -> str:
    """Returns whose positions equity holds, and at which price."""
    if run.fills.filter(pl.col("instrument") != run.stack.leg.instrument.name).height:
        return "positions of all instruments at their venues' mids"
    return "position at the venue's mid"


def beside(run: Any, units: Units) -> list[str]:
    """Returns the other instruments that traded and are counted as the quoted one is."""
    traded = set(run.fills["instrument"].unique().to_list())
    others = (leg.instrument for leg in run.stack.all_legs[1:])
    return [each.name for each in others if each.name in traded and units_of(each).size == units.size]


def banded(quotes: charts.Figure, spells: Sequence[Spell], records: pl.DataFrame, span: charts.Span) -> str:
    """Adds the band of risk to the chart of quotes, if a rule watched; returns what the caption says of it."""
    if not spells:
        return ""
    count = strip.add(quotes, spells, steps(records), span[0])
    above = sum(spell.level != "normal" for spell in spells)
    fewer = f", the {number(count, 15)} longest of {number(above, 15)}" if count < above else ""
    return f" The band below shows levels of risk{fewer}; point at it for the rule behind." if above else ""


def markouts(summary: dict[str, Any]) -> Card:
    """Returns the chart of what fills were worth later."""
    return Card(
        "markouts",
        "Markouts",
        "What a fill was worth at once and later, per unit of quantity. What melts away was adverse selection.",
        charts.markouts(summary),
        size="low",
        width="half",
    )
