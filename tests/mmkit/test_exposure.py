"""Imagined quotes: exposed until a trade reaches them, censored where none does, never counted where the book is unknown."""

import math
from typing import Any

import numpy as np
import pytest

from mmkit import exposure
from mmkit.calibrating import fitted
from mmkit.errors import DataError
from mmkit.exposure import Tape, imagined, read, targets
from mmkit.tape import DEPTH, INVALID, MORE, NO_ASK, SEGMENT, TRADE_BUY, TRADE_SELL, Chunk

SECOND = 10**9
BUY, SELL = 1, -1


def tape(quotes: list[tuple[float, int, int]], trades: list[tuple[float, int, int]]) -> Tape:
    """Returns a tape of (s, bid, ask) and (s, side, tick)."""
    nanoseconds = [[(round(time * SECOND), *rest) for time, *rest in part] for part in (quotes, trades)]
    (time, bid, ask), (when, side, tick) = (np.array(part, np.int64).reshape(-1, 3).T for part in nanoseconds)
    return Tape(time, bid, ask, when, side, tick)


def cells(found: exposure.Cells) -> dict[int, tuple[Any, float]]:
    """Returns exposure and fills by distance in half ticks."""
    where, tau, n = found.of(slice(None))
    return {int(d): (pytest.approx(t), m) for d, t, m in zip(where, tau, n, strict=True)}


STILL = [(0.0, 100, 102), (10.0, 100, 102)]
"""The mid at 101 for ten seconds, the half-spread two half ticks."""


def test_a_quote_is_exposed_until_the_first_trade_that_reaches_it() -> None:
    struck = tape(STILL, [(2.25, BUY, 102), (2.5, BUY, 102), (5.5, SELL, 100)])
    found = cells(imagined(struck, SECOND, np.array([2]), through=False))
    assert found == {2: (18.0 + 0.25 + 0.5, 2.0)}


def test_what_no_trade_reaches_is_censored_and_counts_with_its_whole_time() -> None:
    struck = tape(STILL, [(2.25, BUY, 103)])
    found = cells(imagined(struck, SECOND, np.array([2, 4, 6]), through=False))
    assert found == {2: (19.25, 1.0), 4: (19.25, 1.0), 6: (20.0, 0.0)}


def test_through_asks_for_a_trade_beyond_the_price() -> None:
    struck = tape(STILL, [(2.25, BUY, 103)])
    found = cells(imagined(struck, SECOND, np.array([2, 4]), through=True))
    assert found == {2: (19.25, 1.0), 4: (20.0, 0.0)}


def test_a_buyer_fills_asks_and_a_seller_bids() -> None:
    wrong = tape(STILL, [(2.25, BUY, 99), (3.25, SELL, 103)])
    assert cells(imagined(wrong, SECOND, np.array([2]), through=False)) == {2: (20.0, 0.0)}


def test_quotes_follow_the_mid_and_fall_on_whole_ticks() -> None:
    moved = tape([(0.0, 100, 102), (4.5, 103, 106), (10.0, 103, 106)], [(4.75, BUY, 103), (5.5, BUY, 106)])
    found = cells(imagined(moved, SECOND, np.array([2]), through=False))
    # From 5 s on the mid is 104.5: a quote two half ticks away would be inside the spread, the next one is at the touch.
    assert found == {2: (5 * 1.0 + 4 * 1.0 + 0.75, 1.0), 3: (5 * 1.0 + 4 * 1.0 + 0.5, 1.0)}


def test_a_quote_inside_the_spread_is_none() -> None:
    wide = tape([(0.0, 100, 110), (10.0, 100, 110)], [(1.5, BUY, 110)])
    assert sorted(cells(imagined(wide, SECOND, np.array([2, 8, 10]), through=False))) == [10]


def test_an_interval_in_which_the_book_is_unknown_counts_nowhere() -> None:
    gap = tape([(0.0, 100, 102), (3.5, 1, 0), (5.5, 100, 102), (10.0, 100, 102)], [(3.75, BUY, 102), (4.5, BUY, 102)])
    found = cells(imagined(gap, SECOND, np.array([2]), through=False))
    assert found == {2: (14.0, 0.0)}  # the intervals that begin at 3, 4 and 5 s are out


def test_no_two_quotes_fall_on_one_price() -> None:
    odd = tape([(0.0, 100, 101), (10.0, 100, 101)], [(1.5, BUY, 103)] * 20)
    found = imagined(odd, SECOND, targets(odd, SECOND, 16, None), through=False)
    assert found.exposure.sum(axis=0).max() <= 20.0


