"""Candles of equal volume, and what the last three say: momentum, reversal, volatility, exhaustion, and predictions from them.

A candle ends when its volume reaches `threshold`, or, by the clock, `max_time` after its first trade: a late trade opens the
next one. A larger trade makes one large candle, or, with `split`, as many full ones as it fills. Over the last three, oldest
first, with d the share of volume bought less sold, p = close_3 / open_1 - 1, E_f and E_s the fast and slow average of d:

    momentum      100 p min(1, 5 |mean d|) within -1..1 if p and mean d have one sign, else 0
    reversal      min(1, 50 |p|) min(1, 10 |E_f - E_s|) if p and E_f - E_s have opposite signs, else 0
    volatility    min(1, (50 mean(high / low - 1) + std(volume) / mean(volume) + std(d)) / 3)
    exhaustion    +min(1, 5 |t|) if p > 0 and t < -0.1 (buying tires), - the same if p < 0 and t > 0.1,  t = d_3 - d_1

    gamma, kappa, volatility_adjustment     0.4 volatility + 0.3 reversal, -0.3 volatility, 0.4 volatility
    offset        0.0003 momentum if |momentum| > 0.2 and |exhaustion| < 0.5, else against the last candle's move
                  0.0005 reversal if reversal > 0.6; else 0
    trend         -1 or 1, the sign of the momentum, if |momentum| > 0.3, else 0

Predictions are fractions (offset: of the price). They are made with every candle, made anew every `refresh` while trades
come in, and 0 from `max_age` on. accuracy_h: of the last `evaluated` momenta other than 0, the share whose sign the price
had followed h candles later; count: momenta that are evaluated at every horizon. Before the third candle signals and
predictions are 0, as after an unremarkable one; prediction_age and accuracies are NaN while there is none.

Source: github.com/Sylar963/Thalex_modular, revision eeaeb90, with the signs of momentum and exhaustion put right.
"""

import math
from typing import Any

import attrs

import mmkit
from mmkit_plugins.signals._candle import HISTORY, absorb, complete, deviation_of, mean_of, threshold_in_lots

HORIZONS = (1, 3, 5, 10)
"""Candles after which a momentum is compared with what the price did."""

EVALUATED = 256
"""Most evaluations that an accuracy looks at."""


@attrs.frozen
class Params:
    threshold: float = mmkit.field(1.0, unit="base", above=0, doc="volume of a candle")
    max_time: mmkit.Duration = mmkit.field("300s", above=0, doc="age at which a candle ends with what it has")
    split: bool = mmkit.field(False, doc="split a trade that overfills a candle over the next ones")
    fast: int = mmkit.field(8, unit="candles", at_least=1, at_most=10**6, doc="length of the fast averages")
    medium: int = mmkit.field(21, unit="candles", at_least=1, at_most=10**6, doc="length of the medium averages")
    slow: int = mmkit.field(55, unit="candles", at_least=1, at_most=10**6, doc="length of the slow averages")
    refresh: mmkit.Duration = mmkit.field(
        "10s", at_least=0, doc="time after which a prediction is made anew if anything traded; 0 = with candles only"
    )
    max_age: mmkit.Duration = mmkit.field("20s", above=0, doc="age from which a prediction no longer counts")
    evaluated: int = mmkit.field(
        20, unit="momenta", at_least=1, at_most=EVALUATED, doc="evaluations that make an accuracy"
    )


