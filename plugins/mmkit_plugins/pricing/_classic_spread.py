"""The factors of `classic`'s spread: market state, volume signals, dynamic gamma, predicted gamma."""

import math
from typing import Any

from mmkit_plugins._arithmetic import Arithmetic

DAY = 86400.0
BITCOIN = 84_000.0
"""What the reference bot takes for a price where it has none."""


def market_state(params: Any, fresh: bool, predicted: bool, trending: bool, directed: bool, ranging: bool) -> float:
    """Returns the factor of the market's state; predicted: a trend is predicted; directed: a signal says up or down.

    corrected: trending while the unexpired prediction or a signal says so. original: a trend once seen stays until a fresh
    prediction takes it back, and the directions that the bot's sizing knows mean nothing here.
    """
    original = params.arithmetic == Arithmetic.ORIGINAL
    told = (trending and not fresh) if original else (trending or directed)
    if (fresh and predicted) or told:
        return float(params.trending_factor)
    if ranging:
        return float(params.ranging_factor)
    return 1.0


def volume_factor(params: Any, volatility: float, reversal: float) -> float:
    """Returns by how much the volume signals widen the spread."""
    factor = 1.0
    if volatility > params.volatility_gate:
        factor *= 1.0 + volatility * params.volatility_widening
    if reversal > params.reversal_gate:
        factor *= 1.0 + reversal * params.reversal_widening
    return factor


def dynamic_gamma(params: Any, sigma: float, impact: float, share: float, profit: float, age: float) -> float:
    """Returns gamma, scaled by the situation; what is not there (NaN) leaves it as it is.

    share: |position| / limit; profit: unrealised profit as a fraction of the position's value; age: of the position (s).
    """
    original = params.arithmetic == Arithmetic.ORIGINAL
    volatility_factor = min(2.0, max(0.5, sigma / params.reference_volatility))
    impact_factor = 1.0
    if impact > 0.0:
        if original:
            impact_factor = min(2.0, max(0.5, impact / params.order_flow_intensity))
        else:
            # From 1 upwards, so that an impact of next to nothing changes next to nothing.
            impact_factor = min(2.0, 1.0 + impact / params.order_flow_intensity)
    gamma = params.gamma * volatility_factor * impact_factor * position_factor(min(1.0, share))
    if share > 0.0:
        gamma = gamma * profit_factor(profit) * age_factor(age)
    return min(0.5, max(0.1, gamma)) if original else float(gamma)


def position_factor(share: float) -> float:
    """Returns how a filling limit raises dynamic gamma."""
    if share <= 0.2:
        return 1.0
    if share <= 0.5:
        return 1.0 + (share - 0.2) * 1.5
    if share <= 0.8:
        return 1.45 + (share - 0.5) * 2.0
    return 2.05 + (share - 0.8) * 3.0


def profit_factor(profit: float) -> float:
    """Returns how profit lowers and loss raises dynamic gamma."""
    if profit >= 0.01:
        return max(0.8, 1.0 - profit * 5.0)
    if profit <= -0.005:
        return min(1.5, 1.0 + abs(profit) * 10.0)
    return 1.0


def age_factor(age: float) -> float:
    """Returns how a position held for more than half an hour raises dynamic gamma."""
    return min(2.0, 1.0 + (age - 1800.0) / 7200.0) if age > 1800.0 else 1.0


def effective_gamma(params: Any, base: float, adjustment: float) -> float:
    """Returns gamma with its predicted adjustment, applied once."""
    if params.arithmetic == Arithmetic.ORIGINAL:
        return max(0.1, base * (1.0 + adjustment)) if adjustment != 0.0 else base
    return min(max(base * (1.0 + adjustment), float(params.gamma_min)), float(params.gamma_max))


def textbook_spread(params: Any, gamma: float, kappa: float, sigma: float, mid: float, size: float) -> float:
    """Returns Avellaneda and Stoikov's spread in quote currency, for orders of `size` (base currency).

    gamma in 1/quote, kappa in 1/price, sigma as a fraction per sqrt(day).
    """
    deviation = mid * sigma / math.sqrt(DAY)
    aversion = gamma * size
    risk = gamma * deviation * deviation * (params.time_horizon / 1e9)
    return float(risk * size + 2.0 * math.log1p(aversion / kappa) / aversion)
