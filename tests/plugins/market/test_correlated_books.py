"""Simulated books of one seed move together as far as they share a factor, and apart as far as their bases and themselves."""

import math
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmkit
from mmkit import tape
from mmkit.settings import read
from mmkit.stack import Instrument
from mmkit_plugins.market import _common_factor as paths
from mmkit_plugins.market import book

SECOND = 10**9
SPOT = Instrument("SPOT", tick_size=0.01, lot_size=0.001)
PERP = Instrument("PERP", tick_size=0.05, lot_size=0.01)

LIVELY = {
    "limit_rate": 40.0,
    "cancel_rate": 40.0,
    "market_rate": 5.0,
    "informed": 0.6,
    "reaction": SECOND // 10,
}
"""A book that is soon where its efficient price is."""


def streams(seed: int, count: int = 4) -> list[np.random.Generator]:
    """Returns streams as a stack of this seed hands them out."""
    return [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(count)]


def market(seed: int, place: int, instrument: Instrument = SPOT, **changes: Any) -> Any:
    return np.concatenate(list(book.events(book.Params(**changes), instrument, streams(seed)[place])))


def mids(events: Any, times: Any, tick_size: float = 0.01) -> Any:
    """Returns the mid in quote currency at ascending times, by an independent replay of the levels."""
    sides: tuple[dict[int, int], dict[int, int]] = {}, {}
    rows = list(zip(*(events[name].tolist() for name in ("exch_ts", "kind", "tick", "lots")), strict=True))
    found, row = [], 0
    for when in times.tolist():
        while row < len(rows) and rows[row][0] <= when:
            _, kind, tick, lots = rows[row]
            if kind in (tape.BID, tape.ASK):
                sides[kind][tick] = lots
                if not lots:
                    del sides[kind][tick]
            row += 1
        found.append((max(sides[tape.BID]) + min(sides[tape.ASK])) / 2 * tick_size)
    return np.array(found)


def floors(seed: int, place: int, instrument: Instrument = SPOT, **changes: Any) -> tuple[Any, Any]:
    """Returns when market orders arrive, and the tick below the efficient price that they see, as it is right then."""
    params = book.Params(**changes)
    start = round(params.start_price / instrument.tick_size * book.GRID)
    blocks = book._arrivals(params, start, instrument.tick_size, streams(seed)[place])
    drawn = np.array([row[:3] for block in blocks for row in block], np.int64).reshape(-1, 3)
    return tuple(drawn[drawn[:, 2] == book.MARKET][:, :2].T)


def plain_factor(seed: int, number: int, count: int) -> Any:
    """A Brownian motion at 0, 10 ms, 20 ms, … worked out afresh in floats from the seed alone."""
    key = (0x636F6D6D, number)
    moves = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key)).standard_normal(count - 1)
    return np.concatenate([[0.0], np.cumsum(0.1 * moves)])


def factor(seed: int, number: int, times: Any, place: int = 0) -> Any:
    """Returns the common factor in sqrt(s)."""
    return paths.common_factor(streams(seed)[place], number, float(paths.UNIT)).at(np.asarray(times)) / paths.UNIT


def basis(seed: int, half_life: int, times: Any, place: int = 0) -> Any:
    """Returns the basis in its stationary standard deviations."""
    return paths.basis(streams(seed)[place], half_life, float(paths.UNIT)).at(np.asarray(times)) / paths.UNIT


# The paths themselves


def test_the_common_factor_is_the_sum_of_the_moves_of_its_seed_and_number_at_each_ten_milliseconds() -> None:
    count = 3 * paths.BLOCK + 5
    found = factor(11, 3, np.arange(count) * 10_000_000)
    assert np.abs(found - plain_factor(11, 3, count)).max() < 1e-6
    assert found[0] == 0.0


