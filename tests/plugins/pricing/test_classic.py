"""The reference bot's quote with its defects repaired; its own numbers are tested in tests/examples/test_reference_bot.py."""

import math
from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmkit
from mmkit.engine.records import MarketView
from mmkit.stack import Instrument
from mmkit_plugins._arithmetic import Arithmetic
from mmkit_plugins.pricing import classic
from mmkit_plugins.pricing.classic import Model

MID = 84000.0
FEE = 0.0002
FLOOR = MID * (2 * FEE + 0.0005) * 1.2
ORIGINAL: dict[str, Any] = {"arithmetic": Arithmetic.ORIGINAL}


def quote(
    params: Mapping[str, Any] | None = None,
    *,
    mid: float = MID,
    position: float = 0.0,
    tick: float = 1.0,
    fee: float = FEE,
    **inputs: float,
) -> tuple[float, float, float]:
    """Returns reservation price and half-spreads."""
    chosen = classic.Params(**{"gamma": 0.4, **(params or {})})
    state = classic.State()
    classic.setup(chosen, state, Instrument("X", tick_size=tick, lot_size=0.001, maker_fee=mmkit.Rate(fee)))
    given = classic.Inputs(**{"daily_volatility": 0.01, "position_limit": 20.0, **inputs})
    terms = classic.Terms()
    classic.prepare(chosen, terms, **attrs.asdict(given))
    return classic.quote(chosen, state, MarketView(mid=mid, position=position, tick_size=tick), given, terms)


def spread(params: Mapping[str, Any] | None = None, **given: float) -> float:
    _, half_bid, half_ask = quote(params, **given)
    assert half_bid == half_ask
    return half_bid + half_ask


def shift(params: Mapping[str, Any] | None = None, **given: float) -> float:
    return quote(params, **given)[0] - given.get("mid", MID)


def risk(sigma: float = 0.01, mid: float = MID) -> float:
    return mid * sigma * 0.4 * math.sqrt(300.0 / 86400.0)


def test_at_rest_the_spread_is_the_base_and_the_volatility_in_quote_currency() -> None:
    assert risk() == pytest.approx(19.8, abs=0.01)
    assert spread() == pytest.approx(1.5 * FLOOR * 1.4 + risk(), rel=1e-12)
    assert shift() == 0.0


@pytest.mark.parametrize(("mid", "tick", "least"), [(84000.0, 1.0, FLOOR), (100.0, 0.05, 0.7), (1.0, 1e-4, 0.0014)])
def test_the_floor_covers_fees_and_margin_or_the_fewest_ticks(mid: float, tick: float, least: float) -> None:
    nothing = {"base_spread_factor": 0.0, "volatility_multiplier": 0.0}
    assert spread(nothing, mid=mid, tick=tick) == pytest.approx(least, rel=1e-12)


@given(
    sigma=st.floats(0.0, 5.0),
    position=st.floats(-40.0, 40.0),
    impact=st.floats(-1.0, 1.0),
    vamp=st.floats(-1.0, 1.0),
    v=st.floats(0.0, 1.0),
    r=st.floats(0.0, 1.0),
    m=st.floats(-1.0, 1.0),
    e=st.floats(-1.0, 1.0),
    adjustments=st.tuples(*[st.one_of(st.just(math.nan), st.floats(-0.7, 0.7))] * 3),
    offset=st.floats(-0.0005, 0.0005),
    arithmetic=st.sampled_from(Arithmetic),
)
def test_quotes_are_finite_and_never_closer_than_the_floor(
    sigma: float,
    position: float,
    impact: float,
    vamp: float,
    v: float,
    r: float,
    m: float,
    e: float,
    adjustments: tuple[float, float, float],
    offset: float,
    arithmetic: Arithmetic,
) -> None:
    gamma, kappa, volatility = adjustments
    price, half_bid, half_ask = quote(
        {"arithmetic": arithmetic},
        position=position,
        daily_volatility=sigma,
        market_impact=impact,
        vamp_impact=vamp,
        volume_volatility=v,
        reversal=r,
        momentum=m,
        exhaustion=e,
        gamma_adjustment=gamma,
        kappa_adjustment=kappa,
        volatility_adjustment=volatility,
        offset=offset,
    )
    assert math.isfinite(price)
    assert half_bid == half_ask
    # The original rounds each price to the nearest tick.
    assert half_bid + half_ask >= FLOOR * (1.0 - 1e-12) - (1.0 if arithmetic == Arithmetic.ORIGINAL else 0.0)


