"""Cartea-Jaimungal depths against the oracle's cases, GLFT's limit, and the equation of the value that they maximise."""

import math
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import MarketView
from mmkit.stack import Instrument
from mmkit_plugins.pricing import _inventory_table, cartea_jaimungal, glft

SECOND = 10**9
EXACT, ASYMPTOTIC = cartea_jaimungal.Method.EXACT, cartea_jaimungal.Method.ASYMPTOTIC
BOOK = {"phi": 1e-5, "k": 100.0, "A": 1.0, "order_size": 1.0}


class Rule:
    """The rule set up once, and quoted at will."""

    def __init__(self, **given: Any) -> None:
        self.params = cartea_jaimungal.Params(**given)
        self.state = _inventory_table.State()
        cartea_jaimungal.setup(self.params, self.state, Instrument("X", tick_size=0.01, lot_size=0.001))

    def __call__(self, position: float = 0.0, *, now: int = 0, mid: float = 0.0, **inputs: float) -> tuple[float, ...]:
        """Returns reservation price and half-spreads."""
        given = cartea_jaimungal.Inputs(**inputs)
        terms = cartea_jaimungal.Terms()
        cartea_jaimungal.prepare(self.params, terms, **attrs.asdict(given))
        market = MarketView(mid=mid, position=position, now=now)
        return cartea_jaimungal.quote(self.params, self.state, market, given, terms)

    def distances(self, position: float = 0.0, **given: Any) -> tuple[float, float]:
        """Returns the distances of bid and ask from a mid of 0."""
        price, half_bid, half_ask = self(position, **given)
        return half_bid - price, price + half_ask


