"""A fixed quantity, and the limit at which a side stops."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import MarketView
from mmkit.stack import Instrument
from mmkit_plugins.sizing import fixed


def sizes(lot: float, position_lots: int, **given: float) -> tuple[float, float]:
    """Returns bid and ask quantity with a position of so many lots."""
    params = fixed.Params(**given)
    state = fixed.State()
    fixed.setup(params, state, Instrument("X", tick_size=0.1, lot_size=lot))
    return fixed.sizes(params, state, MarketView(position_lots=position_lots, position=position_lots * lot))


def test_without_a_limit_both_sides_always_quote() -> None:
    for position in (-(10**9), 0, 10**9):
        assert sizes(0.001, position, quantity=0.02) == (0.02, 0.02)


@pytest.mark.parametrize(("lot", "lots"), [(0.001, 1009), (0.1, 3), (0.01, 57), (1e-8, 10**14 + 1), (0.001, 1)])
def test_a_side_is_off_exactly_at_the_limit(lot: float, lots: int) -> None:
    limit = float(Fraction(str(lot)) * lots)
    given = {"quantity": lot, "max_position": limit}
    assert sizes(lot, lots - 1, **given) == (lot, lot)
    assert sizes(lot, lots, **given) == (0.0, lot)
    assert sizes(lot, lots + 5, **given) == (0.0, lot)
    assert sizes(lot, 1 - lots, **given) == (lot, lot)
    assert sizes(lot, -lots, **given) == (lot, 0.0)
    assert sizes(lot, -lots - 5, **given) == (lot, 0.0)


def test_a_limit_whose_product_of_lots_is_not_the_same_float_holds_all_the_same() -> None:
    assert 0.001 * 1009 != 1.009  # what makes the case worth a test
    assert sizes(0.001, 1009, quantity=0.001, max_position=1.009)[0] == 0.0
    assert sizes(0.001, 1009, quantity=0.001, max_position=0.001 * 1009)[0] == 0.0


@given(st.integers(0, 50), st.integers(1, 400))
def test_a_limit_between_two_lots_is_reached_by_the_first_position_at_or_beyond_it(position: int, tenths: int) -> None:
    beyond = Fraction(position) >= Fraction(tenths, 10)
    limit = float(Fraction(tenths, 10) * Fraction(1, 1000))
    given = {"quantity": 0.001, "max_position": limit}
    assert sizes(0.001, position, **given)[0] == (0.0 if beyond else 0.001)
    assert sizes(0.001, -position, **given)[1] == (0.0 if beyond else 0.001)


def test_it_tells_the_order_size_to_other_rules() -> None:
    state = fixed.State()
    fixed.setup(fixed.Params(quantity=0.02), state, Instrument("X", tick_size=0.1, lot_size=0.01))
    assert state.order_size == 0.02
    assert dict(fixed.mmkit_sizing().outputs) == {"order_size": "base"}


def test_less_than_a_lot_is_the_users_fault() -> None:
    with pytest.raises(mmkit.ConfigError, match=r"sizing\.quantity: 0\.0004 is less than one lot \(0\.001\)"):
        sizes(0.001, 0, quantity=0.0004)
