"""Quotes fill by chance, with an intensity that decays with distance: lambda = A exp(-k distance), per side.

    linear       probability lambda * dt, at most 1          (Avellaneda & Stoikov 2008, section 3.3)
    exponential  probability 1 - exp(-lambda * dt)

A in 1/s, k in 1/price; distance of the quote from the mid in quote currency, negative where a quote crosses it. For
markets with `paths`; there are no latencies here and no queue.
"""

import enum
import math

import attrs

import mmkit


class Scheme(enum.IntEnum):
    LINEAR = 0
    EXPONENTIAL = 1


@attrs.frozen
class Params:
    A: float = mmkit.field(unit="1/s", above=0, doc="fill intensity at distance 0, per side")
    k: float = mmkit.field(unit="1/price", above=0, doc="decay of the intensity with distance")
    scheme: Scheme = mmkit.field(Scheme.LINEAR, doc="how an intensity becomes a probability")


def fill_probability(params: Params, distance: float, dt: float) -> float:
    """Returns the probability that a quote fills within `dt` seconds."""
    exponent = -params.k * distance
    if exponent > 700.0:
        return 1.0
    expected = params.A * math.exp(exponent) * dt
    if params.scheme == Scheme.LINEAR:
        return min(expected, 1.0)
    return 1.0 - math.exp(-expected)


@mmkit.hookimpl
def mmkit_venue() -> mmkit.Venue:
    """Offers the rule."""
    return mmkit.Venue("intensity", params=Params, fill_probability=fill_probability)
