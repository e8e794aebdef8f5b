"""The chance that a quote fills, against the formula in decimal arithmetic."""

import decimal
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkit_plugins.venue import intensity
from mmkit_plugins.venue.intensity import Scheme

situations = {
    "a": st.floats(1e-3, 1e4),
    "k": st.floats(1e-3, 1e3),
    "distance": st.floats(-5.0, 50.0),
    "dt": st.floats(1e-6, 10.0),
}


def chance(scheme: Scheme, a: float, k: float, distance: float, dt: float) -> float:
    return intensity.fill_probability(intensity.Params(A=a, k=k, scheme=scheme), distance, dt)


def expected(a: float, k: float, distance: float, dt: float) -> Decimal:
    return Decimal(a) * (-Decimal(k) * Decimal(distance)).exp() * Decimal(dt)


@given(**situations)
def test_linear_is_the_intensity_times_the_step_but_at_most_one(a: float, k: float, distance: float, dt: float) -> None:
    with decimal.localcontext(prec=40):
        wanted = float(min(expected(a, k, distance, dt), Decimal(1)))
    assert chance(Scheme.LINEAR, a, k, distance, dt) == pytest.approx(wanted, rel=1e-10)


@given(**situations)
def test_exponential_is_the_chance_of_at_least_one_arrival(a: float, k: float, distance: float, dt: float) -> None:
    with decimal.localcontext(prec=40):
        wanted = float(1 - (-min(expected(a, k, distance, dt), Decimal(1000))).exp())
    assert chance(Scheme.EXPONENTIAL, a, k, distance, dt) == pytest.approx(wanted, rel=1e-9, abs=1e-15)


def test_the_papers_quote_at_the_mid_fills_with_seven_tenths() -> None:
    assert chance(Scheme.LINEAR, 140.0, 1.5, 0.0, 0.005) == pytest.approx(0.7)


@pytest.mark.parametrize("scheme", list(Scheme))
def test_a_quote_far_through_the_mid_is_certain_and_one_far_away_never_fills(scheme: Scheme) -> None:
    assert chance(scheme, 140.0, 1.5, -1e9, 0.005) == 1.0
    assert chance(scheme, 140.0, 1.5, 1e9, 0.005) == 0.0
