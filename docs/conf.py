"""How Sphinx makes the site of these pages (make docs).

The pages are plain Markdown, which reads on a forge as it does here. What the site needs besides is made from what they say: the
navigation from the links of the index pages, and pages of the README, CONTRIBUTING and the changelog, which stay where one looks for them.
"""

import posixpath
import re
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent

project = "mmkit"
author = "mmkit contributors"
copyright = author
version = release = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

extensions = ["myst_parser", "sphinx_copybutton"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = f"mmkit {release}"
html_theme_options = {"navigation_with_keys": True}
myst_heading_anchors = 3
nitpicky = True
# Formulas, tables and TOML with … for what varies are shown as they are.
highlight_language = "text"
suppress_warnings = ["misc.highlighting_failure"]
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

COPIES = {
    "README.md": "readme.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "examples/README.md": "examples.md",
    **{
        f"examples/{path.parent.name}/README.md": f"{path.parent.name}.md" for path in ROOT.glob("examples/*/README.md")
    },
}
"""Pages beside this folder, and what they are called in `_pages`."""

INDICES = ("index", "rules/index", "_pages/examples")
"""Pages whose links are the navigation: a section is a caption, each of its links to a page an entry."""

_LINK = re.compile(r"(!?)\[((?:[^][]|\[[^][]*\])*)\]\(([^)\s:#]+)((?:#[^)\s]*)?)\)")


def _copied() -> None:
    """Writes the pages of what lies beside this folder."""
    folder = HERE / "_pages"
    folder.mkdir(exist_ok=True)
    for name, copy in COPIES.items():
        text = _LINK.sub(partial(_seen_from_pages, posixpath.dirname(name)), (ROOT / name).read_text("utf-8"))
        if not (folder / copy).is_file() or (folder / copy).read_text("utf-8") != text:
            (folder / copy).write_text(text, "utf-8")


def _seen_from_pages(folder: str, link: "re.Match[str]") -> str:
    """Returns a link of a page in that folder of the project as `_pages` has it."""
    image, text, target, anchor = link.groups()
    if "://" in target:
        return link.group()
    target = posixpath.normpath(posixpath.join(folder, target))
    if target in COPIES:
        target = COPIES[target]
    elif target.startswith("docs/"):
        target = f"../{target.removeprefix('docs/')}"
    else:
        target = f"../../{target}"
    return f"{image}[{text}]({target}{anchor})"


def _within(docname: str, text: str) -> str:
    """Returns a page's text with its links to what lies beside this folder leading to `_pages`."""
    up = "../" * docname.count("/")

    def link(found: "re.Match[str]") -> str:
        image, words, target, anchor = found.groups()
        outside = target.removeprefix(f"{up}../") if target.startswith(f"{up}../") else ""
        if outside not in COPIES:
            return found.group()
        return f"{image}[{words}]({up}_pages/{COPIES[outside]}{anchor})"

    return _LINK.sub(link, text)


def _navigation(text: str) -> str:
    """Returns the toctrees that the links of an index page say, one for each of its sections."""
    trees, seen = [], set()
    for section in re.split(r"(?m)^## ", text)[1:]:
        title, _, body = section.partition("\n")
        entries = []
        for _, words, target, _ in _LINK.findall(body):
            if target.endswith(".md") and target not in seen:
                seen.add(target)
                page = target.removesuffix(".md")
                entries.append(f"{words} <{page}>" if page.startswith("_pages/") else page)
        if entries:
            trees.append(f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n" + "\n".join(entries) + "\n```\n")
    return "\n".join(trees)


def _read(app: Any, docname: str, source: list[str]) -> None:
    text = source[0] if docname.startswith("_pages/") else _within(docname, source[0])
    source[0] = f"{text}\n{_navigation(text)}" if docname in INDICES else text


def setup(app: Any) -> None:
    """Called by Sphinx."""
    _copied()
    app.connect("source-read", _read)
