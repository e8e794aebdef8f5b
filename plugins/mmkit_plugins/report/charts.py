"""The charts of a run as plotly figures in plain dicts; a colour is the name of a style variable, such as "--buy"."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

import mmkit
from mmkit_plugins.report.series import POINTS, Floats, axis, clock, extremes, packed, shown
from mmkit_plugins.report.words import safe

Figure = dict[str, Any]
Span = tuple[int, int]
"""First and last time of the data in ns: every chart over time shows the same."""


def figure(traces: list[Figure], *, x: Figure, y: str, **layout: Any) -> Figure:
    """Returns a figure in the page's style; `y` names the unit of the vertical axis."""
    quiet = {"gridcolor": "--grid", "linecolor": "--grid", "tickcolor": "--grid", "zeroline": False, "automargin": True}
    both = {
        "paper_bgcolor": "--clear",
        "plot_bgcolor": "--clear",
        "font": {"family": "--sans", "size": 12, "color": "--soft"},
        "margin": {"l": 76, "r": 16, "t": 36, "b": 36},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"color": "--ink"}},
        "hoverlabel": {"bgcolor": "--card", "bordercolor": "--grid", "font": {"color": "--ink", "family": "--sans"}},
        "xaxis": {**quiet, "showgrid": False, **x},
        "yaxis": {**quiet, "title": {"text": y, "standoff": 8}, "separatethousands": True, "exponentformat": "none"},
        "separators": ".,",
        "modebar": {"bgcolor": "--clear", "color": "--soft", "activecolor": "--ink"},
    }
    return {"data": traces, "layout": both | layout}


def zero_line() -> Figure:
    """Returns a thin line at zero across a figure."""
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": 0,
        "y1": 0,
        "line": {"color": "--soft", "width": 1},
    }


def equity(parts: pl.DataFrame, records: pl.DataFrame, span: Span, unit: str) -> Figure:
    """Returns equity over time with what it is made of, cumulative; parts: as `made_of` returns them."""
    looks: dict[str, tuple[str, Figure]] = {
        "spread": ("Spread captured", {"color": "--spread", "width": 1.6}),
        "inventory": ("Inventory", {"color": "--inventory", "width": 1.6, "dash": "dash"}),
        "fees": ("Fees", {"color": "--fees", "width": 1.6, "dash": "dot"}),
        "funding": ("Funding", {"color": "--buy", "width": 1.6, "dash": "dashdot"}),
        "hedges": ("Hedges", {"color": "--sell", "width": 1.6, "dash": "longdash"}),
    }
    lines = {"Equity": (records["equity"], {"color": "--ink", "width": 2.5})}
    lines |= {looks[name][0]: (parts[name], looks[name][1]) for name in parts.columns}
    keep = shown([values.to_numpy() for values, _ in lines.values()])
    time = records["time"].to_numpy()[keep]
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": clock(time, span[0]),
            "y": packed(values.to_numpy()[keep]),
            "line": line,
            "hovertemplate": "%{y:,.5~g}",
        }
        for name, (values, line) in lines.items()
    ]
    return figure(traces, x=axis(*span), y=unit, hovermode="x unified", shapes=[zero_line()])


def made_of(run: Any) -> pl.DataFrame:
    """Returns what equity is made of at every record: columns that add up to it, in the money of the quoted instrument.

    funding only where any was settled, hedges only where another instrument traded: all that those contributed.
    """
    quoted = run.stack.leg.instrument
    own = pl.col("instrument") == quoted.name
    settlements = [each for each in run.summary.get("settlements", ()) if each["instrument"] == quoted.name]
    parts = mmkit.running_parts(
        run.fills.filter(own).sort("local_ts", maintain_order=True),
        run.records["time"],
        run.records["mid"],
        instrument=quoted,
        settlements=settlements,
    )
    told = ["spread", "inventory", "fees", *(["funding"] if settlements else [])]
    if run.fills.filter(~own).height:
        parts = parts.with_columns(hedges=run.records["equity"] - parts["total"])
        told.append("hedges")
    return parts.select(told)


def inventory(records: pl.DataFrame, span: Span, unit: str, others: Sequence[str] = ()) -> Figure:
    """Returns the position over time as steps; others: instruments whose positions are told beside it."""
    columns = {"Position": "position", **{name: f"{name}.position" for name in others}}
    keep = shown([records[column].to_numpy() for column in columns.values()])
    time = records["time"].to_numpy()[keep]
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": safe(name),
            "x": clock(time, span[0]),
            "y": packed(records[column].to_numpy()[keep]),
            "line": {"color": "--sell", "width": 1.6, "shape": "hv", "dash": "longdash"},
            "hovertemplate": "%{y:,.6~g}",
        }
        for name, column in columns.items()
    ]
    traces[0] |= {"fill": "tozeroy", "fillcolor": "--inventory-veil"}
    traces[0]["line"] = {"color": "--inventory", "width": 1.6, "shape": "hv"}
    return figure(traces, x=axis(*span), y=unit, hovermode="x unified", shapes=[zero_line()], showlegend=bool(others))


