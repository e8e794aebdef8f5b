"""One self-contained page of a finished run: what it earned and why, charts over time, every figure as a table.

The page loads nothing: plotly's JavaScript, the style and the numbers are inside it.
"""

from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import mmkit


def render(run: Any, folder: Path) -> Path:
    """Writes report.html into `folder` and returns its path.

    run: has `stack`, `summary`, `log`, and `fills` and `records` as polars DataFrames. Raises ConfigError where the page
    cannot be written.
    """
    import orjson
    from plotly.offline import get_plotlyjs

    from mmkit_plugins.report import accounts, cards, levels, tables, words
    from mmkit_plugins.report.units import units_of

    summary = run.summary
    quoted = run.stack.leg.instrument
    units = units_of(quoted)
    spells = levels.spells(run) if "risk_level" in run.records.columns and "paths" not in summary else []
    drawn = cards.cards(run, spells)
    # "<" could end the script that holds the figures.
    figures = orjson.dumps({card.id: card.figure for card in drawn if card.figure}).decode().replace("<", "\\u003c")
    source = files("mmkit_plugins.report")
    text = Template(source.joinpath("page.html").read_text(encoding="utf-8")).substitute(
        title=words.safe(f"{summary['stack']}: mmkit run"),
        name=words.safe(summary["stack"]),
        facts=words.facts(summary),
        notes=words.notes(summary),
        verdict=" ".join([words.verdict(summary, units), *words.protected(run.fills, spells)]),
        parts=words.parts(summary["pnl"]),
        glance=words.glance(summary, units),
        charts="\n".join(
            [*(card.html() for card in drawn), *tables.wide(summary, units), *accounts.tables(run, spells)]
        ),
        tables="\n".join(tables.narrow(run)),
        footer=words.footer(summary, units),
        style=source.joinpath("page.css").read_text(encoding="utf-8"),
        script=source.joinpath("page.js").read_text(encoding="utf-8"),
        figures=figures,
        plotly=get_plotlyjs(),
    )
    path = folder / "report.html"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise mmkit.ConfigError(f"{path}: cannot write there: {error.strerror or error}") from None
    return path


@mmkit.hookimpl
def mmkit_report() -> mmkit.Report:
    """Offers the rule."""
    return mmkit.Report("page", render=render)
