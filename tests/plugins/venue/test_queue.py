"""Queue models against the issue's formulas in numpy's floating point, and against fractions where they are rational."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkit.engine.records import Order
from mmkit_plugins.venue import queue
from mmkit_plugins.venue.queue import Model

PROBABILISTIC = [model for model in Model if model != Model.RISK_AVERSE]


def front_after(
    model: Model, front: float, previous: float, new: float, *, traded: float = 0.0, n: float = 3.0, lot: float = 1.0
) -> float:
    """Returns the lots ahead of an order after its level went from `previous` to `new` lots."""
    params = queue.Params(model=model, exponent=n)
    order = Order(front=front * lot, traded=traded * lot)
    queue.depth_change(params, None, order, previous * lot, new * lot)
    assert model == Model.RISK_AVERSE or order.traded == 0.0
    return order.front / lot


def share_behind(model: Model, front: np.float64, back: np.float64, n: float) -> np.float64:
    """The share of a decrease that happens behind, as the issue has it; quantities in base currency."""
    if model in (Model.POWER, Model.POWER2, Model.POWER3):

        def f(x: np.float64) -> np.float64:
            return np.float64(np.power(x, n))

    else:

        def f(x: np.float64) -> np.float64:
            return np.float64(np.log(np.float64(1.0) + x))

    if model in (Model.POWER, Model.LOG):
        return f(back) / (f(back) + f(front))
    if model in (Model.POWER2, Model.LOG2):
        return f(back) / f(back + front)
    return 1 - f(front / (front + back))


def by_the_issue(
    model: Model, front: float, previous: float, new: float, traded: float, n: float, lot: float
) -> np.float64:
    d = np.float64(previous) - new - traded
    ahead = np.float64(front)
    if d < 0:
        return min(ahead, np.float64(new))
    with np.errstate(all="ignore"):
        back = previous - ahead
        p = share_behind(model, ahead * lot, back * lot, n)
        p = np.float64(1.0) if np.isinf(p) else p
        found = ahead - (1 - p) * d + min(back - p * d, np.float64(0.0))
    return np.float64(new) if np.isnan(found) else min(found, np.float64(new))


@settings(max_examples=400)
@given(
    model=st.sampled_from(PROBABILISTIC),
    front=st.floats(-0.49, 1e6) | st.integers(0, 50).map(float),
    back=st.floats(0, 1e6) | st.integers(0, 50).map(float),
    new=st.integers(0, 2 * 10**6) | st.integers(0, 60),
    traded=st.integers(0, 100),
    n=st.sampled_from([0.5, 1.0, 2.0, 3.0, 7.5, 99.0, 100.0]),
    lot=st.sampled_from([1.0, 0.001, 10.0]),
)
def test_a_level_change_moves_the_order_as_the_formula_says(
    model: Model, front: float, back: float, new: int, traded: int, n: float, lot: float
) -> None:
    previous = front + back
    expected = by_the_issue(model, front, previous, float(new), float(traded), n, lot)
    found = front_after(model, front, previous, float(new), traded=float(traded), n=n, lot=lot)
    assert found == pytest.approx(float(expected), rel=1e-9, abs=1e-6)


@given(front=st.integers(0, 1000), back=st.integers(0, 1000), gone=st.integers(0, 1000), n=st.integers(1, 6))
def test_the_power_models_are_exact_in_fractions(front: int, back: int, gone: int, n: int) -> None:
    previous = front + back
    if not front or not back or gone > previous:
        return
    f, b, d = Fraction(front), Fraction(back), Fraction(gone)
    shares = {
        Model.POWER: b**n / (b**n + f**n),
        Model.POWER2: b**n / (b + f) ** n,
        Model.POWER3: 1 - (f / (f + b)) ** n,
    }
    for model, p in shares.items():
        expected = min(f - (1 - p) * d + min(b - p * d, Fraction(0)), Fraction(previous - gone))
        found = front_after(model, float(front), float(previous), float(previous - gone), n=float(n))
        assert found == pytest.approx(float(expected), rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("model", PROBABILISTIC)
def test_a_growing_level_leaves_the_order_where_it_is(model: Model) -> None:
    assert front_after(model, 5.0, 10.0, 25.0) == 5.0


@pytest.mark.parametrize("model", PROBABILISTIC)
def test_what_traded_is_not_counted_as_a_decrease_again(model: Model) -> None:
    assert front_after(model, 5.0, 10.0, 7.0, traded=3.0) == 5.0


@pytest.mark.parametrize("model", PROBABILISTIC)
def test_never_more_stands_ahead_than_the_level_holds(model: Model) -> None:
    assert front_after(model, 9.0, 10.0, 4.0, traded=20.0) == 4.0
    assert front_after(model, 9.0, 10.0, 0.0) <= 0.0


@pytest.mark.parametrize("model", PROBABILISTIC)
def test_the_last_in_the_queue_gains_by_every_decrease(model: Model) -> None:
    # Nothing stands behind: all of the decrease happened ahead.
    assert front_after(model, 10.0, 10.0, 6.0) == 6.0


@pytest.mark.parametrize("model", PROBABILISTIC)
def test_the_first_in_the_queue_stays_first(model: Model) -> None:
    assert front_after(model, 0.0, 10.0, 6.0) == 0.0


@pytest.mark.parametrize("model", PROBABILISTIC)
def test_where_there_is_neither_front_nor_back_the_level_itself_counts(model: Model) -> None:
    # 0/0 is not a number, and not a number gives the new quantity.
    assert front_after(model, 0.0, 0.0, 0.0) == 0.0


def test_a_share_that_is_not_a_number_gives_the_new_quantity() -> None:
    # A negative front under a broken power.
    assert front_after(Model.POWER, -0.25, 10.0, 6.0, n=2.5) == 6.0
    assert front_after(Model.LOG, -0.25, 10.0, 6.0, lot=10.0) == 6.0


def test_an_infinite_share_is_one() -> None:
    # ln(1 + back + front) = 0 while ln(1 + back) > 0: all happened behind.
    assert front_after(Model.LOG2, -0.25, 0.0, 0.0) == pytest.approx(-0.25)
    params = queue.Params(model=Model.LOG2)
    assert queue.behind(params, -0.25, 0.25) == 1.0


@pytest.mark.parametrize("model", [Model.POWER, Model.POWER2, Model.POWER3])
@pytest.mark.parametrize("lot", [1.0, 1000.0])
def test_powers_beyond_the_largest_float_count_as_infinite(model: Model, lot: float) -> None:
    for front, back in ((2e5, 3e5), (3e5, 2e5), (1.0, 1e6), (1e6, 1.0)):
        found = front_after(model, front, front + back, front + back - 10.0, n=100.0, lot=lot)
        expected = by_the_issue(model, front, front + back, front + back - 10.0, 0.0, 100.0, lot)
        assert found == pytest.approx(float(expected), rel=1e-14)
        assert math.isfinite(found)


def test_risk_averse_moves_only_by_trades_and_by_a_level_that_is_too_small() -> None:
    assert front_after(Model.RISK_AVERSE, 8.0, 20.0, 9.0) == 8.0
    assert front_after(Model.RISK_AVERSE, 8.0, 20.0, 5.0) == 5.0
    assert front_after(Model.RISK_AVERSE, 8.0, 20.0, 30.0) == 8.0


@pytest.mark.parametrize("model", list(Model))
def test_a_new_order_stands_behind_all_and_a_trade_takes_from_the_front(model: Model) -> None:
    params = queue.Params(model=model)
    order = Order()
    queue.rest(params, None, order, 12.0)
    assert order.front == 12.0
    queue.trade(params, None, order, 5.0)
    queue.trade(params, None, order, 4.0)
    assert (order.front, order.traded) == (3.0, 9.0)
