"""Check `parameters`: every parameter matters: there is a situation in which another value of it changes something.

What is looked at: the results of the rule's functions, what it publishes, the ladder, orders, fills, records and the decision log; of
markets, the events. Other values are tried in each of the rule's tables of parameters (defaults, `params`, `Rule.examples`), in the kit's
plain stack and in other surroundings, and at last together with another value of a second parameter. It ends with the first
difference; what still changes nothing after MOST runs has no effect. A parameter that acts only where another one says so, or once some
limit is reached, needs an example that goes there.
"""

import enum
import math
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import attrs

from mmkit.contract import fields_of
from mmkit.errors import ConfigError, MmkitError
from mmkit.fields import Duration
from mmkit.kinds import Kind, out_of_range
from mmkit.rules import Optimization, Role
from mmkit.stack import Stack
from mmkit.testing.between import between
from mmkit.testing.markets import Made, ordinary, over
from mmkit.testing.observing import Seen, placed
from mmkit.testing.played import played
from mmkit.testing.rows import Failed, Skipped
from mmkit.testing.subject import LOT, TICK, Subject
from mmkit.testing.surroundings import instrument

MOST = 200
"""Runs after which a parameter is taken to have no effect."""

Table = Mapping[str, Any]
Field = tuple["attrs.Attribute[Any]", Any, Kind]

CHANGING = {"use": "inventory", "quantity": 0.2, "position_limit": 4.0}
SLOWER = {"instruments": {"X": {"venue": {"entry_latency": "300ms", "response_latency": "300ms"}}}}
CANDLES = {"signals": {"candles": {"use": "volume-candles", "threshold": 2.0, "fast": 2, "medium": 3, "slow": 5}}}
STOPS = ({"use": "stop-loss", "money": 0.002}, {"use": "drawdown", "money": 0.005})
RECOVERY = {"use": "recovery", "cool_down": "1s", "every": "1s"}
INVERSE = {"instruments": {"X": {"kind": "inverse"}}}
"""Its position in base currency changes with the price, without a fill."""

BRIEF = 1200
"""Rows of the kit's book with which the search begins: what matters mostly does so within seconds."""

SURROUNDINGS: Mapping[Role, tuple[Table, ...]] = {
    Role.VENUE: (
        {"sizing": CHANGING, "pricing": {"half_spread": 0.0}, "execution": {"use": "tolerance", "every": "400ms"}},
        SLOWER,
    ),
    Role.PRICING: ({"instruments": {"X": {"maker_fee": 0.0005, "taker_fee": 0.001}}},),
    Role.LADDER: ({"sizing": CHANGING},),
    Role.RISK: (
        {"risk": {"recovery": RECOVERY}},
        *({"risk": {"stop": stop}} for stop in STOPS),
        {"pricing": {"half_spread": 0.01, "skew": 0.005}},
    ),
    Role.EXECUTION: (SLOWER, {"sizing": CHANGING}, {"instruments": {"X": {"venue": {"amend": "none"}}}}, CANDLES),
    Role.HEDGING: ({"instruments": {"Z": instrument(TICK, LOT)}}, SLOWER),
    Role.OPTIMIZATION: ({**SLOWER, **CANDLES}, INVERSE),
}
"""What other sections of a stack say, by role, beside the kit's plain stack; one that makes no stack of it is left out."""


def check(subject: Subject) -> str:
    """Returns how many parameters matter. Raises Failed naming those without effect; Skipped for a rule that has none to try."""
    rule = subject.rule
    if isinstance(rule, Optimization) and not (rule.keeps or rule.samples):
        raise Skipped("it changes time and memory alone")
    if rule.role is Role.REPORT:
        raise Skipped("a report is given no parameters")
    fields = [found for found in fields_of(rule.params) if not found[2].text]
    if not fields:
        raise Skipped("it has no parameters" if not fields_of(rule.params) else "its parameters name files")
    search = Search(subject)
    idle = [field.name for field, annotation, kind in fields if not search.matters((field, annotation, kind))]
    if idle:
        names = ", ".join(idle)
        raise Failed(f"changing {names} changes nothing; if it needs a situation, describe one in Rule.examples")
    return f"{len(fields)} parameters, {search.runs} runs"


