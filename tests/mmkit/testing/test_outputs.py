"""What may come out of a rule: role by role, and over whole markets."""

import math
from types import SimpleNamespace
from typing import Any

import attrs
import numpy as np
import pytest
from planted import Count, Gap, Half, Share, Size, Value, plain_sizes, signal

import mmkit
from mmkit.engine.records import AMENDING, CANCELLING, Order, quotes_class
from mmkit.errors import ConfigError
from mmkit.tape import ADDED, BID, BOTH, EVENT
from mmkit.testing import markets, outputs, sane
from mmkit.testing.rows import Failed, Skipped
from mmkit.testing.subject import Subject

NAN, INF = math.nan, math.inf


@pytest.fixture(autouse=True)
def corners_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the random markets."""
    monkeypatch.setattr(outputs, "EXAMPLES", 0)


def heard(values: Any, mids: Any) -> str:
    """Returns what is said of a signal that publishes these values, one a second, at these mids."""
    look = sane.signals(signal("told", None, Value), False)
    for second, (value, mid) in enumerate(zip(values, mids, strict=True)):
        given = {"state": Value(value), "market": SimpleNamespace(mid=mid, now=second * 10**9)}
        said = look("on_clock", given, None, sane.Before(given))
        if said:
            return said
    return ""


def test_a_signal_may_be_nan_before_its_first_number_and_without_a_book() -> None:
    assert heard([NAN] * 9, [100.0] * 9) == ""
    assert heard([NAN, NAN, 1.0, NAN, NAN, NAN, NAN, 1.0], [100.0] * 3 + [NAN] * 4 + [100.0]) == ""


def test_a_signal_may_take_as_long_as_at_first_to_be_a_number_again() -> None:
    assert heard([NAN, NAN, 1.0, NAN, NAN, NAN, 1.0], [100.0] * 7) == ""


def test_a_signal_that_was_a_number_and_stays_nan_is_at_fault() -> None:
    assert "does not become one again" in heard([NAN, 1.0] + [NAN] * 9, [100.0] * 11)
    assert "does not become one again" in heard([1.0] + [NAN] * 9, [100.0, NAN, *[100.0] * 8])


@pytest.mark.parametrize("value", [INF, -INF, None])
def test_a_signal_is_never_infinite_and_never_nothing(value: Any) -> None:
    assert heard([value], [100.0]) == f"value is {value!r}"


@pytest.mark.parametrize("result", [(0.0, 0.0), (1, 0.5)])
def test_quantities_that_a_sizing_may_return(result: Any) -> None:
    assert sane.sizing(None, False)("sizes", {}, result, None) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize("result", [(-1e-9, 0.0), (0.0, NAN), (INF, 1.0), (None, 1.0)])
def test_quantities_that_a_sizing_may_not_return(result: Any) -> None:
    assert "quantity" in sane.sizing(None, False)("sizes", {}, result, None)  # type: ignore[arg-type]


def priced(result: Any, ordinary: bool = False) -> str:
    """Returns what is said of a pricing's result."""
    given = {"market": SimpleNamespace(mid=100.0)}
    return sane.pricing(None, ordinary)("quote", given, result, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("result", [(100.0, 0.0, 0.0), (100.0, INF, 0.1), (100.0, INF, INF), (100.0, -0.1, 0.2)])
def test_prices_that_a_pricing_may_return(result: Any) -> None:
    assert priced(result) == ""


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ((NAN, 0.1, 0.1), "reservation price nan"),
        ((INF, 0.1, 0.1), "reservation price inf"),
        ((100.0, NAN, 0.1), "half-spread to the bid nan"),
        ((100.0, 0.1, -INF), "half-spread to the ask -inf"),
        ((100.0, 0.1, -0.2), "quotes cross"),
    ],
)
def test_prices_that_a_pricing_may_not_return(result: Any, said: str) -> None:
    assert priced(result).startswith(said)


def test_a_reservation_price_is_above_zero_where_the_market_is_an_ordinary_one() -> None:
    assert priced((-1.0, 0.1, 0.1)) == ""
    assert priced((-1.0, 0.1, 0.1), ordinary=True) == "reservation price -1.0 at a mid of 100.0"


def laddered(levels: int, offsets: Any = (0, 1, 2), quantity: Any = 1.0) -> str:
    """Returns what is said of a ladder."""
    rule = mmkit.Ladder("told", params=Gap, most=lambda params: 3, levels=lambda *given: None)
    wanted = quotes_class(4)()
    wanted.levels = levels
    wanted.offset_ticks[:3], wanted.bid_qty[:3], wanted.ask_qty[:3] = offsets, [quantity] * 3, [1.0] * 3
    return sane.ladder(rule, False)("levels", {"ladder": wanted, "params": None}, None, None)  # type: ignore[arg-type]


