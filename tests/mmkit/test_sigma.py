"""Estimators of sigma over arrays against the oracle's numbers, and on simulated prices of known sigma and noise."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mmkit import DataError, sigma

SECOND = 10**9
Floats = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def oracle(oracle_cases: Callable[[str], list[dict[str, Any]]]) -> dict[str, Any]:
    """Returns the oracle's cases by id."""
    return {case["id"]: case for case in oracle_cases("04b_volatility.json")}


def table(case: dict[str, Any]) -> Floats:
    """Returns the columns of a case's table."""
    file = case["folder"] / case["inputs"]["data"]["file"]
    return np.loadtxt(file, delimiter=",", skiprows=1).T


def same(found: Any, expected: float, rel: float = 1e-9) -> None:
    assert float(found) == pytest.approx(expected, rel=rel)


def test_regular_mids_give_the_oracle(oracle: dict[str, Any]) -> None:
    case = oracle["clean_mid_1s"]
    time, mid = table(case)
    out = case["outputs"]
    span = time[-1] - time[0]
    same(math.sqrt(sigma.realised(mid, span)), out["sigma_rv"])
    same(math.sqrt(sigma.demeaned(mid, 1.0)), out["sigma_close_close_demeaned"])
    same(math.sqrt(sigma.realised(np.log(mid), span)), out["sigma_log_rv_per_sqrt_s"])
    same(math.sqrt(sigma.realised(np.log(mid), span) * 365 * 86400), out["sigma_log_annualised_365d"])
    same(math.sqrt(sigma.realised(np.log(mid), span)) * mid[-1], out["sigma_price_from_log_times_last"])
    averaged = np.sqrt(sigma.ewma(np.diff(mid) ** 2, 0.97))
    same(averaged[-1], out["ewma_lambda0_97_init_first_square_last"])
    same(averaged[99], out["ewma_lambda0_97_at_index_99"])
    stretches = sigma.segments(np.round(time * SECOND).astype(np.int64), mid)
    (tens,) = sigma.sampled(stretches, 10.0)
    same(math.sqrt(sigma.realised(tens, span)), out["sampled_every_10s"])
    n = len(mid) - 1
    everywhere = float(np.sum((mid[10:] - mid[:-10]) ** 2)) / 10.0 / span * (n / (n - 10 + 1))
    same(math.sqrt(everywhere), out["subsampled_K10"])
    error = 4.0 / math.sqrt(2.0 * n)
    assert abs(math.sqrt(sigma.realised(mid, span)) / case["truth"]["sigma_price_per_sqrt_s"] - 1.0) <= error


def test_irregular_mids_give_the_oracle(oracle: dict[str, Any]) -> None:
    case = oracle["irregular_mid"]
    time, mid = table(case)
    out, waits = case["outputs"], np.diff(time)
    same(math.sqrt(sigma.realised(mid, time[-1] - time[0])), out["sigma_sum_over_time"])
    same(math.sqrt(sigma.most_likely(time, mid)), out["sigma_mle_mean_of_scaled_squares"])
    averaged = np.sqrt(sigma.ewma(np.diff(mid) ** 2 / waits, np.exp(-waits / 60.0)))
    same(averaged[-1], out["ewma_time_tau60_init_first_last"])
    same(averaged[200], out["ewma_time_tau60_at_index_200"])
    truth = case["truth"]["sigma"]
    assert abs(out["sigma_mle_mean_of_scaled_squares"] / truth - 1.0) <= 4.0 / math.sqrt(2.0 * len(waits))
    # The times are written to a ten-thousandth of a second.
    (every, *_) = sigma.sigma_estimates(np.round(time * SECOND).astype(np.int64), mid)
    same(every.value, out["sigma_sum_over_time"], 1e-9)
    same(every.standard_error / every.value, math.sqrt(2.0 * float(waits @ waits)) / (2.0 * float(waits.sum())))
    assert abs(every.value - truth) <= 4.0 * every.standard_error


@pytest.mark.parametrize(("units", "log"), [("price_units_per_sqrt_s", False), ("log_units_per_sqrt_s", True)])
def test_candles_give_the_oracle(oracle: dict[str, Any], units: str, log: bool) -> None:
    case = oracle["candles_60s"]
    _, open_, high, low, close = table(case)
    if log:
        open_, high, low, close = (np.log(column) for column in (open_, high, low, close))
    out = case["outputs"][units]
    closes = np.append(open_[0], close)
    same(math.sqrt(sigma.demeaned(closes, 60.0)), out["close_close"])
    same(math.sqrt(sigma.realised(closes, 60.0 * len(close))), out["rv_close"])
    same(math.sqrt(sigma.parkinson(high, low).mean() / 60.0), out["parkinson"])
    same(math.sqrt(sigma.garman_klass(open_, high, low, close).mean() / 60.0), out["garman_klass"])
    same(math.sqrt(sigma.rogers_satchell(open_, high, low, close).mean() / 60.0), out["rogers_satchell"])
    same(math.sqrt(sigma.yang_zhang(open_, high, low, close) / 60.0), out["yang_zhang"])


