"""Trade flow: by how much aggressive buying outweighs aggressive selling lately, and how busy the tape is.

    value = (B - S) / (B + S), -1 (only sells) to 1 (only buys), 0 where nothing traded
    count = (n_B - n_S) / (n_B + n_S), the same with every trade as large as any other
    rate = n / T (1/s),  volume_rate = V / T (base/s)

B, S quantity bought and sold by aggressors, n_B, n_S their numbers, n and V number and quantity of all trades (a trade
whose aggressor is not known counts there only), T the time looked at. The window is the last `window`, known to a fiftieth
of it, or, with a `half_life` tau, all the past with weight 2^(-age / tau), and T = (1 - 2^(-t / tau)) tau / ln 2 a time t
after the start. NaN until the window (or one half-life) has passed since the session began.

Source: signed volume as in Lee & Ready (1991), Journal of Finance 46, 733-746, with the aggressor that venues publish in
the place of their test.
"""

import math
from typing import Any

import attrs

import mmkit

SLOTS = 50
"""Parts of the rolling window; the oldest part leaves it as a whole."""

BUYS, SELLS, BOUGHT, SOLD, TRADES, TRADED = range(6)
"""What is summed, in this order per part of the window: numbers of trades, then lots; of buys, sells, and all."""

SUMS = 6


@attrs.frozen
class Params:
    window: mmkit.Duration = mmkit.field("60s", at_least=SLOTS, doc="length of the rolling window")
    half_life: mmkit.Duration = mmkit.field(
        "0s", at_least=0, doc="above 0: instead of leaving a window, trades lose half their weight in this time"
    )


@attrs.define
class State:
    """time: of the decayed sums; with a rolling window the number of its newest slot, counted from the epoch."""

    value: float = mmkit.field(math.nan, doc="bought less sold, of what was bought and sold, -1..1")
    count: float = mmkit.field(math.nan, doc="the same of the numbers of trades")
    rate: float = mmkit.field(math.nan, doc="trades per time")
    volume_rate: float = mmkit.field(math.nan, doc="quantity traded per time")
    time: int = 0
    sums: list[float] = mmkit.array(float, SUMS)
    slots: list[float] = mmkit.array(float, SUMS * SLOTS)


def on_trade(params: Params, state: State, market: Any, trade: Any) -> None:
    """Takes a trade into the window."""
    advance(params, state, market.now)
    lots = float(trade.qty_lots)
    add(params, state, TRADES, 1.0)
    add(params, state, TRADED, lots)
    if trade.side > 0:
        add(params, state, BUYS, 1.0)
        add(params, state, BOUGHT, lots)
    elif trade.side < 0:
        add(params, state, SELLS, 1.0)
        add(params, state, SOLD, lots)
    publish(params, state, market)


def on_clock(params: Params, state: State, market: Any) -> None:
    """Time passes without a trade too."""
    advance(params, state, market.now)
    publish(params, state, market)


def advance(params: Params, state: State, now: int) -> None:
    """Lets the window go on to `now`."""
    if params.half_life > 0:
        if now == state.time:
            return
        keep = math.exp(-math.log(2.0) * float(now - state.time) / float(params.half_life))
        for i in range(SUMS):
            state.sums[i] *= keep
        state.time = now
        return
    newest = now // (params.window // SLOTS)
    passed = newest - state.time
    if passed <= 0:
        return
    # Whole numbers: taking out of the sum what went in leaves nothing behind.
    for k in range(min(passed, SLOTS)):
        first = (newest - k) % SLOTS * SUMS
        for i in range(SUMS):
            state.sums[i] -= state.slots[first + i]
            state.slots[first + i] = 0.0
    state.time = newest


def add(params: Params, state: State, what: int, amount: float) -> None:
    """Adds to one of the sums."""
    state.sums[what] += amount
    if params.half_life <= 0:
        state.slots[state.time % SLOTS * SUMS + what] += amount


def publish(params: Params, state: State, market: Any) -> None:
    """Sets the outputs, NaN before the window has passed."""
    elapsed = market.now - market.start
    span = params.half_life if params.half_life > 0 else params.window
    if elapsed < span:
        return
    sums = state.sums
    state.value = balance(sums[BOUGHT], sums[SOLD])
    state.count = balance(sums[BUYS], sums[SELLS])
    if params.half_life > 0:
        decay = math.log(2.0) / (params.half_life * 1e-9)
        seconds = (1.0 - math.exp(-decay * (elapsed * 1e-9))) / decay
    else:
        slot = params.window // SLOTS
        seconds = float(market.now - (state.time - (SLOTS - 1)) * slot) * 1e-9
    state.rate = sums[TRADES] / seconds
    state.volume_rate = sums[TRADED] / seconds * market.lot_size


def balance(up: float, down: float) -> float:
    """Returns (up - down) / (up + down), 0 for nothing on either side."""
    return (up - down) / (up + down) if up + down > 0.0 else 0.0


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "trade-flow",
        params=Params,
        state=State,
        outputs={"value": "", "count": "", "rate": "1/s", "volume_rate": "base/s"},
        on_trade=on_trade,
        on_clock=on_clock,
        examples=({"window": "5s"},),
    )