def test_the_common_factor_is_a_standard_brownian_motion() -> None:
    """Moves over 0.05, 1 and 20 s: mean 0, variance the time, no memory; each within 4 standard errors."""
    path = factor(5, 0, np.arange(2_000_000) * 10_000_000)
    for steps in (5, 100, 2000):
        moves = np.diff(path[::steps]) / math.sqrt(steps * 0.01)
        n = len(moves)
        assert abs(moves.mean()) < 4 / math.sqrt(n)
        assert abs(moves.var() - 1.0) < 4 * math.sqrt(2.0 / n)
        assert abs((moves[1:] * moves[:-1]).mean()) < 4 / math.sqrt(n)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**64),
    st.integers(0, 65_535),
    st.lists(st.integers(0, 3000 * SECOND), min_size=1, max_size=60),
    st.integers(0, 3),
    st.integers(1, 60),
)
def test_a_path_is_the_same_whenever_it_is_looked_at_and_whoever_looks(
    seed: int, number: int, times: list[int], place: int, cut: int
) -> None:
    """Whole, or in two readings, or at other times between: one instrument's view of the factor is another's."""
    times = sorted(times)
    whole = factor(seed, number, times)
    other = paths.common_factor(streams(seed)[place], number, float(paths.UNIT))
    parts = [other.at(np.array(part, np.int64)) for part in (times[:cut], times[cut:])]
    assert (np.concatenate(parts) / paths.UNIT == whole).all()
    dense = factor(seed, number, sorted({*times, *range(0, times[-1], 7 * SECOND)}))
    kept = np.searchsorted(sorted({*times, *range(0, times[-1], 7 * SECOND)}), times)
    assert (dense[kept] == whole).all()


def test_factors_of_other_numbers_and_seeds_and_bases_of_other_instruments_have_nothing_in_common() -> None:
    times = np.arange(100_000) * 50_000_000
    drawn = [factor(1, 0, times), factor(1, 1, times), factor(2, 0, times)]
    drawn += [basis(1, SECOND, times, place) for place in (0, 1)] + [basis(2, SECOND, times)]
    between = np.corrcoef(np.diff(drawn))
    assert np.abs(between - np.eye(6)).max() < 5 / math.sqrt(len(times))


def test_an_instruments_own_stream_goes_on_as_if_no_path_had_been_drawn() -> None:
    used, left = streams(9)[0], streams(9)[0]
    for path in (paths.common_factor(used, 0, 1.0), paths.basis(used, SECOND, 1.0)):
        path.at(np.arange(10) * SECOND)
    assert used.random() == left.random()
    assert used.spawn(1)[0].random() == left.spawn(1)[0].random()


@pytest.mark.parametrize("half_life", [100_000_000, SECOND])
def test_the_basis_has_its_standard_deviation_and_its_half_life(half_life: int) -> None:
    """Sampled each half-life h over 20,000 h: an autoregression of 1/2; each figure within 4 standard errors."""
    n = 20_000
    found = basis(3, half_life, np.arange(20, n + 20) * half_life)
    error = math.sqrt(2.0 / n * (1 + 0.25) / (1 - 0.25))  # of the variance of an autoregression of 1/2
    assert abs(found.var() - 1.0) < 4 * error
    slope = (found[1:] * found[:-1]).sum() / (found[:-1] ** 2).sum()
    assert abs(slope - 0.5) < 4 * math.sqrt(0.75 / n)
    later = (found[3:] * found[:-3]).mean() / found.var()
    assert abs(later - 0.125) < 4 * math.sqrt((1 + 0.25) / (1 - 0.25) / n)


def test_a_move_of_the_basis_is_the_exact_one_of_its_time() -> None:
    """Given where it was 70 ms ago: normal around 2^(-t/h) of that, of variance 1 - 4^(-t/h)."""
    half_life = 50_000_000
    path = basis(8, half_life, np.arange(1_000_000) * 70_000_000)
    kept = 2.0 ** (-7 / 5)
    rest = path[1:] - kept * path[:-1]
    n = len(rest)
    assert abs(rest.var() - (1 - kept**2)) < 4 * (1 - kept**2) * math.sqrt(2.0 / n)
    assert abs((rest * path[:-1]).mean()) < 4 * math.sqrt(1 - kept**2) / math.sqrt(n)
    assert abs((rest**4).mean() / rest.var() ** 2 - 3.0) < 4 * math.sqrt(24.0 / n)


