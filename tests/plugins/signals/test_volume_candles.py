"""Volume candles against the oracle's bars, the reference bot's recorded signals, and formulas over explicit candles."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import MarketView, Trade
from mmkit_plugins.signals import volume_candles
from mmkit_plugins.signals._candle import HISTORY, threshold_in_lots
from mmkit_plugins.signals.volume_candles import HORIZONS

SECOND = 10**9
TICK, LOT = 0.01, 0.1
Print = tuple[int, float, float, int]
"""Time (ns), price, quantity, side of the aggressor."""

OUTPUTS = tuple(volume_candles.mmkit_signals().outputs)
SIGNALS = ("momentum", "reversal", "volatility", "exhaustion")
PREDICTIONS = ("gamma", "kappa", "offset", "trend", "volatility_adjustment")


class Candles:
    """The rule with its state, fed trade by trade."""

    def __init__(self, **given: Any) -> None:
        self.params, self.state = volume_candles.Params(**given), volume_candles.State()
        volume_candles.setup(self.params, self.state, SimpleNamespace(lot=LOT))
        self.ended: list[dict[str, float]] = []

    def view(self, now: int) -> MarketView:
        return MarketView(now=now, tick_size=TICK, lot_size=LOT)

    def trade(self, now: int, price: float, quantity: float, side: int) -> "Candles":
        trade = Trade(side, price, quantity, round(price / TICK), round(quantity / LOT))
        volume_candles.on_trade(self.params, self.state, self.view(now), trade)
        return self.note()

    def clock(self, now: int) -> "Candles":
        volume_candles.on_clock(self.params, self.state, self.view(now))
        return self.note()

    def note(self) -> "Candles":
        """Keeps the candles that have ended, at most HISTORY at once."""
        s = self.state
        for number in range(len(self.ended), s.candles):
            at = number % HISTORY
            volume = s.volumes[at] * LOT
            self.ended.append(
                {
                    "open": s.opens[at],
                    "close": s.closes[at],
                    "range": s.ranges[at],
                    "volume": volume,
                    "buy": (1.0 + s.deltas[at]) * volume / 2.0,
                    "sell": (1.0 - s.deltas[at]) * volume / 2.0,
                }
            )
        return self

    def read(self, names: tuple[str, ...] = OUTPUTS) -> list[float]:
        return [getattr(self.state, name) for name in names]


def fed(trades: list[tuple[Any, ...]], **given: Any) -> Candles:
    """Returns the rule after trades of (price, quantity, bought), a millisecond apart, as the bot's records list them."""
    candles = Candles(**given)
    for i, (price, quantity, bought) in enumerate(trades):
        candles.trade(i * 10**6, price, quantity, 1 if bought else -1)
    return candles


UP = [(100, 1, True), (100.5, 1, True), (101, 1, True)]
DOWN = [(100, 1, False), (99.5, 1, False), (99, 1, False)]
MIXED = [
    (100, 0.5, True),
    (100.2, 0.6, False),
    (100.3, 0.5, True),
    (100.1, 0.7, True),
    (100.6, 0.4, False),
    (100.4, 0.8, True),
]
FADING = [
    (100, 0.9, True),
    (100, 0.2, False),
    (100.4, 0.7, True),
    (100.4, 0.4, False),
    (100.9, 0.5, True),
    (100.9, 0.6, False),
]
TURNING = [(100, 1, True)] * 30 + [(100.0, 1, False), (100.4, 1, False), (101.2, 1, False)]

# Formation

ORACLE = [(4, 1), (3, 1), (7, -1), (12, -1), (2, 1), (9, 1), (6, 1), (5, -1), (4, -1)]
ORACLE_PRICES = (100.0, 100.5, 100.0, 99.5, 100.0, 100.5, 101.0, 100.5, 100.0)
SPLIT_BARS = [(100, 100.5, 100, 100, 7, 3), (100, 100, 99.5, 99.5, 0, 10), (99.5, 100.5, 99.5, 100.5, 4, 6)]
SPLIT_BARS += [(100.5, 101, 100.5, 101, 10, 0), (101, 101, 100, 100, 3, 7)]
WHOLE_BARS = [(100, 100.5, 100, 100, 7, 7), (99.5, 99.5, 99.5, 99.5, 0, 12), (100, 100.5, 100, 100.5, 11, 0)]
WHOLE_BARS += [(101, 101, 100.5, 100.5, 6, 5)]


