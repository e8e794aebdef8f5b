"""A run over a market of the kit's without what takes most of its time: wide books, tables, a summary."""

from typing import Any

from mmkit.engine.plain import PlainEngine
from mmkit.stack import Stack
from mmkit.testing.markets import WINDOW


class Narrow(PlainEngine):
    """The plain engine with books as wide as those of the kit's markets (`mmkit.testing.markets.over`)."""

    def book(self, wanted: bool = True) -> list[int]:
        """Returns a dense book without a level; without a level at all where none is wanted."""
        return [0] * (2 * WINDOW) if wanted else []


def played(stack: Stack) -> Any:
    """Runs a stack in the plain engine and returns what it logged (mmkit.results.Collector). Raises what ended it early."""
    from mmkit.driver import Outcome, drive_paths, drive_tape, no_collection
    from mmkit.engine.session import program
    from mmkit.results import Collector

    collector, outcome = Collector(stack), Outcome()
    with no_collection():
        if stack.leg.market.rule.paths:  # type: ignore[attr-defined]
            drive_paths(stack, PlainEngine(program(stack, orders=1, messages=1)), collector, outcome, None)
        else:
            drive_tape(stack, Narrow(program(stack)), collector, outcome, None, lambda text: None)
    if outcome.error is not None:
        raise outcome.error
    if outcome.interrupted:
        raise KeyboardInterrupt
    return collector
