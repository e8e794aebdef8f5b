"""The intensity signal on simulated market orders of known A and k, and against the likelihood over arrays."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

import mmkit
from mmkit.calibration import fit_depths
from mmkit.contract import faults
from mmkit.engine.records import NO_ASK, NO_BID, MarketView, Trade
from mmkit_plugins.signals import intensity

SECOND = 10**9
TICK = 0.5


class Feed:
    """An intensity signal that is told a market's spreads and trades; the bid stays where it is."""

    def __init__(self, **given: Any) -> None:
        self.params, self.state = intensity.Params(**given), intensity.State()
        intensity.setup(self.params, self.state, None)
        self.market = MarketView(tick_size=TICK, bid_ticks=1000, bid=1000 * TICK)

    def book(self, now: int, spread: int, clock: bool = False) -> None:
        self.market.now = now
        self.market.ask_ticks = 1000 + spread
        self.market.ask = self.market.ask_ticks * TICK
        self.market.mid = 0.5 * (self.market.bid + self.market.ask)
        (intensity.on_clock if clock else intensity.on_book)(self.params, self.state, self.market)

    def order(self, now: int, side: int, levels: int, apart: int = 0) -> None:
        """A market order that fills `levels` prices beyond the touch, its trades `apart` ns from each other."""
        touch = self.market.ask_ticks if side > 0 else self.market.bid_ticks
        for level in range(levels + 1):
            self.market.now = now + level * apart
            ticks = touch + side * level
            trade = Trade(side=side, price=ticks * TICK, qty=1.0, price_ticks=ticks, qty_lots=1)
            intensity.on_trade(self.params, self.state, self.market, trade)


def reaching(seed: int, A: float, k: float, seconds: int) -> Iterator[tuple[float, int, float]]:  # noqa: N803
    """Yields time (s), side and reach of market orders whose reach is exponential, A of them per second and side."""
    rng = np.random.default_rng(seed)
    for at in np.sort(rng.uniform(0.0, seconds, rng.poisson(2.0 * A * seconds))):
        yield float(at), int(rng.choice([-1, 1])), float(rng.exponential(1.0 / k))


def simulated(A: float, k: float, seconds: int, seed: int, spreads: tuple[int, ...], **given: Any) -> intensity.State:  # noqa: N803
    """Returns the state after a market whose spread changes about every second."""
    feed = Feed(**{"half_life": 10**6 * SECOND, **given})
    rng = np.random.default_rng(seed + 1000)
    changes = iter(np.append(np.cumsum(rng.exponential(1.0, 3 * seconds)), math.inf))
    feed.book(0, spreads[0])
    change = next(changes)
    for at, side, reach in reaching(seed, A, k, seconds):
        while change < at:
            feed.book(round(change * SECOND), int(rng.choice(spreads)))
            change = next(changes)
        beyond = reach - 0.5 * (feed.market.ask_ticks - 1000) * TICK
        if beyond >= 0.0:
            feed.order(round(at * SECOND), side, int(beyond / TICK), 200)
    feed.book(seconds * SECOND, spreads[0], clock=True)
    return feed.state


@pytest.mark.parametrize(("A", "k", "spreads"), [(2.0, 0.3, (1,)), (4.0, 0.4, (1, 2, 7)), (3.0, 1.5, (1, 3))])
@pytest.mark.parametrize("given", [{}, {"nearest": 0.8}, {"farthest": 3.1}, {"nearest": 1.0, "farthest": 6.0}])
def test_it_recovers_the_truth_within_its_standard_errors(
    A: float,  # noqa: N803
    k: float,
    spreads: tuple[int, ...],
    given: dict[str, float],
) -> None:
    found = simulated(A, k, 2000, seed=3, spreads=spreads, **given)
    q = math.exp(-k * TICK)
    error = (1.0 - q) / (TICK * math.sqrt(found.known * q))
    assert found.n > 300
    assert abs(found.k - k) < 4.0 * error
    # ln A is that of the touch plus k times its distance.
    far = max(0.5 * max(spreads) * TICK, given.get("nearest", 0.0) + 0.5 * TICK)
    assert abs(math.log(found.A / A)) < 4.0 * math.sqrt(1.0 / found.n + (far * error) ** 2)


