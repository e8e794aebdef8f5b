"""What the levels of risk do, from wider quotes to a halt, when rules are asked, and what the records say of it."""

from typing import Any

import pytest

import mmkit

POST = mmkit.POST_ONLY
LIMIT = mmkit.LIMIT

NORMAL, WIDEN, REDUCE_ONLY, NO_QUOTES, FLATTEN, HALT = range(6)

WATCH = '[risk.eye]\nuse = "watcher"\n'
OFTEN = 'watch_every = "100ns"'

BUY = ("buy", 99, 5, POST)


def levels(wanted: dict[int, int]) -> dict[str, Any]:
    """Returns the settings of a watcher that asks for levels from given times on, and is asked every 100 ns."""
    return {"rules": WATCH, "stack": OFTEN, "levels": {0: wanted}}


def fills(result: Any) -> list[tuple[Any, ...]]:
    """Returns the fills as venue time, side, price, quantity, maker and cause."""
    columns = ("exch_ts", "side", "price", "qty", "maker", "cause")
    return result.run.fills.select(columns).rows()  # type: ignore[no-any-return]


def test_widen_multiplies_both_half_spreads(market: Any, play: Any) -> None:
    script: Any = {1000: [], 2000: [], 3000: []}
    wide = levels({1500: WIDEN, 2500: NORMAL})
    result = play(market.until(5000), script, half_spread=1.5, widen=3.0, **wide)
    assert [result.quotes(time)[0] for time in (1000, 2000, 3000)] == [
        (98, 1, 102, 1),
        (95, 1, 105, 1),
        (98, 1, 102, 1),
    ]


def test_the_widest_of_those_that_widen_counts(market: Any, play: Any) -> None:
    rules = '[risk.a]\nuse = "watcher"\n[risk.b]\nuse = "watcher"\nwho = 1\n'
    wanted = {0: {0: WIDEN}, 1: {1500: WIDEN}}
    result = play(market.until(5000), {1000: [], 2000: []}, rules=rules, levels=wanted, widen=2.0)
    assert [result.quotes(time)[0][::2] for time in (1000, 2000)] == [(98, 102), (98, 102)]


def test_reduce_only_wants_nothing_when_flat(market: Any, play: Any) -> None:
    result = play(market.until(5000), {1000: []}, **levels({0: REDUCE_ONLY}))
    assert [(bid, ask) for _, bid, _, ask in result.quotes(1000)] == [(0, 0)]


@pytest.mark.parametrize(("deal", "expected"), [(("buy", 101, 3, LIMIT), (0, 3)), (("sell", 99, 3, LIMIT), (3, 0))])
def test_reduce_only_wants_no_more_than_the_position_on_the_side_that_reduces_it(
    market: Any, play: Any, deal: Any, expected: tuple[int, int]
) -> None:
    result = play(market.until(5000), {1000: [deal], 2000: []}, quantity=7.0, **levels({1500: REDUCE_ONLY}))
    assert [(bid, ask) for _, bid, _, ask in result.quotes(2000)] == [expected]


def test_reduce_only_counts_what_is_outstanding(market: Any, play: Any) -> None:
    # 5 held, 3 of them for sale at 103: 2 are left to quote.
    script = {1000: [("buy", 101, 5, LIMIT), ("sell", 103, 3, POST)], 2000: []}
    result = play(market.until(5000), script, quantity=7.0, **levels({1500: REDUCE_ONLY}))
    assert [(bid, ask) for _, bid, _, ask in result.quotes(2000)] == [(0, 2)]


@pytest.mark.parametrize(("lots", "kept"), [(5, True), (6, False)])
def test_reduce_only_does_not_want_an_order_that_could_turn_the_position(
    market: Any, play: Any, lots: int, kept: bool
) -> None:
    # 5 held; the order stands where the ladder has its ask.
    script = {1000: [("buy", 101, 5, LIMIT), ("sell", 102, lots, POST)], 2000: []}
    result = play(market.until(5000), script, quantity=7.0, half_spread=2.0, **levels({1500: REDUCE_ONLY}))
    [(_, bid, tick, ask)] = result.quotes(2000)
    assert (bid, tick, ask > 0) == (0, 102, kept)


def test_no_quotes_takes_back_what_is_acknowledged_now_and_later(market: Any, play: Any) -> None:
    # Order 2 is sent at 1490 and known to work at 1520, when the watcher is asked next at 1600.
    script = {1000: [BUY], 1490: [("sell", 101, 5, POST)], 1550: []}
    result = play(market.until(5000), script, **levels({1500: NO_QUOTES}))
    assert result.run.summary["orders"]["cancelled"] == 2
    times = [now for now, *_ in result.seen]
    assert times == [1000, 1490]
    assert result.fills == []


