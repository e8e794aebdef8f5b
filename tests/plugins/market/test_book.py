"""The simulated book obeys the rules of a real one, knows its efficient price, and is the same for the same seed."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmkit
from mmkit import tape
from mmkit.stack import Instrument
from mmkit_plugins.market import book

SECOND = 10**9
INSTRUMENT = Instrument("TOY", tick_size=0.01, lot_size=0.001)


def arrays(seed: int = 1, instrument: Instrument = INSTRUMENT, **changes: Any) -> Iterator[Any]:
    return book.events(book.Params(**changes), instrument, np.random.default_rng(seed))


def market(seed: int = 1, instrument: Instrument = INSTRUMENT, **changes: Any) -> Any:
    return np.concatenate(list(arrays(seed, instrument, **changes)))


def messages(events: Any) -> Iterator[tuple[int, list[tuple[int, int, int]]]]:
    """Yields the rows (kind, tick, lots) of each venue time."""
    starts = np.flatnonzero(np.diff(events["exch_ts"], prepend=-1))
    rows = list(zip(*(events[name].tolist() for name in ("kind", "tick", "lots")), strict=True))
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        yield int(events["exch_ts"][start]), rows[start:end]


@attrs.define
class Replay:
    """An independent book: applies rows and refuses what no venue would send."""

    bids: dict[int, int] = attrs.field(factory=dict)
    asks: dict[int, int] = attrs.field(factory=dict)
    bid: int = 0
    ask: int = 0

    def apply(self, rows: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """Applies a message; returns its trades (direction, tick, lots)."""
        trades = [row for row in rows if row[0] in (tape.BUY, tape.SELL)]
        assert rows[: len(trades)] == trades, "trades come before the levels that they leave"
        assert len({kind for kind, _, _ in trades}) <= 1
        expected = {}
        if trades:
            buys = trades[0][0] == tape.BUY
            resting = dict(self.asks if buys else self.bids)
            for number, (_, tick, lots) in enumerate(trades):
                assert tick == (min(resting) if buys else max(resting)), "a trade is at the best resting price"
                assert 0 < lots <= resting[tick]
                assert number == len(trades) - 1 or lots == resting[tick], "a level is left only when it is empty"
                expected[tick] = resting.pop(tick) - lots
        changes = rows[len(trades) :]
        assert len({row[:2] for row in changes}) == len(changes), "a message names a level once"
        for kind, tick, lots in changes:
            side = (self.bids, self.asks)[kind]
            if lots:
                assert lots > 0
                side[tick] = lots
            else:
                del side[tick]
        for tick, left in expected.items():
            assert (self.asks if buys else self.bids).get(tick, 0) == left
        self.bid, self.ask = max(self.bids), min(self.asks)
        assert self.bid < self.ask
        return [(1 if kind == tape.BUY else -1, tick, lots) for kind, tick, lots in trades]


@attrs.define
class History:
    """Best prices after each message, and the trades with the mid before them (in ticks)."""

    time: Any
    bid: Any
    ask: Any
    touch: Any
    trades: Any

    def mid(self, when: Any) -> Any:
        return ((self.bid + self.ask) / 2)[np.searchsorted(self.time, when, side="right") - 1]

    def move(self, seconds: float) -> Any:
        """Mid `seconds` after each trade less the mid before it, in the trade's direction, in ticks."""
        known = self.trades[self.trades[:, 0] + seconds * SECOND <= self.time[-1]]
        return known[:, 1] * (self.mid(known[:, 0] + seconds * SECOND) - known[:, 3])


def history(events: Any) -> History:
    replay, rows, trades = Replay(), [], []
    for time, message in messages(events):
        if time == 0:
            message = message[1:]
        before = (replay.bid + replay.ask) / 2
        trades += [(time, direction, tick, before) for direction, tick, _ in replay.apply(message)]
        rows.append((time, replay.bid, replay.ask, replay.bids[replay.bid] + replay.asks[replay.ask]))
    return History(*np.array(rows).T, trades=np.array(trades).reshape(-1, 4))


