"""Profit parts, markouts and figures against published cases, exact arithmetic, and the identities of a ledger."""

import json
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkit.metrics import Markouts, drawdown, metrics, pnl_parts, profit_by_path, running_parts
from mmkit.stack import Instrument, Kind

SECOND = 10**9
unhurried = settings(deadline=None)
Row = dict[str, Any]


def frame(rows: list[Row]) -> pl.DataFrame:
    """Returns fills as the engine hands them over; a row needs t (s), side, price, qty, mid."""
    columns: dict[str, tuple[Callable[[Row, int], Any], Any]] = {
        "exch_ts": (lambda r, i: round(r["t"] * SECOND), pl.Int64),
        "local_ts": (lambda r, i: round((r["t"] + r.get("delay", 0)) * SECOND), pl.Int64),
        "side": (lambda r, i: r["side"], pl.Int8),
        "price": (lambda r, i: float(r["price"]), pl.Float64),
        "qty": (lambda r, i: float(r["qty"]), pl.Float64),
        "order_id": (lambda r, i: r.get("order_id", i + 1), pl.Int64),
        "fee": (lambda r, i: float(r.get("fee", 0)), pl.Float64),
        "mid": (lambda r, i: float(r["mid"]), pl.Float64),
        "path": (lambda r, i: r.get("path", 0), pl.Int32),
    }
    return pl.DataFrame(
        {
            name: pl.Series([of(row, i) for i, row in enumerate(rows)], dtype=kind)
            for name, (of, kind) in columns.items()
        }
    )


def states(time_s: list[float], **columns: list[float]) -> pl.DataFrame:
    """Returns records: a bid of 99, an ask of 101 and nothing held unless given."""
    count = len(time_s)
    default = {"bid": 99.0, "ask": 101.0, "mid": 100.0, "bid_quote": 98.0, "ask_quote": 102.0}
    filled: dict[str, Any] = {name: [value] * count for name, value in default.items()}
    filled |= {"position": [0.0] * count, "cash": [0.0] * count, "equity": [0.0] * count, "path": [0] * count}
    filled |= columns
    kinds = dict.fromkeys(filled, pl.Float64) | {"time": pl.Int64, "path": pl.Int32}
    return pl.DataFrame({"time": [round(t * SECOND) for t in time_s], **filled}, schema_overrides=kinds)


def mid_before(times: list[float], mids: list[float], t: float) -> float:
    return mids[max(i for i, at in enumerate(times) if at < t)]


# ---- published cases


@pytest.fixture(scope="module")
def cases(oracle_cases: Callable[[str], list[dict[str, Any]]]) -> dict[str, Any]:
    return {case["id"]: case for case in oracle_cases("06_pnl_identities.json")}


def test_a_ledger_worked_by_hand(cases: dict[str, Any]) -> None:
    given_, wanted = cases["hand_ledger"]["inputs"], cases["hand_ledger"]["outputs"]
    # A position held at the start is a fill at the first mid: it has no edge and no fee.
    start = {"t": 0, "side": 1, "qty": given_["q0"], "price": given_["mids"][0], "mid": given_["mids"][0]}
    rows = [{**fill, "mid": found["mid_before"]} for fill, found in zip(given_["fills"], wanted["fills"], strict=True)]
    parts = pnl_parts(frame([start, *rows]), wanted["summary"]["mid_T"], funding=-wanted["summary"]["funding"])
    assert parts["total"] == pytest.approx(wanted["summary"]["pnl"], rel=1e-10, abs=1e-9)
    assert parts["spread"] == pytest.approx(wanted["summary"]["spread_capture"], rel=1e-10)
    assert parts["inventory"] == pytest.approx(wanted["summary"]["inventory_pnl"], rel=1e-10)
    assert parts["fees"] == pytest.approx(-wanted["summary"]["fees"], rel=1e-10)
    assert parts["funding"] == -wanted["summary"]["funding"]
    for horizon in given_["horizons"]:
        markouts = Markouts([horizon])
        fills = frame(rows)
        markouts.add_fills(fills["exch_ts"], fills["side"], fills["price"], fills["qty"], fills["mid"])
        markouts.add_mids(np.array(given_["mid_times"]) * SECOND, given_["mids"])
        (result,) = markouts.result()
        known = [(f["qty"], f["markouts"][str(horizon)]) for f in wanted["fills"] if str(horizon) in f["markouts"]]
        assert result["fills"] == len(known)
        assert result["left_out"] == len(rows) - len(known)
        assert result["quote"] == pytest.approx(sum(q * m for q, m in known) / sum(q for q, _ in known), rel=1e-12)


