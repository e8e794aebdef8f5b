"""The site: every page is reached from the front page, every link leads somewhere, and it builds without a warning."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if not {"_build", "_pages"} & set(path.relative_to(DOCS).parts))
BESIDE = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md")]
BESIDE += sorted(ROOT.glob("examples/*/README.md"))
INDICES = (DOCS / "index.md", DOCS / "rules/index.md", ROOT / "examples/README.md")

_CODE = re.compile(r"(?ms)^```.*?^```$|`[^`\n]*`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def links(page: Path) -> list[str]:
    """Returns where a page's links lead, but for those on the web; code has none."""
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    return [target for target in _LINK.findall(text) if "://" not in target and not target.startswith("mailto:")]


def anchors(page: Path) -> set[str]:
    """Returns what a link can name within a page: its headings, as forges and the site spell them."""
    headings = re.findall(r"(?m)^#+ (.+)$", re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def reached(start: Path) -> set[Path]:
    """Returns the pages that one gets to by the links of the index pages alone."""
    found, todo = {start}, [start]
    while todo:
        page = todo.pop()
        for target in links(page):
            file = (page.parent / target.partition("#")[0]).resolve()
            if file.suffix == ".md" and file.is_file() and file not in found:
                found.add(file)
                if file in INDICES:
                    todo.append(file)
    return found


def test_every_page_is_reached_from_the_front_page() -> None:
    assert {path.relative_to(ROOT).as_posix() for path in [*PAGES, *BESIDE]} == {
        path.relative_to(ROOT).as_posix() for path in reached(DOCS / "index.md")
    }


@pytest.mark.parametrize("page", [*PAGES, *BESIDE], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    dead = []
    for link in links(page):
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(link)
    assert dead == []


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    missing = [
        name for name in ("sphinx", "furo", "myst_parser", "sphinx_copybutton") if not importlib.util.find_spec(name)
    ]
    if missing:
        pytest.skip(f"not installed here: {', '.join(missing)} (pip install '.[docs]')")
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-d", str(tmp_path / "read")]
    done = subprocess.run([*build, str(DOCS), str(tmp_path / "site")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    made = {
        path.relative_to(tmp_path / "site").with_suffix(".md").as_posix()
        for path in (tmp_path / "site").rglob("*.html")
    }
    assert {path.relative_to(DOCS).as_posix() for path in PAGES} <= made
    front = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    for page in ("tutorial", "rules/index", "decisions/0001-tape", "_pages/readme", "_pages/changelog"):
        assert f'href="{page}.html"' in front, page
