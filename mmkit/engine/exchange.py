"""The venue's side as records: our orders as the venue has them, the account there, and the answers under way."""

from functools import cache

import attrs

from mmkit.engine.records import ACCEPTED, LINEAR, NEVER, NO_ASK, NO_BID, NO_FAULT, records
from mmkit.fields import array


@attrs.define
class Answer:
    """An answer on its way to us: when it arrives, the order's place and id, its kind, and what an execution is."""

    time: int = 0
    place: int = 0
    id: int = 0
    kind: int = ACCEPTED
    tick: int = 0
    lots: int = 0
    maker: int = 0


@cache
def exchange_class(size: int, ring: int) -> type:
    """Returns the record of the venue's side, with room for so many orders and answers under way (a power of two)."""

    @attrs.define
    class Exchange:
        """Our orders as the venue has them, and the answers under way.

        resting: places of resting orders, bids from 0, asks from `room`, best price first, then oldest;
        best_bid, best_ask: of the market at the venue; base: tick of the first level of its book;
        mid_*: the market's best prices just before the event at hand;
        taken_asks, taken_bids: lots that our orders took from crossing levels;
        our_bid, our_ask: best prices of our resting orders; low, high: none of them has a key outside of these;
        lot_size, lots_per_unit: as an instrument's, in which the queue counts; reprice: a post-only order that would take rests a tick off
        the other side instead of being refused; position: lots of all executions; settles: when funding is due next; bounded: orders can be
        too small, or more than the account can pay; limited, owned (lots), cash, paid and what follows: the account (mmkit.engine.funds).
        """

        response_latency: int = 0
        partial_fills: int = 1
        reprice: int = 0
        lot_size: float = 1.0
        lots_per_unit: float = 0.0
        kind: int = LINEAR
        bounded: int = 0
        limited: int = 0
        owned: int = 0
        cash: float = 0.0
        paid: float = 0.0
        maker_fee: float = 0.0
        taker_fee: float = 0.0
        initial_margin: float = 0.0
        maintenance_margin: float = 0.0
        min_lots: int = 0
        min_value: float = 0.0
        position: int = 0
        settles: int = NEVER
        room: int = size
        resting: list[int] = array(int, 2 * size)
        bid_count: int = 0
        ask_count: int = 0
        base: int = 0
        best_bid: int = NO_BID
        best_ask: int = NO_ASK
        mid_bid: int = NO_BID
        mid_ask: int = NO_ASK
        valid: int = 0
        taken_asks: int = 0
        taken_bids: int = 0
        our_bid: int = NO_BID
        our_ask: int = NO_ASK
        low: int = 0
        high: int = -1
        mask: int = ring - 1
        answers: list[Answer] = records(Answer, ring)
        answer_first: int = 0
        answer_end: int = 0
        rejected: int = 0
        expired: int = 0
        cancelled: int = 0
        amended: int = 0
        fault: int = NO_FAULT

    return Exchange