def test_no_quotes_means_no_decision_of_the_execution_until_it_is_over(market: Any, play: Any) -> None:
    script: Any = {time: [] for time in range(1000, 2001, 100)}
    result = play(market.until(5000), script, **levels({1200: NO_QUOTES, 1700: NORMAL}))
    assert [now for now, *_ in result.seen] == [1000, 1100, *range(1700, 2001, 100)]


def test_a_cancel_that_was_under_way_is_not_sent_again(market: Any, play: Any) -> None:
    script = {1000: [BUY], 1480: [("cancel", 1)]}
    result = play(market.until(5000), script, entry=300, **levels({1500: NO_QUOTES}))
    assert result.run.summary["orders"]["cancelled"] == 1


def test_flatten_rests_at_our_best_then_crosses_then_takes_any_price(empty_market: Any, play: Any) -> None:
    # 30 held, known at 1030: looks are at 1130, 1230 and so on. From 2030 on a post-only ask at 101; known to rest at 2060, it is
    # taken back at 2330 (its patience is over), which is known at 2360; the look of 2430 sells 30 at 99 or better: 10 execute,
    # known at 2460; the rest is taken back at 2760; the look of 2860 takes any price: 4 at 97 and 16 at 90.
    empty_market.book(0, {99: 10, 97: 4, 90: 90}, {101: 50}).until(5000)
    script = {1000: [("buy", 101, 30, LIMIT)]}
    result = play(empty_market, script, patience=250, **levels({2000: FLATTEN}))
    assert fills(result) == [
        (1010, 1, 101.0, 30.0, False, "quote"),
        (2440, -1, 99.0, 10.0, False, "flatten"),
        (2870, -1, 97.0, 4.0, False, "flatten"),
        (2870, -1, 90.0, 16.0, False, "flatten"),
    ]
    assert result.run.summary["position"] == {"X": 0.0}
    assert result.orders == {"submitted": 4, "cancelled": 2, "rejected": 0, "expired": 0, "amended": 0}


def test_flatten_that_executes_at_our_best_goes_no_further(market: Any, play: Any) -> None:
    market.bought(2100, 102, 50).until(5000)
    result = play(market, {1000: [("buy", 101, 8, LIMIT)]}, patience=10_000, **levels({2000: FLATTEN}))
    assert fills(result)[1:] == [(2100, -1, 101.0, 8.0, True, "flatten")]
    assert result.orders["submitted"] == 2


def test_flatten_closes_a_short_position_too(market: Any, play: Any) -> None:
    market.sold(2100, 98, 50).until(5000)
    result = play(market, {1000: [("sell", 99, 8, LIMIT)]}, patience=10_000, **levels({2000: FLATTEN}))
    assert fills(result)[1:] == [(2100, 1, 99.0, 8.0, True, "flatten")]


def test_flatten_takes_quotes_back_first_and_never_turns_the_position(market: Any, play: Any) -> None:
    # The ask of 4 executes before its cancel arrives: the closing order is for 8 and finds 4.
    market.bought(2005, 102, 50).bought(2100, 103, 50).until(5000)
    script = {1000: [("buy", 101, 8, LIMIT), ("sell", 102, 4, POST)]}
    result = play(market, script, patience=10_000, **levels({2000: FLATTEN}))
    assert [each[1:4] for each in fills(result)] == [(1, 101.0, 8.0), (-1, 102.0, 4.0), (-1, 101.0, 4.0)]
    assert result.run.summary["position"] == {"X": 0.0}


def test_flatten_begins_gently_again_after_a_break(market: Any, play: Any) -> None:
    # It ends while the first closing order rests; when it comes again the next one rests too.
    script = {1000: [("buy", 101, 8, LIMIT)]}
    wanted = {2000: FLATTEN, 2200: NO_QUOTES, 3000: FLATTEN}
    result = play(market.bought(3200, 102, 50).until(5000), script, patience=10_000, **levels(wanted))
    assert fills(result)[1:] == [(3200, -1, 101.0, 8.0, True, "flatten")]


def test_flatten_without_a_position_sends_nothing(market: Any, play: Any) -> None:
    result = play(market.until(5000), {1000: []}, **levels({500: FLATTEN}))
    assert result.orders["submitted"] == 0


def test_flatten_waits_where_nobody_is_there_to_trade_with(empty_market: Any, play: Any) -> None:
    empty_market.book(0, {99: 10}, {101: 50}).bid(1500, 99, 0).bid(4000, 98, 20).until(6000)
    result = play(empty_market, {1000: [("buy", 101, 8, LIMIT)]}, **levels({2000: FLATTEN}))
    assert {each[0] > 4000 for each in fills(result)[1:]} == {True}
    assert result.run.summary["position"] == {"X": 0.0}


