"""The rule under test: what it is tried with, and stacks in which it acts among plain rules."""

from collections.abc import Sequence
from typing import Any

import attrs

from mmkit.rules import Market, Rule
from mmkit.stack import Slot, Stack
from mmkit.testing.assembly import Tables, assembled, fills_by_chance, structured
from mmkit.testing.between import heard
from mmkit.testing.given import given, shortened, simulated
from mmkit.testing.observing import Call, Seen, placed, watched
from mmkit.testing.rows import Failed, Skipped
from mmkit.testing.surroundings import filled, merged, needs_data

__all__ = ["Call", "Failed", "Seen", "Skipped", "Subject", "given", "heard", "observed", "run", "simulated"]

TICK, LOT = 0.01, 0.001
"""The kit's grid, at a price of about 100."""


@attrs.frozen(eq=False)
class Subject:
    """A rule and what it is tried with.

    supplier: who offers it; params: a table of parameters, as TOML has them, for what has no default; acting: the rule as it acts in its
    stacks.
    """

    rule: Rule
    supplier: str = "the rule under test"
    params: Tables = attrs.field(factory=dict)
    _stacks: dict[str, Stack] = attrs.field(factory=dict, init=False)
    acting: Rule = attrs.field(default=attrs.Factory(lambda self: short(self.rule), takes_self=True), init=False)

    @property
    def name(self) -> str:
        """The rule as a user calls it: "pricing.fixed"."""
        return f"{self.rule.role.value}.{self.rule.name}"

    @property
    def tables(self) -> list[dict[str, Any]]:
        """The tables of parameters that it is tried with: `params` and defaults, then with each of its examples."""
        rest = [merged(self.params, example) for example in self.rule.examples]
        return [filled(self.rule, self.params), *(filled(self.rule, table) for table in rest)]

    @property
    def fills_by_chance(self) -> bool:
        """Whether it acts in a world without a book."""
        return fills_by_chance(self.rule)

    @property
    def hedges(self) -> bool:
        """Whether it trades a second instrument."""
        return getattr(self.rule, "hedge", None) is not None

    def stack(
        self,
        table: Tables | None = None,
        *,
        market: Market | None = None,
        tick_size: float = TICK,
        lot_size: float = LOT,
        optional: bool = True,
        more: Tables | None = None,
    ) -> Stack:
        """Returns a stack in which the rule acts, and every input of it is fed.

        table: its parameters (left out: the first of `tables`); market: what takes the place of the simulated book of every instrument
        (`given` makes one of arrays); optional: whether inputs that it does not require are fed as well; more: tables over those of the
        stack, by section. Raises ConfigError where that is no stack; Skipped where only files could be its market.
        """
        table = self.tables[0] if table is None else table
        lacking = needs_data(self.rule, table)
        if lacking:
            raise Skipped(f"reads files: give its parameter {' and '.join(lacking)} (params)")
        key = repr((table, tick_size, lot_size, optional, more))
        if key not in self._stacks:
            acting = [(self.rule, self.supplier, table)]
            stack = assembled(acting, tick_size=tick_size, lot_size=lot_size, optional=optional, more=more)
            self._stacks[key] = placed(stack, self.rule, self.acting)
        stack = self._stacks[key]
        if market is not None:
            legs = {name: self._over(leg, market) for name, leg in stack.legs.items()}
            stack = attrs.evolve(stack, legs=legs)
        elif "H" in stack.legs:
            second = given(simulated(tick_size, lot_size, 1))
            stack = attrs.evolve(stack, legs={**stack.legs, "H": self._over(stack.legs["H"], second)})
        return stack

    def _over(self, leg: Any, market: Market) -> Any:
        if leg.market.rule.name != "given":
            return leg
        return attrs.evolve(leg, market=attrs.evolve(leg.market, rule=market, declared=market))

    def put(self, stack: Stack, rule: Rule) -> Stack:
        """Returns one of its stacks with another rule in the place of the rule under test."""
        return placed(stack, self.acting, short(rule))

    def structured(self, table: Tables) -> Any:
        """Returns the rule's parameters from a table. Raises ConfigError, one line per fault."""
        return structured(self.rule, table)


def short(rule: Rule) -> Rule:
    """Returns the rule as it acts in the kit's stacks: a market is over after some thousand rows."""
    return shortened(rule) if isinstance(rule, Market) else rule


def slots_of(stack: Stack, rule: Rule) -> list[Slot]:
    """Returns the places of a stack in which a rule acts."""
    every: Sequence[Slot] = (*stack.optimizable, *stack.reports, *stack.optimizations, *stack.process)
    return [slot for slot in (*every, *((stack.log,) if stack.log else ())) if slot.rule is rule]


def run(stack: Stack, engine: str = "python", **more: Any) -> Any:
    """Returns the finished run of a stack (mmkit.Run). Raises what ended it early."""
    from mmkit.runs import attempt

    done = attempt(stack, engine=engine, **more)
    if done.error is not None:
        raise done.error
    if done.interrupted:
        raise KeyboardInterrupt
    return done


def observed(subject: Subject, stack: Stack) -> tuple[Any, Seen]:
    """Returns the finished run of a stack in the plain engine, and what was seen of the rule under test. Raises what ended it early."""
    seen = Seen(subject.rule)
    return run(subject.put(stack, watched(subject.rule, seen.note))), seen