@attrs.define
class State:
    """Outputs; the running candle (lots = 0: none); the last ones in rings, by their number; evaluations, ring behind ring.

    traded: whether anything has since the last prediction, which was made at predicted (-1: there is none).
    """

    momentum: float = mmkit.field(0.0, doc="which way price and volume move together, -1..1")
    reversal: float = mmkit.field(0.0, doc="price against the turn of the volume, 0..1")
    volatility: float = mmkit.field(0.0, doc="unrest of ranges, volumes and deltas, 0..1")
    exhaustion: float = mmkit.field(0.0, doc="-1..1, positive after buying")
    gamma: float = mmkit.field(0.0, doc="predicted change of gamma")
    kappa: float = mmkit.field(0.0, doc="predicted change of kappa")
    offset: float = mmkit.field(0.0, doc="predicted offset of the price")
    trend: float = mmkit.field(0.0, doc="predicted trend: -1, 0 or 1")
    volatility_adjustment: float = mmkit.field(0.0, doc="predicted change of the volatility")
    prediction_age: float = mmkit.field(math.nan, doc="age of the predictions")
    completed: float = mmkit.field(0.0, doc="candles completed so far")
    cumulative_delta: float = mmkit.field(0.0, doc="bought less sold since the start")
    price_fast: float = mmkit.field(math.nan, doc="fast average of the closes")
    price_medium: float = mmkit.field(math.nan, doc="medium average of the closes")
    price_slow: float = mmkit.field(math.nan, doc="slow average of the closes")
    delta_fast: float = mmkit.field(math.nan, doc="fast average of the shares bought less sold")
    delta_medium: float = mmkit.field(math.nan, doc="medium average of the shares bought less sold")
    delta_slow: float = mmkit.field(math.nan, doc="slow average of the shares bought less sold")
    accuracy_1: float = mmkit.field(math.nan, doc="share of momenta that the price had followed 1 candle later")
    accuracy_3: float = mmkit.field(math.nan, doc="the same after 3 candles")
    accuracy_5: float = mmkit.field(math.nan, doc="the same after 5 candles")
    accuracy_10: float = mmkit.field(math.nan, doc="the same after 10 candles")
    count: float = mmkit.field(0.0, doc="momenta evaluated at every horizon")
    threshold_lots: int = 1
    candle_start: int = 0
    open: float = 0.0
    high: float = 0.0
    low: float = 0.0
    close: float = 0.0
    lots: int = 0
    delta_lots: int = 0
    total_delta: int = 0
    candles: int = 0
    predicted: int = -1
    traded: int = 0
    opens: list[float] = mmkit.array(float, HISTORY, unit="quote")
    closes: list[float] = mmkit.array(float, HISTORY, unit="quote")
    ranges: list[float] = mmkit.array(float, HISTORY, doc="high / low - 1")
    volumes: list[float] = mmkit.array(float, HISTORY, unit="lots")
    deltas: list[float] = mmkit.array(float, HISTORY, doc="share of the volume bought less sold")
    momenta: list[float] = mmkit.array(float, HISTORY)
    hits: list[int] = mmkit.array(int, EVALUATED * len(HORIZONS))
    hit_count: list[int] = mmkit.array(int, len(HORIZONS))
    tried: list[int] = mmkit.array(int, len(HORIZONS))


def setup(params: Params, state: State, instrument: Any) -> None:
    """Takes the threshold in lots. Raises mmkit.ConfigError if predictions would expire before they are made anew."""
    if params.max_age < params.refresh:
        raise mmkit.ConfigError(
            f"volume-candles.max_age: {params.max_age / 1e9:g} s is shorter than volume-candles.refresh, "
            f"{params.refresh / 1e9:g} s: predictions would come and go"
        )
    state.threshold_lots = threshold_in_lots(params.threshold, instrument.lot)


def on_trade(params: Params, state: State, market: Any, trade: Any) -> None:
    """Takes a trade into the candles, after what the clock owes."""
    close_when_due(params, state, market)
    lots = trade.qty_lots
    # Returns are taken of prices: one that is not above zero has none.
    if trade.price > 0.0 and lots > 0:
        state.traded = 1
        while lots > 0:
            part = min(lots, state.threshold_lots - state.lots) if params.split else lots
            absorb(state, market.now, trade.price, trade.side, part)
            lots -= part
            if state.lots >= state.threshold_lots:
                close_candle(params, state, market)
    keep_up(params, state, market.now)


def on_clock(params: Params, state: State, market: Any) -> None:
    """Ends a candle whose time is over, and lets predictions age, without waiting for a trade."""
    close_when_due(params, state, market)
    keep_up(params, state, market.now)


def close_when_due(params: Params, state: State, market: Any) -> None:
    """Ends the running candle if its time is over."""
    if state.lots > 0 and market.now - state.candle_start >= params.max_time:
        close_candle(params, state, market)


def close_candle(params: Params, state: State, market: Any) -> None:
    """Ends the running candle: signals and predictions from the last three, and the verdict on earlier momenta."""
    complete(state, params.fast, params.medium, params.slow, market.lot_size)
    evaluate(params, state)
    if state.candles < 3:
        return
    newest = state.candles - 1
    signal(state, newest)
    state.momenta[newest % HISTORY] = state.momentum
    predict(state, market.now)


def signal(state: State, newest: int) -> None:
    """Sets the four signals from the last three candles; newest: number of the newest, counted from 0."""
    move = state.closes[newest % HISTORY] / state.opens[(newest - 2) % HISTORY] - 1.0
    flow = mean_of(state.deltas, newest)
    state.momentum = 0.0
    if move * flow > 0.0:
        state.momentum = max(-1.0, min(100.0 * move * min(1.0, 5.0 * abs(flow)), 1.0))
    turn = state.delta_fast - state.delta_slow
    state.reversal = 0.0
    if move * turn < 0.0:
        state.reversal = min(1.0, 50.0 * abs(move)) * min(1.0, 10.0 * abs(turn))
    uneven = deviation_of(state.volumes, newest) / mean_of(state.volumes, newest)
    unrest = 50.0 * mean_of(state.ranges, newest) + uneven + deviation_of(state.deltas, newest)
    state.volatility = min(1.0, unrest / 3.0)
    tiring = state.deltas[newest % HISTORY] - state.deltas[(newest - 2) % HISTORY]
    state.exhaustion = 0.0
    if move > 0.0 and tiring < -0.1:
        state.exhaustion = min(1.0, 5.0 * abs(tiring))
    elif move < 0.0 and tiring > 0.1:
        state.exhaustion = -min(1.0, 5.0 * abs(tiring))


