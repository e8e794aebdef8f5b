"""Orders queue in replayed level-2 data: latency both ways, first come first served, a model of decreases.

Level data does not tell whether a quantity that left a level stood ahead of our order or behind it. With x in base
currency, front and back the quantity ahead and behind, d = previous - new - traded since the last change, the share
p of d that happens behind is

    power, log      f(back) / (f(back) + f(front))      power2, log2    f(back) / f(back + front)
    power3          1 - f(front / (front + back))       f(x) = x^exponent, or ln(1 + x) for log and log2

    d < 0: front = min(front, new)
    else:  front = min(front - (1 - p) d + min(back - p d, 0), new)     (p infinite is 1; not a number gives new)

risk-averse: only trades take from front, and front = min(front, new). An order executes when front <= -0.5 lots,
when a trade prints through its price, or when the opposite best reaches it. These are the models of hftbacktest
(Rigtorp's for power and log).

An amendment goes to the back of the queue (Binance's futures), or keeps its place where only the quantity decreases (Binance's spot,
Bybit); a total not above what is executed cancels the rest.
"""

import enum
import math
from typing import Any

import attrs

import mmkit


class Model(enum.IntEnum):
    RISK_AVERSE = 0
    POWER = 1
    POWER2 = 2
    POWER3 = 3
    LOG = 4
    LOG2 = 5


class Amend(enum.IntEnum):
    NONE = mmkit.AMEND_NONE
    REQUEUE = mmkit.AMEND_REQUEUE
    KEEP_ON_DECREASE = mmkit.AMEND_KEEP


class PostOnly(enum.IntEnum):
    REJECT = 0
    REPRICE = 1


@attrs.frozen
class Params:
    model: Model = mmkit.field(Model.RISK_AVERSE, doc="where in the queue a decrease of the level happens")
    exponent: float = mmkit.field(3.0, unit="", above=0, at_most=100, doc="n of the power models")
    entry_latency: mmkit.Duration = mmkit.field("10ms", at_least=0, doc="from our request to the venue")
    response_latency: mmkit.Duration = mmkit.field(
        "10ms", at_least=0, doc="from the venue to our knowledge of its answer"
    )
    partial_fills: bool = mmkit.field(
        True, doc="an execution never exceeds what traded or rests; off: orders execute whole, as in many backtesters"
    )
    amend: Amend = mmkit.field(
        Amend.REQUEUE,
        doc="an amended order goes to the back, keeps its place when only its quantity decreases, or is not amended",
    )
    post_only: PostOnly = mmkit.field(
        PostOnly.REJECT, doc="what would take is rejected, or rests one tick off the other side"
    )


def rest(params: Params, state: Any, order: Any, ahead: float) -> None:
    """A new order stands behind all that is there."""
    order.front = ahead


def trade(params: Params, state: Any, order: Any, quantity: float) -> None:
    """A trade at the price takes from the front."""
    order.front -= quantity
    order.traded += quantity


def depth_change(params: Params, state: Any, order: Any, previous: float, new: float) -> None:
    """The level went from `previous` to `new` (base currency)."""
    if params.model == Model.RISK_AVERSE:
        if new < order.front:
            order.front = new
        return
    decrease = previous - new - order.traded
    order.traded = 0.0
    front = order.front
    if decrease < 0.0:
        if new < front:
            order.front = new
        return
    back = previous - front
    p = behind(params, front, back)
    estimate = front - (1.0 - p) * decrease + min(back - p * decrease, 0.0)
    order.front = estimate if estimate < new else new


def behind(params: Params, front: float, back: float) -> float:
    """Returns the share of a decrease that happens behind an order; nan where the model gives none."""
    model = params.model
    n = params.exponent
    if model == Model.POWER:
        p = ratio(power(back, n), power(back, n) + power(front, n))
    elif model == Model.POWER2:
        p = ratio(power(back, n), power(back + front, n))
    elif model == Model.POWER3:
        p = 1.0 - power(ratio(front, front + back), n)
    elif model == Model.LOG:
        p = ratio(log(back), log(back) + log(front))
    else:
        p = ratio(log(back), log(back + front))
    return 1.0 if math.isinf(p) else p


def power(x: float, n: float) -> float:
    """Returns x^n as floating point has it: nan for a negative x with a broken exponent, infinite where it overflows."""
    if x < 0.0 and n != math.floor(n):
        return math.nan
    # Plain Python raises an OverflowError where floating point has an infinity.
    if abs(x) > 1.0 and n * math.log(abs(x)) > 709.78:
        return -math.inf if x < 0.0 and n % 2.0 == 1.0 else math.inf
    return x**n


def log(x: float) -> float:
    """Returns ln(1 + x) as floating point has it."""
    if x > -1.0:
        return math.log(1.0 + x)
    return -math.inf if x == -1.0 else math.nan


def ratio(a: float, b: float) -> float:
    """Returns a / b as floating point has it."""
    if b == 0.0:
        return math.nan if a == 0.0 or math.isnan(a) else math.copysign(math.inf, a)
    return a / b


@mmkit.hookimpl
def mmkit_venue() -> mmkit.Venue:
    """Offers the rule."""
    return mmkit.Venue(
        "queue", params=Params, rest=rest, trade=trade, depth_change=depth_change, examples=({"model": "power"},)
    )
