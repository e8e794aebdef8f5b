"""One decision step by step: each rule's own numbers, what the kernel makes of them, and the requests that a run would send."""

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mmkit import driver
from mmkit.engine.session import program
from mmkit.errors import PluginError
from mmkit.explaining import Explanation, explain
from mmkit.money import grid_price
from mmkit.runs import run
from mmkit.settings import read
from mmkit.snapshot import Other, OwnOrder, Snapshot

STACK = """
[stack]
{plugins}
[instruments.SIM]
tick_size = 0.1
lot_size = 0.001
[instruments.SIM.market]
use = "book"
[signals.sigma]
use = "volatility"
[sizing]
use = "fixed"
quantity = 0.5
[pricing]
{pricing}
{more}
"""

AVELLANEDA = 'use = "avellaneda"\ngamma = 0.2\nk = 1.5\nhorizon = "10s"\nmax_spread = 2.0'
FIXED = 'use = "fixed"\nhalf_spread = 0.25\nskew = 0.5'

Explain = Callable[..., Explanation]


@pytest.fixture
def explained(tmp_path: Path) -> Explain:
    """Returns a function that explains a decision of a stack with this pricing at 100 to 100.1."""

    def of(pricing: str, more: str = "", plugin: str = "", **situation: Any) -> Explanation:
        (tmp_path / "own.py").write_text(plugin)
        plugins = 'plugins = ["own.py"]' if plugin else ""
        (tmp_path / "stack.toml").write_text(STACK.format(pricing=pricing, more=more, plugins=plugins))
        known: dict[str, Any] = {"time": 5, "start": 5, "bid": 100.0, "ask": 100.1, "signals": {"sigma.value": 0.5}}
        return explain(read(tmp_path / "stack.toml"), Snapshot(**(known | situation)))

    return of


def named(found: Explanation, *stages: str) -> dict[str, float]:
    """Returns the values of some stages' steps by name."""
    return {step.name: step.value for step in found.steps if step.stage in stages}


def test_the_steps_are_those_of_every_rule_in_the_order_applied(explained: Explain) -> None:
    found = explained(AVELLANEDA, bid=99.98, ask=100.08, mark=100.01, position=1.0)
    risk = 0.2 * 0.25 * 10.0
    spread = risk * 0.5 + 2.0 / (0.2 * 0.5) * math.log1p(0.2 * 0.5 / 1.5)
    price = 100.03 - risk
    bid, ask = math.floor((price - spread / 2) * 10) / 10, math.ceil((price + spread / 2) * 10) / 10
    expected = [
        ("market", "mmkit", "best bid", 99.98, "quote"),
        ("market", "mmkit", "best ask", 100.08, "quote"),
        ("market", "mmkit", "mark", 100.01, "quote"),
        ("market", "mmkit", "mid", 100.03, "quote"),
        ("market", "mmkit", "position", 1.0, "base"),
        ("signals.sigma", "volatility", "value", 0.5, "price/sqrt(s)"),
        ("sizing", "fixed", "bid quantity", 0.5, "base"),
        ("sizing", "fixed", "ask quantity", 0.5, "base"),
        ("pricing", "avellaneda", "volatility (sigma.value)", 0.5, "price/sqrt(s)"),
        ("pricing", "avellaneda", "order_size (sizing.order_size)", 0.5, "base"),
        ("pricing", "avellaneda", "inventory", -risk, "quote"),
        ("pricing", "avellaneda", "spread", spread, "quote"),
        ("pricing", "avellaneda", "reservation price", price, "quote"),
        ("pricing", "avellaneda", "half-spread to the bid", spread / 2, "quote"),
        ("pricing", "avellaneda", "half-spread to the ask", spread / 2, "quote"),
        ("ladder", "single", "level 1 distance from the inner quote", 0, "ticks"),
        ("ladder", "single", "level 1 bid quantity", 0.5, "base"),
        ("ladder", "single", "level 1 ask quantity", 0.5, "base"),
        ("grid", "mmkit", "bid before rounding", price - spread / 2, "quote"),
        ("grid", "mmkit", "ask before rounding", price + spread / 2, "quote"),
        ("grid", "mmkit", "bid rounded down", bid, "quote"),
        ("grid", "mmkit", "ask rounded up", ask, "quote"),
        ("grid", "mmkit", "bid 1", bid, "quote"),
        ("grid", "mmkit", "bid 1 quantity", 0.5, "base"),
        ("grid", "mmkit", "ask 1", ask, "quote"),
        ("grid", "mmkit", "ask 1 quantity", 0.5, "base"),
    ]
    rows: list[Any] = [
        (step.stage, step.rule, step.name, pytest.approx(step.value, rel=1e-12), step.unit) for step in found.steps
    ]
    at = [rows.index(row) for row in expected]
    assert at == sorted(at)
    assert (found.bids, found.asks) == (((bid, 0.5),), ((ask, 0.5),))