@pytest.mark.parametrize(("split", "bars", "left"), [(True, SPLIT_BARS, 2), (False, WHOLE_BARS, 4)])
def test_candles_are_the_oracles_bars(split: bool, bars: list[tuple[float, ...]], left: int) -> None:
    candles = Candles(threshold=10.0, split=split)
    for i, ((quantity, side), price) in enumerate(zip(ORACLE, ORACLE_PRICES, strict=True)):
        candles.trade(i, price, quantity, side)
    for found, (first, high, low, last, buy, sell) in zip(candles.ended, bars, strict=True):
        assert (found["open"], found["close"]) == (first, last)
        assert found["range"] == pytest.approx(high / low - 1, abs=1e-12)
        assert (found["buy"], found["sell"]) == pytest.approx((buy, sell), rel=1e-10)
    assert candles.state.lots * LOT == pytest.approx(left)
    assert candles.state.delta_lots * LOT == pytest.approx(-left)


def test_a_candle_is_full_when_its_lots_are() -> None:
    candles = Candles(threshold=1.0)
    for i in range(9):
        candles.trade(i, 100.0, 0.1, 1)
    assert candles.state.completed == 0.0
    assert candles.trade(10, 100.0, 0.1, 1).state.completed == 1.0
    steps = [threshold_in_lots(*each) for each in ((0.3, 0.1), (1.1, 0.1), (1.05, 0.1), (0.01, 0.1), (1.0, 1e-8))]
    assert steps == [3, 11, 11, 1, 10**8]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.sampled_from((1, -1, 0))), max_size=40),
    st.sampled_from((0.1, 1.0, 2.5)),
)
def test_split_candles_lose_no_volume(drawn: list[tuple[int, int]], threshold: float) -> None:
    candles = Candles(threshold=threshold, split=True)
    for i, (lots, side) in enumerate(drawn):
        candles.trade(i, 100.0, lots * LOT, side)
    total, size = sum(lots for lots, _ in drawn), round(threshold / LOT)
    assert (candles.state.candles, candles.state.lots) == divmod(total, size)
    signed = sum(lots * side for lots, side in drawn)
    assert candles.state.total_delta + candles.state.delta_lots == signed


def test_d_41_the_clock_ends_a_candle_before_the_late_trade() -> None:
    by_clock, by_trade = (Candles(threshold=10.0).trade(0, 100.0, 1.0, 1) for _ in range(2))
    assert by_clock.clock(300 * SECOND - 1).state.completed == 0.0
    assert by_clock.clock(300 * SECOND).state.completed == 1.0
    by_trade.trade(10_000 * SECOND, 250.0, 2.0, -1)
    for candles in (by_clock, by_trade):
        assert (candles.ended[0]["close"], candles.ended[0]["volume"]) == pytest.approx((100.0, 1.0))
    assert (by_trade.state.open, by_trade.state.lots) == (250.0, 20)
    assert by_trade.state.candle_start == 10_000 * SECOND


def test_d_41_a_large_trade_makes_one_candle_or_as_many_as_it_fills() -> None:
    for split, count, left in ((False, 1.0, 0), (True, 7.0, 5)):
        state = Candles(split=split).trade(0, 100.0, 7.5, 1).state
        assert (state.completed, state.lots) == (count, left)


def test_d_37_candles_are_made_of_the_markets_trades_and_not_of_own_fills() -> None:
    assert volume_candles.mmkit_signals().on_fill is None


