"""Markets that hypothesis makes up: books that empty, cross and vanish, extreme prices, huge and tiny grids, bursts and silences.

    from hypothesis import given
    from mmkit.testing.markets import markets

    @given(markets())
    def test_my_signal_stays_finite(made): ...   # made.events: an array of mmkit.EVENT; made.tick_size, made.lot_size

What is drawn is small pieces of a story (a level changes, a side empties, a trade, a gap, a snapshot), so that a fault shrinks to the few
pieces that cause it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mmkit import conversion, tape
from mmkit.rules import Market
from mmkit.tape import ASK, BID, BUY, CLEAR_ASKS, CLEAR_BIDS, EVENT, GAP, RESET, SELL, Events
from mmkit.testing.given import simulated

if TYPE_CHECKING:
    from hypothesis import strategies as st

START = 1_000_000_000
"""Venue time of a market's beginning, ns."""

WINDOW = 1 << 12
"""Ticks of the books that a made-up market is converted with."""

DEEPEST = 12
"""Ticks behind the touch that levels reach."""

NAMES = ("bid", "ask", "buy", "sell", "clear-bids", "clear-asks", "gap", "reset")
"""What a row's kind is called in one line."""

Piece = tuple[Any, ...]
"""What happens, then by how many ns after the piece before, then what it needs: `Story` says how each is told."""

MS, SECOND, MINUTE = 10**6, 10**9, 60 * 10**9


@attrs.frozen(eq=False)
class Made:
    """A made-up market: its grid (quote and base currency), and its rows, sorted by time, of both streams.

    ordinary: prices are about 10,000 ticks of 0.01, as in the kit's simulated book.
    """

    tick_size: float
    lot_size: float
    events: Events
    ordinary: bool = False
    _chunks: list[Any] = attrs.field(factory=list, init=False, repr=False)

    def chunks(self) -> Sequence[Any]:
        """Returns its tape, made once, for books of WINDOW ticks."""
        if not self._chunks:
            self._chunks.extend(conversion.chunks(iter([self.events]), window=WINDOW))
        return self._chunks

    def at(self, now: int) -> int:
        """Returns the number of the last row that was known at `now` (local time, ns); -1 before the first."""
        return int(np.searchsorted(self.events["local_ts"], now, side="right")) - 1

    def row(self, number: int) -> str:
        """Returns a row as it is told in one line: ns since the beginning, kind, tick, lots."""
        if not 0 <= number < len(self.events):
            return "before the first row"
        ts, _, tick, lots, kind, _ = self.events[number].tolist()
        return f"+{ts - START} {NAMES[kind]} {tick} x {lots}"

    def __str__(self) -> str:
        """The whole market in one line."""
        shown = [self.row(number) for number in range(min(len(self.events), 12))]
        more = f"; … {len(self.events) - 12} more" if len(self.events) > 12 else ""
        return f"tick {self.tick_size:g}, lot {self.lot_size:g}: {'; '.join(shown)}{more}"


class Story:
    """Tells pieces as rows; knows the touch and the time, so that every piece can be taken out."""

    def __init__(self, touch: int, feed: int) -> None:
        self.touch, self.feed = touch, feed
        self.now = START
        self.rows: list[tuple[int, ...]] = []

    def put(self, kind: int, tick: int = 0, lots: int = 0) -> None:
        """Writes a row; a price is at least one tick."""
        added = tape.ADDED if kind in (GAP, RESET) else 0
        tick = tick if kind in (GAP, RESET) else max(tick, 1)
        self.rows.append((self.now, self.now + self.feed, tick, lots, kind, tape.BOTH | added))

    def tell(self, piece: Piece) -> None:
        """Writes what happens."""
        what, after, *how = piece
        self.now += after
        getattr(self, what)(*how)

    def levels(self, changes: Sequence[tuple[int, int, int]]) -> None:
        """Levels change: of a side (+1 bids), so far behind the touch (0 and below: on the other side of it), to so many lots."""
        for side, behind, lots in changes:
            self.put(BID if side > 0 else ASK, self.touch - side * behind, lots)

    def trade(self, side: int, behind: int, lots: int) -> None:
        """Somebody buys (+1) or sells, so far behind the touch."""
        self.put(BUY if side > 0 else SELL, self.touch + side * behind, lots)

    def clear(self, side: int, behind: int) -> None:
        """A side is removed down to so far behind the touch."""
        self.put(CLEAR_BIDS if side > 0 else CLEAR_ASKS, self.touch - side * behind)

    def gap(self) -> None:
        """The book is unknown from here on."""
        self.put(GAP)

    def reset(self, jump: int, bids: Sequence[int], asks: Sequence[int]) -> None:
        """The whole book anew, around another touch: lots of the levels of each side, from the inside out."""
        self.touch = max(self.touch + jump, 1)
        self.put(RESET)
        for side, lots in ((1, bids), (-1, asks)):
            self.levels([(side, behind, each) for behind, each in enumerate(lots, 1)])

    def move(self, jump: int) -> None:
        """The touch is elsewhere: one level of each side there, what they pass goes."""
        self.touch = max(self.touch + jump, 1)
        self.put(CLEAR_BIDS, self.touch)
        self.put(CLEAR_ASKS, self.touch)
        self.levels([(1, 1, 5), (-1, 1, 5)])


