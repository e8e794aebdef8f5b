"""The intervals as a page of one table, with a bar for what each of them earned; it loads nothing."""

import html
from datetime import UTC, datetime

from mmkit_intervals.table import Interval

DATES = 10**17
"""Times (ns) above this are dates; below it a simulator's own clock."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}: by interval</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #ddd; font-variant-numeric: tabular-nums; }}
th:first-child, td:first-child {{ text-align: left; }}
td.bar {{ width: 12rem; }}
td.bar div {{ height: .8rem; }}
.gain {{ background: #2a7; margin-left: 50%; }}
.loss {{ background: #c43; margin-left: auto; margin-right: 50%; }}
</style>
</head>
<body>
<h1>{name}</h1>
<p>What each interval of {every} earned and filled; money in quote currency, times {clock}.</p>
<table>
<thead><tr><th>from</th>{path}<th>fills</th><th>bought</th><th>sold</th><th>notional</th><th>fees</th><th>PnL</th><th></th>
<th>equity</th><th>position</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</body>
</html>
"""


def page(name: str, every: str, intervals: list[Interval]) -> str:
    """Returns the page's text.

    name: of the stack; every: the interval as a stack spells it; intervals: in order.
    """
    dated = any(interval.start > DATES for interval in intervals)
    paths = len({interval.path for interval in intervals}) > 1
    largest = max((abs(interval.pnl) for interval in intervals), default=0.0)
    return PAGE.format(
        name=html.escape(name),
        every=html.escape(every),
        clock="in UTC" if dated else "from the start",
        path="<th>path</th>" if paths else "",
        rows="\n".join(line(interval, dated, paths, largest) for interval in intervals),
    )


def line(interval: Interval, dated: bool, paths: bool, largest: float) -> str:
    """Returns a row of the table; the longest bar is that of the largest gain or loss."""
    width = 50.0 * abs(interval.pnl) / largest if largest > 0.0 else 0.0
    kind = "gain" if interval.pnl >= 0.0 else "loss"
    cells = [
        clock(interval.start, dated),
        *([str(interval.path)] if paths else []),
        *(str(count) for count in (interval.fills, interval.bought, interval.sold)),
        *(amount(value) for value in (interval.notional, interval.fees, interval.pnl)),
    ]
    bar = f'<td class="bar"><div class="{kind}" style="width: {width:.1f}%"></div></td>'
    shown = "".join(f"<td>{cell}</td>" for cell in cells)
    return f"<tr>{shown}{bar}<td>{amount(interval.equity)}</td><td>{amount(interval.position)}</td></tr>"


def clock(time: int, dated: bool) -> str:
    """Returns a time (ns) as the page shows it."""
    if dated:
        return f"{datetime.fromtimestamp(time // 10**9, UTC):%Y-%m-%d %H:%M:%S}"
    hours, seconds = divmod(time // 10**9, 3600)
    return f"{hours}:{seconds // 60:02}:{seconds % 60:02}"


def amount(value: float) -> str:
    """Returns a figure to six digits; a dash where none is known."""
    return "&ndash;" if value != value else f"{value:.6g}"
