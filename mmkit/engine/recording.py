"""Writes the state at the recording interval into the log."""

import math
from typing import Any

from mmkit.engine.logs import LEG_COLUMNS, RECORD_COLUMNS
from mmkit.engine.places import record_signals
from mmkit.engine.records import NO_ASK, NO_BID, WORKING


def record(s: Any, log: Any) -> None:
    """Writes the state as it is now: our quotes are the best orders that are known to work."""
    desk = s.desk
    tick_size = s.market.tick_size
    bid = NO_BID
    ask = NO_ASK
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if order.state == WORKING:
            if order.side > 0:
                bid = max(bid, order.tick)
            else:
                ask = min(ask, order.tick)
    record_quotes(
        s,
        log,
        bid * tick_size if bid != NO_BID else math.nan,
        ask * tick_size if ask != NO_ASK else math.nan,
        mid_of(s),
    )


def mid_of(leg: Any) -> float:
    """Returns an instrument's mid at the venue, quote currency; NaN where there is none."""
    exchange = leg.exchange
    if exchange.best_bid == NO_BID or exchange.best_ask == NO_ASK:
        return math.nan
    return float((exchange.best_bid + exchange.best_ask) * leg.market.tick_size / 2.0)


def record_quotes(s: Any, log: Any, bid: float, ask: float, mid: float) -> None:
    """Writes a record; bid, ask: our inner quotes, quote currency, NaN where there is none; mid: the venue's."""
    at = log.records * log.record_width
    row = log.record
    log.record_time[log.records] = s.market.now
    row[at] = s.market.bid
    row[at + 1] = s.market.ask
    row[at + 2] = bid
    row[at + 3] = ask
    row[at + 4] = float(s.clock.path)
    record_leg(s, log, at + RECORD_COLUMNS, mid)
    record_signals(s, log, at)
    log.records += 1


def record_leg(leg: Any, log: Any, at: int, mid: float) -> None:
    """Writes an instrument's mid and ledger."""
    ledger = leg.ledger
    row = log.record
    row[at] = mid
    row[at + 1] = float(ledger.position)
    if leg.market.per_lot > 0.0:
        row[at + 2] = ledger.coin + ledger.coin_rest
        row[at + 3] = ledger.maker_coin
        row[at + 4] = ledger.taker_coin
    else:
        row[at + 2] = float(ledger.spent)
        row[at + 3] = float(ledger.maker)
        row[at + 4] = float(ledger.taker)
    row[at + 5] = ledger.funding


def record_legs(s: Any, log: Any) -> None:
    """Writes the other instruments into the record that has just been written."""
    at = (log.records - 1) * log.record_width + RECORD_COLUMNS
    for k in range(len(s.legs)):
        at += LEG_COLUMNS
        record_leg(s.legs[k], log, at, mid_of(s.legs[k]))
