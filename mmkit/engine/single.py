"""One event, one decision: how a session that is called from outside, event by event, uses a stack."""

from typing import Any

from mmkit.engine.noting import note_decision
from mmkit.engine.orders import forget
from mmkit.engine.places import decide, on_clock
from mmkit.engine.records import NO_ASK, NO_BID
from mmkit.engine.replay import see, tell


def single(now: int, bid: int, ask: int, s: Any, book: Any, log: Any) -> int:
    """Takes a change of the best prices (ticks) known at `now` and decides; returns how many requests have been sent so far."""
    changed = see(s.market, 0, bid, ask)
    tell(s, s, book, now, changed, 0)
    s.market.now = now
    s.market.updated = now
    on_clock(s, s, book)
    forget(s.desk)
    if s.market.bid_ticks != NO_BID and s.market.ask_ticks != NO_ASK:
        s.clock.decisions += 1
        decide(s, book)
        note_decision(s, log)
    return int(s.desk.sent_end)