@pytest.mark.parametrize("arithmetic", list(Arithmetic))
@pytest.mark.parametrize("missing", [0.0, math.nan])
def test_absent_signals_are_neutral(arithmetic: Arithmetic, missing: float) -> None:
    optional = [a.name for a in attrs.fields(classic.Inputs) if not a.metadata.get("required")]
    optional = [name for name in optional if name != "adjustment_age"]
    at_rest = quote({"arithmetic": arithmetic}, position=3.0)
    assert quote({"arithmetic": arithmetic}, position=3.0, **dict.fromkeys(optional, missing)) == at_rest


@given(position=st.floats(-20.0, 20.0))
def test_a_long_position_lowers_both_quotes_by_at_most_inventory_weight_half_spreads(position: float) -> None:
    price, half, _ = quote(position=position)
    assert price - MID == pytest.approx(-position / 20.0 * 0.8 * half, abs=1e-9)


def test_momentum_pulls_and_exhaustion_pushes() -> None:
    wide = spread()
    assert shift(momentum=0.5) == pytest.approx(0.15 * wide)
    assert shift(momentum=-0.5) == pytest.approx(-0.15 * wide)
    assert shift(momentum=0.05) == 0.0
    assert shift(exhaustion=0.5) == pytest.approx(-0.1 * wide)
    assert shift(exhaustion=0.1) == 0.0


def test_volume_signals_widen_beyond_their_gates() -> None:
    at_rest = spread()
    assert spread(volume_volatility=0.3) == at_rest
    assert spread(volume_volatility=0.5) == pytest.approx(1.15 * at_rest)
    assert spread(reversal=0.6, volume_volatility=1.0) == pytest.approx(1.3 * 1.12 * at_rest)


def test_the_price_moves_towards_the_vamp_by_its_weight() -> None:
    assert shift({"vamp_weight": 0.25}, vamp_price=MID + 40.0) == pytest.approx(10.0)
    assert shift({"vamp_weight": 0.25}, vamp_price=math.nan) == 0.0
    assert shift(vamp_price=MID + 40.0) == 0.0


def test_d_01_and_d_02_every_input_changes_the_spread_at_once() -> None:
    # The original returned a spread of up to 100 ms ago whatever had changed.
    situations: list[dict[str, Any]] = [
        {},
        {"position": 20.0},
        {"daily_volatility": 0.05},
        {"market_impact": 0.001},
        {"vamp_impact": 0.5},
        {"gamma_adjustment": 0.3},
        {"volatility_adjustment": 0.3},
        {"trend_direction": 1.0},
        {"ranging": 1.0},
        {"mid": 2 * MID},
    ]
    assert len({spread(**situation) for situation in situations}) == len(situations)
    assert spread({"gamma": 0.8}) > spread()


def test_d_03_no_clock_is_read() -> None:
    market = [MarketView(mid=MID, now=now) for now in (0, -(10**18), 10**18)]
    params, state, terms = classic.Params(gamma=0.4), classic.State(), classic.Terms()
    inputs = classic.Inputs(daily_volatility=0.01, position_limit=20.0)
    classic.prepare(params, terms, **attrs.asdict(inputs))
    assert len({classic.quote(params, state, view, inputs, terms) for view in market}) == 1


def test_d_06_every_component_is_in_quote_currency_and_scales_with_the_price() -> None:
    # The original's move by 0.003 to 5 over all of these; and they do not scale.
    situation: dict[str, Any] = {
        "position": 10.0,
        "daily_volatility": 0.04,
        "market_impact": 0.0002,
        "vamp_impact": 0.3,
    }
    assert spread(mid=2 * MID, tick=2.0, **situation) == pytest.approx(2.0 * spread(**situation), rel=1e-12)
    assert spread(daily_volatility=0.04) - spread() == pytest.approx(3.0 * risk(), rel=1e-9)
    assert spread(position=20.0) - spread() == pytest.approx(0.7 * risk(), rel=1e-9)
    assert spread(market_impact=0.0002) - spread() == pytest.approx(MID * 0.0002 * 0.7 * 1.01, rel=1e-9)
    assert spread(vamp_impact=-0.5) - spread() == pytest.approx(1.5 * FLOOR * 0.7 * 1.01 * 0.25, rel=1e-9)