def test_a_bound_that_binds_shows(explained: Explain) -> None:
    found = explained(AVELLANEDA, signals={"sigma.value": 5.0})
    steps = named(found, "pricing")
    assert steps["half-spread to the bid"] == 1.0
    assert max(steps.values()) > 2.0
    assert (found.bids[0][0], found.asks[0][0]) == (99.0, 101.1)


def test_a_rule_without_inputs_is_explained_too(explained: Explain) -> None:
    found = explained(FIXED, position=-1.0)
    assert named(found, "pricing")["inventory"] == 0.5
    assert (found.bids, found.asks) == (((100.0, 0.5),), ((100.8, 0.5),))


def test_a_quote_through_the_book_is_kept_clear_of_it_and_the_step_says_so(explained: Explain) -> None:
    found = explained(FIXED, position=-2.0)  # leans 1.0 up: the bid at 100.8 is above the best ask
    steps = named(found, "grid")
    assert steps["bid rounded down"] == 100.8
    assert steps["bid kept below the best ask"] == 100.0
    assert found.bids[0][0] == 100.0
    found = explained(FIXED, position=2.0)
    assert named(found, "grid")["ask kept above the best bid"] == 100.1
    assert found.asks[0][0] == 100.1


def test_quotes_that_would_cross_each_other_part_and_the_steps_say_so(explained: Explain) -> None:
    plugin = """
import mmkit


def quote(params, state, market):
    return market.mid, -0.5, -0.5


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("crossing", quote=quote)
"""
    found = explained('use = "crossing"', '[execution]\nuse = "requote"\npost_only = false', plugin)
    steps = named(found, "grid")
    assert steps["bid rounded down"] > steps["ask rounded up"]
    assert (steps["bid parted from the ask"], steps["ask parted from the bid"]) == (found.bids[0][0], found.asks[0][0])
    assert found.asks[0][0] - found.bids[0][0] == pytest.approx(0.1)


def test_levels_are_listed_from_the_inside_out(explained: Explain) -> None:
    found = explained(FIXED, '[ladder]\nuse = "uniform"\nlevels = 3\ngap_ticks = 2')
    assert found.bids == ((99.8, 0.5), (99.6, 0.5), (99.4, 0.5))
    assert found.asks == ((100.3, 0.5), (100.5, 0.5), (100.7, 0.5))
    assert named(found, "ladder")["level 3 distance from the inner quote"] == 4


def test_what_a_risk_rule_takes_away_is_a_step_of_that_rule(explained: Explain) -> None:
    limits = '[risk.first]\nuse = "position-limit"\nmax_position = 1.2\n[risk.second]\nuse = "position-limit"\nmax_position = 0.7'
    found = explained(FIXED, '[ladder]\nuse = "uniform"\nlevels = 3\n' + limits, position=0.0)
    assert named(found, "risk.first") == {"bid 3 reduced by": 0.3, "ask 3 reduced by": 0.3}
    second = named(found, "risk.second")
    assert second["bid 2 reduced by"] == 0.3
    assert second["bid 3 vetoed:"] == 0.2
    assert [qty for _, qty in found.bids] == [0.5, 0.2]
    assert {step.rule for step in found.steps if step.stage.startswith("risk")} == {"position-limit"}


