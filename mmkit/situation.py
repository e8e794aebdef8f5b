"""Puts the records of a session into the situation that a snapshot describes."""

import math
from typing import Any

from mmkit.engine.account import remember, u_of
from mmkit.engine.calls import identifier
from mmkit.engine.grid import ceil_to_grid, floor_to_grid, lot_at
from mmkit.engine.orders import place
from mmkit.engine.records import NOTHING, POST_ONLY, WORKING
from mmkit.snapshot import Other, Snapshot
from mmkit.stack import Stack
from mmkit.tape import WINDOW


def place_snapshot(stack: Stack, session: Any, snapshot: Snapshot) -> None:
    """Puts a session into the situation of a snapshot.

    Best prices between two ticks, which a mark or an index has, count as the ticks just outside: nothing of ours may cross them.
    """
    market = session.market
    market.now, market.start, market.updated = snapshot.time, snapshot.start, snapshot.time
    market.bid, market.ask = snapshot.bid, snapshot.ask
    market.mid = (snapshot.bid + snapshot.ask) / 2.0
    market.bid_ticks = floor_to_grid(snapshot.bid / market.tick_size)
    market.ask_ticks = ceil_to_grid(snapshot.ask / market.tick_size)
    market.base = max(market.bid_ticks - WINDOW // 2, 0)
    if stack.leg.instrument.inverse:
        lot_at(market)
    market.position = snapshot.position
    market.position_lots = session.ledger.position = round(snapshot.position / market.lot_size)
    if stack.accounts:
        place_account(session, snapshot)
    for leg, name in zip(getattr(session, "legs", []), stack.leg_names[1:], strict=True):
        if name in snapshot.instruments:
            place_other(leg.market, snapshot.instruments[name], snapshot.time)
            leg.ledger.position = leg.exchange.position = leg.market.position_lots
    for slot in stack.signals:
        state = getattr(session, f"{identifier(slot.path)}_state")
        for output in slot.rule.outputs:
            value = snapshot.signals.get(f"{slot.name}.{output}")
            if value is not None:
                setattr(state, output, int(value) if isinstance(getattr(state, output), int) else value)
    desk = session.desk
    for order in snapshot.orders:
        tick, lots = round(order.price / market.tick_size), round(order.qty / stack.leg.instrument.lot)
        place(desk, market, order.side, tick, lots, POST_ONLY)
        resting = desk.orders[desk.live[desk.live_count - 1]]
        resting.state, resting.request, resting.open = WORKING, NOTHING, lots
    desk.sent_first = desk.sent_end


def place_other(market: Any, other: Other, now: int) -> None:
    """Puts another instrument into the situation of a snapshot."""
    market.now = market.start = market.updated = now
    market.bid, market.ask, market.mid = other.bid, other.ask, (other.bid + other.ask) / 2.0
    market.bid_ticks = floor_to_grid(other.bid / market.tick_size)
    market.ask_ticks = ceil_to_grid(other.ask / market.tick_size)
    if market.per_lot > 0.0:
        lot_at(market)
    market.position_lots = round(other.position / market.lot_size)
    market.position = other.position


def place_account(session: Any, snapshot: Snapshot) -> None:
    """Puts the account into the situation of a snapshot: what is not given is as if the position had just been opened at the mid."""
    account, market = session.account, session.market
    account.lots = market.position_lots
    for name, value in snapshot.account.items():
        setattr(account, name, int(value) if isinstance(getattr(account, name), int) else value)
    if account.lots == 0:
        account.entry = math.nan
        return
    if "entry" not in snapshot.account:
        account.entry = market.mid
    if "opened" not in snapshot.account:
        account.opened = market.now
    account.cost = u_of(account, account.entry) * abs(account.lots)
    remember(account, abs(account.lots), u_of(account, account.entry))
