"""A rendered page as its elements, texts, rows of tables and figures."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mmkit_plugins.report import page


class Reader(HTMLParser):
    """Collects a page's elements, attributes, and the text of its headings, notes and table rows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.content: dict[str, list[str]] = {}
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._open.append(tag)
        self.content.setdefault(tag, []).append("")
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "meta":
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.content[tag][-1] += data
        if {"td", "th"} & set(self._open):
            self.rows[-1][-1] += data


@pytest.fixture
def rendered(tmp_path: Path) -> Any:
    def render(run: Any) -> tuple[Reader, dict[str, Any]]:
        path = page.render(run, tmp_path)
        assert path == tmp_path / "report.html"
        assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
        reader = Reader(path.read_text(encoding="utf-8"))
        figures = next(text for text in reader.content["script"] if text.startswith("{"))
        return reader, json.loads(figures, parse_constant=lambda name: pytest.fail(f"{name} in the figures"))

    return render
