"""Calibration from arrays: the fill intensity A exp(-k distance), a gamma that fits a desk; sigma is in `mmkit.sigma`.

    cells            n_i fills at distance d_i in tau_i seconds, n_i ~ Poisson(A exp(-k d_i) tau_i):
                     k solves sum(tau d e^(-k d)) / sum(tau e^(-k d)) = sum(n d) / sum(n), A = sum n / sum(tau e^(-k d))
    single orders    the same with n in {0, 1} and tau the time alive: an order that was cancelled is censored, not dropped
    market orders    largest distance D from the prevailing mid that each reached, D ~ Exp(k); only D >= d0 seen, and D > d1 known
                     only as such: k = n_known / sum(min(D, d1) - d0), A = n exp(k d0) / T; in whole ticks: k = ln(1 + 1/mean) / tick

A in 1/s per side, k in 1/price. Standard errors come from the Fisher information in (ln A, k), sum(mu [[1, -d], [-d, d^2]]) with
mu the expected fills of a cell. Fills that other prices caused are no part of the model: quotes left alone for dt are also reached
by moves of the mid of about sigma sqrt(dt), so distances are those from the mid at the time.
"""

import math

import attrs
import numpy as np
import numpy.typing as npt

from mmkit.errors import DataError
from mmkit.sigma import Estimate, sigma_estimates

__all__ = [
    "Estimate",
    "Intensity",
    "Suggestion",
    "fit_depths",
    "fit_intensity",
    "line_through_rates",
    "sigma_estimates",
    "suggest_gamma",
]

Floats = npt.NDArray[np.float64]

FEWEST = 5.0
"""Fills expected in a cell below which cells are taken together to judge a fit."""


@attrs.frozen
class Intensity:
    """A fitted fill intensity, A exp(-k distance) per side.

    A in 1/s, k in 1/price, each with its standard error (A_error / A is that of ln A); correlation: of ln A with k; log_likelihood:
    without the factorials of the counts; fills: what the fit rests on. deviance is chi-squared with dof degrees of freedom if
    the model holds, p_value the chance of a larger one; NaN where there is nothing left to judge by.
    """

    A: float
    k: float
    A_error: float
    k_error: float
    correlation: float
    log_likelihood: float
    fills: float
    deviance: float
    dof: int
    p_value: float


def fit_intensity(distances: npt.ArrayLike, exposure_s: npt.ArrayLike, counts: npt.ArrayLike) -> Intensity:
    """Returns A and k of greatest likelihood for cells, or for single orders with their time alive and 0 or 1 fills.

    distances: from the mid, quote currency; exposure_s: seconds; counts: fills; one-dimensional, of equal length. Raises DataError
    where no finite k is the most likely: no fills, a single distance, every fill at the nearest or the farthest distance.
    """
    d, tau, n = (np.asarray(given, np.float64) for given in (distances, exposure_s, counts))
    if not d.shape == tau.shape == n.shape or d.ndim != 1:
        raise DataError("distances, exposures and counts are not of one length")
    sound = np.isfinite(d).all() and np.isfinite(tau).all() and np.isfinite(n).all()
    if not sound or (tau < 0).any() or (n < 0).any() or (n > 0)[tau == 0].any():
        raise DataError(
            "distances must be finite, exposures and counts at least zero, and no cell has fills without exposure"
        )
    d, tau, n = d[tau > 0], tau[tau > 0], n[tau > 0]
    total = float(n.sum())
    if total == 0:
        raise DataError("no fill at any distance: A and k cannot be told")
    mean = float(n @ d) / total
    if not d.min() < mean < d.max():
        raise DataError("all fills at one end of the distances: k cannot be told; quote at more distances")
    k = _decay(d - mean, tau, float(d.max() - d.min()))
    reach = np.exp(-k * (d - mean))
    mu = total * tau * reach / float(tau @ reach)
    ln_a = math.log(total / float(tau @ reach)) + k * mean
    spread = float(mu @ (d - mean) ** 2)
    k_error = 1.0 / math.sqrt(spread)
    ln_a_error = math.sqrt(1.0 / total + mean * mean / spread)
    deviance, dof, p_value = _goodness(d, mu, n)
    return Intensity(
        A=math.exp(ln_a),
        k=k,
        A_error=math.exp(ln_a) * ln_a_error,
        k_error=k_error,
        correlation=mean * k_error / ln_a_error,
        log_likelihood=float(n @ (ln_a - k * d + np.log(tau))) - total,
        fills=total,
        deviance=deviance,
        dof=dof,
        p_value=p_value,
    )


