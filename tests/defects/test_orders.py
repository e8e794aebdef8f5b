"""Defects of the reference bot's orders, each by its number: tests that its behaviour would fail."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import mmkit

# Tests are imported by path: the modules beside them are not on the path by themselves.
sys.path.append(str(Path(__file__).parent))

import itertools

from watched import watch

Go = Callable[..., mmkit.Run]

SLOW = ("instruments.SIM.venue.entry_latency=250ms", "instruments.SIM.venue.response_latency=250ms")
LADDER = '[ladder]\nuse = "uniform"\nlevels = 3\ngap_ticks = 2\n'
REDUCING = """
import attrs
import mmkit


@attrs.frozen
class Params:
    every: mmkit.Duration = mmkit.field("1s", above=0)
    on: mmkit.Trigger = mmkit.field(mmkit.Trigger.TIMER)


def triggers(params):
    return int(mmkit.Trigger.TIMER)


def next_time(params, state, market):
    return market.start + ((market.now - market.start) // 10**9 + 1) * 10**9


def act(params, state, market, ladder, desk):
    if market.now - market.start < 2 * 10**9:
        mmkit.place(desk, market, 1, 0, 300, mmkit.MARKET)
    elif market.now - market.start < 3 * 10**9:
        mmkit.reduce(desk, market, -1, 0, 500, mmkit.MARKET)


@mmkit.hookimpl
def mmkit_execution():
    return mmkit.Execution("spy", params=Params, triggers=triggers, next_time=next_time, act=act)
"""


def test_d_80_every_order_has_a_number_of_its_own(go: Go) -> None:
    # The bot's orders, its calls and its closing orders took numbers from ranges that overlapped.
    run, decisions = watch(go, "requote", more=LADDER)
    placed = [own.id for decision in decisions for own in decision.placed]
    assert len(placed) == run.summary["orders"]["submitted"] > 100
    assert placed == sorted(set(placed))
    assert set(run.fills["order_id"]) <= set(placed)


@pytest.mark.parametrize("use", ["requote", "classic-requote", "tolerance", "queue-value"])
def test_d_81_what_is_pending_is_capped_and_decisions_keep_their_distance(go: Go, use: str) -> None:
    # The bot made a semaphore that nobody took, and never applied its spacing.
    changes = ("execution.max_orders=3", "execution.min_interval=400ms", "execution.min_spread=0.0")
    _, decisions = watch(go, use, *changes[: 3 if use == "classic-requote" else 2], *SLOW, more=LADDER, on='["book"]')
    assert max(len(decision.after) for decision in decisions) == 3
    times = [decision.time for decision in decisions]
    assert len(times) > 20
    assert min(after - before for before, after in itertools.pairwise(times)) >= 400_000_000


def test_d_82_an_order_is_alive_until_its_cancel_is_confirmed(go: Go) -> None:
    # The bot marked an order closed when it sent the cancel: a fill in flight met its replacement.
    run, decisions = watch(go, "tolerance", "execution.price_tolerance=0", "instruments.SIM.venue.amend=none", *SLOW)
    leaving: dict[int, int] = {}
    for decision in decisions:
        for side in (1, -1):
            assert sum(own.side == side for own in decision.after) <= 1
        for own in decision.cancelled:
            leaving[own.id] = decision.time
    start = run.records["time"][0] - 100_000_000
    late = [
        row for row in run.fills.iter_rows(named=True) if row["local_ts"] - start > leaving.get(row["order_id"], 2**62)
    ]
    assert len(late) > 0
    signed = run.fills["qty"] * run.fills["side"]
    assert run.summary["position"]["SIM"] == pytest.approx(signed.sum())


@pytest.mark.parametrize("use", ["tolerance", "queue-value"])
def test_d_83_orders_are_amended_where_the_venue_amends(go: Go, use: str) -> None:
    # The bot's documents promised it; its counter of amendments stayed 0.
    def orders(amend: str) -> dict[str, int]:
        found: dict[str, int] = go(set=[f"execution.use={use}", f"instruments.SIM.venue.amend={amend}"]).summary[
            "orders"
        ]
        return found

    amended, replaced = orders("requeue"), orders("none")
    assert amended["amended"] > 50
    assert replaced["amended"] == 0
    assert amended["submitted"] + amended["cancelled"] < replaced["submitted"] + replaced["cancelled"]


def test_d_84_market_orders_say_so_and_closing_ones_only_reduce(go: Go) -> None:
    # The bot's "market" orders had neither price nor type, which its client took for limit orders.
    run = go(plugin=REDUCING, set=["execution.use=spy"])
    assert not run.fills["maker"].any()
    bought = run.fills.filter(run.fills["side"] > 0)["qty"].sum()
    sold = run.fills.filter(run.fills["side"] < 0)["qty"].sum()
    assert bought == pytest.approx(0.3)
    assert sold == pytest.approx(0.3)
    assert run.summary["position"]["SIM"] == 0.0


@pytest.mark.parametrize(("lot", "qty"), [(0.001, 0.2), (0.15, 0.15), (0.3, None)])
def test_d_85_quantities_follow_the_instrument(go: Go, lot: float, qty: float | None) -> None:
    # The bot had 0.1 and 0.001 written into it, whatever it traded.
    _run, decisions = watch(go, "requote", f"instruments.SIM.lot_size={lot}")
    sizes = {round(own.lots * lot, 9) for decision in decisions for own in decision.placed}
    assert sizes == ({qty} if qty else set())


def test_d_86_places_of_orders_that_have_ended_are_used_again(go: Go) -> None:
    # The bot kept every order that it ever had.
    run, decisions = watch(go, "requote", more=LADDER)
    places = {own.place for decision in decisions for own in decision.after}
    assert run.summary["orders"]["submitted"] > 500
    assert len(places) < 50


def test_d_87_an_order_that_is_refused_is_not_active(go: Go) -> None:
    # The bot did not forward the results of orders: a rejected one stayed active, and its price taken.
    slow = ("instruments.SIM.venue.entry_latency=300ms", "instruments.SIM.venue.response_latency=50ms")
    run, decisions = watch(go, "requote", *slow, half=0.0)
    assert run.summary["orders"]["rejected"] > 3
    for decision in decisions:
        for own in decision.before:
            assert own.state <= 1
    # A refused order is gone half a second after it was sent, and others are placed as before.
    sent = {own.id: decision.time for decision in decisions for own in decision.placed}
    waiting = [decision.time - sent[own.id] for decision in decisions for own in decision.before if own.state == 0]
    assert max(waiting) <= 400_000_000
    assert max(sent.values()) > 55 * 10**9
