"""VPIN against the oracle's buckets and against buckets filled one lot at a time."""

import math
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import MarketView, Trade
from mmkit_plugins.signals import vpin
from mmkit_plugins.signals.vpin import Classification

SECOND = 10**9
LOT = 0.5
Print = tuple[int, int, int, int]
"""Time (ns), price (ticks), lots, side of the aggressor."""

ORACLE = [(4, 1), (3, 1), (7, -1), (12, -1), (2, 1), (9, 1), (6, 1), (5, -1), (4, -1)]
"""Lots and sides, for buckets of 10 lots."""

prints = st.lists(st.tuples(st.integers(90, 110), st.integers(1, 90), st.sampled_from((1, -1))), max_size=50)


def published(trades: list[Print], *, at: int | None = None, lot: float = LOT, **given: Any) -> list[vpin.State]:
    """Returns a copy of (value, completed) after each trade, and after the clock at `at`."""
    params, state = vpin.Params(**given), vpin.State()
    vpin.setup(params, state, SimpleNamespace(lot=lot))
    found: list[Any] = []
    for now, ticks, lots, side in trades:
        vpin.on_trade(params, state, MarketView(now=now), Trade(side, float(ticks), lots * lot, ticks, lots))
        found.append(SimpleNamespace(value=state.value, completed=state.completed))
    if at is not None:
        vpin.on_clock(params, state, MarketView(now=at))
        found.append(SimpleNamespace(value=state.value, completed=state.completed))
    return found


def test_the_oracles_buckets() -> None:
    trades = [(i, 100, lots, side) for i, (lots, side) in enumerate(ORACLE)]
    found = published(trades, bucket_volume=5.0, buckets=3)
    by_bucket = {each.completed: each.value for each in reversed(found)}
    assert [by_bucket[n] for n in (3.0, 4.0, 5.0)] == pytest.approx(
        [0.5333333333333333, 0.7333333333333333, 0.5333333333333333]
    )
    assert all(math.isnan(each.value) for each in found if each.completed < 3)


def by_the_lot(shares: list[tuple[int, float]], size: int, n: int) -> float:
    """Returns VPIN of lots of which a share each was bought, put into the buckets one by one."""
    units = [share for lots, share in shares for _ in range(lots)]
    buckets = [sum(units[i : i + size]) for i in range(0, len(units) - size + 1, size)]
    if len(buckets) < n:
        return math.nan
    return sum(abs(2 * bought - size) for bought in buckets[-n:]) / (n * size)


@settings(deadline=None, max_examples=150)
@given(prints, st.integers(1, 25), st.integers(1, 6))
def test_trades_are_split_at_the_edges_of_buckets(drawn: list[tuple[int, int, int]], size: int, n: int) -> None:
    trades = [(i, *each) for i, each in enumerate(drawn)]
    found = published([*trades, (99, 100, 1, 1)], bucket_volume=size * LOT, buckets=n)[-1]
    shares = [(lots, float(side > 0)) for _, lots, side in drawn] + [(1, 1.0)]
    assert found.value == pytest.approx(by_the_lot(shares, size, n), nan_ok=True, abs=1e-12)
    assert found.completed == sum(lots for lots, _ in shares) // size
    assert math.isnan(found.value) or 0.0 <= found.value <= 1.0


def bulk_shares(trades: list[Print], length: int, bars: int) -> list[tuple[int, float]]:
    """Returns lots and bought share of each bar that traded, the running one left out."""
    grouped: dict[int, list[Print]] = {}
    for each in trades:
        grouped.setdefault(each[0] // length, []).append(each)
    closed = list(grouped.values())[:-1]
    closes = [bar[-1][1] for bar in closed]
    shares = []
    for i, bar in enumerate(closed):
        changes = np.diff(closes[: i + 1])[-bars:]
        deviation = changes.std() if len(changes) else 0.0
        share = NormalDist().cdf(float(changes[-1] / deviation)) if deviation > 0 else 0.5
        shares.append((sum(lots for _, _, lots, _ in bar), float(share)))
    return shares


@settings(deadline=None, max_examples=100)
@given(prints, st.integers(1, 40), st.integers(1, 4), st.integers(2, 5), st.integers(0, 10))
def test_bulk_volume_is_bought_as_the_price_rose(
    drawn: list[tuple[int, int, int]], size: int, n: int, bars: int, seed: int
) -> None:
    times = np.cumsum(np.random.default_rng(seed).integers(0, 2 * SECOND, len(drawn) + 1))
    trades = [(int(t), *each) for t, each in zip(times, [*drawn, (100, 1, 1)], strict=True)]
    given: dict[str, Any] = {"classification": Classification.BULK, "bar": mmkit.Duration(SECOND)}
    found = published(trades, bucket_volume=size * LOT, buckets=n, bars=bars, **given)[-1]
    assert found.value == pytest.approx(by_the_lot(bulk_shares(trades, SECOND, bars), size, n), nan_ok=True, abs=1e-9)


def test_the_clock_ends_a_bar_without_a_trade() -> None:
    given: dict[str, Any] = {"classification": Classification.BULK, "bar": SECOND, "bucket_volume": 1.0, "buckets": 1}
    trades = [(0, 100, 2, 1)]
    assert math.isnan(published(trades, at=SECOND - 1, **given)[-1].value)
    assert published(trades, at=SECOND, **given)[-1].value == 0.0


def test_a_trade_of_many_buckets_is_all_of_them_at_once() -> None:
    at_once = published([(0, 100, 3, -1), (1, 100, 10**12, 1)], bucket_volume=1.0, buckets=7)[-1]
    assert (at_once.value, at_once.completed) == (1.0, (10**12 + 3) // 2)


def test_a_trade_without_an_aggressor_counts_for_both_sides() -> None:
    assert published([(0, 100, 4, 0)], bucket_volume=2.0, buckets=1)[-1].value == 0.0


def test_sides_of_equal_weight_drawn_at_random_give_the_known_mean() -> None:
    sides = np.where(np.random.default_rng(5).random(400 * 1000) < 0.5, 1, -1)
    trades = [(i, 100, 1, int(side)) for i, side in enumerate(sides[: 400 * 250])]
    found = published(trades, bucket_volume=400 * LOT, buckets=250)[-1].value
    # |sum of N signs| / N has mean sqrt(2 / (pi N)) and standard deviation sqrt((1 - 2 / pi) / N).
    assert abs(found - math.sqrt(2 / (math.pi * 400))) < 4 * math.sqrt((1 - 2 / math.pi) / 400 / 250)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bucket_volume", 3.0),
        ("buckets", 4),
        ("classification", Classification.BULK),
        ("bar", SECOND),
        ("bars", 3),
    ],
)
def test_every_parameter_changes_an_output(name: str, value: Any) -> None:
    rng = np.random.default_rng(8)
    trades = [
        (i * SECOND, int(rng.integers(90, 110)), int(rng.integers(1, 9)), int(rng.choice((1, -1)))) for i in range(60)
    ]
    plain: dict[str, Any] = {"bucket_volume": 2.0, "buckets": 3}
    if name in ("bar", "bars"):
        plain |= {"classification": Classification.BULK, "bar": 3 * SECOND}
    one, other = (published(trades, **given) for given in (plain, plain | {name: value}))
    assert [(e.value, e.completed) for e in one[-3:]] != [(e.value, e.completed) for e in other[-3:]]
