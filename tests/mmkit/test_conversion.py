"""Conversion against a plain replay of every row: levels, best prices, validity, messages, windows."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmkit
from mmkit import tape
from mmkit.conversion import chunks
from mmkit_plugins.market import hftbacktest

Row = tuple[int, int, int, int, int, int]


class PlainBook:
    """Levels of one stream as a dict, best prices row by row."""

    def __init__(self) -> None:
        self.levels: dict[tuple[int, int], int] = {}
        self.bid: int | None = None
        self.ask: int | None = None
        self.valid = True

    def row(self, tick: int, lots: int, side: int) -> None:
        if lots:
            self.levels[tick, side] = lots
        else:
            self.levels.pop((tick, side), None)
        if lots and side == 0:
            self.bid = tick if self.bid is None else max(self.bid, tick)
            if self.ask is not None and tick >= self.ask:
                self.ask = self.above(tick + 1)
        elif lots:
            self.ask = tick if self.ask is None else min(self.ask, tick)
            if self.bid is not None and tick <= self.bid:
                self.bid = self.below(tick - 1)
        else:
            self.bid = None if self.bid is None else self.below(self.bid)
            self.ask = None if self.ask is None else self.above(self.ask)

    def below(self, tick: int) -> int | None:
        return max((t for t, side in self.levels if side == 0 and t <= tick), default=None)

    def above(self, tick: int) -> int | None:
        return min((t for t, side in self.levels if side == 1 and t >= tick), default=None)

    def clear(self, tick: int, side: int) -> None:
        if side == 0 and self.bid is not None and self.bid >= tick:
            self.levels = {k: q for k, q in self.levels.items() if k[1] or not tick <= k[0] <= self.bid}
            self.bid = self.below(self.bid)
        if side == 1 and self.ask is not None and self.ask <= tick:
            self.levels = {k: q for k, q in self.levels.items() if not k[1] or not self.ask <= k[0] <= tick}
            self.ask = self.above(self.ask)

    def take(self, tick: int, lots: int, kind: int) -> None:
        if kind == mmkit.GAP:
            self.valid, self.bid, self.ask = False, None, None
        elif kind == mmkit.RESET:
            self.__init__()
        elif self.valid and kind in (mmkit.BID, mmkit.ASK):
            self.row(tick, lots, kind)
        elif self.valid and kind in (mmkit.CLEAR_BIDS, mmkit.CLEAR_ASKS):
            self.clear(tick, kind - mmkit.CLEAR_BIDS)


def array(rows: list[Row]) -> Any:
    return np.array(rows, mmkit.EVENT)


def plain(events: Any, stream: int) -> Iterator[tuple[int, PlainBook, list[Row]]]:
    """Yields time, book and trades after each message of one stream: rows of equal times, cut where a RESET comes."""
    clock = "local_ts" if stream == mmkit.LOCAL else "exch_ts"
    book = PlainBook()
    for row in events[events["stream"] & stream != 0]:
        book.take(int(row["tick"]), int(row["lots"]), int(row["kind"]))
        yield int(row[clock]), book, row


class Replay:
    """A reader of chunks as the tape's description has it, for one stream."""

    def __init__(self, window: int, crossed_resets: bool) -> None:
        self.window = window
        self.crossed_resets = crossed_resets
        self.book = np.zeros(2 * window, np.int64)
        self.base: int | None = None
        self.trades: list[tuple[int, int, int, int]] = []
        self.bests: list[tuple[int, int | None, int | None, bool]] = []

    def take(self, chunk: Any, stream: str) -> None:
        if chunk.base != self.base and chunk.opening:
            self.book[:] = 0
            keys, lots = chunk.opening[0 if stream == "local" else 1]
            self.book[keys] = lots
        self.base = chunk.base
        segments = getattr(chunk, stream)
        for s in segments:
            rows = slice(int(s["start"]), int(s["start"]) + int(s["len"]))
            key, lots = chunk.key[rows].astype(np.int64), chunk.lots[rows]
            kind = int(s["kind"])
            bid = None if s["bid"] == tape.NO_BID else int(s["bid"]) + chunk.base
            ask = None if s["ask"] == tape.NO_ASK else int(s["ask"]) + chunk.base
            valid = not s["flag"] & tape.INVALID
            if kind == tape.DEPTH:
                assert len(set(key.tolist())) == len(key), "a key comes twice in a segment"
                bids, asks = key[(key & 1 == 0) & (lots > 0)] >> 1, key[(key & 1 == 1) & (lots > 0)] >> 1
                crosses = len(bids) and len(asks) and bids.max() >= asks.min()
                assert self.crossed_resets or not crosses, "a segment crosses inside"
                assert not len(key) or (key.min() >= 0 and key.max() < 2 * self.window)
                self.book[key] = lots
            elif kind in (tape.TRADE_BUY, tape.TRADE_SELL):
                assert len(key) == 1
                self.trades.append((int(s["ts"]), int(key[0] >> 1) + chunk.base, int(lots[0]), kind))
            else:
                tick, last = int(key[0] >> 1), self.last
                if kind == tape.CLEARED_BIDS and last[0] is not None:
                    self.book[2 * max(tick, 0) : 2 * max(last[0] - chunk.base + 1, 0) : 2] = 0
                elif kind == tape.CLEARED_ASKS and last[1] is not None:
                    self.book[2 * max(last[1] - chunk.base, 0) + 1 : 2 * tick + 2 : 2] = 0
            self.bests.append((int(s["ts"]), bid, ask, valid))

    @property
    def last(self) -> tuple[int | None, int | None]:
        return self.bests[-1][1:3] if self.bests else (None, None)

    def levels(self) -> dict[tuple[int, int], int]:
        keys = np.flatnonzero(self.book)
        assert self.base is not None
        return {(int(k >> 1) + self.base, int(k & 1)): int(self.book[k]) for k in keys}


