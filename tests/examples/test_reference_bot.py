"""The reference bot's recorded numbers, to the last digit, from its example stack through `explain`."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import mmkit
from mmkit import settings
from mmkit.engine.records import MarketView
from mmkit.explaining import Explanation, explain
from mmkit.snapshot import Snapshot
from mmkit_plugins._arithmetic import Arithmetic
from mmkit_plugins.ladder import fibonacci
from mmkit_plugins.pricing import _classic_prices, classic

STACK = Path(__file__).parents[2] / "examples" / "reference-bot.toml"

CONDITIONS = {
    "volatility": "daily_volatility",
    "market_impact": "market_impact",
    "volume_momentum": "momentum",
    "volume_reversal": "reversal",
    "volume_volatility": "volume_volatility",
    "volume_exhaustion": "exhaustion",
}
PREDICTIONS = {
    "gamma_adjustment": "gamma_adjustment",
    "kappa_adjustment": "kappa_adjustment",
    "reservation_price_offset": "offset",
    "trend_direction": "trend_direction",
    "volatility_adjustment": "volatility_adjustment",
}

# Conditions, position, prices of the three levels a side: complete quotes at a book of 83999.5 / 84000.5.
QUOTES: list[tuple[dict[str, float], float, list[float], list[float]]] = [
    ({}, 0, [83905, 83897, 83889], [84095, 84103, 84111]),
    ({}, 5, [83886, 83878, 83870], [84076, 84084, 84092]),
    ({}, 20, [], [84019, 84027, 84035]),
    ({}, -20, [83981, 83973, 83965], []),
    ({"volume_volatility": 0.5}, 0, [83890, 83882, 83874], [84110, 84118, 84126]),
    ({"reversal": 0.6}, 0, [83893, 83885, 83877], [84107, 84115, 84123]),
    ({"momentum": 0.5}, 0, [83934, 83926, 83918], [84124, 84132, 84140]),
    ({"momentum": -0.5}, 0, [83876, 83868, 83860], [84066, 84074, 84082]),
    ({"exhaustion": 0.5}, 0, [83886, 83878, 83870], [84076, 84084, 84092]),
    ({"daily_volatility": 0.05}, 0, [83905, 83873, 83839], [84095, 84127, 84161]),
    ({"daily_volatility": 0.2}, 0, [83904, 83856, 83804], [84096, 84144, 84196]),
    (
        {"gamma_adjustment": 0.3, "kappa_adjustment": -0.1, "volatility_adjustment": 0.3, "adjustment_age": 1.0},
        0,
        [83897, 83887, 83875],
        [84103, 84113, 84125],
    ),
    ({"stored_offset": 0.0003}, 0, [83930, 83922, 83914], [84120, 84128, 84136]),
    (
        {"volume_volatility": 0.8, "reversal": 0.6, "momentum": 0.4, "exhaustion": 0.3},
        -4,
        [83905, 83897, 83889],
        [84170, 84178, 84186],
    ),
]

Explained = Callable[..., Explanation]


@pytest.fixture(scope="module")
def explained() -> Explained:
    """Returns a function that explains the bot's decision for numbers of its state, at a book around `mid`."""

    read = cache(lambda changes: settings.read(STACK, overrides=changes))

    def decide(
        mid: float = 84000.0, tick: float = 1.0, position: float = 0.0, changes: Sequence[str] = (), **state: float
    ) -> Explanation:
        stack = read((f"instruments.BTC.tick_size={tick}", *changes))
        signals = {f"bot.{name}": float(value) for name, value in state.items()}
        return explain(stack, Snapshot(0, 0, mid - 0.5 * tick, mid + 0.5 * tick, position=position, signals=signals))

    return decide


@pytest.fixture(scope="session")
def vectors(data: Path) -> dict[str, Any]:
    """Returns the recorded numbers beside the recordings; skips the test where there are none."""
    file = data.parent / "spec" / "reference-bot-vectors.json"
    if not file.is_file():
        pytest.skip(f"no recorded quotes of the bot at {file}")
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def value(found: Explanation, stage: str, name: str) -> float:
    """Returns the one value of a step."""
    [only] = [step.value for step in found.steps if (step.stage, step.name) == (stage, name)]
    return only


