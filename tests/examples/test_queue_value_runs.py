"""Queue-value against requote in whole runs: fewer places in the queue are given up, on a recording and on simulated books."""

from pathlib import Path

import pytest

import mmkit

RECORDED = """
[stack]
[instruments.X]
tick_size = 0.01
lot_size = 0.001
[instruments.X.market]
use = "binance-raw"
path = "{path}"
[pricing]
use = "fixed"
half_spread = 0.1
[sizing]
use = "fixed"
quantity = 0.1
[risk.limits]
use = "position-limit"
max_position = 1.0
[execution]
use = "{use}"
"""


def test_over_a_recording_fewer_places_in_the_queue_are_given_up_than_by_requoting(data: Path, tmp_path: Path) -> None:
    path = data / "binance" / "usdm_ethusdt_20240808.gz"
    if not path.is_file():
        pytest.skip(f"no {path}")
    found = {}
    for use in ("requote", "queue-value"):
        stack = tmp_path / f"{use}.toml"
        stack.write_text(RECORDED.format(path=path.as_posix(), use=use))
        summary = mmkit.run(stack, engine="python").summary
        found[use] = (summary["orders"]["cancelled"] + summary["orders"]["amended"], summary["fills"]["volume"])
    moves, volume = zip(*found.values(), strict=True)
    assert moves[1] < 0.8 * moves[0]
    assert volume[1] > 0.8 * volume[0]


def test_on_a_simulated_book_fewer_places_are_given_up_and_an_execution_has_more_edge(tmp_path: Path) -> None:
    text = RECORDED.replace('use = "binance-raw"\npath = "{path}"', 'use = "book"\nduration = "2m"').replace(
        "half_spread = 0.1", "half_spread = 0.005"
    )
    moves: dict[str, int] = dict.fromkeys(("requote", "queue-value"), 0)
    edges = dict.fromkeys(moves, 0.0)
    for use in moves:
        stack = tmp_path / f"{use}.toml"
        stack.write_text(text.format(use=use))
        for seed in range(5):
            summary = mmkit.run(stack, engine="python", seed=seed).summary
            moves[use] += summary["orders"]["cancelled"] + summary["orders"]["amended"]
            edges[use] += summary["metrics"]["mean_edge_bp"] / 5
    assert moves["queue-value"] < 0.5 * moves["requote"]
    assert edges["queue-value"] > 1.2 * edges["requote"]