def _decay(d: Floats, tau: Floats, width: float) -> float:
    """Returns k at which the mean distance, weighted with tau exp(-k d), is zero: Newton within a bracket, as the mean falls with k."""
    low, high = -1.0 / width, 1.0 / width
    while _weighted_mean(d, tau, low)[0] <= 0.0:
        low *= 2.0
    while _weighted_mean(d, tau, high)[0] >= 0.0:
        high *= 2.0
    k = 0.5 * (low + high)
    for _ in range(200):
        mean, variance = _weighted_mean(d, tau, k)
        low, high = (k, high) if mean > 0.0 else (low, k)
        step = mean / variance if variance > 0.0 else math.inf
        after = k + step if low < k + step < high else 0.5 * (low + high)
        if abs(after - k) <= 1e-15 * max(abs(k), 1e-3 / width):
            break
        k = after
    return k


def _weighted_mean(d: Floats, tau: Floats, k: float) -> tuple[float, float]:
    exponent = -k * d
    weight = tau * np.exp(exponent - exponent.max())
    mean = float(weight @ d) / float(weight.sum())
    return mean, float(weight @ (d - mean) ** 2) / float(weight.sum())


def line_through_rates(
    distances: npt.ArrayLike, exposure_s: npt.ArrayLike, counts: npt.ArrayLike, *, weighted: bool = False
) -> tuple[float, float]:
    """Returns A and k of a straight line through ln(n / tau), with weights n if `weighted`: what is often done, for comparison.

    Cells without fills cannot take part, which makes k too small: at 200 fills by a sixth. Raises DataError under two distances.
    """
    d, tau, n = (np.asarray(given, np.float64) for given in (distances, exposure_s, counts))
    d, tau, n = d[n > 0], tau[n > 0], n[n > 0]
    if len(np.unique(d)) < 2 or (tau <= 0).any():
        raise DataError("a line through rates needs fills at two distances, with exposure")
    weight = n if weighted else np.ones_like(n)
    rate = np.log(n / tau)
    centre, level = np.average(d, weights=weight), np.average(rate, weights=weight)
    k = -float(weight @ ((d - centre) * (rate - level))) / float(weight @ (d - centre) ** 2)
    return math.exp(level + k * centre), k


def _goodness(d: Floats, mu: Floats, n: Floats) -> tuple[float, int, float]:
    """Returns deviance, degrees of freedom and p-value; cells next to each other are taken together until enough is expected in each."""
    expected, found = [0.0], [0.0]
    for i in np.argsort(d, kind="stable"):
        if expected[-1] >= FEWEST:
            expected.append(0.0)
            found.append(0.0)
        expected[-1] += float(mu[i])
        found[-1] += float(n[i])
    if len(expected) > 1 and expected[-1] < FEWEST:
        few, those = expected.pop(), found.pop()
        expected[-1] += few
        found[-1] += those
    dof = len(expected) - 2
    if dof < 1:
        return math.nan, 0, math.nan
    terms = (f * math.log(f / e) - (f - e) if f > 0.0 else e for e, f in zip(expected, found, strict=True))
    deviance = max(2.0 * math.fsum(terms), 0.0)
    return deviance, dof, chi_squared_tail(deviance, dof)