def test_a_halt_takes_all_back_closes_nothing_and_lets_nothing_through(market: Any, play: Any) -> None:
    script = {1000: [("buy", 101, 8, LIMIT), BUY], 2500: [BUY], 4000: [BUY]}
    result = play(market.until(6000), script, **levels({2000: HALT}))
    assert result.run.summary["position"] == {"X": 8.0}
    assert result.orders["submitted"] == 2
    assert result.orders["cancelled"] == 1
    assert [now for now, *_ in result.seen] == [1000]


def test_a_halt_takes_closing_orders_back_too(market: Any, play: Any) -> None:
    market.bought(3000, 102, 50).until(5000)
    script = {1000: [("buy", 101, 8, LIMIT)]}
    result = play(market, script, patience=10_000, **levels({2000: FLATTEN, 2500: HALT}))
    assert len(result.fills) == 1
    assert result.orders["cancelled"] == 1


def test_rules_are_asked_at_decisions_fills_and_at_least_every_interval(market: Any, play: Any) -> None:
    # Every 1000 ns after the last look; a decision at 1700, the fill of 1710 known at 1730.
    script = {700: [], 1700: [("buy", 101, 8, LIMIT)]}
    result = play(market.until(4500), script, rules=WATCH, stack='watch_every = "1us"')
    # The session begins with the first event, at 0; its end is looked at too.
    assert [now for now, *_ in result.watched] == [700, 1700, 1730, 2730, 3730, 4600]


def test_the_highest_level_counts_and_names_its_rule(market: Any, play: Any) -> None:
    rules = '[risk.a]\nuse = "watcher"\n[risk.b]\nuse = "watcher"\nwho = 1\n'
    wanted = {0: {1000: REDUCE_ONLY, 4000: NORMAL}, 1: {2000: HALT, 3000: WIDEN}}
    result = play(market.until(5500), {}, rules=rules, levels=wanted, stack=OFTEN, record_every="1us", half_spread=1.0)
    rows = result.run.records.select("time", "risk_level", "risk_reason", "recovery_step").rows()
    assert rows[:5] == [
        (1000, REDUCE_ONLY, "risk.a", 0),
        (2000, HALT, "risk.b", 0),
        (3000, REDUCE_ONLY, "risk.a", 0),
        (4000, WIDEN, "risk.b", 0),
        (5000, WIDEN, "risk.b", 0),
    ]


def test_at_equal_levels_the_rule_declared_first_is_the_reason(market: Any, play: Any) -> None:
    rules = '[risk.a]\nuse = "watcher"\nwho = 1\n[risk.b]\nuse = "watcher"\nwho = 0\n'
    wanted = {0: {0: NO_QUOTES}, 1: {0: NO_QUOTES}}
    result = play(market.until(2500), {}, rules=rules, levels=wanted, stack=OFTEN, record_every="1us")
    assert result.run.records["risk_reason"].unique().to_list() == ["risk.a"]


def test_every_change_of_level_is_a_line_of_the_log(market: Any, play: Any) -> None:
    script = {1000: [("buy", 101, 8, LIMIT)]}
    result = play(market.until(5000), script, **levels({500: WIDEN, 2000: REDUCE_ONLY, 3000: NORMAL, 4000: HALT}))
    assert [line for line in result.run.log if " risk " in line] == [
        "1970-01-01T00:00:00.000000500Z risk widen by risk.eye, position +0",
        "1970-01-01T00:00:00.000002030Z risk reduce-only by risk.eye, position +8",
        "1970-01-01T00:00:00.000003030Z risk normal, position +8",
        "1970-01-01T00:00:00.000004030Z risk halt by risk.eye, position +8",
    ]


def test_a_rule_whose_input_is_missing_fails_closed(market: Any, play: Any) -> None:
    # The mid of Y is known from 2100 on: until then what the rule cannot judge lets no quote out.
    other = type(market)().book(2000, {199: 40}, {201: 40}).until(5000)
    rules = '[risk.eye]\nuse = "judge"\ninputs = { fair = "Y.mid" }\n'
    script = {1000: [BUY], 1500: [BUY], 2500: [BUY]}
    result = play(market.until(5000), script, others={"Y": {"market": other}}, rules=rules, record_every="1us")
    assert [now for now, *_ in result.seen] == [2500]
    levels = result.run.records.select("time", "risk_level", "risk_reason").rows()
    assert levels[0] == (1000, NO_QUOTES, "risk.eye")
    assert levels[2] == (3000, NORMAL, "")


def test_own_orders_of_a_flattened_position_are_cancelled_while_the_closing_one_rests(market: Any, play: Any) -> None:
    script = {1000: [("buy", 101, 8, LIMIT), BUY]}
    result = play(market.sold(2500, 98, 90).until(5000), script, patience=10_000, **levels({2000: FLATTEN}))
    assert [each[:4] for each in fills(result)] == [(1010, 1, 101.0, 8.0)]
