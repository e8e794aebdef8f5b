"""What the command prints, on fills that can be added up by hand, and what it says of a folder that is no run."""

import json
from pathlib import Path

import mmkit
import polars as pl
import pytest

from mmkit.scaffold.rules import command

FILLS = pl.DataFrame(
    {
        "instrument": ["SIM", "SIM", "SIM"],
        "side": [1, -1, 1],
        "price": [100.0, 102.0, 103.0],
        "qty": [0.2, 0.5, 0.1],
        "fee": [0.01, 0.02, 0.03],
    }
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Returns the folder of a run with these fills."""
    FILLS.write_parquet(tmp_path / "fills.parquet")
    return tmp_path


def test_each_side_has_its_mean_price(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.command(run, as_json=True)
    bought, sold = json.loads(capsys.readouterr().out)
    assert bought == pytest.approx(
        {"instrument": "SIM", "side": "bought", "fills": 2, "quantity": 0.3, "mean_price": 101.0, "fees": 0.04}
    )
    assert sold == {"instrument": "SIM", "side": "sold", "fills": 1, "quantity": 0.5, "mean_price": 102.0, "fees": 0.02}


def test_the_table_has_a_line_for_each(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.command(run)
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["instrument", "side", "fills", "quantity", "mean", "price", "fees"]
    assert [line.split() for line in lines] == [
        ["SIM", "bought", "2", "0.3", "101", "0.04"],
        ["SIM", "sold", "1", "0.5", "102", "0.02"],
    ]


def test_a_folder_that_is_no_run_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(mmkit.ConfigError, match="is not the folder of a run"):
        command.command(tmp_path)
