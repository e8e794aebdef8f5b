"""Markets that no recording has: all at once, at equal times, out of order; three engines agree on every fill."""

from pathlib import Path
from typing import Any

import pytest
from peer_process import Peer
from quoter import Case, outcome, peer_outcome, run_stack
from slow_engine import slow_outcome
from small_market import MS, SmallMarket, drawn

QUOTERS: dict[str, dict[str, Any]] = {
    "joins the touch": {"half_spread": 0.5, "levels": 3, "gap": 1, "every": 20 * MS},
    "knows everything at once": {"half_spread": 0.5, "levels": 2, "gap": 2, "every": 7 * MS, "entry": 0, "response": 0},
    "is late": {"half_spread": 1.0, "levels": 5, "gap": 1, "every": 50 * MS, "entry": 130 * MS, "response": 70 * MS},
    "leans": {"half_spread": 1.5, "levels": 4, "gap": 1, "every": 10 * MS, "skew": 0.3, "response": 3 * MS},
}
MODELS = [("risk-averse", 1.0), ("power", 2.5), ("power2", 2.0), ("power3", 0.5), ("log", 1.0), ("log2", 1.0)]


def quoter(path: Path, changes: dict[str, Any]) -> Case:
    """Returns a quoter of two lots with room for twenty."""
    settings = {"tick": 1.0, "lot": 1.0, "quantity": 2.0, "max_position": 20.0, "entry": MS, "response": MS}
    return Case(data=path, **(settings | changes))


@pytest.fixture(params=QUOTERS)
def changes(request: pytest.FixtureRequest) -> dict[str, Any]:
    return QUOTERS[request.param]


@pytest.mark.parametrize("seed", range(2))
def test_the_slow_engine_and_the_peer_agree(changes: dict[str, Any], seed: int, peer: Peer, tmp_path: Path) -> None:
    path = drawn(seed).write(tmp_path / "market.npz")
    for model, exponent in MODELS:
        case = quoter(path, changes | {"model": model, "exponent": exponent})
        theirs, slow = peer_outcome(peer.ask(case.line())), slow_outcome(case)
        assert len(theirs.fills) > 50
        assert (slow.fills, slow.position) == (theirs.fills, theirs.position)
        assert (slow.fees, slow.cash) == pytest.approx((theirs.fees, theirs.cash), rel=1e-9)


@pytest.mark.parametrize(("model", "exponent"), MODELS, ids=[model for model, _ in MODELS])
def test_mmkit_and_the_slow_engine_agree(changes: dict[str, Any], model: str, exponent: float, tmp_path: Path) -> None:
    case = quoter(drawn(2).write(tmp_path / "market.npz"), changes | {"model": model, "exponent": exponent})
    ours, slow = outcome(case, run_stack(case, tmp_path)), slow_outcome(case)
    assert (ours.fills, ours.position) == (slow.fills, slow.position)
    assert (ours.fees, ours.cash) == pytest.approx((slow.fees, slow.cash), rel=1e-9)


def test_mmkit_and_the_slow_engine_agree_where_ranges_are_cleared(tmp_path: Path) -> None:
    for seed in range(6):
        case = quoter(cleared(seed).write(tmp_path / f"{seed}.npz"), QUOTERS["joins the touch"])
        ours, slow = outcome(case, run_stack(case, tmp_path)), slow_outcome(case)
        assert len(slow.fills) > 50
        assert (ours.fills, ours.position) == (slow.fills, slow.position)


def cleared(seed: int) -> SmallMarket:
    """Returns a wild market in which now and then a range next to the touch is cleared, as before a snapshot."""
    market = drawn(seed)
    for at, (_, venue, _, tick, _) in enumerate(market.rows[100::150]):
        ms = (venue - market.rows[0][1]) / MS
        if at % 2:
            market.clear_bids(ms, tick - 2)
        else:
            market.clear_asks(ms, tick + 2)
    return market
