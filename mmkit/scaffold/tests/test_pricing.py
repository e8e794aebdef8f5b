"""The leaning price: the kit's checks, and prices that can be worked out by hand."""

from types import SimpleNamespace
from typing import Any

import mmkit
import pytest
from mmkit.testing import RuleTests

from mmkit.scaffold.rules import pricing


class TestRule(RuleTests):
    """Everything that a rule of this role has to keep to."""

    rule = pricing.mmkit_pricing()


def quoted(position: float, **changed: Any) -> tuple[float, float, float]:
    """Returns the quote at a mid of 100, a volatility of 0.05 per sqrt(s) and an order size of 0.1."""
    params = pricing.Params(horizon=mmkit.duration("4s"), **changed)  # a risk of 0.05 * 2 = 0.1
    terms = pricing.Terms()
    pricing.prepare(params, terms, volatility=0.05, order_size=0.1)
    inputs = pricing.Inputs(volatility=0.05, order_size=0.1)
    return pricing.quote(params, None, SimpleNamespace(mid=100.0, position=position, tick_size=0.01), inputs, terms)


def test_a_flat_position_is_quoted_around_the_mid() -> None:
    assert quoted(0.0, width=1.5) == pytest.approx((100.0, 0.15, 0.15))


@pytest.mark.parametrize(("position", "price"), [(0.1, 99.98), (-0.1, 100.02), (0.3, 99.94)])
def test_each_order_size_of_position_moves_the_price_by_the_lean(position: float, price: float) -> None:
    assert quoted(position, lean=0.2)[0] == pytest.approx(price)


def test_the_half_spread_is_a_tick_at_least() -> None:
    assert quoted(0.0, width=0.0)[1:] == (0.01, 0.01)