def test_a_random_ledger_of_1500_fills(cases: dict[str, Any]) -> None:
    wanted = cases["random_ledger"]["outputs"]
    mids = pl.read_csv(cases["random_ledger"]["folder"] / "data" / "ledger_mid.csv")
    raw = pl.read_csv(cases["random_ledger"]["folder"] / "data" / "ledger_fills.csv")
    times, mid = (mids["time"] * SECOND).round().cast(pl.Int64), mids["mid"]
    at = np.searchsorted(mids["time"].to_numpy(), raw["time"].to_numpy(), side="left") - 1
    fills = frame([{**row, "t": row["time"], "mid": m} for row, m in zip(raw.to_dicts(), mid[at], strict=True)])
    parts = pnl_parts(fills, mid[-1])
    for name, key in (("total", "pnl"), ("spread", "spread_capture"), ("inventory", "inventory_pnl")):
        assert parts[name] == pytest.approx(wanted[key], rel=1e-9, abs=1e-6)
    assert parts["fees"] == pytest.approx(-wanted["fees"], rel=1e-9)
    assert profit_by_path(fills, mid[-1])["position"].item() == pytest.approx(wanted["q_T"], abs=1e-9)

    markouts = Markouts([float(h) for h in wanted["markouts"]])
    markouts.add_fills(fills["exch_ts"], fills["side"], fills["price"], fills["qty"], fills["mid"])
    for start in range(0, len(times), 700):
        markouts.add_mids(times[start : start + 700], mid[start : start + 700])
    for result, (horizon, published) in zip(markouts.result(), wanted["markouts"].items(), strict=True):
        assert result["horizon_s"] == float(horizon)
        assert result["fills"] == published["n"]
        assert result["quote"] == pytest.approx(published["qty_weighted_mean"], rel=1e-9)

    grid = running_parts(fills, times, mid)
    equity = [*grid["total"].to_list(), parts["total"]]
    records = states([*mids["time"], mids["time"][-1]], equity=equity)
    found = metrics(fills, records, submitted=3000)
    assert found["max_drawdown_quote"] == pytest.approx(wanted["max_drawdown_on_half_second_grid_equity_incl_final"])
    assert found["max_abs_position_base"] == pytest.approx(wanted["max_abs_inventory"])
    assert found["turnover_quote"] == pytest.approx(wanted["gross_turnover_notional"], rel=1e-12)
    assert found["mean_edge_quote"] == pytest.approx(wanted["mean_edge_qty_weighted"], rel=1e-9)
    assert found["fill_ratio"] == 0.5

    held = (fills["side"] * fills["qty"]).cum_sum()
    at_fills = states([*raw["time"], mids["time"][-1]], position=[*held, held[-1]])
    lasting = at_fills["time"][-1] - at_fills["time"][0]
    whole = (mids["time"][-1] - mids["time"][0]) * SECOND
    mean_abs = metrics(fills, at_fills, submitted=1)["mean_abs_position_base"]
    assert mean_abs * lasting / whole == pytest.approx(wanted["time_weighted_mean_abs_q"], rel=1e-9)


def test_an_inverse_contract_is_a_linear_one_in_minus_one_over_the_price(cases: dict[str, Any]) -> None:
    given_, wanted = cases["inverse_contract"]["inputs"], cases["inverse_contract"]["outputs"]
    rows = [
        {"t": i, "side": int(math.copysign(1, n)), "qty": abs(n), "price": -1 / p, "mid": -1 / p}
        for i, (n, p) in enumerate(zip(given_["contracts_usd"], given_["prices"], strict=True))
    ]
    parts = pnl_parts(frame(rows), -1 / given_["mid_T"])
    assert parts["total"] == pytest.approx(wanted["pnl_btc"], rel=1e-12)
    assert parts["inventory"] == pytest.approx(wanted["pnl_btc"], rel=1e-12)


