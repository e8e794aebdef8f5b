"""A picture of a fitted fill intensity: fills per second by distance on a logarithmic scale, with their errors, and the fit."""

import math
from collections.abc import Sequence
from html import escape

from mmkit.calibrating import Calibration

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 56, 56

STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:15px;font-weight:600}.axis{stroke:#999;fill:none}"
    ".grid{stroke:#e3e3e3}.point{fill:#1f6fb2}.error{stroke:#1f6fb2}.fit{stroke:#c2410c;stroke-width:2;fill:none}"
)


def svg(found: Calibration) -> str:
    """Returns the picture as an SVG document."""
    cells = [cell for cell in found.cells if cell.fills > 0]
    fit = found.fit
    far = max(cell.distance for cell in cells) * 1.03
    rates = [cell.fills / cell.exposure_s for cell in cells]
    curve = [fit.A, fit.A * math.exp(-fit.k * far)]
    low = math.floor(math.log10(min(*rates, *curve)))
    high = math.ceil(math.log10(max(*rates, *curve)))
    high = max(high, low + 1)

    def x(distance: float) -> float:
        return LEFT + distance / far * (WIDTH - LEFT - RIGHT)

    def y(rate: float) -> float:
        share = (math.log10(max(rate, 10.0**low)) - low) / (high - low)
        return HEIGHT - BOTTOM - min(share, 1.0) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title(found))}</title><style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text class="title" x="{LEFT}" y="24">{escape(title(found))}</text>',
        f'<text x="{LEFT}" y="43">fill: {found.fill}; A {fit.A:.4g} ± {found.A_error:.2g} 1/s a side, '
        f"k {fit.k:.4g} ± {found.k_error:.2g} 1/price</text>",
    ]
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<path class="grid" d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for tick in nice(far):
        parts.append(f'<path class="axis" d="M{x(tick):.1f} {HEIGHT - BOTTOM}v5"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{tick:g}</text>')
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>')
    for cell, rate in zip(cells, rates, strict=True):
        spread = 1.0 / math.sqrt(cell.fills)
        top, bottom = y(rate * math.exp(spread)), y(rate * math.exp(-spread))
        parts.append(f'<path class="error" d="M{x(cell.distance):.1f} {top:.1f}V{bottom:.1f}"/>')
        parts.append(f'<circle class="point" cx="{x(cell.distance):.1f}" cy="{y(rate):.1f}" r="3.5"/>')
    parts.append(f'<path class="fit" d="M{x(0):.1f} {y(curve[0]):.1f}L{x(far):.1f} {y(curve[1]):.1f}"/>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 12}" text-anchor="middle">distance from the mid (quote)</text>')
    parts.append(
        f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)" text-anchor="middle">'
        "fills per second of exposure (1/s)</text>"
    )
    return "\n".join([*parts, "</svg>", ""])


def title(found: Calibration) -> str:
    """Returns the picture's title."""
    return f"{found.stack.quote}: fill intensity A exp(-k d)"


def nice(far: float) -> Sequence[float]:
    """Returns round distances from 0 to `far`, about six of them."""
    power = 10.0 ** math.floor(math.log10(far / 6.0))
    step = next(step * power for step in (1, 2, 5, 10) if far / (step * power) <= 7.0)
    return [i * step for i in range(int(far / step) + 1)]
