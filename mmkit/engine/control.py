"""What risk rules have asked for, and how it is done: quotes taken back, a position closed by orders that only reduce."""

from typing import Any

import attrs

from mmkit.engine.orders import alive_at, cancel, forget, outstanding_both, reduce, working
from mmkit.engine.records import (
    CLOSE,
    FLATTEN,
    LIMIT,
    MARKET,
    NO_ASK,
    NO_BID,
    NO_QUOTES,
    NORMAL,
    POST_ONLY,
    QUOTE,
    REDUCE_ONLY,
    WORKING,
)

PATIENCE = 1_000_000_000
"""Time (ns) that a closing order has before the next, more urgent one, unless a rule says otherwise."""

MOST_LEVELS = 64


@attrs.define
class Control:
    """level: what is in force (mmkit.NORMAL to mmkit.HALT); reason: number of the risk rule behind it, -1 for none; since: from when (ns).

    widen: factor of the half-spreads; patience: ns that a closing order has; most_levels: of the ladder; releases: how often rules that
    hold on to a level were asked to test its cause anew; step, steps: of the recovery; stage: how urgent the closing orders are.
    """

    level: int = NORMAL
    reason: int = -1
    since: int = 0
    widen: float = 1.0
    patience: int = PATIENCE
    most_levels: int = MOST_LEVELS
    releases: int = 0
    step: int = 0
    steps: int = 0
    stage: int = 0
    closing: int = 0


def ask_anew(control: Any) -> None:
    """Before the rules are asked: what only one of them can want is as nobody wanted it."""
    control.widen = 1.0
    control.most_levels = MOST_LEVELS
    control.patience = PATIENCE


def govern(s: Any, level: int, reason: int) -> bool:
    """Puts the highest level that a rule asked for into force; returns whether level or reason are others than before."""
    control = s.control
    changed = False
    if level != control.level or (reason != control.reason and level != NORMAL):
        control.since = s.market.now if level != control.level else control.since
        control.level = level
        control.reason = reason
        changed = True
    if level >= NO_QUOTES:
        s.ladder.levels = 0
        withdraw_all(s)
    if level == FLATTEN:
        close(s)
    else:
        control.stage = 0
        control.closing = 0
    return changed


def withdraw_all(s: Any) -> None:
    """Takes back every order that the venue has acknowledged; closing orders stay while the position is being closed."""
    desk = s.desk
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if working(order) and not (order.cause == CLOSE and s.control.level == FLATTEN):
            cancel(desk, s.market, desk.live[i])


def close(s: Any) -> None:
    """Closes the position with one order at a time: at our best price, then at the other side's, then at any price."""
    desk = s.desk
    market = s.market
    control = s.control
    alive = False
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if order.cause == CLOSE and order.state <= WORKING:
            alive = True
            late = market.now - order.sent >= control.patience
            if working(order) and (late or s.ledger.position * order.side >= 0):
                cancel(desk, market, desk.live[i])
    if alive:
        control.closing = 1
        return
    if control.closing:  # it has ended, and the next one is more urgent
        control.closing = 0
        control.stage += 1
    position = s.ledger.position
    if position == 0:
        control.stage = 0
        return
    side = -1 if position > 0 else 1
    own, other = (market.ask_ticks, market.bid_ticks) if side < 0 else (market.bid_ticks, market.ask_ticks)
    if other in (NO_BID, NO_ASK):
        return  # nobody to trade with: the level stays in force, and the next time it is tried again
    kind = MARKET
    tick = other
    if control.stage == 0 and own != NO_BID and own != NO_ASK:
        kind, tick = POST_ONLY, own
    elif control.stage == 1:
        kind = LIMIT
    desk.cause = CLOSE
    reduce(desk, market, side, tick, abs(position), kind)
    desk.cause = QUOTE
    control.closing = 1


def restrict(s: Any) -> None:
    """Leaves of the wanted ladder what the level in force allows: with all that is outstanding filled, the position only shrinks."""
    if s.control.level < REDUCE_ONLY:
        return
    ladder = s.ladder
    desk = s.desk
    long = max(s.ledger.position, 0)
    short = max(-s.ledger.position, 0)
    bids, asks = outstanding_both(desk)
    more_asks = max(long - asks, 0)
    more_bids = max(short - bids, 0)
    for i in range(ladder.levels):
        there = alive_at(desk, -1, ladder.ask_ticks[i])
        ladder.ask_lots[i] = granted(ladder.ask_lots[i], there, long, more_asks)
        if ladder.ask_lots[i] > 0:
            long -= there
            more_asks -= max(ladder.ask_lots[i] - there, 0)
        there = alive_at(desk, 1, ladder.bid_ticks[i])
        ladder.bid_lots[i] = granted(ladder.bid_lots[i], there, short, more_bids)
        if ladder.bid_lots[i] > 0:
            short -= there
            more_bids -= max(ladder.bid_lots[i] - there, 0)


def granted(wanted: int, there: int, room: int, more: int) -> int:
    """Returns what is left of the lots wanted at a price: nothing where what stands there is above `room`, else up to `more` beside it."""
    if there > room:
        return 0
    return min(wanted, there + more)


def clear_desks(s: Any) -> None:
    """Forgets what has ended of the hedge instruments' orders."""
    for k in range(len(s.legs)):
        forget(s.legs[k].desk)