def test_a_ladder_goes_outwards_within_its_room() -> None:
    assert laddered(3) == laddered(0) == laddered(3, (0, 0, 5)) == laddered(2, (0, 1, -9)) == ""
    assert laddered(4) == "4 levels, there is room for 3"
    assert laddered(3, (0, 2, 1)) == "offset of level 3 is 1, after 2"
    assert laddered(3, (-1, 2, 3)) == "offset of level 1 is -1, after 0"
    assert laddered(3, quantity=-1.0) == "bid quantity of level 1 is -1.0"


def limited(change: Any) -> str:
    """Returns what is said of a risk rule that changes a ladder of two levels."""
    wanted = quotes_class(4)()
    wanted.levels = 2
    for name in ("bid_lots", "ask_lots"):
        setattr(wanted, name, [5, 5, 0, 0])
    given = {"ladder": wanted}
    before = sane.Before(given)
    change(wanted)
    return sane.risk(None, False)("limit", given, None, before)  # type: ignore[arg-type]


def test_a_limit_only_lowers() -> None:
    assert limited(lambda wanted: wanted.bid_lots.__setitem__(0, 3)) == ""
    assert limited(lambda wanted: setattr(wanted, "levels", 0)) == ""
    assert limited(lambda wanted: wanted.bid_lots.__setitem__(1, 6)) == "bid_lots[1] is 6, 5 were proposed"
    assert limited(lambda wanted: wanted.ask_lots.__setitem__(0, -1)) == "ask_lots[0] is -1, 5 were proposed"
    assert limited(lambda wanted: setattr(wanted, "levels", 3)) == "3 levels of 2 that were proposed"
    assert "not those that were proposed" in limited(lambda wanted: wanted.bid_ticks.__setitem__(0, 9))


@pytest.mark.parametrize(
    ("level", "control", "said"),
    [
        (mmkit.HALT, {}, ""),
        (mmkit.HALT + 1, {}, "asks for the level 6"),
        (-1, {}, "asks for the level -1"),
        (0.0, {}, "asks for the level 0.0"),
        (0, {"widen": NAN}, "control.widen is nan"),
        (0, {"widen": 0.5}, "control.widen is 0.5"),
        (0, {"patience": 0}, "control.patience is 0"),
        (0, {"most_levels": -1}, "control.most_levels is -1"),
    ],
)
def test_what_a_rule_that_watches_may_ask_for(level: Any, control: Any, said: str) -> None:
    asked = SimpleNamespace(**{"widen": 1.0, "patience": 1, "most_levels": 64, **control})
    assert sane.watched(asked, level).startswith(said)
    assert bool(sane.watched(asked, level)) == bool(said)


def desk(*orders: Order) -> Any:
    """Returns a desk with these orders."""
    return SimpleNamespace(orders=orders, live=range(len(orders)), live_count=len(orders))


def order(side: int, tick: int, lots: int = 1, **more: Any) -> Order:
    """Returns an order that works."""
    return Order(
        **{"side": side, "tick": tick, "asked_tick": tick, "lots": lots, "asked_lots": lots, "state": 1, **more}
    )


@pytest.mark.parametrize(
    ("orders", "said"),
    [
        ((order(1, 99), order(-1, 100)), ""),
        ((order(1, 100), order(-1, 100)), "a bid at tick 100 meets our own ask at 100"),
        ((order(1, 100, request=CANCELLING), order(-1, 100)), ""),
        ((order(1, 100, kind=mmkit.MARKET), order(-1, 100)), ""),
        ((order(1, 99, 0),), "an order of 0 lots"),
        ((order(1, 99, asked_lots=0, request=AMENDING),), "an order of 0 lots"),
        ((order(1, 0),), "an order at tick 0"),
        ((order(1, 98, asked_tick=101, request=AMENDING), order(-1, 100)), "a bid at tick 101 meets"),
        ((order(2, 98),), "an order of side 2"),
    ],
)
def test_what_an_execution_may_send(orders: Any, said: str) -> None:
    assert sane.sent(desk(*orders)).startswith(said)
    assert bool(sane.sent(desk(*orders))) == bool(said)


def test_a_next_time_lies_ahead() -> None:
    look = sane.orders(None, False)  # type: ignore[arg-type]
    given = {"market": SimpleNamespace(now=5)}
    assert look("next_time", given, 6, None) == look("next_time", given, mmkit.NEVER, None) == ""  # type: ignore[arg-type]
    assert "not after now" in look("next_time", given, 5, None)  # type: ignore[arg-type]


