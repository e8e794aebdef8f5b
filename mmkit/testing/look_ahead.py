"""Check: what a rule does follows from what is known by then: another future, or none, changes nothing before it can be known."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

import attrs

from mmkit.rules import Market, Optimization, Role
from mmkit.stack import Stack
from mmkit.testing.deterministic import unlike
from mmkit.testing.futures import LATENCY, before, delayed, otherwise
from mmkit.testing.given import given, simulated
from mmkit.testing.market_rows import untimely
from mmkit.testing.rows import Failed, Skipped
from mmkit.testing.subject import Seen, Subject, observed

CUTS = 2
"""Times at which the market is cut: those of executions, where a venue knows more than we do."""

SLOW = {"instruments": {"X": {"venue": {"response_latency": f"{LATENCY}ns"}}}}


def check(subject: Subject) -> str:
    """Returns how often it was tried. Raises Failed with what depended on the future; Skipped for what does nothing during a run."""
    rule = subject.rule
    if isinstance(rule, Market):
        return of_market(subject, rule)
    if rule.role is Role.REPORT:
        raise Skipped("it acts after a run")
    if isinstance(rule, Optimization):
        raise Skipped("it sees no more than its host")
    if subject.fills_by_chance:
        raise Skipped("a world of independent paths hands it nothing that lies ahead")
    tried = 0
    for set_number, table in enumerate(subject.tables):
        stack = subject.stack(table, more=slow(subject, table))
        whole = [delayed(simulated(number=number)) for number in range(len(stack.legs))]
        full = observed(subject, over(stack, whole))
        if set_number == 0 and unlike(full[1], observed(subject, over(stack, whole))[1]):
            raise Skipped("two runs over the same market differ as it is: see the check deterministic")
        # The first set of parameters is tried thoroughly, the others once.
        for number, time in enumerate(times(full[0], whole[0])[: 1 if set_number else CUTS]):
            cut = [before(rows, time) for rows in whole]
            known = min(int(rows["local_ts"][-1]) for rows in cut)
            agree(full, observed(subject, over(stack, cut)), time, known, "where the market ends")
            if number == 0 and set_number == 0:
                changed = [otherwise(rows, time) for rows in whole]
                agree(full, observed(subject, over(stack, changed)), time, time + LATENCY, "with another future")
                tried += 1
            tried += 1
    return f"{tried} other futures"


def slow(subject: Subject, table: Any) -> dict[str, Any]:
    """Returns the keys that make answers late, of the venue's rule where it has them."""
    if subject.rule.role is Role.VENUE and "response_latency" not in attrs.fields_dict(subject.rule.params):
        return {}
    return SLOW


def over(stack: Stack, markets: Sequence[Any]) -> Stack:
    """Returns the stack over these events, the quoted instrument's first."""
    legs = dict(stack.legs)
    for name, rows in zip(stack.leg_names, markets, strict=True):
        leg = legs[name]
        rule = given([rows])
        legs[name] = attrs.evolve(leg, market=attrs.evolve(leg.market, rule=rule, declared=rule))
    return attrs.evolve(stack, legs=legs)


def times(run: Any, rows: Any) -> list[int]:
    """Returns venue times (ns) at which to cut: of executions where there are any, in the middle of the run."""
    found = sorted(set(run.fills["exch_ts"].to_list()) & set(rows["exch_ts"].tolist()))
    found = found or sorted(set(rows["exch_ts"].tolist()))
    return [found[len(found) * (place + 1) // (CUTS + 1)] for place in range(CUTS)]


def agree(full: tuple[Any, Seen], other: tuple[Any, Seen], time: int, known: int, what: str) -> None:
    """Raises Failed where the rule did something else before `known`, or the venue before `time` (ns)."""
    found = unlike(full[1], other[1], known)
    if not found:
        mine, its = (run.fills.filter(run.fills["exch_ts"] < time) for run, _ in (full, other))
        found = "" if mine.equals(its, null_equal=True) else "other executions"
    if found:
        raise Failed(
            f"{what} at {time} ns (known {LATENCY // 10**6}ms later), it differs before that is known: {found}"
        )


def of_market(subject: Subject, rule: Market) -> str:
    """Returns how many rows of a market were looked at. Raises Failed where one is known before it happened, or out of order."""
    import numpy as np

    from mmkit.driver import generators

    if rule.events is None:
        raise Skipped("its rows have no two times")
    stack = subject.stack()
    leg = stack.leg
    arrays = [
        array
        for array in islice(leg.market.rule.events(leg.market.params, leg.instrument, generators(stack)[0]), 1000)  # type: ignore[attr-defined]
        if "lots" in (array.dtype.names or ())
    ]
    rows = np.concatenate(arrays) if arrays else None
    if rows is None or not len(rows):
        raise Failed("it hands over no rows")
    found = untimely(rows)
    if found:
        raise Failed(found)
    return f"{len(rows)} rows"
