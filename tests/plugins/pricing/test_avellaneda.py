"""Avellaneda-Stoikov quotes against the oracle's cases and against the formula in decimal arithmetic."""

import decimal
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import MarketView
from mmkit.stack import Instrument
from mmkit_plugins.pricing import avellaneda

SECOND = 10**9


def quoted(
    market: MarketView,
    *,
    volatility: float = math.nan,
    order_size: float = 1.0,
    fair: float = 0.0,
    maker_fee: float = 0.0,
    **given: Any,
) -> tuple[float, float, float]:
    """Returns reservation price, bid and ask."""
    params = avellaneda.Params(**given)
    state = avellaneda.State()
    avellaneda.setup(params, state, Instrument("X", tick_size=0.01, lot_size=0.001, maker_fee=mmkit.Rate(maker_fee)))
    inputs = avellaneda.Inputs(volatility=volatility, order_size=order_size, fair=fair)
    terms = avellaneda.Terms()
    avellaneda.prepare(params, terms, volatility, order_size, fair)
    price, half_bid, half_ask = avellaneda.quote(params, state, market, inputs, terms)
    return price, price - half_bid, price + half_ask


@pytest.fixture
def oracle(oracle_cases: Callable[[str], list[dict[str, Any]]]) -> Callable[[str], list[dict[str, Any]]]:
    def of(kind: str) -> list[dict[str, Any]]:
        return [case for case in oracle_cases("01_avellaneda_stoikov.json") if case["id"].startswith(kind)]

    return of


def spread(**given: Any) -> float:
    _, bid, ask = quoted(MarketView(mid=0.0), **given)
    return ask - bid


def test_quotes_are_those_of_the_oracle(oracle: Callable[[str], list[dict[str, Any]]]) -> None:
    cases = oracle("quote")
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


PAPER = {"gamma": 0.1, "k": 1.5, "sigma": 2.0, "horizon": SECOND}


def test_for_ever_the_reservation_prices_are_those_of_the_oracle(oracle: Callable[[str], list[dict[str, Any]]]) -> None:
    cases = oracle("inf_horizon")
    assert len(cases) >= 6
    for case in cases:
        given, expected = case["inputs"], case["outputs"]
        gamma = given["gamma"]
        static = math.log1p(gamma / 1.5) / gamma
        market = MarketView(mid=given["mid"], position=float(given["q"]))
        terms = {"gamma": gamma, "k": 1.5, "sigma": given["sigma"], "max_position": float(given["q_max"])}
        _, bid, ask = quoted(market, infinite_horizon=True, **terms)
        wanted = [expected["reservation_bid"], expected["reservation_ask"]]
        tolerance = {"rel": case["tolerance"]["rtol"], "abs": case["tolerance"]["atol"]}
        assert bid + static == pytest.approx(-math.inf if wanted[0] is None else wanted[0], **tolerance), case["id"]
        assert ask - static == pytest.approx(math.inf if wanted[1] is None else wanted[1], **tolerance), case["id"]


@pytest.mark.parametrize("size", [1.0, 0.25])
@pytest.mark.parametrize("position", [-2.0, -0.5, 0.0, 1.0])
def test_for_ever_one_order_more_at_the_reservation_price_changes_no_expected_utility(
    size: float, position: float
) -> None:
    # Section 2.3: v(x, s, q) = -exp(-gamma (x + q s)) / (omega - gamma^2 q^2 sigma^2 / 2).
    gamma, sigma, most, mid = 0.3, 2.0, 3.0, 10.0
    omega = (gamma * sigma * (most + size)) ** 2 / 2

    def utility(cash: float, q: float) -> float:
        return -math.exp(-gamma * (cash + q * mid)) / (omega - (gamma * q * sigma) ** 2 / 2)

    static = math.log1p(gamma * size / 1.5) / (gamma * size)
    terms = {"gamma": gamma, "k": 1.5, "sigma": sigma, "max_position": most, "infinite_horizon": True}
    _, bid, ask = quoted(MarketView(mid=mid, position=position), order_size=size, **terms)
    now = utility(0.0, position)
    assert utility(-(bid + static) * size, position + size) == pytest.approx(now, rel=1e-9)
    assert utility((ask - static) * size, position - size) == pytest.approx(now, rel=1e-9)


@pytest.mark.parametrize("forever", [False, True])
def test_no_fill_may_lead_beyond_the_cap_and_one_that_leads_back_is_always_quoted(forever: bool) -> None:
    terms = {**PAPER, "max_position": 0.3, "order_size": 0.1, "infinite_horizon": forever}
    for position in (0.3, 0.25, 0.1 + 0.2, 0.7):
        price, bid, ask = quoted(MarketView(mid=100.0, position=position), **terms)
        assert bid == -math.inf
        assert math.isfinite(price)
        assert math.isfinite(ask)
        _, bid, ask = quoted(MarketView(mid=100.0, position=-position), **terms)
        assert ask == math.inf
        assert math.isfinite(bid)
    for position in (-0.2, 0.0, 0.1, 0.3 - 0.1):
        assert all(map(math.isfinite, quoted(MarketView(mid=100.0, position=position), **terms)))


def test_a_one_sided_quote_keeps_half_of_the_smallest_and_largest_spread() -> None:
    market = MarketView(mid=100.0, position=3.0)
    for bound, half in (({"min_spread": 8.0}, 4.0), ({"max_spread": 0.5}, 0.25)):
        price, bid, ask = quoted(market, max_position=3.0, **PAPER, **bound)
        assert (bid, ask) == (-math.inf, price + half)


