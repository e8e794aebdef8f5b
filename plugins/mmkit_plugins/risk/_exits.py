"""What the rules that close a position share: their course from the cause to the end, and what a position is worth after
fees.

    QUOTING --cause--> CLOSING --flat--> COOLING --cool_down--> QUOTING        (then_resume)
    QUOTING --cause--> CLOSING --flat--> HALTED --released, cause gone--> QUOTING        (then_halt)

The level is FLATTEN while CLOSING, NO_QUOTES while COOLING, HALT while HALTED. What was in flight when the position
became flat may still open one: it is closed too. A halt outlasts its cause: it is looked at again only when a rule
such as `recovery` asks for it.

Worth after fees: the position closed at a price, less the fees paid to open it, less the taker fee to close it times
a buffer. Fees paid are what the account paid while the position grew; what is closed takes its share along. Money is in the currency of
the account's profit: quote, of an inverse contract the coin. An
unknown price or entry makes the result NaN, which is above and below nothing: what cannot be judged changes no level.
"""

import math
from typing import Any

import attrs

import mmkit

QUOTING, CLOSING, COOLING, HALTED = range(4)


@attrs.define
class Exit:
    """phase: QUOTING to HALTED; since: when it began (ns); released: control.releases when the halt was last looked at."""

    phase: int = mmkit.field(QUOTING, at_least=QUOTING, at_most=HALTED)
    since: int = 0
    released: int = 0


@attrs.define
class NetExit(Exit):
    """open_fees: paid on the open position (quote); known_fees, known_lots: the account's fees and the position when last looked at."""

    open_fees: float = 0.0
    known_fees: float = 0.0
    known_lots: int = 0


def demand_a_limit(rule: str, params: Any) -> None:
    """Raises mmkit.ConfigError for a rule that has been given neither a fraction nor money to act at."""
    if math.isinf(params.fraction) and math.isinf(params.money):
        raise mmkit.ConfigError(f"{rule}.fraction: neither it nor {rule}.money is given")


def then_resume(state: Any, market: Any, control: Any, hit: bool, cool_down: int, patience: int) -> int:
    """Returns the level: from a cause on, close until flat, quote nothing for cool_down, then go on."""
    close_when(state, market, hit)
    if state.phase == CLOSING and market.position_lots == 0:
        state.phase = COOLING
        state.since = market.now
    if state.phase == COOLING and market.now - state.since >= cool_down:
        state.phase = QUOTING
    return level(state, control, patience)


def then_halt(state: Any, market: Any, control: Any, hit: bool, gone: bool, patience: int) -> int:
    """Returns the level: from a cause on, close until flat, then halt until a release finds the cause gone.

    Neither hit nor gone: it cannot be judged now.
    """
    close_when(state, market, hit)
    if state.phase == CLOSING and market.position_lots == 0:
        state.phase = HALTED
        state.since = market.now
        state.released = control.releases
    if state.phase == HALTED and state.released != control.releases:
        state.released = control.releases
        if gone:
            state.phase = QUOTING
    return level(state, control, patience)


def close_when(state: Any, market: Any, hit: bool) -> None:
    """Begins to close at a cause, and again what was still in flight when the position had become flat."""
    late = state.phase >= COOLING and market.position_lots != 0
    if late or (hit and state.phase == QUOTING):
        state.phase = CLOSING
        state.since = market.now


def level(state: Any, control: Any, patience: int) -> int:
    """Returns the phase's level; while closing, the stages of the flattening take `patience` each."""
    found: int = mmkit.NORMAL
    if state.phase == CLOSING:
        control.patience = patience
        found = mmkit.FLATTEN
    elif state.phase == COOLING:
        found = mmkit.NO_QUOTES
    elif state.phase == HALTED:
        found = mmkit.HALT
    return found


def follow_fees(state: Any, market: Any, account: Any) -> None:
    """Takes note of what was paid since the last call, made at every fill at the latest."""
    paid = account.fees - state.known_fees
    now, before = market.position_lots, state.known_lots
    if now == 0:
        state.open_fees = 0.0
    elif now * before < 0:
        state.open_fees = paid * (abs(now) / (abs(now) + abs(before)))
    elif abs(now) < abs(before):
        state.open_fees *= abs(now) / abs(before)
    else:
        state.open_fees += paid
    state.known_fees = account.fees
    state.known_lots = now


def closing_price(market: Any) -> float:
    """Returns what a taker gets for the position: the best price of the other side, the mid while flat."""
    if market.position_lots > 0:
        return float(market.bid)
    if market.position_lots < 0:
        return float(market.ask)
    return float(market.mid)


def net_money(state: Any, market: Any, account: Any, price: float, buffer: float) -> float:
    """Returns what closing the position at `price` would leave after fees, NaN where it cannot be judged."""
    if market.position_lots == 0 or not price > 0.0:
        return math.nan
    from_mid = market.position * (price - market.mid)
    value = abs(market.position) * price
    if account.inverse:
        from_mid = from_mid / price
        value = abs(market.position) * market.mid / price
    closing = buffer * max(account.taker_fee, 0.0) * value
    return float(account.unrealised + from_mid - state.open_fees - closing)


def entry_value(market: Any, account: Any) -> float:
    """Returns what the position was worth when it was entered, NaN where that is not known."""
    if not account.entry > 0.0:
        return math.nan
    if account.inverse:
        return float(abs(market.position) * market.mid / account.entry)
    return float(abs(market.position) * account.entry)