def of_state(row: Mapping[str, Any]) -> dict[str, float]:
    """Returns a spread row's conditions as numbers of the bot's state."""
    given = {
        "daily_volatility": row["vol"],
        "market_impact": row["impact"],
        "vamp_impact": row["vamp"],
        "trend_direction": row["trend"],
        "gamma_adjustment": row["gamma_adj"],
        "volatility_adjustment": row["vol_adj"],
        "adjustment_age": row["age"],
    }
    if row["state"] != "normal":
        given[row["state"]] = 1.0
    return {name: number for name, number in given.items() if number is not None}


@pytest.mark.parametrize(("state", "position", "bids", "asks"), QUOTES)
def test_complete_quotes_are_the_bots(
    explained: Explained, state: dict[str, float], position: float, bids: list[float], asks: list[float]
) -> None:
    found = explained(position=position, **state)
    assert [price for price, _ in found.bids] == bids
    assert [price for price, _ in found.asks] == asks


def test_every_recorded_quote_is_the_bots_with_its_sizes(explained: Explained, vectors: dict[str, Any]) -> None:
    for row in vectors["quotes"]:
        state = {CONDITIONS[name]: number for name, number in row["cond"].items()}
        if row["preds"]:
            state |= {PREDICTIONS[name]: number for name, number in row["preds"].items()} | {"adjustment_age": 1.0}
        found = explained(position=row["pos"], stored_offset=row["roff"], **state)
        assert [list(level) for level in found.bids] == row["bids"], row
        assert [list(level) for level in found.asks] == row["asks"], row


def test_every_recorded_spread_is_the_bots(explained: Explained, vectors: dict[str, Any]) -> None:
    rows = [row for row in vectors["spread"] if row["mid"] > 0.0]
    assert len(rows) == len(vectors["spread"]) - 1
    for row in rows:
        changes = [f"pricing.gamma={row['gamma']}"]
        found = explained(row["mid"], row["tick"], row["pos"], changes, **of_state(row))
        assert value(found, "pricing", "spread before volume signals") == row["spread"], row


def test_without_a_price_the_bot_takes_bitcoin_for_84000(vectors: dict[str, Any]) -> None:
    [row] = [row for row in vectors["spread"] if row["mid"] == 0.0]
    params = classic.Params(gamma=0.4, arithmetic=Arithmetic.ORIGINAL)
    terms, inputs = classic.Terms(), classic.Inputs(daily_volatility=0.01, position_limit=20.0)
    prepared = {name: getattr(inputs, name) for name in inputs.__slots__ if not name.startswith("_")}
    classic.prepare(params, terms, **prepared)
    market = MarketView(mid=0.0, tick_size=1.0)
    _, bid, ask = classic.quote(params, classic.State(maker_fee=0.0002), market, inputs, terms)
    assert bid + ask == pytest.approx(row["spread"], abs=1.0)


def test_every_recorded_skew_is_the_bots(vectors: dict[str, Any]) -> None:
    params = classic.Params(gamma=0.4, arithmetic=Arithmetic.ORIGINAL, prediction_max_age=mmkit.duration("5s"))
    for row in vectors["skew"]:
        age = math.nan if row["age"] is None else row["age"]
        inputs = classic.Inputs(0.01, 20.0, vamp_impact=row["vamp"], offset=row["off"], adjustment_age=age)
        terms = classic.Terms()
        prepared = {name: getattr(inputs, name) for name in inputs.__slots__ if not name.startswith("_")}
        classic.prepare(params, terms, **prepared)
        found = _classic_prices.skewed(params, terms, row["mid"], row["spread"], float(row["pos"]), row["tick"])
        assert found == (row["bid"], row["ask"]), row


