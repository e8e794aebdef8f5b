"""Reports that load from elsewhere or write elsewhere, and markets whose rows are out of time, do not pass."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmkit
from mmkit.testing import check_rule
from mmkit.testing.given import simulated

COUNTED = itertools.count()


def report(text: Any, name: str = "page.html") -> mmkit.Report:
    def render(run: Any, folder: Path) -> Path:
        path = folder / name
        path.write_text(text() if callable(text) else text)
        return path

    return mmkit.Report("mine", render=render)


def row(rule: Any, check: str) -> Any:
    [found] = check_rule(rule, checks=[check])
    return found


def test_a_page_of_its_own_passes() -> None:
    assert row(report("<p>See <a href='https://example.org'>there</a></p>"), "deterministic").outcome == "passed"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (report('<script src="https://cdn.example.org/plot.js"></script>'), "loads something from the network"),
        (report("<p>hello</p>", "../../elsewhere.html"), "outside of the run's folder"),
        (report(lambda: f"<p>{next(COUNTED)}</p>"), "two reports of the same run differ"),
    ],
)
def test_a_page_that_is_not_passes_not(rule: Any, said: str) -> None:
    found = row(rule, "deterministic")
    assert found.outcome == "failed"
    assert said in found.reason


def test_a_report_writes_nowhere_but_into_its_folder() -> None:
    found = row(report("<p>hello</p>", "../beside.html"), "pure")
    assert found.outcome == "failed"
    assert "render reaches for a file: writes" in found.reason


def market(change: Any) -> mmkit.Market:
    def events(params: Any, instrument: Any, rng: Any) -> Any:
        rows = np.concatenate(simulated())[:500]
        change(rows)
        yield rows

    return mmkit.Market("mine", events=events)


def known_early(rows: Any) -> None:
    rows["local_ts"][7] = rows["exch_ts"][7] - 1


def backwards(rows: Any) -> None:
    rows["local_ts"][100] += 10**9


@pytest.mark.parametrize(("change", "said"), [(known_early, "before it happened"), (backwards, "smaller local_ts")])
def test_a_market_hands_over_rows_in_time(change: Any, said: str) -> None:
    found = row(market(change), "look-ahead")
    assert found.outcome == "failed"
    assert said in found.reason


def test_a_market_in_time_passes() -> None:
    assert row(market(lambda rows: None), "look-ahead").outcome == "passed"