@pytest.mark.parametrize(
    "name", ["symmetric_maker_as_g0.1_sym", "symmetric_maker_as_g0.01_sym", "symmetric_maker_small"]
)
def test_parts_of_a_symmetric_maker_have_the_moments_of_the_closed_form(cases: dict[str, Any], name: str) -> None:
    given_, wanted = cases[name]["inputs"], cases[name]["outputs"]
    paths, steps = 1500, round(given_["T"] / given_["dt"])
    rng = np.random.default_rng(20261125)
    move = rng.choice([-1.0, 1.0], (paths, steps)) * given_["sigma"] * math.sqrt(given_["dt"])
    mid = 100 + np.hstack([np.zeros((paths, 1)), move.cumsum(axis=1)])
    hit = rng.random((paths, steps, 2)) < given_["A"] * math.exp(-given_["k"] * given_["half_spread"]) * given_["dt"]
    path, at, ask = np.nonzero(hit)
    side = 1 - 2 * ask
    fills = pl.DataFrame(
        {
            "path": path.astype(np.int32),
            "side": side.astype(np.int8),
            "qty": np.ones(len(side)),
            "fee": np.zeros(len(side)),
            "mid": mid[path, at],
            "price": mid[path, at] - side * given_["half_spread"],
        }
    )
    found = profit_by_path(fills, mid[:, -1])
    profit, spread = found["profit"].to_numpy(), found["spread"].to_numpy()
    assert abs(profit.mean() - wanted["mean_profit"]) < 4 * wanted["std_profit"] / math.sqrt(paths)
    for values, variance in (
        (profit, wanted["var_profit"]),
        (spread, wanted["var_spread_capture"]),
        (profit - spread, wanted["var_inventory_pnl"]),
        (found["position"].to_numpy(), wanted["std_q"] ** 2),
    ):
        error = math.sqrt(np.var((values - values.mean()) ** 2) / paths)
        assert abs(values.var(ddof=1) - variance) < 4 * error
    assert pnl_parts(fills, mid[:, -1])["total"] == pytest.approx(profit.sum(), rel=1e-12)


# ---- identities over random ledgers: prices on a grid of 1/2, quantities of 1/4, so that a float ledger is exact


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[list[Row], list[float], list[float]]:
    """Returns fills, the times of the mids (s) and the mids: fills fall between mids, one path."""
    count = draw(st.integers(1, 12))
    mids = [m / 2 for m in draw(st.lists(st.integers(150, 250), min_size=count, max_size=count))]
    times = [float(t) for t in range(count)]
    rows: list[Row] = []
    for t in sorted(draw(st.lists(st.integers(0, 8 * count - 8 if count > 1 else 0), max_size=15))):
        when = t / 8 + 1 / 16
        rows.append(
            {
                "t": when,
                "side": draw(st.sampled_from([-1, 1])),
                "price": draw(st.integers(150, 250)) / 2,
                "qty": draw(st.integers(1, 20)) / 4,
                "fee": draw(st.integers(-8, 8)) / 8,
                "mid": mid_before(times, mids, when),
            }
        )
    return rows, times, mids


def money(rows: list[Row], last_mid: float, *, fees: bool = True) -> Fraction:
    """Returns the profit from cash and position alone, exactly."""
    cash = sum((-r["side"] * Fraction(r["price"]) * Fraction(r["qty"]) for r in rows), Fraction(0))
    paid = sum((Fraction(r["fee"]) for r in rows), Fraction(0)) if fees else Fraction(0)
    position = sum((r["side"] * Fraction(r["qty"]) for r in rows), Fraction(0))
    return cash + position * Fraction(last_mid) - paid


def gross(rows: list[Row], last_mid: float) -> float:
    parts = pnl_parts(frame(rows), last_mid)
    return parts["total"] - parts["fees"]