@pytest.mark.parametrize("trade", [(0.0, 1.0), (-5.0, 1.0), (math.nan, 1.0), (100.0, 0.0)])
def test_what_is_no_trade_is_ignored(trade: tuple[float, float]) -> None:
    candles, (price, quantity) = Candles(), trade
    each = Trade(1, price, quantity, 0, round(quantity / LOT))
    volume_candles.on_trade(candles.params, candles.state, candles.view(0), each)
    assert candles.state.lots == 0


# Averages


@pytest.mark.parametrize(
    ("trades", "price", "delta"),
    [
        (UP, (100.30864197530865, 100.13223140495869, 100.05293367346938), (1.0, 1.0, 1.0)),
        (DOWN, (99.69135802469137, 99.86776859504131, 99.94706632653062), (-1.0, -1.0, -1.0)),
        (
            MIXED,
            (100.22716049382717, 100.2099173553719, 100.20369897959185),
            (0.19191919191919193, 0.0378161783120461, -0.03818800247371674),
        ),
        (
            FADING,
            (100.26913580246914, 100.11487603305784, 100.04591836734694),
            (0.41189674523007846, 0.5401953418482343, 0.5978664192949906),
        ),
        (
            TURNING,
            (100.33580246913581, 100.14214876033057, 100.05663265306123),
            (-0.05898491083676263, 0.5026296018031554, 0.7932762390670555),
        ),
    ],
)
def test_averages_are_those_that_the_bot_recorded(trades: Any, price: Any, delta: Any) -> None:
    candles = fed(trades)
    assert candles.read(("price_fast", "price_medium", "price_slow")) == pytest.approx(price, rel=1e-12)
    assert candles.read(("delta_fast", "delta_medium", "delta_slow")) == pytest.approx(delta, rel=1e-9, abs=1e-12)
    assert candles.state.cumulative_delta == pytest.approx(sum(q if buy else -q for _, q, buy in trades))


def test_d_45_an_average_of_zero_is_not_taken_for_none() -> None:
    level = [(100, 0.5, True), (100, 0.5, False)]
    candles = fed([*level, (100, 1, True)])
    assert candles.state.delta_fast == pytest.approx(2 / 9)
    assert all(math.isnan(value) for value in Candles().read(("price_fast", "delta_slow")))


# Signals


@pytest.mark.parametrize(
    ("trades", "recorded"),
    [
        (UP, (1.0, 0.0, 0.0, 0.0)),
        (MIXED, (0.40000000000000036, 0.0, 0.19641744614328868, 0.0)),
        (FADING, (0.9000000000000119, 0.45000000000000595, 0.09896928253669406, 1.0)),
        (UP[:2], (0.0, 0.0, 0.0, 0.0)),
    ],
)
def test_signals_are_those_that_the_bot_recorded(trades: Any, recorded: tuple[float, ...]) -> None:
    assert fed(trades).read(SIGNALS) == pytest.approx(recorded, rel=1e-9, abs=1e-12)


def test_d_35_momentum_follows_the_price_where_the_flow_agrees() -> None:
    recorded = 1.0  # the bot's, for a fall on selling
    found = fed(DOWN).state
    assert found.momentum == -recorded
    assert (found.offset, found.trend) == pytest.approx((-0.0003, -1.0))


def test_d_35_there_is_no_momentum_where_price_and_flow_disagree() -> None:
    found = fed(TURNING).state  # the bot: -1
    assert found.momentum == 0.0
    assert found.reversal == pytest.approx(0.6, rel=1e-9)
    assert fed([(p, q, not buy) for p, q, buy in DOWN]).state.momentum == 0.0


def test_d_36_exhaustion_has_the_sign_of_what_tires() -> None:
    mirrored = [(200 - price, quantity, not buy) for price, quantity, buy in FADING]
    assert fed(FADING).state.exhaustion == pytest.approx(1.0)
    assert fed(mirrored).state.exhaustion == pytest.approx(-1.0)


Drawn = list[tuple[int, int, int]]
"""Trades: price (ticks), lots, side."""


