"""Volume-adjusted market price, and which way aggressive trades press: the trade-based VAMP of the reference bot.

    price     = r VWAP_buy + (1 - r) VWAP_sell,  r = B / (B + S): identically the VWAP of the aggressive trades
    pressure  = (B - S) / (B + S)
    vwap      = sum p V / sum V over all trades
    impact    = sum omega x / N, kept within -1..1,  x = +V for a buy, -V for a sell,  omega = 1 - age / max_age

V quantity (base), p price (quote), B and S bought and sold by aggressors; the aggressor is the taker's side. Each quantity
has a window: the last `window` trades for vwap, `aggressive_window` for price, pressure and volumes, `impact_window` for
the impact, none of them older than `max_age`. N is `reference_volume`, or, where that is 0, the aggressive volume in the
impact's window, without its decay: either way the impact of a print fades as time passes, and it is worked out at every
event and decision. Without an aggressor in its window, price is vwap; without any trade both are NaN, and nothing presses
(0). All are NaN before the first trade. Not to be confused with `vamp-mid`, a price of the book.

Source: github.com/Sylar963/Thalex_modular, revision eeaeb90 (there with sums since the start, and normalised so that a
lone print never fades).
"""

import math
from typing import Any

import attrs

import mmkit

TRADES = 1024
"""Most trades in a window."""


@attrs.frozen
class Params:
    window: int = mmkit.field(50, unit="trades", at_least=1, at_most=TRADES, doc="trades that make the vwap")
    aggressive_window: int = mmkit.field(
        20, unit="trades", at_least=1, at_most=TRADES, doc="trades that make price, pressure and aggressive volumes"
    )
    impact_window: int = mmkit.field(30, unit="trades", at_least=1, at_most=TRADES, doc="trades that make the impact")
    max_age: mmkit.Duration = mmkit.field("300s", above=0, doc="age at which a trade leaves every window")
    reference_volume: float = mmkit.field(
        0.0, unit="base", at_least=0, doc="fresh net volume of full impact; 0 = the aggressive volume in the window"
    )


@attrs.define
class State:
    """seen: trades so far, in rings by their number; each window holds those from its `first_` on.

    Sums are whole numbers of lots, and of lots times ticks from `reference`, kept as floats: exact below 2^53, so that
    what leaves takes away exactly what it brought. ages: sum of x age (lot seconds) at `time`.
    """

    price: float = mmkit.field(math.nan, doc="volume-adjusted market price")
    vwap: float = mmkit.field(math.nan, doc="average price of all trades in the window")
    impact: float = mmkit.field(math.nan, doc="decayed signed aggressive volume, -1..1")
    pressure: float = mmkit.field(math.nan, doc="aggressive volume bought less sold, of both, -1..1")
    buy_volume: float = mmkit.field(0.0, doc="aggressive volume bought")
    sell_volume: float = mmkit.field(0.0, doc="aggressive volume sold")
    reference: int = 0
    seen: int = 0
    first_trade: int = 0
    first_aggressive: int = 0
    first_impact: int = 0
    lots: float = 0.0
    turnover: float = 0.0
    buys: float = 0.0
    sells: float = 0.0
    aggressive_turnover: float = 0.0
    net: float = 0.0
    gross: float = 0.0
    ages: float = 0.0
    time: int = 0
    ring_time: list[int] = mmkit.array(int, TRADES, unit="ns")
    ring_side: list[int] = mmkit.array(int, TRADES)
    ring_lots: list[float] = mmkit.array(float, TRADES, unit="lots")
    ring_turnover: list[float] = mmkit.array(float, TRADES, unit="ticks lots")


def on_trade(params: Params, state: State, market: Any, trade: Any) -> None:
    """Takes a trade into the windows; one without an aggressor (side 0) counts for the vwap only."""
    grow_older(state, market.now)
    if state.seen == 0:
        state.reference = trade.price_ticks
    lots = float(trade.qty_lots)
    turnover = float(trade.price_ticks - state.reference) * lots
    at = state.seen % TRADES
    if at == 0 and state.seen > 0:
        # The ages are the only sum that rounds: it starts anew before that adds up.
        state.ages = summed_ages(state)
    while state.seen - state.first_trade >= params.window:
        drop_trade(state)
    while state.seen - state.first_aggressive >= params.aggressive_window:
        drop_aggressive(state)
    while state.seen - state.first_impact >= params.impact_window:
        drop_impact(state)
    state.ring_time[at] = market.now
    state.ring_side[at] = trade.side
    state.ring_lots[at] = lots
    state.ring_turnover[at] = turnover
    state.seen += 1
    state.lots += lots
    state.turnover += turnover
    if trade.side != 0:
        state.aggressive_turnover += turnover
        state.gross += lots
    if trade.side > 0:
        state.buys += lots
        state.net += lots
    elif trade.side < 0:
        state.sells += lots
        state.net -= lots
    publish(params, state, market)


