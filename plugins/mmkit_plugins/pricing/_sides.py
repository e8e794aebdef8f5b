"""What the pricing rules of the papers share: the static half-spread, the room to a cap, and quotes that do not exist."""

import math


def centre(mid: float, fair: float) -> float:
    """Returns the price to quote around: the fair price where there is one (not 0, not NaN), else the mid."""
    if fair != 0.0 and math.isfinite(fair):
        return fair
    return mid


def static_half_spread(aversion: float, k: float) -> float:
    """Returns ln(1 + aversion / k) / aversion, and its limit 1 / k where aversion is 0.

    aversion: risk aversion times order size, in 1/price like k; the result is in quote currency.
    """
    if aversion / k < 1e-14:
        return 1.0 / k
    return math.log1p(aversion / k) / aversion


def may_buy(position: float, order_size: float, max_position: float) -> bool:
    """Returns whether a bid that fills leaves the position within its cap (all in base currency), but for rounding."""
    return position + order_size <= max_position + 1e-9 * order_size


def may_sell(position: float, order_size: float, min_position: float) -> bool:
    """Returns whether an ask that fills leaves the position within its cap (all in base currency), but for rounding."""
    return position - order_size >= min_position - 1e-9 * order_size


def around(price: float, to_buy: float, to_sell: float, half_bid: float, half_ask: float) -> tuple[float, float, float]:
    """Returns reservation price and half-spreads (quote currency) from what buying and selling one order is worth.

    to_buy, to_sell: distances of the two reservation prices from `price`, -inf and inf where that side has no quote;
    half_bid, half_ask: distances of the quotes from their own reservation prices. With both sides the reservation
    price is the middle of the two, else that of the side that is left.
    """
    buys = to_buy > -math.inf
    sells = to_sell < math.inf
    if buys and sells:
        risk = 0.5 * (to_sell - to_buy)
        return price + 0.5 * (to_buy + to_sell), half_bid + risk, half_ask + risk
    if buys:
        return price + to_buy, half_bid, math.inf
    if sells:
        return price + to_sell, math.inf, half_ask
    return price, math.inf, math.inf


def sound(mid: float, price: float, half_bid: float, half_ask: float) -> tuple[float, float, float]:
    """Returns the quotes, or none around the mid where inputs out of all proportion left no number behind."""
    if math.isfinite(price) and not math.isnan(half_bid + half_ask) and half_bid + half_ask > -math.inf:
        return price, half_bid, half_ask
    return mid, math.inf, math.inf