def test_d_07_the_spread_has_an_upper_bound_and_the_fee_floor_wins_over_it() -> None:
    assert spread({"max_spread_ticks": 150.0}) == 150.0
    assert spread({"max_spread_ticks": 75.0}) == pytest.approx(FLOOR)
    assert spread({"max_spread_ticks": 75.0} | ORIGINAL) == spread(ORIGINAL) == 190.0


def textbook(gamma: float, kappa: float, size: float = 1.0, sigma: float = 0.01, seconds: float = 3600.0) -> float:
    variance = (MID * sigma) ** 2 / 86400.0
    return gamma * variance * seconds * size + 2.0 / (gamma * size) * math.log(1.0 + gamma * size / kappa)


def test_d_08_kappa_and_the_horizon_price_in_the_textbook_model() -> None:
    # Without fees, so that their floor is out of the way.
    model = {"model": Model.AVELLANEDA, "profit_margin": 0.0}
    free = {"fee": 0.0}
    assert spread(model, **free) == pytest.approx(textbook(0.4, 0.5), rel=1e-12)
    assert spread({**model, "kappa": 0.05}, order_size=0.1, **free) == pytest.approx(
        textbook(0.4, 0.05, 0.1), rel=1e-12
    )
    assert spread({**model, "time_horizon": 10**10, "kappa": 0.001}, kappa_adjustment=-0.3, **free) == pytest.approx(
        textbook(0.4, 0.0007, seconds=10.0), rel=1e-12
    )
    assert spread({**model, "kappa": 0.001, "kappa_threshold": 0.4}, kappa_adjustment=-0.3, **free) == pytest.approx(
        textbook(0.4, 0.001), rel=1e-12
    )
    with pytest.raises(mmkit.ConfigError, match=r"pricing\.model"):
        spread(model | ORIGINAL)


def test_d_09_gamma_does_not_compound_and_stays_within_its_bounds() -> None:
    # Twenty refreshes of the original made 2562.7 of 0.4.
    params, state, terms = classic.Params(gamma=0.4), classic.State(maker_fee=FEE), classic.Terms()
    inputs = classic.Inputs(daily_volatility=0.01, position_limit=20.0, gamma_adjustment=0.55)
    widths = set()
    for _ in range(20):
        classic.prepare(params, terms, **attrs.asdict(inputs))
        widths.add(classic.quote(params, state, MarketView(mid=MID), inputs, terms)[1])
    [half] = widths
    assert 2.0 * half == pytest.approx(1.5 * FLOOR * (1.0 + 0.4 * 1.55) + risk())
    assert spread({"gamma_max": 0.5}, gamma_adjustment=0.55) == pytest.approx(1.5 * FLOOR * 1.5 + risk())
    assert spread({"gamma_min": 0.3}, gamma_adjustment=-0.55) == pytest.approx(1.5 * FLOOR * 1.3 + risk())


def test_d_10_the_predicted_volatility_counts_once_and_by_the_same_rule() -> None:
    assert spread(volatility_adjustment=0.4) == pytest.approx(spread(daily_volatility=0.014), rel=1e-12)
    assert spread(volatility_adjustment=0.4, adjustment_age=21.0) == spread()
    assert spread({"volatility_threshold": 0.5}, volatility_adjustment=0.4) == spread()


def test_d_11_the_predicted_offset_is_added_once_and_expires() -> None:
    assert shift(offset=0.0003) == pytest.approx(25.2)
    assert shift(offset=0.0003, stored_offset=0.0003) == pytest.approx(25.2)
    assert shift(stored_offset=0.0003) == 0.0
    assert shift(offset=0.0003, adjustment_age=21.0) == 0.0
    assert shift(ORIGINAL, offset=0.0003, stored_offset=0.0003) > 50.0
    assert shift(offset=0.00005) == 0.0
    assert shift({"offset_threshold": 0.0004}, offset=0.0003) == 0.0


def test_d_12_a_trend_ends_with_the_prediction_that_said_so() -> None:
    assert spread(trend_direction=-1.0) == pytest.approx(1.5 * spread())
    assert spread(trend_direction=-1.0, adjustment_age=21.0) == spread()
    assert spread(ORIGINAL, trending=1.0, adjustment_age=21.0) == pytest.approx(1.5 * spread(ORIGINAL), abs=2.0)