def test_a_queue_is_a_number() -> None:
    look = sane.venue(None, False)  # type: ignore[arg-type]
    for name, front, right in (
        ("rest", 0.0, True),
        ("rest", -1.0, False),
        ("trade", -1.0, True),
        ("trade", NAN, False),
    ):
        assert (look(name, {"order": Order(front=front)}, None, None) == "") is right  # type: ignore[arg-type]
    for chance, right in ((0.0, True), (1.0, True), (1.1, False), (NAN, False)):
        assert (look("fill_probability", {}, chance, None) == "") is right  # type: ignore[arg-type]


def rows(*changes: dict[str, Any]) -> str:
    """Returns what is said of rows that differ from sound ones in these columns."""
    piece = np.array([(n, n + 1, 100, 1, BID, BOTH) for n in range(3)], EVENT)
    for change in changes:
        for name, value in change.items():
            piece[name][1] = value
    return sane.wrong_rows(piece)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"stream": BOTH | ADDED}, ""),
        ({"kind": 8}, "row 1 is of a kind that does not exist"),
        ({"stream": 0}, "row 1 is in no stream that exists"),
        ({"tick": 0}, "row 1 has a price that is not positive"),
        ({"lots": -1}, "row 1 has a negative quantity"),
    ],
)
def test_rows_that_a_market_may_hand_over(change: Any, said: str) -> None:
    assert said in rows(change)
    assert bool(rows(change)) == bool(said)


def worthless(params: Any, instrument: Any, rng: Any) -> Any:
    piece = markets.corner("one price").events.copy()
    piece["tick"][3] = 0
    yield piece


def test_a_market_with_a_price_of_nothing_is_caught() -> None:
    with pytest.raises(Failed, match="events: row 3 has a price that is not positive"):
        outputs.check(Subject(mmkit.Market("worthless", events=worthless)))


def negative(params: Any, instrument: Any, rng: Any) -> Any:
    yield np.array([100.0, 0.0])


def test_a_world_without_a_book_has_positive_mids() -> None:
    rule = mmkit.Market("falling", paths=negative, step=lambda params: 10**6)
    with pytest.raises(Failed, match="not a positive number"):
        outputs.check(Subject(rule))


def falling(params: Any, state: Any, market: Any) -> tuple[float, float, float]:
    """Below the mid by more than it is worth."""
    return market.mid * (1.0 - 2.0 * params.half_spread / params.half_spread), params.half_spread, params.half_spread


def divided(params: Any, state: Any, market: Any) -> None:
    """Divides by what is 0 at first."""
    state.value = params.weight / market.position


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (mmkit.Pricing("falling", params=Half, quote=falling), "quote: reservation price -100"),
        (signal("divided", divided, Value), "ZeroDivisionError"),
        (
            signal("constant", lambda params, state, market: setattr(state, "value", INF), Value),
            "on_clock: value is inf",
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_fault_is_told_with_its_function_and_a_small_market(rule: Any, said: str) -> None:
    with pytest.raises(Failed) as failed:
        outputs.check(Subject(rule))
    assert said in str(failed.value)
    assert "market: tick " in str(failed.value)
    assert str(failed.value).count("; +") < 8


def test_parameters_that_no_stack_takes_are_not_a_market_to_be_left_out() -> None:
    rule = mmkit.Risk("told", params=Share, limit=lambda params, state, market, ladder, desk: None)
    with pytest.raises(ConfigError, match="share"):
        outputs.check(Subject(rule, params={"share": 2.0}))


def test_random_markets_are_tried_beside_the_corners(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = outputs.check(Subject(mmkit.Sizing("sound", params=Size, sizes=plain_sizes)))
    monkeypatch.setattr(outputs, "EXAMPLES", 3)
    more = outputs.check(Subject(mmkit.Sizing("sound", params=Size, sizes=plain_sizes)))
    assert [int(note.removesuffix(" markets")) for note in (alone, more)] == [20, 23]


def test_a_rule_that_is_not_called_during_a_run_is_skipped() -> None:
    with pytest.raises(Skipped):
        outputs.check(Subject(mmkit.Hedging("none")))


def test_a_state_that_begins_with_a_number_is_not_ready_for_that() -> None:
    look = sane.signals(attrs.evolve(signal("told", None, Count)), False)
    for second, value in enumerate([0.0, *[NAN] * 9, 2.0]):
        given = {"state": Count(value), "market": SimpleNamespace(mid=100.0, now=second * 10**9)}
        assert look("on_clock", given, None, sane.Before(given)) == ""
