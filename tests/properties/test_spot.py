"""An account that owns coins and cash: neither ever falls below nothing, whatever is sent and whatever fills."""

from fractions import Fraction
from typing import Any

import tap
from hypothesis import given
from hypothesis import strategies as st
from stacks import EXECUTIONS, Case, examples, quoting
from story import Answered, stories

from mmkit.engine.records import EXECUTED
from mmkit.stack import Kind


@st.composite
def owning(draw: Any) -> Case:
    """Draws a stack, or one whose execution does anything, with so many lots and the cash for as many at the first price."""
    name = draw(st.sampled_from(["monkey", *EXECUTIONS]))
    case = draw(quoting(name, kind="spot", balances="X = 1.0\nquote = 1.0", market={"settles": 0}))
    own = case.changes["instruments.X"]
    lots, able = draw(st.integers(0, 12)), draw(st.integers(0, 12))
    balances = {"X": lots * own["lot_size"], "quote": able * own["lot_size"] * 1000 * own["tick_size"]}
    return Case(case.shape, {**case.changes, "instruments.X": {**own, "kind": Kind.SPOT, "balances": balances}})


@examples(200)
@given(owning())
def test_coins_and_cash_never_fall_below_nothing(case: Case) -> None:
    own = case.changes["instruments.X"]
    stack = case.stack()
    _, session, tapped = tap.run(stack)
    # In lots, and in ticks * lots.
    coins = Fraction(str(own["balances"]["X"])) / Fraction(str(own["lot_size"]))
    coins = Fraction(round(coins))
    unit = Fraction(str(own["tick_size"])) * Fraction(str(own["lot_size"]))
    cash = Fraction(own["balances"]["quote"]) / unit
    [story] = stories(session, tapped)
    for step in story.told():
        if isinstance(step, Answered) and step.kind == EXECUTED:
            side, amount = story.orders[step.id].side, step.tick * step.lots
            rate = Fraction(str(own["maker_fee"] if step.maker else own["taker_fee"]))
            coins += side * step.lots
            cash -= (side + rate) * amount
            assert coins >= 0, step
            assert cash >= -Fraction(1, 10**6), step
