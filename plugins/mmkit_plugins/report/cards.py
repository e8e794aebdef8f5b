"""The cards of the page: charts with their captions, and the summary as tables."""

from typing import Any

import attrs
import polars as pl

from mmkit_plugins.report import charts
from mmkit_plugins.report.words import PARTS, decimals, length, money, number, safe

UNITS = {"quote_per_sqrt_s": "quote/\N{SQUARE ROOT}s", "quote": "quote", "base": "base", "bp": "bp", "s": "s"}
"""Endings of a figure's name that give its unit, longest first, and how they are written."""


@attrs.frozen
class Card:
    """A chart with its title and caption; without a figure the caption says why."""

    id: str
    title: str
    caption: str
    figure: charts.Figure | None
    size: str = ""
    width: str = ""
    timed: bool = False

    def html(self) -> str:
        linked = " data-timed" if self.timed else ""
        chart = f'<div class="chart {self.size}" id="{self.id}"{linked}></div>' if self.figure else ""
        return f'<section class="card {self.width}"><h2>{self.title}</h2><p>{safe(self.caption)}</p>{chart}</section>'


def cards(summary: dict[str, Any], fills: pl.DataFrame, records: pl.DataFrame) -> list[Card]:
    """Returns the charts that fit a run: over time for one path, over paths for several."""
    if not len(records):
        return [
            Card("records", "No charts", "The run ended before its first record, so there is nothing to draw.", None)
        ]
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
            "How many paths ended with which position: narrow around zero is what inventory control is for.",
            charts.distribution(ends["position"].to_numpy(), "--inventory", "base currency"),
            width="half",
        ),
    ]


def over_time(summary: dict[str, Any], fills: pl.DataFrame, records: pl.DataFrame) -> list[Card]:
    """Returns the charts of one path; drag to zoom, all three over time follow."""
    ours = fills.filter(pl.col("instrument") == next(iter(summary["position"])))
    quotes, count = charts.quotes(ours, records)
    every = length(int(records["time"].diff().median() or 0))  # type: ignore[arg-type]
    sampled = (
        f"Mid and own inner quotes every {every}" if len(records) > 1 else "Mid and own inner quotes at one moment"
    )
    fewer = f"; {number(count, 15)} of {number(len(ours), 15)} fills shown" if count < len(ours) else ""
    return [
        Card(
            "equity",
            "Equity and what it is made of",
            "Cash plus the position at the venue's mid, and its parts, cumulative. Drag to zoom, double-click to return.",
            charts.equity(ours, records),
            timed=True,
        ),
        Card(
            "quotes",
            "Mid, own quotes and fills",
            f"{sampled}, fills at their own times{fewer}.",
            quotes,
            size="tall",
            timed=True,
        ),
        Card(
            "inventory",
            "Inventory",
            "The position as known locally, after each fill's answer arrived.",
            charts.inventory(records),
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
        "What fills were worth when they happened and later, per unit of quantity. What melts away was adverse selection.",
        charts.markouts(summary),
        size="low",
        width="half",
    )


def tables(summary: dict[str, Any]) -> list[str]:
    """Returns the summary as cards with tables."""
    figures = {name: value for name, value in summary["metrics"].items() if name != "markouts"}
    groups = {
        "Orders": [row(name, value, whole=True) for name, value in summary["orders"].items()],
        "Fills": [
            row(name, value, {"volume": "base", "notional": "quote"}.get(name, ""), whole=True)
            for name, value in summary["fills"].items()
        ],
        "Position and money": [
            *(row(f"position {name}", value, "base") for name, value in summary["position"].items()),
            *(row(name, summary[name], "quote") for name in ("cash", "equity")),
            row("fees paid", summary["fees"], "quote"),
        ],
        "Parts of the profit": profit(summary["pnl"]),
        "Quoting and risk": [row(*unit_of(name, value)) for name, value in figures.items()],
        "Run": [
            *(row(name, value, whole=True) for name, value in summary["counters"].items()),
            *(row(*unit_of(name, value)) for name, value in summary["timing"].items()),
        ],
    }
    shown = [horizons(summary)] if "paths" not in summary and summary["fills"]["count"] else []
    if "paths" in summary:
        shown.append(path_table(summary["paths"]))
    return shown + [
        f'<section class="card third"><h2>{title}</h2><table><tbody>{"".join(rows)}</tbody></table></section>'
        for title, rows in groups.items()
    ]


def unit_of(name: str, value: float | None) -> tuple[str, float | None, str]:
    """Returns a figure's name without the unit that it ends in, its value, and the unit."""
    if name.endswith("_per_s"):
        return name.removesuffix("_per_s"), value, "1/s"
    for ending, unit in UNITS.items():
        if name.endswith(f"_{ending}"):
            return name.removesuffix(f"_{ending}"), value, unit
    return name, value, ""


def row(name: str, value: Any, unit: str = "", *, whole: bool = False) -> str:
    """Returns a table row; what is no number stands as text."""
    counted = isinstance(value, int | float) or value is None
    told = number(value, 15 if whole and isinstance(value, int) else 6) if counted else safe(value)
    label = safe(name.replace("_", " "))
    return f"<tr><th>{label[:1].upper()}{label[1:]}</th><td>{told}{f'<small>{unit}</small>' if unit else ''}</td></tr>"


def profit(pnl: dict[str, float]) -> list[str]:
    """Returns the parts of the profit as rows that add up, on one number of decimals."""
    places = decimals(list(pnl.values()))
    rows = [
        f"<tr><th>{PARTS[name][0]}</th><td>{money(pnl[name], places)}<small>quote</small></td></tr>" for name in PARTS
    ]
    return [*rows, f'<tr class="whole"><th>Total</th><td>{money(pnl["total"], places)}<small>quote</small></td></tr>']


def horizons(summary: dict[str, Any]) -> str:
    """Returns the markouts as a table."""
    lines = "".join(
        f"<tr><th>{each['horizon_s']:g} s</th>"
        + "".join(f"<td>{number(each[name], 4)}</td>" for name in ("bp", "edge_bp", "adverse_bp"))
        + f"<td>{number(each['fills'], 15)}</td><td>{number(each['left_out'], 15)}</td></tr>"
        for each in summary["metrics"]["markouts"]
    )
    heads = "".join(
        f"<th>{name}</th>" for name in ("After", "Markout, bp", "Edge, bp", "Adverse, bp", "Fills", "Left out")
    )
    return (
        '<section class="card half"><h2>Markouts in figures</h2><p>Edge at the fill = markout + adverse move of the mid, '
        "over the fills that reach the horizon.</p>"
        f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div></section>'
    )


def path_table(paths: dict[str, Any]) -> str:
    """Returns means and standard deviations over paths, with the standard error of the mean."""
    count = paths["count"]
    units = {"profit": "quote", "position": "base", "spread": "quote"}
    lines = "".join(
        f"<tr><th>{name.capitalize()}, {unit}</th><td>{number(paths[name]['mean'])}</td>"
        f"<td>{number(None if paths[name]['std'] is None else paths[name]['std'] / count**0.5, 3)}</td>"
        f"<td>{number(paths[name]['std'])}</td></tr>"
        for name, unit in units.items()
    )
    return (
        f'<section class="card"><h2>Over {number(count, 15)} paths</h2><p>Profit and position at the end of a path, spread '
        "averaged over its decisions.</p>"
        "<table><thead><tr><th></th><th>Mean</th><th>Standard error</th><th>Standard deviation</th></tr></thead>"
        f"<tbody>{lines}</tbody></table></section>"
    )