@st.composite
def worlds(draw: Any) -> dict[str, Any]:
    number = lambda low, high: draw(st.floats(low, high, allow_nan=False))  # noqa: E731
    return {
        "seed": draw(st.integers(0, 2**32)),
        "instrument": Instrument("TOY", draw(st.sampled_from([0.01, 0.1, 0.5])), draw(st.sampled_from([0.001, 1.0]))),
        "start_price": number(20.0, 200.0),
        "sigma": number(0.0, 2.0),
        "duration": draw(st.integers(1, 20 * SECOND)),
        "limit_rate": number(0.5, 60.0),
        "market_rate": number(0.0, 20.0),
        "cancel_rate": number(0.5, 60.0),
        "decay": number(0.0, 3.0),
        "levels": draw(st.integers(1, 30)),
        "limit_size": number(0.0005, 5.0),
        "market_size": number(0.0005, 50.0),
        "informed": number(0.0, 1.0),
        "reaction": draw(st.integers(0, 3 * SECOND)),
        "feed_latency": draw(st.integers(0, SECOND)),
    }


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_the_rows_are_those_of_a_book_that_never_crosses_locks_or_empties(world: dict[str, Any]) -> None:
    events = market(**world)
    assert np.all(np.diff(events["exch_ts"]) >= 0)
    assert np.all(events["local_ts"] == events["exch_ts"] + world["feed_latency"])
    assert np.all(events["stream"] == tape.BOTH)
    assert events["exch_ts"][-1] <= world["duration"]
    assert np.flatnonzero(events["kind"] == tape.RESET).tolist() == [0]
    assert set(np.unique(events["kind"])) <= {tape.RESET, tape.BID, tape.ASK, tape.BUY, tape.SELL}
    assert events["exch_ts"][0] == 0
    assert events["tick"][1:].min() >= 1
    replay, levels = Replay(), world["levels"]
    for time, message in messages(events):
        replay.apply(message[1:] if time == 0 else message)
        assert min(replay.bids) <= max(1, replay.bid - levels), "each side reaches its depth"
        assert max(replay.asks) >= replay.ask + levels
        assert min(replay.bids) > replay.bid - 3 * levels, "and less than three times as deep"
        assert max(replay.asks) < replay.ask + 3 * levels


@settings(max_examples=15, deadline=None)
@given(worlds())
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(world: dict[str, Any]) -> None:
    world["duration"] = 10 * SECOND
    first = market(**world).tobytes()
    assert market(**world).tobytes() == first
    assert market(**{**world, "seed": world["seed"] + 1}).tobytes() != first


def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    source = (
        "import hashlib, numpy, mmkit_plugins.market.book as book; from mmkit.stack import Instrument;"
        "toy = Instrument('TOY', tick_size=0.01, lot_size=0.001);"
        "events = book.events(book.Params(), toy, numpy.random.default_rng(1));"
        "print(hashlib.sha256(b''.join(array.tobytes() for array in events)).hexdigest())"
    )
    found = subprocess.run(
        [sys.executable, "-c", source], env={**os.environ, "PYTHONHASHSEED": "99"}, capture_output=True, check=True
    )
    assert found.stdout.decode().strip() == hashlib.sha256(market().tobytes()).hexdigest()


def test_a_longer_market_begins_with_the_shorter_one() -> None:
    short, long = market(duration=100 * SECOND), market(duration=1900 * SECOND)
    assert long[: len(short)].tobytes() == short.tobytes()
    assert long["exch_ts"][len(short)] > 100 * SECOND


COARSE = Instrument("COARSE", tick_size=0.1, lot_size=0.001)


@pytest.mark.parametrize(
    ("world", "digest"),
    [
        (
            {"seed": 1, "duration": 60 * SECOND},
            "f8f19ba82058506220cb56b9b1c8f1bef7e4acfe905e3aace5372b02d212c7ea",
        ),
        (
            {"seed": 2**40 + 7, "duration": 1700 * SECOND},
            "761ccfddd30e8200595adc80f3db1f3c4d644ee5cb519edbb550e2a2c26f5b98",
        ),
        (
            {"seed": 4, "start_price": 0.3, "sigma": 1.0, "levels": 5, "duration": 100 * SECOND},
            "575afb68e75eb1ec14db848b104fe6cec8db8ef05a5caff2471345de6fa06833",
        ),
        (
            {"seed": 3, "instrument": COARSE, "start_price": 60000.0, "sigma": 7.5, "market_rate": 20.0}
            | {"levels": 40, "reaction": 0, "duration": 60 * SECOND},
            "8849c197bde11d2477ceccb8a9b1daa1cec1eac31953951d05a711f002ae75bb",
        ),
    ],
    ids=["defaults", "several-blocks", "reflected", "coarse"],
)
@pytest.mark.parametrize("idle", [{}, {"factor": 7, "basis_half_life": 5 * SECOND}], ids=["plain", "idle"])
def test_without_a_common_factor_or_a_basis_the_bytes_are_those_from_before_there_were_any(
    world: dict[str, Any], digest: str, idle: dict[str, int]
) -> None:
    assert hashlib.sha256(market(**world, **idle).tobytes()).hexdigest() == digest


