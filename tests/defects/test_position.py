"""Defects of the reference bot's position and profit, each by its number: tests that its behaviour would fail."""

import math
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import mmkit
from mmkit.accounting import Contract, CostBasis, cost_basis
from mmkit.reconciling import drift, reconciled
from mmkit.stack import Cost

Go = Callable[..., mmkit.Run]
CONTRACT = Contract(0.1)


def frame(*rows: tuple[int, float, float]) -> pl.DataFrame:
    """Returns fills of (side, quantity, price)."""
    kinds = {"exch_ts": pl.Int64, "side": pl.Int8, "qty": pl.Float64, "price": pl.Float64, "fee": pl.Float64}
    full = [(i, s, float(q), float(p), 0.0) for i, (s, q, p) in enumerate(rows)]
    return pl.DataFrame(full, schema=kinds, orient="row")


def booked(*rows: tuple[int, float, float], method: Cost = Cost.AVERAGE) -> CostBasis:
    return cost_basis(frame(*rows), CONTRACT, method)


def test_d_91_a_fill_counts_once() -> None:
    # The bot's two owners each added it: a fill of 0.1 made a position of 0.2.
    assert booked((1, 0.1, 100)).end.qty == 0.1
    told_twice = pl.concat([frame((1, 0.1, 100)), frame((1, 0.1, 100), (1, 0.1, 100))])
    once = cost_basis(told_twice.with_columns(execution_id=pl.Series([7, 7, 8])), CONTRACT)
    assert once.end.qty == 0.2
    assert len(once.after) == 2
    unnamed = told_twice.with_columns(execution_id=pl.lit(None, pl.Int64))
    assert cost_basis(unnamed, CONTRACT).end.qty == 0.3


def test_d_91_a_run_holds_what_its_fills_say(go: Go) -> None:
    run = go()
    basis = cost_basis(run.fills, Contract(0.001))
    assert len(basis.after) == run.summary["fills"]["count"] > 10
    assert basis.end.qty == run.summary["position"]["SIM"]
    assert basis.end.cash - basis.end.fees == pytest.approx(run.summary["cash"], rel=1e-12)


def test_d_92_a_reported_position_of_zero_is_a_report() -> None:
    # The bot took it for none and stayed at 1.0.
    fills = frame((1, 1.0, 100))
    assert drift(fills, CONTRACT, 0.0) == -10
    assert cost_basis(reconciled(fills, CONTRACT, 0.0, 1), CONTRACT).end.lots == 0
    assert drift(fills, CONTRACT, None) == 0


def test_d_93_a_correction_of_the_position_books_no_profit() -> None:
    # The bot traded the difference at the venue's average entry and called what followed (here 0) realised.
    fills = frame((1, 1, 100))
    assert drift(fills, CONTRACT, 0.5) == -5
    end = cost_basis(reconciled(fills, CONTRACT, 0.5, 1), CONTRACT).end
    assert end.qty == 0.5
    assert math.isnan(end.realised)
    # What is left was bought at a known price.
    assert end.entry == 100


def test_d_94_a_position_of_unknown_cost_stays_a_position() -> None:
    # The bot's next check made it flat.
    seeded = reconciled(frame(), CONTRACT, 1.0, 0)
    basis = cost_basis(pl.concat([seeded, frame((-1, 0.4, 100))]), CONTRACT)
    assert basis.after["position"].to_list() == [1.0, 0.6]
    assert all(map(math.isnan, basis.after["entry"]))
    assert math.isnan(basis.end.unrealised(100))


def test_d_95_first_in_is_first_out_and_the_total_does_not_depend_on_it() -> None:
    # The bot sorted entries by price: 20 realised, 100 left.
    rows = ((1, 1, 100), (1, 1, 90), (-1, 1, 110))
    queue, average = booked(*rows, method=Cost.FIFO).end, booked(*rows).end
    assert (queue.realised, queue.entry) == (10, 90)
    assert (average.realised, average.entry) == (15, 95)
    assert queue.realised + queue.unrealised(110) == average.realised + average.unrealised(110) == 30


def test_d_95_entries_of_one_price_keep_their_places() -> None:
    # The bot merged them.
    end = booked((1, 1, 100), (1, 1, 90), (1, 1, 100), (-1, 2, 100), method=Cost.FIFO).end
    assert end.realised == 10
    assert end.entries == ((10, 100),)
    assert booked((1, 1, 100), (1, 1, 100), method=Cost.FIFO).end.entries == ((10, 100), (10, 100))


@pytest.mark.parametrize("method", Cost)
def test_d_96_a_flip_leaves_nothing_of_the_old_profit_unrealised(method: Cost) -> None:
    # The bot showed 20 on a fresh short position.
    before = booked((1, 1, 100), method=method).end
    assert before.unrealised(120) == 20
    end = booked((1, 1, 100), (-1, 3, 110), method=method).end
    assert (end.lots, end.entry, end.realised, end.unrealised(110)) == (-20, 110, 10, 0)


def test_d_97_a_round_trip_is_worth_what_is_left_after_its_fees() -> None:
    # The bot's exits acted on profit before fees: here 0.5, a loss in truth.
    fills = frame((1, 1, 1000), (-1, 1, 1000.5)).with_columns(fee=pl.Series([0.0002 * 1000, 0.0005 * 1000.5]))
    basis = cost_basis(fills, CONTRACT)
    assert basis.end.realised == 0.5
    assert basis.trips["profit"].item() == pytest.approx(0.5 - 0.2 - 0.50025, rel=1e-14)


def test_d_110_each_execution_counts_at_its_own_price_and_quantity() -> None:
    # The bot booked the order: its price, its size, and only when it was filled whole.
    basis = booked((1, 0.4, 100), (1, 0.2, 101))
    assert basis.after["position"].to_list() == [0.4, 0.6]
    assert basis.end.cash == -60.2
    assert basis.end.entry == 301 / 3


def test_d_111_fees_follow_who_made_the_market_and_times_are_the_venues(go: Go) -> None:
    # The bot took every fill for a maker's, at the local clock's time.
    run = go(set=["instruments.SIM.maker_fee=-0.0001", "instruments.SIM.taker_fee=0.0005"])
    told: Any = run.fills
    assert told["exch_ts"].is_sorted()
    assert (told["local_ts"] > told["exch_ts"]).all()
    rate = told["fee"] / (told["price"] * told["qty"])
    wanted = pl.Series([-0.0001 if maker else 0.0005 for maker in told["maker"]])
    assert rate.to_list() == pytest.approx(wanted.to_list(), rel=1e-9)