def whole_candles(drawn: Drawn, threshold: int) -> list[Drawn]:
    """Returns the trades of each candle that is full."""
    candles: list[Drawn] = [[]]
    for each in drawn:
        candles[-1].append(each)
        if sum(lots for _, lots, _ in candles[-1]) >= threshold:
            candles.append([])
    return candles[:-1]


def expected_signals(candles: list[Drawn], fast: int = 8, slow: int = 55) -> list[float]:
    """Returns the four signals from all candles, by numpy."""
    volumes = [sum(lots for _, lots, _ in each) for each in candles]
    delta = [sum(n * side for _, n, side in each) / volume for each, volume in zip(candles, volumes, strict=True)]
    averages = []
    for length in (fast, slow):
        average = delta[0]
        for value in delta[1:]:
            average += 2 / (length + 1) * (value - average)
        averages.append(average)
    last, d, volume = candles[-3:], np.array(delta[-3:]), np.array(volumes[-3:])
    move = (last[2][-1][0] * TICK) / (last[0][0][0] * TICK) - 1
    turn, flow = averages[0] - averages[1], d.mean()
    momentum = np.clip(100 * move * min(1, 5 * abs(flow)), -1, 1) if np.sign(move) == np.sign(flow) else 0.0
    opposed = np.sign(move) * np.sign(turn) < 0
    reversal = min(1, 50 * abs(move)) * min(1, 10 * abs(turn)) if opposed else 0.0
    ranges = [max(p for p, _, _ in each) / min(p for p, _, _ in each) - 1 for each in last]
    unrest = 50 * np.mean(ranges) + volume.std() / volume.mean() + d.std()
    change = d[2] - d[0]
    tired = (move > 0 and change < -0.1) or (move < 0 and change > 0.1)
    exhaustion = np.sign(move) * min(1, 5 * abs(change)) if tired else 0.0
    return [float(momentum), reversal, min(1.0, float(unrest) / 3), float(exhaustion)]


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(st.integers(9900, 10100), st.integers(1, 9), st.sampled_from((1, -1, 0))), max_size=40),
    st.integers(1, 10),
)
def test_signals_are_the_formulas_over_the_last_three_candles(drawn: Drawn, threshold: int) -> None:
    candles = Candles(threshold=threshold * LOT)
    for i, (ticks, lots, side) in enumerate(drawn):
        candles.trade(i, ticks * TICK, lots * LOT, side)
    found, ended = candles.read(SIGNALS), whole_candles(drawn, threshold)
    assert candles.state.completed == len(ended)
    assert found == pytest.approx(expected_signals(ended) if len(ended) >= 3 else [0.0] * 4, rel=1e-9, abs=1e-9)
    assert all(-1.0 <= value <= 1.0 for value in found)
    assert min(found[1:3]) >= 0.0
    assert not any(math.isinf(value) for value in candles.read())


def test_a_mirrored_market_gives_mirrored_signals() -> None:
    for trades in (UP, MIXED, FADING):
        there = fed(trades).state
        back = fed([(100 * 100 / price, quantity, not buy) for price, quantity, buy in trades]).state
        assert np.sign([there.momentum, there.exhaustion, there.trend]).tolist() == [
            -x for x in np.sign([back.momentum, back.exhaustion, back.trend]).tolist()
        ]


def test_d_40_a_candle_that_the_clock_ends_counts_like_one_that_is_full() -> None:
    by_trade, by_clock = fed(UP), fed(UP[:2])
    by_clock.trade(2 * 10**6, 101.0, 0.9, 1).clock(300 * SECOND + 2 * 10**6)
    assert by_clock.state.completed == 3.0
    assert by_clock.state.momentum == by_trade.state.momentum == 1.0
    assert by_clock.read(("offset", "trend")) == by_trade.read(("offset", "trend"))


def test_d_42_all_times_are_the_markets_in_whole_nanoseconds() -> None:
    start = 1_764_000_000 * SECOND + 7
    candles = Candles(threshold=10.0).trade(start, 100.0, 1.0, 1)
    assert candles.state.candle_start == start
    assert candles.clock(start + 300 * SECOND - 1).state.completed == 0.0
    assert candles.clock(start + 300 * SECOND).state.completed == 1.0