def check(events: Any, window: int, rows: int) -> list[Any]:
    """Asserts that the chunks of `events` replay to what the rows say, at the end of every time of each stream."""
    made = list(chunks(iter([events]), rows=rows, window=window))
    assert sum(chunk.events for chunk in made) == int((events["stream"] & mmkit.ADDED == 0).sum())
    for name, stream in (("local", mmkit.LOCAL), ("venue", mmkit.VENUE)):
        replay = Replay(window, crossed_resets=mmkit.RESET in events["kind"])
        wanted: dict[int, tuple[int | None, int | None, bool]] = {}
        trades = []
        book = PlainBook()
        for ts, book, row in plain(events, stream):
            wanted[ts] = (book.bid, book.ask, book.valid)
            if row["kind"] in (mmkit.BUY, mmkit.SELL):
                trades.append((ts, int(row["tick"]), int(row["lots"]), int(row["kind"]) - 1))
        for chunk in made:
            replay.take(chunk, name)
            assert np.all(np.diff(getattr(chunk, name)["ts"]) >= 0)
        assert replay.trades == trades
        found: dict[int, Any] = {}
        for ts, bid, ask, valid in replay.bests:
            found[ts] = (bid, ask, valid)
        # Rows that say nothing (levels in a gap) have no segment.
        assert {ts: wanted[ts] for ts in found} == found
        for ts in wanted.keys() - found.keys():
            assert not wanted[ts][2]
        if made and book.valid:
            base = made[-1].base
            near = {k: q for k, q in book.levels.items() if base <= k[0] < base + window}
            assert replay.levels() == near
    return made


@st.composite
def markets(draw: Any) -> Any:
    """Random rows: a wandering price, levels around it, trades, clears, gaps and resets, in one or both streams."""
    now, late, price = 0, 0, 1000
    rows: list[Row] = []
    for _ in range(draw(st.integers(1, 40))):
        now += draw(st.integers(0, 2))
        late = max(late, now + draw(st.integers(0, 2)))
        price += draw(st.sampled_from([0, 0, 0, 1, -1, 7, -9, 40, -60, 200]))
        stream = draw(st.sampled_from([3, 3, 3, 3, 1, 2, 5]))
        kind = draw(st.sampled_from([0, 0, 0, 0, 0, 0, 2, 3, 4, 5, 6, 7]))
        if kind in (mmkit.GAP, mmkit.RESET):
            rows.append((now, late, 0, 0, kind, stream | mmkit.ADDED))
        if kind in (mmkit.BID, mmkit.RESET):
            for _ in range(draw(st.integers(0, 8))):
                side = draw(st.integers(0, 1))
                offset = draw(st.integers(-3, 12)) if draw(st.booleans()) else draw(st.integers(0, 150))
                tick = price - offset if side == 0 else price + offset
                rows.append((now, late, tick, draw(st.sampled_from([0, 0, 1, 2, 3])), side, stream))
        elif kind != mmkit.GAP:
            rows.append((now, late, price + draw(st.integers(-4, 4)), draw(st.integers(1, 5)), kind, stream))
    return array(rows)