@pytest.mark.parametrize(("nearest", "farthest"), [(0.0, math.inf), (0.0, 3.25), (1.25, math.inf), (1.25, 4.25)])
def test_with_a_still_spread_it_is_the_likelihood_over_arrays(nearest: float, farthest: float) -> None:
    feed = Feed(half_life=10**9 * SECOND, nearest=nearest, farthest=farthest)
    feed.book(0, 1)
    levels = np.random.default_rng(4).geometric(0.4, 300) - 1
    for i, passed in enumerate(levels):
        feed.order((2 * i + 1) * SECOND, 1 if i % 3 else -1, int(passed))
    feed.book(601 * SECOND, 1, clock=True)
    depths = 0.25 + levels * TICK
    known = fit_depths(
        depths,
        601.0,
        sides=2,
        above=max(0.25, nearest),
        up_to=farthest + 1e-9 if farthest < 9.0 else farthest,
        tick=TICK,
    )
    assert feed.state.k == pytest.approx(known.k, rel=1e-6)
    assert pytest.approx(known.A, rel=1e-6) == feed.state.A


def test_it_is_the_most_likely_when_the_spread_changes() -> None:
    found = simulated(3.0, 0.8, 1500, seed=5, spreads=(1, 2, 5, 40))
    assert found.cells == intensity.cell_of(40) + 1
    touch = np.array([found.reach[i] / found.seconds[i] for i in range(found.cells) if found.seconds[i] > 0.0])
    seconds = np.array([found.seconds[i] for i in range(found.cells) if found.seconds[i] > 0.0])
    assert touch == pytest.approx([0.25, 0.5, 1.25, 10.0], rel=1e-12)
    assert seconds.sum() == pytest.approx(1500.0, rel=2e-3)

    def likelihood(k: float, A: float) -> float:  # noqa: N803
        q = math.exp(-k * TICK)
        depths = found.known * math.log(1.0 - q) + found.passed * math.log(q)
        arrivals = found.n * math.log(A) - A * 2.0 * float(seconds @ np.exp(-found.k * touch))
        return depths + arrivals

    best = likelihood(found.k, found.A)
    for factor in (0.98, 1.02):
        assert likelihood(found.k * factor, found.A) < best
        assert likelihood(found.k, found.A * factor) < best


def test_trades_of_one_side_close_to_each_other_are_one_order() -> None:
    def orders(apart: int, sides: tuple[int, int] = (1, 1), **given: Any) -> float:
        feed = Feed(half_life=10**9 * SECOND, **given)
        feed.book(0, 1)
        for i, side in enumerate(sides):
            feed.order(SECOND + i * apart, side, 2)
        feed.book(9 * SECOND, 1)
        return round(feed.state.n, 6)

    assert orders(10**6) == 1.0
    assert orders(10**6 + 1) == 2.0
    assert orders(10**6 + 1, sweep=10**7) == 1.0
    assert orders(0, (1, -1)) == 2.0


