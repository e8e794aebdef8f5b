"""Hedging on another random market: what is sent is against the quoted position, and no hedge answers a hedge."""

from typing import Any

import attrs
import tap
from hypothesis import given
from hypothesis import strategies as st
from stacks import HEDGINGS, MS, Case, examples, instruments, markets, quoting, venues
from story import stories
from tap import Sent

from mmkit.engine.records import PLACING


@attrs.frozen
class Look:
    """A call of the hedging rule: position and outstanding orders before, what it sent; lots of the hedge instrument."""

    time: int
    quoted: int
    mid: float
    quoted_mid: float
    position: int
    buys: int
    sells: int
    sent: list[tuple[int, int]]


def watched(stack: Any, seen: list[Look]) -> Any:
    """Returns the stack with a hedging rule that is watched."""
    rule = stack.hedging.rule

    def hedge(params: Any, state: Any, market: Any, account: Any, hedges: Any) -> None:
        leg = hedges[0]
        alive = [leg.desk.orders[leg.desk.live[i]] for i in range(leg.desk.live_count)]
        buys, sells = (sum(order.remaining for order in alive if order.side == side) for side in (1, -1))
        before, position = leg.desk.next_id, leg.market.position_lots
        rule.hedge(params, state, market, account, hedges)
        alive = [leg.desk.orders[leg.desk.live[i]] for i in range(leg.desk.live_count)]
        sent = [(order.side, order.lots) for order in alive if order.id >= before]
        mids = (leg.market.mid, market.mid)
        seen.append(Look(market.now, market.position_lots, *mids, position, buys, sells, sent))

    return attrs.evolve(stack, hedging=attrs.evolve(stack.hedging, rule=attrs.evolve(rule, hedge=hedge)))


@st.composite
def hedged(draw: Any, hedging: str = "") -> Any:
    """Draws a stack that quotes one market and hedges on another; late in both, quotes end and the markets calm down."""
    calm = {"tail": 40, "gaps": 0.0}
    name = hedging or draw(st.sampled_from(HEDGINGS))
    case = draw(quoting(risks=("position-limit", "sleep"), market=calm, hedging=name))
    lot = case.changes["instruments.X"]["lot_size"]
    market = case.changes["instruments.X.market"]
    return Case(
        case.shape,
        {
            **case.changes,
            "instruments.Y": draw(instruments(lot_size=lot)),
            "instruments.Y.market": draw(markets(**calm, rows=market["rows"], step=market["step"])),
            "instruments.Y.venue": draw(venues()),
            "risk.position-limit": {"max_position": draw(st.integers(5, 25)) * lot},
            "risk.sleep": {"at": market["rows"] * market["step"] // 2},
            "hedging": {
                "every": draw(st.sampled_from([50, 300])) * MS,
                "mode": draw(st.sampled_from([0, 1])),
                "slippage": draw(st.sampled_from([0.0, 0.005, 1.0])),
                "timeout": draw(st.sampled_from([0, 300])) * MS,
                "band_fraction": draw(st.sampled_from([0.0, 0.05, 0.3])),
                "max_age": 10_000 * MS,
                "sample_every": 100 * MS,
                "least_samples": 5,
            },
        },
    )


@examples(250)
@given(hedged())
def test_hedges_carry_their_cause_and_none_answers_a_hedge(case: Case) -> None:
    seen: list[Look] = []
    done, session, tapped = tap.run(watched(case.stack(), seen))
    quoted, other = stories(session, tapped)
    quoted.to_its_end()
    other.to_its_end()
    fills = done.fills
    assert set(fills.filter(fills["instrument"] == "Y")["cause"]) <= {"hedge"}
    assert set(fills.filter(fills["instrument"] == "X")["cause"]) <= {"quote"}
    legs = done.summary["instruments"]
    lot = case.changes["instruments.X"]["lot_size"]
    for name, story, leg in (("X", quoted, session), ("Y", other, session.legs[0])):
        assert story.position == leg.ledger.position == leg.exchange.position == round(legs[name]["position"] / lot)
        assert len(story.orders) == legs[name]["submitted"]
        assert sum(order.executed for order in story.orders.values()) == round(legs[name]["volume"] / lot)
    # Never an order against one's own other side, and all of one look on one side.
    for look in seen:
        for side, _ in look.sent:
            assert (look.sells if side > 0 else look.buys) == 0
        assert len(look.sent) <= 1
    # The markets are calm, the quoted position stays: the hedge is done once, or what is too little stays undone.
    last = [
        each.time for each in tapped if isinstance(each, Sent) and each.request == PLACING and each.desk is other.desk
    ]
    end = session.market.now
    assert len([time for time in last if time > end - 1_000 * MS]) == 0


@examples(150)
@given(hedged("notional"))
def test_a_notional_hedge_only_ever_moves_towards_its_target(case: Case) -> None:
    seen: list[Look] = []
    stack = watched(case.stack(), seen)
    tap.run(stack)
    for look in seen:
        for side, lots in look.sent:
            expected = look.position + look.buys - look.sells
            # A flat position is closed at any price of the quoted instrument, also at an unknown one.
            target = -look.quoted * look.quoted_mid / look.mid if look.quoted else 0.0
            assert (target - expected) * side > 0
            assert lots <= abs(target - expected) * (1 + 1e-9) + 1e-6
