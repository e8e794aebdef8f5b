"""Fills by what traded: the kit's checks, and queues that can be followed by hand."""

from types import SimpleNamespace

import pytest
from mmkit.testing import RuleTests

from mmkit.scaffold.rules import venue


class TestRule(RuleTests):
    """Everything that a rule of this role has to keep to."""

    rule = venue.mmkit_venue()


@pytest.mark.parametrize(("caution", "front"), [(0.0, -2.0), (1.0, 1.0), (2.0, 4.0)])
def test_a_multiple_of_what_stood_ahead_has_to_trade_first(caution: float, front: float) -> None:
    params = venue.Params(caution=caution)
    order = SimpleNamespace(front=0.0)
    venue.rest(params, None, order, 3.0)
    venue.trade(params, None, order, 1.5)
    venue.trade(params, None, order, 0.5)
    assert order.front == front


def test_what_is_cancelled_does_not_help() -> None:
    params = venue.Params()
    order = SimpleNamespace(front=0.0)
    venue.rest(params, None, order, 3.0)
    venue.depth_change(params, None, order, 3.0, 0.0)
    assert order.front == 6.0
