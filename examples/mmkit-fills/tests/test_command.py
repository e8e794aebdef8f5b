"""mmkit fills: figures against fills written by hand, and the command over a run."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

import mmkit
from mmkit_fills.command import fills
from mmkit_fills.markouts import by_side, told

STACK = Path(__file__).parents[1] / "stack.toml"


def called(*arguments: str) -> str:
    """Returns what the command prints; raises what it raises."""
    app = typer.Typer()
    app.command()(fills)
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of a run of the stack over two minutes."""
    folder = tmp_path_factory.mktemp("run")
    mmkit.run(STACK, engine="python", out=folder, set=["instruments.SIM.market.duration=2m"])
    return folder


def tables(mids: Sequence[float], paths: Sequence[int] = (0, 0, 0)) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Returns three fills, at 10, 20 and 30 ns, and records at 0, 20, 40 and 60 ns with these mids, of path 0."""
    found = {
        "exch_ts": [10, 20, 30],
        "instrument": ["X"] * 3,
        "side": pl.Series([1, 1, -1], dtype=pl.Int8),
        "price": [100.0, 200.0, 100.0],
        "qty": [1.0, 3.0, 2.0],
        "maker": [True, False, True],
        "mid": [101.0, 200.0, 99.0],
        "path": pl.Series(paths, dtype=pl.Int32),
    }
    records = {"time": [0, 20, 40, 60], "mid": mids, "Y.mid": [1.0] * 4, "path": pl.Series([0] * 4, dtype=pl.Int32)}
    return pl.DataFrame(found), pl.DataFrame(records)


def test_means_are_weighted_by_quantity_and_sides_are_told_apart() -> None:
    bought, sold = by_side(*tables([0.0, 110.0, 210.0, 98.0]), "X", {"10ns": 10, "20ns": 20})
    assert (bought["side"], bought["fills"], bought["maker"], bought["quantity"]) == ("buy", 2, 1, 4.0)
    assert bought["price"] == pytest.approx(175.0)
    assert bought["edge_bp"] == pytest.approx((1 * 100 + 3 * 0) / 4)
    # The first record 10 ns or more after the fills at 10 and 20 is that of 20, then that of 40.
    assert bought["markouts_bp"]["10ns"] == pytest.approx((1 * 1000 + 3 * 500) / 4)
    assert bought["markouts_bp"]["20ns"] == pytest.approx((1 * 11000 + 3 * 500) / 4)
    assert (sold["side"], sold["fills"]) == ("sell", 1)
    assert sold["edge_bp"] == pytest.approx(100.0)
    assert sold["markouts_bp"] == pytest.approx({"10ns": -11000.0, "20ns": 200.0})


def test_a_fill_without_a_later_mid_is_left_out() -> None:
    bought, sold = by_side(*tables([0.0, math.nan, 101.0, math.nan]), "X", {"15ns": 15})
    assert bought["markouts_bp"]["15ns"] == pytest.approx((1 * 100 + 3 * -4950) / 4)
    assert sold["markouts_bp"] == {"15ns": None}
    assert "-" in told([sold], {"15ns": 15}).splitlines()[1].split()


def test_another_path_and_another_instrument_have_mids_of_their_own() -> None:
    assert by_side(*tables([100.0] * 4, paths=[1, 1, 1]), "X", {"10ns": 10})[0]["markouts_bp"] == {"10ns": None}
    found, records = tables([100.0] * 4)
    [row] = by_side(found[:1].with_columns(instrument=pl.lit("Y")), records, "X", {"10ns": 10})
    assert row["markouts_bp"]["10ns"] == pytest.approx(-9900.0)


def test_the_document_has_what_the_run_filled(run: Path) -> None:
    rows = json.loads(called(str(run), "--json", "--horizon", "5s"))
    summary = json.loads((run / "summary.json").read_text())["fills"]
    assert {row["side"]: row["fills"] for row in rows} == {"buy": summary["buy"], "sell": summary["sell"]}
    assert math.fsum(row["quantity"] for row in rows) == pytest.approx(summary["volume"])
    assert all(set(row["markouts_bp"]) == {"5s"} for row in rows)


def test_the_table_has_a_line_a_side(run: Path) -> None:
    head, *lines = called(str(run)).splitlines()
    assert head.split()[-3:] == ["1s", "10s", "60s"]
    assert [line.split()[:2] for line in lines] == [["SIM", "buy"], ["SIM", "sell"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere: holds no finished run: there is no summary.json"),
        ([".", "--horizon", "3"], "not a duration"),
        ([".", "--horizon", "0s"], "must be above 0s"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], said: str) -> None:
    with pytest.raises(mmkit.ConfigError, match=said) as raised:
        called(*arguments)
    assert "\n" not in str(raised.value)


def test_a_folder_with_something_else_in_it_is_a_fault_of_the_data(tmp_path: Path) -> None:
    for name in ("summary.json", "fills.parquet", "records.parquet"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(mmkit.DataError, match="cannot be read"):
        called(str(tmp_path))
