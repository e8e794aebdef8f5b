"""Where the peer is wrong, what it says, and what mmkit says instead: no reason to follow it there."""

from pathlib import Path
from typing import Any

import pytest
from peer_process import Peer
from quoter import Case, outcome, run_stack
from small_market import START, SmallMarket

MS = 1_000_000


def small(path: Path, **changes: Any) -> Case:
    """Returns a quoter for a market with tick and lot 1: it quotes a tick and a half around the mid from 100 ms on."""
    settings = {"half_spread": 1.5, "quantity": 10.0, "max_position": 10.0, "entry": MS, "response": MS}
    return Case(data=path, tick=1.0, lot=1.0, **(settings | changes))


@pytest.mark.parametrize("side", ["bids", "asks"])
def test_the_level_next_to_a_cleared_range_stays_the_best(side: str, peer: Peer, tmp_path: Path) -> None:
    # The clear takes one level and leaves the next. The peer looks for the new best price one level further out, finds
    # nothing and never decides; with both best prices the quoter joins the level, and the trade takes what is ahead
    # and ours.
    market = SmallMarket()
    if side == "bids":
        market.ask(0, 1002, 5).bid(0, 1000, 5).bid(0, 999, 5).clear_bids(1, 1000).sold(500, 999, 20)
        price, fill_side, best = 999, 1, "best_bid"
    else:
        market.bid(0, 998, 5).ask(0, 1000, 5).ask(0, 1001, 5).clear_asks(1, 1000).bought(500, 1001, 20)
        price, fill_side, best = 1001, -1, "best_ask"
    case = small(market.write(tmp_path / "market.npz"))

    theirs = peer.ask(case.line())
    run = run_stack(case, tmp_path)

    assert theirs[best] is None
    assert theirs["decisions"] == 0
    assert theirs["fills"] == []
    ours = outcome(case, run)
    assert ours.fills == [(START + 500 * MS, fill_side, price, 10)]
    assert run.fills["mid"].to_list() == [(999 + 1002) / 2 if side == "bids" else (998 + 1001) / 2]


def test_cleared_asks_are_not_ahead_of_a_later_order(peer: Peer, tmp_path: Path) -> None:
    # The peer's array book counts the cleared range from the wrong end: five lots stay ahead of our order for ever.
    market = SmallMarket().bid(0, 998, 5).ask(0, 1001, 5).ask(0, 1002, 5).ask(0, 1003, 5).ask(0, 1005, 5)
    market.clear_asks(1, 1003).bought(500, 1002, 3)
    case = small(market.write(tmp_path / "market.npz"), half_spread=0.5, low=900.0, high=1100.0)

    array = peer.ask(case.line() | {"book": "roi"})
    table = peer.ask(case.line())
    ours = outcome(case, run_stack(case, tmp_path))

    assert array["best_ask"] == table["best_ask"] == 1005
    assert array["fills"] == []
    assert ours.fills == [tuple(fill) for fill in table["fills"]] == [(START + 500 * MS, -1, 1002, 10)]


def test_a_part_of_an_order_that_executed_is_in_the_position(peer: Peer, tmp_path: Path) -> None:
    # Four of our ten lots trade. The peer's local side books an order only once it is filled whole.
    market = SmallMarket().bid(0, 998, 5).ask(0, 1002, 5).sold(500, 998, 9)
    case = small(market.write(tmp_path / "market.npz"), half_spread=2.0, exchange="partial")

    theirs = peer.ask(case.line())
    ours = outcome(case, run_stack(case, tmp_path))

    assert theirs["position"] == 0
    assert theirs["balance"] == 0.0
    assert ours.position == 4
    assert ours.fills == [(START + 500 * MS, 1, 998, 4)]
    assert ours.cash == pytest.approx(-4 * 998 - ours.fees)


def test_an_order_executed_exactly_to_zero_is_gone(peer: Peer, tmp_path: Path) -> None:
    # Four and six make ten. The peer books the six alone, and its exchange keeps the finished order: the next that
    # touches its price is an error, and the run ends there.
    market = SmallMarket().bid(0, 998, 5).ask(0, 1002, 5).sold(500, 998, 9).sold(520, 998, 6).sold(700, 998, 3)
    case = small(market.write(tmp_path / "market.npz"), half_spread=2.0, exchange="partial")

    theirs = peer.ask(case.line())
    ours = outcome(case, run_stack(case, tmp_path))

    assert theirs["position"] == 6
    assert theirs["failure"] is not None
    assert ours.position == 10
    assert ours.fills == [(START + 500 * MS, 1, 998, 4), (START + 520 * MS, 1, 998, 6)]
