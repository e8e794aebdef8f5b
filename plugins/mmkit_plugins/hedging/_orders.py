"""How a hedge's target becomes orders: when it is looked at, how far it may be off, and how orders are worked.

    deviation = target - (position + what is outstanding)                                   base currency
    traded when |deviation| mid > max(band, band_fraction |target| mid), down to whole lots; below min_size nothing

Less than that is carried as a residual, never rounded up to something that can be traded. A hedge is worked until what was
decided is done, even where the rest lies within the band:

    market   takes at once, at prices within `slippage` of the touch: a limit order there, whose rest is taken back and sent anew
    limit    rests at the touch, post-only; what is left `timeout` after the first order is taken as above

Nothing is sent twice: orders under way count as executed, and an order of one side waits until those of the other have
ended. The position is what fills say; orders refused or taken back leave a rest, which is worked on. Without a price that
is at most `max_age` old nothing is sent, and what rests is taken back.
"""

import enum
import math
from typing import Any

import attrs

import mmkit

HEDGES = 8
"""Most hedge instruments."""

MOST_ORDERS = 8
"""Most orders alive on a hedge instrument."""

FARTHEST = 1e15
"""Deviations beyond this many lots are as good as this many."""


class On(enum.IntFlag):
    """What makes a hedge look at its target: those of mmkit.Trigger that concern a position."""

    TIMER = 1
    FILL = 8


ON_TIMER, ON_FILL = int(On.TIMER), int(On.FILL)
"""As plain numbers, for what runs at every call."""


class Mode(enum.IntEnum):
    MARKET = 0
    LIMIT = 1


@attrs.frozen
class Orders:
    """The parameters of every rule that hedges."""

    every: mmkit.Duration = mmkit.field("1s", above=0, doc="time between two looks at the target by the timer")
    on: On = mmkit.field(
        On.TIMER | On.FILL, doc="what makes it look at the target: timer, fill of the quoted instrument"
    )
    band: float = mmkit.field(0.0, unit="quote", at_least=0, doc="deviation from the target that is left alone")
    band_fraction: float = mmkit.field(
        0.05, unit="of the target", at_least=0, below=1, doc="the same; the larger one counts"
    )
    min_size: tuple[float, ...] = mmkit.field(
        (),
        unit="base",
        at_least=0,
        capacity=HEDGES,
        doc="least quantity of an order by hedge instrument (inverse: contracts); none: a lot",
    )
    max_hedge: float = mmkit.field(math.inf, unit="quote", above=0, doc="largest position in a hedge instrument")
    mode: Mode = mmkit.field(Mode.MARKET, doc="take at once, or rest at the touch first")
    slippage: mmkit.Rate = mmkit.field(
        0.001,
        unit="fraction",
        at_least=0,
        at_most=1,
        doc="how far from the touch it takes; 1 = a market order, any price",
    )
    timeout: mmkit.Duration = mmkit.field("30s", at_least=0, doc="limit: time at rest after which the rest is taken")
    check_every: mmkit.Duration = mmkit.field("100ms", above=0, doc="time between two looks at orders under way")
    max_age: mmkit.Duration = mmkit.field("5s", above=0, doc="age of a market's last event above which it has no price")


@attrs.define
class Progress:
    """Where the hedges are, one place per hedge instrument.

    goal: position (lots) at which what was decided is done; since: when its first order was sent; again: a look at the target had to
    be put off; least: lots of the smallest order; known: whether it has been called; slot: number of the last timer period
    looked at; fills: those of the quoted instrument looked at; check: when orders under way are looked at.
    """

    goal: list[int] = mmkit.array(int, HEDGES)
    since: list[int] = mmkit.array(int, HEDGES)
    again: list[int] = mmkit.array(int, HEDGES)
    least: list[int] = mmkit.array(int, HEDGES, 1)
    known: list[int] = mmkit.array(int, HEDGES)
    slot: int = 0
    fills: int = 0
    check: int = mmkit.NEVER


def set_up(params: Any, state: Any, hedges: tuple[Any, ...]) -> None:
    """Counts the smallest orders in lots. Raises mmkit.ConfigError where the stack has no or too many hedge instruments."""
    count = len(hedges)
    if not 1 <= count <= HEDGES:
        raise mmkit.ConfigError(f"hedging: needs 1 to {HEDGES} instruments besides the quoted one, has {count}")
    for i, least in enumerate(per_hedge("min_size", params.min_size, count, 0.0)):
        lot = hedges[i].lot_size if hedges[i].inverse else hedges[i].lot
        state.least[i] = max(mmkit.ceil_to_grid(least / lot), 1)


def per_hedge(name: str, given: tuple[float, ...], count: int, default: float) -> tuple[float, ...]:
    """Returns one number per hedge instrument; none given: the default for each. Raises mmkit.ConfigError for another count."""
    if given and len(given) != count:
        raise mmkit.ConfigError(f"hedging.{name}: has {len(given)} entries for {count} hedge instruments")
    return given or (default,) * count


def triggers(params: Any) -> int:
    """Returns the mask of what triggers a look at the target."""
    return int(params.on)