@unhurried
@given(ledgers())
def test_i1_parts_add_up_to_cash_plus_position_at_the_last_mid(ledger: Any) -> None:
    rows, times, mids = ledger
    parts = pnl_parts(frame(rows), mids[-1])
    assert parts["total"] == float(money(rows, mids[-1]))
    assert parts["spread"] == float(sum(r["side"] * r["qty"] * (r["mid"] - r["price"]) for r in rows))
    inventory = sum(
        sum(r["side"] * r["qty"] for r in rows if r["t"] < t) * (mids[i] - mids[i - 1])
        for i, t in enumerate(times)
        if i > 0
    )
    # A fill after the last update of the mid moves nothing.
    assert parts["inventory"] == inventory
    assert parts["total"] == parts["spread"] + parts["inventory"] + parts["fees"]


@unhurried
@given(ledgers())
def test_i2_profit_is_the_markout_to_the_end_less_fees(ledger: Any) -> None:
    rows, _, mids = ledger
    markouts = sum(r["qty"] * r["side"] * (mids[-1] - r["price"]) for r in rows)
    assert pnl_parts(frame(rows), mids[-1])["total"] == markouts - sum(r["fee"] for r in rows)


@unhurried
@given(ledgers(), st.sampled_from([0.25, 1.0, 3.0]), st.integers(1, 5))
def test_markouts_equal_a_search_of_the_whole_path_in_whatever_pieces_it_comes(
    ledger: Any, horizon: float, piece: int
) -> None:
    rows, times, mids = ledger
    fills = frame(rows)
    markouts = Markouts([horizon])
    begin = -math.inf
    for start in range(0, len(times), piece):
        until = times[start : start + piece][-1]
        # The engine hands over the fills up to a piece's end, then its mids.
        due = fills.filter((pl.col("exch_ts") > begin) & (pl.col("exch_ts") <= until * SECOND))
        markouts.add_fills(due["exch_ts"], due["side"], due["price"], due["qty"], due["mid"])
        markouts.add_mids([round(t * SECOND) for t in times[start : start + piece]], mids[start : start + piece])
        begin = until * SECOND
    late = fills.filter(pl.col("exch_ts") > begin)
    markouts.add_fills(late["exch_ts"], late["side"], late["price"], late["qty"], late["mid"])
    (result,) = markouts.result()
    valued = [(r, mids[sum(t <= r["t"] + horizon for t in times) - 1]) for r in rows if r["t"] + horizon <= times[-1]]
    assert (result["fills"], result["left_out"]) == (len(valued), len(rows) - len(valued))
    if not valued:
        assert result["bp"] is None
        return
    qty = sum(r["qty"] for r, _ in valued)
    bp = sum(
        Fraction(r["side"]) * Fraction(r["qty"]) * Fraction(m - r["price"]) / Fraction(r["price"]) for r, m in valued
    )
    assert result["qty"] == qty
    assert result["bp"] == pytest.approx(float(bp * 10000 / Fraction(qty)), rel=1e-12, abs=1e-9)
    assert result["quote"] == sum(r["side"] * r["qty"] * (m - r["price"]) for r, m in valued) / qty
    # I3: what was earned at the fill is what was kept plus what the mid took back.
    assert result["edge_bp"] == pytest.approx(result["bp"] + result["adverse_bp"], rel=1e-9, abs=1e-9)
    edge = sum(r["side"] * r["qty"] * (r["mid"] - r["price"]) / r["price"] for r, _ in valued)
    assert result["edge_bp"] == pytest.approx(edge * 1e4 / qty, rel=1e-12, abs=1e-9)


@unhurried
@given(ledgers(), st.integers(-20, 400), st.sampled_from([0.5, 2.0, 4.0]))
def test_i5_gross_profit_ignores_a_shift_of_prices_and_scales_with_prices_and_sizes(
    ledger: Any, shift: int, scale: float
) -> None:
    rows, _, mids = ledger
    before = gross(rows, mids[-1])
    shifted = [{**r, "price": r["price"] + shift, "mid": r["mid"] + shift} for r in rows]
    assert gross(shifted, mids[-1] + shift) == before
    assert gross([{**r, "price": r["price"] * scale, "mid": r["mid"] * scale} for r in rows], mids[-1] * scale) == (
        before * scale
    )
    assert gross([{**r, "qty": r["qty"] * scale} for r in rows], mids[-1]) == before * scale


