"""A, k and gamma from arrays: against the oracle's fits, simulated fills of known A and k, and the formulas they rest on."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mmkit import DataError
from mmkit.calibration import (
    chi_squared_tail,
    fit_depths,
    fit_intensity,
    line_through_rates,
    sigma_estimates,
    suggest_gamma,
)


@pytest.fixture(scope="module")
def oracle(oracle_cases: Callable[[str], list[dict[str, Any]]]) -> dict[str, Any]:
    """Returns the oracle's cases by id."""
    return {case["id"]: case for case in oracle_cases("04_intensity_calibration.json")}


def table(case: dict[str, Any]) -> npt.NDArray[np.float64]:
    """Returns the columns of a case's table."""
    return np.loadtxt(case["folder"] / case["inputs"]["data"]["file"], delimiter=",", skiprows=1).T


def test_cells_with_exposure_give_the_oracle(oracle: dict[str, Any]) -> None:
    cases = [case for id, case in oracle.items() if id.startswith("poisson_exposure")]
    assert len(cases) >= 4
    for case in cases:
        given, out, truth = case["inputs"], case["outputs"], case["truth"]
        fit = fit_intensity(given["delta"], given["exposure_time"], given["fills"])
        found = (fit.A, fit.k, fit.A_error / fit.A, fit.k_error, fit.correlation, fit.log_likelihood, fit.fills)
        names = ("A_mle", "k_mle", "se_lnA", "se_k", "corr_lnA_k", "loglik_without_factorials", "total_fills")
        assert found == pytest.approx([out[name] for name in names], rel=1e-6), case["id"]
        assert abs(fit.k - truth["k"]) <= 4.0 * fit.k_error
        assert abs(math.log(fit.A / truth["A"])) <= 4.0 * fit.A_error / fit.A
        assert 0.001 < fit.p_value <= 1.0
        cells = (given["delta"], given["exposure_time"], given["fills"])
        for name, weighted in (("ols_log_rate", False), ("wls_log_rate", True)):
            line = line_through_rates(*cells, weighted=weighted)
            assert line == pytest.approx((out[name]["A"], out[name]["k"]), rel=1e-9)


def test_single_orders_with_censored_lifetimes_give_the_oracle(oracle: dict[str, Any]) -> None:
    case = oracle["order_lifetimes_btc_like"]
    out = case["outputs"]
    fit = fit_intensity(*table(case))
    found = (fit.A, fit.k, fit.A_error / fit.A, fit.k_error, fit.correlation, fit.log_likelihood, fit.fills)
    names = ("A_mle", "k_mle", "se_lnA", "se_k", "corr", "loglik", "fills")
    assert found == pytest.approx([out[name] for name in names], rel=1e-5)
    assert abs(fit.k - case["truth"]["k"]) <= 4.0 * fit.k_error
    assert abs(math.log(fit.A / case["truth"]["A"])) <= 4.0 * fit.A_error / fit.A


@pytest.mark.parametrize("id", ["mo_stream_btc_like", "mo_stream_as_units"])
@pytest.mark.parametrize(("name", "side"), [("buy_MO_lifts_asks", 1), ("sell_MO_hits_bids", -1), ("both", 0)])
def test_market_orders_give_the_oracle(oracle: dict[str, Any], id: str, name: str, side: int) -> None:
    case = oracle[id]
    out, span = case["outputs"][name], case["inputs"]["T"]
    time, aggressor, mid, extreme = table(case)
    chosen = aggressor == side if side else np.ones(len(time), bool)
    depths = (aggressor * (extreme - mid))[chosen]
    sides = 1 if side else 2
    fit = fit_depths(depths, span, sides=sides)
    assert (fit.fills, fit.k, fit.A, fit.k_error, fit.A_error / fit.A) == pytest.approx(
        [out[key] for key in ("N", "k_mle", "A_mle", "se_k", "se_lnA")], rel=1e-9
    )
    cut = out["truncated"]
    fit = fit_depths(depths, span, sides=sides, above=cut["d0"])
    assert (fit.fills, fit.k, fit.A, fit.k_error, fit.A_error / fit.A) == pytest.approx(
        [cut[key] for key in ("n", "k_mle", "A_mle", "se_k", "se_lnA")], rel=1e-9
    )
    floored = out["tick_floored"]
    assert np.floor(depths / floored["tick"]).mean() == pytest.approx(floored["mean_level"], rel=1e-9)
    assert fit_depths(depths, span, sides=sides, tick=floored["tick"]).k == pytest.approx(floored["k_mle"], rel=1e-9)
    for given in ({}, {"above": cut["d0"]}, {"tick": floored["tick"]}, {"up_to": 3.0 * cut["d0"]}):
        fit = fit_depths(depths, span, sides=sides, **given)
        assert abs(fit.k - case["truth"]["k"]) <= 4.0 * fit.k_error
        assert abs(math.log(fit.A / case["truth"]["A"])) <= 4.0 * fit.A_error / fit.A
    if not side:
        estimate, *_ = sigma_estimates(np.round(time * 1e9).astype(np.int64), mid)
        known = case["outputs"]["sigma_from_mid_irregular"]
        assert estimate.value == pytest.approx(known["sigma_sum_over_time"], rel=1e-9)
        assert estimate.standard_error / estimate.value == pytest.approx(known["rel_se"], rel=1e-6)
        grid = case["outputs"]["grid_hits_both_sides"]
        assert [int((depths >= d).sum()) for d in grid["delta"]] == grid["hits"]
        line = line_through_rates(grid["delta"], np.full(len(grid["delta"]), 2.0 * span), grid["hits"])
        assert line == pytest.approx((grid["ols_A"], grid["ols_k"]), rel=1e-9)
        assert abs(estimate.value / case["truth"]["sigma"] - 1.0) <= 4.0 * known["rel_se"]


