"""Check `outputs`: over made-up markets (mmkit.testing.markets) nothing that comes out of a rule is NaN, infinite, negative or crossed.

What counts as a fault, by role:

- signals: an output that is infinite, or that stays NaN. NaN is what "not ready" looks like: before the first number, while a side of the
  book is empty or unknown, and where nothing was heard for too long. But what was a number once becomes one again, after at most
  twice the calls and twice the time, with both sides of the book there, that it took at first;
- sizing: a quantity that is negative or no finite number;
- pricing: a reservation price that is no finite number, a half-spread that is NaN or minus infinity, quotes that cross (half-spreads
  that add up to less than zero, an ask below the bid). An infinite half-spread is how a rule says that it does not quote a side. At a
  price of about 100, and without inputs that are not required, the reservation price is above zero;
- ladder: more levels than there is room for, offsets that are negative or go back, quantities that are negative or no finite number;
- risk: `limit` adds lots, levels or moves prices, or leaves negative lots; `watch` asks for a level that does not exist, or leaves
  a factor of the half-spreads below 1 or not finite, or no patience;
- execution, hedging: an order without lots, with a price below one tick, or through an order of ours on the other side that is
  not being cancelled; a next time that is not after now;
- venue: a place in the queue that is no finite number, or negative when an order comes to rest; a probability outside of 0..1;
- market: rows of a kind or stream that does not exist, without a price, with negative lots, trades of nothing (their times are the
  business of `look-ahead`); mids that are not positive numbers;

and in every role a function that raises.
"""

from typing import Any

from mmkit.errors import ConfigError, DataError, MmkitError
from mmkit.rules import Role
from mmkit.testing.between import between, heard
from mmkit.testing.markets import Made, corner, corners, drawn, over, smaller
from mmkit.testing.observing import placed
from mmkit.testing.played import played
from mmkit.testing.rows import Failed, Skipped
from mmkit.testing.sane import LOOKS, Before, market_faults
from mmkit.testing.subject import Subject

EXAMPLES = 50
"""Random markets that a rule is tried on, beside the corners."""

AGAIN = (
    "a book that empties and returns",
    "gaps",
    "a silence",
    "a flow that only sells, then only buys",
    "levels that cross",
)
"""Corners that it is tried on with each of its examples too."""

FEW = 6
"""Random markets with each of them."""

SLOWER = {"execution": {"every": "250ms"}}
"""Decisions of the stacks, so that a silence is not thousands of them."""


def check(subject: Subject) -> str:
    """Returns how many markets were tried. Raises Failed naming function, value, row and the market, in one line."""
    rule = subject.rule
    if rule.role is Role.MARKET:
        return of_a_market(subject)
    if not heard(rule):
        raise Skipped("nothing of it is called during a run")
    if subject.fills_by_chance:
        return without_a_book(subject)
    tried = 0
    random = drawn(EXAMPLES) if EXAMPLES else ()
    for number, table in enumerate(subject.tables):
        for made in (*corners(), *random) if number == 0 else (*map(corner, AGAIN), *random[:FEW]):
            said = fault(subject, table, made)
            tried += 1
            if said:
                least, said = smaller(made, lambda each, table=table: fault(subject, table, each), said)  # type: ignore[misc]
                raise Failed(f"{said}; with {table}; market: {least}")
    return f"{tried} markets"


def fault(subject: Subject, table: Any, made: Made) -> str:
    """Returns the first thing that is wrong with what a rule puts out over a market, or ''."""
    # With optional inputs of any size a price may be anything: without them it is where the market is.
    alone = subject.rule.role is Role.PRICING and made.ordinary
    return played_over(subject, table, made, optional=True) or (
        played_over(subject, table, made, optional=False) if alone else ""
    )


def played_over(subject: Subject, table: Any, made: Made, *, optional: bool) -> str:
    """Returns the same of a run with or without the inputs that the rule does not require."""
    watch = Watch(subject, made, optional)
    grid = {"tick_size": made.tick_size, "lot_size": made.lot_size}
    more = SLOWER if subject.rule.role is not Role.EXECUTION else {}
    try:
        stack = subject.stack(table, market=over(made), more=more, optional=optional, **grid)
        played(placed(stack, subject.rule, between(subject.rule, watch.through)))
    except DataError:
        pass  # a market in which nothing happens
    except ConfigError:
        if made.ordinary:
            raise  # on other grids a parameter may be less than a lot
    except MmkitError as error:
        if not watch.said:
            return str(error).splitlines()[0]
    return watch.said


def without_a_book(subject: Subject) -> str:
    """Looks at a rule in a world of independent paths: it has no events to make up."""
    for table in subject.tables:
        watch = Watch(subject, None, True)
        played(placed(subject.stack(table), subject.rule, between(subject.rule, watch.through)))
        if watch.said:
            raise Failed(watch.said)
    return "no book: its own paths"


def of_a_market(subject: Subject) -> str:
    """Looks at what a market hands over."""
    rows = 0
    for table in subject.tables:
        found, said = market_faults(subject.stack(table).leg)
        if said:
            raise Failed(f"{said}; with {table}")
        rows += found
    return f"{rows} rows"


class Watch:
    """Looks at every call of a rule's functions over a market; said: the first thing that is wrong."""

    def __init__(self, subject: Subject, made: Made | None, optional: bool) -> None:
        self.made = made
        self.said = ""
        ordinary = made is not None and made.ordinary and not optional
        self.look = LOOKS[subject.rule.role](subject.rule, ordinary)

    def through(self, name: str, function: Any, given: dict[str, Any]) -> Any:
        """Calls a rule's function, and looks at what it made of what it was given."""
        if self.said:
            return function(*given.values())
        before = Before(given)
        result = function(*given.values())
        wrong = self.look(name, given, result, before)
        if wrong:
            market = given.get("market")
            at = f" at {market.now} ns" if market is not None else ""
            if market is not None and self.made is not None:
                at += f" (row {self.made.at(market.now)}: {self.made.row(self.made.at(market.now))})"
            self.said = f"{name}: {wrong}{at}"
        return result