def test_d_13_every_prediction_can_be_other_than_zero_at_once() -> None:
    predicted: dict[str, Any] = {"gamma_adjustment": 0.5, "kappa_adjustment": -0.3, "volatility_adjustment": 0.4}
    price, half, _ = quote(trend_direction=1.0, offset=0.0005, adjustment_age=1.0, **predicted)
    assert price == pytest.approx(MID * 1.0005)
    assert 2.0 * half == pytest.approx(1.5 * (1.5 * FLOOR * 1.6 + risk(0.014)))


def test_d_14_one_vocabulary_of_market_states() -> None:
    at_rest = spread()
    for trend in ("trending", "trending_up", "trending_down"):
        state: dict[str, Any] = {trend: 1.0}
        assert spread(**state) == pytest.approx(1.5 * at_rest)
    assert spread(ranging=1.0) == pytest.approx(0.85 * at_rest)
    assert spread(ORIGINAL, trending_up=1.0) == spread(ORIGINAL)


def test_d_15_a_prediction_lives_longer_than_the_ten_seconds_between_two() -> None:
    assert spread(gamma_adjustment=0.3, adjustment_age=10.0) > spread()
    assert spread({"prediction_max_age": 5 * 10**9}, gamma_adjustment=0.3, adjustment_age=10.0) == spread()
    assert spread(gamma_adjustment=0.3, adjustment_age=math.nan) == spread()


def test_d_16_no_price_of_bitcoin_stands_in_for_one_that_is_missing() -> None:
    assert spread(mid=1e-6, tick=1e-12) < 1e-8
    # Without both best prices the engine asks nobody for a quote; NaN in would be NaN out, which stops the run.
    assert math.isnan(quote(mid=math.nan)[0])


def test_d_17_the_fee_is_the_instruments() -> None:
    assert "maker_fee" not in attrs.fields_dict(classic.Params)
    assert spread(fee=0.00025) - spread() == pytest.approx(1.5 * 1.4 * MID * 0.0001 * 1.2)


def test_d_18_and_d_19_the_spread_keeps_its_floor_around_the_shifted_price() -> None:
    tight = {"base_spread_factor": 0.0, "volatility_multiplier": 0.0, "inventory_weight": 2.0}
    price, half, _ = quote(tight, position=10.0, momentum=0.5)
    assert 2.0 * half == pytest.approx(FLOOR)
    assert price == pytest.approx(MID - 0.5 * FLOOR + 0.15 * FLOOR)


def test_d_21_the_reference_is_the_mid_alone() -> None:
    inputs = attrs.fields_dict(classic.Inputs)
    assert not any(name in inputs for name in ("last", "trade_price", "mark"))


def test_d_56_the_vamps_shift_is_a_fraction_of_the_price() -> None:
    assert shift(vamp_impact=0.5) == pytest.approx(0.5 * 0.001 * MID)
    assert abs(shift(ORIGINAL, vamp_impact=0.5)) <= 1.0


def dynamic(gamma: float = 0.4, **given: float) -> float:
    """Returns gamma from the spread."""
    params = {"dynamic_gamma": True, "gamma": gamma, "volatility_multiplier": 0.0, "impact_factor": 0.0}
    return spread(params, **given) / (1.5 * FLOOR) - 1.0


def test_dynamic_gamma_follows_volatility_position_profit_and_age() -> None:
    usual = {"daily_volatility": 0.025}
    assert dynamic(**usual) == pytest.approx(0.4)
    assert dynamic(daily_volatility=0.05) == pytest.approx(0.8)
    assert dynamic(daily_volatility=0.01) == pytest.approx(0.2)
    for position, factor in ((4.0, 1.0), (-10.0, 1.45), (16.0, 2.05), (-20.0, 2.65), (40.0, 2.65)):
        assert dynamic(0.3, position=position, **usual) == pytest.approx(0.3 * factor)
    assert dynamic(position=1.0, unrealised_return=0.02, **usual) == pytest.approx(0.36)
    assert dynamic(position=1.0, unrealised_return=-0.02, **usual) == pytest.approx(0.48)
    assert dynamic(position=1.0, position_age=5400.0, **usual) == pytest.approx(0.6)
    assert dynamic(unrealised_return=0.02, position_age=5400.0, **usual) == pytest.approx(0.4)
    assert dynamic(0.9, daily_volatility=0.05) == pytest.approx(1.0)


def test_d_98_dynamic_gamma_does_not_jump_as_impact_appears() -> None:
    usual = {"daily_volatility": 0.025}
    assert dynamic(market_impact=1e-9, **usual) == pytest.approx(0.4)
    assert dynamic(market_impact=1.0, **usual) == pytest.approx(0.6)
    assert dynamic(market_impact=9.0, **usual) == pytest.approx(0.8)


