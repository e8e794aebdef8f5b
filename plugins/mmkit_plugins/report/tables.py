"""The summary as tables: every figure of summary.json with its unit."""

from typing import Any

from mmkit_plugins.report.units import Units, units_of
from mmkit_plugins.report.words import PARTS, decimals, money, number, safe

UNITS = {
    "quote_per_sqrt_s": "quote/\N{SQUARE ROOT}s",
    "quote": "quote",
    "base": "base",
    "bp": "bp",
    "s": "s",
}
"""Endings of a figure's name that give its unit, longest first, and how they are written."""

LABELS = {
    "events_per_s": "Events per second",
    "max_drawdown": "Largest drawdown",
    "equity_std": "Deviation of equity changes",
    "max_abs_position": "Largest position",
    "mean_position": "Mean position",
    "std_position": "Deviation of the position",
    "mean_abs_position": "Mean absolute position",
    "fill_ratio": "Orders that filled",
    "mean_edge": "Mean edge at the fill",
    "two_sided_fraction": "Time with both quotes",
    "mean_quoted_spread": "Mean own spread",
    "mean_market_spread": "Mean market spread",
}
"""Figures whose name alone says too little."""

SHARES = ("fill_ratio", "two_sided_fraction")

MONEY = ("max_drawdown", "equity_std")
"""Figures of profit; the others in quote currency are prices and turnover, also where the profit is in the coin."""


def wide(summary: dict[str, Any], units: Units) -> list[str]:
    """Returns the tables that stand beside the charts: markouts of one path, or means over several."""
    if "paths" in summary:
        return [over_paths(summary["paths"], units)]
    return [horizons(summary)] if summary["fills"]["count"] else []


def narrow(run: Any) -> list[str]:
    """Returns the summary as cards."""
    summary = run.summary
    units = units_of(run.stack.leg.instrument)
    sizes = {leg.instrument.name: units_of(leg.instrument).size for leg in run.stack.all_legs}
    alike = units.size if set(sizes.values()) == {units.size} else ""
    groups = {
        "Parts of the profit": profit(summary["pnl"], units.money),
        "Position and money": [
            *(row(f"position {name}", value, sizes[name]) for name, value in summary["position"].items()),
            *(row(name, summary[name], units.money) for name in ("cash", "equity")),
            row("fees paid", summary["fees"], units.money),
        ],
        "Orders": [row(name, value) for name, value in summary["orders"].items()],
        "Fills": [
            row(name, value, {"volume": alike, "notional": "quote"}.get(name, ""))
            for name, value in summary["fills"].items()
        ],
        "Run": [
            *counted(summary["counters"]),
            *(figure(name, value, Units()) for name, value in summary["timing"].items()),
        ],
        "Quoting and risk": [
            figure(name, value, units) for name, value in summary["metrics"].items() if name != "markouts"
        ],
    }
    return [
        f'<section class="card"><h2>{title}</h2><table><tbody>{"".join(rows)}</tbody></table></section>'
        for title, rows in groups.items()
    ]


def figure(name: str, value: Any, units: Units) -> str:
    """Returns the row of a figure whose name ends in its unit, as a linear instrument has it."""
    if name in SHARES and value is not None:
        return row(LABELS[name], 100 * value, "%")
    if name in LABELS:
        return row(LABELS[name], value)
    for ending, unit in UNITS.items():
        bare = name.removesuffix(f"_{ending}")
        if bare != name:
            told = unit.replace("quote", units.money) if bare in MONEY else units.size if unit == "base" else unit
            return row(LABELS.get(bare, bare), value, told)
    return row(name, value)


def counted(counters: dict[str, Any], within: str = "") -> list[str]:
    """Returns the rows of counters and of those within them, "latency p50"; lists, such as a histogram, are for the summary alone."""
    found = []
    for name, value in counters.items():
        if isinstance(value, dict):
            # The optimizations' own paths say enough.
            found += counted(value, f"{within}{name} " if name != "caches" else "")
        elif name.endswith("_us"):
            found.append(row(f"{within}{name.removesuffix('_us')}", value, "\N{GREEK SMALL LETTER MU}s"))
        elif name.endswith("ratio") and value is not None:
            found.append(row(f"{within}{name}", 100 * value, "%"))
        elif not isinstance(value, list):
            found.append(row(f"{within}{name}", value))
    return found


def row(name: str, value: Any, unit: str = "") -> str:
    """Returns a table row: whole numbers in full, others to five digits; what is no number stands as text."""
    counted = isinstance(value, int | float) or value is None
    told = number(value, 15 if isinstance(value, int) else 5) if counted else safe(value)
    label = safe(name.replace("_", " "))
    return f"<tr><th>{label[:1].upper()}{label[1:]}</th><td>{told}{f'<small>{safe(unit)}</small>' if unit else ''}</td></tr>"


def profit(pnl: dict[str, float], unit: str) -> list[str]:
    """Returns the parts of the profit as rows that add up, on one number of decimals."""
    places = decimals(list(pnl.values()))

    def line(label: str, name: str, style: str = "") -> str:
        return f"<tr{style}><th>{label}</th><td>{money(pnl[name], places)}<small>{safe(unit)}</small></td></tr>"

    return [*(line(PARTS[name][0], name) for name in PARTS), line("Total", "total", ' class="whole"')]


def horizons(summary: dict[str, Any]) -> str:
    """Returns the markouts as a table."""
    columns = {"Markout, bp": "bp", "Edge, bp": "edge_bp", "Adverse, bp": "adverse_bp"}
    lines = "".join(
        f"<tr><th>{each['horizon_s']:g} s</th>"
        + "".join(f"<td>{number(each[name], 4)}</td>" for name in columns.values())
        + f"<td>{number(each['fills'], 15)}</td><td>{number(each['left_out'], 15)}</td></tr>"
        for each in summary["metrics"]["markouts"]
    )
    heads = "".join(f"<th>{name}</th>" for name in ("After", *columns, "Fills", "Left out"))
    return (
        '<section class="card half"><h2>Markouts in figures</h2>'
        "<p>The edge at the fill is the markout plus the adverse move of the mid, over the fills that reach the horizon.</p>"
        f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div></section>'
    )


def over_paths(paths: dict[str, Any], units: Units) -> str:
    """Returns means over paths with their standard errors, and standard deviations."""
    told_in = {"profit": units.money, "position": units.size, "spread": "quote"}

    def line(name: str, unit: str) -> str:
        mean, std = paths[name]["mean"], paths[name]["std"]
        error = None if std is None else std / paths["count"] ** 0.5
        told = "".join(f"<td>{number(value, digits)}</td>" for value, digits in ((mean, 6), (error, 3), (std, 6)))
        return f"<tr><th>{name.capitalize()}, {safe(unit)}</th>{told}</tr>"

    heads = "".join(f"<th>{name}</th>" for name in ("", "Mean", "Standard error", "Standard deviation"))
    return (
        f'<section class="card"><h2>Over {number(paths["count"], 15)} paths</h2>'
        "<p>Profit and position at the end of a path, spread averaged over its decisions.</p>"
        f"<table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(line(name, unit) for name, unit in told_in.items())}</tbody></table></section>"
    )
