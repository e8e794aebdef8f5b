"""What an account at a venue can afford: owned coins and cash of a spot account, margin of a derivative's; and the venue's least order.

Money is in tick * lots, of an inverse contract in lots / tick; `paid` counts what executions and their fees have taken so far.
"""

from typing import Any

from mmkit.engine.orders import largest, standing
from mmkit.engine.records import INVERSE, LIQUIDATED, MARKET, NO_ASK, NO_BID, SPOT
from mmkit.engine.resting import end_of, first_of, opposite


def pay(leg: Any, side: int, tick: int, lots: int, maker: int) -> None:
    """Takes an execution and its fee out of the account."""
    exchange = leg.exchange
    rate = exchange.maker_fee if maker else exchange.taker_fee
    if exchange.kind == INVERSE:
        exchange.paid += (rate - side) * (lots / tick)
    else:
        exchange.paid += (rate + side) * float(tick * lots)


def reach(exchange: Any, order: Any) -> int:
    """Returns the price at which an order counts: its own, of a market order that of the other side."""
    return opposite(exchange, order.side) if order.kind == MARKET else int(order.tick)


def short_of_funds(leg: Any, order: Any, lots: int) -> bool:
    """Returns whether the venue refuses an order of `lots` because the account cannot pay it."""
    exchange = leg.exchange
    tick = reach(exchange, order)
    if tick in (NO_BID, NO_ASK):
        return False
    if not exchange.limited or (order.reduce_only and exchange.kind != SPOT):
        return False
    if exchange.kind == SPOT:
        if order.side < 0:
            return bool(exchange.owned + exchange.position - resting_lots(leg, -1) < lots)
        needed = (resting_amount(leg, 1) + float(tick * lots)) * with_fee(exchange)
        return bool(needed > exchange.cash - exchange.paid)
    if exchange.initial_margin <= 0.0 or exchange.best_bid == NO_BID or exchange.best_ask == NO_ASK:
        return False
    worst = abs(exchange.position + order.side * (resting_lots(leg, order.side) + lots))
    if worst <= abs(exchange.position):
        return False
    return bool(exchange.initial_margin * value(exchange, worst) > equity(exchange))


def payable(leg: Any, order: Any, tick: int, lots: int) -> int:
    """Returns how many of `lots` a spot account can pay at `tick`: what a market order costs shows only when it takes."""
    exchange = leg.exchange
    if not exchange.limited or exchange.kind != SPOT or order.kind != MARKET or order.side < 0:
        return lots
    dear = with_fee(exchange)
    free = exchange.cash - exchange.paid - resting_amount(leg, 1) * dear
    return int(max(min(float(lots), free / (tick * dear)), 0.0))


def with_fee(exchange: Any) -> float:
    """Returns what a purchase may cost of its amount: with the higher fee, as an order that rests may take and the other way round."""
    return float(1.0 + max(exchange.maker_fee, exchange.taker_fee))


def too_small(exchange: Any, tick: int, lots: int) -> bool:
    """Returns whether an order is below the venue's least quantity or value."""
    if lots < exchange.min_lots:
        return True
    if tick in (NO_BID, NO_ASK):
        return False
    return bool(exchange.min_value > 0.0 and exchange.kind != INVERSE and float(tick * lots) < exchange.min_value)


def value(exchange: Any, lots: int) -> float:
    """Returns what lots are worth at the mid."""
    middle = 0.5 * (exchange.best_bid + exchange.best_ask)
    return float(lots / middle) if exchange.kind == INVERSE else float(lots * middle)


def equity(exchange: Any) -> float:
    """Returns the account's money with the position at the mid."""
    held = value(exchange, exchange.position)
    return float(exchange.cash - exchange.paid + (-held if exchange.kind == INVERSE else held))


def resting_lots(leg: Any, side: int) -> int:
    """Returns the lots of our resting orders of a side."""
    exchange = leg.exchange
    lots = 0
    for i in range(first_of(exchange, side), end_of(exchange, side)):
        lots += leg.desk.orders[exchange.resting[i]].open
    return lots


def resting_amount(leg: Any, side: int) -> float:
    """Returns price * quantity of our resting orders of a side."""
    exchange = leg.exchange
    amount = 0.0
    for i in range(first_of(exchange, side), end_of(exchange, side)):
        order = leg.desk.orders[exchange.resting[i]]
        amount += float(order.tick * order.open)
    return amount


def judge(leg: Any) -> None:
    """Notes that the venue liquidates the account: its equity does not cover the maintenance margin any more."""
    exchange = leg.exchange
    if not exchange.limited or exchange.maintenance_margin <= 0.0 or exchange.position == 0:
        return
    if exchange.best_bid == NO_BID or exchange.best_ask == NO_ASK:
        return
    if equity(exchange) < exchange.maintenance_margin * value(exchange, abs(exchange.position)):
        exchange.fault = LIQUIDATED


def afford(s: Any) -> None:
    """Lowers the ladder to what a spot account owns and can pay, all outstanding orders filled; drops what is too small."""
    ladder = s.ladder
    exchange = s.exchange
    owned = exchange.owned + s.ledger.position
    cash = exchange.cash - s.ledger.spent - exchange.maker_fee * s.ledger.maker - exchange.taker_fee * s.ledger.taker
    spot = exchange.kind == SPOT and exchange.limited
    desk = s.desk
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if order.side < 0:
            owned -= largest(order)
        else:
            cash -= max(order.tick, order.asked_tick) * largest(order) * with_fee(exchange)
    for i in range(ladder.levels):
        if spot and ladder.ask_lots[i] > 0:
            kept = standing(desk, -1, ladder.ask_ticks[i], ladder.ask_lots[i])
            ladder.ask_lots[i] = kept + max(min(ladder.ask_lots[i] - kept, owned), 0)
            owned -= ladder.ask_lots[i] - kept
        if spot and ladder.bid_lots[i] > 0:
            kept = standing(desk, 1, ladder.bid_ticks[i], ladder.bid_lots[i])
            each = max(ladder.bid_ticks[i], 1) * with_fee(exchange)
            ladder.bid_lots[i] = kept + min(ladder.bid_lots[i] - kept, int(max(cash, 0.0) / each))
            cash -= each * (ladder.bid_lots[i] - kept)
        if too_small(exchange, ladder.bid_ticks[i], ladder.bid_lots[i]):
            ladder.bid_lots[i] = 0
        if too_small(exchange, ladder.ask_ticks[i], ladder.ask_lots[i]):
            ladder.ask_lots[i] = 0