@settings(max_examples=200, deadline=None)
@given(markets(), st.sampled_from([16, 64, 256, 4096]), st.sampled_from([1, 3, 10, 1000]))
def test_chunks_replay_to_what_every_row_says(events: Any, window: int, rows: int) -> None:
    check(events, window, rows)


@settings(max_examples=60, deadline=None)
@given(markets(), st.integers(1, 5))
def test_how_events_are_cut_into_arrays_does_not_matter(events: Any, size: int) -> None:
    whole = list(chunks(iter([events]), window=256))
    cut = list(chunks(iter([events[i : i + size] for i in range(0, len(events), size)]), window=256))
    assert [(c.base, c.local.tobytes(), c.venue.tobytes(), c.key.tobytes(), c.lots.tobytes()) for c in whole] == [
        (c.base, c.local.tobytes(), c.venue.tobytes(), c.key.tobytes(), c.lots.tobytes()) for c in cut
    ]


def test_a_block_in_both_streams_is_stored_once() -> None:
    events = array([(1, 2, 100 + i, 5, 1, 3) for i in range(10)])
    (chunk,) = chunks(iter([events]))
    assert len(chunk.key) == 10
    assert chunk.local["start"].tolist() == chunk.venue["start"].tolist() == [0]


def test_a_long_message_is_split_and_says_that_it_goes_on() -> None:
    events = array([(1, 2, 100_000 - i, 5, 0, 3) for i in range(150_000)])
    (chunk,) = chunks(iter([events]), rows=1000)
    assert chunk.local["len"].tolist() == [65_535, 65_535, 150_000 - 2 * 65_535]
    assert chunk.local["flag"].tolist() == [tape.MORE, tape.MORE, 0]


def test_a_repeated_key_and_a_crossing_split_a_message() -> None:
    events = array(
        [(1, 1, 10, 5, 0, 3), (1, 1, 11, 5, 1, 3), (1, 1, 10, 7, 0, 3), (1, 1, 10, 4, 1, 3), (2, 2, 9, 1, 0, 3)]
    )
    (chunk,) = chunks(iter([events]))
    assert chunk.local["len"].tolist() == [2, 1, 1, 1]
    assert chunk.local["flag"].tolist() == [tape.MORE, tape.MORE, 0, 0]
    assert (chunk.local["bid"] + chunk.base).tolist()[:2] == [10, 10]
    assert (chunk.local["ask"] + chunk.base).tolist() == [11, 11, 10, 10]
    assert chunk.local["bid"].tolist()[2] == tape.NO_BID


def test_a_reset_writes_only_what_differs_removals_first() -> None:
    before = [(1, 1, 10, 5, 0, 3), (1, 1, 9, 5, 0, 3), (1, 1, 12, 5, 1, 3)]
    gap = [(2, 2, 0, 0, mmkit.GAP, 7), (3, 3, 10, 99, 0, 3), (3, 3, 11, 1, mmkit.BUY, 3)]
    after = [(4, 4, 0, 0, mmkit.RESET, 7), (4, 4, 9, 5, 0, 3), (4, 4, 8, 2, 0, 3), (4, 4, 12, 6, 1, 3)]
    (chunk,) = chunks(iter([array(before + gap + after)]))
    kinds, flags = chunk.local["kind"].tolist(), chunk.local["flag"].tolist()
    assert kinds == [tape.DEPTH, tape.DEPTH, tape.TRADE_BUY, tape.DEPTH]
    assert flags == [0, tape.INVALID, tape.INVALID, 0]
    assert chunk.local["len"].tolist() == [3, 0, 1, 3]
    assert chunk.local["bid"].tolist()[1:3] == [tape.NO_BID] * 2
    last = slice(int(chunk.local["start"][3]), None)
    written = [
        ((int(k) >> 1) + chunk.base, int(k) & 1, int(q)) for k, q in zip(chunk.key[last], chunk.lots[last], strict=True)
    ]
    assert written == [(10, 0, 0), (8, 0, 2), (12, 1, 6)]


