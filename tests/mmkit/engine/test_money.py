"""Over random markets: money adds up, limits hold, executions never exceed what traded or rested."""

import math
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Seen = list[dict[str, Any]]
Situation = dict[str, Any]
RandomRun = Callable[..., tuple[Any, Seen]]

MODELS = ("risk-averse", "power", "power2", "power3", "log", "log2")
many = settings(max_examples=80, deadline=None)
situations = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10**6),
        "model": st.sampled_from(MODELS),
        "partial": st.sampled_from(("true", "false")),
        "latency": st.sampled_from(("0ms", "1ms", "5ms", "120ms")),
        "quantity": st.sampled_from((0.1, 0.7, 2.5)),
        "limit": st.sampled_from((0.5, 1.0, 3.0)),
        "post_only": st.sampled_from(("true", "false")),
        "every": st.sampled_from(("15ms", "40ms", "300ms")),
        "on": st.sampled_from(('["timer"]', '["book"]', '["trade", "book"]', '["timer", "trade"]')),
        "pricing": st.sampled_from(
            (
                'use = "fixed"\nhalf_spread = 0.15\nskew = 0.1',
                'use = "fixed"\nhalf_spread = 0.0',
                'use = "avellaneda"\ngamma = 0.3\nk = 5.0\nsigma = 0.5',
            )
        ),
    }
)


def position_is_the_sum_of_fills_and_cash_what_they_cost(run: Any, seen: Seen, situation: Situation) -> None:
    fills = run.fills
    position = math.fsum(fills["side"] * fills["qty"])
    cash = -math.fsum(fills["side"] * fills["qty"] * fills["price"]) - math.fsum(fills["fee"])
    rate = fills.select(pl.when("maker").then(0.0002).otherwise(0.0005)).to_series()
    assert run.summary["position"]["X"] == pytest.approx(position, abs=1e-9)
    assert run.summary["cash"] == pytest.approx(cash, rel=1e-9, abs=1e-9)
    assert run.summary["fees"] == pytest.approx(math.fsum(fills["price"] * fills["qty"] * rate), rel=1e-9, abs=1e-12)
    assert run.records["position"][-1] == pytest.approx(position, abs=1e-9)
    assert run.records["cash"][-1] == pytest.approx(cash, rel=1e-9, abs=1e-9)


def the_parts_of_the_profit_add_up_to_it(run: Any, seen: Seen, situation: Situation) -> None:
    pnl = run.summary["pnl"]
    assert pnl["total"] == pytest.approx(run.summary["equity"], rel=1e-9, abs=1e-7)
    parts = ("spread", "inventory", "fees", "funding", "hedge")
    assert pnl["total"] == pytest.approx(math.fsum(pnl[part] for part in parts), rel=1e-9, abs=1e-7)


def executions_of_an_order_add_up_to_at_most_the_order(run: Any, seen: Seen, situation: Situation) -> None:
    sent = {id: lots for each in seen for id, _, _, lots in each["sent"]}
    assert len(sent) == run.summary["orders"]["submitted"]
    executed = run.fills.group_by("order_id").agg(pl.col("qty").sum())
    for id, qty in executed.iter_rows():
        lots = round(qty / 0.1)
        assert lots <= sent[id]
        if situation["partial"] == "false":
            assert lots == sent[id]


def no_order_leaves_that_could_pass_the_position_limit(run: Any, seen: Seen, situation: Situation) -> None:
    limit = round(situation["limit"] / 0.1)
    for each in seen:
        assert each["position"] + each["long"] <= limit
        assert each["position"] - each["short"] >= -limit
    walked = (run.fills["side"] * (run.fills["qty"] / 0.1).round()).cum_sum()
    assert walked.abs().max() is None or walked.abs().max() <= limit


def own_bids_lie_below_own_asks_and_no_price_has_two_orders(run: Any, seen: Seen, situation: Situation) -> None:
    for each in seen:
        bids = [tick for _, side, tick, _ in each["sent"] if side > 0]
        asks = [tick for _, side, tick, _ in each["sent"] if side < 0]
        assert not bids or not asks or max(bids) < min(asks)
        assert len(set(each["ticks"])) == len(each["ticks"])


def post_only_orders_never_take(run: Any, seen: Seen, situation: Situation) -> None:
    if situation["post_only"] != "true":
        return
    assert run.fills["maker"].all()
    for each in seen:
        bid, ask = each["touch"]
        assert all(tick < ask if side > 0 else tick > bid for _, side, tick, _ in each["sent"])


def fills_are_ordered_and_known_after_the_response_latency(run: Any, seen: Seen, situation: Situation) -> None:
    latency = int(situation["latency"][:-2]) * 10**6
    assert run.fills["exch_ts"].is_sorted()
    assert run.fills["local_ts"].is_sorted()
    assert (run.fills["local_ts"] - run.fills["exch_ts"] == latency).all()


CHECKS = (
    position_is_the_sum_of_fills_and_cash_what_they_cost,
    the_parts_of_the_profit_add_up_to_it,
    executions_of_an_order_add_up_to_at_most_the_order,
    no_order_leaves_that_could_pass_the_position_limit,
    own_bids_lie_below_own_asks_and_no_price_has_two_orders,
    post_only_orders_never_take,
    fills_are_ordered_and_known_after_the_response_latency,
)


@many
@given(situations)
def test_over_random_markets_money_adds_up_and_limits_hold(random_run: RandomRun, situation: Situation) -> None:
    run, seen = random_run(**situation)
    for check in CHECKS:
        check(run, seen, situation)


@settings(max_examples=10, deadline=None)
@given(situations)
def test_the_same_seed_gives_the_same_run(random_run: RandomRun, situation: Situation) -> None:
    first, _ = random_run(**situation)
    again, _ = random_run(**situation)
    assert first.fills.equals(again.fills)
    assert first.records.equals(again.records)
