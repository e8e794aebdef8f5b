"""Orders of any rule over any market: what is asked, what the venue does and what the books say agree."""

from typing import Any

import tap
from hypothesis import given
from stacks import Case, examples, quoting
from story import Answered, Story, stories
from tap import Arrived

from mmkit.engine.records import EXECUTED, MARKET, PLACING, POST_ONLY, WORKING

FATES = ("filled", "cancelled", "rejected", "expired", "")


def check_orders(done: Any, session: Any, story: Story) -> None:
    """Executed is never more than the order; what only reduces does so; every order has one fate, and the summary counts them."""
    before = 0
    for step in story.told():
        if isinstance(step, Answered) and step.kind == EXECUTED:
            order = story.orders[step.id]
            assert step.lots > 0
            assert order.executed <= order.lots
            if order.reduce_only:
                assert before * order.side < 0
                assert 0 <= story.position * before < before * before, "it never turns or opens a position"
        before = story.position
    fates = [order.ended for order in story.orders.values()]
    counted = {fate: fates.count(fate) for fate in FATES}
    assert len(fates) == sum(counted.values()) == done.summary["orders"]["submitted"]
    for fate in ("cancelled", "rejected", "expired"):
        assert counted[fate] == done.summary["orders"][fate]
    alive = [order for order in story.orders.values() if not order.ended]
    desk = session.desk
    known = {desk.orders[desk.live[i]].id: desk.orders[desk.live[i]] for i in range(desk.live_count)}
    known = {id: order for id, order in known.items() if order.state <= WORKING}
    # When all answers are in, what we know is what there is.
    assert {order.id: (order.side, order.tick, order.lots, order.left) for order in alive} == {
        id: (order.side, order.tick, order.lots, order.remaining) for id, order in known.items()
    }


def check_position(done: Any, session: Any, story: Story) -> None:
    """The position is the sum of the fills: at the venue, as we know it, in the records and in the summary."""
    lot = done.stack.leg.instrument.lot_size
    fills = [step for step in story.to_its_end().answers if step.kind == EXECUTED]
    sides = [story.orders[fill.id].side for fill in fills]
    table = done.fills
    assert table["order_id"].to_list() == [fill.id for fill in fills]
    assert table["exch_ts"].to_list() == [fill.time for fill in fills]
    assert table["local_ts"].to_list() == [fill.known for fill in fills]
    assert table["side"].to_list() == sides
    assert [round(qty / lot) for qty in table["qty"]] == [fill.lots for fill in fills]
    total = sum(side * fill.lots for side, fill in zip(sides, fills, strict=True))
    assert story.position == session.ledger.position == session.exchange.position == total
    assert round(done.summary["position"]["X"] / lot) == total
    for time, position in zip(done.records["time"], done.records["position"], strict=True):
        before = sum(side * fill.lots for side, fill in zip(sides, fills, strict=True) if fill.known < time)
        then = [side * fill.lots for side, fill in zip(sides, fills, strict=True) if fill.known == time]
        # Without latency a decision's own executions are known at its time, at which it was recorded just before.
        assert round(position / lot) in (before + sum(then[:count]) for count in range(len(then) + 1))


def check_no_cross(story: Story) -> None:
    """No own bid rests at or above an own ask, and nothing that takes arrives where an own order of the other side rests in its way."""
    for step in story.told():
        bids = [order.tick for order in story.resting if order.side > 0]
        asks = [order.tick for order in story.resting if order.side < 0]
        assert max(bids, default=-1) < min(asks, default=2**62), step
        if isinstance(step, Arrived) and step.request == PLACING:
            own = story.orders[step.id]
            if own.kind not in (POST_ONLY, MARKET):
                against = [order.tick for order in story.resting if order.side != own.side]
                assert all((tick - own.tick) * own.side > 0 for tick in against), step


@examples(150)
@given(quoting("monkey"))
def test_the_venue_and_we_agree_on_orders_and_position_whatever_is_sent(case: Case) -> None:
    done, session, tapped = tap.run(case.stack())
    [story] = stories(session, tapped)
    check_orders(done, session, story)
    [story] = stories(session, tapped)
    check_position(done, session, story)


@examples(250)
@given(quoting())
def test_an_execution_never_trades_with_itself_and_its_position_is_what_filled(case: Case) -> None:
    done, session, tapped = tap.run(case.stack())
    [story] = stories(session, tapped)
    check_no_cross(story)
    [story] = stories(session, tapped)
    check_orders(done, session, story)
    [story] = stories(session, tapped)
    check_position(done, session, story)