@unhurried
@given(ledgers(), st.integers(150, 250))
def test_i6_from_flat_to_flat_the_mid_path_does_not_matter(ledger: Any, close: int) -> None:
    rows, _, mids = ledger
    position = sum(r["side"] * r["qty"] for r in rows)
    if position:
        side = -1 if position > 0 else 1
        rows = [*rows, {"t": 99, "side": side, "price": close / 2, "qty": abs(position), "fee": 0, "mid": mids[-1]}]
    paid = -sum(r["side"] * r["qty"] * r["price"] for r in rows)
    assert gross(rows, mids[-1]) == paid
    assert gross([{**r, "mid": 100.0 + i} for i, r in enumerate(rows)], 7.0) == paid


@unhurried
@given(ledgers(), st.data())
def test_i7_profit_adds_up_over_a_split_in_time(ledger: Any, data: st.DataObject) -> None:
    rows, times, mids = ledger
    cut = data.draw(st.sampled_from(times))
    at_cut = mids[times.index(cut)]
    early = [r for r in rows if r["t"] < cut]
    late = [r for r in rows if r["t"] >= cut]
    held = sum(r["side"] * r["qty"] for r in early)
    carried = (
        [{"t": cut, "side": 1 if held > 0 else -1, "price": at_cut, "qty": abs(held), "mid": at_cut}] if held else []
    )
    first, second = pnl_parts(frame(early), at_cut), pnl_parts(frame([*carried, *late]), mids[-1])
    whole = pnl_parts(frame(rows), mids[-1])
    assert {name: first[name] + second[name] for name in whole} == whole


@unhurried
@given(ledgers(), st.integers(150, 250))
def test_i8_the_mirror_image_earns_the_same(ledger: Any, pivot: int) -> None:
    rows, _, mids = ledger
    mirrored = [{**r, "side": -r["side"], "price": 2 * pivot - r["price"], "mid": 2 * pivot - r["mid"]} for r in rows]
    assert pnl_parts(frame(mirrored), 2 * pivot - mids[-1]) == pnl_parts(frame(rows), mids[-1])


@unhurried
@given(ledgers())
def test_running_parts_follow_the_ledger_and_end_in_the_parts_of_the_profit(ledger: Any) -> None:
    rows, times, mids = ledger
    running = running_parts(frame(rows), [round(t * SECOND) for t in [*times, 1000]], [*mids, mids[-1]])
    for i, t in enumerate(times):
        known = [r for r in rows if r["t"] <= t]
        assert running["total"][i] == float(money(known, mids[i]))
        assert running["spread"][i] == sum(r["side"] * r["qty"] * (r["mid"] - r["price"]) for r in known)
    whole = pnl_parts(frame(rows), mids[-1])
    assert running.row(-1, named=True) == {name: whole[name] for name in running.columns}


@unhurried
@given(st.lists(ledgers(), min_size=1, max_size=4))
def test_paths_are_ledgers_of_their_own(several: list[Any]) -> None:
    rows = [{**row, "path": k} for k, (fills, _, _) in enumerate(several) for row in fills]
    last = [mids[-1] for _, _, mids in several]
    by_path = profit_by_path(frame(rows), last)
    assert by_path["path"].to_list() == list(range(len(several)))
    assert by_path["profit"].to_list() == [float(money(fills, mids[-1])) for fills, _, mids in several]
    assert by_path["position"].to_list() == [sum(r["side"] * r["qty"] for r in fills) for fills, _, _ in several]
    alone = [pnl_parts(frame(fills), mids[-1]) for fills, _, mids in several]
    assert pnl_parts(frame(rows), last) == {name: sum(parts[name] for parts in alone) for name in alone[0]}


# ---- single behaviours


def test_local_knowledge_of_a_fill_comes_with_its_answer() -> None:
    fills = frame([{"t": 1, "delay": 0.5, "side": 1, "price": 99, "qty": 1, "fee": 0.1, "mid": 100}])
    running = running_parts(fills, [SECOND, round(1.5 * SECOND), 2 * SECOND], [100.0, 101.0, math.nan])
    assert running["spread"].to_list() == [0, 1, 1]
    assert running["inventory"].to_list()[:2] == [0, 1]
    assert math.isnan(running["inventory"][2])
    assert running["fees"].to_list() == [0, -0.1, -0.1]


