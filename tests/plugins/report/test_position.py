"""What the page shows of hedges, funding, inverse contracts and risk, against the fills, records and logs of whole runs."""

import base64
import itertools
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit.stack import Instrument, Kind
from mmkit_plugins.report import accounts, levels, strip, words
from mmkit_plugins.report.series import POINTS
from mmkit_plugins.report.units import Units, units_of

SECOND = 10**9
MINUS = "\N{MINUS SIGN}"

PERP = """
[stack]
name = "position"
seed = 4
quote = "PERP"
[instruments.PERP]
tick_size = 1.0
lot_size = 0.001
maker_fee = "0.1bp"
taker_fee = "2bp"
funding = "settled.csv"
[instruments.PERP.market]
use = "book"
start_price = 60_000.0
sigma = 0.3
common_sigma = 1.5
factor = 0
limit_size = 0.2
market_size = 0.1
duration = "90s"
[sizing]
use = "fixed"
quantity = 0.05
[pricing]
use = "fixed"
half_spread = 1.5
"""

SPOT = """
[instruments.SPOT]
tick_size = 1.0
lot_size = 0.001
taker_fee = "1bp"
[instruments.SPOT.market]
use = "book"
start_price = 59_990.0
common_sigma = 1.5
factor = 0
duration = "90s"
[hedging]
use = "notional"
every = "1s"
"""

INVERSE = """
[stack]
name = "inverse"
seed = 2
[instruments.BTCUSD]
tick_size = 0.5
lot_size = 1
contract_size = 100
kind = "inverse"
maker_fee = "1bp"
taker_fee = "5bp"
base_currency = "BTC"
quote_currency = "USD"
initial_margin = 0.02
maintenance_margin = 0.01
balances = { BTC = 2.0 }
funding = "settled.csv"
[instruments.BTCUSD.market]
use = "book"
start_price = 20_000.0
sigma = 3.0
duration = "90s"
[pricing]
use = "fixed"
half_spread = 2.0
[sizing]
use = "fixed"
quantity = 1.0
"""

RISK = """
[stack]
name = "risk"
seed = 5
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
maker_fee = "0.1bp"
taker_fee = "2bp"
[instruments.SIM.market]
use = "book"
duration = "3m"
[sizing]
use = "fixed"
quantity = 0.2
[pricing]
use = "fixed"
half_spread = 0.02
[ladder]
use = "uniform"
levels = 3
[risk.stop]
use = "stop-loss"
money = 0.03
[risk.target]
use = "take-profit"
fraction = "2bp"
cool_down = "2s"
[risk.recovery]
use = "recovery"
cool_down = "5s"
steps = 3
every = "4s"
"""

