"""Requotes by distance: the kit's checks, and orders that can be judged by hand."""

from types import SimpleNamespace
from typing import Any

import mmkit
import pytest
from mmkit.testing import RuleTests

from mmkit.scaffold.rules import execution

MS = 10**6


class TestRule(RuleTests):
    """Everything that a rule of this role has to keep to."""

    rule = execution.mmkit_execution()


def order(side: int, tick: int) -> Any:
    """Returns an order of ours."""
    return SimpleNamespace(side=side, tick=tick)


def desk(*orders: Any) -> Any:
    """Returns a desk with these orders alive."""
    return SimpleNamespace(orders=orders, live=range(len(orders)), live_count=len(orders))


LADDER = SimpleNamespace(levels=2, bid_ticks=[99, 90], bid_lots=[1, 0], ask_ticks=[101, 110], ask_lots=[1, 1])


@pytest.mark.parametrize(
    ("side", "tick", "kept"),
    [(1, 99, True), (1, 97, True), (1, 96, False), (1, 90, False), (-1, 103, True), (-1, 104, False), (-1, 112, True)],
)
def test_an_order_stays_within_the_tolerance_of_a_level_that_has_lots(side: int, tick: int, kept: bool) -> None:
    assert execution.wanted(execution.Params(tolerance=2), LADDER, order(side, tick)) is kept


def test_nothing_is_sent_next_to_an_own_order_or_into_one() -> None:
    params = execution.Params(tolerance=2)
    assert execution.free(params, desk(order(1, 96), order(-1, 101)), 1, 99)
    assert not execution.free(params, desk(order(1, 97)), 1, 99)
    assert not execution.free(params, desk(order(-1, 99)), 1, 99)
    assert not execution.free(params, desk(order(1, 101)), -1, 101)


def test_decisions_fall_on_the_multiples_of_a_time_counted_from_the_first_event() -> None:
    params = execution.Params(every=mmkit.duration("100ms"))
    times = [execution.next_time(params, None, SimpleNamespace(start=7, now=7 + now)) for now in (0, 99 * MS, 100 * MS)]
    assert times == [7 + 100 * MS, 7 + 100 * MS, 7 + 200 * MS]