def test_candles_by_hand_give_the_oracle(oracle: dict[str, Any]) -> None:
    case = oracle["candles_hand"]
    given, out = case["inputs"], case["outputs"]
    for units, columns in (
        ("price", [np.array(given[name]) for name in ("open", "high", "low", "close")]),
        ("log", [np.log(given[name]) for name in ("open", "high", "low", "close")]),
    ):
        same(sigma.parkinson(columns[1], columns[2]).mean(), out[f"var_parkinson_{units}"], 1e-12)
        same(sigma.garman_klass(*columns).mean(), out[f"var_garman_klass_{units}"], 1e-12)
        same(sigma.rogers_satchell(*columns).mean(), out[f"var_rogers_satchell_{units}"], 1e-12)


def test_noisy_prices_give_the_oracle(oracle: dict[str, Any]) -> None:
    case = oracle["noisy_ticks"]
    _, price = table(case)
    given, out, truth = case["inputs"], case["outputs"], case["truth"]
    span = given["T"]
    same(sigma.realised(price, span), out["naive_rv"])
    same(sigma.noise_variance(price), out["noise_var_hat_all"])
    same(sigma.noise_autocovariance(price), out["noise_var_hat_autocov"])
    same(math.sqrt(sigma.zhou(price) / span), out["zhou_sigma"])
    scale = sigma.best_scale(given["n_returns"], truth["noise_sd"] ** 2, truth["integrated_variance"])
    assert scale == out["K_opt_true_params"]
    for k in (5, 16, 60, 300):
        same(sigma.two_scale(price, k), out[f"tsrv_K{k}"]["tsrv_adjusted"])
    for bandwidth in (5, 20):
        same(sigma.realised_kernel(price, bandwidth), out[f"realized_kernel_parzen_H{bandwidth}"]["variance"])
    row = next(row for row in oracle["accuracy_noise"]["outputs"]["table"] if row["noise_sd"] == truth["noise_sd"])
    found = math.sqrt(sigma.two_scale(price, scale) / span)
    assert abs(found / truth["sigma"] - 1.0) <= 4.0 * row["sigma_rel_se"]["tsrv"]


def test_two_scales_are_as_accurate_as_the_oracle_says(oracle: dict[str, Any]) -> None:
    given = oracle["accuracy_noise"]["inputs"]
    rng = np.random.default_rng(1)
    for row in oracle["accuracy_noise"]["outputs"]["table"]:
        found, naive = [], []
        step = row["sigma"] * math.sqrt(given["T"] / given["n"])
        for _ in range(100):
            price = np.cumsum(rng.normal(0.0, step, given["n"] + 1)) + rng.normal(0.0, row["noise_sd"], given["n"] + 1)
            found.append(sigma.two_scale(price, row["K"]) / given["T"] / row["sigma"] ** 2 - 1.0)
            naive.append(sigma.realised(price, given["T"]) / row["sigma"] ** 2 - 1.0)
        sd = row["var_rel_sd"]["tsrv"]
        # A hundred replications know the deviation to 7 %: within a quarter and that.
        assert float(np.std(found)) == pytest.approx(sd, rel=0.25 + 3 * 0.07)
        assert abs(float(np.mean(found))) < 4.0 * sd / 10.0
        assert float(np.mean(naive)) == pytest.approx(row["var_rel_bias"]["naive"], rel=0.05)


@pytest.mark.parametrize("steps", [10, 60, 300])
def test_one_candle_is_as_accurate_and_as_biased_as_the_oracle_says(oracle: dict[str, Any], steps: int) -> None:
    row = next(r for r in oracle["accuracy_candles"]["outputs"]["monte_carlo"] if r["steps_per_candle"] == steps)
    n = 10_000
    moves = np.random.default_rng(2).normal(0.0, 1.0 / math.sqrt(steps), (n, steps))
    path = np.concatenate([np.zeros((n, 1)), np.cumsum(moves, axis=1)], axis=1)
    open_, high, low, close = path[:, 0], path.max(axis=1), path.min(axis=1), path[:, -1]
    for name, variance in {
        "parkinson": sigma.parkinson(high, low),
        "garman_klass": sigma.garman_klass(open_, high, low, close),
        "rogers_satchell": sigma.rogers_satchell(open_, high, low, close),
    }.items():
        sd = row["sd_of_one_candle_var"][name]
        assert abs(float(variance.mean()) - row["mean_var_ratio"][name]) < 4.5 * sd / math.sqrt(n)
        assert float(variance.std()) == pytest.approx(sd, rel=0.1)