def told(pieces: Sequence[Piece], *, touch: int, tick_size: float, lot_size: float, feed: int = MS) -> Made:
    """Returns the market of a story that begins at a touch (ticks)."""
    story = Story(touch, feed)
    for piece in pieces:
        story.tell(piece)
    ordinary = (tick_size, touch) == GRIDS[0][:2]
    return Made(tick_size, lot_size, np.array(story.rows, EVENT), ordinary)


BOOK = ("reset", 0, 0, (5, 8, 13), (4, 9, 12))
BIDS = ("reset", 100 * MS, 0, (5, 8, 13), ())
ASKS = ("reset", 100 * MS, 0, (), (4, 9, 12))
BUSY: tuple[Piece, ...] = tuple(
    piece
    for n in range(12)
    for piece in (
        ("trade", 150 * MS, 1 if n % 3 else -1, 1, 1 + n % 4),
        ("levels", 120 * MS, [(1, 1, 3 + n), (-1, 1, 9 - n % 7)]),
        ("move", 170 * MS, (1, -2, 1, 3, -1)[n % 5]),
    )
)
"""Enough trades and changes that most signals are ready."""

CORNERS: dict[str, tuple[Piece, ...]] = {
    "nothing but trades": (("trade", 0, 1, 1, 3), ("trade", SECOND, -1, 1, 2), ("trade", 0, -1, 1, 0)),
    "an empty book": (("reset", 0, 0, (), ()), ("trade", SECOND, 1, 1, 3), ("reset", SECOND, 0, (), ())),
    "asks alone": (ASKS, ("trade", SECOND, 1, 1, 3), ("levels", SECOND, [(-1, 1, 7)]), ("trade", 0, 1, 1, 7)),
    "one side only": (ASKS, ("trade", SECOND, 1, 1, 3), BIDS, ("trade", SECOND, -1, 1, 3)),
    "a book that empties and returns": (
        *(BOOK, *BUSY, ("clear", 100 * MS, 1, DEEPEST), ("trade", 2 * SECOND, 1, 1, 2)),
        *(("clear", 0, -1, DEEPEST), ("trade", 2 * SECOND, -1, 1, 2), BOOK, *BUSY),
    ),
    "one side and then the other": (BOOK, *BUSY, BIDS, ("levels", SECOND, [(1, 1, 7)]), ASKS, *BUSY),
    "gaps": (BOOK, *BUSY, ("gap", 100 * MS), *BUSY[:9], ("reset", SECOND, 9, (5, 6), (7,)), *BUSY, ("gap", 0)),
    "a silence": (BOOK, *BUSY, ("levels", 10 * MINUTE, [(1, 1, 2)]), *BUSY),
    "a burst": (BOOK, *((what, 0, *how) for what, _, *how in BUSY), ("trade", SECOND, 1, 1, 1)),
    "levels that cross": (BOOK, ("levels", SECOND, [(1, -3, 4)]), ("levels", SECOND, [(-1, 4, 4), (1, -1, 2)]), *BUSY),
    "a flow that only sells, then only buys": (
        *(BOOK, *(("trade", 400 * MS, -1, 6, 40_000),) * 12, *(("trade", 400 * MS, 1, 6, 40_000),) * 20, *BUSY),
    ),
    "one price": (BOOK, *(("trade", 300 * MS, 1, 1, 1),) * 30, *(("levels", 300 * MS, [(1, 1, 5)]),) * 9),
}
"""What random pieces might miss, always tried first."""

GRIDS = (
    (0.01, 10_000, 0.001),
    (1e-8, 3, 1e4),
    (1e4, 100_000, 1e-8),
    (1e-8, 10**12, 1e-8),
    (1.0, 1, 1.0),
    (0.1, 600_000, 1e-8),
    (1e-8, 1, 1e4),
    (1e3, 50, 0.1),
)
"""Tick size, touch (ticks) and lot size of markets, prices from 1e-8 to 1e9; the first grid is the ordinary one."""