# What makes each parameter count, where a situation at rest does not.
LIVELY: dict[str, Any] = {
    "position": 4.0,
    "daily_volatility": 0.02,
    "order_size": 0.1,
    "market_impact": 0.0003,
    "vamp_impact": 0.4,
    "vamp_price": MID + 30.0,
    "momentum": 0.4,
    "reversal": 0.6,
    "volume_volatility": 0.5,
    "exhaustion": 0.3,
    "gamma_adjustment": 0.2,
    "kappa_adjustment": -0.2,
    "volatility_adjustment": 0.2,
    "offset": 0.0003,
    "adjustment_age": 8.0,
}
TEXTBOOK = {"model": Model.AVELLANEDA, "kappa": 0.002}
CHANGED: list[tuple[str, Any, dict[str, Any], dict[str, Any]]] = [
    ("gamma", 0.5, {}, {}),
    ("arithmetic", Arithmetic.ORIGINAL, {}, {}),
    ("model", Model.AVELLANEDA, {}, {}),
    ("position_limit", 10.0, {}, {}),
    ("min_spread_ticks", 10000, {}, {}),
    ("max_spread_ticks", 100.0, {}, {}),
    ("profit_margin", 0.001, {}, {}),
    ("fee_coverage", 1.5, {}, {}),
    ("base_spread_factor", 2.0, {}, {}),
    ("gamma_min", 0.39, {}, {"gamma_adjustment": -0.5}),
    ("gamma_max", 0.45, {}, {}),
    ("dynamic_gamma", True, {}, {}),
    ("reference_volatility", 0.02, {"dynamic_gamma": True}, {}),
    ("order_flow_intensity", 0.001, {"dynamic_gamma": True}, {}),
    ("volatility_floor", 0.1, {}, {}),
    ("volatility_multiplier", 0.8, {}, {}),
    ("position_fade_time", 10**12, {}, {}),
    ("inventory_factor", 0.9, {}, {}),
    ("inventory_weight", 0.9, {}, {}),
    ("impact_factor", 0.9, {}, {}),
    ("vamp_spread", 0.9, {}, {}),
    ("vamp_skew_sensitivity", 0.002, {}, {}),
    ("vamp_weight", 0.5, {}, {}),
    ("trending_factor", 1.2, {}, {"trending_up": 1.0}),
    ("ranging_factor", 0.9, {}, {"ranging": 1.0}),
    ("volatility_gate", 0.6, {}, {}),
    ("volatility_widening", 0.5, {}, {}),
    ("reversal_gate", 0.7, {}, {}),
    ("reversal_widening", 0.5, {}, {}),
    ("momentum_gate", 0.5, {}, {}),
    ("momentum_shift", 0.5, {}, {}),
    ("exhaustion_gate", 0.5, {}, {}),
    ("exhaustion_shift", 0.5, {}, {}),
    ("gamma_threshold", 0.3, {}, {}),
    ("kappa_threshold", 0.3, TEXTBOOK, {}),
    ("volatility_threshold", 0.3, {}, {}),
    ("offset_threshold", 0.001, {}, {}),
    ("prediction_max_age", 5 * 10**9, {}, {}),
    ("kappa", 0.004, TEXTBOOK, {}),
    ("time_horizon", 10**9, TEXTBOOK, {}),
]


def test_every_parameter_is_changed_below() -> None:
    assert [name for name, *_ in CHANGED] == [field.name for field in attrs.fields(classic.Params)]


@pytest.mark.parametrize(("name", "value", "others", "inputs"), CHANGED)
def test_each_parameter_changes_the_quote(
    name: str, value: Any, others: dict[str, Any], inputs: dict[str, Any]
) -> None:
    situation = LIVELY | inputs
    assert quote(others | {name: value}, **situation) != quote(others, **situation)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"gamma": 0.05}, r"pricing\.gamma: must be between pricing\.gamma_min, 0\.1, .* is 0\.05"),
        ({"gamma": -1.0}, r"pricing\.gamma: must be"),
        ({"gamma_min": 0.9, "gamma_max": 0.5}, r"pricing\.gamma_min: 0\.9 is above pricing\.gamma_max, 0\.5"),
    ],
)
def test_bounds_that_no_gamma_meets_are_the_users_fault(given: dict[str, float], said: str) -> None:
    with pytest.raises(mmkit.ConfigError, match=said):
        quote(given)
