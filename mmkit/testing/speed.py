"""Check: a rule's time per event, plain and compiled, beside the median of the built-in rules of its role; fails only far beyond it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import attrs
import tomli

from mmkit.rules import Optimization, Role, Rule
from mmkit.stack import Stack
from mmkit.testing.between import heard
from mmkit.testing.bounded import over
from mmkit.testing.rows import Failed, Skipped
from mmkit.testing.subject import Subject, run

FACTOR = 100.0
"""So many times the median is too slow."""

PLAIN, COMPILED, ROUNDS = 2, 24, 3
"""How often the market of about 4,000 rows is repeated in the plain and in the compiled engine, and how many runs count."""

TABLE = "speed.toml"


def check(subject: Subject) -> str:
    """Returns the times in words. Raises Failed beyond FACTOR times the median; Skipped for what is not asked per event."""
    rule = subject.rule
    if rule.role in (Role.MARKET, Role.REPORT) or isinstance(rule, Optimization) or subject.fills_by_chance:
        raise Skipped("it is not asked per event")
    usual = medians().get(rule.role.value, {})
    scale = reference() / float(medians()["reference"]["ns"])
    found = measured(subject)
    words = []
    for engine, ns in found.items():
        median = usual.get(engine)
        allowed = median * scale * FACTOR if median else None
        told = f"{engine} {ns:.0f} ns an event" if engine == "python" else f"{engine} {ns:.0f} ns, the whole loop"
        words.append(f"{told} (built-in median {median * scale:.0f})" if median else told)
        if allowed is not None and ns > allowed:
            raise Failed(f"{words[-1]}: more than {FACTOR:.0f} times as long")
    if not rule.compiled:
        words.append("it stays Python")
    return ", ".join(words)


def medians() -> dict[str, dict[str, float]]:
    """Returns ns per event by role and engine, and of the reference loop, as they were measured on one machine."""
    found: dict[str, dict[str, float]] = tomli.loads(files("mmkit.testing").joinpath(TABLE).read_text("utf-8"))
    return found


def reference() -> float:
    """Returns what a step of a plain loop takes on this machine, ns: the least of some."""
    best = float("inf")
    for _ in range(5):
        total, begun = 0.0, time.thread_time_ns()
        for i in range(100_000):
            total += i * 0.5
        best = min(best, (time.thread_time_ns() - begun) / 100_000)
    return best


def measured(subject: Subject) -> dict[str, float]:
    """Returns ns per event by engine: what the rule's own functions take, and what the whole compiled loop takes with it.

    What is compiled has no functions any more whose time could be taken; and a run without the rule quotes and fills otherwise.
    """
    stack = subject.stack()
    found = {"python": plain(subject, stack)}
    if subject.rule.compiled:
        found["compiled"] = compiled(stack)
    return found


def plain(subject: Subject, stack: Stack) -> float:
    """Returns ns per event of the rule's functions, without what taking the time takes: the least of some runs."""
    market = over(stack, PLAIN)
    best = float("inf")
    for _ in range(ROUNDS):
        watch = Stopwatch()
        done = run(subject.put(market, watch.rule(subject.rule)))
        best = min(best, watch.total / done.summary["data"]["events"])
    return max(best, 0.0)


def compiled(stack: Stack) -> float:
    """Returns ns per event of the whole compiled loop: the least of some runs."""
    market = over(stack, COMPILED)
    least = float("inf")
    with replaying() as spent:
        for number in range(ROUNDS + 1):
            spent.clear()
            done = run(market, engine="compiled")
            if number:  # the first compiles
                least = min(least, sum(spent) / done.summary["data"]["events"])
    return least


@contextmanager
def replaying() -> Iterator[list[int]]:
    """Within this block the processor's time that the compiled loop takes is added to the list, ns; the first call of each run, which may
    load what was compiled, is not."""
    from mmkit.engine.compiled import CompiledEngine

    spent: list[int] = []
    known: list[Any] = []
    names = ("replay", "replay_several")
    before = {name: getattr(CompiledEngine, name) for name in names}

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(engine: Any, *given: Any) -> Any:
            begun = time.thread_time_ns()
            code = function(engine, *given)
            if any(engine is each for each in known):
                spent.append(time.thread_time_ns() - begun)
            else:
                known[:] = [engine]
            return code

        return call

    try:
        for name, function in before.items():
            setattr(CompiledEngine, name, timed(function))
        yield spent
    finally:
        for name, function in before.items():
            setattr(CompiledEngine, name, function)


@attrs.define(eq=False)
class Stopwatch:
    """Adds up the processor's time within a rule's functions, ns: other work on the machine counts little."""

    total: int = 0
    _empty: int = 0

    def rule(self, rule: Rule) -> Rule:
        """Returns the rule with functions that are timed."""
        self._empty = min(self._nothing() for _ in range(200))
        own: dict[str, Any] = {name: self._timed(function) for name, function in heard(rule)}
        return attrs.evolve(rule, **own)

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        clock, empty = time.thread_time_ns, self._empty

        def call(*given: Any) -> Any:
            begun = clock()
            result = function(*given)
            self.total += clock() - begun - empty
            return result

        return call

    def _nothing(self) -> int:
        clock = time.thread_time_ns

        def nothing(*given: Any) -> None:
            return None

        begun = clock()
        nothing(1, 2, 3)
        return clock() - begun
