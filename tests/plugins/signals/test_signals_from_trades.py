"""The signals from trades in a stack, over the simulated book: what they publish fits together and stays in its range."""

import numpy as np
import pytest

import mmkit

STACK = """
[stack]
name = "trade signals"
seed = 5
record_every = "200ms"
[instruments.X]
tick_size = 0.01
lot_size = 0.001
[instruments.X.market]
use = "book"
sigma = 0.2
duration = "2m"
[signals.vamp]
use = "vamp"
[signals.flow]
use = "trade-flow"
window = "10s"
[signals.vpin]
use = "vpin"
bucket_volume = 0.5
buckets = 5
[signals.split]
use = "volume-candles"
threshold = 0.5
max_time = "1h"
split = true
[signals.candles]
use = "volume-candles"
threshold = 0.5
max_time = "5s"
[pricing]
use = "fixed"
half_spread = 0.03
[sizing]
use = "fixed"
quantity = 0.01
[execution]
use = "requote"
every = "500ms"
[report]
"""

RANGES = {
    "vamp.impact": (-1, 1),
    "vamp.pressure": (-1, 1),
    "flow.value": (-1, 1),
    "flow.count": (-1, 1),
    "vpin.value": (0, 1),
    "candles.momentum": (-1, 1),
    "candles.reversal": (0, 1),
    "candles.volatility": (0, 1),
    "candles.exhaustion": (-1, 1),
    "candles.gamma": (0, 0.7),
    "candles.kappa": (-0.3, 0),
    "candles.offset": (-0.0005, 0.0005),
    "candles.trend": (-1, 1),
    "candles.volatility_adjustment": (0, 0.4),
    "candles.prediction_age": (0, 20),
    "candles.accuracy_1": (0, 1),
    "candles.accuracy_10": (0, 1),
}


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    file = tmp_path_factory.mktemp("stack") / "stack.toml"
    file.write_text(STACK)
    records = mmkit.run(file, engine="python").records
    return {name: records[name].to_numpy() for name in records.columns}


def test_every_signal_gets_ready_and_stays_in_its_range(columns: dict[str, np.ndarray]) -> None:
    half = len(columns["time"]) // 2
    for name, (least, most) in RANGES.items():
        later = columns[name][half:]
        assert np.isfinite(later).all(), name
        assert later.min() >= least, name
        assert later.max() <= most, name
        assert len(np.unique(later)) > 1, name


def test_full_candles_and_buckets_of_one_volume_are_the_same_in_number(columns: dict[str, np.ndarray]) -> None:
    assert columns["split.completed"][-1] > 50
    assert (columns["split.completed"] == columns["vpin.completed"]).all()


def test_whole_and_split_candles_count_the_same_flow_but_for_the_running_ones(columns: dict[str, np.ndarray]) -> None:
    apart = np.abs(columns["split.cumulative_delta"] - columns["candles.cumulative_delta"])
    assert apart.max() < 2 * 0.5
    assert np.abs(columns["split.cumulative_delta"]).max() > 2 * 0.5


def test_the_vamp_lies_near_the_mid_and_its_pressure_is_that_of_its_volumes(columns: dict[str, np.ndarray]) -> None:
    bought, sold = columns["vamp.buy_volume"], columns["vamp.sell_volume"]
    traded = bought + sold > 0
    expected = (bought - sold)[traded] / (bought + sold)[traded]
    assert columns["vamp.pressure"][traded] == pytest.approx(expected, abs=1e-9)
    moved = np.nanmax(columns["mid"]) - np.nanmin(columns["mid"])
    assert np.nanmax(np.abs(columns["vamp.price"] - columns["mid"])) < moved + 1.0