def test_large_lots_widen_the_rows_of_their_chunk_only() -> None:
    events = array([(1, 1, 10, 5, 0, 3), (2, 2, 11, 2**40, 1, 3), (3, 3, 11, 0, 1, 3), (4, 4, 12, 6, 1, 3)])
    made = list(chunks(iter([events]), rows=1))
    assert [chunk.lots.dtype for chunk in made] == [np.int32, np.int64, np.int32, np.int32]


def test_the_window_follows_the_price_and_opens_with_its_levels() -> None:
    events = array([(t, t, 1000 + 10 * t + side, 5, side, 3) for t in range(100) for side in (0, 1)])
    made = check(events, 256, 1 << 18)
    assert len({chunk.base for chunk in made}) > 3
    assert not made[0].opening
    assert all(chunk.opening for chunk in made[1:])


def test_what_came_before_a_fault_becomes_chunks_first() -> None:
    def market() -> Iterator[Any]:
        yield array([(1, 1, 10, 5, 0, 3), (2, 2, 12, 5, 1, 3)])
        raise mmkit.DataError("file:3: broken")

    made = chunks(market())
    assert next(made).events == 2
    with pytest.raises(mmkit.DataError, match="file:3: broken"):
        next(made)


@pytest.mark.parametrize(
    ("name", "tick_size", "lot_size"),
    [("usdm_btcusdt", 0.1, 0.001), ("usdm_ethusdt", 0.01, 0.001), ("spot_btcusdt", 0.01, 0.00001)],
)
def test_best_prices_of_recordings_are_those_of_a_row_by_row_replay(
    data: Path, name: str, tick_size: float, lot_size: float
) -> None:
    params = hftbacktest.Params((data / "derived" / f"hftbacktest-format_{name}_20240808.npz",))
    instrument = SimpleNamespace(tick_size=tick_size, lot_size=lot_size)
    events = np.concatenate(list(hftbacktest.events(params, instrument, None)))
    made = list(chunks(iter([events])))
    assert sum(chunk.events for chunk in made) == len(events)
    for stream, name_of in ((mmkit.LOCAL, "local"), (mmkit.VENUE, "venue")):
        found = [
            (int(ts), int(bid) + chunk.base, int(ask) + chunk.base)
            for chunk in made
            for ts, bid, ask in getattr(chunk, name_of)[["ts", "bid", "ask"]].tolist()
            if bid != tape.NO_BID and ask != tape.NO_ASK
        ]
        assert {ts: best for ts, *best in found} == _row_by_row(events, stream)


def _row_by_row(events: Any, stream: int) -> dict[int, list[int]]:
    """Returns best bid and ask at the end of each time, from two lists of lots over all ticks."""
    own = events[events["stream"] & stream != 0]
    top = int(own["tick"].max()) + 2
    books = [[0] * top, [0] * top]
    bid, ask = -1, top - 1
    clock = "local_ts" if stream == mmkit.LOCAL else "exch_ts"
    found: dict[int, list[int]] = {}
    columns = [own[name].tolist() for name in (clock, "tick", "lots", "kind")]
    for ts, tick, lots, kind in zip(*columns, strict=True):
        if kind <= mmkit.ASK:
            books[kind][tick] = lots
            if lots and kind == mmkit.BID:
                bid = max(bid, tick)
                ask = tick + 1 if tick >= ask else ask
            elif lots:
                ask = min(ask, tick)
                bid = tick - 1 if tick <= bid else bid
        elif kind == mmkit.CLEAR_BIDS and bid >= tick:
            books[0][tick : bid + 1] = [0] * (bid + 1 - tick)
            bid = tick - 1
        elif kind == mmkit.CLEAR_ASKS and ask <= tick:
            books[1][ask : tick + 1] = [0] * (tick + 1 - ask)
            ask = tick + 1
        while bid >= 0 and not books[0][bid]:
            bid -= 1
        while ask < top - 1 and not books[1][ask]:
            ask += 1
        if bid >= 0 and ask < top - 1:
            found[ts] = [bid, ask]
        else:
            found.pop(ts, None)
    return found


