"""Levels of risk over any market: what is withdrawn stays withdrawn, and a position that is to be closed is."""

from collections.abc import Sequence
from typing import Any

import tap
from hypothesis import given
from hypothesis import strategies as st
from stacks import MS, Case, examples, quoting
from story import Answered, stories
from tap import Level, Sent

import mmkit
from mmkit.engine.records import CLOSE, EXECUTED, PLACING, QUOTE


def in_force(tapped: Sequence[Any]) -> list[tuple[int, int]]:
    """Returns when each level began, and which."""
    found: list[tuple[int, int]] = []
    for each in tapped:
        if isinstance(each, Level) and (not found or found[-1][1] != each.level):
            found.append((each.time, each.level))
    return found


def check_nothing_is_quoted(stack: Any, session: Any, tapped: Sequence[Any]) -> None:
    """While there are to be no quotes none is sent, and what was under way is gone as soon as a cancel can be at the venue."""
    venue = stack.leg.venue.params
    level = mmkit.NORMAL
    for each in tapped:
        if isinstance(each, Level):
            level = each.level
        elif isinstance(each, Sent) and each.request == PLACING and each.cause == QUOTE:
            assert level < mmkit.NO_QUOTES, each
        elif isinstance(each, Sent) and each.request == PLACING and each.cause == CLOSE:
            assert level == mmkit.FLATTEN, each
    # A quote that was sent just before is acknowledged, then taken back at the next look, which arrives.
    needed = 2 * venue.entry_latency + venue.response_latency + stack.watch_every
    [story] = stories(session, tapped)
    fills = [step for step in story.to_its_end().answers if step.kind == EXECUTED]
    periods = in_force(tapped)
    end = session.market.now + 1
    for number, (begun, level) in enumerate(periods):
        until = next((time for time, later in periods[number + 1 :] if later < mmkit.NO_QUOTES), end)
        if level >= mmkit.NO_QUOTES:
            late = [fill for fill in fills if begun + needed < fill.time < until]
            assert [fill for fill in late if story.orders[fill.id].cause == QUOTE] == []


@st.composite
def alarmed(draw: Any) -> Case:
    """Draws a stack with an alarm."""
    case = draw(quoting(risks=("position-limit", "alarm"), market={"gaps": 0.0}))
    alarm = {
        "seed": draw(st.integers(0, 2**32 - 1)),
        "hold": draw(st.sampled_from([100, 700])) * MS,
        "highest": draw(st.sampled_from([mmkit.NO_QUOTES, mmkit.FLATTEN, mmkit.HALT])),
        "patience": draw(st.sampled_from([30, 200])) * MS,
    }
    lot = case.changes["instruments.X"]["lot_size"]
    more = {
        "risk.alarm": alarm,
        "risk.position-limit": {"max_position": draw(st.integers(3, 30)) * lot},
        "stack": {**case.changes["stack"], "watch_every": draw(st.sampled_from([50, 300])) * MS},
    }
    return Case(case.shape, {**case.changes, **more})


@examples(250)
@given(alarmed())
def test_nothing_is_quoted_while_there_are_to_be_no_quotes(case: Case) -> None:
    stack = case.stack()
    _, session, tapped = tap.run(stack)
    check_nothing_is_quoted(stack, session, tapped)


def asleep(case: Case, level: int) -> Any:
    """Returns a stack whose market calms down in the end, and in which one level is in force from some time before on."""
    market = {**case.changes["instruments.X.market"], "tail": 60}
    changes = {path: own for path, own in case.changes.items() if path != "risk.alarm"}
    awake = market["rows"] * market["step"] // 3
    sleep = {"at": awake, "level": level, "patience": case.changes["risk.alarm"]["patience"]}
    shape = {**case.shape, "risks": ("position-limit", "sleep")}
    return Case(shape, {**changes, "instruments.X.market": market, "risk.sleep": sleep}).stack()


@examples(250)
@given(alarmed(), st.sampled_from([mmkit.FLATTEN, mmkit.HALT]))
def test_a_flatten_only_reduces_and_ends_flat_and_after_a_halt_nothing_happens(case: Case, level: int) -> None:
    stack = asleep(case, level)
    done, session, tapped = tap.run(stack)
    check_nothing_is_quoted(stack, session, tapped)
    assert set(done.records["risk_level"]) <= {mmkit.NORMAL, level}
    assert set(done.records.filter(done.records["risk_level"] == level)["risk_reason"]) <= {"risk.sleep"}
    begun = next(time for time, found in in_force(tapped) if found == level)
    venue = stack.leg.venue.params
    settled = begun + 2 * venue.entry_latency + venue.response_latency + stack.watch_every
    [story] = stories(session, tapped)
    before = 0
    for step in story.told():
        if isinstance(step, Answered) and step.time > settled:
            assert level == mmkit.FLATTEN or story.position == before
            assert abs(story.position) <= abs(before)
            assert story.position * before >= 0
        before = story.position
    assert level == mmkit.HALT or story.position == 0
    assert [order for order in story.orders.values() if not order.ended] == []


@examples(150)
@given(alarmed())
def test_reduce_only_sends_nothing_that_could_turn_the_position(case: Case) -> None:
    _, session, tapped = tap.run(asleep(case, mmkit.REDUCE_ONLY))
    [story] = stories(session, tapped)
    level = mmkit.NORMAL
    for step in story.told():
        if isinstance(step, Level):
            level = step.level
        elif isinstance(step, Sent) and step.request == PLACING and level == mmkit.REDUCE_ONLY:
            assert story.position * step.side < 0
            assert story.may_fill(step.side) <= abs(story.position)
