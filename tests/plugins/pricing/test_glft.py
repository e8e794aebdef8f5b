"""GLFT quotes against the oracle's cases, the papers' special cases and a matrix exponential."""

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
from mmkit_plugins.pricing import _inventory_table, glft

SECOND = 10**9
EXACT, CLOSED_FORM = glft.Method.EXACT, glft.Method.CLOSED_FORM
PAPER = {"gamma": 0.1, "k": 1.5, "A": 140.0, "sigma": 2.0, "order_size": 1.0}


class Rule:
    """The rule set up once, and quoted at will."""

    def __init__(self, **given: Any) -> None:
        self.params = glft.Params(**given)
        self.state = _inventory_table.State()
        glft.setup(self.params, self.state, Instrument("X", tick_size=0.01, lot_size=0.001))

    def __call__(self, position: float = 0.0, *, now: int = 0, mid: float = 0.0, **inputs: float) -> tuple[float, ...]:
        """Returns reservation price and half-spreads."""
        given = glft.Inputs(**inputs)
        terms = glft.Terms()
        glft.prepare(self.params, terms, **attrs.asdict(given))
        market = MarketView(mid=mid, position=position, now=now)
        return glft.quote(self.params, self.state, market, given, terms)

    def distances(self, position: float = 0.0, **given: Any) -> tuple[float, float]:
        """Returns the distances of bid and ask from a mid of 0."""
        price, half_bid, half_ask = self(position, **given)
        return half_bid - price, price + half_ask


