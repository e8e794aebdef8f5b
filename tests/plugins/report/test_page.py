"""The page shows what a run's tables and summary hold, loads nothing, and takes any text and any length of run."""

import base64
import math
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmkit
from mmkit.metrics import metrics, pnl_parts
from mmkit.stack import Instrument
from mmkit_plugins.report import page, words
from mmkit_plugins.report.series import POINTS, extremes, shown
from mmkit_plugins.report.units import Units

SECOND = 10**9
EVIL = "</script><script>alert('x')</script> & \"quoted\""


def synthetic(
    *, count: int = 120, fills: int = 30, first: int = 1_700_000_000 * SECOND, every: int = SECOND, paths: int = 1
) -> SimpleNamespace:
    """Returns a run over a random walk: fills at half the spread from the mid, records at every interval."""
    rng = np.random.default_rng(5)
    tables, states, last = [], [], []
    for path in range(paths):
        mid = 100 + np.cumsum(rng.normal(0, 0.02, count)).round(2)
        time = first + every * np.arange(count)
        at = np.sort(rng.choice(np.arange(count - 1), fills, replace=False))
        side = rng.choice([-1, 1], fills)
        qty = rng.integers(1, 5, fills) * 0.25
        price = mid[at] - side * 0.05
        position = np.zeros(count)
        cash = np.zeros(count)
        for k, s, q, p in zip(at, side, qty, price, strict=True):
            position[k + 1 :] += s * q
            cash[k + 1 :] -= s * q * p + 0.001
        stamps = time[at] + every // 2
        table = {"exch_ts": stamps, "local_ts": stamps + every // 4, "side": side.astype(np.int8), "price": price}
        table |= {"qty": qty, "order_id": np.arange(fills) + 1, "fee": np.full(fills, 0.001), "mid": mid[at]}
        tables.append(
            pl.DataFrame(table).with_columns(
                instrument=pl.lit("ABC"),
                maker=pl.lit(True),
                cause=pl.lit("quote"),
                path=pl.lit(path, dtype=pl.Int32),
            )
        )
        held = {"time": time, "bid": mid - 0.01, "ask": mid + 0.01, "mid": mid, "bid_quote": mid - 0.05}
        held |= {"ask_quote": mid + 0.05, "position": position, "cash": cash, "equity": cash + position * mid}
        states.append(pl.DataFrame(held).with_columns(path=pl.lit(path, dtype=pl.Int32)))
        last.append(float(mid[-1]))
    done, records = pl.concat(tables), pl.concat(states)
    leg = SimpleNamespace(instrument=Instrument("ABC", tick_size=0.01, lot_size=0.25))
    return SimpleNamespace(
        summary=summary_of(done, records, last),
        fills=done,
        records=records,
        log=(),
        stack=SimpleNamespace(leg=leg, all_legs=(leg,)),
    )


def summary_of(fills: pl.DataFrame, records: pl.DataFrame, last: list[float]) -> dict[str, Any]:
    marks = [
        {
            "horizon_s": h,
            "bp": bp,
            "quote": 0.1,
            "edge_bp": 5.0,
            "adverse_bp": 5.0 - bp,
            "qty": 9.0,
            "fills": n,
            "left_out": 3,
        }
        for h, bp, n in ((1, 4.25, 30), (10, -1.5, 28), (60, -2.125, 21))
    ]
    ends = records.group_by("path", maintain_order=True).last()
    summary: dict[str, Any] = {
        "schema": 1,
        "mmkit": "9.9.9",
        "stack": "demo stack",
        "seed": 7,
        "engine": "python",
        "data": {"sources": ["/somewhere/abc.gz"], "events": 491973},
        "orders": {"submitted": 40, "cancelled": 9, "rejected": 1, "expired": 0, "amended": 0},
        "fills": {"count": len(fills), "buy": int((fills["side"] > 0).sum()), "sell": int((fills["side"] < 0).sum())},
        "position": {"ABC": float(ends["position"].sum())},
        "cash": float(ends["cash"].sum()),
        "fees": float(fills["fee"].sum()),
        "equity": float(ends["equity"].sum()),
        "pnl": pnl_parts(fills, last),
        "metrics": metrics(fills, records, submitted=40, markouts=marks),
        "counters": {"decisions": 1234, "records": len(records)},
        "timing": {"assemble_s": 0.1, "compile_s": 0.0, "convert_s": 0.2, "run_s": 0.3, "events_per_s": 1e6},
    }
    summary["data"] |= {"first": records["time"].min() or 0, "last": records["time"].max() or 0}
    summary["fills"] |= {
        "maker": len(fills),
        "taker": 0,
        "volume": 9.0,
        "notional": float((fills["price"] * fills["qty"]).sum()),
    }
    if len(last) > 1:
        moments = {
            name: {"mean": ends[column].mean(), "std": ends[column].std()}
            for name, column in (("profit", "equity"), ("position", "position"), ("spread", "ask"))
        }
        summary["paths"] = {"count": len(last), **moments}
    return summary


def numbers(packed: dict[str, str]) -> np.ndarray[Any, Any]:
    assert packed["dtype"] == "f8"
    return np.frombuffer(base64.b64decode(packed["bdata"]), "<f8")


def traces(figure: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {trace["name"]: trace for trace in figure["data"]}


def told(reader: Any) -> dict[str, str]:
    return {row[0]: row[1] for row in reader.rows if len(row) == 2}


# ---- self-contained and safe


def test_the_page_loads_nothing(rendered: Any) -> None:
    reader, _ = rendered(synthetic())
    assert not {"link", "img", "iframe", "object", "embed", "base", "form", "a"} & set(reader.tags)
    assert not {"src", "href", "action", "srcset", "data"} & {name for name, _ in reader.attributes}
    policy = next(value for name, value in reader.attributes if name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    own = "".join(reader.content["style"]) + reader.content["script"][0] + reader.content["script"][-1]
    assert not re.search(r"https?:|url\(|@import|fetch|import\(", own)
    assert "showSendToCloud: false" in own


def test_the_figures_cannot_end_the_script_that_holds_them(rendered: Any) -> None:
    reader, _ = rendered(synthetic())
    assert "<" not in next(text for text in reader.content["script"] if text.startswith("{"))


def test_plotly_is_inside_once(rendered: Any) -> None:
    from plotly.offline import get_plotlyjs

    reader, _ = rendered(synthetic())
    assert [text.strip() == get_plotlyjs().strip() for text in reader.content["script"]].count(True) == 1


def test_text_of_users_stays_text(rendered: Any) -> None:
    plain, _ = rendered(synthetic())
    run = synthetic()
    run.summary["stack"] = EVIL
    run.summary["ended"] = EVIL
    run.summary["data"]["sources"] = ["<img src=x>", "b.gz"]
    run.summary["position"] = {"<b>ABC": 1.0}
    run.stack.leg.instrument = attrs.evolve(run.stack.leg.instrument, name="<b>ABC")
    run.summary["counters"] = {"<i>odd": 3, "said": "<u>text"}
    reader, figures = rendered(run)
    assert reader.content["h1"] == [EVIL]
    assert EVIL in reader.content["title"][0]
    assert EVIL in "".join(reader.content["p"])
    assert any("<img src=x>, b.gz" in text for text in reader.content["dd"])
    assert told(reader)["<i>odd"] == "3"
    assert told(reader)["Said"] == "<u>text"
    assert set(reader.tags) == set(plain.tags)
    assert reader.tags.count("script") == plain.tags.count("script")
    assert figures


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(mmkit.ConfigError) as raised:
        page.render(synthetic(), tmp_path / "missing")
    assert "report.html" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_long_run_makes_no_long_page(tmp_path: Path) -> None:
    path = page.render(synthetic(count=200_000, fills=20_000, every=SECOND // 10), tmp_path)
    from plotly.offline import get_plotlyjs

    assert path.stat().st_size - len(get_plotlyjs()) < 2_000_000


# ---- charts


def test_equity_and_its_parts_are_those_of_the_run(rendered: Any) -> None:
    run = synthetic()
    _, figures = rendered(run)
    lines = traces(figures["equity"])
    assert list(lines) == ["Equity", "Spread captured", "Inventory", "Fees"]
    values = {name: numbers(line["y"]) for name, line in lines.items()}
    np.testing.assert_array_equal(values["Equity"], run.records["equity"].to_numpy())
    parts = values["Spread captured"] + values["Inventory"] + values["Fees"]
    np.testing.assert_allclose(parts, values["Equity"], atol=1e-9)
    assert values["Fees"][-1] == pytest.approx(-run.summary["fees"])
    # Half a spread of 0.05 was earned on every unit.
    assert values["Spread captured"][-1] == pytest.approx(0.05 * run.fills["qty"].sum())


def test_fills_are_markers_at_their_times_prices_and_quantities(rendered: Any) -> None:
    run = synthetic()
    _, figures = rendered(run)
    for name, side in (("Buy", 1), ("Sell", -1)):
        ours = run.fills.filter(pl.col("side") == side)
        marks = traces(figures["quotes"])[name]
        np.testing.assert_allclose(numbers(marks["x"]), ours["exch_ts"].to_numpy() / 1e6, rtol=0, atol=1e-3)
        np.testing.assert_array_equal(numbers(marks["y"]), ours["price"].to_numpy())
        np.testing.assert_array_equal(numbers(marks["customdata"]), ours["qty"].to_numpy())
        assert "customdata" in marks["hovertemplate"]
    assert traces(figures["quotes"])["Buy"]["marker"]["symbol"] != traces(figures["quotes"])["Sell"]["marker"]["symbol"]
    np.testing.assert_array_equal(
        numbers(traces(figures["quotes"])["Own bid"]["y"]), run.records["bid_quote"].to_numpy()
    )


def test_the_position_is_drawn_in_steps(rendered: Any) -> None:
    run = synthetic()
    _, figures = rendered(run)
    (trace,) = figures["inventory"]["data"]
    assert trace["line"]["shape"] == "hv"
    np.testing.assert_array_equal(numbers(trace["y"]), run.records["position"].to_numpy())


def test_a_simulated_clock_is_shown_in_seconds_from_the_start(rendered: Any) -> None:
    run = synthetic(first=5 * SECOND)
    _, figures = rendered(run)
    np.testing.assert_array_equal(numbers(figures["equity"]["data"][0]["x"]), np.arange(120))
    assert figures["equity"]["layout"]["xaxis"]["range"] == [0, 119]
    assert "type" not in figures["equity"]["layout"]["xaxis"]
    _, dated = rendered(synthetic())
    assert dated["equity"]["layout"]["xaxis"]["type"] == "date"


def test_fills_of_another_instrument_are_not_among_the_quotes(rendered: Any) -> None:
    run = synthetic()
    other = run.fills.with_columns(instrument=pl.lit("XYZ"), price=pl.lit(7.0), cause=pl.lit("hedge"))
    run.fills = pl.concat([run.fills, other]).sort("exch_ts")
    _, figures = rendered(run)
    assert 7.0 not in numbers(traces(figures["quotes"])["Buy"]["y"])
    np.testing.assert_allclose(numbers(traces(figures["equity"])["Fees"]["y"])[-1], -run.summary["fees"])


def test_markouts_are_those_of_the_summary(rendered: Any) -> None:
    run = synthetic()
    reader, figures = rendered(run)
    (bars,) = figures["markouts"]["data"]
    assert bars["x"] == ["at the fill", "1 s later", "10 s later", "60 s later"]
    assert bars["y"] == [run.summary["metrics"]["mean_edge_bp"], 4.25, -1.5, -2.125]
    assert ["10 s", "\N{MINUS SIGN}1.5", "5", "6.5", "28", "3"] in reader.rows


def test_a_long_series_keeps_its_extremes_and_says_how_many_fills_it_shows(rendered: Any) -> None:
    run = synthetic(count=60_000, fills=9000, every=SECOND // 10)
    reader, figures = rendered(run)
    for figure in ("equity", "quotes", "inventory"):
        for trace in figures[figure]["data"]:
            assert len(numbers(trace["y"])) <= POINTS + 10
    assert numbers(traces(figures["equity"])["Equity"]["y"]).min() == run.records["equity"].min()
    assert numbers(traces(figures["quotes"])["Mid"]["y"]).max() == run.records["mid"].max()
    assert numbers(figures["inventory"]["data"][0]["y"]).max() == run.records["position"].max()
    marks = sum(len(numbers(traces(figures["quotes"])[name]["y"])) for name in ("Buy", "Sell"))
    assert marks < 9000
    assert any(f"{marks:,} of 9,000 are shown" in text for text in reader.content["p"])


def test_several_paths_show_how_their_ends_are_distributed(rendered: Any) -> None:
    run = synthetic(count=20, fills=8, first=0, paths=150)
    reader, figures = rendered(run)
    assert set(figures) == {"profit", "position"}
    for figure in figures.values():
        assert numbers(figure["data"][0]["y"]).sum() == 150
    ends = run.records.group_by("path").last()
    assert figures["profit"]["layout"]["shapes"][0]["x0"] == pytest.approx(ends["equity"].mean())
    values, counts = np.unique(ends["position"].to_numpy(), return_counts=True)
    np.testing.assert_array_equal(numbers(figures["position"]["data"][0]["x"]), values)
    np.testing.assert_array_equal(numbers(figures["position"]["data"][0]["y"]), counts)
    assert "over 150 paths" in "".join(reader.content["p"])
    assert ["", "Mean", "Standard error", "Standard deviation"] in reader.rows


@settings(deadline=None)
@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(math.nan)), max_size=400), st.integers(1, 40))
def test_reducing_keeps_every_bucket_s_extremes_its_ends_and_its_gaps(values: list[float], buckets: int) -> None:
    series = np.array(values)
    kept = extremes(series, buckets)
    assert len(kept) <= 2 * buckets + 2
    assert (np.diff(kept) > 0).all()
    if not values:
        return
    assert (kept[0], kept[-1]) == (0, len(values) - 1)
    if not np.isnan(series).all():
        assert np.nanmin(series[kept]) == np.nanmin(series)
        assert np.nanmax(series[kept]) == np.nanmax(series)
    width = -(-len(values) // buckets)
    for start in range(0, len(values), width):
        bucket = series[start : start + width]
        seen = series[kept[(kept >= start) & (kept < start + width)]]
        assert np.isnan(bucket).all() == np.isnan(seen).all()


def test_series_of_one_chart_share_their_points() -> None:
    first, second = np.zeros(10_000), np.zeros(10_000)
    first[1234], second[4321] = 5.0, -5.0
    kept = shown([first, second], 100)
    assert {1234, 4321} <= set(kept.tolist())
    assert len(kept) <= 104


# ---- words and tables


def test_every_figure_of_the_summary_is_in_a_table(rendered: Any) -> None:
    run = synthetic()
    run.summary["metrics"]["brand_new_bp"] = 1.25
    reader, _ = rendered(run)
    table = told(reader)
    assert table["Submitted"] == "40"
    assert table["Decisions"] == "1,234"
    assert table["Position ABC"].endswith("base")
    assert table["Brand new"] == "1.25bp"
    assert table["Orders that filled"] == "75%"
    assert table["Events per second"] == "1,000,000"
    figures = sum(len(run.summary[key]) for key in ("orders", "fills", "pnl", "counters", "timing", "position"))
    # cash, equity and fees stand alone; markouts have a table of their own
    assert len([row for row in reader.rows if len(row) == 2]) == figures + 3 + len(run.summary["metrics"]) - 1


def test_counters_within_counters_have_rows_of_their_own(rendered: Any) -> None:
    run = synthetic()
    cache = {"hits": 3, "misses": 1, "hit_ratio": 0.75}
    latency = {"engine": "compiled", "timed": 7, "p50_us": 0.25, "histogram": [[250.0, 7]]}
    run.summary["counters"] |= {"caches": {"pricing.spread-cache": cache}, "latency": latency, "log": {"left_out": 12}}
    table = told(rendered(run)[0])
    assert table["Pricing.spread-cache hits"] == "3"
    assert table["Pricing.spread-cache hit ratio"] == "75%"
    assert table["Latency p50"] == "0.25\N{GREEK SMALL LETTER MU}s"
    assert table["Latency engine"] == "compiled"
    assert table["Log left out"] == "12"
    assert not any("istogram" in name for name in table)


def test_the_parts_on_the_page_are_the_parts_of_the_profit(rendered: Any) -> None:
    run = synthetic()
    run.summary["pnl"] = {
        "total": -3.5,
        "spread": 10.25,
        "inventory": -12.0,
        "fees": -1.75,
        "funding": 0.0,
        "hedge": 0.0,
    }
    reader, _ = rendered(run)
    verdict = "Lost 3.50 in quote currency: the spread earned 10.25, the position lost 12.00 and fees took 1.75."
    assert verdict in reader.content["p"]
    assert told(reader)["Total"] == "\N{MINUS SIGN}3.50quote"
    assert reader.content["b"] == ["10.25", "\N{MINUS SIGN}12.00", "\N{MINUS SIGN}1.75", "\N{MINUS SIGN}3.50"]


def test_rebates_and_hedges_are_told_where_there_are_any() -> None:
    pnl = {"total": 2.0, "spread": -1.0, "inventory": 0.0, "fees": 2.5, "funding": -0.5, "hedge": 1.0}
    summary = {"fills": {"count": 1}, "pnl": pnl}
    assert words.verdict(summary, Units()) == (
        "<strong>Made 2.000</strong> in quote currency: giving up spread cost 1.000, rebates brought 2.500, "
        "funding took 0.500 and hedging gained 1.000."
    )
    assert "Funding" in words.parts(pnl)
    assert "Funding" not in words.parts({**pnl, "funding": 0.0})


@pytest.mark.parametrize(
    ("submitted", "rejected", "why"),
    [(0, 0, "None was sent either"), (5, 5, "All 5 orders were rejected"), (5, 1, "none was reached")],
)
def test_a_run_without_fills_says_so(rendered: Any, submitted: int, rejected: int, why: str) -> None:
    run = synthetic(fills=0)
    run.summary["orders"] |= {"submitted": submitted, "rejected": rejected, "cancelled": 0}
    reader, figures = rendered(run)
    text = "".join(reader.content["p"])
    assert "No order was filled." in text
    assert why in text
    assert "Nothing was traded" in text
    assert set(figures) == {"equity", "quotes", "inventory"}


def test_a_run_that_ended_early_says_why(rendered: Any) -> None:
    run = synthetic()
    run.summary["ended"] = "abc.gz, line 7: broken JSON"
    reader, _ = rendered(run)
    assert any("ended early: abc.gz, line 7: broken JSON." in text for text in reader.content["p"])


def test_a_run_without_records_has_tables_but_no_charts(rendered: Any) -> None:
    run = synthetic()
    run.records = run.records.clear()
    reader, figures = rendered(run)
    assert figures == {}
    assert "No charts" in reader.content["h2"]
    assert told(reader)["Submitted"] == "40"


def test_unknown_prices_leave_gaps(rendered: Any) -> None:
    run = synthetic()
    unknown = pl.when(pl.int_range(pl.len()) < 10).then(float("nan"))
    run.records = run.records.with_columns(
        mid=unknown.otherwise(pl.col("mid")), equity=unknown.otherwise(pl.col("equity"))
    )
    _, figures = rendered(run)
    assert np.isnan(numbers(traces(figures["quotes"])["Mid"]["y"])).sum() == 10
    assert np.isnan(numbers(traces(figures["equity"])["Equity"]["y"])).sum() == 10


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\N{EN DASH}"),
        (math.nan, "\N{EN DASH}"),
        (0.0, "0"),
        (-1234567.891, "\N{MINUS SIGN}1,234,568"),
        (61234.5, "61,234.5"),
        (0.00012345678, "0.000123457"),
        (-3.2e-9, "\N{MINUS SIGN}3.2e\N{MINUS SIGN}09"),
        (491973, "491,973"),
        (100.0, "100"),
    ],
)
def test_numbers_are_spelled_to_be_read(value: float | None, text: str) -> None:
    assert words.number(value) == text


def test_money_has_one_number_of_decimals_and_no_negative_zero() -> None:
    assert [words.money(value, 2) for value in (-0.001, 1234.5, -2.0)] == ["0.00", "1,234.50", "\N{MINUS SIGN}2.00"]
    assert [words.decimals([value]) for value in (0.0, 12345.0, 34.2, 0.0123, 1e-12)] == [2, 2, 2, 5, 8]


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (100_000_000, "0.1 s"),
        (59 * SECOND, "59 s"),
        (344 * SECOND, "5 min 44 s"),
        (3600 * SECOND, "1 h"),
        (90_061 * SECOND, "1 d 1 h"),
    ],
)
def test_lengths_of_time_are_told_in_their_largest_units(nanoseconds: int, text: str) -> None:
    assert words.length(nanoseconds) == text


def test_the_rule_is_offered_as_page() -> None:
    rule = page.mmkit_report()
    assert (rule.name, rule.render) == ("page", page.render)
