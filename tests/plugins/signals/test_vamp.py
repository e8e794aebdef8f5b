"""The trade-based VAMP against the oracle and against sums over explicit windows; defects of the reference bot stay away."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import MarketView, Trade
from mmkit_plugins.signals import vamp

SECOND = 10**9
TICK, LOT = 0.5, 0.001
Print = tuple[int, float, float, int]
"""Time (ns), price, quantity, side of the aggressor."""

prints = st.lists(
    st.tuples(
        st.integers(0, 40 * SECOND), st.integers(190, 210), st.integers(1, 9000), st.sampled_from((1, -1, 1, -1, 0))
    ),
    min_size=1,
    max_size=60,
)


def view(now: int) -> MarketView:
    return MarketView(now=now, tick_size=TICK, lot_size=LOT)


def take(params: vamp.Params, state: vamp.State, each: Print) -> None:
    now, price, quantity, side = each
    trade = Trade(side, price, quantity, round(price / TICK), round(quantity / LOT))
    vamp.on_trade(params, state, view(now), trade)


def published(trades: list[Print], at: int | None = None, **given: Any) -> vamp.State:
    """Returns the state after trades, at the time of the last one or a later one."""
    params, state = vamp.Params(**given), vamp.State()
    for each in trades:
        take(params, state, each)
    if at is not None:
        vamp.on_clock(params, state, view(at))
    return state


def outputs(state: vamp.State) -> list[float]:
    return [getattr(state, name) for name in vamp.mmkit_signals().outputs]


def expected(trades: list[Print], now: int, p: vamp.Params) -> list[float]:
    """Returns the outputs from the trades of each window, one by one."""

    def window(count: int) -> list[Print]:
        return [each for each in trades[-count:] if now - each[0] < p.max_age]

    seen = window(p.window)
    aggressive = [each for each in window(p.aggressive_window) if each[3]]
    recent = [each for each in window(p.impact_window) if each[3]]
    vwap = sum(e[1] * e[2] for e in seen) / sum(e[2] for e in seen) if seen else math.nan
    bought = sum(e[2] for e in aggressive if e[3] > 0)
    sold = sum(e[2] for e in aggressive if e[3] < 0)
    price, pressure = vwap, 0.0
    if aggressive:
        price = sum(e[1] * e[2] for e in aggressive) / (bought + sold)
        pressure = (bought - sold) / (bought + sold)
    normal = p.reference_volume or sum(e[2] for e in recent)
    decayed = sum(e[3] * e[2] * (1 - (now - e[0]) / p.max_age) for e in recent)
    impact = max(-1.0, min(decayed / normal, 1.0)) if normal else 0.0
    return [price, vwap, impact, pressure, bought, sold]


def test_price_and_pressure_are_the_oracles() -> None:
    trades: list[Print] = [(0, 100, 2, 1), (0, 100.5, 1, 1), (0, 100, 3, -1), (0, 99.5, 2, -1), (0, 100.5, 4, 1)]
    state = published(trades)
    assert (state.buy_volume, state.sell_volume) == pytest.approx((7.0, 5.0), rel=1e-12)
    assert state.price == pytest.approx(100.125, rel=1e-10)
    assert state.vwap == pytest.approx(100.125, rel=1e-10)
    assert state.pressure == pytest.approx(0.16666666666666666, rel=1e-10)
    buy_vwap, sell_vwap, share = 100.35714285714286, 99.8, 7 / 12
    assert state.price == pytest.approx(share * buy_vwap + (1 - share) * sell_vwap, rel=1e-10)


def test_the_recorded_prints_of_the_bot() -> None:
    state = published([(0, 100, 1, 1), (0, 90, 3, -1), (0, 120, 2, 1)])
    assert state.price == pytest.approx(101.66666666666667, rel=1e-12)
    assert state.impact == 0.0


@settings(deadline=None, max_examples=150)
@given(
    prints,
    st.integers(0, 20 * SECOND),
    st.sampled_from([(50, 20, 30), (3, 1, 2), (1, 5, 4)]),
    st.sampled_from([300 * SECOND, 7 * SECOND]),
    st.sampled_from([0.0, 4.0]),
)
def test_outputs_are_those_of_the_explicit_windows(
    drawn: list[tuple[int, int, int, int]], later: int, windows: tuple[int, int, int], age: int, reference: float
) -> None:
    trades = [(now, ticks * TICK, lots * LOT, side) for now, ticks, lots, side in sorted(drawn)]
    given: dict[str, Any] = {
        "window": windows[0],
        "aggressive_window": windows[1],
        "impact_window": windows[2],
        "max_age": mmkit.Duration(age),
        "reference_volume": reference,
    }
    now = trades[-1][0] + later
    found = outputs(published(trades, at=now, **given))
    assert found == pytest.approx(expected(trades, now, vamp.Params(**given)), rel=1e-9, abs=1e-9, nan_ok=True)
    assert not any(math.isinf(value) for value in found)
    assert -1.0 <= found[2] <= 1.0


def test_nothing_of_what_left_stays_behind_after_a_long_run() -> None:
    trades: list[Print] = []
    for i in range(5000):
        trades.append(
            (i * SECOND // 3, (84_000_000 + (i * 7919) % 4001) * TICK, ((i * 104729) % 99991 + 1) * LOT, 1 - i % 2 * 2)
        )
    p = vamp.Params()
    state = published(trades)
    assert outputs(state) == pytest.approx(expected(trades, trades[-1][0], p), rel=1e-12, abs=1e-12)
    vamp.on_clock(p, state, view(trades[-1][0] + 400 * SECOND))
    assert (state.lots, state.turnover, state.net, state.gross, state.ages) == (0.0, 0.0, 0.0, 0.0, 0.0)


def test_before_the_first_trade_it_is_not_ready() -> None:
    state = published([], at=SECOND)
    assert [math.isnan(value) for value in outputs(state)] == [True] * 4 + [False] * 2


def test_after_the_last_trade_has_left_nothing_presses_and_there_is_no_price() -> None:
    state = published([(0, 100.0, 1.0, 1)], at=300 * SECOND)
    assert math.isnan(state.price)
    assert math.isnan(state.vwap)
    assert (state.impact, state.pressure, state.buy_volume, state.sell_volume) == (0.0, 0.0, 0.0, 0.0)


def test_d_51_the_takers_side_is_the_aggressor() -> None:
    assert published([(0, 100.0, 2.0, 1)]).impact == 1.0
    assert published([(0, 100.0, 2.0, -1)]).impact == -1.0
    neutral = published([(0, 100.0, 2.0, 0)])
    assert (neutral.impact, neutral.pressure, neutral.buy_volume, neutral.price) == (0.0, 0.0, 0.0, 100.0)


def test_d_52_an_own_fill_is_not_counted_beside_the_trade_that_it_is() -> None:
    rule = vamp.mmkit_signals()
    assert rule.on_fill is None
    assert published([(0, 100.0, 0.1, 1)]).buy_volume == pytest.approx(0.1)


def test_d_53_windows_roll() -> None:
    early: list[Print] = [(i, 50.0, 5.0, -1) for i in range(100)]
    late: list[Print] = [(200 + i, 100.0, 1.0, 1) for i in range(50)]
    state = published(early + late)
    assert (state.vwap, state.price, state.impact, state.sell_volume) == pytest.approx((100.0, 100.0, 1.0, 0.0))


def test_d_54_pressure_is_not_the_price() -> None:
    low, high = (published([(0, price, 3.0, 1), (0, price, 1.0, -1)]) for price in (100.0, 200.0))
    assert (low.price, high.price) == (100.0, 200.0)
    assert low.pressure == high.pressure == 0.5


def test_d_55_a_lone_print_fades_as_time_passes() -> None:
    fresh, aged = (published([(0, 100.0, 1.0, 1)], at=at) for at in (0, 240 * SECOND))
    assert fresh.impact == 1.0
    assert aged.impact == pytest.approx(0.2 * fresh.impact)


def test_d_56_the_impact_is_a_pure_number() -> None:
    trades: list[Print] = [(0, 100.0, 3.0, 1), (SECOND, 100.0, 1.0, -1)]
    thousandfold: list[Print] = [(now, price, 1000 * quantity, side) for now, price, quantity, side in trades]
    assert published(trades).impact == pytest.approx(published(thousandfold).impact)
    assert published(thousandfold, reference_volume=10.0).impact == 1.0
    assert published(trades, reference_volume=10.0).impact == pytest.approx((3 * (1 - 1 / 300) - 1) / 10)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window", 3),
        ("aggressive_window", 3),
        ("impact_window", 3),
        ("max_age", 2 * SECOND),
        ("reference_volume", 50.0),
    ],
)
def test_every_parameter_changes_an_output(name: str, value: Any) -> None:
    trades = [(i * SECOND, 100.0 + i, 1.0 + i, 1 if i % 3 else -1) for i in range(6)]
    assert outputs(published(trades)) != outputs(published(trades, **{name: value}))