@pytest.fixture
def oracle(oracle_cases: Callable[[str], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    cases = oracle_cases("03_cartea_jaimungal.json")
    assert len(cases) >= 7
    return cases


def settings_of(case: dict[str, Any]) -> dict[str, Any]:
    names = {"A": "lambda_plus", "A_sell": "lambda_minus", "k": "kappa_plus", "k_sell": "kappa_minus"}
    names |= {"epsilon": "epsilon_plus", "epsilon_sell": "epsilon_minus", "drift": "mu", "phi": "phi", "alpha": "alpha"}
    names |= {"max_position": "q_max", "min_position": "q_min"}
    found = {own: float(case["inputs"][name]) for own, name in names.items()}
    return {**found, "order_size": 1.0}


def agree(rule: Rule, case: dict[str, Any], wanted: dict[str, Any], tolerance: float, now: int = 0) -> None:
    """Compares the quotes at every inventory of the oracle's grid; null is no quote."""
    for q, bid, ask in zip(case["inputs"]["q_grid"], wanted["delta_minus_bid"], wanted["delta_plus_ask"], strict=True):
        for distance, expected in zip(rule.distances(float(q), now=now), (bid, ask), strict=True):
            if expected is None:
                assert distance == math.inf, (case["id"], q)
            else:
                assert distance == pytest.approx(expected, rel=0, abs=tolerance), (case["id"], q)


def test_the_exact_depths_are_those_of_the_oracle_at_every_time_and_inventory(oracle: list[dict[str, Any]]) -> None:
    for case in oracle:
        horizon = round(case["inputs"]["T"] * SECOND)
        rule = Rule(**settings_of(case), method=EXACT, session=True, horizon=horizon)
        for tau, wanted in case["outputs"]["by_tau"].items():
            tolerance = 1e-7 / case["inputs"]["kappa_plus"]
            agree(rule, case, wanted, tolerance, now=horizon - round(float(tau) * SECOND))


def test_without_an_end_the_exact_depths_are_the_stationary_ones(oracle: list[dict[str, Any]]) -> None:
    for case in oracle:
        rule = Rule(**settings_of(case), method=EXACT)
        agree(rule, case, case["outputs"]["stationary"], 1e-7 / case["inputs"]["kappa_plus"])


def test_the_asymptotic_depths_are_those_of_the_oracle(oracle: list[dict[str, Any]]) -> None:
    cases = [case for case in oracle if "closed_form_approx" in case["outputs"]]
    assert len(cases) >= 2
    for case in cases:
        rule = Rule(**{**settings_of(case), "max_position": math.inf, "min_position": math.nan})
        wanted = case["outputs"]["closed_form_approx"]
        columns = zip(case["inputs"]["q_grid"], wanted["delta_minus_bid"], wanted["delta_plus_ask"], strict=True)
        for q, bid, ask in columns:
            assert rule.distances(float(q)) == pytest.approx((bid, ask), rel=1e-12, abs=1e-12 / rule.params.k)


def value(rule: Rule, horizon: float, nodes: int = 4000) -> float:
    """Returns h(0, 0) from the equation of h, summed up from the quotes at no inventory (unit orders)."""
    params = rule.params
    k_sell, a_sell = params.k_sell, params.A_sell
    # Finer towards the end of the session, where the quotes change quickest.
    tau = horizon * np.linspace(0.0, 1.0, nodes) ** 3
    rates = []
    for left in tau:
        bid, ask = rule.distances(0.0, now=round((horizon - left) * SECOND))
        rates.append(params.A / params.k * math.exp(-params.k * ask) + a_sell / k_sell * math.exp(-k_sell * bid))
    return float(np.trapezoid(rates, tau))


def test_the_value_that_the_quotes_add_up_to_is_the_oracles_value_of_the_policy(oracle: list[dict[str, Any]]) -> None:
    for case in oracle:
        rule = Rule(**settings_of(case), method=EXACT, session=True, horizon=round(case["inputs"]["T"] * SECOND))
        expected = case["outputs"]["policy_value_from_q0_0"]["objective"]
        assert value(rule, case["inputs"]["T"]) == pytest.approx(expected, rel=1e-6), case["id"]


@pytest.mark.parametrize("left", [0.0, 0.01, 0.3, 2.0])
def test_with_another_k_on_each_side_the_table_solves_the_nonlinear_equation(left: float) -> None:
    from scipy.integrate import solve_ivp  # type: ignore[import-untyped]

    given = {"phi": 0.002, "k": 20.0, "A": 2.0, "k_sell": 35.0, "A_sell": 1.2, "epsilon": 0.01, "epsilon_sell": 0.02}
    given |= {"drift": 0.003, "alpha": 0.01, "max_position": 3.0, "min_position": -1.0, "order_size": 0.5}
    rule = Rule(**given, method=EXACT, session=True, horizon=2 * SECOND)
    q = np.arange(-2, 7) * 0.5
    drift = 0.003 + 2.0 * 0.01 - 1.2 * 0.02

    def change(_: float, h: Any) -> Any:
        found = drift * q - 0.002 * q * q
        found[1:] += 2.0 * 0.5 / 20.0 * np.exp(-1 - 20.0 * (0.01 + (h[1:] - h[:-1]) / 0.5))
        found[:-1] += 1.2 * 0.5 / 35.0 * np.exp(-1 - 35.0 * (0.02 + (h[:-1] - h[1:]) / 0.5))
        return found

    first = -0.01 * q * q
    h = solve_ivp(change, (0.0, left), first, method="Radau", rtol=1e-10, atol=1e-13).y[:, -1] if left else first
    now = round((2.0 - left) * SECOND)
    for i, position in enumerate(q):
        bid, ask = rule.distances(float(position), now=now)
        above = math.inf if i == 8 else 1 / 35.0 + 0.02 + (h[i] - h[i + 1]) / 0.5
        below = math.inf if i == 0 else 1 / 20.0 + 0.01 + (h[i] - h[i - 1]) / 0.5
        assert (bid, ask) == pytest.approx((above, below), rel=0, abs=1e-7 / 20.0)


@pytest.mark.parametrize("method", [EXACT, ASYMPTOTIC])
def test_with_phi_from_gamma_and_sigma_it_is_glft_without_aversion_to_fills(method: cartea_jaimungal.Method) -> None:
    gamma, sigma = 0.1, 2.0
    rule = Rule(phi=gamma * sigma**2 / 2, k=1.5, A=14.0, order_size=0.5, max_position=3.0, method=method)
    params = glft.Params(
        gamma=gamma,
        sigma=sigma,
        k=1.5,
        A=14.0,
        xi=0.0,
        order_size=0.5,
        max_position=3.0,
        method=glft.Method.EXACT if method == EXACT else glft.Method.CLOSED_FORM,
    )
    state, terms = _inventory_table.State(), glft.Terms()
    glft.setup(params, state, None)
    glft.prepare(params, terms, math.nan, math.nan, 0.0, 0.0)
    for n in range(-6, 7):
        market = MarketView(mid=0.0, position=n * 0.5)
        assert rule(n * 0.5) == pytest.approx(glft.quote(params, state, market, glft.Inputs(), terms), rel=1e-9)


def test_the_asymptotic_follows_unequal_flows_where_the_caps_are_far() -> None:
    given = {"phi": 2e-4, "k": 50.0, "A": 0.6, "A_sell": 0.9, "drift": 2e-4, "epsilon": 0.004, "order_size": 1.0}
    far, formula = Rule(**given, method=EXACT, max_position=80.0), Rule(**given)
    # The inventory that the drift of the mid, 2e-4 + 0.004 (0.6 - 0.9), makes worth holding is -2.5.
    for q in (-4.0, -3.0, -2.0, -1.0):
        assert far.distances(q) == pytest.approx(formula.distances(q), abs=0.02 / 50.0)
    level = Rule(**{**given, "A_sell": 0.6, "drift": 0.0})
    assert abs(formula(0.0)[0] - level(0.0)[0]) > 0.1 / 50.0


def test_a_lower_cap_of_zero_never_sells_short() -> None:
    for method in (EXACT, ASYMPTOTIC):
        rule = Rule(**BOOK, method=method, min_position=0.0, max_position=3.0)
        bid, ask = rule.distances(0.0)
        assert ask == math.inf
        assert math.isfinite(bid)
        bid, ask = rule.distances(3.0)
        assert bid == math.inf
        assert math.isfinite(ask)


def test_a_penalty_at_the_end_that_is_out_of_all_proportion_still_has_a_table() -> None:
    rule = Rule(**BOOK, alpha=1e6, max_position=5.0, method=EXACT, session=True, horizon=60 * SECOND)
    mild = Rule(**BOOK, alpha=0.01, max_position=5.0, method=EXACT, session=True, horizon=60 * SECOND)
    assert rule.distances(2.0, now=0) == pytest.approx(mild.distances(2.0, now=0), abs=1e-4)
    for left in (0, 1, 10**3, 10**6, SECOND):
        bid, ask = rule.distances(2.0, now=60 * SECOND - left)
        assert bid > 1.0 / 100.0 > ask


def test_absent_parameters_of_the_selling_flow_are_those_of_the_buying_one() -> None:
    given = {**BOOK, "epsilon": 0.001, "max_position": 4.0}
    same = {"A_sell": 1.0, "k_sell": 100.0, "epsilon_sell": 0.001, "min_position": -4.0}
    for method in (EXACT, ASYMPTOTIC):
        assert Rule(**given, method=method)(2.0) == Rule(**given, **same, method=method)(2.0)


def test_order_size_comes_from_its_input_where_the_parameter_is_absent() -> None:
    free = Rule(**{**BOOK, "order_size": 0.0})
    assert free(2.0, order_size=1.0) == Rule(**BOOK)(2.0) != free(2.0, order_size=2.0)
    assert Rule(**BOOK)(2.0, order_size=9.0) == Rule(**BOOK)(2.0)
    assert free(2.0, order_size=0.0) == (0.0, math.inf, math.inf)


def test_a_fair_takes_the_place_of_the_mid_and_an_absent_one_does_not() -> None:
    for rule in (Rule(**BOOK), Rule(**BOOK, method=EXACT, max_position=5.0)):
        assert rule(2.0, mid=100.0, fair=101.5) == rule(2.0, mid=101.5)
        assert rule(2.0, mid=100.0, fair=math.nan) == rule(2.0, mid=100.0)


CHANGES: dict[str, Any] = {
    "phi": 2e-5,
    "k": 50.0,
    "A": 2.0,
    "method": EXACT,
    "A_sell": 2.0,
    "epsilon": 0.01,
    "epsilon_sell": 0.01,
    "k_sell": 50.0,
    "drift": 1e-5,
    "order_size": 2.0,
    "max_position": 2.0,
    "min_position": -2.0,
    "alpha": 0.01,
    "session": True,
    "horizon": SECOND // 2,
}


def test_every_parameter_changes_a_quote() -> None:
    assert set(CHANGES) == set(attrs.fields_dict(cartea_jaimungal.Params))
    for name, value in CHANGES.items():
        about: dict[str, Any] = {**BOOK, "max_position": 10.0}
        if name in ("alpha", "session", "horizon", "k_sell"):
            about |= {"method": EXACT, "horizon": SECOND, "session": name != "session"}
        position = -2.0 if name == "min_position" else 2.0
        assert Rule(**about)(position) != Rule(**about | {name: value})(position), name


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"method": EXACT, "max_position": 5.0, "order_size": 0.0}, "pricing.order_size"),
        ({"method": EXACT}, "pricing.max_position"),
        ({"method": EXACT, "max_position": 0.5}, "pricing.max_position"),
        ({"method": EXACT, "max_position": 5.0, "min_position": -1e6}, "pricing.min_position"),
        ({"method": EXACT, "max_position": 400.0}, "pricing.max_position"),
        ({"session": True}, "pricing.session"),
        ({"k_sell": 50.0}, "pricing.k_sell"),
        ({"phi": 0.0, "drift": 0.1}, "pricing.phi"),
    ],
)
def test_what_a_method_cannot_do_is_refused_with_its_key(given: dict[str, Any], key: str) -> None:
    with pytest.raises(mmkit.ConfigError, match=rf"^{key}: "):
        Rule(**BOOK | given)


