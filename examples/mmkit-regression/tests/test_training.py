"""mmkit train-regression: it finds what is there, and the example's weights are what it finds."""

import tomllib
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import typer
from typer.testing import CliRunner

import mmkit
from mmkit_regression.training import ahead, fitted, table, train

STACK = Path(__file__).parents[1] / "stack.toml"


def called(*arguments: str) -> str:
    """Returns what the command prints; raises what it raises."""
    app = typer.Typer()
    app.command()(train)
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_it_finds_the_weights_that_made_the_moves() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal([0.1, 5.0, -3.0], [0.5, 0.01, 20.0], (4000, 3))
    moves = 0.7 + rows @ [2.0, -30.0, 0.05] + 1e-6 * rng.normal(size=4000)
    weights, intercept, known, fresh = fitted(rows, moves, 1e-6)
    assert weights == pytest.approx([2.0, -30.0, 0.05], rel=1e-3)
    assert intercept == pytest.approx(0.7, abs=0.01)
    assert min(known, fresh) > 0.999


def test_a_row_is_followed_by_the_move_over_its_horizon() -> None:
    names = ("imbalance", "fast_move", "slow_move")
    mids = [100.0, 101.0, 103.0, 107.0, float("nan"), 200.0]
    records = pl.DataFrame({"mid": mids, **{f"mine.{name}": np.arange(6) + 10.0 * i for i, name in enumerate(names)}})
    rows, moves = table(records, "mine", 2)
    assert moves.tolist() == [3.0, 6.0]
    assert rows.tolist() == [[0.0, 10.0, 20.0], [1.0, 11.0, 21.0]]


def test_the_weights_of_the_example_are_those_of_its_own_command(tmp_path: Path) -> None:
    assert called(str(STACK), "--seed", "100", "--out", str(tmp_path / "fit.toml")) == f"{tmp_path / 'fit.toml'}\n"
    found = tomllib.loads((tmp_path / "fit.toml").read_text())["signals"]["regression"]
    given = tomllib.loads(STACK.read_text())["signals"]["regression"]
    assert found["weights"] == pytest.approx(given["weights"], rel=1e-3)
    assert found["intercept"] == pytest.approx(given["intercept"], rel=1e-3)


@pytest.mark.parametrize(("horizon", "every"), [("1s", "300ms"), ("100ms", "200ms"), ("0s", "200ms"), ("1", "1s")])
def test_a_horizon_is_a_whole_number_of_rows(horizon: str, every: str) -> None:
    with pytest.raises(mmkit.ConfigError, match="--horizon"):
        ahead(horizon, every)


def test_a_stack_without_the_signal_is_said_in_one_line() -> None:
    with pytest.raises(mmkit.ConfigError, match=r"there is no section signals\.other"):
        called(str(STACK), "--signal", "other")


def test_too_little_to_learn_from_is_said_in_one_line(tmp_path: Path) -> None:
    short = STACK.read_text().replace('duration = "10m"', 'duration = "5s"')
    (tmp_path / "stack.toml").write_text(short)
    with pytest.raises(mmkit.DataError, match="rows to learn from, at least 50 are needed"):
        called(str(tmp_path / "stack.toml"))