def test_the_average_has_the_oracles_deviation(oracle: dict[str, Any]) -> None:
    out = oracle["ewma_theory"]["outputs"]
    for lam, expected in out["rel_sd_of_variance"].items():
        # The weights that the average puts on each square, from its answer to a single one.
        pulse = sigma.ewma(np.eye(1, 4000, 1)[0], float(lam))[1:]
        same(math.sqrt(2.0 * float(pulse @ pulse)), expected, 1e-12)


def walk(seed: int, seconds: int, value: float, per_second: int = 20) -> tuple[npt.NDArray[np.int64], Floats]:
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.exponential(SECOND / per_second, seconds * per_second)).astype(np.int64)
    waits = np.diff(times, prepend=times[0]) * 1e-9
    return times, 60_000.0 + np.cumsum(value * np.sqrt(waits) * rng.normal(size=len(times)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_estimate_is_within_its_standard_error_of_the_truth(seed: int) -> None:
    times, mids = walk(seed, 7200, 4.27)
    found = {estimate.name: estimate for estimate in sigma.sigma_estimates(times, mids)}
    assert len(found) == 12
    for name, estimate in found.items():
        # 1200 mids per bar leave a bias of 2 % of sigma and less in what looks at ranges.
        bias = 0.02 * 4.27 if "bars" in name else 0.0
        assert abs(estimate.value - 4.27) < 4.0 * estimate.standard_error + bias, name
        assert 0.0 < estimate.standard_error < 0.1 * estimate.value or "ewma" in name, name


def test_noise_shows_as_a_difference_between_the_estimates() -> None:
    times, mids = walk(4, 7200, 1.0)
    noisy = mids + np.random.default_rng(5).normal(0.0, 2.0, len(mids))
    found = {estimate.name: estimate.value for estimate in sigma.sigma_estimates(times, noisy)}
    assert found["realised, every change"] > 10.0
    assert found["realised, every 1 s"] > 2.5
    (calm,) = (value for name, value in found.items() if name.startswith("two-scale"))
    assert calm == pytest.approx(1.0, abs=0.25)


def test_time_without_a_mid_does_not_count() -> None:
    times, mids = walk(6, 3000, 2.0)
    gap = np.concatenate([times[:20_000], times[20_000:] + 10**5 * SECOND])
    jumped = np.concatenate([mids[:20_000], mids[20_000:] + 5000.0])
    jumped[20_000] = math.nan
    jumped[19_999] = math.nan
    for estimate in sigma.sigma_estimates(gap, jumped):
        if "yang-zhang" not in estimate.name:
            assert estimate.value == pytest.approx(2.0, rel=0.35), estimate.name


def test_bars_cover_every_move_and_open_where_the_last_one_closed() -> None:
    times = np.array([0, 3, 7, 10, 12, 30]) * SECOND // 10
    mids = np.array([5.0, 9.0, 2.0, 4.0, 8.0, 1.0])
    columns = sigma.bars(sigma.segments(times, mids), 1.0)
    assert [column.tolist() for column in columns] == [
        [5.0, 4.0, 8.0],
        [9.0, 8.0, 8.0],
        [2.0, 4.0, 1.0],
        [4.0, 8.0, 1.0],
    ]


def test_what_cannot_be_estimated_is_a_fault_of_the_data() -> None:
    for times, mids in (([], []), ([1], [1.0]), ([1, 2], [math.nan, math.nan]), ([2, 1], [1.0, 1.0]), ([1, 2], [1.0])):
        with pytest.raises(DataError):
            sigma.sigma_estimates(np.array(times, np.int64), mids)
    with pytest.raises(DataError, match="three bars"):
        sigma.yang_zhang(*(np.ones(2) for _ in range(4)))
    with pytest.raises(DataError, match="scale"):
        sigma.two_scale(np.ones(9), 5)


def test_the_lengths_matter() -> None:
    times, mids = walk(7, 2000, 1.0)
    usual = [e.value for e in sigma.sigma_estimates(times, mids)]
    assert usual == [e.value for e in sigma.sigma_estimates(times, mids, sample_s=1.0, bar_s=60.0, half_life_s=60.0)]
    for given in ({"sample_s": 2.0}, {"bar_s": 30.0}, {"half_life_s": 30.0}):
        assert usual != [e.value for e in sigma.sigma_estimates(times, mids, **given)]