def test_without_a_position_an_unknown_mid_hides_nothing() -> None:
    fills = frame([{"t": t, "side": side, "price": 99 + t, "qty": 1, "mid": 100} for t, side in ((1, 1), (2, -1))])
    running = running_parts(fills, [0, 3 * SECOND], [math.nan, math.nan])
    assert running["total"].to_list() == [0, 1]


def test_without_fills_everything_is_zero_or_none() -> None:
    nothing = frame([])
    assert set(pnl_parts(nothing, math.nan).values()) == {0}
    found = metrics(nothing, states([1, 2]), submitted=0)
    assert found["turnover_quote"] == 0
    assert found["max_abs_position_base"] == 0
    assert (found["fill_ratio"], found["mean_edge_bp"]) == (None, None)
    assert metrics(nothing, states([]), submitted=4)["max_drawdown_quote"] is None
    assert running_parts(nothing, [1, 2], [1.0, 2.0]).sum().row(0) == (0, 0, 0, 0, 0)
    assert [(m["horizon_s"], m["bp"], m["fills"]) for m in Markouts().result()] == [
        (1, None, 0),
        (10, None, 0),
        (60, None, 0),
    ]


def test_figures_hold_no_number_that_json_cannot() -> None:
    fills = frame([{"t": 1, "side": 1, "price": 99, "qty": 1, "mid": math.nan}])
    unknown = states([1, 2], mid=[math.nan] * 2, bid=[math.nan] * 2, equity=[math.nan] * 2, bid_quote=[math.nan] * 2)
    json.dumps(metrics(fills, unknown, submitted=1), allow_nan=False)


def test_a_fill_without_a_mid_before_it_is_valued_at_the_last_known_one() -> None:
    rows = [
        {"t": 1, "side": 1, "price": 99, "qty": 1, "mid": 100},
        {"t": 2, "side": -1, "price": 102, "qty": 1, "mid": math.nan},
    ]
    assert pnl_parts(frame(rows), 500.0) == {
        "total": 3,
        "spread": 3,
        "inventory": 0,
        "fees": 0,
        "funding": 0,
        "hedge": 0,
    }
    alone = pnl_parts(frame([{"t": 1, "side": 1, "price": 99, "qty": 2, "mid": math.nan}]), 100.0)
    assert (alone["total"], alone["spread"], alone["inventory"]) == (2, 2, 0)


def test_the_mid_of_a_horizon_is_the_last_one_of_that_time_even_across_pieces() -> None:
    markouts = Markouts([1])
    markouts.add_fills([0], [1], [100.0], [1.0])
    markouts.add_mids([0, SECOND], [100.0, 101.0])
    markouts.add_mids([SECOND, 2 * SECOND], [104.0, 90.0])
    assert markouts.result()[0]["quote"] == 4


