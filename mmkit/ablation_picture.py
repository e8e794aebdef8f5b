"""A picture of what each optimization gains: the time of a run with it over that without it, with the spread of the repetitions."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

WIDTH, LEFT, RIGHT, TOP, ROW = 900, 300, 210, 74, 26

STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:15px;font-weight:600}.small{fill:#666;font-size:12px}"
    ".grid{stroke:#e3e3e3}.one{stroke:#777}.python{fill:#1f6fb2}.compiled{fill:#c2410c}.spread{stroke:#222;stroke-opacity:.55}"
)


def svg(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Returns the picture as an SVG document; rows as mmkit.benching.ablation gives them."""
    height = TOP + ROW * len(rows) + 34
    far: float = max([1.25, *(row["ratio"]["median"] for row in rows)])
    far = min(math.ceil(far * 4) / 4, 3.0)

    def x(ratio: float) -> float:
        return LEFT + min(ratio, far) / far * (WIDTH - LEFT - RIGHT)

    title = f"{name}: time of a run with an optimization over that without it"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text class="title" x="16" y="24">{escape(title)}</text>',
        '<rect class="python" x="16" y="38" width="12" height="12"/><text x="34" y="49">plain Python</text>',
        '<rect class="compiled" x="130" y="38" width="12" height="12"/><text x="148" y="49">compiled</text>',
        '<text class="small" x="230" y="49">left of 1: it gains; bars are medians, lines go from the least to the largest</text>',
    ]
    for i in range(int(far * 4) + 1):
        at = x(i / 4)
        parts.append(f'<path class="{"one" if i == 4 else "grid"}" d="M{at:.1f} {TOP - 8}V{height - 30}"/>')
        parts.append(f'<text class="small" x="{at:.1f}" y="{height - 12}" text-anchor="middle">{i / 4:g}</text>')
    for number, row in enumerate(rows):
        y = TOP + ROW * number
        ratio = row["ratio"]
        parts.append(f'<text x="{LEFT - 10}" y="{y + 14}" text-anchor="end">{escape(row["optimization"])}</text>')
        parts.append(
            f'<rect class="{row["engine"]}" x="{LEFT}" y="{y + 2}" width="{x(ratio["median"]) - LEFT:.1f}" height="{ROW - 10}"/>'
        )
        parts.append(f'<path class="spread" d="M{x(ratio["min"]):.1f} {y + 10}H{x(ratio["max"]):.1f}"/>')
        parts.append(
            f'<text x="{WIDTH - RIGHT + 12}" y="{y + 14}">{ratio["median"]:.2f}, {escape(changes(row))}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def changes(row: Mapping[str, Any]) -> str:
    """Returns in a few words what an optimization changed."""
    if row["changed"] == "identical":
        return "quotes identical"
    return f"{row['differing']:.1%} differ, ≤ {row['largest_ticks']:g} ticks"
