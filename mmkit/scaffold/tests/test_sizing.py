"""Sizes by position: the kit's checks, and quantities that can be worked out by hand."""

from types import SimpleNamespace

import mmkit
import pytest
from mmkit.testing import RuleTests

from mmkit.scaffold.rules import sizing


class TestRule(RuleTests):
    """Everything that a rule of this role has to keep to."""

    rule = sizing.mmkit_sizing()
    params = {"quantity": 0.2, "max_position": 1.0}


@pytest.mark.parametrize(
    ("position", "bid", "ask"),
    [(0.0, 0.2, 0.2), (0.25, 0.15, 0.2), (-0.25, 0.2, 0.15), (1.0, 0.0, 0.2), (-3.0, 0.2, 0.0)],
)
def test_the_side_that_adds_shrinks_in_a_straight_line(position: float, bid: float, ask: float) -> None:
    params = sizing.Params(quantity=0.2, max_position=1.0)
    assert sizing.sizes(params, sizing.State(), SimpleNamespace(position=position)) == pytest.approx((bid, ask))


def test_a_quantity_below_one_lot_is_refused() -> None:
    params = sizing.Params(quantity=0.2, max_position=1.0)
    with pytest.raises(mmkit.ConfigError, match="less than one lot"):
        sizing.setup(params, sizing.State(), SimpleNamespace(inverse=False, lot=1.0))