def on_clock(params: Params, state: State, market: Any) -> None:
    """Time passes without a trade too."""
    grow_older(state, market.now)
    publish(params, state, market)


def grow_older(state: State, now: int) -> None:
    """Lets the age of everything in the impact's window go on to `now`."""
    state.ages += state.net * (float(now - state.time) * 1e-9)
    state.time = now


def summed_ages(state: State) -> float:
    """Returns the sum of signed lots times age (s) over the impact's window."""
    total = 0.0
    for number in range(state.first_impact, state.seen):
        at = number % TRADES
        total += state.ring_side[at] * state.ring_lots[at] * (float(state.time - state.ring_time[at]) * 1e-9)
    return total


def drop_trade(state: State) -> None:
    """Takes the oldest trade out of the vwap."""
    at = state.first_trade % TRADES
    state.lots -= state.ring_lots[at]
    state.turnover -= state.ring_turnover[at]
    state.first_trade += 1


def drop_aggressive(state: State) -> None:
    """Takes the oldest trade out of price, pressure and volumes."""
    at = state.first_aggressive % TRADES
    if state.ring_side[at] > 0:
        state.buys -= state.ring_lots[at]
    elif state.ring_side[at] < 0:
        state.sells -= state.ring_lots[at]
    if state.ring_side[at] != 0:
        state.aggressive_turnover -= state.ring_turnover[at]
    state.first_aggressive += 1


def drop_impact(state: State) -> None:
    """Takes the oldest trade out of the impact; the empty window is exactly empty."""
    at = state.first_impact % TRADES
    if state.ring_side[at] != 0:
        signed = state.ring_side[at] * state.ring_lots[at]
        state.net -= signed
        state.gross -= state.ring_lots[at]
        state.ages -= signed * (float(state.time - state.ring_time[at]) * 1e-9)
    state.first_impact += 1
    if state.first_impact == state.seen:
        state.ages = 0.0


def publish(params: Params, state: State, market: Any) -> None:
    """Lets old trades go and sets the outputs."""
    if state.seen == 0:
        return
    oldest = market.now - params.max_age
    while state.first_trade < state.seen and state.ring_time[state.first_trade % TRADES] <= oldest:
        drop_trade(state)
    while state.first_aggressive < state.seen and state.ring_time[state.first_aggressive % TRADES] <= oldest:
        drop_aggressive(state)
    while state.first_impact < state.seen and state.ring_time[state.first_impact % TRADES] <= oldest:
        drop_impact(state)
    state.vwap = math.nan
    if state.lots > 0.0:
        state.vwap = (state.reference + state.turnover / state.lots) * market.tick_size
    state.buy_volume = state.buys * market.lot_size
    state.sell_volume = state.sells * market.lot_size
    aggressive = state.buys + state.sells
    if aggressive > 0.0:
        state.price = (state.reference + state.aggressive_turnover / aggressive) * market.tick_size
        state.pressure = (state.buys - state.sells) / aggressive
    else:
        state.price = state.vwap
        state.pressure = 0.0
    normal = params.reference_volume / market.lot_size if params.reference_volume > 0.0 else state.gross
    state.impact = 0.0
    if normal > 0.0:
        decayed = state.net - state.ages / (params.max_age * 1e-9)
        state.impact = max(-1.0, min(decayed / normal, 1.0))


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "vamp",
        params=Params,
        state=State,
        outputs={
            "price": "quote",
            "vwap": "quote",
            "impact": "",
            "pressure": "",
            "buy_volume": "base",
            "sell_volume": "base",
        },
        on_trade=on_trade,
        on_clock=on_clock,
        examples=({"window": 20, "aggressive_window": 10, "impact_window": 10, "max_age": "5s"},),
    )
