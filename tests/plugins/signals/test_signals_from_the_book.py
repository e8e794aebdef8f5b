"""The book's signals in a stack, over the simulated book: what they publish fits what the records say of the market."""

from pathlib import Path

import numpy as np
import pytest

import mmkit

STACK = """
[stack]
name = "book signals"
seed = 5
record_every = "200ms"
[instruments.X]
tick_size = 0.01
lot_size = 0.001
[instruments.X.market]
use = "book"
duration = "1m"
[instruments.X.venue]
use = "queue"
[signals.imbalance]
use = "imbalance"
levels = 1
[signals.weighted]
use = "weighted-mid"
[signals.cross]
use = "vamp-mid"
levels = 1
[signals.size]
use = "vamp-mid"
form = "impact"
notional = 300
levels = 20
[signals.flow]
use = "ofi"
levels = 3
normalised = true
[signals.micro]
use = "microprice"
moves = 30
refit = "5s"
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


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    file = tmp_path_factory.mktemp("stack") / "stack.toml"
    file.write_text(STACK)
    records = mmkit.run(file, engine="python").records
    assert len(records) > 250
    return {name: records[name].to_numpy() for name in records.columns}


def test_they_are_ready_from_the_first_book_but_those_that_wait(columns: dict[str, np.ndarray]) -> None:
    for name in ("imbalance.value", "weighted.value", "cross.value", "cross.shift", "size.bid", "size.ask"):
        assert np.isfinite(columns[name]).all(), name
    flow = np.isfinite(columns["flow.value"])
    assert flow[60:].all()
    assert not flow[:40].any()
    assert 0.5 < np.isfinite(columns["micro.shift"][150:]).mean() <= 1.0


def test_they_agree_with_each_other_and_with_the_best_prices(columns: dict[str, np.ndarray]) -> None:
    bid, ask = columns["bid"], columns["ask"]
    weighted = (bid + ask) / 2 + (ask - bid) / 2 * columns["imbalance.value"]
    assert columns["weighted.value"] == pytest.approx(weighted, rel=1e-12)
    assert columns["cross.value"] == pytest.approx(weighted, rel=1e-12)
    assert (columns["size.bid"] < bid + 1e-9).all()
    assert (columns["size.ask"] > ask - 1e-9).all()
    assert np.ptp(columns["imbalance.value"]) > 1.0
    assert np.abs(columns["flow.value"][60:]).max() > 0.5


def test_on_a_recording_the_micro_price_foresees_the_mid_better_than_the_weighted_mid(
    data: Path, tmp_path: Path
) -> None:
    recording = data / "derived" / "hftbacktest-format_usdm_btcusdt_20240808.npz"
    if not recording.is_file():
        pytest.skip(f"no {recording}")
    market = f'use = "hftbacktest"\npath = "{recording}"'
    file = tmp_path / "stack.toml"
    text = STACK.replace('use = "book"\nduration = "1m"', market).replace("tick_size = 0.01", "tick_size = 0.1")
    file.write_text(text.replace('record_every = "200ms"', 'record_every = "50ms"'))
    records = mmkit.run(file, engine="python", set=["signals.micro.moves=100"]).records
    mid, micro, weighted, held = (
        records[name].to_numpy() for name in ("mid", "micro.shift", "weighted.shift", "imbalance.value")
    )
    ready = np.isfinite(micro[:-20])
    assert ready.mean() > 0.7  # the moves that it waits for take the first minute or so of six
    later = (mid[20:] - mid[:-20])[ready]  # within a second: what was not yet known when the shift was published
    micro, weighted, held = (column[:-20][ready] for column in (micro, weighted, held))
    assert np.corrcoef(micro, held)[0, 1] > 0.9
    assert np.corrcoef(micro, later)[0, 1] > 0.15 > 0.05 > np.corrcoef(weighted, later)[0, 1]
    assert 0.5 < micro @ later / (micro @ micro) < 1.2  # the expected change is that of the mid, not a multiple of it
