"""Avellaneda-Stoikov quotes against the oracle's cases and against the formula in decimal arithmetic."""

import decimal
import json
import math
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkit.engine.records import MarketView
from mmkit_plugins.pricing import avellaneda

SPEC = Path(os.environ.get("MMKIT_SPEC", Path(__file__).parents[4] / "shared" / "spec"))
SECOND = 10**9


def quoted(
    market: MarketView, *, volatility: float = math.nan, order_size: float = 1.0, **given: Any
) -> tuple[float, float, float]:
    """Returns reservation price, bid and ask."""
    params = avellaneda.Params(**given)
    inputs = avellaneda.Inputs(volatility=volatility, order_size=order_size)
    terms = avellaneda.Terms()
    avellaneda.prepare(params, terms, volatility, order_size)
    price, half_bid, half_ask = avellaneda.quote(params, None, market, inputs, terms)
    return price, price - half_bid, price + half_ask


def spread(**given: Any) -> float:
    _, bid, ask = quoted(MarketView(mid=0.0), **given)
    return ask - bid


def test_quotes_are_those_of_the_oracle() -> None:
    file = SPEC / "oracles" / "01_avellaneda_stoikov.json"
    if not file.is_file():
        pytest.skip(f"no oracle at {file} (set MMKIT_SPEC)")
    cases = [case for case in json.loads(file.read_text())["cases"] if case["id"].startswith("quote")]
    assert len(cases) >= 30
    for case in cases:
        given, expected = case["inputs"], case["outputs"]
        market = MarketView(mid=given["mid"], position=float(given["q"]))
        price, bid, ask = quoted(
            market, gamma=given["gamma"], k=given["k"], sigma=given["sigma"], horizon=round(given["tau"] * SECOND)
        )
        wanted = (expected["reservation_price"], expected["bid"], expected["ask"], expected["total_spread"])
        tolerance = {"rel": case["tolerance"]["rtol"], "abs": case["tolerance"]["atol"]}
        # The spread is found as a difference of prices around 100 and carries their rounding.
        assert (price, bid, ask) == pytest.approx(wanted[:3], **tolerance), case["id"]
        assert ask - bid == pytest.approx(wanted[3], abs=1e-12), case["id"]


def test_an_order_of_a_thousandth_of_a_bitcoin_is_quoted_seven_wide() -> None:
    market = {"sigma": 7.5, "gamma": 0.1, "k": 0.3, "horizon": 60 * SECOND}
    assert round(spread(order_size=0.001, **market), 1) == 7.0
    assert round(spread(order_size=1.0, **market)) == 343


@given(
    gamma=st.floats(1e-9, 10),
    k=st.floats(1e-3, 1e3),
    sigma=st.floats(1e-3, 1e2),
    seconds=st.integers(1, 3600),
    size=st.floats(1e-6, 1e3),
    position=st.floats(-100, 100),
)
def test_spread_and_shift_are_the_formula_in_decimal_arithmetic(
    gamma: float, k: float, sigma: float, seconds: int, size: float, position: float
) -> None:
    with decimal.localcontext(prec=50):
        g, kk, s, delta, q = map(Decimal, (gamma, k, sigma, size, position))
        risk = g * s * s * seconds
        width = risk * delta + 2 / (g * delta) * (1 + g * delta / kk).ln()
        shift = -q * risk
    terms = {"gamma": gamma, "k": k, "sigma": sigma, "horizon": seconds * SECOND, "order_size": size}
    price, bid, ask = quoted(MarketView(mid=0.0, position=position), **terms)
    assert price == pytest.approx(float(shift), rel=1e-12)
    assert spread(**terms) == pytest.approx(float(width), rel=1e-12)
    assert (bid + ask) / 2 == pytest.approx(price, rel=1e-9, abs=1e-9 * float(width))


@pytest.mark.parametrize("k", [0.3, 1.5, 100.0])
def test_without_risk_aversion_the_spread_tends_to_two_over_k(k: float) -> None:
    assert spread(gamma=1e-14, k=k, sigma=2.0) == pytest.approx(2.0 / k, rel=1e-9)


def test_the_spread_stays_within_its_bounds_and_the_reservation_price_does_not_care() -> None:
    terms = {"gamma": 0.1, "k": 1.5, "sigma": 2.0, "horizon": SECOND}
    free = spread(**terms)
    assert spread(min_spread=free + 1.0, **terms) == pytest.approx(free + 1.0)
    assert spread(max_spread=free - 1.0, **terms) == pytest.approx(free - 1.0)
    assert spread(min_spread=free - 1.0, max_spread=free + 1.0, **terms) == free
    market = MarketView(mid=100.0, position=3.0)
    prices = {quoted(market, min_spread=least, **terms)[0] for least in (0.0, 50.0)}
    assert prices == {100.0 - 3.0 * 0.1 * 4.0}


def test_in_a_session_the_time_left_counts_down_to_zero_and_no_further() -> None:
    terms = {"gamma": 0.1, "k": 1.5, "sigma": 2.0, "horizon": 10 * SECOND, "session": True}
    start = 1_700_000_000 * SECOND
    for passed, left in ((0, 10.0), (4 * SECOND, 6.0), (10 * SECOND, 0.0), (11 * SECOND, 0.0)):
        price, bid, ask = quoted(MarketView(mid=100.0, position=2.0, start=start, now=start + passed), **terms)
        assert price == pytest.approx(100.0 - 2.0 * 0.1 * 4.0 * left, rel=1e-14)
        assert ask - bid == pytest.approx(0.1 * 4.0 * left + 20.0 * math.log1p(0.1 / 1.5), rel=1e-12)


def test_outside_a_session_time_passes_without_effect() -> None:
    terms = {"gamma": 0.1, "k": 1.5, "sigma": 2.0, "horizon": 10 * SECOND}
    early, late = (quoted(MarketView(mid=100.0, position=2.0, now=now), **terms) for now in (0, 7 * SECOND))
    assert early == late


def test_sigma_as_a_parameter_takes_the_place_of_the_input() -> None:
    terms = {"gamma": 0.1, "k": 1.5}
    assert spread(sigma=2.0, volatility=math.nan, **terms) == spread(sigma=2.0, volatility=9.0, **terms)
    assert spread(sigma=2.0, **terms) == spread(volatility=2.0, **terms)
    assert spread(sigma=2.0, **terms) != spread(volatility=9.0, **terms)
