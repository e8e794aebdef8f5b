"""What a spot account can pay for: with everything outstanding executed at its dearest, neither coins nor cash go below zero."""

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkit.engine.funds import afford, judge, too_small
from mmkit.engine.orders import amend, has_order, place
from mmkit.engine.records import (
    INVERSE,
    LINEAR,
    LIQUIDATED,
    NO_ASK,
    NO_FAULT,
    NOTHING,
    POST_ONLY,
    SPOT,
    WORKING,
    desk_class,
    quotes_class,
)

MARKET = SimpleNamespace(now=0)
FEE = Fraction(1, 64)

orders = st.lists(
    st.tuples(
        st.sampled_from((1, -1)),
        st.integers(90, 110),
        st.integers(1, 9),
        st.one_of(st.none(), st.tuples(st.integers(90, 110), st.integers(0, 12))),
    ),
    max_size=5,
)
ladders = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4)


def situation(owned: int, cash: int, spent: int, alive: Any, wanted: Any, **exchange: Any) -> Any:
    desk = desk_class(8, 16)()
    for side, tick, lots, amended in alive:
        place(desk, MARKET, side, tick, lots, POST_ONLY)
        number = desk.live[desk.live_count - 1]
        desk.orders[number].state, desk.orders[number].request = WORKING, NOTHING
        if amended:
            amend(desk, MARKET, number, *amended)
    ladder = quotes_class(4)()
    ladder.levels = len(wanted)
    for i, (bid, ask) in enumerate(wanted):
        ladder.bid_ticks[i], ladder.ask_ticks[i] = 99 - i, 101 + i
        ladder.bid_lots[i], ladder.ask_lots[i] = bid, ask
    venue = {"kind": SPOT, "limited": 1, "min_lots": 0, "min_value": 0.0, "maker_fee": 0.0, "taker_fee": float(FEE)}
    return SimpleNamespace(
        desk=desk,
        ladder=ladder,
        ledger=SimpleNamespace(position=0, spent=spent, maker=0, taker=0),
        exchange=SimpleNamespace(**{**venue, "owned": owned, "cash": float(cash), **exchange}),
    )


@given(st.integers(0, 40), st.integers(0, 4000), st.integers(-500, 500), orders, ladders)
@settings(max_examples=500, deadline=None)
def test_new_quotes_are_covered_beside_all_that_is_outstanding(
    owned: int, cash: int, spent: int, alive: Any, wanted: Any
) -> None:
    s = situation(owned, cash, spent, alive, wanted)
    afford(s)
    coins, money = Fraction(owned), Fraction(cash - spent)
    for side, tick, lots, amended in alive:
        most = max(lots, amended[1]) if amended else lots
        dearest = max(tick, amended[0]) if amended else tick
        if side > 0:
            money -= most * dearest * (1 + FEE)
        else:
            coins -= most
    ladder, n = s.ladder, s.ladder.levels
    asks = [(t, q) for t, q in zip(ladder.ask_ticks[:n], ladder.ask_lots[:n], strict=True) if not has_order(s.desk, t)]
    bids = [(t, q) for t, q in zip(ladder.bid_ticks[:n], ladder.bid_lots[:n], strict=True) if not has_order(s.desk, t)]
    assert sum(q for _, q in asks) <= max(coins, 0)
    assert sum(t * q for t, q in bids) * (1 + FEE) <= max(money, 0)


@given(st.integers(0, 40), st.integers(0, 4000), ladders)
@settings(max_examples=300, deadline=None)
def test_without_orders_inner_levels_get_all_that_there_is(owned: int, cash: int, wanted: Any) -> None:
    s = situation(owned, cash, 0, [], wanted)
    afford(s)
    coins, money = owned, Fraction(cash)
    for i, (bid, ask) in enumerate(wanted):
        price = s.ladder.bid_ticks[i] * (1 + FEE)
        assert s.ladder.ask_lots[i] == min(ask, coins)
        assert s.ladder.bid_lots[i] == min(bid, money // price)
        coins -= s.ladder.ask_lots[i]
        money -= s.ladder.bid_lots[i] * price


@given(orders, ladders)
@settings(max_examples=100, deadline=None)
def test_an_account_without_balances_is_never_short(alive: Any, wanted: Any) -> None:
    s = situation(0, 0, 0, alive, wanted, limited=0)
    afford(s)
    assert list(zip(s.ladder.bid_lots, s.ladder.ask_lots, strict=True))[: len(wanted)] == wanted


@pytest.mark.parametrize(
    ("tick", "lots", "kind", "small"),
    [
        (100, 3, LINEAR, True),
        (100, 4, LINEAR, False),
        (99, 5, LINEAR, False),
        (79, 5, LINEAR, True),
        (80, 5, LINEAR, False),
        (1, 4, INVERSE, False),
        (1, 3, INVERSE, True),
        (NO_ASK, 3, LINEAR, True),
        (NO_ASK, 4, LINEAR, False),
    ],
)
def test_least_quantity_and_least_value_both_count(tick: int, lots: int, kind: int, small: bool) -> None:
    exchange = SimpleNamespace(min_lots=4, min_value=400.0, kind=kind)
    assert too_small(exchange, tick, lots) is small


@given(
    st.sampled_from((LINEAR, INVERSE)),
    st.integers(-50, 50),
    st.integers(50, 150),
    st.integers(50, 150),
    st.integers(1, 3000),
    st.integers(1, 32),
)
@settings(max_examples=500, deadline=None)
def test_liquidation_is_where_the_equity_does_not_cover_the_margin(
    kind: int, lots: int, entry: int, mid: int, cash: int, margin: int
) -> None:
    money = Fraction(cash, 1000 if kind == INVERSE else 1)
    if kind == INVERSE:
        equity, notional = money + lots * (Fraction(1, entry) - Fraction(1, mid)), abs(lots) * Fraction(1, mid)
        paid = -Fraction(lots, entry)
    else:
        equity, notional = money + lots * (mid - entry), Fraction(abs(lots) * mid)
        paid = Fraction(lots * entry)
    room = equity - Fraction(margin, 64) * notional
    exchange = SimpleNamespace(
        kind=kind,
        limited=1,
        maintenance_margin=margin / 64,
        position=lots,
        cash=float(money),
        paid=float(paid),
        best_bid=mid - 1,
        best_ask=mid + 1,
        fault=NO_FAULT,
    )
    judge(SimpleNamespace(exchange=exchange))
    if lots == 0:
        assert exchange.fault == NO_FAULT
    elif abs(room) > Fraction(1, 10**9):
        assert exchange.fault == (LIQUIDATED if room < 0 else NO_FAULT)
