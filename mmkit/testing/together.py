"""As few stacks as can hold many rules: what costs a compilation is done for all of them at once."""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from mmkit.rules import Optimization, Role, Rule
from mmkit.stack import Stack
from mmkit.testing.assembly import Acting, assembled
from mmkit.testing.given import given, simulated
from mmkit.testing.subject import LOT, TICK, Subject
from mmkit.testing.surroundings import GROUPS

APART = (Role.MARKET, Role.REPORT)
"""Roles that no compiled loop calls."""


def stacks(subjects: Sequence[Subject]) -> Iterator[tuple[Stack, list[Rule]]]:
    """Yields stacks with the rules in each: all signals and risk rules in the first, of other roles one in each; those of a world without
    a book by themselves."""
    rest = [each for each in subjects if each.rule.role not in APART and not isinstance(each.rule, Optimization)]
    for each in [each for each in rest if each.fills_by_chance]:
        rest.remove(each)
        yield each.stack(), [each.rule]
    while rest:
        taken: list[Subject] = []
        for each in rest:
            if each.rule.role in GROUPS or each.rule.role not in {one.rule.role for one in taken}:
                taken.append(each)
        rest = [each for each in rest if each not in taken]
        acting: list[Acting] = [(each.rule, each.supplier, each.tables[0]) for each in taken]
        # One after the other, as a rule may read what the one before it publishes.
        acting.sort(key=lambda one: list(Role).index(one[0].role))
        yield over_its_markets(assembled(acting, tick_size=TICK, lot_size=LOT)), [each.rule for each in taken]


def over_its_markets(stack: Stack) -> Stack:
    """Returns the stack with the second instrument's own simulated book."""
    if "H" not in stack.legs:
        return stack
    rule: Any = given(simulated(TICK, LOT, 1))
    leg = stack.legs["H"]
    return attrs.evolve(
        stack,
        legs={**stack.legs, "H": attrs.evolve(leg, market=attrs.evolve(leg.market, rule=rule, declared=rule))},
    )
