"""Defects of the reference bot's hedging, each by its number: tests that its behaviour would fail."""

import math
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

import mmkit

sys.path.append(str(Path(__file__).parents[1] / "plugins" / "hedging"))

from hedging_world import MS, SECOND, Leg, World, run

from mmkit_plugins.hedging import delta, minimum_variance, notional
from mmkit_plugins.hedging._orders import Mode

RULES = (notional, delta, minimum_variance)


def bitcoin(rule: Any = notional, *legs: Leg, **given: Any) -> World:
    """Returns a bitcoin at 80 000 that ether at 3 200 hedges."""
    return World(rule, *(legs or (Leg(3200.0),)), mid=80_000.0, **given)


@pytest.mark.parametrize(("use", "hedged"), [("none", False), ("notional", True), ("delta", True)])
def test_d_112_one_key_switches_hedging(use: str, hedged: bool, tmp_path: Path) -> None:
    # Three switches in three places, one of which nobody read, kept it off.
    fills = run(tmp_path, f"hedging.use={use}").fills
    assert (fills["cause"] == "hedge").any() is hedged
    assert (fills["instrument"] == "HEDGE-PERPETUAL").any() is hedged


def test_d_113_every_parameter_is_declared_once_with_its_range_and_its_sentence() -> None:
    # A configuration class defined twice, and files and arguments that neither definition took.
    for rule in RULES:
        fields = attrs.fields(rule.Params)
        assert len({field.name for field in fields}) == len(fields)
        assert all(field.metadata["doc"] for field in fields)


def test_d_114_the_rule_and_its_bands_decide() -> None:
    # The bot had strategies with bands, ratios and targets, and never asked them.
    def aimed(rule: Any, **given: Any) -> list[float]:
        world = bitcoin(rule, **given)
        world.look(MS, 1.0)
        return world.aimed

    assert aimed(notional) == [pytest.approx(-25.0)]
    assert aimed(notional, hedge_ratio=0.5) == [pytest.approx(-12.5)]
    assert aimed(notional, band=90_000.0) == [0.0]
    assert aimed(notional, max_hedge=32_000.0) == [pytest.approx(-10.0)]
    assert aimed(delta, target_delta=40_000.0) == [pytest.approx(-12.5)]


def test_d_115_a_ratio_of_values_multiplies_and_a_beta_divides_and_they_are_two_parameters() -> None:
    # One "correlation" multiplied in one strategy and divided in the other: -21.25 and -29.41 ether.
    by_value, by_delta = bitcoin(notional, hedge_ratio=0.85), bitcoin(delta, betas=(1.18,))
    by_value.look(MS, 1.0)
    by_delta.look(MS, 1.0)
    assert by_value.aimed == [pytest.approx(-21.25)]
    assert by_delta.aimed == [pytest.approx(-21.18)]  # 25 / 1.18, down to a lot
    names = {field.name for rule in RULES for field in attrs.fields(rule.Params)}
    assert not [name for name in names if "correlation" in name]
    assert "hedge_ratio" not in attrs.fields_dict(delta.Params)
    assert "betas" not in attrs.fields_dict(notional.Params)


def test_d_116_at_full_hedge_the_hedges_delta_is_the_positions_the_other_way_round() -> None:
    world = bitcoin(delta, Leg(3200.0, lot_size=1e-6), betas=(1.18,))
    world.look(MS, 1.0)
    world.legs[0].execute()
    hedge = world.legs[0].market
    assert 1.18 * hedge.position * hedge.mid == pytest.approx(-80_000.0, abs=0.01)


def test_d_117_a_tiny_target_is_not_raised_to_the_least_size() -> None:
    # 0.00001 bitcoin became 0.01 ether, forty times too much.
    for rule in (notional, delta):
        world = World(rule, Leg(3200.0, lot_size=0.01), mid=80_000.0, min_size=(0.01,))
        world.market.position_lots, world.market.position = 1, 0.00001
        world.market.fills = 1
        world.look(MS)
        assert world.alive == [[]]


def test_d_118_one_need_is_one_order_however_often_it_is_looked_at() -> None:
    # Within an event loop the bot created every order twice, believed that both had failed, and tried again.
    world = bitcoin(mode=Mode.LIMIT)
    for step in range(1, 50):
        world.look(step * 100 * MS, 1.0)
        if step == 10:
            world.legs[0].accept()
    assert world.legs[0].desk.submitted == 1
    world.legs[0].execute()
    for step in range(50, 100):
        world.look(step * 100 * MS, 1.0)
    assert world.legs[0].desk.submitted == 1