def simulated(rng: np.random.Generator, A: float, k: float, span: float) -> Tape:  # noqa: N803
    """Returns market orders that reach Exp(k) ticks beyond a still mid, on a tick so fine that rounding does not matter."""
    count = rng.poisson(2 * A * span)
    time = np.sort(rng.uniform(0, span, count))
    side = rng.choice([BUY, SELL], count)
    depth = rng.exponential(1 / k, count)
    tick = 10**6 + side * np.floor(depth).astype(np.int64)
    quotes = np.array([0, span * SECOND], np.int64)
    return Tape(
        quotes,
        np.full(2, 10**6 - 1),
        np.full(2, 10**6 + 1),
        (time * SECOND).astype(np.int64),
        side.astype(np.int64),
        tick,
    )


def test_a_and_k_are_found_again_and_their_errors_are_honest() -> None:
    scores = []
    for seed in range(40):
        found = simulated(np.random.default_rng(seed), A=2.0, k=0.001, span=2000.0)
        distances = 2 * np.array([100, 400, 800, 1200, 1600, 2400, 3200])
        fit, a_error, k_error, _ = fitted(imagined(found, SECOND // 10, distances, through=False), 0.5)
        scores.append([(fit.A - 2.0) / a_error, (fit.k - 0.001) / k_error])
    deviations = np.array(scores)
    assert (np.abs(deviations.mean(axis=0)) < 4.0 / math.sqrt(40)).all()
    assert ((deviations.std(axis=0) > 0.6) & (deviations.std(axis=0) < 1.6)).all()


def test_the_farthest_distance_is_one_that_trades_reach_ten_times() -> None:
    trades = [(i + 0.5, BUY, 102 + (i < 10) * 8 + (i < 3) * 20) for i in range(20)]
    still = tape([(0.0, 100, 102), (30.0, 100, 102)], trades)
    assert targets(still, SECOND, 5, None).tolist()[-1] == 2 * (110 - 101)
    assert targets(still, SECOND, 5, 3.0).tolist() == [2, 4, 6]


def chunk(rows: list[tuple[Any, ...]], base: int = 1000) -> Chunk:
    """Returns a chunk of the venue's segments (ts, kind, flag, bid, ask, tick)."""
    segments = np.array(
        [(ts, place, 1, kind, flag, bid, ask) for place, (ts, kind, flag, bid, ask, _) in enumerate(rows)], SEGMENT
    )
    key = np.array([(row[5] - base) << 1 for row in rows], np.uint32)
    return Chunk(base, segments[:0], segments, key, np.ones(len(rows), np.int32), len(rows))


ROWS = [
    (0, DEPTH, 0, 5, 7, 1005),
    (1, DEPTH, MORE, 5, 8, 1005),
    (2, DEPTH, 0, 5, 7, 1004),
    (3, TRADE_BUY, 0, 5, 7, 1007),
    (4, TRADE_SELL, INVALID, 5, 7, 1005),
    (5, DEPTH, INVALID, 6, 7, 1006),
    (6, DEPTH, 0, 6, NO_ASK, 1006),
    (7, DEPTH, 0, 6, 9, 1006),
]


def test_a_tape_becomes_best_prices_and_trades() -> None:
    found = read(iter([chunk(ROWS)]))
    assert found.time.tolist() == [
        0,
        5,
        7,
    ]  # what changes nothing, and what a message has not said to its end, is no change
    assert found.mid.tolist()[::2] == [1006.0, 1007.5]
    assert math.isnan(found.mid[1])
    assert (found.trade_time.tolist(), found.trade_side.tolist(), found.trade_tick.tolist()) == ([3], [1], [1007])


def test_a_fault_in_the_data_leaves_what_came_before() -> None:
    def broken() -> Any:
        yield chunk(ROWS)
        raise DataError("x.gz:9: broken")

    found = read(broken())
    assert str(found.fault) == "x.gz:9: broken"
    assert len(found.trade_time) == 1


def test_a_market_without_trades_or_prices_says_so() -> None:
    with pytest.raises(DataError, match="nothing to calibrate from"):
        read(iter([chunk(ROWS[:1])]))
    with pytest.raises(DataError, match="nothing to calibrate from"):
        read(iter([]))


def test_data_shorter_than_an_interval_says_so() -> None:
    with pytest.raises(DataError, match="shorter than one interval"):
        imagined(tape(STILL, [(1.0, BUY, 102)]), 100 * SECOND, np.array([2]), through=False)
