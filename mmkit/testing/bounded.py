"""Check: what a rule remembers stays as small as it is: a million events neither overrun an array nor let anything grow."""

import time
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import attrs

from mmkit.rules import Optimization, Role
from mmkit.stack import Stack
from mmkit.testing.given import loop
from mmkit.testing.observing import watched
from mmkit.testing.rows import Failed, Skipped
from mmkit.testing.sizes import size_of
from mmkit.testing.subject import Subject, run

MILLION = 1_000_000

SECONDS = 10.0
"""How long a rule that is not compiled is driven."""

LOOKS = 4
"""The market is looked at whole, and after a half, a quarter, …"""

GROWTH = 1024
"""Bytes that may come and go between two looks."""


def check(subject: Subject) -> str:
    """Returns over how many events it was driven. Raises Failed where something grows; Skipped for what is not asked per event."""
    rule = subject.rule
    if rule.role in (Role.MARKET, Role.REPORT) or isinstance(rule, Optimization) or subject.fills_by_chance:
        raise Skipped("it keeps nothing from event to event" if rule.role is not Role.VENUE else "it fills by chance")
    stack = subject.stack()
    rows = loop().rows
    begun = time.perf_counter()
    grown(subject, stack, 8)
    seconds = time.perf_counter() - begun
    if not rule.compiled:
        times = max(min(round(8 * SECONDS / seconds), MILLION // rows + 1), 16)
        grown(subject, stack, times)
        return f"{times * rows} events"
    times = MILLION // rows + 1
    run(over(stack, times), engine="compiled")
    return f"{times * rows} events"


def over(stack: Stack, times: int) -> Stack:
    """Returns the stack over the kit's market, so many times one after the other."""
    legs = {}
    for number, (name, leg) in enumerate(stack.legs.items()):
        rule = loop(number).market(times)
        legs[name] = attrs.evolve(leg, market=attrs.evolve(leg.market, rule=rule, declared=rule))
    return attrs.evolve(stack, legs=legs)


def grown(subject: Subject, stack: Stack, times: int) -> None:
    """Drives the rule over the market so many times in the plain engine. Raises Failed where what hangs on it grows from look to look."""
    looks = [loop().length * times // 2**power for power in range(LOOKS - 1, -1, -1)]
    seen: list[int] = []
    states: dict[int, Any] = {}
    calls = 0

    def note(name: str, given: Mapping[str, Any], result: Any) -> None:
        nonlocal calls
        calls += 1
        if "state" in given:
            states[id(given["state"])] = given["state"]
        market = given.get("market")
        if market is not None and len(seen) < LOOKS - 1 and market.now >= looks[len(seen)]:
            seen.append(size_of(subject.rule, states.values()))

    run(subject.put(over(stack, times), watched(subject.rule, note)))
    seen.append(size_of(subject.rule, states.values()))
    steps = [after - before for before, after in pairwise(seen)]
    if len(steps) > 1 and all(step > 0 for step in steps) and steps[-1] > GROWTH:
        sizes = ", ".join(str(size) for size in seen)
        raise Failed(
            f"what it remembers grows with the events: {sizes} bytes, over {loop().rows * times} events ({calls} calls)"
        )