def test_own_orders_count_and_the_requests_are_those_of_the_execution(explained: Explain) -> None:
    orders = (OwnOrder(1, 99.8, 0.5), OwnOrder(1, 99.5, 0.2), OwnOrder(-1, 100.4, 0.1))
    found = explained(FIXED, '[risk.limits]\nuse = "position-limit"\nmax_position = 1.0', orders=orders)
    assert found.actions == (
        {"action": "cancel", "side": 1, "price": 99.5, "qty": 0.2, "order": 1},
        {"action": "cancel", "side": -1, "price": 100.4, "qty": 0.1, "order": 2},
        {"action": "place", "side": -1, "price": 100.3, "qty": 0.5, "kind": "post-only"},
    )


def test_the_document_is_the_public_one(explained: Explain) -> None:
    document = explained(FIXED).document()
    assert list(document) == ["steps", "quotes", "actions"]
    assert list(document["steps"][0]) == ["stage", "rule", "name", "value", "unit"]
    assert document["quotes"] == {"bids": [[99.8, 0.5]], "asks": [[100.3, 0.5]]}


def test_a_missing_required_input_is_a_step_and_not_an_error(explained: Explain) -> None:
    found = explained(AVELLANEDA, signals={})
    last = found.steps[-1]
    assert (last.stage, last.rule, last.unit) == ("pricing", "avellaneda", "price/sqrt(s)")
    assert last.name == "no quote: pricing.volatility (sigma.value) is not there"
    assert math.isnan(last.value)
    assert (found.bids, found.asks, found.actions) == ((), (), ())


def test_without_a_quote_orders_are_withdrawn(explained: Explain) -> None:
    found = explained(AVELLANEDA, signals={}, orders=(OwnOrder(1, 99.8, 0.5),))
    assert [action["action"] for action in found.actions] == ["cancel"]


def test_best_prices_between_ticks_are_taken_as_they_are_and_never_crossed(explained: Explain) -> None:
    found = explained('use = "fixed"\nhalf_spread = 0.01', bid=99.95, ask=100.05)
    assert named(found, "market")["mid"] == 100.0
    assert (found.bids[0][0], found.asks[0][0]) == (99.9, 100.1)


def test_a_rule_that_raises_is_named(explained: Explain) -> None:
    plugin = """
import mmkit


def quote(params, state, market):
    return market.mid / (market.position - market.position), 1.0, 1.0


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("raising", quote=quote)
"""
    with pytest.raises(PluginError, match=r"pricing: raising \(own\.py\): quote raised ZeroDivisionError"):
        explained('use = "raising"', plugin=plugin)


def test_a_price_that_is_no_number_is_the_rules_fault(explained: Explain) -> None:
    plugin = """
import math

import mmkit


def quote(params, state, market):
    return math.nan, 1.0, 1.0


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("nothing", quote=quote)
"""
    with pytest.raises(PluginError, match="a price or half-spread that is not a number"):
        explained('use = "nothing"', plugin=plugin)


def test_steps_of_helpers_and_of_prepare_are_heard(explained: Explain) -> None:
    plugin = """
import attrs

import mmkit
from mmkit import step


@attrs.define
class Terms:
    half: float = 0.0


def deep(value):
    step("deep", value, "quote")
    return value


def prepare(params, terms):
    terms.half = deep(1.0)


def quote(params, state, market, terms):
    mmkit.step("shallow", 2.0)
    return market.mid, terms.half, terms.half


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("talking", terms=Terms, prepare=prepare, quote=quote)
"""
    steps = explained('use = "talking"', plugin=plugin).steps
    said = [(step.stage, step.rule, step.name, step.value, step.unit) for step in steps if step.stage == "pricing"]
    assert said[:2] == [
        ("pricing", "talking", "deep", 1.0, "quote"),
        ("pricing", "talking", "shallow", 2.0, ""),
    ]


