"""Whole orders: the peer's fills, position, fees and cash are mmkit's, on real recordings and over the models' whole range."""

import math
from pathlib import Path
from typing import Any

import pytest
from peer_process import Peer
from quoter import Case, Outcome, outcome, peer_outcome, run_stack

MS = 1_000_000
GRIDS: dict[str, dict[str, Any]] = {
    "usdm_btcusdt": {"tick": 0.1, "lot": 0.001, "half_spread": 2.0, "quantity": 0.01, "max_position": 0.1},
    "usdm_ethusdt": {"tick": 0.01, "lot": 0.001, "half_spread": 0.1, "quantity": 0.1, "max_position": 1.0},
    "spot_btcusdt": {"tick": 0.01, "lot": 0.00001, "half_spread": 2.0, "quantity": 0.01, "max_position": 0.1, "gap": 100},
}
MODELS: dict[str, list[float]] = {
    "risk-averse": [1.0],
    "power": [1.0, 2.0, 2.5],
    "power2": [2.0, 0.5],
    "power3": [3.0, 1.5],
    "log": [1.0],
    "log2": [1.0],
}
BTC, ETH, SPOT = GRIDS

# Every model on every recording; then, with models dealt around, what the timing, the ladder and the skew can do.
MATRIX: list[tuple[str, dict[str, Any]]] = [
    *((BTC, {"model": m, "exponent": n, "half_spread": 0.3, "max_position": 0.05}) for m, all_n in MODELS.items() for n in all_n),
    *((ETH, {"model": m, "exponent": all_n[-1], "levels": 3, "gap": 2, "skew": 0.05}) for m, all_n in MODELS.items()),
    *((SPOT, {"model": m, "exponent": all_n[0], "levels": 2, "skew": 20.0}) for m, all_n in MODELS.items()),
    # Latency: none at all, one way only, longer than the cadence.
    (BTC, {"entry": 0, "response": 0, "model": "power2", "exponent": 2.0, "levels": 2}),
    (ETH, {"entry": 0, "response": 0, "every": 20 * MS, "half_spread": 0.01}),
    (BTC, {"entry": 0, "response": 50 * MS, "model": "log"}),
    (ETH, {"entry": 50 * MS, "response": 0, "model": "log2"}),
    (BTC, {"entry": 250 * MS, "response": 130 * MS, "model": "power", "exponent": 2.0, "levels": 3}),
    (SPOT, {"entry": 1, "response": 1, "every": 10 * MS, "half_spread": 0.5}),
    # Cadence: a millisecond's neighbours, odd numbers, seconds.
    (BTC, {"every": 10 * MS, "entry": 5 * MS, "response": 5 * MS, "half_spread": 0.05, "max_position": 0.02}),
    (ETH, {"every": 33_333_333, "entry": 7_777_777, "response": 3_333_333, "model": "power3", "exponent": 2.0}),
    (BTC, {"every": 1000 * MS, "levels": 5, "gap": 3, "half_spread": 1.0, "model": "power2", "exponent": 3.0}),
    (SPOT, {"every": 5000 * MS, "levels": 5, "gap": 50, "half_spread": 1.0, "model": "log"}),
    # Ladders and skews: five levels without and with skew, one tick apart, at the touch, never reaching a limit.
    (BTC, {"levels": 5, "gap": 10}),
    (ETH, {"levels": 5, "gap": 1, "half_spread": 0.0, "model": "power", "exponent": 3.0}),
    (SPOT, {"levels": 5, "gap": 1, "half_spread": 0.0, "skew": 5.0, "model": "power3", "exponent": 3.0}),
    (BTC, {"skew": 30.0, "max_position": 5.0, "half_spread": 1.0, "levels": 4, "gap": 7}),
    (ETH, {"skew": 0.02, "max_position": 50.0, "quantity": 3.0, "half_spread": 0.05, "model": "log2", "levels": 4, "gap": 3}),
    # Fees: free to make, and a cost.
    (BTC, {"maker_fee": 0.0, "half_spread": 0.5}),
    (ETH, {"maker_fee": 0.0002, "half_spread": 0.05}),
]


def settings(market: str, folder: Path, changes: dict[str, Any]) -> Case:
    """Returns a case on one of the recordings."""
    path = folder / "derived" / f"hftbacktest-format_{market}_20240808.npz"
    return Case(data=path, **(GRIDS[market] | changes))


def difference(ours: Outcome, theirs: Outcome) -> str:
    """Returns the first fill in which two outcomes differ, or '' if there is none."""
    for at, (mine, other) in enumerate(zip(ours.fills, theirs.fills, strict=False)):
        if mine != other:
            return f"fill {at}: ours {mine}, the peer's {other}"
    if len(ours.fills) != len(theirs.fills):
        return f"ours has {len(ours.fills)} fills, the peer's {len(theirs.fills)}"
    return ""


@pytest.mark.parametrize(
    ("market", "changes"), MATRIX, ids=[settings(market, Path(), changes).name() for market, changes in MATRIX]
)
def test_fills_position_fees_and_cash_are_the_peers(
    market: str, changes: dict[str, Any], data: Path, peer: Peer, tmp_path: Path
) -> None:
    case = settings(market, data, changes)
    theirs = peer_outcome(peer.ask(case.line()))
    assert theirs.fills, "a case without fills proves nothing"

    ours = outcome(case, run_stack(case, tmp_path))

    assert not difference(ours, theirs)
    assert ours.position == theirs.position
    assert math.isclose(ours.fees, theirs.fees, rel_tol=1e-9, abs_tol=1e-12)
    assert math.isclose(ours.cash, theirs.cash, rel_tol=1e-9)