def test_d_07_the_largest_spread_is_kept_and_the_fees_win_over_it() -> None:
    market = MarketView(mid=84_000.0)
    terms = {"gamma": 0.1, "k": 0.3, "sigma": 7.5, "horizon": 60 * SECOND, "order_size": 1.0, "maker_fee": 0.0002}
    _, bid, ask = quoted(market, max_spread=75.0, **terms)
    assert ask - bid == pytest.approx(75.0, abs=1e-10)
    _, bid, ask = quoted(market, max_spread=20.0, fee_floor=True, **terms)
    assert ask - bid == pytest.approx(2 * 0.0002 * 84_000.0, abs=1e-10)


def test_d_08_k_and_the_horizon_move_the_spread() -> None:
    assert spread(**{**PAPER, "k": 1.0}) > spread(**PAPER) + 0.1
    assert spread(**{**PAPER, "horizon": 2 * SECOND}) == pytest.approx(spread(**PAPER) + 0.1 * 4.0)


def test_d_16_without_a_price_there_is_no_price_to_fall_back_on() -> None:
    price, bid, ask = quoted(MarketView(), **PAPER)
    assert math.isnan(price)
    assert not bid > 0.0
    assert not ask > 0.0


@given(
    mid=st.floats(1.0, 1e5),
    fee=st.floats(0.0, 0.01),
    position=st.floats(-10, 10),
    size=st.floats(1e-3, 10),
    most=st.floats(1e-3, 1e3),
)
def test_d_18_with_the_fee_floor_a_round_trip_never_costs_more_than_it_earns(
    mid: float, fee: float, position: float, size: float, most: float
) -> None:
    terms = {**PAPER, "order_size": size, "max_spread": most, "maker_fee": fee, "fee_floor": True}
    _, bid, ask = quoted(MarketView(mid=mid, position=position), **terms)
    assert ask - bid >= (ask + bid) * fee - 1e-9 * mid


def test_d_19_a_spread_that_is_widened_stays_centred_on_the_reservation_price() -> None:
    market = MarketView(mid=100.0, position=2.0)
    price, _, _ = quoted(market, **PAPER)
    for bound in ({"min_spread": 50.0}, {"fee_floor": True, "maker_fee": 0.1}):
        widened, bid, ask = quoted(market, **PAPER, **bound)
        assert widened == price < 100.0
        assert (bid + ask) / 2 == pytest.approx(price, rel=1e-12)


def test_a_rebate_is_no_floor() -> None:
    market = MarketView(mid=100.0)
    assert quoted(market, **PAPER, fee_floor=True, maker_fee=-0.001) == quoted(market, **PAPER)


def test_a_fair_takes_the_place_of_the_mid_and_an_absent_one_does_not() -> None:
    market = MarketView(mid=100.0, position=1.0)
    plain = quoted(market, **PAPER)
    assert quoted(market, **PAPER, fair=math.nan) == quoted(market, **PAPER, fair=0.0) == plain
    assert quoted(market, **PAPER, fair=101.0) == quoted(MarketView(mid=101.0, position=1.0), **PAPER)


def test_an_order_of_no_size_has_the_spread_of_a_vanishing_one() -> None:
    assert spread(**PAPER, order_size=0.0) == pytest.approx(spread(**PAPER, order_size=1e-12), rel=1e-9)
    forever = {**PAPER, "infinite_horizon": True, "max_position": 3.0, "order_size": 0.0}
    assert quoted(MarketView(mid=100.0), **forever) == (100.0, -math.inf, math.inf)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"min_spread": 2.0, "max_spread": 1.0}, "pricing.min_spread"),
        ({"infinite_horizon": True}, "pricing.max_position"),
        ({"infinite_horizon": True, "max_position": 1.0, "session": True}, "pricing.infinite_horizon"),
    ],
)
def test_settings_that_exclude_each_other_are_refused_with_their_key(given: dict[str, Any], key: str) -> None:
    with pytest.raises(mmkit.ConfigError, match=rf"^{key}: "):
        quoted(MarketView(mid=100.0), **PAPER, **given)


CHANGES: dict[str, Any] = {
    "gamma": 0.2,
    "k": 1.0,
    "sigma": 1.0,
    "horizon": 2 * SECOND,
    "session": True,
    "infinite_horizon": True,
    "max_position": 1.0,
    "min_spread": 9.0,
    "max_spread": 0.1,
    "fee_floor": True,
}


def test_every_parameter_changes_a_quote() -> None:
    assert set(CHANGES) == set(attrs.fields_dict(avellaneda.Params))
    market = MarketView(mid=100.0, position=2.0, now=SECOND // 2)
    base = {**PAPER, "max_position": 10.0, "maker_fee": 0.05}
    for name, value in CHANGES.items():
        assert quoted(market, **base) != quoted(market, **base | {name: value}), name


@given(
    gamma=st.floats(1e-9, 1e3),
    k=st.floats(1e-6, 1e6),
    volatility=st.floats(0, 1e9),
    size=st.floats(0, 1e9),
    position=st.floats(-1e9, 1e9),
    forever=st.booleans(),
)
def test_the_reservation_price_is_finite_and_a_half_spread_never_negative(
    gamma: float, k: float, volatility: float, size: float, position: float, forever: bool
) -> None:
    terms = {"gamma": gamma, "k": k, "order_size": size, "max_position": 1e6, "infinite_horizon": forever}
    price, bid, ask = quoted(MarketView(mid=100.0, position=position), volatility=volatility, **terms)
    assert math.isfinite(price)
    assert bid <= price <= ask
