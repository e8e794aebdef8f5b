"""With everything in flight filled the position stays within its limit, at every moment between decisions too."""

from typing import Any

import attrs
import tap
from hypothesis import given
from hypothesis import strategies as st
from stacks import Case, examples, quoting
from story import Story, stories
from tap import Sent

from mmkit.engine.records import PLACING


def largest(story: Story) -> int:
    """Returns the largest position, long or short, that there is when one side's orders fill and the other side's do not."""
    return max(story.position + story.may_fill(1), -story.position + story.may_fill(-1))


@st.composite
def limited(draw: Any) -> tuple[Case, int]:
    """Draws a stack with a limit of so many lots."""
    case = draw(quoting(risks=("position-limit",)))
    lots = draw(st.integers(1, 25))
    limit = {"max_position": lots * case.changes["instruments.X"]["lot_size"]}
    return Case(case.shape, {**case.changes, "risk.position-limit": limit}), lots


@examples(250)
@given(limited())
def test_the_worst_case_never_exceeds_the_position_limit(drawn: tuple[Case, int]) -> None:
    case, lots = drawn
    _, session, tapped = tap.run(case.stack())
    [story] = stories(session, tapped)
    for step in story.told():
        assert largest(story) <= lots, step


@examples(150)
@given(quoting(risks=("notional-limit",)), st.integers(1, 25))
def test_nothing_is_sent_that_could_lift_the_value_above_its_limit(case: Case, lots: int) -> None:
    instrument = case.changes["instruments.X"]
    money = lots * instrument["lot_size"] * 1000 * instrument["tick_size"]
    stack = case.stack(**{"risk.notional-limit": {"max_notional": money}})
    seen: list[tuple[int, float]] = []
    done, session, tapped = tap.run(watched(stack, seen))
    [story] = stories(session, tapped)
    mids = dict(seen)
    assert done.summary["counters"]["decisions"] == len(seen)
    for step in story.told():
        if isinstance(step, Sent) and step.request == PLACING:
            worst = abs(story.position + step.side * story.may_fill(step.side)) * instrument["lot_size"]
            assert worst * mids[step.time] <= money * (1 + 1e-9)


def watched(stack: Any, seen: list[tuple[int, float]]) -> Any:
    """Returns the stack with an execution that notes time and mid of every decision."""
    rule = stack.execution.rule

    def act(params: Any, state: Any, market: Any, *rest: Any) -> None:
        seen.append((market.now, market.mid))
        rule.act(params, state, market, *rest)

    return attrs.evolve(stack, execution=attrs.evolve(stack.execution, rule=attrs.evolve(rule, act=act)))