def test_d_119_an_order_that_the_venue_refuses_is_no_hedge() -> None:
    # An error in the venue's reply counted as filled.
    world = bitcoin()
    world.look(MS, 1.0)
    world.legs[0].refuse()
    assert world.aimed == [0.0]
    world.look(world.next)
    assert world.aimed == [pytest.approx(-25.0)]
    assert world.legs[0].desk.submitted == 2


def test_d_120_a_limit_hedge_waits_for_its_fills_then_times_out_then_crosses() -> None:
    # The bot declared it filled when it was sent.
    world = bitcoin(mode=Mode.LIMIT, timeout=2 * SECOND)
    [hedge] = world.legs
    world.look(0, 1.0)
    hedge.accept()
    world.look(SECOND)
    assert (hedge.market.position, [order.kind for order in hedge.orders]) == (0.0, [mmkit.POST_ONLY])
    world.look(2 * SECOND)
    assert hedge.cancelling == 1
    hedge.withdraw()
    world.look(world.next)
    assert [order.kind for order in hedge.orders] == [mmkit.LIMIT]
    assert hedge.orders[0].tick < hedge.market.bid_ticks


def test_d_121_several_hedges_are_one_hedge_together() -> None:
    # Each of N covered all of it.
    for rule in (notional, delta):
        world = bitcoin(rule, Leg(3200.0), Leg(160.0), Leg(80_000.0, lot_size=0.0001))
        world.look(MS, 1.0)
        worth = sum(aimed * leg.market.mid for aimed, leg in zip(world.aimed, world.legs, strict=True))
        assert worth == pytest.approx(-80_000.0, abs=32.0 + 1.6 + 8.0)
        with pytest.raises(mmkit.ConfigError, match="must sum to 1"):
            bitcoin(rule, Leg(), Leg(), weights=(1.0, 1.0))


def test_d_122_a_hedge_that_is_there_stays_after_a_restart() -> None:
    # Positions were not restored: a fill of 0.1 made the bot buy back 17.57 ether of a valid hedge.
    world = bitcoin(notional, Leg(3200.0, position=-2250))
    world.market.position_lots, world.market.position = 900, 0.9
    world.look(MS)
    assert world.alive == [[]]
    world.look(2 * MS, 1.0)
    assert [(side, lots) for side, _, lots, _ in world.alive[0]] == [(-1, 250)]


def test_d_123_parameters_cannot_be_changed_and_rules_share_no_state() -> None:
    # A shallow copy: what one user edited changed everybody's defaults.
    for rule in RULES:
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            rule.Params().band = 1.0
        one, other = rule.State(), rule.State()
        one.goal[0] = 7
        assert other.goal[0] == rule.State().goal[0] == 0


def test_d_124_the_stack_names_the_hedge_instruments_and_a_wrong_name_is_a_fault(tmp_path: Path) -> None:
    # BTC-PERP here, BTC-PERPETUAL there: what was traded was never hedged, and nothing said so.
    hedged = run(tmp_path).fills
    named = run(tmp_path, 'hedging.instruments=["HEDGE-PERPETUAL"]').fills
    assert named.equals(hedged)
    assert (named["cause"] == "hedge").any()
    with pytest.raises(mmkit.ConfigError, match=r'no instrument "HEDGE-PERP".*HEDGE-PERPETUAL'):
        run(tmp_path, 'hedging.instruments=["HEDGE-PERP"]')


def test_d_125_no_price_and_an_old_price_are_no_price() -> None:
    # The bot took ether for a sixteenth of bitcoin, and accepted prices of any age.
    for rule in (notional, delta):
        without = bitcoin(rule, Leg(math.nan))
        without.look(MS, 1.0)
        assert without.alive == [[]]
        old = bitcoin(rule, max_age=5 * SECOND)
        old.look(0)
        old.legs[0].stale = True
        old.look(6 * SECOND, 1.0)
        assert old.alive == [[]]


def test_d_126_a_hedge_is_never_hedged_and_slippage_and_time_out_are_used() -> None:
    # Bitcoin and ether hedged each other's hedges, and half of the settings did nothing.
    world = bitcoin(notional, Leg(3200.0), Leg(80_000.0, lot_size=0.001))
    world.look(0, 1.0)
    aimed = world.aimed
    for leg in world.legs:
        leg.execute()
    for second in range(1, 20):
        world.look(second * SECOND)
    assert world.aimed == aimed
    assert world.alive == [[], []]
    tight, loose = bitcoin(slippage=0.0005), bitcoin(slippage=0.05)
    for each in (tight, loose):
        each.look(MS, 1.0)
    assert tight.alive[0][0][1] > loose.alive[0][0][1]