# Predictions


def predicted(m: float, r: float, v: float, e: float, closes: tuple[float, float] = (101.0, 102.0)) -> list[float]:
    """Returns the predictions from four given signals and the last two closes."""
    state = volume_candles.State(momentum=m, reversal=r, volatility=v, exhaustion=e, candles=3)
    state.closes[1], state.closes[2] = closes
    volume_candles.predict(state, 0)
    return [getattr(state, name) for name in PREDICTIONS]


@pytest.mark.parametrize(
    ("signals", "recorded"),
    [
        ((0, 0, 0, 0), (0, 0, 0, 0, 0)),
        ((0.25, 0, 0.5, 0), (0.2, -0.15, 7.5e-05, 0, 0.2)),
        ((0.25, 0, 0.5, 0.5), (0.2, -0.15, 0, 0, 0.2)),
        ((0.35, 0, 1, 0.2), (0.4, -0.3, 0.000105, 1, 0.4)),
        ((-0.35, 0, 1, 0.2), (0.4, -0.3, -0.000105, -1, 0.4)),
        ((0.1, 0.7, 0.2, 0), (0.29, -0.06, -0.00035, 0, 0.08)),
        ((0.1, 0.6, 0.2, 0), (0.26, -0.06, 0, 0, 0.08)),
        ((0.3, 0, 0, 0), (0, 0, 0.00009, 0, 0)),
        ((0.2, 0, 0, 0), (0, 0, 0, 0, 0)),
        ((0.5, 0.9, 0, 0.1), (0.27, 0, 0.00015, 1, 0)),
    ],
)
def test_predictions_are_those_that_the_bot_recorded(signals: Any, recorded: tuple[float, ...]) -> None:
    assert predicted(*signals) == pytest.approx(recorded, rel=1e-12, abs=1e-15)


def test_a_reversal_is_predicted_against_the_last_candles_move() -> None:
    assert predicted(0.0, 0.8, 0.0, 0.0, closes=(102.0, 101.0))[2] == pytest.approx(0.0004)
    assert predicted(0.0, 0.8, 0.0, 0.0, closes=(102.0, 102.0))[2] == 0.0


def test_d_36_predictions_take_exhaustion_by_its_size() -> None:
    assert predicted(-0.25, 0.0, 0.5, -0.5)[2] == 0.0
    assert predicted(-0.25, 0.0, 0.5, -0.4)[2] == pytest.approx(-7.5e-05)


def test_d_49_an_exhausted_momentum_does_not_hide_a_reversal() -> None:
    assert predicted(0.25, 0.7, 0.0, 0.5)[2] == pytest.approx(-0.00035)  # the bot: 0


def test_d_12_predictions_expire_to_nothing() -> None:
    candles = fed(FADING)
    made = candles.read(PREDICTIONS)
    assert all(made[i] != 0.0 for i in (0, 1, 3, 4))
    last = candles.state.predicted
    assert candles.clock(last + 20 * SECOND - 1).read(PREDICTIONS) == made
    assert candles.clock(last + 20 * SECOND).read(PREDICTIONS) == [0.0] * 5
    assert candles.state.prediction_age == pytest.approx(20.0)


def test_d_15_predictions_are_renewed_while_trades_come_in() -> None:
    candles = fed(FADING)
    made = candles.read(PREDICTIONS)
    for second in range(1, 120):
        candles.trade(second * SECOND, 100.9, 0.1, 1 if second % 2 else -1) if second % 20 == 5 else None
        candles.clock(second * SECOND)
        assert candles.state.completed == 3.0
        assert candles.read(PREDICTIONS) == made
        assert candles.state.prediction_age < 20.0


def test_d_15_predictions_that_expire_before_they_are_renewed_are_refused() -> None:
    with pytest.raises(mmkit.ConfigError, match=r"max_age: 5 s is shorter than volume-candles\.refresh, 10 s"):
        Candles(max_age=5 * SECOND, refresh=10 * SECOND)


