"""The picture of an ablation: well-formed, a bar per row as long as its ratio, names as text."""

import re
from typing import Any
from xml.etree import ElementTree

from mmkit.ablation_picture import LEFT, svg


def row(name: str, median: float, **more: Any) -> dict[str, Any]:
    ratio = {"median": median, "min": median * 0.9, "max": median * 1.1}
    return {"optimization": name, "engine": "python", "ratio": ratio, "changed": "identical"} | more


def test_bars_are_as_long_as_their_ratios() -> None:
    text = svg("x", [row("a", 0.5), row("b", 1.0)])
    ElementTree.fromstring(text)
    widths = [float(width) for width in re.findall(rf'class="python" x="{LEFT}" y="\d+" width="([\d.]+)"', text)]
    assert abs(widths[1] / widths[0] - 2.0) < 0.01


def test_names_are_text_and_a_bounded_change_is_said() -> None:
    changed = {"changed": "bounded", "differing": 0.125, "largest_ticks": 3.0}
    text = svg("<x>", [row("pricing.<b>", 0.9, **changed)])
    ElementTree.fromstring(text)
    assert "pricing.&lt;b&gt;" in text
    assert "12.5% differ, ≤ 3 ticks" in text