@pytest.fixture
def oracle(oracle_cases: Callable[[str], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    cases = oracle_cases("02_glft_quotes.json")
    assert len(cases) >= 9
    return cases


def settings_of(case: dict[str, Any]) -> dict[str, Any]:
    given = case["inputs"]
    found = {name: float(given[name]) for name in ("gamma", "k", "A", "sigma", "xi", "impact")}
    found |= {"drift": float(given["mu"]), "order_size": float(given["Delta"])}
    return {**found, "terminal_penalty": float(given["terminal_penalty_ell"])}


def agree(rule: Rule, case: dict[str, Any], wanted: dict[str, Any], tolerance: float, now: int = 0) -> None:
    """Compares the quotes at every inventory of the oracle's grid; null is no quote."""
    columns = zip(case["inputs"]["q_grid"], wanted["delta_b"], wanted["delta_a"], strict=True)
    for q, bid, ask in columns:
        found = rule.distances(float(q), now=now)
        for distance, expected in zip(found, (bid, ask), strict=True):
            if expected is None:
                assert distance == math.inf, (case["id"], q)
            else:
                assert distance == pytest.approx(expected, rel=0, abs=tolerance), (case["id"], q)


def test_the_exact_quotes_are_those_of_the_oracle_at_every_time_and_inventory(oracle: list[dict[str, Any]]) -> None:
    for case in oracle:
        given = case["inputs"]
        horizon = round(given["T"] * SECOND)
        rule = Rule(**settings_of(case), method=EXACT, max_position=float(given["Q"]), session=True, horizon=horizon)
        for tau, wanted in case["outputs"]["exact_by_tau"].items():
            agree(rule, case, wanted, 1e-8 / given["k"], now=horizon - round(float(tau) * SECOND))


def test_without_an_end_the_exact_quotes_are_those_of_the_lowest_eigenvector(oracle: list[dict[str, Any]]) -> None:
    for case in oracle:
        given = case["inputs"]
        rule = Rule(**settings_of(case), method=EXACT, max_position=float(given["Q"]))
        agree(rule, case, case["outputs"]["spectral_T_inf"], 1e-8 / given["k"])


def test_the_closed_form_is_that_of_the_oracle(oracle: list[dict[str, Any]]) -> None:
    for case in oracle:
        rule = Rule(**settings_of(case))
        wanted = case["outputs"]["closed_form"]
        assert rule()[1] > case["outputs"]["static_half_spread"]
        for q, bid, ask in zip(case["inputs"]["q_grid"], wanted["delta_b"], wanted["delta_a"], strict=True):
            # Where a distance is small it is a difference of larger ones and carries their rounding.
            assert rule.distances(float(q)) == pytest.approx((bid, ask), rel=1e-12, abs=1e-12 / rule.params.k)


def matrix_exponential(params: glft.Params, orders: int, left: float) -> np.ndarray[Any, Any]:
    """Returns k / Delta theta up to a constant: log of exp(-M left) v_T, the linear system of the papers."""
    from scipy.linalg import expm  # type: ignore[import-untyped]

    size, k, xi = params.order_size, params.k, params.xi
    n = np.arange(-orders, orders + 1)
    shrink = (1 + xi * size / k) ** -(1 + k / (xi * size)) if xi > 0 else math.exp(-1)
    eta = params.A * shrink * math.exp(-k * params.impact / 2)
    held = k * params.gamma * params.sigma**2 / (2 * size) * (n * size) ** 2 - k * params.drift / size * n * size
    matrix = np.diag(held) - eta * (np.eye(len(n), k=1) + np.eye(len(n), k=-1))
    last = np.exp(-(k / size) * params.terminal_penalty * (n * size) ** 2 - k * params.impact * n**2 / 2)
    theta: np.ndarray[Any, Any] = np.log(expm(-(matrix - held.min() * np.eye(len(n))) * left) @ last)
    return theta


@pytest.mark.parametrize("xi", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("left", [0.0, 0.0007, 0.0313, 0.5, 1.0])
def test_with_drift_impact_and_penalty_the_exact_quotes_solve_the_papers_linear_system(xi: float, left: float) -> None:
    given = {"gamma": 0.1, "k": 1.5, "A": 30.0, "sigma": 1.0, "xi": xi, "order_size": 0.5}
    given |= {"drift": 0.2, "impact": 0.1, "terminal_penalty": 0.05, "horizon": SECOND}
    rule = Rule(**given, method=EXACT, max_position=4.0, session=True)
    theta = matrix_exponential(rule.params, 8, left) / 1.5
    static = (math.log1p(xi * 0.5 / 1.5) / (xi * 0.5) if xi else 1 / 1.5) + 0.1 / 2
    now = SECOND - round(left * SECOND)
    for n in range(-8, 9):
        bid, ask = rule.distances(n * 0.5, now=now)
        at = n + 8
        assert bid == (math.inf if n == 8 else pytest.approx(static + theta[at] - theta[at + 1], rel=0, abs=1e-8))
        assert ask == (math.inf if n == -8 else pytest.approx(static + theta[at] - theta[at - 1], rel=0, abs=1e-8))


def test_no_fill_may_lead_beyond_the_cap_in_either_method() -> None:
    for method in (EXACT, CLOSED_FORM):
        rule = Rule(**PAPER | {"order_size": 0.1}, method=method, max_position=0.3)
        for position in (0.3, 0.25, 0.1 + 0.2, 0.7):
            _, half_bid, half_ask = rule(position)
            assert half_bid == math.inf
            assert math.isfinite(half_ask)
            _, half_bid, half_ask = rule(-position)
            assert half_ask == math.inf
            assert math.isfinite(half_bid)
        for position in (0.2, 0.1, 0.0, -0.1, 0.3 - 0.1):
            assert all(map(math.isfinite, rule(position)))


def test_between_two_lots_the_exact_quote_lies_between_theirs() -> None:
    rule = Rule(**PAPER, method=EXACT, max_position=10.0)
    low, middle, high = (np.array(rule.distances(q)) for q in (3.0, 3.25, 4.0))
    assert middle == pytest.approx(0.75 * low + 0.25 * high, rel=1e-12)


def test_far_from_the_caps_and_with_a_flat_table_the_closed_form_comes_close() -> None:
    given = {"gamma": 0.01, "k": 0.3, "A": 0.9, "sigma": 0.3, "order_size": 1.0}
    exact, closed = Rule(**given, method=EXACT, max_position=60.0), Rule(**given)
    for q in (-5.0, 0.0, 5.0):
        assert exact.distances(q) == pytest.approx(closed.distances(q), rel=0.01)


def test_a_hard_problem_is_where_the_closed_form_is_wrong() -> None:
    given = {"gamma": 2.0, "k": 5.0, "A": 1.0, "sigma": 3.0, "order_size": 1.0}
    exact, closed = Rule(**given, method=EXACT, max_position=2.0), Rule(**given)
    assert abs(exact.distances(1.0)[0] - closed.distances(1.0)[0]) > 1.0


def test_xi_absent_is_gamma_and_xi_zero_is_the_limit_of_small_ones() -> None:
    assert Rule(**PAPER)(3.0) == Rule(**PAPER, xi=0.1)(3.0)
    assert Rule(**PAPER, xi=0.0)(3.0) == pytest.approx(Rule(**PAPER, xi=1e-9)(3.0), rel=1e-8)
    assert Rule(**PAPER, xi=0.0)(3.0) != pytest.approx(Rule(**PAPER)(3.0), rel=1e-3)
    c2 = math.sqrt(0.1 * math.e / (2 * 140.0 * 1.5))
    assert Rule(**PAPER, xi=0.0)(3.0)[1] == pytest.approx(1 / 1.5 + 2.0 * c2 / 2, rel=1e-14)


@pytest.mark.parametrize("method", [EXACT, CLOSED_FORM])
def test_orders_of_another_size_are_the_same_problem_in_other_units(method: glft.Method) -> None:
    # Quantities in units of Delta: prices per unit, and with them k and sigma, scale the other way.
    one = Rule(gamma=0.1, k=1.5, A=14.0, sigma=0.7, order_size=1.0, max_position=5.0, method=method, drift=0.1)
    size = 0.004
    given = {"k": 1.5 * size, "sigma": 0.7 / size, "order_size": size, "max_position": 5.0 * size, "drift": 0.1 / size}
    other = Rule(gamma=0.1, A=14.0, method=method, **given)
    for n in (-5, -2, 0, 1, 5):
        found = np.array(other.distances(n * size)) * size
        assert found == pytest.approx(one.distances(float(n)), rel=1e-9)


def test_a_drift_moves_the_quotes_by_the_position_that_it_makes_worth_holding() -> None:
    m = 0.3 / (0.1 * 2.0 * 2.0)
    assert Rule(**PAPER, drift=0.3)(m)[0] == pytest.approx(0.0, abs=1e-15)
    assert Rule(**PAPER)(m, drift=0.3)[0] == pytest.approx(0.0, abs=1e-15)
    assert Rule(**PAPER, drift=0.1)(m, drift=0.2)[0] == pytest.approx(0.0, abs=1e-15)
    exact = Rule(**PAPER, method=EXACT, max_position=25.0)
    assert exact(1.0, drift=0.3)[0] - exact(1.0)[0] == pytest.approx(Rule(**PAPER)(0.0, drift=0.3)[0], rel=1e-12)
    assert exact(1.0, drift=0.3)[1:] == exact(1.0)[1:]


def test_absent_inputs_are_neutral() -> None:
    rule = Rule(**PAPER)
    for fair, drift in ((0.0, 0.0), (math.nan, math.nan)):
        assert rule(2.0, mid=100.0, fair=fair, drift=drift) == rule(2.0, mid=100.0)


def test_a_fair_takes_the_place_of_the_mid() -> None:
    for rule in (Rule(**PAPER), Rule(**PAPER, method=EXACT, max_position=5.0)):
        assert rule(2.0, mid=100.0, fair=101.5) == rule(2.0, mid=101.5)


def test_volatility_and_order_size_come_from_their_inputs_where_the_parameters_are_absent() -> None:
    free = Rule(gamma=0.1, k=1.5, A=140.0)
    assert free(3.0, volatility=2.0, order_size=1.0) == Rule(**PAPER)(3.0)
    assert free(3.0, volatility=3.0, order_size=1.0) != Rule(**PAPER)(3.0)
    assert free(3.0, volatility=2.0, order_size=2.0) != Rule(**PAPER)(3.0)
    assert Rule(**PAPER)(3.0, volatility=9.0, order_size=9.0) == Rule(**PAPER)(3.0)


def test_in_a_still_market_there_is_no_slope_and_a_drift_says_nothing() -> None:
    free = Rule(gamma=0.1, k=1.5, A=140.0, drift=1.0)
    price, half_bid, half_ask = free(7.0, volatility=0.0, order_size=1.0)
    static = math.log1p(0.1 / 1.5) / 0.1
    assert (price, half_bid, half_ask) == (0.0, static, static)


def test_an_order_of_no_size_is_no_quote() -> None:
    assert Rule(gamma=0.1, k=1.5, A=140.0)(7.0, volatility=2.0, order_size=0.0)[1:] == (math.inf, math.inf)


def test_time_counts_down_in_a_session_only_and_stops_at_its_end() -> None:
    given = {**PAPER, "method": EXACT, "max_position": 10.0, "horizon": SECOND}
    session, forever = Rule(**given, session=True), Rule(**given)
    assert session(3.0, now=SECOND) == session(3.0, now=2 * SECOND)
    static = 10 * math.log1p(0.1 / 1.5)
    assert session(3.0, now=SECOND) == pytest.approx((0.0, static, static), rel=1e-12)
    assert session(3.0, now=0) != session(3.0, now=SECOND // 2)
    assert forever(3.0, now=0) == forever(3.0, now=SECOND // 2)
    long = Rule(**{**given, "horizon": 1000 * SECOND}, session=True)
    assert long(3.0) == pytest.approx(forever(3.0), rel=1e-9)


CHANGES: dict[str, Any] = {
    "gamma": 0.2,
    "k": 1.0,
    "A": 100.0,
    "method": EXACT,
    "xi": 0.3,
    "sigma": 1.0,
    "drift": 0.1,
    "impact": 0.2,
    "order_size": 2.0,
    "max_position": 2.0,
    "terminal_penalty": 0.3,
    "session": True,
    "horizon": SECOND // 2,
}


def test_every_parameter_changes_a_quote() -> None:
    assert set(CHANGES) == set(attrs.fields_dict(glft.Params))
    base = {**PAPER, "max_position": 10.0}
    for name, value in CHANGES.items():
        about = dict(base)
        if name in ("terminal_penalty", "session", "horizon"):
            about |= {"method": EXACT, "horizon": SECOND, "session": name != "session"}
        before, after = Rule(**about), Rule(**about | {name: value})
        assert before(2.0) != after(2.0), name


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"method": EXACT, "max_position": 5.0, "sigma": 0.0}, "pricing.sigma"),
        ({"method": EXACT, "max_position": 5.0, "order_size": 0.0}, "pricing.order_size"),
        ({"method": EXACT}, "pricing.max_position"),
        ({"method": EXACT, "max_position": 0.5}, "pricing.max_position"),
        ({"method": EXACT, "max_position": 1000.0}, "pricing.max_position"),
        ({"session": True}, "pricing.session"),
        ({"impact": 1e4}, "pricing.impact"),
    ],
)
def test_what_a_method_cannot_do_is_refused_with_its_key(given: dict[str, Any], key: str) -> None:
    with pytest.raises(mmkit.ConfigError, match=rf"^{key}: "):
        Rule(**PAPER | given)


@settings(max_examples=200)
@given(
    gamma=st.floats(1e-6, 1e3),
    k=st.floats(1e-6, 1e6),
    rate=st.floats(1e-6, 1e6),
    xi=st.one_of(st.just(math.nan), st.just(0.0), st.floats(1e-9, 1e3)),
    volatility=st.floats(0, 1e6),
    size=st.floats(0, 1e9),
    position=st.floats(-1e9, 1e9),
    drift=st.one_of(st.floats(-1e9, 1e9), st.just(math.nan)),
)
def test_the_closed_form_is_always_a_price_with_half_spreads_above_nothing(
    gamma: float, k: float, rate: float, xi: float, volatility: float, size: float, position: float, drift: float
) -> None:
    rule = Rule(gamma=gamma, k=k, A=rate, xi=xi)
    price, half_bid, half_ask = rule(position, mid=100.0, volatility=volatility, order_size=size, drift=drift)
    assert math.isfinite(price)
    assert half_bid == half_ask
    assert half_bid > 0.0


@settings(max_examples=40, deadline=None)
@given(
    gamma=st.floats(1e-3, 10),
    sigma=st.floats(1e-2, 10),
    rate=st.floats(1e-2, 1e2),
    orders=st.integers(1, 12),
    left=st.floats(0, 1),
    penalty=st.floats(0, 100),
)
def test_the_more_we_hold_the_lower_both_exact_quotes_are(
    gamma: float, sigma: float, rate: float, orders: int, left: float, penalty: float
) -> None:
    given = {"gamma": gamma, "sigma": sigma, "A": rate, "k": 1.5, "order_size": 1.0, "terminal_penalty": penalty}
    rule = Rule(**given, method=EXACT, max_position=float(orders), session=True, horizon=SECOND)
    now = SECOND - round(left * SECOND)
    bids, asks = zip(*(rule.distances(float(q), now=now) for q in range(-orders, orders + 1)), strict=True)
    assert bids[-1] == asks[0] == math.inf
    assert all(np.isfinite(bids[:-1]))
    assert all(np.diff(bids[:-1]) >= -1e-6)
    assert all(np.diff(asks[1:]) <= 1e-6)
    assert bids[:-1] == pytest.approx(asks[:0:-1], rel=1e-6, abs=1e-6)


def test_between_a_cap_of_one_order_and_none_the_table_has_a_closed_form() -> None:
    # From level 0 only the bid, from level 1 only the ask: v = (1, y) with M v = lambda v, a quadratic equation.
    problem = {"low": 0, "high": 1, "penalty": 0.7, "drift": 0.2, "bid": 3.0, "ask": 3.0, "ratio": 1.0, "terminal": 0.0}
    state = _inventory_table.State()
    _inventory_table.fill(state, _inventory_table.Problem(**problem, time=math.inf, k=2.0))  # type: ignore[arg-type]
    held = 0.2 - 0.7
    expected = math.log((held + math.sqrt(held * held + 4 * 9.0)) / (2 * 3.0)) / 2.0
    assert _inventory_table.worth(state, 0.0, 0.0) == pytest.approx((expected, math.inf), rel=1e-12)
    assert _inventory_table.worth(state, 1.0, 0.0) == pytest.approx((-math.inf, expected), rel=1e-12)
    assert _inventory_table.worth(state, 0.5, 0.0) == (-math.inf, math.inf)