def test_a_horizon_within_an_unknown_book_is_left_out_and_counted() -> None:
    markouts = Markouts([1, 2])
    markouts.add_fills([0], [1], [100.0], [1.0])
    markouts.add_mids([0, SECOND // 2, 2 * SECOND], [100.0, math.nan, 103.0])
    short, long = markouts.result()
    assert (short["fills"], short["left_out"], short["bp"]) == (0, 1, None)
    assert (long["fills"], long["left_out"], long["quote"]) == (1, 0, 3)


def test_data_may_end_later_than_its_last_change_of_the_mid() -> None:
    markouts = Markouts([1, 10])
    markouts.add_fills([0], [-1], [100.0], [1.0])
    markouts.add_mids([0], [98.0])
    markouts.close(5 * SECOND)
    assert [m["fills"] for m in markouts.result()] == [1, 0]
    assert markouts.result()[0]["bp"] == 200


def test_paths_may_follow_each_other_from_their_own_time_zero() -> None:
    markouts = Markouts([1])
    for price in (100.0, 102.0):
        markouts.add_fills([0], [1], [price], [1.0])
        markouts.add_mids([0, 3 * SECOND], [price, price + 1])
        markouts.close()
    result = markouts.result()[0]
    assert (result["fills"], result["quote"]) == (2, 0)


def test_a_fill_whose_horizon_has_gone_by_is_refused() -> None:
    markouts = Markouts([1])
    markouts.add_mids([0, 5 * SECOND], [100.0, 101.0])
    with pytest.raises(ValueError, match="came after the mids"):
        markouts.add_fills([SECOND], [1], [100.0], [1.0])


def test_drawdown_starts_from_nothing_and_per_path() -> None:
    assert drawdown(states([1, 2, 3], equity=[-4.0, 2.0, -1.0])) == 4
    assert drawdown(states([1, 2, 3], equity=[5.0, math.nan, 2.0])) == 3
    assert drawdown(states([1, 2, 1, 2], equity=[9.0, 8.0, 0.0, 0.5], path=[0, 0, 1, 1])) == 1


def test_positions_count_by_the_time_they_were_held() -> None:
    found = metrics(frame([]), states([0, 1, 4], position=[3.0, -1.0, 100.0]), submitted=1)
    assert found["mean_position_base"] == 0
    assert found["mean_abs_position_base"] == 1.5
    assert found["std_position_base"] == math.sqrt((9 * 1 + 1 * 3) / 4)


def test_equity_changes_are_scaled_to_one_second() -> None:
    found = metrics(frame([]), states([0, 4, 5, 5.25], equity=[0.0, 4.0, 3.0, 4.0]), submitted=1)
    assert found["equity_std_quote_per_sqrt_s"] == pytest.approx(np.std([4 / 2, -1 / 1, 1 / 0.5], ddof=1))


def test_an_order_that_fills_in_parts_counts_once() -> None:
    row = {"t": 1, "side": 1, "price": 99, "qty": 1, "mid": 100, "order_id": 7}
    fills = frame([row, row, {**row, "order_id": 8}, {**row, "path": 1}])
    assert metrics(fills, states([1, 2]), submitted=12)["fill_ratio"] == 0.25


def test_spreads_are_means_over_records_with_both_sides() -> None:
    quoted = states([0, 1, 2, 3], ask_quote=[102.0, 104.0, math.nan, math.nan])
    found = metrics(frame([]), quoted, submitted=1)
    assert found["two_sided_fraction"] == 0.5
    assert found["mean_quoted_spread_quote"] == 5
    assert found["mean_market_spread_quote"] == 2


# ---- an inverse contract, and funding


@unhurried
@given(ledgers())
def test_running_parts_of_an_inverse_contract_are_in_the_coin(ledger: Any) -> None:
    rows, times, mids = ledger
    coin = Instrument("X", tick_size=0.5, lot_size=1.0, kind=Kind.INVERSE, contract_size=100.0)
    running = running_parts(frame(rows), [round(t * SECOND) for t in times], mids, instrument=coin)
    for i, t in enumerate(times):
        known = [row for row in rows if row["t"] <= t]
        position = sum(row["side"] * row["qty"] for row in known)
        bought = math.fsum(row["side"] * row["qty"] * 100.0 / row["price"] for row in known)
        paid = math.fsum(row.get("fee", 0) for row in known)
        held = position * 100.0 / mids[i] if position else 0.0
        earned = math.fsum(row["side"] * row["qty"] * 100.0 * (1 / row["price"] - 1 / row["mid"]) for row in known)
        assert running["total"][i] == pytest.approx(bought - held - paid, rel=1e-9, abs=1e-9)
        assert running["spread"][i] == pytest.approx(earned, rel=1e-9, abs=1e-9)


def test_funding_counts_from_its_settlement_on() -> None:
    fills = frame([{"t": 1, "side": 1, "price": 99, "qty": 1, "mid": 100}])
    settled = [{"time": 2 * SECOND, "amount": -0.25}, {"time": 4 * SECOND, "amount": 1.0}]
    times = [SECOND, 2 * SECOND - 1, 2 * SECOND, 5 * SECOND]
    running = running_parts(fills, times, [100.0] * 4, settlements=settled)
    assert running["funding"].to_list() == [0, 0, -0.25, 0.75]
    assert running["total"].to_list() == [1, 1, 0.75, 1.75]