RUNNING = """
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
duration = "30s"
[signals.sigma]
use = "volatility"
warm_up = "2s"
[sizing]
use = "fixed"
quantity = 0.2
max_position = 1.0
[pricing]
use = "avellaneda"
gamma = 1.0
k = 40.0
optimizations = ["spread-cache"]
[ladder]
use = "uniform"
levels = 2
[risk.limits]
use = "position-limit"
max_position = 0.7
[execution]
use = "requote"
every = "200ms"
[report]
"""


def test_every_decision_of_a_run_is_explained_as_it_was_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stack.toml").write_text(RUNNING)
    stack = read(tmp_path / "stack.toml")
    seen: list[tuple[Snapshot, Any]] = []

    def watched(*given: Any, **options: Any) -> Any:
        written = program(*given, **options)
        decide = written.functions["decide"]

        def watch(s: Any, book: Any) -> None:
            market, desk = s.market, s.desk
            live = [desk.orders[desk.live[i]] for i in range(desk.live_count)]
            orders = tuple(OwnOrder(each.side, each.tick * 0.01, each.remaining * 0.001) for each in live)
            known = all(each.state == 1 and each.request == 0 for each in live)
            sigma = s.signals_sigma_state.value
            before = Snapshot(
                time=market.now,
                start=market.start,
                bid=market.bid,
                ask=market.ask,
                position=market.position,
                signals={"sigma.value": sigma} if math.isfinite(sigma) else {},
                orders=orders,
            )
            first = desk.sent_end
            decide(s, book)
            ladder = s.ladder
            sent = [desk.sent[i & desk.mask] for i in range(first, desk.sent_end)]
            requests = [(each.kind, desk.orders[each.place].side, desk.orders[each.place].tick) for each in sent]
            levels = {
                side: [(t, n) for t, n in zip(ticks[: ladder.levels], lots, strict=False) if n]
                for side, ticks, lots in (
                    ("bid", list(ladder.bid_ticks), list(ladder.bid_lots)),
                    ("ask", list(ladder.ask_ticks), list(ladder.ask_lots)),
                )
            }
            if known:
                seen.append((before, SimpleNamespace(levels=levels, requests=requests)))

        written.functions["decide"] = watch  # type: ignore[index]
        return written

    monkeypatch.setattr(driver, "program", watched)
    run(stack, engine="python")
    assert len([1 for before, _ in seen if before.position and before.orders]) > 20
    for before, after in seen[:: max(1, len(seen) // 60)]:
        found = explain(stack, before)
        for side, levels in (("bid", found.bids), ("ask", found.asks)):
            wanted = [(grid_price(tick, 0.01), grid_price(lots, 0.001)) for tick, lots in after.levels[side]]
            assert list(levels) == wanted
        kinds = {1: "place", 2: "cancel"}
        assert [(each["action"], each["side"], each["price"]) for each in found.actions] == [
            (kinds[kind], side, grid_price(tick, 0.01)) for kind, side, tick in after.requests
        ]


WATCHED = """
[stack]
quote = "SIM"
plugins = ["eye.py"]
[instruments.SIM]
tick_size = 0.1
lot_size = 0.001
[instruments.SIM.market]
use = "book"
[instruments.SPOT]
tick_size = 0.01
lot_size = 0.1
[instruments.SPOT.market]
use = "book"
[sizing]
use = "fixed"
quantity = 0.5
[pricing]
use = "fixed"
half_spread = 0.25
[risk.eye]
use = "eye"
level = {level}
[hedging]
use = "opposite"
"""

EYE = """
import attrs
import mmkit


@attrs.frozen
class Params:
    level: int = mmkit.field(0, at_least=0, at_most=5, doc="what is asked for when the position has lost")


def watch(params, state, market, account, desk, control):
    loss = (account.entry - market.mid) * market.position
    mmkit.step("loss", loss, "quote")
    if not loss > 0.0:
        return mmkit.NORMAL
    if params.level == mmkit.WIDEN:
        control.widen = 4.0
    return params.level


def hedge(params, state, market, account, hedges):
    lots = market.position / hedges[0].market.lot_size + hedges[0].market.position_lots
    if lots >= 1.0:
        mmkit.place(hedges[0].desk, hedges[0].market, -1, hedges[0].market.bid_ticks, int(lots), mmkit.LIMIT)


@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("eye", params=Params, watch=watch)


@mmkit.hookimpl
def mmkit_hedging():
    return mmkit.Hedging("opposite", next_time=lambda params, state, market: mmkit.NEVER, hedge=hedge)
"""


@pytest.fixture
def watched(tmp_path: Path) -> Explain:
    """Returns a function that explains a decision of a stack with a rule that watches and one that hedges."""
    (tmp_path / "eye.py").write_text(EYE)

    def of(level: int, **situation: Any) -> Explanation:
        (tmp_path / "stack.toml").write_text(WATCHED.format(level=level))
        known: dict[str, Any] = {"time": 5, "start": 5, "bid": 100.0, "ask": 100.1}
        known["instruments"] = {"SPOT": Other(99.0, 99.02, -1.0)}
        return explain(read(tmp_path / "stack.toml"), Snapshot(**(known | situation)))

    return of


def test_what_watches_sees_the_accounts_entry(watched: Explain) -> None:
    assert named(watched(0, position=2.0, account={"entry": 101.05}), "risk.eye")["loss"] == pytest.approx(2.0)
    # Without one the position has just been opened at the mid.
    assert named(watched(0, position=2.0), "risk.eye")["loss"] == 0.0


@pytest.mark.parametrize(
    ("level", "bids", "asks"),
    [
        (0, ((99.8, 0.5),), ((100.3, 0.5),)),
        (1, ((99.0, 0.5),), ((101.1, 0.5),)),
        (2, (), ((100.3, 0.5),)),
        (3, (), ()),
    ],
)
def test_the_level_that_a_rule_asks_for_is_a_step_and_has_its_effect(
    watched: Explain, level: int, bids: Any, asks: Any
) -> None:
    found = watched(level, position=2.0, account={"entry": 101.0})
    assert (found.bids, found.asks) == (bids, asks)
    assert level in [step.value for step in found.steps if "level" in step.name]


def test_no_quotes_takes_orders_back(watched: Explain) -> None:
    orders = (OwnOrder(1, 99.0, 0.5), OwnOrder(-1, 101.0, 0.5))
    found = watched(3, position=2.0, account={"entry": 101.0}, orders=orders)
    assert [(each["action"], each["order"]) for each in found.actions if "order" in each] == [
        ("cancel", 0),
        ("cancel", 1),
    ]


def test_flatten_sends_an_order_that_only_reduces(watched: Explain) -> None:
    found = watched(4, position=2.0, account={"entry": 101.0})
    [closing] = [each for each in found.actions if each.get("instrument") is None]
    assert (closing["side"], closing["price"], closing["qty"]) == (-1, 100.1, 2.0)
    assert (closing["kind"], closing["reduce_only"]) == ("post-only", True)


def test_hedges_are_among_the_requests_with_their_instrument(watched: Explain) -> None:
    # 2 are held and 1 is sold there: 10 lots of 0.1 more.
    found = watched(0, position=2.0)
    [hedge] = [each for each in found.actions if each.get("instrument") is not None]
    assert (hedge["instrument"], hedge["side"], hedge["price"], hedge["qty"]) == ("SPOT", -1, 99.0, 1.0)