def next_time(params: Any, state: Any, market: Any) -> int:
    """Returns when the target, or else orders under way, are looked at next."""
    next_check = max(state.check, market.now + 1)
    if params.on & ON_TIMER:
        return min(next_check, market.start + (period(market, params.every) + 1) * params.every)
    return next_check


def period(market: Any, every: int) -> int:
    """Returns how many whole periods have passed since the first event."""
    return (market.now - market.start) // every


def is_due(params: Any, state: Any, market: Any) -> bool:
    """Returns whether the targets are to be looked at now: a period has ended, or the quoted instrument had a fill."""
    state.check = mmkit.NEVER
    slot = period(market, params.every)
    due = bool(params.on & ON_TIMER) and slot > state.slot
    if params.on & ON_FILL and market.fills > state.fills:
        due = True
    state.slot = slot
    state.fills = market.fills
    return due


def has_price(params: Any, market: Any, now: int) -> bool:
    """Returns whether a market has a mid that is not too old."""
    return market.mid > 0.0 and math.isfinite(market.mid) and now - market.updated <= params.max_age


def pursue(params: Any, state: Any, now: int, due: bool, i: int, market: Any, desk: Any, target: float) -> None:
    """Works on the i-th hedge's position (target in base currency, NaN: unknown); looks at the target itself only where due."""
    buys = mmkit.outstanding(desk, 1)
    sells = mmkit.outstanding(desk, -1)
    expected = market.position_lots + buys - sells
    if state.known[i] == 0:
        state.known[i] = 1
        state.goal[i] = expected
        state.again[i] = 1
    look = due or state.again[i] != 0
    state.again[i] = 0
    if math.isnan(target) or not has_price(params, market, now):
        mmkit.step("no hedge: no price", float(i), "instrument")
        for k in range(desk.live_count):
            if mmkit.working(desk.orders[desk.live[k]]):
                mmkit.cancel(desk, market, desk.live[k])
        if look or state.goal[i] != expected:
            state.again[i] = 1
            state.check = min(state.check, now + params.every)
    else:
        wanted = to_send(params, state, i, market, expected, target, look)
        late = now - state.since[i] >= params.timeout
        for k in range(desk.live_count):
            order = desk.orders[desk.live[k]]
            if mmkit.working(order) and (late or order.kind != mmkit.POST_ONLY or order.side * wanted < 0):
                mmkit.cancel(desk, market, desk.live[k])
        if wanted != 0:
            if (sells if wanted > 0 else buys) > 0 or desk.live_count >= MOST_ORDERS:
                state.again[i] = 1
            else:
                if desk.live_count == 0 and (state.goal[i] - expected) * wanted <= 0:
                    state.since[i] = now
                send(params, market, desk, wanted, now - state.since[i])
                state.goal[i] = expected + wanted
    if desk.live_count > 0:
        # Soon, and when a limit hedge has rested long enough.
        state.check = min(state.check, now + params.check_every)
        timeout = state.since[i] + params.timeout
        if timeout > now:
            state.check = min(state.check, timeout)


def to_send(params: Any, state: Any, i: int, market: Any, expected: int, target: float, look: bool) -> int:
    """Returns the lots to send, signed: to the target where it is looked at and too far off, else the rest of what was decided."""
    most = params.max_hedge / market.mid
    capped = min(max(target, -most), most)
    deviation = capped / market.lot_size - expected
    lots = mmkit.floor_to_grid(min(abs(deviation), FARTHEST))
    money = market.lot_size * market.mid
    band = max(params.band, params.band_fraction * abs(capped) * market.mid)
    mmkit.step("hedge target", capped, "base")
    mmkit.step("hedge deviation", deviation * market.lot_size, "base")
    mmkit.step("hedge band", band, "quote")
    if not look or not abs(deviation) * money > band:
        # No further than what was decided, and no further than the target as it is now.
        rest = state.goal[i] - expected
        lots = min(lots, abs(rest)) if rest * deviation > 0.0 else 0
    if lots < state.least[i]:
        state.goal[i] = expected
        return 0
    return lots if deviation > 0.0 else -lots


def send(params: Any, market: Any, desk: Any, lots: int, waited: int) -> None:
    """Sends one order of so many lots (signed): at rest as long as a limit hedge may wait, else one that takes."""
    side = 1 if lots > 0 else -1
    if params.mode == Mode.LIMIT and waited < params.timeout:
        tick = market.bid_ticks if side > 0 else market.ask_ticks
        mmkit.place(desk, market, side, tick, abs(lots), mmkit.POST_ONLY)
        return
    if params.slippage >= 1.0:
        mmkit.place(desk, market, side, market.ask_ticks if side > 0 else market.bid_ticks, abs(lots), mmkit.MARKET)
        return
    if side > 0:
        tick = mmkit.floor_to_grid(market.ask * (1.0 + params.slippage) / market.tick_size)
    else:
        tick = max(mmkit.ceil_to_grid(market.bid * (1.0 - params.slippage) / market.tick_size), 1)
    mmkit.step("hedge price", tick * market.tick_size, "quote")
    mmkit.place(desk, market, side, tick, abs(lots), mmkit.LIMIT)