OTHER = {
    "start_price": 120.0,
    "sigma": 0.05,
    "duration": 50 * SECOND,
    "limit_rate": 25.0,
    "market_rate": 3.0,
    "cancel_rate": 25.0,
    "decay": 0.5,
    "levels": 25,
    "limit_size": 1.5,
    "market_size": 1.0,
    "informed": 0.6,
    "reaction": SECOND,
    "feed_latency": 0,
    "common_sigma": 0.05,
    "factor": 1,
    "basis_sigma": 0.05,
    "basis_half_life": 5 * SECOND,
}
PARTS = {"factor": {"common_sigma": 0.05}, "basis_half_life": {"basis_sigma": 0.05}}
"""The part of the efficient price that a parameter belongs to."""


@pytest.mark.parametrize("name", [field.name for field in attrs.fields(book.Params)])
def test_each_parameter_changes_the_market(name: str) -> None:
    usual = {"duration": 60 * SECOND, **PARTS.get(name, {})}
    assert market(**usual).tobytes() != market(**{**usual, name: OTHER[name]}).tobytes()


def test_a_market_arrives_in_pieces_of_bounded_size_and_begins_at_once() -> None:
    pieces = arrays(duration=10**18, sigma=0.3)
    sizes = [len(next(pieces)) for _ in range(4)]
    assert min(sizes) > 30_000
    assert max(sizes) < 200_000


def test_the_efficient_price_is_reflected_at_zero() -> None:
    events = market(start_price=0.3, sigma=1.0, levels=5, duration=100 * SECOND)
    assert events["tick"][1:].min() >= 1
    assert history(events).bid.max() > 100


@pytest.fixture(scope="module")
def informed() -> list[History]:
    return [history(market(seed, informed=0.5)) for seed in range(8)]


@pytest.fixture(scope="module")
def uninformed() -> list[History]:
    return [history(market(seed, informed=0.0)) for seed in range(8)]


@pytest.fixture(scope="module")
def hour() -> History:
    return history(market(3, duration=3600 * SECOND))


