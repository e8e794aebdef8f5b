"""Funding: when a perpetual settles, at which rate and mark price, by a market's marks or by values that were supplied.

A settlement at T has the last rate that was announced for T and the last mark price, both by T, venue time: what a recording holds
that was made without knowing better. The venue may settle at another rate, found in the last seconds; `read_settlements` takes what it
did settle.
"""

import csv
import io
import math
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import numpy as np

from mmkit.errors import DataError
from mmkit.tape import MARK, Chunk

NEAR = 60 * 10**9
"""Nanoseconds within which a supplied time is the one that the marks announce: venues book some milliseconds later."""

TIME, RATE, PRICE = ("time", "calc_time"), ("rate", "last_funding_rate"), ("mark",)
"""Names of the columns of settled values: ours, then those of Binance's archive."""

IGNORED = ("funding_interval_hours",)

UNITS = {13: 10**6, 16: 10**3, 19: 1}
"""Nanoseconds in the unit of a time of so many digits: ms, us, ns."""

END = 2**62
"""Times from here on, ns, are none: the year 2116."""


@attrs.frozen
class Settlement:
    """A settlement: venue time in ns, rate as a fraction of the position's value, mark price in quote currency (of supplied values
    NaN where the last one before it is meant)."""

    time: int
    rate: float
    mark: float


class Settlements:
    """Finds a tape's settlements as its chunks are taken in order, each once.

    notify: told of each that is left out for want of a mark price or a rate. supplied: the settlements, by time, in place of those that
    the marks announce; an announced time that is not among them is told too.
    """

    def __init__(self, notify: Callable[[str], object], supplied: Sequence[Settlement] | None = None) -> None:
        self.notify = notify
        self.supplied = None if supplied is None else deque(supplied)
        self.supplied_times = [one.time for one in supplied or ()]
        self.announced: dict[int, float] = {}
        self.waiting = np.zeros(0, MARK)
        self.mark = math.nan
        self.marked = self.settled = self.last = -(2**63)
        self.first: int | None = None

    def take(self, chunk: Chunk) -> list[Settlement]:
        """Returns, by time, the settlements up to the chunk's last venue time that were not before the tape's first."""
        times = chunk.venue["ts"]
        if len(times):
            self.first = int(times[0]) if self.first is None else self.first
            self.last = max(self.last, int(times[-1]))
        marks = np.concatenate([self.waiting, chunk.marks])
        marks = marks[np.argsort(marks["exch_ts"], kind="stable")]
        past = int(np.searchsorted(marks["exch_ts"], self.last, side="right"))
        self.waiting = marks[past:]
        found: list[Settlement] = []
        for exch, _, mark, rate, settles in marks[:past].tolist():
            found += self._before(exch)
            self._note(exch, mark, rate, settles)
        return [*found, *self._before(self.last + 1)]

    def _note(self, exch: int, mark: float, rate: float, settles: int) -> None:
        if math.isfinite(mark) and exch >= self.marked:
            self.mark, self.marked = mark, exch
        # Some announce a settlement until a little after it, when it is too late for this one.
        if settles >= max(exch, self.settled):
            known = self.announced.get(settles, math.nan)
            self.announced[settles] = rate if math.isfinite(rate) else known

    def _before(self, end: int) -> Iterator[Settlement]:
        """Yields what settles before a time."""
        for time in sorted(time for time in self.announced if time < end):
            rate = self.announced.pop(time)
            if self.supplied is None:
                yield from self._complete(Settlement(time, rate, self.mark))
            elif not self._is_supplied(time) and self._is_inside(time):
                self.notify(
                    f"the settlement at {time} ns is left out: the marks announce it, the settled values have none"
                )
        while self.supplied and self.supplied[0].time < end:
            one = self.supplied.popleft()
            yield from self._complete(attrs.evolve(one, mark=self.mark) if math.isnan(one.mark) else one)
        self.settled = max(self.settled, end)

    def _complete(self, one: Settlement) -> Iterator[Settlement]:
        if not self._is_inside(one.time):
            return
        lacking = [name for name, value in (("rate", one.rate), ("mark price", one.mark)) if math.isnan(value)]
        if lacking:
            self.notify(f"the settlement at {one.time} ns is left out: no {' and no '.join(lacking)} is known by then")
        else:
            yield one

    def _is_inside(self, time: int) -> bool:
        return self.first is not None and time >= self.first

    def _is_supplied(self, time: int) -> bool:
        at = bisect_left(self.supplied_times, time - NEAR)
        return at < len(self.supplied_times) and self.supplied_times[at] <= time + NEAR


def read_settlements(path: Path) -> tuple[Settlement, ...]:
    """Returns the settled values of a CSV with the columns time, rate and, if it likes, mark, each time after the one before.

    A time is a whole number of 13 digits (ms), 16 (us) or 19 (ns) since 1970, or ISO 8601 with its offset from UTC
    (2023-04-05T00:00:00Z). An empty mark is the last one before it in the recording. Binance's archive (calc_time,
    funding_interval_hours, last_funding_rate) is read as it is. Raises DataError with file, line and fault.
    """
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: is not UTF-8") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[Settlement] = []
    try:
        columns = _columns(next(rows, []))
        for row in rows:
            if row:
                found.append(_settlement(row, columns, found[-1].time if found else 0))
    except (ValueError, csv.Error) as error:
        raise DataError(f"{path}:{max(1, rows.line_num)}: {error}") from None
    return tuple(found)


def _columns(header: list[str]) -> list[str]:
    """Returns our name of each column, "" of one that is not read."""
    ours = {name: names[0] for names in (TIME, RATE, PRICE) for name in names} | dict.fromkeys(IGNORED, "")
    named = [name.strip() for name in header]
    unknown = [name for name in named if name not in ours]
    if unknown:
        raise ValueError(f'unknown column "{unknown[0]}": the columns are {", ".join(ours)}')
    columns = [ours[name] for name in named]
    for names in (TIME, RATE, PRICE):
        count = columns.count(names[0])
        if count > 1:
            raise ValueError(f"the column {' or '.join(names)} comes {count} times")
        if not count and names is not PRICE:
            raise ValueError(f"has no column {' or '.join(names)}")
    return columns


def _settlement(row: list[str], columns: list[str], before: int) -> Settlement:
    if len(row) != len(columns):
        raise ValueError(f"has {len(row)} fields, the header {len(columns)}")
    values = dict(zip(columns, (text.strip() for text in row), strict=True))
    time = _time(values["time"])
    if time <= before:
        raise ValueError(f"time {values['time']} is not after the one before")
    mark = _number("mark", values["mark"]) if values.get("mark") else math.nan
    if mark <= 0:
        raise ValueError(f"mark {values['mark']} is not above 0")
    return Settlement(time, _number("rate", values["rate"]), mark)


def _time(text: str) -> int:
    if text.isascii() and text.isdigit():
        if len(text) not in UNITS:
            raise ValueError(f"time {text} has {len(text)} digits, not 13 (ms), 16 (us) or 19 (ns)")
        time = int(text) * UNITS[len(text)]
    else:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f'time "{text}" is neither a whole number nor ISO 8601') from None
        if at.tzinfo is None:
            raise ValueError(f'time "{text}" has no offset from UTC, such as the Z of 2023-04-05T00:00:00Z')
        time = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
    if not 0 < time < END:
        raise ValueError(f"time {text} is not between 1970 and 2116")
    return time


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f'{name} "{text}" is no number')
    return number
