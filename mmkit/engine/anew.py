"""What the kernel does once and, where an optimization is switched off, does again each time: for measuring what it saves."""

from typing import Any

from mmkit.engine.orders import place
from mmkit.engine.places import fresh_order
from mmkit.engine.records import Order, quotes_class


def new_ladder(s: Any) -> None:
    """The plain engine makes a new object."""
    s.ladder = quotes_class(len(s.ladder.offset_ticks))()


def cleared_ladder(s: Any) -> None:
    """The compiled engine has one block of memory: clearing it is the least that a new one would cost."""
    ladder = s.ladder
    for i in range(len(ladder.offset_ticks)):
        ladder.offset_ticks[i] = 0
        ladder.bid_qty[i] = 0.0
        ladder.ask_qty[i] = 0.0
        ladder.bid_ticks[i] = 0
        ladder.ask_ticks[i] = 0
        ladder.bid_lots[i] = 0
        ladder.ask_lots[i] = 0


def place_anew(desk: Any, market: Any, side: int, tick: int, lots: int, kind: int) -> None:
    """Sends an order that is a new object, not one used before."""
    if desk.spare_count > 0:
        fresh_order(desk, desk.spare[desk.spare_count - 1])
    place(desk, market, side, tick, lots, kind)


def new_order(desk: Any, at: int) -> None:
    """The plain engine makes a new object; its predecessor's key stays -1 until the venue gives it one."""
    desk.orders[at] = Order()


def cleared_order(desk: Any, at: int) -> None:
    """The compiled engine clears the place."""
    order = desk.orders[at]
    order.front = 0.0
    order.traded = 0.0
    order.key = -1