def test_the_fit_is_as_accurate_as_the_bound_allows(oracle: dict[str, Any]) -> None:
    case = oracle["accuracy_grid_poisson"]
    given = case["inputs"]
    distances = np.array(given["delta_grid"])
    rng = np.random.default_rng(1)
    for row in case["outputs"]["table"]:
        exposure = np.full(len(distances), row["exposure_per_level"])
        mean = given["A"] * np.exp(-given["k"] * distances) * exposure
        errors, said = [], []
        for _ in range(300):
            fit = fit_intensity(distances, exposure, rng.poisson(mean))
            errors.append(fit.k / given["k"] - 1.0)
            said.append(fit.k_error / given["k"])
        rmse = math.sqrt(float(np.mean(np.square(errors))))
        assert rmse <= 1.3 * row["crlb_rel_se_k"], row["expected_fills"]
        assert float(np.mean(said)) == pytest.approx(row["crlb_rel_se_k"], rel=0.15)


@pytest.mark.parametrize(
    "given", [{}, {"above": 2.0}, {"up_to": 9.0}, {"tick": 0.7}, {"above": 1.0, "up_to": 9.3, "tick": 0.7}]
)
def test_depths_recover_the_truth_with_errors_and_p_values_that_are_right(given: dict[str, float]) -> None:
    rng = np.random.default_rng(2)
    z, p = [], []
    for _ in range(300):
        fit = fit_depths(rng.exponential(1.0 / 0.3, rng.poisson(2 * 400.0 * 2.0)), 400.0, sides=2, **given)
        z.append(((fit.k - 0.3) / fit.k_error, math.log(fit.A / 2.0) * fit.A / fit.A_error))
        p.append(fit.p_value)
    for each in np.array(z).T:
        assert abs(float(each.mean())) < 4.0 / math.sqrt(300)
        assert float(each.std()) == pytest.approx(1.0, abs=0.17)
    assert 0.4 < float(np.mean(p)) < 0.62


def test_prices_on_the_grid_are_taken_for_what_they_are_in_spite_of_rounding() -> None:
    levels = np.arange(12) % 4
    exact = fit_depths(0.5 + levels.astype(float), 10.0, above=0.5, tick=1.0)
    rounded = fit_depths(0.05 + levels * 0.1, 10.0, above=0.05, tick=0.1)
    assert rounded.k * 0.1 == pytest.approx(exact.k, rel=1e-12)
    assert pytest.approx(exact.A, rel=1e-12) == rounded.A
    cut = fit_depths(0.05 + levels * 0.1, 10.0, above=0.05, up_to=0.25, tick=0.1)
    assert cut.k * 0.1 == pytest.approx(math.log1p(6.0 / 15.0), rel=1e-12)


def test_a_law_that_is_not_exponential_is_seen() -> None:
    rng = np.random.default_rng(3)
    assert fit_depths(rng.pareto(2.0, 3000), 100.0).p_value < 1e-6
    distances = np.linspace(0.5, 10.0, 20)
    counts = rng.poisson(500.0 / (1.0 + distances) ** 2)
    assert fit_intensity(distances, np.ones(20), counts).p_value < 1e-6


