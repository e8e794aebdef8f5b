"""The compiled engine's fills, records and summaries are the plain engine's, byte for byte."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROWS = 120_000

BOOK = """
[stack]
name = "{name}"
seed = 5
[instruments.X]
tick_size = {tick}
lot_size = 0.001
maker_fee = 0.0002
taker_fee = 0.0005
[instruments.X.market]
{market}
[instruments.X.venue]
use = "queue"
model = "{model}"
partial_fills = {partial}
entry_latency = "3ms"
response_latency = "4ms"
{rules}
[sizing]
use = "fixed"
quantity = {quantity}
[execution]
use = "requote"
every = "100ms"
on = {on}
[report]
"""

WHOLE = """
[signals.sigma]
use = "volatility"
half_life = "10s"
sample = "500ms"
warm_up = "2s"
[pricing]
use = "avellaneda"
gamma = {gamma}
k = {k}
[ladder]
use = "fibonacci"
levels = 4
sizes = [1.0, 2.0]
[risk.limits]
use = "position-limit"
max_position = {limit}
"""

SIMPLE = """
[pricing]
use = "fixed"
half_spread = {half}
skew = 0.5
[ladder]
use = "{ladder}"
"""

PAPER = """
[stack]
name = "paper"
seed = 3
record_every = "100ms"
[instruments.ASSET]
tick_size = 1e-6
lot_size = 1.0
[instruments.ASSET.market]
use = "diffusion"
start_price = 100.0
sigma = 2.0
step = "5ms"
moves = "{moves}"
duration = "1s"
paths = 40
[instruments.ASSET.venue]
use = "intensity"
A = 140.0
k = 1.5
scheme = "{scheme}"
[pricing]
{pricing}
[sizing]
use = "fixed"
quantity = 1.0
[execution]
use = "requote"
post_only = false
[report]
"""


@pytest.fixture(scope="module")
def recording(beginning: Callable[[int], Path]) -> str:
    """Returns the market section of the first minutes of a real recording."""
    return f'use = "hftbacktest"\npath = "{beginning(ROWS)}"'


def recorded(market: str, model: str, partial: str, on: str, **chosen: Any) -> str:
    """Returns the stack with every rule over the recording."""
    rules = WHOLE.format(**{"gamma": 0.05, "k": 0.3, "limit": 0.05, **chosen})
    shape = {"name": "bits", "tick": 0.1, "quantity": 0.01}
    return BOOK.format(**shape, market=market, model=model, partial=partial, rules=rules, on=on)


@pytest.mark.parametrize("partial", ["true", "false"])
@pytest.mark.parametrize("model", ["risk-averse", "power", "power2", "power3", "log", "log2"])
def test_over_a_recording_with_every_queue_model(
    both: Callable[..., Any], recording: str, model: str, partial: str
) -> None:
    run = both(recorded(recording, model, partial, '["timer"]'))
    assert run.fills.height > 30
    assert run.records["sigma.value"].drop_nans().len() > 30


@pytest.mark.parametrize("on", ['["book"]', '["trade"]', '["timer", "book", "trade"]'])
def test_over_a_recording_with_every_trigger(both: Callable[..., Any], recording: str, on: str) -> None:
    assert both(recorded(recording, "power", "true", on)).fills.height > 30


def test_over_a_recording_at_a_position_limit_that_binds(both: Callable[..., Any], recording: str) -> None:
    run = both(recorded(recording, "log2", "true", '["timer"]', limit=0.012))
    assert run.fills.height > 5
    assert run.records["position"].abs().max() == pytest.approx(0.012)


@pytest.mark.parametrize("partial", ["true", "false"])
def test_over_a_simulated_book(both: Callable[..., Any], partial: str) -> None:
    market = 'use = "book"\nduration = "60s"'
    rules = WHOLE.format(gamma=0.001, k=30.0, limit=5.0)
    shape = {"name": "bits", "tick": 0.01, "quantity": 1.0}
    run = both(BOOK.format(**shape, market=market, model="power", partial=partial, rules=rules, on='["timer"]'))
    assert run.fills.height > 5


@pytest.mark.parametrize("ladder", ["single", 'uniform"\nlevels = 3\ngap_ticks = 2\n#"'])
def test_with_the_simplest_rules(both: Callable[..., Any], ladder: str) -> None:
    rules = SIMPLE.format(half=0.02, ladder=ladder)
    shape = {"name": "simple", "tick": 0.01, "quantity": 1.0}
    market = 'use = "book"\nduration = "60s"'
    run = both(BOOK.format(**shape, market=market, model="power", partial="true", rules=rules, on='["timer"]'))
    assert run.fills.height > 5


@pytest.mark.parametrize("scheme", ["linear", "exponential"])
@pytest.mark.parametrize("moves", ["binomial", "gaussian"])
def test_over_the_papers_paths(both: Callable[..., Any], moves: str, scheme: str) -> None:
    pricing = 'use = "avellaneda"\ngamma = 0.1\nk = 1.5\nsigma = 2.0\nhorizon = "1s"\nsession = true'
    run = both(PAPER.format(moves=moves, scheme=scheme, pricing=pricing))
    assert run.fills["path"].n_unique() == 40


WIDE = '''
"""Levels of more lots than 32 bits hold."""
import numpy as np
import mmkit


def events(params, instrument, rng):
    many = 5_000_000_000
    rows = [(0, 0, 0, mmkit.RESET), (0, 999, many, mmkit.BID), (0, 1001, many, mmkit.ASK)]
    for i in range(300):
        now = (i + 1) * 50_000_000
        rows.append((now, 1001 if i % 2 else 999, many // 3, mmkit.BUY if i % 2 else mmkit.SELL))
        rows += [(now, 999, many - i, mmkit.BID), (now, 1001, many + i, mmkit.ASK)]
    yield np.array([(t, t + 10**6, tick, lots, kind, mmkit.BOTH) for t, tick, lots, kind in rows], mmkit.EVENT)


@mmkit.hookimpl
def mmkit_market():
    return mmkit.Market("wide", events=events)
'''

WIDE_STACK = """
[stack]
plugins = ["wide.py"]
[instruments.X]
tick_size = 0.1
lot_size = 1.0
[instruments.X.market]
use = "wide"
[pricing]
use = "fixed"
half_spread = 0.05
[sizing]
use = "fixed"
quantity = 10.0
[report]
"""


def test_with_levels_of_more_lots_than_32_bits_hold(both: Callable[..., Any]) -> None:
    assert both(WIDE_STACK, {"wide.py": WIDE}).fills.height > 50


ACTING = '''
"""Amends towards the ladder; asks for one level of risk after another; sells elsewhere what is held here."""
import attrs
import mmkit

SECOND = 1_000_000_000


@attrs.frozen
class Every:
    every: mmkit.Duration = mmkit.field("100ms", above=0, doc="time between two decisions")
    on: mmkit.Trigger = mmkit.field(mmkit.Trigger.TIMER | mmkit.Trigger.FILL, doc="triggers")
    min_interval: mmkit.Duration = mmkit.field("30ms", at_least=0, doc="least time between two")


@attrs.define
class Asked:
    times: int = 0


def triggers(params):
    return int(params.on)


def next_time(params, state, market):
    return market.start + ((market.now - market.start) // params.every + 1) * params.every


def stand_at(desk, market, side, tick, lots):
    alive = 0
    for i in range(desk.live_count):
        order = desk.orders[desk.live[i]]
        if order.side == side:
            alive += 1
            if mmkit.working(order) and lots == 0:
                mmkit.cancel(desk, market, desk.live[i])
            elif mmkit.working(order) and order.tick != tick and not mmkit.has_order(desk, tick):
                mmkit.amend(desk, market, desk.live[i], tick, order.lots - order.remaining + lots)
            elif mmkit.working(order) and order.tick == tick and order.remaining > 1:
                mmkit.amend(desk, market, desk.live[i], tick, order.lots - 1)
    if alive == 0 and lots > 0:
        mmkit.place(desk, market, side, tick, lots, mmkit.POST_ONLY)


def act(params, state, market, ladder, desk):
    if ladder.levels > 0:
        stand_at(desk, market, 1, ladder.bid_ticks[0], ladder.bid_lots[0])
        stand_at(desk, market, -1, ladder.ask_ticks[0], ladder.ask_lots[0])


def watch(params, state, market, account, desk, control):
    state.times += 1
    second = (market.now - market.start) // SECOND % 20
    control.patience = 300_000_000
    if second < 8:
        return mmkit.NORMAL
    if second < 12:
        control.widen = max(control.widen, 1.5)
        return mmkit.WIDEN
    if account.equity < account.peak and second < 15:
        return mmkit.REDUCE_ONLY
    return mmkit.FLATTEN if second < 18 else mmkit.NO_QUOTES


def after(params, state, market):
    return market.now + SECOND


def hedge(params, state, market, account, hedges):
    other = hedges[0].market
    desk = hedges[0].desk
    if other.mid != other.mid or desk.live_count > 0:
        return
    wanted = -market.position - other.position
    lots = int(abs(wanted) / other.lot_size)
    if lots > 0:
        tick = other.ask_ticks if wanted > 0 else other.bid_ticks
        mmkit.place(desk, other, 1 if wanted > 0 else -1, tick, lots, mmkit.LIMIT)


@mmkit.hookimpl
def mmkit_execution():
    return mmkit.Execution("amending", params=Every, triggers=triggers, next_time=next_time, act=act)


@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("in-turn", state=Asked, watch=watch)


@mmkit.hookimpl
def mmkit_hedging():
    return mmkit.Hedging("opposite", triggers=triggers_of_hedging, next_time=after, hedge=hedge)


def triggers_of_hedging(params):
    return int(mmkit.Trigger.FILL)
'''

TWO = """
[stack]
plugins = ["acting.py"]
seed = 7
quote = "PERP"
cost = "{cost}"
watch_every = "250ms"
[instruments.SPOT]
tick_size = 0.01
lot_size = 0.01
taker_fee = 0.0004
[instruments.SPOT.market]
use = "book"
duration = "40s"
common_sigma = 0.03
[instruments.PERP]
tick_size = 0.01
lot_size = {lot}
maker_fee = 0.0001
taker_fee = 0.0003
{account}
[instruments.PERP.market]
use = "book"
duration = "40s"
common_sigma = 0.03
[instruments.PERP.venue]
use = "queue"
amend = "{amend}"
post_only = "{post_only}"
[signals.there]
use = "weighted-mid"
instrument = "SPOT"
[signals.lean]
use = "imbalance"
instrument = "SPOT"
[pricing]
use = "fixed"
half_spread = 0.01
alpha_shift = 0.01
inputs = {{ alpha = "SPOT.lean" }}
[sizing]
use = "fixed"
quantity = {quantity}
[risk.turns]
use = "in-turn"
[execution]
use = "amending"
[hedging]
use = "opposite"
[report]
"""

INVERSE = """kind = "inverse"
contract_size = 10.0
base_currency = "COIN"
balances = { COIN = 1000 }
initial_margin = 0.01
maintenance_margin = 0.005"""


@pytest.mark.parametrize(
    "chosen",
    [
        {
            "account": "",
            "lot": 0.1,
            "quantity": 1.0,
            "amend": "keep-on-decrease",
            "post_only": "reject",
            "cost": "fifo",
        },
        {
            "account": INVERSE,
            "lot": 1.0,
            "quantity": 2.0,
            "amend": "requeue",
            "post_only": "reprice",
            "cost": "average",
        },
    ],
    ids=["linear", "inverse"],
)
def test_with_amendments_levels_of_risk_closing_orders_and_a_hedge(
    both: Callable[..., Any], chosen: dict[str, Any]
) -> None:
    run = both(TWO.format(**chosen), {"acting.py": ACTING})
    assert run.error is None
    assert run.summary["orders"]["amended"] > 20
    assert set(run.fills["cause"]) == {"quote", "hedge", "flatten"}
    assert set(run.records["risk_level"]) >= {0, 1, 3}
    assert run.records["SPOT.position"].abs().max() > 0


SETTLED = '''
"""A book of two prices that everybody trades at, and marks that lead to two settlements."""
import numpy as np
import mmkit


def events(params, instrument, rng):
    rows = [(0, 0, 0, mmkit.RESET), (0, 999, 5_000, mmkit.BID), (0, 1001, 5_000, mmkit.ASK)]
    for i in range(400):
        now = (i + 1) * 50_000_000
        buys = (i // 7) % 2 == 0
        rows.append((now, 1001 if buys else 999, 3_000, mmkit.BUY if buys else mmkit.SELL))
        rows += [(now, 999, 5_000 - i, mmkit.BID), (now, 1001, 5_000 + i, mmkit.ASK)]
    marks = [
        (t * 10**9, t * 10**9 + 10**6, 100.0 + 0.01 * t, 0.0001 * (t % 3 - 1.5), 5 * 10**9 if t < 5 else 15 * 10**9)
        for t in range(15)
    ]
    yield np.array([(t, t + 10**6, tick, lots, kind, mmkit.BOTH) for t, tick, lots, kind in rows], mmkit.EVENT)
    yield np.array(marks, mmkit.MARK)


@mmkit.hookimpl
def mmkit_market():
    return mmkit.Market("settled", events=events)
'''

SETTLED_STACK = """
[stack]
plugins = ["settled.py"]
quote = "X"
cost = "{cost}"
[instruments.Y]
tick_size = 0.1
lot_size = 0.001
taker_fee = 0.0001
[instruments.Y.market]
use = "settled"
[instruments.X]
tick_size = 0.1
lot_size = 0.001
maker_fee = 0.0002
{kind}
[instruments.X.market]
use = "settled"
[pricing]
use = "fixed"
half_spread = 0.05
[sizing]
use = "fixed"
quantity = 1.0
[risk.limits]
use = "position-limit"
max_position = 6.0
[hedging]
use = "notional"
hedge_ratio = 0.5
[report]
"""


@pytest.mark.parametrize(
    ("kind", "cost"), [("", "average"), ('kind = "inverse"\ncontract_size = 100.0', "fifo")], ids=["linear", "inverse"]
)
def test_with_settlements_and_two_instruments_whose_events_are_simultaneous(
    both: Callable[..., Any], kind: str, cost: str
) -> None:
    run = both(SETTLED_STACK.format(kind=kind, cost=cost), {"settled.py": SETTLED})
    assert run.fills["instrument"].n_unique() == 2
    assert all(run.summary["instruments"][name]["funding"] != 0.0 for name in ("X", "Y"))