@settings(max_examples=200)
@given(
    phi=st.one_of(st.just(0.0), st.floats(1e-12, 1e6)),
    k=st.floats(1e-6, 1e6),
    rate=st.floats(1e-6, 1e6),
    epsilon=st.floats(0, 1e6),
    size=st.floats(0, 1e9),
    position=st.floats(-1e9, 1e9),
)
def test_the_asymptotic_is_always_a_price_with_half_spreads_above_nothing(
    phi: float, k: float, rate: float, epsilon: float, size: float, position: float
) -> None:
    rule = Rule(phi=phi, k=k, A=rate, epsilon=epsilon)
    price, half_bid, half_ask = rule(position, mid=100.0, order_size=size)
    assert math.isfinite(price)
    assert half_bid == half_ask
    assert half_bid > 0.0


@settings(max_examples=25, deadline=None)
@given(
    phi=st.floats(0, 1),
    rates=st.tuples(st.floats(1e-2, 1e2), st.floats(1e-2, 1e2)),
    ks=st.tuples(st.floats(0.5, 5), st.floats(0.5, 5)),
    caps=st.tuples(st.integers(-8, 0), st.integers(1, 8)),
    left=st.floats(0, 1),
    alpha=st.floats(0, 100),
)
def test_the_more_we_hold_the_lower_both_exact_quotes_are(
    phi: float,
    rates: tuple[float, float],
    ks: tuple[float, float],
    caps: tuple[int, int],
    left: float,
    alpha: float,
) -> None:
    given = {"phi": phi, "A": rates[0], "A_sell": rates[1], "k": ks[0], "k_sell": ks[1], "alpha": alpha}
    given |= {"min_position": float(caps[0]), "max_position": float(caps[1]), "order_size": 1.0}
    rule = Rule(**given, method=EXACT, session=True, horizon=SECOND)
    now = SECOND - round(left * SECOND)
    grid = range(caps[0], caps[1] + 1)
    bids, asks = zip(*(rule.distances(float(q), now=now) for q in grid), strict=True)
    assert bids[-1] == asks[0] == math.inf
    assert all(np.isfinite(bids[:-1]))
    assert all(np.diff(bids[:-1]) >= -1e-6)
    assert all(np.diff(asks[1:]) <= 1e-6)