def test_every_recorded_size_is_the_bots(explained: Explained, vectors: dict[str, Any]) -> None:
    for row in vectors["sizes"]:
        state = {"daily_volatility": row["vol"]}
        if "state" in row:
            state[{"up_trend": "trending_up", "down_trend": "trending_down"}[row["state"]]] = 1.0
        found = explained(position=float(row["pos"]), **state)
        sizes = [value(found, "sizing", "bid quantity"), value(found, "sizing", "ask quantity")]
        assert sizes == row["sizes"], row


def test_every_recorded_level_offset_is_the_bots(explained: Explained, vectors: dict[str, Any]) -> None:
    for row in vectors["levels"]:
        ticks = row["step"] / row["tick"]
        # Half the step at a quiet market's volatility, the whole of it at the reference volatility.
        volatility, step = (0.01, 2.0 * ticks) if float(2.0 * ticks).is_integer() else (0.025, ticks)
        changes = ["ladder.levels=13", f"ladder.step_ticks={int(step)}"]
        found = explained(tick=row["tick"], changes=changes, daily_volatility=volatility)
        offsets = [step.value for step in found.steps if (step.stage, step.name) == ("ladder", "offset")]
        assert offsets == row["bid_offsets"], row


def test_the_table_of_sizes_goes_on_like_the_bots(vectors: dict[str, Any]) -> None:
    for levels, expected in vectors["size_mult"].items():
        params = fibonacci.Params(levels=int(levels), sizes=(1.0, 1.5, 2.0), arithmetic=Arithmetic.ORIGINAL)
        constants = fibonacci.Constants()
        fibonacci.assemble(params, constants)
        assert constants.bid_share[: int(levels)] == expected
        assert constants.ask_share == constants.bid_share


def test_every_recorded_dynamic_gamma_is_the_bots(explained: Explained, vectors: dict[str, Any]) -> None:
    for row in vectors["dyn_gamma"]:
        found = explained(
            position=float(row["pos"]),
            changes=["pricing.dynamic_gamma=true"],
            daily_volatility=row["vol"],
            market_impact=row["impact"],
            unrealised_return=row["pnl_pct"],
            position_age=row["dur"],
        )
        assert value(found, "pricing", "gamma before predictions") == row["gamma"], row


def test_a_level_too_close_to_another_one_is_left_out_and_its_size_with_it(explained: Explained) -> None:
    found = explained(changes=["ladder.step_ticks=2", "ladder.levels=5"], daily_volatility=0.0125)
    offsets = [step.value for step in found.steps if (step.stage, step.name) == ("ladder", "offset")]
    assert offsets == [0.0, 2.0, 2.0, 4.0, 6.0]
    # Level 2 doubles level 1; level 3 is 2 ticks from it, which is not more than 1 + 3 // 2; level 4 is 4.
    assert [price for price, _ in found.bids] == [83905.0, 83903.0, 83899.0]


def test_a_stale_prediction_widens_the_steps_and_nothing_else(explained: Explained) -> None:
    rested = explained()
    stale = explained(gamma_adjustment=0.5, offset=0.0004, volatility_adjustment=0.4, adjustment_age=60.0)
    assert stale.bids[0][0] == rested.bids[0][0]
    assert stale.bids[1][0] < rested.bids[1][0]


def test_a_prediction_counts_below_its_largest_age_and_above_its_threshold_only(explained: Explained) -> None:
    def spread(**state: float) -> float:
        return value(explained(**state), "pricing", "spread")

    rested = spread()
    assert spread(gamma_adjustment=0.3, adjustment_age=5.0) == rested
    assert spread(gamma_adjustment=0.05, adjustment_age=1.0) == rested
    assert spread(gamma_adjustment=0.3, adjustment_age=math.nextafter(5.0, 0.0)) > rested


def test_the_example_runs() -> None:
    done = mmkit.run(STACK, engine="python", set=["instruments.BTC.market.duration=10s"])
    assert done.summary["orders"]["submitted"] > 0