def test_d_46_a_completed_candle_starts_the_interval_anew() -> None:
    candles = fed(UP[:2])
    candles.trade(11 * SECOND, 101.0, 1.0, 1)
    assert candles.state.predicted == 11 * SECOND
    candles.trade(12 * SECOND, 101.0, 0.1, 1).clock(21 * SECOND - 1)
    assert candles.state.predicted == 11 * SECOND
    assert candles.clock(21 * SECOND).state.predicted == 21 * SECOND
    assert candles.clock(40 * SECOND).state.predicted == 21 * SECOND


def test_there_is_no_age_before_the_first_prediction() -> None:
    assert math.isnan(fed(UP[:2]).clock(SECOND).state.prediction_age)
    assert fed(UP).state.prediction_age == 0.0


# Evaluation


def wandering(count: int, seed: int) -> list[tuple[float, float, bool]]:
    rng = np.random.default_rng(seed)
    prices = 100.0 + np.cumsum(rng.choice((-0.2, 0.0, 0.2), count))
    bought = np.repeat(rng.random(count // 4 + 1) < 0.5, 4)[:count]
    return [(round(float(price), 2), 1.0, bool(buy)) for price, buy in zip(prices, bought, strict=True)]


def test_d_43_d_44_a_momentum_is_judged_once_so_many_candles_later() -> None:
    trades, candles, momenta = wandering(240, 4), Candles(evaluated=25), []
    for i, (price, quantity, bought) in enumerate(trades):
        candles.trade(i, price, quantity, 1 if bought else -1)
        candles.clock(i)
        momenta.append(candles.state.momentum)
    for horizon in HORIZONS:
        judged = [
            (trades[i + horizon][0] - trades[i][0]) * momenta[i] > 0
            for i in range(2, len(trades) - horizon)
            if momenta[i] != 0.0
        ]
        assert len(judged) > 50
        assert getattr(candles.state, f"accuracy_{horizon}") == pytest.approx(np.mean(judged[-25:]))
    assert candles.state.count == len(judged)


def test_d_43_the_first_horizon_is_the_next_candle_and_not_the_same_one() -> None:
    candles = fed(UP)
    assert math.isnan(candles.state.accuracy_1)
    assert candles.trade(SECOND, 101.5, 1.0, 1).state.accuracy_1 == 1.0
    assert candles.trade(SECOND, 101.0, 1.0, 1).state.accuracy_1 == 0.5
    assert math.isnan(candles.state.accuracy_3)
    assert candles.trade(SECOND, 102.0, 1.0, 1).state.accuracy_3 == 1.0


def test_d_44_reading_changes_nothing() -> None:
    trades = wandering(60, 9)
    once, often = Candles(), Candles()
    for i, (price, quantity, bought) in enumerate(trades):
        once.trade(i, price, quantity, 1 if bought else -1)
        often.trade(i, price, quantity, 1 if bought else -1)
        for _ in range(5):
            often.clock(i)
    assert once.read() == pytest.approx(often.read(), abs=0, nan_ok=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", 1.5),
        ("max_time", SECOND // 2),
        ("split", True),
        ("fast", 3),
        ("medium", 3),
        ("slow", 3),
        ("refresh", 0),
        ("max_age", 10 * SECOND),
        ("evaluated", 3),
    ],
)
def test_every_parameter_changes_an_output(name: str, value: Any) -> None:
    found = []
    for changed in ({}, {name: value}):
        candles = Candles(**changed)
        for i, (price, _, bought) in enumerate(wandering(60, 4)):
            candles.trade(i * SECOND, price, 0.7, 1 if bought else -1)
        candles.trade(72 * SECOND, 101.0, 0.1, 1).clock(73 * SECOND)
        found.append([*candles.read(), *candles.clock(84 * SECOND).read()])
    assert found[0] != pytest.approx(found[1], abs=0, nan_ok=True)
