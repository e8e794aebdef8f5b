"""What an execution of ours does to position and money, as we know them: exact for linear contracts, compensated for inverse ones."""

from typing import Any

from mmkit.engine.noting import note
from mmkit.engine.places import on_account
from mmkit.engine.records import EXECUTION


def book_fill(s: Any, leg: Any, log: Any, side: int, tick: int, lots: int, maker: int) -> None:
    """Enters an execution into an instrument's ledger and shows it to the rules."""
    ledger = leg.ledger
    market = leg.market
    fill = leg.fill
    ledger.position += side * lots
    if market.per_lot > 0.0:
        book_coin(ledger, side, lots / tick, maker)
    else:
        amount = tick * lots
        ledger.spent += side * amount
        if maker:
            ledger.maker += amount
        else:
            ledger.taker += amount
    ledger.fills += 1
    market.fills = ledger.fills
    market.position_lots = ledger.position
    market.position = ledger.position * market.lot_size
    fill.side = side
    fill.price_ticks = tick
    fill.qty_lots = lots
    fill.price = tick * market.tick_size
    fill.qty = lots * market.lot_size
    fill.maker = maker
    on_account(s, leg)
    note(
        s,
        log,
        market.now,
        EXECUTION,
        side * (market.number + 1),
        fill.qty,
        fill.price,
        side * fill.qty,
        market.position,
    )


def book_coin(ledger: Any, side: int, amount: float, maker: int) -> None:
    """Enters contracts over their price (lots / tick) into an inverse contract's ledger; Neumaier 1974 keeps what rounding loses."""
    before = ledger.coin
    change = side * amount
    total = before + change
    if abs(before) >= abs(change):
        ledger.coin_rest += (before - total) + change
    else:
        ledger.coin_rest += (change - total) + before
    ledger.coin = total
    if maker:
        ledger.maker_coin += amount
    else:
        ledger.taker_coin += amount
