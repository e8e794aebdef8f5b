"""Whole orders: the peer's fills, position, fees and cash are mmkit's, on recordings, over the models' whole range."""

import math
from pathlib import Path
from typing import Any

import pytest
from peer_process import Peer
from quoter import Case, Outcome, outcome, peer_outcome, run_stack

MS = 1_000_000
BTC, ETH, SPOT = "usdm_btcusdt", "usdm_ethusdt", "spot_btcusdt"
MARKETS: dict[str, dict[str, Any]] = {
    BTC: {"tick": 0.1, "lot": 0.001, "half_spread": 2.0, "quantity": 0.01, "max_position": 0.1},
    ETH: {"tick": 0.01, "lot": 0.001, "half_spread": 0.1, "quantity": 0.1, "max_position": 1.0},
    SPOT: {"tick": 0.01, "lot": 0.00001, "half_spread": 2.0, "quantity": 0.01, "max_position": 0.1},
}
MODELS: dict[str, list[float]] = {
    "risk-averse": [1.0],
    "power": [1.0, 2.5],
    "power2": [2.0, 0.5],
    "power3": [3.0, 1.5],
    "log": [1.0],
    "log2": [1.0],
}
EVERY_MODEL = [{"model": model, "exponent": n} for model, exponents in MODELS.items() for n in exponents]
# Half a tick joins the touch, and only there do fills depend on the queue model; the room is enough never to stop.
AT_THE_TOUCH: dict[str, dict[str, Any]] = {
    BTC: {"half_spread": 0.05, "levels": 5, "gap": 1, "max_position": 5.0, "every": 300 * MS},
    ETH: {"half_spread": 0.005, "levels": 2, "gap": 3, "max_position": 50.0, "entry": 3 * MS, "response": 2 * MS},
    SPOT: {"half_spread": 0.005, "levels": 1, "max_position": 5.0, "skew": 0.1},
}

# With models dealt around: what latency, cadence, ladder, skew, limits and fees can do.
VARIED: list[tuple[str, dict[str, Any]]] = [
    # Latency: none at all, one way only, longer than the cadence, a nanosecond.
    (BTC, {"entry": 0, "response": 0, "model": "power2", "exponent": 2.0, "levels": 2, "half_spread": 0.05}),
    (ETH, {"entry": 0, "response": 0, "every": 20 * MS, "half_spread": 0.01}),
    (BTC, {"entry": 0, "response": 50 * MS, "model": "log", "half_spread": 0.05, "skew": 1.0}),
    (ETH, {"entry": 50 * MS, "response": 0, "model": "log2", "half_spread": 0.005}),
    (BTC, {"entry": 250 * MS, "response": 130 * MS, "model": "power", "exponent": 2.0, "levels": 3, "gap": 1}),
    (SPOT, {"entry": 1, "response": 1, "every": 10 * MS, "half_spread": 0.5}),
    # Cadence: short, odd, seconds.
    (BTC, {"every": 10 * MS, "entry": 5 * MS, "response": 5 * MS, "half_spread": 0.05, "max_position": 0.02}),
    (ETH, {"every": 33_333_333, "entry": 7_777_777, "response": 3_333_333, "model": "power3", "exponent": 2.0}),
    (BTC, {"every": 1000 * MS, "levels": 5, "gap": 3, "half_spread": 0.05, "model": "power2", "exponent": 3.0}),
    (SPOT, {"every": 5000 * MS, "levels": 5, "gap": 50, "half_spread": 1.0, "model": "log"}),
    # Ladders and skews: wide, a tick apart, bid and ask wanted at one price, hardly ever at a limit.
    (BTC, {"levels": 5}),
    (ETH, {"levels": 5, "gap": 1, "half_spread": 0.0, "model": "power", "exponent": 3.0}),
    (SPOT, {"levels": 5, "gap": 1, "half_spread": 0.0, "skew": 5.0, "model": "power3", "exponent": 3.0}),
    (BTC, {"skew": 30.0, "max_position": 5.0, "half_spread": 1.0, "levels": 4, "gap": 7}),
    (ETH, {"skew": 0.02, "max_position": 50.0, "quantity": 3.0, "half_spread": 0.005, "model": "log2", "levels": 3}),
    (SPOT, {"skew": 20.0, "levels": 2, "gap": 100, "model": "power", "exponent": 1.0}),
    # A queue position that is not quite zero, once: it has no square root if a sum of decimals went below zero.
    (
        ETH,
        {"half_spread": 0.2, "levels": 4, "gap": 5, "model": "power", "exponent": 0.5, "every": 118_021_414}
        | {"entry": 125_129_416, "response": 1 * MS, "quantity": 1.0, "max_position": 10.0},
    ),
    # Fees: none, and a cost.
    (BTC, {"maker_fee": 0.0, "half_spread": 0.5}),
    (ETH, {"maker_fee": 0.0002, "half_spread": 0.05}),
]
MATRIX = [
    *((market, touch | model) for market, touch in AT_THE_TOUCH.items() for model in EVERY_MODEL),
    *VARIED,
]


def settings(market: str, folder: Path, changes: dict[str, Any]) -> Case:
    """Returns a case on one of the recordings."""
    path = folder / "derived" / f"hftbacktest-format_{market}_20240808.npz"
    return Case(data=path, **(MARKETS[market] | changes))


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
    assert len(theirs.fills) > 50, "a case with few fills proves little"

    ours = outcome(case, run_stack(case, tmp_path))

    assert not difference(ours, theirs)
    assert ours.position == theirs.position
    assert math.isclose(ours.fees, theirs.fees, rel_tol=1e-9, abs_tol=1e-12)
    assert math.isclose(ours.cash, theirs.cash, rel_tol=1e-9)


@pytest.mark.parametrize("market", MARKETS)
def test_each_queue_model_fills_differently_at_the_touch(market: str, data: Path, peer: Peer) -> None:
    # Away from the touch prices run through the quotes and every model gives the same fills: equality there says nothing
    # about queues. These are the cases above in which it does.
    cases = [settings(market, data, AT_THE_TOUCH[market] | model) for model in EVERY_MODEL]
    fills = [tuple(peer_outcome(peer.ask(case.line())).fills) for case in cases]
    assert len(set(fills)) == len(EVERY_MODEL)