class Different(BaseException):
    """Two runs have come apart; whatever else the second one does is of no interest."""


@attrs.frozen(eq=False)
class Trace:
    """What a run showed: calls of the rule's functions, and what was left at its end."""

    calls: list[Any]
    end: Any


@attrs.frozen
class Situation:
    """A table of the rule's parameters, what other sections of the stack say, how many rows the market has, and whether inputs that
    the rule does not require are there."""

    table: Table
    more: Table = attrs.field(factory=dict)
    rows: int = 1 << 30
    optional: bool = True


class Search:
    """Looks for situations in which parameters matter; runs: how many runs that took."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.fields = [found for found in fields_of(subject.rule.params) if not found[2].text]
        self.runs = 0
        self.traces: dict[str, Trace | None] = {}

    def matters(self, field: Field) -> bool:
        """Returns whether another value of a parameter changes anything."""
        last = self.runs + MOST
        for situation in self.situations(field):
            before = self.trace(situation)
            if before is None:
                continue
            for value in values(field, situation.table):
                if self.runs >= last:
                    return False
                other = attrs.evolve(situation, table={**situation.table, field[0].name: value})
                if self.differs(other, before):
                    return True
        return False

    def situations(self, field: Field) -> Iterator[Situation]:
        """Yields what a parameter is tried in, the likeliest and the shortest first."""
        # An example that sets the parameter was most likely written for it.
        tables = sorted(self.subject.tables, key=lambda table: field[0].name not in table)
        plain = [Situation(table) for table in tables]
        others = [Situation(table, more) for more in SURROUNDINGS.get(self.subject.rule.role, ()) for table in tables]
        if self.subject.rule.role is Role.MARKET or self.subject.fills_by_chance:
            yield from plain
        else:
            yield from (attrs.evolve(each, rows=BRIEF) for each in (*plain, *others))
            yield from (*plain, *others)
            if self.subject.rule.inputs is not None:
                yield from (attrs.evolve(each, optional=False) for each in plain)
        for table in tables:
            for second in self.fields:
                if second[0].name != field[0].name:
                    yield from (
                        Situation({**table, second[0].name: value}) for value in islice(values(second, table), 3)
                    )

    def trace(self, situation: Situation) -> Trace | None:
        """Returns what a run shows, known from before or new; None where that is no stack or no run."""
        key = repr((sorted(situation.table.items()), attrs.evolve(situation, table={})))
        if key not in self.traces:
            try:
                self.traces[key] = self.run(situation)
            except (ConfigError, Skipped):
                if not self.traces:
                    raise  # the first one is the rule as it is
                self.traces[key] = None
            except MmkitError:
                self.traces[key] = None
        return self.traces[key]

    def differs(self, situation: Situation, before: Trace) -> bool:
        """Returns whether a run with these parameters comes apart from the one before."""
        try:
            after = self.run(situation, before)
        except Different:
            return True
        except ConfigError:
            return False
        except MmkitError:
            return True
        return len(after.calls) != len(before.calls) or not same(after.end, before.end)

    def run(self, situation: Situation, like: Trace | None = None) -> Trace:
        """Returns what a run shows. Raises Different as soon as it does something else than the run before."""
        self.runs += 1
        if self.subject.rule.role is Role.MARKET:
            return Trace([], first_events(self.subject.stack(situation.table).leg))
        seen = Seen(self.subject.rule)

        def through(name: str, function: Any, given: dict[str, Any]) -> Any:
            result = function(*given.values())
            seen.note(name, given, result)
            if like is not None:
                at = len(seen.calls) - 1
                if at >= len(like.calls) or not same(seen.calls[at], like.calls[at]):
                    raise Different
            return result

        stack = situated(self.subject, situation)
        left = played(placed(stack, self.subject.rule, between(self.subject.rule, through)))
        end = (
            left.fill_rows,
            left.fill_mids,
            left.record_times,
            left.record_rows,
            left.events_noted,
            left.event_values,
        )
        return Trace(seen.calls, [[piece.tobytes() for piece in pieces] for pieces in end])


def same(one: Any, other: Any) -> bool:
    """Returns whether two observations are alike; NaN is like NaN."""
    return bool(one == other) or repr(one) == repr(other)


def situated(subject: Subject, situation: Situation) -> Stack:
    """Returns a stack over the kit's book; that of a second instrument shares its moves."""
    books: list[Any] = [None, None] if subject.fills_by_chance else [book(0, situation.rows), book(1, situation.rows)]
    stack = subject.stack(situation.table, market=books[0], more=situation.more, optional=situation.optional)
    if "H" in stack.legs:
        leg = stack.legs["H"]
        market = attrs.evolve(leg.market, rule=books[1], declared=books[1])
        stack = attrs.evolve(stack, legs={**stack.legs, "H": attrs.evolve(leg, market=market)})
    # A rule that recovers from what others asked for is declared after them.
    return attrs.evolve(stack, risk=tuple(sorted(stack.risk, key=lambda slot: slot.name != "stop")))