SETTLED = "time,rate,mark\n1970-01-01T00:00:40Z,0.0001,60000\n1970-01-01T00:01:10Z,-0.0003,60010\n"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Returns a run of each stack, in the plain engine."""
    folder = tmp_path_factory.mktemp("stacks")
    (folder / "settled.csv").write_text(SETTLED)
    found = {}
    for name, text in (("hedged", PERP + SPOT), ("inverse", INVERSE), ("risk", RISK)):
        file = folder / f"{name}.toml"
        file.write_text(text + "[report]\n")
        found[name] = mmkit.run(file, engine="python")
    return found


def numbers(packed: dict[str, str]) -> np.ndarray[Any, Any]:
    return np.frombuffer(base64.b64decode(packed["bdata"]), "<f8")


def lines(figures: dict[str, Any], chart: str) -> dict[str, np.ndarray[Any, Any]]:
    return {trace["name"]: numbers(trace["y"]) for trace in figures[chart]["data"] if trace["type"] == "scatter"}


def cells(reader: Any, start: str) -> list[list[str]]:
    return [row for row in reader.rows if row and row[0].startswith(start) and len(row) > 2]


def said(reader: Any) -> str:
    return "\n".join(reader.content["p"])


# ---- what equity is made of


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("hedged", ["Spread captured", "Inventory", "Fees", "Funding", "Hedges"]),
        ("inverse", ["Spread captured", "Inventory", "Fees", "Funding"]),
        ("risk", ["Spread captured", "Inventory", "Fees"]),
    ],
)
def test_the_lines_add_up_to_equity_at_every_record(
    runs: dict[str, Any], rendered: Any, name: str, parts: list[str]
) -> None:
    run = runs[name]
    _, figures = rendered(run)
    found = lines(figures, "equity")
    assert list(found) == ["Equity", *parts]
    np.testing.assert_array_equal(found["Equity"], run.records["equity"].to_numpy())
    assert len(found["Equity"]) > 80
    whole = sum(found[part] for part in parts)
    largest = max(float(np.nanmax(np.abs(found[part]))) for part in parts)
    np.testing.assert_allclose(whole, found["Equity"], rtol=0, atol=1e-7 * largest)


def test_the_line_of_hedges_is_what_their_own_fills_made(runs: dict[str, Any], rendered: Any) -> None:
    run = runs["hedged"]
    _, figures = rendered(run)
    fills = [row for row in run.fills.iter_rows(named=True) if row["instrument"] == "SPOT"]
    assert len(fills) > 10
    wanted = []
    for record in run.records.iter_rows(named=True):
        position = cash = 0.0
        for fill in fills:
            if fill["local_ts"] <= record["time"]:
                position += fill["side"] * fill["qty"]
                cash -= fill["side"] * fill["qty"] * fill["price"] + fill["fee"]
        wanted.append(cash + position * record["SPOT.mid"] if position else cash)
    np.testing.assert_allclose(lines(figures, "equity")["Hedges"], wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("name", "inverse"), [("hedged", False), ("inverse", True)])
def test_funding_steps_at_the_settlements_by_the_position_then(
    runs: dict[str, Any], rendered: Any, name: str, inverse: bool
) -> None:
    run = runs[name]
    _, figures = rendered(run)
    quoted = run.stack.quote
    settled = [(40 * SECOND, 1e-4, 60000.0), (70 * SECOND, -3e-4, 60010.0)]
    wanted = np.zeros(len(run.records))
    for time, rate, mark in settled:
        position = sum(
            fill["side"] * fill["qty"]
            for fill in run.fills.iter_rows(named=True)
            if fill["instrument"] == quoted and fill["exch_ts"] <= time
        )
        assert position != 0
        paid = rate * position * 100 / mark if inverse else rate * mark * position
        wanted -= np.where(run.records["time"].to_numpy() >= time, paid, 0.0)
    np.testing.assert_allclose(lines(figures, "equity")["Funding"], wanted, rtol=1e-9, atol=0)


def test_an_inverse_contract_is_told_in_contracts_and_in_the_coin(runs: dict[str, Any], rendered: Any) -> None:
    run = runs["inverse"]
    reader, figures = rendered(run)
    assert figures["equity"]["layout"]["yaxis"]["title"]["text"] == "BTC"
    assert figures["inventory"]["layout"]["yaxis"]["title"]["text"] == "contracts"
    spread = math.fsum(
        fill["side"] * fill["qty"] * 100 * (1 / fill["price"] - 1 / fill["mid"])
        for fill in run.fills.iter_rows(named=True)
    )
    assert spread != 0
    assert lines(figures, "equity")["Spread captured"][-1] == pytest.approx(spread, rel=1e-9)
    told = {row[0]: row[1] for row in reader.rows if len(row) == 2}
    assert told["Position BTCUSD"].endswith("contracts")
    assert told["Fees paid"].endswith("BTC")
    assert told["Total"].endswith("BTC")
    assert told["Largest drawdown"].endswith("BTC")
    assert told["Largest position"].endswith("contracts")
    assert told["Mean own spread"].endswith("quote")
    assert "</strong> in BTC: " in words.verdict(run.summary, units_of(run.stack.leg.instrument))
    turnover = run.summary["fills"]["notional"] / run.summary["instruments"]["BTCUSD"]["mid"]
    per_turnover = run.summary["pnl"]["total"] / turnover * 1e4
    assert f"{words.number(per_turnover, 3)} bp" in reader.content["dd"]


def test_a_coin_without_a_name_is_the_coin() -> None:
    unnamed = Instrument("X", tick_size=1.0, lot_size=1.0, kind=Kind.INVERSE)
    assert units_of(unnamed) == Units("coin", "contracts", "the coin", "contracts", inverse=True)
    assert units_of(Instrument("X", tick_size=1.0, lot_size=1.0)) == Units()


# ---- instruments


def test_positions_of_hedges_are_drawn_beside_the_quoted_one(runs: dict[str, Any], rendered: Any) -> None:
    run = runs["hedged"]
    _, figures = rendered(run)
    found = lines(figures, "inventory")
    np.testing.assert_array_equal(found["Position"], run.records["position"].to_numpy())
    np.testing.assert_array_equal(found["SPOT"], run.records["SPOT.position"].to_numpy())
    assert list(lines(rendered(runs["risk"])[1], "inventory")) == ["Position"]


def test_the_account_of_every_instrument_has_a_row(runs: dict[str, Any], rendered: Any) -> None:
    run = runs["hedged"]
    reader, _ = rendered(run)
    (heads,) = cells(reader, "Instrument")
    for name in ("PERP", "SPOT"):
        row = dict(zip(heads, next(row for row in cells(reader, name) if len(row) == len(heads)), strict=True))
        own = run.fills.filter(pl.col("instrument") == name)
        position = float((own["side"] * own["qty"]).sum())
        assert row["Position"] == f"{words.number(position, 8)}base"
        assert row["Fills"] == str(len(own))
        assert float(row["Fees"].replace(MINUS, "-")) == pytest.approx(-own["fee"].sum(), abs=0.005)
        amounts = [float(row[head].replace(MINUS, "-")) for head in ("Realised", "Unrealised", "Fees", "Funding")]
        assert float(row["Equity"].replace(MINUS, "-")) == pytest.approx(sum(amounts), abs=0.03)
        assert row["In"] == "quote"


def test_balances_and_margin_have_a_row_where_an_account_has_them(runs: dict[str, Any], rendered: Any) -> None:
    run = runs["inverse"]
    reader, _ = rendered(run)
    own = run.summary["instruments"]["BTCUSD"]
    row = cells(reader, "BTCUSD")[1]
    assert row[1] == f"{words.number(own['balances']['BTC'], 8)} BTC, 0 USD"
    assert row[2:4] == [f"{words.number(own['margin'][name], 6)}BTC" for name in ("initial", "maintenance")]
    assert row[4] == words.number(own["margin"]["liquidation_price"], 10)
    assert "Balances and margin" not in rendered(runs["hedged"])[0].content["h2"]


def test_settlements_are_listed_and_of_many_the_last_ones(runs: dict[str, Any], rendered: Any) -> None:
    run = runs["hedged"]
    reader, _ = rendered(run)
    rows = [row for row in cells(reader, "") if len(row) == 6 and row[1] == "PERP"]
    assert [(row[2], row[3]) for row in rows] == [("1bp", "60,000"), (f"{MINUS}3bp", "60,010")]
    first = run.summary["data"]["first"]
    assert [row[0] for row in rows] == [f"{words.number(t - first / 1e9, 6)} s" for t in (40, 70)]
    assert [row[5] for row in rows] == [
        f"{words.number(each['amount'], 5)}quote" for each in run.summary["settlements"]
    ]
    many = [dict(run.summary["settlements"][0], time=first + k * SECOND) for k in range(100)]
    _, text, _, rows_of_many = accounts.settlements(
        SimpleNamespace(stack=run.stack, summary=run.summary | {"settlements": many})
    )
    assert [row[0] for row in rows_of_many] == [f"{k} s" for k in range(70, 100)]
    assert text.endswith("The last 30 of 100.")


def test_hedges_are_told_in_a_sentence(runs: dict[str, Any], rendered: Any) -> None:
    count = runs["hedged"].fills.filter(pl.col("cause") == "hedge").height
    assert f"The position was hedged with {count} fills in SPOT." in said(rendered(runs["hedged"])[0])
    assert "hedged" not in said(rendered(runs["risk"])[0])


# ---- risk


def test_fills_that_close_the_position_have_markers_of_their_own(runs: dict[str, Any], rendered: Any) -> None:
    run = runs["risk"]
    _, figures = rendered(run)
    found = lines(figures, "quotes")
    closed = run.fills["cause"] == "flatten"
    assert closed.sum() > 3
    for side, word in ((1, "buy"), (-1, "sell")):
        own = run.fills.filter((pl.col("side") == side) & closed)["price"].to_numpy()
        np.testing.assert_array_equal(found.get(f"Closing {word}", np.zeros(0)), own)
        rest = run.fills.filter((pl.col("side") == side) & ~closed)["price"].to_numpy()
        np.testing.assert_array_equal(found[word.title()], rest)


def bars(figures: dict[str, Any]) -> list[tuple[str, str, float, float]]:
    """Returns name, text, start and end (s) of every bar of the band."""
    found = []
    for trace in figures["quotes"]["data"]:
        if trace["type"] == "bar":
            starts = numbers(trace["base"])
            ends = starts + numbers(trace["x"])
            found += [(trace["name"], *each) for each in zip(trace["text"], starts, ends, strict=True)]
    return found


def test_the_band_says_what_the_records_say(runs: dict[str, Any], rendered: Any) -> None:
    run = runs["risk"]
    _, figures = rendered(run)
    drawn = bars(figures)
    names = dict(zip(("Wider quotes", "Reduce-only", "No quotes", "Flatten", "Halt"), itertools.count(1), strict=False))
    seen = set()
    for time, level, reason, step in run.records.select("time", "risk_level", "risk_reason", "recovery_step").rows():
        at = (time - run.summary["data"]["first"]) / 1e9
        if any(abs(at - edge) < 1e-6 for *_, start, end in drawn for edge in (start, end)):
            continue  # whether a change comes before or after a record of the same time is the engine's
        over = [(names[name], text) for name, text, start, end in drawn if start < at < end and name in names]
        assert [number for number, _ in over] == ([level] if level else [])
        assert all(f" by {reason}, " in text for _, text in over)
        steps = [text for name, text, start, end in drawn if start < at < end and name == "Recovery"]
        assert steps == ([f"step {step} of the recovery"] if step else [])
        seen.add((level, step))
    assert {level for level, _ in seen} >= {0, 3, 5}
    assert {text for name, text, *_ in drawn if name == "Recovery"} == {
        f"step {step} of the recovery" for step in (1, 2)
    }
    assert sum(name == "Flatten" for name, *_ in drawn) == sum(" risk flatten " in line for line in run.log)


def test_a_band_is_drawn_only_where_rules_watch(runs: dict[str, Any], rendered: Any) -> None:
    reader, figures = rendered(runs["hedged"])
    assert bars(figures) == []
    assert "yaxis2" not in figures["quotes"]["layout"]
    assert "Risk" not in reader.content["h2"]


def test_the_risk_table_counts_time_and_rules(runs: dict[str, Any], rendered: Any) -> None:
    run = runs["risk"]
    reader, _ = rendered(run)
    rows = {row[0]: row for row in reader.rows if len(row) == 5}
    shares = [float(row[2].rstrip("%")) for row in rows.values() if row[2].endswith("%")]
    assert sum(shares) == pytest.approx(100, abs=0.5)
    for level, told in (("flatten", "Flatten"), ("halt", "Halt"), ("no-quotes", "No quotes")):
        counts = {
            rule: sum(f"Z risk {level} by {rule}," in line for line in run.log) for rule in ("risk.stop", "risk.target")
        }
        assert rows[told][3] == str(sum(counts.values()))
        assert set(rows[told][4].split(", ")) == {f"{rule} {count}" for rule, count in counts.items() if count}
    closed = sum(line.split()[2] == "flatten" for line in run.log if "Z risk " in line)
    halted = sum("Z risk halt " in line for line in run.log)
    assert f"Risk rules closed the position {words.times(closed)} and halted {words.times(halted)}" in said(reader)


def small(*log: str, position: float = 0.0, inverse: bool = False) -> Any:
    """Returns what of a run the levels are read from: 100 s long."""
    kind = Kind.INVERSE if inverse else Kind.LINEAR
    return SimpleNamespace(
        log=[f"1970-01-01T00:{int(t) // 60:02}:{int(t) % 60:02}.000000000Z {rest}" for t, rest in map(cut, log)],
        summary={"data": {"first": 0, "last": 100 * SECOND}, "position": {"X": position}},
        stack=SimpleNamespace(leg=SimpleNamespace(instrument=Instrument("X", tick_size=1, lot_size=1, kind=kind))),
    )


def cut(line: str) -> list[str]:
    return line.split(" ", 1)


def test_a_closing_that_does_not_end_flat_says_so() -> None:
    run = small(
        "5 decision 1: bid 99 ask 101 position +0",
        "10 risk flatten by risk.stop, position +0.5",
        "12 risk flatten by risk.age, position +0.4",
        "15 risk no-quotes by risk.age, position +0.25",
        "20 risk normal, step 1 of the recovery, position +0.25",
        "30 risk flatten by risk.stop, position -2",
        "31 risk halt by risk.stop, position +0",
        "90 risk flatten by risk.stop, position +3",
        position=1.5,
    )
    found = levels.spells(run)
    assert len(levels.closings(found)) == 3
    _, text, _, rows = accounts.risk(run, found)
    assert text == (
        "In force at the end: flatten by risk.stop. "
        "The closing by risk.stop from 10 s on did not end flat: when it was given up, a position of 0.25 base was left. "
        "The closing by risk.stop from 90 s on did not end flat: when the data ended, a position of 1.5 base was left."
    )
    assert rows == [
        ["Normal", "20 s", "20<small>%</small>", "", ""],
        ["No quotes", "5 s", "5<small>%</small>", "1", "risk.age 1"],
        ["Flatten", "16 s", "16<small>%</small>", "4", "risk.stop 3, risk.age 1"],
        ["Halt", "59 s", "59<small>%</small>", "1", "risk.stop 1"],
    ]
    assert words.protected(pl.DataFrame({"cause": []}, schema={"cause": pl.String}), found) == [
        "Risk rules closed the position 3 times and halted once; in force at the end: flatten by risk.stop."
    ]


def test_what_is_left_of_an_inverse_position_has_no_unit_of_another() -> None:
    run = small("10 risk flatten by risk.stop, position +0.5", position=3.0, inverse=True)
    assert "when the data ended, a position was left." in accounts.risk(run, levels.spells(run))[1]


@given(st.lists(st.tuples(st.integers(0, 100), st.sampled_from(list(levels.WORDS))), max_size=30))
def test_levels_cover_the_run_from_end_to_end(changes: list[tuple[int, str]]) -> None:
    changes = sorted(changes, key=lambda change: change[0])
    run = small(*(f"{time} risk {level} by risk.x, position +0" for time, level in changes))
    found = levels.spells(run)
    assert (found[0].start, found[-1].end) == (0, 100 * SECOND)
    assert all(one.end == other.start for one, other in itertools.pairwise(found))
    in_force = ["normal"] * 100
    for time, level in changes:
        in_force[time:] = [level] * (100 - time)
    lasting = levels.lasting(found)
    assert {level: time // SECOND for level, time in lasting.items() if time} == {
        level: in_force.count(level) for level in levels.WORDS if level in in_force
    }
    began = [
        level == "halt" and before != "halt" for before, (_, level) in zip([("", ""), *changes], changes, strict=False)
    ]
    assert levels.halts(found) <= sum(level == "halt" for _, level in changes)
    assert (levels.halts(found) > 0) == any(began)


def test_a_band_of_many_levels_keeps_the_longest_and_says_so() -> None:
    most = POINTS // 4
    found = [levels.Spell("halt", "risk.x", k * 10, k * 10 + 1 + k % 7, 0.0) for k in range(most + 300)]
    figure: dict[str, Any] = {"data": [], "layout": {"yaxis": {}, "xaxis": {}, "legend": {}}}
    assert strip.add(figure, found, [], 0) == most
    (trace,) = figure["data"]
    assert len(trace["y"]) == most
    shortest = sorted(spell.end - spell.start for spell in found)[300]
    assert numbers(trace["x"]).min() * 1e9 == pytest.approx(shortest)


def test_a_band_over_dates_is_in_milliseconds() -> None:
    start = 1_700_000_000 * SECOND
    figure: dict[str, Any] = {"data": [], "layout": {"yaxis": {}, "xaxis": {}, "legend": {}}}
    strip.add(figure, [levels.Spell("widen", "risk.x", start + SECOND, start + 3 * SECOND, 0.0)], [], start)
    (trace,) = figure["data"]
    assert numbers(trace["base"]) == [1_700_000_001_000]
    assert numbers(trace["x"]) == [2000]
    assert trace["text"] == ["Wider quotes by risk.x, 2 s"]


def test_steps_of_a_recovery_last_from_record_to_record() -> None:
    records = pl.DataFrame({"time": [0, 10, 20, 30, 40, 50], "recovery_step": [0, 1, 1, 2, 0, 1]})
    assert levels.steps(records) == [(10, 30, 1), (30, 40, 2), (50, 50, 1)]
    assert levels.steps(records.clear()) == []


def test_names_of_rules_stay_text(runs: dict[str, Any], rendered: Any) -> None:
    run = runs["risk"]
    plain, _ = rendered(run)
    evil = SimpleNamespace(
        stack=run.stack,
        summary=run.summary,
        fills=run.fills,
        records=run.records,
        log=[line.replace("risk.stop", "risk.<img/src=x>") for line in run.log],
    )
    reader, figures = rendered(evil)
    assert reader.tags == plain.tags
    assert any("risk.<img/src=x> " in row[-1] for row in cells(reader, "Halt"))
    assert any("&lt;img/src=x&gt;" in text for _, text, *_ in bars(figures))