def test_everything_loses_half_its_weight_in_a_half_life() -> None:
    feed = Feed(half_life=100 * SECOND, least=1.0)
    feed.book(0, 1)
    for i in range(10):
        feed.order(i * SECOND // 20, 1, i % 3)
    feed.book(SECOND, 1)
    early = (feed.state.n, feed.state.known, feed.state.passed)
    for second in range(2, 102):
        feed.book(second * SECOND, 1)
    assert (feed.state.n, feed.state.known, feed.state.passed) == pytest.approx([x / 2.0 for x in early])
    assert sum(feed.state.seconds) < 101.0 / math.log(2.0)
    quick = Feed(half_life=SECOND, sample=10**7, least=1.0)
    quick.book(0, 1)
    for second in range(1, 300):
        quick.book(second * 10**7, 1)
    # Steps of a hundredth of the half-life: the integral of 2^(-age) to about its fourteenth part of a percent.
    assert sum(quick.state.seconds) == pytest.approx((1.0 - 2.0**-2.99) / math.log(2.0), rel=5e-3)


def test_it_is_not_ready_before_so_many_orders_or_where_none_went_on() -> None:
    def found(levels: list[int], **given: Any) -> intensity.State:
        feed = Feed(half_life=10**9 * SECOND, **given)
        feed.book(0, 1)
        for i, passed in enumerate(levels):
            feed.order((i + 1) * SECOND, 1, passed)
        feed.book((len(levels) + 2) * SECOND, 1)
        return feed.state

    few, enough = found([0, 1] * 14), found([0, 1] * 16)
    assert math.isnan(few.A)
    assert math.isnan(few.k)
    assert enough.k == pytest.approx(math.log(3.0) / TICK, rel=1e-6)
    assert found([0, 1] * 14, least=20.0).k == pytest.approx(math.log(3.0) / TICK, rel=1e-6)
    assert math.isnan(found([0] * 50).k)
    assert math.isnan(found([9] * 50, farthest=2.0).k)


def test_time_without_both_sides_does_not_count() -> None:
    feed = Feed(half_life=10**9 * SECOND)
    feed.book(0, 1)
    feed.book(5 * SECOND, 2)
    feed.market.now, feed.market.mid = 6 * SECOND, math.nan
    feed.market.bid_ticks, feed.market.ask_ticks = NO_BID, NO_ASK
    intensity.on_clock(feed.params, feed.state, feed.market)
    feed.market.bid_ticks = 1000
    feed.book(60 * SECOND, 1)
    feed.book(63 * SECOND, 1)
    assert sum(feed.state.seconds) == pytest.approx(9.0, rel=1e-6)


def test_a_distance_between_nothing_is_refused() -> None:
    with pytest.raises(mmkit.ConfigError, match=r"intensity\.nearest"):
        Feed(nearest=2.0, farthest=2.0)


def test_it_is_a_sound_rule() -> None:
    assert list(faults(intensity.mmkit_signals())) == []


def test_cells_hold_spreads_that_are_close_to_each_other() -> None:
    cells = [intensity.cell_of(spread) for spread in range(5000)]
    assert cells[:32] == list(range(32))
    assert all(0 <= b - a <= 1 for a, b in itertools.pairwise(cells))
    assert cells[-1] == intensity.CELLS - 1
    for cell in range(32, intensity.CELLS - 1):
        inside = [spread for spread, its in enumerate(cells) if its == cell]
        assert inside[-1] - inside[0] < inside[0] / 15


event = st.tuples(
    st.sampled_from(["book", "clock", "trade"]),
    st.integers(0, 5 * SECOND),
    st.integers(-2, 5000),
    st.integers(-1, 1),
    st.integers(-3, 2000),
)


@settings(max_examples=100, deadline=None)
@drawn(st.lists(event, max_size=60), st.sampled_from([0.0, 3.0]), st.sampled_from([math.inf, 40.0]))
def test_the_figures_are_never_negative_and_never_infinite(
    course: list[tuple[str, int, int, int, int]], nearest: float, farthest: float
) -> None:
    feed = Feed(least=1.0, nearest=nearest, farthest=farthest, half_life=10 * SECOND)
    now = 0
    for kind, wait, spread, side, levels in course:
        now += wait
        if kind == "trade":
            feed.market.now = now
            trade = Trade(side=side, price=1.0, qty=1.0, price_ticks=1000 + side * levels, qty_lots=1)
            intensity.on_trade(feed.params, feed.state, feed.market, trade)
        else:
            feed.book(now, spread, clock=kind == "clock")
        state = feed.state
        assert 0.0 <= state.n < math.inf
        assert math.isnan(state.A) == math.isnan(state.k)
        assert math.isnan(state.A) or (0.0 < state.A < math.inf and 0.0 < state.k < math.inf)