def predict(state: State, now: int) -> None:
    """Sets the predictions from the four signals and the last candle's move."""
    state.predicted = now
    state.traded = 0
    state.gamma = 0.4 * state.volatility + 0.3 * state.reversal
    state.kappa = -0.3 * state.volatility
    state.volatility_adjustment = 0.4 * state.volatility
    newest = state.candles - 1
    last = state.closes[newest % HISTORY] - state.closes[(newest - 1) % HISTORY]
    state.offset = 0.0
    if abs(state.momentum) > 0.2 and abs(state.exhaustion) < 0.5:
        state.offset = 0.0003 * state.momentum
    elif state.reversal > 0.6:
        state.offset = -0.0005 * state.reversal * sign(last)
    state.trend = sign(state.momentum) if abs(state.momentum) > 0.3 else 0.0


def keep_up(params: Params, state: State, now: int) -> None:
    """Makes the prediction anew when that is due, and lets it age and expire."""
    if state.predicted < 0:
        return
    if state.traded == 1 and params.refresh > 0 and now - state.predicted >= params.refresh:
        predict(state, now)
    state.prediction_age = (now - state.predicted) * 1e-9
    if now - state.predicted >= params.max_age:
        state.gamma = 0.0
        state.kappa = 0.0
        state.offset = 0.0
        state.trend = 0.0
        state.volatility_adjustment = 0.0


def evaluate(params: Params, state: State) -> None:
    """Compares the momenta of so many candles ago with what the price has done since, each once per horizon."""
    newest = state.candles - 1
    for i in range(len(HORIZONS)):
        then = newest - HORIZONS[i]
        if then < 2 or state.momenta[then % HISTORY] == 0.0:
            continue
        followed = (state.closes[newest % HISTORY] - state.closes[then % HISTORY]) * state.momenta[then % HISTORY] > 0.0
        at = i * EVALUATED + state.tried[i] % params.evaluated
        hit = 1 if followed else 0
        state.hit_count[i] += hit - state.hits[at]
        state.hits[at] = hit
        state.tried[i] += 1
    state.accuracy_1 = accuracy(params, state, 0)
    state.accuracy_3 = accuracy(params, state, 1)
    state.accuracy_5 = accuracy(params, state, 2)
    state.accuracy_10 = accuracy(params, state, 3)
    state.count = float(state.tried[3])


def accuracy(params: Params, state: State, horizon: int) -> float:
    """Returns the share of momenta that the price followed, NaN without one."""
    tried = min(state.tried[horizon], params.evaluated)
    return state.hit_count[horizon] / tried if tried > 0 else math.nan


def sign(x: float) -> float:
    """Returns -1, 0 or 1."""
    if x > 0.0:
        return 1.0
    return -1.0 if x < 0.0 else 0.0


@mmkit.hookimpl
def mmkit_signals() -> mmkit.Signal:
    """Offers the rule."""
    return mmkit.Signal(
        "volume-candles",
        params=Params,
        state=State,
        setup=setup,
        outputs={
            "momentum": "",
            "reversal": "",
            "volatility": "",
            "exhaustion": "",
            "gamma": "fraction",
            "kappa": "fraction",
            "offset": "fraction",
            "trend": "",
            "volatility_adjustment": "fraction",
            "prediction_age": "s",
            "completed": "candles",
            "cumulative_delta": "base",
            "price_fast": "quote",
            "price_medium": "quote",
            "price_slow": "quote",
            "delta_fast": "",
            "delta_medium": "",
            "delta_slow": "",
            "accuracy_1": "",
            "accuracy_3": "",
            "accuracy_5": "",
            "accuracy_10": "",
            "count": "momenta",
        },
        logged=("momentum", "reversal", "volatility", "exhaustion"),
        candle="completed",
        on_trade=on_trade,
        on_clock=on_clock,
        examples=(
            {"max_time": "2s", "fast": 2, "medium": 3, "slow": 5, "refresh": "1s"},
            {"max_time": "2s", "fast": 2, "medium": 3, "slow": 5, "refresh": "0s", "max_age": "1s"},
        ),
    )