def test_the_basis_goes_on_where_a_block_ends() -> None:
    """Against the recursion in plain floats, over three blocks of a basis that remembers them."""
    count, half_life = 2 * paths.BLOCK + 100, 600 * SECOND
    seed = np.random.SeedSequence(12).spawn(1)[0]
    drawn = np.random.default_rng(np.random.SeedSequence(12, spawn_key=(*seed.spawn_key, 0x62617369)))
    kept = 2.0 ** (-0.01 / 600)
    expected = [0.0]
    for x in drawn.standard_normal(count - 1).tolist():
        expected.append(kept * expected[-1] + math.sqrt(1 - kept * kept) * x)
    assert np.abs(basis(12, half_life, np.arange(count) * 10_000_000) - expected).max() < 1e-4


def test_the_basis_starts_at_zero_and_spreads_to_its_deviation() -> None:
    """Over 1,000 seeds: variance 1 - 4^(-t/h) after t."""
    n = 1000
    found = np.array([basis(seed, SECOND, np.array([0, SECOND // 2, SECOND, 8 * SECOND])) for seed in range(n)])
    assert (found[:, 0] == 0.0).all()
    for at, elapsed in ((1, 0.5), (2, 1.0), (3, 8.0)):
        expected = 1 - 4.0**-elapsed
        assert abs(found[:, at].var() - expected) < 4 * expected * math.sqrt(2.0 / n)
        assert abs(found[:, at].mean()) < 4 * math.sqrt(expected / n)


def test_a_path_keeps_one_block_however_long_it_is() -> None:
    rng = streams(1)[0]
    for path in (paths.common_factor(rng, 0, 1.0), paths.basis(rng, SECOND, 1.0)):
        tracemalloc.start()
        for hour in range(2):
            path.at((hour * 3600 + np.arange(3600)) * SECOND)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2e6  # two hours are 720,000 values: 5.8 MB


# The efficient price


RATES = st.floats(0.5, 60.0, allow_nan=False)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), RATES, RATES, RATES, st.integers(1, 2000 * SECOND), st.integers(0, 3))
def test_the_efficient_price_is_the_start_and_the_factor_whatever_the_rates_and_the_length(
    seed: int, limit_rate: float, market_rate: float, cancel_rate: float, duration: int, place: int
) -> None:
    rates = {"limit_rate": limit_rate, "market_rate": market_rate, "cancel_rate": cancel_rate}
    world = {"sigma": 0.0, "common_sigma": 0.02, "factor": 2, "duration": duration, **rates}
    times, found = floors(seed, place, PERP, **world)
    path = plain_factor(seed, 2, duration // 10_000_000 + 1)
    ticks = np.abs(100.0 + 0.02 * path[times // 10_000_000]) / 0.05
    assert (np.abs(found + 0.5 - ticks) < 0.5 + 1e-5).all()


def test_two_instruments_differ_by_their_bases_alone_where_they_have_no_part_of_their_own() -> None:
    """Start, tick and rates are each one's own; the difference of the prices does not wander."""
    world = {"sigma": 0.0, "common_sigma": 1.0, "basis_half_life": SECOND, "market_rate": 50.0}
    world |= {"duration": 3000 * SECOND, "start_price": 1000.0}
    times, perp = floors(6, 2, PERP, **world, basis_sigma=2.0)
    others, spot = floors(6, 0, SPOT, **{**world, "market_rate": 20.0})
    path = plain_factor(6, 0, 300_001)
    assert np.abs(0.01 * (spot + 0.5) - (1000.0 + path[others // 10_000_000])).max() < 0.0051
    apart = 0.05 * (perp + 0.5) - (1000.0 + path[times // 10_000_000])
    expected = 2.0 * basis(6, SECOND, times, place=2)
    assert np.abs(apart - expected).max() < 0.0251
    # One independent value per 2.9 s of a basis of this half-life: about 1,000, four standard errors of 2.2 % each.
    assert abs(apart.std() / 2.0 - 1.0) < 4 * 0.0225


def test_resting_flow_knows_the_factor_and_the_basis_of_a_reaction_ago() -> None:
    world = {"sigma": 0.0, "common_sigma": 0.5, "basis_sigma": 0.3, "basis_half_life": 2 * SECOND}
    world |= {"market_rate": 300.0, "reaction": 5 * SECOND, "duration": 300 * SECOND, "start_price": 100.0}
    params = book.Params(**world)
    drawn = [row for block in book._arrivals(params, 10_000 * book.GRID, 0.01, streams(4)[0]) for row in block]
    time, floor, stream = (np.array(column) for column in list(zip(*drawn, strict=True))[:3])
    assert len(drawn) > book.BLOCK
    late = (stream != book.MARKET) & (time > 6 * SECOND)
    # The price as it was when the last order before arrived, as the book has always had it.
    before = time[np.searchsorted(time, time[late] - 5 * SECOND, side="right") - 1]
    price = 100.0 + 0.5 * plain_factor(4, 0, 30_001)[before // 10_000_000] + 0.3 * basis(4, 2 * SECOND, before)
    assert np.abs(floor[late] + 0.5 - price / 0.01).max() < 0.5 + 1e-4


# The books


@pytest.mark.parametrize("seed", [1, 2])
def test_the_mids_of_two_books_with_one_factor_move_together_and_with_two_factors_do_not(seed: int) -> None:
    """36/37 of the variance is common. Half an hour gives a correlation at 1 s to 0.006 (Fisher), at 10 s to 0.006.

    The books find their price with a delay and a bounce of their own: at 1 s less than 36/37 is seen (Epps).
    """
    world = {**LIVELY, "sigma": 0.01, "common_sigma": 0.06, "duration": 1800 * SECOND}
    grid = np.arange(1, 1800) * SECOND
    first = mids(market(seed, 0, **world), grid)
    same = mids(market(seed, 2, PERP, **world, factor=0), grid, tick_size=0.05)
    other = mids(market(seed, 2, **world, factor=1), grid)
    for every, least in ((1, 0.7), (10, 0.9)):
        moves = [np.diff(path[::every]) for path in (first, same, other)]
        together = np.corrcoef(moves)
        assert together[0, 1] > least
        assert abs(together[0, 2]) < 4 / math.sqrt(len(moves[0]))


def test_the_mids_of_two_books_part_by_the_basis_and_come_back() -> None:
    """Both wander by far more than the basis; their difference keeps its deviation from one half-hour to the next."""
    world = {**LIVELY, "sigma": 0.0, "common_sigma": 0.06, "duration": 3600 * SECOND}
    grid = np.arange(60, 3600) * SECOND
    spot = mids(market(7, 0, **world), grid)
    perp = mids(market(7, 2, **world, basis_sigma=0.2, basis_half_life=5 * SECOND), grid)
    assert min(np.ptp(spot), np.ptp(perp)) > 3.0
    for half in np.array_split(perp - spot, 2):
        # About 120 independent values of the basis: four standard errors are 26 %; the books add a few ticks.
        assert 0.14 < half.std() < 0.28
        assert abs(half.mean()) < 4 * 0.2 / math.sqrt(120)


def test_books_that_are_read_in_turns_are_those_that_are_read_alone() -> None:
    world = {"common_sigma": 0.03, "basis_sigma": 0.05, "duration": 4000 * SECOND}
    alone = [market(3, place, **world).tobytes() for place in (0, 2)]
    rngs = streams(3)
    turns = [book.events(book.Params(**world), SPOT, rngs[place]) for place in (2, 0)]
    read: list[list[Any]] = [[], []]
    waiting = [0, 1]
    while waiting:
        for place in list(waiting):
            found = next(turns[place], None)
            if found is None:
                waiting.remove(place)
            else:
                read[place].append(found)
    assert [np.concatenate(pieces).tobytes() for pieces in reversed(read)] == alone
    assert len(read[0]) > 2


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 2000 * SECOND), st.integers(0, 300 * SECOND))
def test_a_longer_market_begins_with_the_shorter_one(seed: int, duration: int, more: int) -> None:
    world = {"common_sigma": 0.05, "factor": 4, "basis_sigma": 0.1, "limit_rate": 5.0, "cancel_rate": 5.0}
    short = market(seed, 2, **world, duration=duration)
    long = market(seed, 2, **world, duration=duration + more)
    assert long[: len(short)].tobytes() == short.tobytes()
    assert (long["exch_ts"][len(short) :] > duration).all()


def test_an_endless_market_with_a_factor_and_a_basis_begins_at_once() -> None:
    params = book.Params(common_sigma=0.3, basis_sigma=0.1, duration=10**18)
    pieces = book.events(params, SPOT, streams(1)[0])
    assert max(len(next(pieces)) for _ in range(3)) < 200_000


def test_no_path_is_drawn_beyond_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block of arrivals at two a second spans nine hours, of a market that ends after a second."""
    drawn: list[paths.Path] = []

    def noted(rng: np.random.Generator, number: int, scale: float) -> paths.Path:
        drawn.append(paths.common_factor(rng, number, scale))
        return drawn[-1]

    monkeypatch.setattr(book, "common_factor", noted)
    market(1, 0, common_sigma=0.1, limit_rate=1.0, cancel_rate=1.0, market_rate=0.0, duration=SECOND)
    assert drawn[0].begin == 0


def test_a_price_that_a_factor_takes_below_zero_is_reflected() -> None:
    world = {"start_price": 0.3, "sigma": 0.0, "common_sigma": 1.0, "levels": 5, "duration": 100 * SECOND}
    path = 0.3 + plain_factor(1, 0, 10_001)
    assert path.min() < -1.0
    times, found = floors(1, 0, **world)
    assert np.abs(found + 0.5 - np.abs(path[times // 10_000_000]) / 0.01).max() < 0.5 + 1e-5
    assert market(1, 0, **world)["tick"][1:].min() >= 1


# What a stack may ask for


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("common_sigma = -0.1", "common_sigma: must be at least 0 price/sqrt(s), is -0.1"),
        ("factor = -1", "factor: must be at least 0, is -1"),
        ("factor = 65_536", "factor: must be at most 65535, is 65536"),
        ("factor = 0.5", "factor: must be a whole number, is 0.5"),
        ("basis_sigma = -1", "basis_sigma: must be at least 0 quote, is -1"),
        ('basis_half_life = "1ms"', "basis_half_life: must be at least 10ms, is 1ms"),
        ('basis_half_life = "31d"', "basis_half_life: must be at most 30d, is 31d"),
    ],
)
def test_a_parameter_out_of_its_range_is_one_line(tmp_path: Path, line: str, fault: str) -> None:
    file = tmp_path / "stack.toml"
    instrument = '[instruments.SIM]\ntick_size = 0.01\nlot_size = 0.001\n[instruments.SIM.market]\nuse = "book"'
    rules = '[pricing]\nuse = "fixed"\nhalf_spread = 0.1\n[sizing]\nuse = "fixed"\nquantity = 1.0'
    file.write_text(f"[stack]\nseed = 1\n{instrument}\n{line}\n{rules}\n")
    with pytest.raises(mmkit.ConfigError) as raised:
        read(file)
    assert str(raised.value).splitlines()[-1].endswith(fault)
    assert str(raised.value).count("must be") == 1


@pytest.mark.parametrize("key", ["common_sigma", "basis_sigma"])
def test_a_start_price_without_room_for_the_levels_is_refused_with_a_factor_or_a_basis_too(key: str) -> None:
    with pytest.raises(mmkit.ConfigError, match=r"market\.start_price = 0\.1 leaves no room"):
        market(1, 0, start_price=0.1, **{key: 0.01})