def mean(values: list[float]) -> tuple[float, float]:
    """Returns mean and standard error over independent markets."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


@pytest.mark.parametrize("seconds", [2.0, 10.0])
def test_the_mid_follows_a_trade_further_where_flow_is_informed(
    informed: list[History], uninformed: list[History], seconds: float
) -> None:
    with_news, error = mean([h.move(seconds).mean() for h in informed])
    without, other_error = mean([h.move(seconds).mean() for h in uninformed])
    assert with_news - without > 3 * np.hypot(error, other_error)


def test_what_a_resting_order_gains_at_the_fill_is_mostly_lost_afterwards(informed: list[History]) -> None:
    """Nobody earns the spread for free: of the half-spread at the fill less than half is left ten seconds later."""
    gained, _ = mean([(h.trades[:, 1] * (h.trades[:, 2] - h.trades[:, 3])).mean() for h in informed])
    lost, error = mean([h.move(10.0).mean() for h in informed])
    assert gained > 0
    assert 0.5 * gained - 3 * error < lost < 2.0 * gained


@pytest.mark.parametrize("sigma", [0.02, 0.06])
def test_the_mid_moves_with_the_volatility_of_the_efficient_price(sigma: float) -> None:
    prices = history(market(5, sigma=sigma, duration=3600 * SECOND)).mid(np.arange(0, 3600, 10) * SECOND)
    realised = np.std(np.diff(prices)) * 0.01 / np.sqrt(10)
    error = sigma / np.sqrt(2 * 359)
    assert abs(realised - sigma) < 4 * error


def test_the_mid_stays_around_an_efficient_price_that_stands_still() -> None:
    """Both sides alike: no bias beyond the standard error over independent markets."""
    grid = np.arange(1, 600) * SECOND
    away = [history(market(s, sigma=0.0, start_price=100.005)).mid(grid) - 10_000.5 for s in range(6)]
    bias, error = mean([float(path.mean()) for path in away])
    assert abs(bias) < 4 * error
    assert error < 0.2
    assert np.abs(away).max() < 20


def test_without_informed_flow_the_efficient_price_is_known_to_nobody() -> None:
    usual = {"informed": 0.0, "duration": 60 * SECOND}
    assert market(**usual).tobytes() == market(**usual, sigma=1.0).tobytes()


def test_informed_resting_orders_follow_later_where_they_react_later() -> None:
    """The mid ten seconds after a trade, by how long makers need: the later they learn, the more a trade foretells."""
    quick, error = mean([history(market(s, reaction=0)).move(10.0).mean() for s in range(6)])
    slow, other_error = mean([history(market(s, reaction=2 * SECOND)).move(10.0).mean() for s in range(6)])
    assert slow - quick > 3 * np.hypot(error, other_error)


def test_resting_flow_knows_the_price_of_a_reaction_ago_across_blocks_too() -> None:
    """What market orders know is the path itself; limit orders see it later, wherever the drawing of blocks pauses."""
    params = book.Params(sigma=1.0, market_rate=500.0, reaction=5 * SECOND, duration=300 * SECOND)
    rng = np.random.default_rng(4)
    drawn = [row for block in book._arrivals(params, 10_000 * book.GRID, 0.01, rng) for row in block]
    time, floor, stream = (np.array(column) for column in list(zip(*drawn, strict=True))[:3])
    assert len(drawn) > 2 * book.BLOCK
    path, late = stream == book.MARKET, (stream != book.MARKET) & (time > 6 * SECOND)
    before = np.searchsorted(time[path], time[late] - 5 * SECOND, side="right") - 1
    gap = np.abs(floor[path][before] - floor[late])
    assert gap.max() < 60  # 100 ticks per sqrt(second) over a few milliseconds, against 220 in five seconds
    assert gap.mean() < 5


def test_the_defaults_are_a_lively_book(hour: History) -> None:
    held = np.diff(hour.time, append=3600 * SECOND) / (3600 * SECOND)
    spread = hour.ask - hour.bid
    assert held[spread <= 3].sum() > 0.7
    assert 20 < len(hour.time) / 3600 < 60
    assert 1 < len(hour.trades) / 3600 < 5


def test_depth_settles(hour: History) -> None:
    """The quantity at the touch neither drains nor grows over an hour."""
    early, late = hour.touch[: len(hour.touch) // 4].mean(), hour.touch[-len(hour.touch) // 4 :].mean()
    assert 0.8 < early / late < 1.25


def test_flow_decays_with_the_distance_from_the_touch() -> None:
    """Limit orders at d ticks from the opposite best come as exp(-decay (d - 1)), counted from the rows."""
    events = market(2, informed=0.0, market_rate=0.0, duration=3600 * SECOND, decay=0.4, limit_rate=40.0)
    replay, counts = Replay(), np.zeros(21)
    for time, message in messages(events):
        if time and len(message) == 1:
            ((kind, tick, lots),) = message
            own, other = (replay.bids, replay.ask) if kind == tape.BID else (replay.asks, replay.bid)
            if lots > own.get(tick, 0) and abs(other - tick) <= 20:
                counts[abs(other - tick)] += 1
        replay.apply(message[1:] if time == 0 else message)
    weights = np.exp(-0.4 * np.arange(12))
    found = counts[1:13]
    expected = found.sum() * weights / weights.sum()
    assert np.sum((found - expected) ** 2 / expected) < 40  # chi-square with 11 degrees: 40 is beyond 1 in 10,000


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"start_price": 0.1}, "market.start_price"),
        ({"limit_size": 1e9}, "market.limit_size"),
        ({"market_size": 1e9}, "market.market_size"),
        ({"sigma": 1e9}, "market.sigma"),
        ({"common_sigma": 1e9}, "market.common_sigma"),
        ({"basis_sigma": 1e10}, "market.basis_sigma"),
    ],
)
def test_what_does_not_fit_the_grid_is_named_in_one_line(changes: dict[str, float], key: str) -> None:
    with pytest.raises(mmkit.ConfigError) as raised:
        next(arrays(**changes))
    assert key in str(raised.value)
    assert "\n" not in str(raised.value)
