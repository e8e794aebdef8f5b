"""The charts of the page with their titles and captions: over time for one path, over paths for several."""

from typing import Any

import attrs
import numpy as np
import polars as pl

from mmkit_plugins.report import charts
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


def cards(summary: dict[str, Any], fills: pl.DataFrame, records: pl.DataFrame) -> list[Card]:
    """Returns the charts that fit a run."""
    if not len(records):
        return [Card("none", "No charts", "The run ended before its first record, so there is nothing to draw.")]
    return over_paths(records) if "paths" in summary else over_time(summary, fills, records)


def over_paths(records: pl.DataFrame) -> list[Card]:
    """Returns the distributions of what each path ended with."""
    ends = records.group_by("path", maintain_order=True).last()
    return [
        Card(
            "profit",
            "Profit by path",
            "How many paths ended with which profit, after fees.",
            charts.distribution(ends["equity"].drop_nans().to_numpy(), "--buy", "quote currency"),
            width="half",
        ),
        Card(
            "position",
            "Final inventory by path",
            "How many paths ended with which position; the narrower, the less was left to chance.",
            charts.distribution(ends["position"].to_numpy(), "--inventory", "base currency"),
            width="half",
        ),
    ]


def over_time(summary: dict[str, Any], fills: pl.DataFrame, records: pl.DataFrame) -> list[Card]:
    """Returns the charts of one path; those over time zoom together."""
    data = summary["data"]
    span = (data["first"], data["last"])
    ours = fills.filter(pl.col("instrument") == next(iter(summary["position"])))
    quotes, count = charts.quotes(ours, records, span)
    every = int(np.median(np.diff(records["time"].to_numpy()))) if len(records) > 1 else 0
    sampled = f" every {length(every)}" if every else ""
    fewer = f"; {number(count, 15)} of {number(len(ours), 15)} are shown" if count < len(ours) else ""
    return [
        Card(
            "equity",
            "Equity and what it is made of",
            "Cash plus the position at the venue's mid, and its parts, cumulative. Drag to zoom, double-click to undo.",
            charts.equity(ours, records, span),
            timed=True,
        ),
        Card(
            "quotes",
            "Mid, own quotes and fills",
            f"Mid and own inner quotes as recorded{sampled}; fills at their own times and prices{fewer}.",
            quotes,
            size="tall",
            timed=True,
        ),
        Card(
            "inventory",
            "Inventory",
            "The position as we knew it: a fill counts once its answer has arrived.",
            charts.inventory(records, span),
            size="low",
            timed=True,
        ),
        *([markouts(summary)] if len(ours) else []),
    ]


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