@cache
def book(number: int, rows: int) -> Any:
    """Returns a market rule of the first rows of one of the kit's books."""
    whole = ordinary(number)
    return over(
        whole if rows >= len(whole.events) else Made(whole.tick_size, whole.lot_size, whole.events[:rows], True)
    )


def first_events(leg: Any) -> list[bytes]:
    """Returns the first arrays that a market hands over."""
    import numpy as np

    rule: Any = leg.market.rule
    given = (leg.market.params, leg.instrument)
    if rule.chunks is not None:
        return [chunk.local.tobytes() + chunk.lots.tobytes() for chunk in islice(rule.chunks(*given), 4)]
    made = (rule.events or rule.paths)(*given, np.random.default_rng(0))
    step = [repr(rule.step(leg.market.params)).encode()] if rule.step is not None else []
    return step + [np.asarray(piece).tobytes() for piece in islice(made, 400)]


def values(field: Field, table: Table) -> Iterator[Any]:
    """Yields other values of a parameter than a table has, as TOML has them, the likeliest to matter first."""
    attribute, annotation, kind = field
    default: Any = attribute.default
    if attribute.name in table:
        now = kind.read(table[attribute.name], Path())
    elif default is attrs.NOTHING:
        return
    else:
        now = default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]
    tried: list[Any] = [kind.write(now)]
    for value in candidates(attribute, annotation, kind, now):
        if value not in tried:
            tried.append(value)
            yield value


def candidates(attribute: "attrs.Attribute[Any]", annotation: Any, kind: Kind, now: Any) -> Iterator[Any]:
    """Yields values that a parameter may have."""
    if kind.choices:
        many = isinstance(now, enum.IntFlag)
        yield from ([each] if many else each for each in kind.choices)
        if many:
            yield list(kind.choices)
    elif kind.many:
        lists = [[value * factor for value in now] for factor in (0.5, 2.0)]
        lists += [list(now[:-1]), [*now, *now[-1:]], list(reversed(now)), [1.0], [0.5], [1.0, 2.0], [0.3, 0.7]]
        lists += [[1.0, 0.5, 0.25], [2.0]]
        yield from (each for each in lists if len(each) <= (attribute.metadata.get("capacity") or len(each)))
    elif isinstance(now, bool):
        yield not now
    elif kind.number:
        yield from map(kind.write, numbers(attribute, annotation, now))


def numbers(attribute: "attrs.Attribute[Any]", annotation: Any, now: float) -> Iterator[float]:
    """Yields numbers within a parameter's bounds."""
    whole = annotation in (int, Duration)
    unit = 10**9 if annotation is Duration else 1
    if math.isfinite(now) and now != 0:
        found: list[float] = [now * factor for factor in (2, 0.5, 10, 0.1, 100, 0.01, 1.1)]
    else:
        found = [size * unit for size in (1, 0.1, 0.01, 10, 0.001, 100, 1e-5, -1)]
    found += [now + 1, now - 1] if annotation is int else []
    bounds = (attribute.metadata.get(name) for name in ("at_least", "above", "at_most", "below"))
    ends = [bound for bound in bounds if bound is not None]
    if len(ends) == 2:
        found += [0.5 * sum(ends), 0.1 * ends[0] + 0.9 * ends[1]]
    found += [0.0, *ends]
    for value in found:
        if math.isfinite(value):
            value = int(value) if whole else float(value)
            if out_of_range(value, annotation, attribute) is None:
                yield value