@cache
def corner(name: str, grid: int = 0) -> Made:
    """Returns one of the corners on one of the grids."""
    tick_size, touch, lot_size = GRIDS[grid]
    return told(CORNERS[name], touch=touch, tick_size=tick_size, lot_size=lot_size)


def corners() -> Iterator[Made]:
    """Yields all corners on the ordinary grid, and some on extreme ones."""
    yield from map(corner, CORNERS)
    for grid in range(1, 5):
        yield from (corner(name, grid) for name in ("a book that empties and returns", "levels that cross"))


@cache
def ordinary(number: int = 0) -> Made:
    """Returns the kit's simulated book, 20 s of about 4,000 rows; that of a second instrument (number 1) shares most of its moves."""
    [events] = simulated(number=number)
    return Made(*GRIDS[0][::2], events, True)


def markets(*, most: int = 40) -> "st.SearchStrategy[Made]":
    """Returns a strategy of markets of up to so many pieces."""
    from hypothesis import strategies as st

    sides = st.sampled_from((1, -1))
    after = st.sampled_from((0, 0, 1, MS, 40 * MS, 400 * MS, SECOND, 5 * SECOND, MINUTE))
    lots = st.sampled_from((1, 2, 7, 40, 1000, 10**6, 0))
    behind = st.integers(1, DEEPEST)
    depth = st.lists(st.sampled_from((1, 5, 40, 10**6)), max_size=4)
    change = st.tuples(sides, st.integers(-3, DEEPEST), lots)

    def piece(what: str, *how: Any) -> Any:
        return st.tuples(st.just(what), after, *how)

    pieces = st.one_of(
        piece("levels", st.lists(change, min_size=1, max_size=4)),
        piece("trade", sides, behind, lots),
        piece("move", st.sampled_from((1, -1, 2, -2, 9, -25))),
        piece("clear", sides, behind),
        piece("gap"),
        piece("reset", st.sampled_from((0, 1, -7, 300)), depth, depth),
    )
    grids = st.sampled_from(GRIDS)
    stories = st.one_of(st.lists(pieces, max_size=most), st.lists(pieces, min_size=most // 2, max_size=most))
    begins = st.sampled_from(((), (BOOK,), (BOOK,), (BOOK, *BUSY)))
    feeds = st.sampled_from((MS, 0, SECOND))

    def make(grid: Any, begin: Any, story: Any, feed: int) -> Made:
        tick_size, touch, lot_size = grid
        return told((*begin, *story), touch=touch, tick_size=tick_size, lot_size=lot_size, feed=feed)

    return st.builds(make, grids, begins, stories, feeds).filter(lambda made: len(made.events) > 0)


@cache
def drawn(examples: int, most: int = 40) -> Sequence[Made]:
    """Returns so many markets of the strategy, the same ones every time and everywhere."""
    import random

    from hypothesis import HealthCheck, Phase, find, settings
    from hypothesis.errors import NoSuchExample

    from mmkit.testing import steady

    found: list[Made] = []
    chosen = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        backend=steady.NAME,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )

    def kept(made: Made) -> bool:
        found.append(made)
        return False  # nothing is looked for: all that is tried is taken

    with suppress(NoSuchExample):
        find(markets(most=most), kept, settings=chosen, random=random.Random(0))
    return found


def over(made: Made) -> Market:
    """Returns a market rule that hands over a made-up market; its books are those of mmkit.testing.played."""

    def chunks(params: Any, instrument: Any) -> Iterator[Any]:
        return iter(made.chunks())

    return Market("given", chunks=chunks)


def smaller(made: Made, fault: Callable[[Made], str], said: str, tries: int = 60) -> tuple[Made, str]:
    """Returns a market without rows that a fault does not need, as far as so many tries go, and what the fault says of it.

    The rows are taken out in halves, quarters and so on: hypothesis would go on for minutes, and leaves the corners as they are.
    """
    size = len(made.events) // 2
    while size and tries > 0:
        first = 0
        while first < len(made.events) and tries > 0 and len(made.events) > 1:
            rows = np.delete(made.events, slice(first, first + size))
            less = attrs.evolve(made, events=rows)
            now = fault(less) if len(rows) else ""
            tries -= 1
            if now:
                made, said = less, now
            else:
                first += size
        size //= 2
    return made, said