def test_unfilled_orders_are_not_dropped() -> None:
    rng = np.random.default_rng(4)
    distance = rng.uniform(0.0, 10.0, 5000)
    until_filled = rng.exponential(1.0 / (2.0 * np.exp(-0.3 * distance)))
    alive = np.minimum(until_filled, 1.0)
    filled = (until_filled <= 1.0).astype(float)
    fit = fit_intensity(distance, alive, filled)
    assert abs(fit.k - 0.3) < 4.0 * fit.k_error
    assert abs(math.log(fit.A / 2.0)) < 4.0 * fit.A_error / fit.A
    only_filled = filled == 1.0
    wrong = fit_intensity(distance[only_filled], alive[only_filled], filled[only_filled])
    assert abs(wrong.k - 0.3) > 10.0 * wrong.k_error


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_units_of_price_and_time_are_free(scale: float) -> None:
    distances, exposure, counts = np.arange(1.0, 9.0), np.full(8, 50.0), np.array([90, 70, 40, 31, 20, 16, 9, 6])
    one = fit_intensity(distances, exposure, counts)
    other = fit_intensity(distances * scale, exposure / scale, counts)
    assert (other.k * scale, other.A / scale) == pytest.approx((one.k, one.A), rel=1e-12)
    assert other.deviance == pytest.approx(one.deviance)


def test_what_cannot_be_told_is_a_fault_of_the_data() -> None:
    for cells in (
        ([1.0, 2.0], [1.0, 1.0], [0, 0]),
        ([1.0, 2.0], [1.0, 1.0], [3, 0]),
        ([1.0, 1.0], [1.0, 1.0], [3, 2]),
        ([1.0, 2.0], [1.0, 0.0], [3, 2]),
        ([1.0, 2.0], [1.0], [3, 2]),
        ([1.0, math.nan], [1.0, 1.0], [3, 2]),
        ([1.0, 2.0], [1.0, -1.0], [3, 2]),
    ):
        with pytest.raises(DataError):
            fit_intensity(*cells)
    for depths, given in (
        ([], {}),
        ([0.0, 0.0], {}),
        ([1.0], {"above": 2.0}),
        ([9.0], {"up_to": 2.0}),
        ([math.nan], {}),
    ):
        with pytest.raises(DataError):
            fit_depths(depths, 10.0, **given)
    with pytest.raises(DataError):
        fit_depths([1.0], 0.0)
    with pytest.raises(DataError):
        line_through_rates([1.0, 2.0], [1.0, 1.0], [3, 0])


@pytest.mark.parametrize("dof", [1, 2, 5, 8, 27])
def test_the_tail_of_chi_squared_is_that_of_scipy(dof: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    for x in (0.0, 0.1, 1.0, 5.0, 30.0, 200.0):
        assert chi_squared_tail(x, dof) == pytest.approx(float(stats.chi2.sf(x, dof)), rel=1e-10)


DESK = {"sigma": 4.27, "A": 0.8, "k": 0.15, "mid": 60_000.0, "tick_size": 0.1, "order_size": 0.01, "max_position": 0.1}


def test_gamma_moves_a_full_position_by_one_half_spread() -> None:
    found = suggest_gamma(**DESK)
    risk = 4.27**2 * 60.0
    assert 0.1 * found.gamma * risk == pytest.approx(1.0 / 0.15)
    x = found.gamma_glft * 0.01 / 0.15
    c2 = math.sqrt(found.gamma_glft / (2.0 * 0.8 * 0.01 * 0.15) * (1.0 + x) ** (1.0 / x + 1.0))
    assert 0.1 * 4.27 * c2 == pytest.approx(1.0 / 0.15, rel=1e-9)
    assert any("0.15" in line or "6.66667" in line for line in found.reasons)


def test_gamma_knows_fees_ticks_and_sizes() -> None:
    def reasons(**changed: float) -> tuple[float, str]:
        found = suggest_gamma(**{**DESK, **changed})
        return found.gamma, "\n".join(found.reasons)

    plain, _ = reasons()
    paid, why = reasons(maker_fee=0.0002)
    assert paid == pytest.approx(plain * (1.0 / 0.15 + 12.0) * 0.15)
    assert "pays 12 per unit" in why
    assert "exceed that spread" in why
    earned, why = reasons(maker_fee=-0.001)
    assert "earns 60 per unit" in why
    assert "one tick" in why
    risk = 4.27**2 * 60.0
    assert 0.1 * earned * risk == pytest.approx(0.1)
    assert "it takes" in reasons(tick_size=2.0)[1]
    gamma, why = reasons(order_size=5.0)
    assert gamma == pytest.approx(0.15 / 5.0)
    assert "held at" in why
    assert reasons(horizon_s=600.0)[0] == pytest.approx(plain / 10.0)
    assert reasons(max_position=1.0)[0] == pytest.approx(plain / 10.0)
    assert suggest_gamma(**{**DESK, "A": 8.0}).gamma_glft > suggest_gamma(**DESK).gamma_glft


def test_a_suggestion_without_its_numbers_is_refused() -> None:
    with pytest.raises(DataError, match="sigma, max_position"):
        suggest_gamma(**{**DESK, "sigma": 0.0, "max_position": math.nan})
