"""What a report makes of a run, and of one in which nothing happened: a file in the run's folder, the same each time, whole by itself."""

import re
import tempfile
from pathlib import Path

from mmkit.testing.given import given, simulated
from mmkit.testing.rows import Failed
from mmkit.testing.subject import Subject, run

NETWORK = re.compile(
    r"""<(?:script|img|iframe|link|video|audio|source)\b[^>]*?\b(?:src|href)\s*=\s*["']?(?:https?:)?//""", re.I
)
"""What a page would load from elsewhere; a link that a reader may follow is none."""


def rendered(subject: Subject) -> str:
    """Returns how much was rendered. Raises Failed where a page is not there, lies elsewhere, differs, or needs the network."""
    quiet = given([array[:40] for array in simulated()[:1]])
    size = 0
    for market in (None, quiet):
        pages = [page(subject, market) for _ in range(2)]
        if pages[0] != pages[1]:
            raise Failed("two reports of the same run differ")
        if NETWORK.search(pages[0].decode("utf-8", "replace")):
            raise Failed("its page loads something from the network")
        size = max(size, len(pages[0]))
    return f"a run, and one without executions: up to {size} bytes"


def page(subject: Subject, market: object) -> bytes:
    """Returns what the report wrote of a run over a market (None: the kit's)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        done = run(subject.stack(market=market), out=folder)  # type: ignore[arg-type]
        done.summary["timing"] = dict.fromkeys(done.summary["timing"], 0.0)
        done.summary["counters"]["latency"] = {}
        path = Path(subject.rule.render(done, folder))  # type: ignore[attr-defined]
        if not path.exists():
            raise Failed(f"render returns {path}, which is not there")
        if not path.resolve().is_relative_to(folder.resolve()):
            raise Failed(f"render wrote {path}, outside of the run's folder")
        return path.read_bytes() if path.is_file() else b""