def chi_squared_tail(x: float, dof: int) -> float:
    """Returns the probability that a chi-squared variable exceeds x: a finite sum, Abramowitz & Stegun 26.4.4-5."""
    half = 0.5 * x
    if half <= 0.0:
        return 1.0
    odd = dof % 2
    tail = math.erfc(math.sqrt(half)) if odd else 0.0
    for i in range(dof // 2):
        power = i + 0.5 * odd
        tail += math.exp(power * math.log(half) - half - math.lgamma(power + 1.0))
    return min(tail, 1.0)


def fit_depths(
    depths: npt.ArrayLike,
    span_s: float,
    *,
    sides: int = 1,
    above: float = 0.0,
    up_to: float = math.inf,
    tick: float = 0.0,
) -> Intensity:
    """Returns A (per side) and k from the distances that market orders reached within `span_s` seconds.

    depths: largest distance from the prevailing mid that each order reached, quote currency; sides: 2 where orders of both sides are
    pooled; above: orders that did not reach so far are left out (left truncation); up_to: what lies beyond is known only to do so
    (right censoring); tick: distance of prices, if depths are known in whole ticks only. The deviance compares the depths with ten
    classes of equal probability. Raises DataError where k cannot be told.
    """
    reached = np.asarray(depths, np.float64)
    if not np.isfinite(reached).all() or not span_s > 0:
        raise DataError("depths must be finite and the span above zero")
    # Distances in ticks carry rounding: a hair decides for the price itself.
    hair = 1e-9 * tick
    reached = reached[reached >= above - hair]
    if tick > 0 and up_to < math.inf:
        # Whether an order passed the last whole tick is known, not what part of the next.
        up_to = above + math.floor((up_to - above) / tick + 1e-9) * tick
    n, excess = len(reached), np.minimum(reached, up_to) - above
    is_known = reached < up_to - hair
    known = int(is_known.sum())
    total = float(np.floor((excess + hair) / tick).sum()) * tick if tick > 0 else float(excess.sum())
    if known == 0 or total <= 0.0:
        raise DataError(f"{n} market orders beyond {above:g}, none of a known depth: k cannot be told")
    k = math.log1p(known * tick / total) / tick if tick > 0 else known / total
    # In ticks an order passes levels with probability q = exp(-k tick); the information on k is that of a geometric variable.
    q = math.exp(-k * tick)
    k_error = (1.0 - q) / (tick * math.sqrt(known * q)) if tick > 0 else k / math.sqrt(known)
    rate = n / (span_s * sides)
    ln_a_error = math.sqrt(1.0 / n + above * above * k_error * k_error)
    deviance, dof, p_value = _depth_goodness(excess[is_known] + hair, k, tick, up_to - above)
    return Intensity(
        A=rate * math.exp(k * above),
        k=k,
        A_error=rate * math.exp(k * above) * ln_a_error,
        k_error=k_error,
        correlation=above * k_error / ln_a_error,
        log_likelihood=n * math.log(rate) - n + known * math.log(1.0 - q if tick > 0 else k) - k * total,
        fills=float(n),
        deviance=deviance,
        dof=dof,
        p_value=p_value,
    )


def _depth_goodness(excess: Floats, k: float, tick: float, width: float) -> tuple[float, int, float]:
    """Returns deviance, degrees of freedom and p-value of depths against the fitted law, over about ten classes."""
    span = -math.expm1(-k * width)
    edges = -np.log1p(-span * np.arange(1, 10) / 10.0) / k
    if tick > 0:
        edges = np.unique(np.ceil(edges / tick - 1e-9)) * tick
    edges = np.concatenate([[0.0], edges, [math.inf]])
    mass = -np.diff(np.exp(-k * np.minimum(edges, width))) / span
    classes = np.bincount(np.searchsorted(edges, excess * (1.0 + 1e-12), side="right") - 1, minlength=len(mass))
    centres = np.arange(len(mass), dtype=np.float64)
    return _goodness(centres, len(excess) * mass, classes.astype(np.float64))


@attrs.frozen
class Suggestion:
    """A gamma to begin with, 1/quote: for `avellaneda`, for `glft`, and why, line by line."""

    gamma: float
    gamma_glft: float
    reasons: tuple[str, ...]


def suggest_gamma(
    *,
    sigma: float,
    A: float,  # noqa: N803 (the field's own symbol)
    k: float,
    mid: float,
    tick_size: float,
    order_size: float,
    max_position: float,
    maker_fee: float = 0.0,
    horizon_s: float = 60.0,
) -> Suggestion:
    """Returns the risk aversion at which a full position moves the quotes by one half-spread, with its reasoning.

    sigma price/sqrt(s), A 1/s per side, k 1/price, mid and tick_size quote, order_size and max_position base, maker_fee fraction of
    notional (negative: rebate), horizon_s the time over which `avellaneda` holds risk. Avellaneda & Stoikov (2008), (29)-(30), and
    the asymptotic skew of Guéant (2017), (4.6)-(4.7), each in the form with order size. Raises DataError for what is not above zero.
    """
    given = {"sigma": sigma, "A": A, "k": k, "mid": mid, "tick_size": tick_size, "order_size": order_size}
    given |= {"max_position": max_position, "horizon_s": horizon_s}
    wrong = [name for name, value in given.items() if not 0 < value < math.inf]
    if wrong:
        raise DataError(f"a suggestion for gamma needs {', '.join(wrong)} above zero")
    reasons = []
    best = 1.0 / k
    fee = maker_fee * mid
    half = max(best + fee, 0.5 * tick_size)
    reasons.append(f"fills decay by e every {best:g} (1/k): the best half-spread of a maker without risk is {best:g}")
    if fee:
        reasons.append(
            f"each side {'pays' if fee > 0 else 'earns'} {abs(fee):g} per unit in fees: half-spread {best + fee:g}"
        )
    if half > best + fee:
        reasons.append(f"a spread is at least one tick: half-spread {half:g}")
    risk = sigma * sigma * horizon_s
    gamma = half / (max_position * risk)
    reasons.append(
        f"at the full position of {max_position:g} the reservation price shall have moved by that half-spread: "
        f"gamma = {half:g} / ({max_position:g} * {sigma:g}^2 * {horizon_s:g} s) = {gamma:g}"
    )
    per_order = gamma * order_size * risk
    if per_order < tick_size:
        orders = tick_size / per_order
        reasons.append(
            f"one order of {order_size:g} moves the quotes by {per_order:g}, under a tick of {tick_size:g}: "
            f"it takes {orders:.3g} orders to see it"
        )
    least = tick_size / (max_position * risk)
    if gamma < least:
        gamma = least
        reasons.append(f"less than one tick at the full position would never show: gamma = {gamma:g}")
    most = k / order_size
    if gamma > most:
        gamma = most
        reasons.append(
            f"above k / order size the static spread narrows for want of a fill's worth: gamma held at {gamma:g}"
        )
    width = gamma * risk * order_size + 2.0 * math.log1p(gamma * order_size / k) / (gamma * order_size)
    reasons.append(f"with it the spread of avellaneda is {width:g}, {width / tick_size:.3g} ticks")
    glft = _glft_gamma(half / (max_position * sigma), A, k, order_size)
    reasons.append(
        f"glft skews by sigma c2(gamma) per unit whatever the horizon; the same half-spread at the full position: gamma = {glft:g}"
    )
    if width < 2.0 * fee:
        reasons.append(
            f"note: fees of both sides, {2.0 * fee:g}, exceed that spread; switch a fee floor on or quote elsewhere"
        )
    return Suggestion(gamma, glft, tuple(reasons))


def _glft_gamma(slope: float, rate: float, k: float, size: float) -> float:
    """Returns gamma with c2(gamma) = slope; c2 = sqrt(gamma / (2 A size k) (1 + gamma size / k)^(k / (gamma size) + 1)) rises."""
    wanted = math.log(slope * slope * 2.0 * rate * size * k)

    def logarithm(ln_gamma: float) -> float:
        x = math.exp(ln_gamma) * size / k
        return ln_gamma + (1.0 / x + 1.0) * math.log1p(x) - wanted

    low = high = wanted - 1.0
    while logarithm(low) > 0.0:
        low -= 1.0
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if logarithm(middle) < 0.0 else (low, middle)
    return math.exp(0.5 * (low + high))