def quotes(fills: pl.DataFrame, records: pl.DataFrame, span: Span) -> tuple[Figure, int]:
    """Returns the mid with own inner quotes and fills, and how many fills it shows."""
    lines = {
        "Own ask": ("ask_quote", {"color": "--sell", "width": 1, "shape": "hv"}),
        "Mid": ("mid", {"color": "--ink", "width": 1.4}),
        "Own bid": ("bid_quote", {"color": "--buy", "width": 1, "shape": "hv"}),
    }
    keep = shown([records[column].to_numpy() for column, _ in lines.values()])
    time = records["time"].to_numpy()[keep]
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": clock(time, span[0]),
            "y": packed(records[column].to_numpy()[keep]),
            "line": line,
            "hovertemplate": "%{y:,.10~g}",
        }
        for name, (column, line) in lines.items()
    ]
    marks, count = fill_marks(fills, span)
    return figure([*traces, *marks], x=axis(*span), y="quote currency", hovermode="closest"), count


def fill_marks(fills: pl.DataFrame, span: Span) -> tuple[list[Figure], int]:
    """Returns fills as markers at their times and prices, those that closed the position apart; and how many it shows."""
    marks: list[Figure] = []
    count = 0
    size = 10 if len(fills) < 100 else 8 if len(fills) < 500 else 7
    closed = pl.col("cause") == "flatten"
    for name, which, symbol, colour in (
        ("Buy", ~closed & (pl.col("side") > 0), "triangle-up", "--buy"),
        ("Sell", ~closed & (pl.col("side") < 0), "triangle-down", "--sell"),
        ("Closing buy", closed & (pl.col("side") > 0), "diamond", "--buy"),
        ("Closing sell", closed & (pl.col("side") < 0), "diamond", "--sell"),
    ):
        ours = fills.filter(which)
        ours = ours[extremes(ours["price"].to_numpy(), POINTS // 4)]
        count += len(ours)
        if name.startswith("Closing") and not len(ours):
            continue
        marks.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": clock(ours["exch_ts"].to_numpy(), span[0]),
                "y": packed(ours["price"]),
                "customdata": packed(ours["qty"]),
                "marker": {"symbol": symbol, "size": size, "color": colour, "line": {"color": "--card", "width": 0.6}},
                "hovertemplate": name + " %{customdata:,.8~g} at %{y:,.10~g}<br>%{x}<extra></extra>",
            }
        )
    return marks, count


def markouts(summary: dict[str, Any]) -> Figure:
    """Returns what a fill was worth when it happened and at each horizon after it, in basis points of its price."""
    found = summary["metrics"]["markouts"]
    names = ["at the fill", *(f"{each['horizon_s']:g} s later" for each in found)]
    values = [summary["metrics"]["mean_edge_bp"], *(each["bp"] for each in found)]
    trace = {
        "type": "bar",
        "x": names,
        "y": values,
        "width": 0.5,
        "marker": {"color": ["--buy" if (value or 0.0) >= 0.0 else "--sell" for value in values]},
        "text": ["" if value is None else f"{value:+.3f}".replace("-", "\N{MINUS SIGN}") for value in values],
        "textposition": "outside",
        "textfont": {"color": "--ink", "size": 13},
        "cliponaxis": False,
        "hovertemplate": "%{x}: %{y:,.4~f} bp<extra></extra>",
    }
    return figure([trace], x={"type": "category"}, y="basis points", shapes=[zero_line()], showlegend=False)


def distribution(values: Floats, colour: str, unit: str) -> Figure:
    """Returns a histogram over paths with its mean; few distinct values get one bar each."""
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) > 60:
        counts, edges = np.histogram(values, bins=min(60, max(10, round(len(values) ** 0.5))))
        distinct, width = (edges[:-1] + edges[1:]) / 2, float(edges[1] - edges[0])
    else:
        width = float(np.diff(distinct).min()) if len(distinct) > 1 else 1.0
    mean = float(values.mean())
    trace = {
        "type": "bar",
        "x": packed(distinct),
        "y": packed(counts),
        "width": width * 0.94,
        "marker": {"color": colour},
        "hovertemplate": "%{x:,.5~g}: %{y} paths<extra></extra>",
    }
    line = {"type": "line", "x0": mean, "x1": mean, "yref": "paper", "y0": 0, "y1": 1}
    note = {
        "x": mean,
        "yref": "paper",
        "y": 1,
        "yanchor": "bottom",
        "showarrow": False,
        "text": f"mean {mean:,.4g}".replace("-", "\N{MINUS SIGN}"),
        "font": {"color": "--ink"},
    }
    return figure(
        [trace],
        x={"title": {"text": unit}},
        y="paths",
        shapes=[{**line, "line": {"color": "--ink", "width": 1.5, "dash": "dash"}}],
        annotations=[note],
        showlegend=False,
    )
