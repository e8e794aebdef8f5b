"""Fills per minute: the kit's checks, and a table that can be added up by hand."""

from pathlib import Path
from types import SimpleNamespace

import mmkit
import polars as pl
import pytest
from mmkit.testing import RuleTests

from mmkit.scaffold.rules import report

SECOND = 10**9


class TestRule(RuleTests):
    """Everything that a rule of this role has to keep to."""

    rule = report.mmkit_report()


FILLS = pl.DataFrame(
    {
        "exch_ts": [61 * SECOND, 0, 59 * SECOND],
        "side": [-1, 1, 1],
        "qty": [0.5, 0.1, 0.2],
        "fee": [0.03, 0.01, -0.02],
    },
    schema={"exch_ts": pl.Int64, "side": pl.Int8, "qty": pl.Float64, "fee": pl.Float64},
)


def test_each_minute_has_its_fills_in_order(tmp_path: Path) -> None:
    path = report.render(SimpleNamespace(fills=FILLS), tmp_path)
    written = pl.read_csv(path)
    assert written["minute"].to_list() == ["1970-01-01T00:00Z", "1970-01-01T00:01Z"]
    assert written["fills"].to_list() == [2, 1]
    assert written["bought"].to_list() == pytest.approx([0.3, 0.0])
    assert written["sold"].to_list() == [0.0, 0.5]
    assert written["fees"].to_list() == pytest.approx([-0.01, 0.03])


def test_a_run_without_fills_has_a_table_without_rows(tmp_path: Path) -> None:
    path = report.render(SimpleNamespace(fills=FILLS.clear()), tmp_path)
    assert path.read_text(encoding="utf-8") == "minute,fills,bought,sold,fees\n"


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(mmkit.ConfigError, match="cannot write there"):
        report.render(SimpleNamespace(fills=FILLS), tmp_path / "nowhere")
