"""What the rules that come from the reference bot share: whose arithmetic, and which adjustments count."""

import enum
import math


class Arithmetic(enum.IntEnum):
    """corrected: sound units, bounds that hold; original: the reference bot's numbers to the last digit."""

    CORRECTED = 0
    ORIGINAL = 1


def significant(adjustment: float, threshold: float) -> float:
    """Returns a predicted adjustment, and zero unless it is there (not NaN) and larger than the threshold in size."""
    return adjustment if abs(adjustment) > threshold else 0.0


def above_zero(value: float) -> float:
    """Returns a number that is there (not NaN) and above zero, else zero."""
    return value if value > 0.0 else 0.0


def effective_volatility(volatility: float, adjustment: float, threshold: float) -> float:
    """Returns the volatility with its predicted adjustment, the same in spread, sizes and levels."""
    return volatility * (1.0 + significant(adjustment, threshold))


def rounded_to_8_decimals(x: float) -> float:
    """Returns what Python's round(x, 8) gives, in both engines, for |x| below 10^7.

    A tie of the product x 10^8 is decided by what the product lost (Dekker 1971, Numerische Mathematik 18, 224-242), as
    round() looks at the exact value of x.
    """
    scaled = x * 1e8
    below = math.floor(scaled)
    whole = below
    if scaled - below > 0.5:
        whole = below + 1
    elif scaled - below == 0.5:
        lost = product_error(x, 1e8, scaled)
        if lost > 0.0 or (lost == 0.0 and below % 2 == 1):
            whole = below + 1
    return whole / 1e8


def product_error(a: float, b: float, product: float) -> float:
    """Returns a b - product exactly, where product is a b rounded."""
    split = 134217729.0
    high_a = split * a - (split * a - a)
    high_b = split * b - (split * b - b)
    low_a = a - high_a
    low_b = b - high_b
    return low_a * low_b - (((product - high_a * high_b) - low_a * high_b) - high_a * low_b)