@pytest.mark.parametrize("side", [mmkit.BID, mmkit.ASK])
def test_a_clear_reaches_levels_outside_the_window(side: int) -> None:
    away = -1 if side == mmkit.BID else 1
    clear = mmkit.CLEAR_BIDS if side == mmkit.BID else mmkit.CLEAR_ASKS
    rows = [
        (1, 1, 1000, 5, side, 3),
        (1, 1, 1000 - 2 * away, 5, 1 - side, 3),
        (1, 1, 1000 + 300 * away, 5, side, 3),
        (1, 1, 1000 + 900 * away, 5, side, 3),
        (2, 2, 1000 + 400 * away, 0, clear, 3),
        (3, 3, 1000 - 2 * away, 0, 1 - side, 3),
        (4, 4, 1000 + 290 * away, 5, 1 - side, 3),
        (4, 4, 1000 + 310 * away, 5, side, 3),
        (5, 5, 1000 + 311 * away, 5, side, 3),
    ]
    made = check(array(rows), 256, 1 << 18)
    assert made[-1].base != made[0].base


def marked(*times: tuple[int, int]) -> Any:
    """Returns marks of these venue and local times."""
    return np.array([(exch, local, 100.0 + exch, np.nan, 0) for exch, local in times], mmkit.MARK)


def quotes(*times: tuple[int, int]) -> Any:
    """Returns rows of a bid of these venue and local times."""
    return array([(exch, local, 100, 1 + i, mmkit.BID, mmkit.BOTH) for i, (exch, local) in enumerate(times)])


def test_marks_are_in_the_chunk_in_which_they_happened_or_were_known() -> None:
    rows = quotes((10, 12), (20, 22), (30, 32), (40, 42))
    happened, known, after, both = (19, 90), (25, 22), (21, 33), (41, 99)
    made = list(chunks(iter([marked(happened, known, after, both), rows]), rows=2))
    assert [one.events for one in made] == [2, 2]
    # What happened at 21 comes with what happened at 25: the marks of all chunks are by venue time.
    assert [one.marks["exch_ts"].tolist() for one in made] == [[19, 21, 25], [41]]


def test_a_mark_that_happened_by_a_chunks_end_is_in_it_however_late_it_was_known() -> None:
    rows = quotes((10, 12), (20, 22), (30, 32), (40, 42))
    made = list(chunks(iter([marked((20, 90), (21, 91)), rows]), rows=2))
    assert [one.marks["exch_ts"].tolist() for one in made] == [[20], [21]]


def test_marks_are_no_rows() -> None:
    rows = quotes(*((t, t + 2) for t in range(10, 30)))
    marks = marked((1, 2), (15, 16), (50, 60))
    alone = list(chunks(iter([rows]), rows=7))
    made = list(chunks(iter([marks[:2], rows[:11], marks[2:], rows[11:]]), rows=7))
    assert len(made) == len(alone) > 2
    for one, other in zip(made, alone, strict=True):
        assert (one.base, one.events) == (other.base, other.events)
        for name in ("local", "venue", "key", "lots"):
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
        assert len(other.marks) == 0
        assert other.marks.dtype == mmkit.MARK
    assert np.concatenate([one.marks for one in made]).tobytes() == marks.tobytes()


def test_marks_before_a_fault_are_handed_over_with_the_rows_before_it() -> None:
    def events() -> Iterator[Any]:
        yield quotes((10, 12))
        yield marked((11, 12))
        raise mmkit.DataError("broken")

    made = chunks(events())
    assert next(made).marks["exch_ts"].tolist() == [11]
    with pytest.raises(mmkit.DataError, match="broken"):
        next(made)


def test_marks_alone_make_no_tape() -> None:
    assert list(chunks(iter([marked((1, 2))]))) == []


def test_a_window_that_moves_leaves_marks_where_they_belong() -> None:
    ticks = (100, 100, 9_000, 9_000)
    rows = array([(10 * i, 10 * i + 1, tick, 1, mmkit.BID, mmkit.BOTH) for i, tick in enumerate(ticks)])
    made = list(chunks(iter([marked((5, 6), (15, 16), (25, 26), (35, 36)), rows]), window=4096))
    assert len(made) > 1
    for one, before in zip(made, [-1, *(int(one.venue["ts"][-1]) for one in made)], strict=False):
        assert all(mark > before for mark in one.marks["exch_ts"])
    assert np.concatenate([one.marks for one in made])["exch_ts"].tolist() == [5, 15, 25, 35]
