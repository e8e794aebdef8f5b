"""A share of the position, hedged: the kit's checks, and orders that can be worked out by hand."""

from types import SimpleNamespace
from typing import Any

import mmkit
import pytest
from mmkit.testing import RuleTests

from mmkit.scaffold.rules import hedging


class TestRule(RuleTests):
    """Everything that a rule of this role has to keep to."""

    rule = hedging.mmkit_hedging()


def sent(
    monkeypatch: pytest.MonkeyPatch, position: float, held: float = 0.0, alive: int = 0, **changed: Any
) -> list[int]:
    """Returns the lots of the orders sent, negative for sales: mid 100, the hedge's 50, its lot 0.01."""
    orders: list[int] = []

    def place(desk: Any, market: Any, side: int, tick: int, lots: int, kind: int) -> None:
        orders.append(side * lots)

    monkeypatch.setattr(mmkit, "place", place)
    other = SimpleNamespace(mid=50.0, position=held, lot_size=0.01, bid_ticks=499, ask_ticks=501)
    hedges = [SimpleNamespace(market=other, desk=SimpleNamespace(live_count=alive))]
    hedging.hedge(hedging.Params(**changed), None, SimpleNamespace(mid=100.0, position=position), None, hedges)
    return orders


@pytest.mark.parametrize(("position", "held", "lots"), [(1.0, 0.0, [-100]), (-1.0, 0.0, [100]), (1.0, -1.0, [])])
def test_half_of_the_value_is_held_the_other_way_round(
    monkeypatch: pytest.MonkeyPatch, position: float, held: float, lots: list[int]
) -> None:
    assert sent(monkeypatch, position, held) == lots


def test_the_share_is_what_it_is_set_to(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent(monkeypatch, 1.0, share=1.0) == [-200]


def test_what_lies_within_the_band_or_below_a_lot_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent(monkeypatch, 1.0, band=50.0) == []
    assert sent(monkeypatch, 1.0, band=49.0) == [-100]
    assert sent(monkeypatch, 0.009) == []


def test_nothing_is_sent_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent(monkeypatch, 1.0, alive=1) == []


def test_another_number_of_hedge_instruments_is_refused() -> None:
    with pytest.raises(mmkit.ConfigError, match="there are 2"):
        hedging.setup(hedging.Params(), None, None, (None, None))
