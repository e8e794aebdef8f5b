"""What a run earned and filled in each interval."""

import math
from typing import Any

import attrs


@attrs.define
class Interval:
    """One interval of one path.

    start: its first ns, a multiple of its length; fills, bought, sold: numbers of executions; notional: quantity times price of what
    executed; fees: paid; pnl: what the equity gained from the last record before the interval to its last; equity and position at that
    record. Money in quote currency, position in base currency.
    """

    path: int
    start: int
    fills: int = 0
    bought: int = 0
    sold: int = 0
    notional: float = 0.0
    fees: float = 0.0
    pnl: float = 0.0
    equity: float = math.nan
    position: float = math.nan


COLUMNS = tuple(field.name for field in attrs.fields(Interval))


def table(run: Any, every: int) -> list[Interval]:
    """Returns every interval of `every` ns in which there is a fill or a record, in order, path by path.

    An interval has its start and not its end; a record is what was before its own time, so one at an interval's end belongs to it.
    """
    found: dict[tuple[int, int], Interval] = {}

    def at(path: int, time: int) -> Interval:
        start = time // every * every
        return found.setdefault((path, start), Interval(path, start))

    for path, time, side, price, qty, fee in rows(run.fills, "path", "exch_ts", "side", "price", "qty", "fee"):
        interval = at(path, time)
        interval.fills += 1
        interval.bought += side > 0
        interval.sold += side < 0
        interval.notional += price * qty
        interval.fees += fee
    last: dict[int, float] = {}
    for path, time, equity, position in rows(run.records, "path", "time", "equity", "position"):
        interval = at(path, time - 1)
        interval.position = position
        if math.isfinite(equity):  # without a mid it is not known: what it gained shows at the next record
            interval.equity = equity
            interval.pnl += equity - last.get(path, 0.0)
            last[path] = equity
    return [found[key] for key in sorted(found)]


def rows(frame: Any, *columns: str) -> Any:
    """Returns an iterator over the rows of a polars DataFrame, of these columns."""
    return zip(*(frame[name].to_list() for name in columns), strict=True)
