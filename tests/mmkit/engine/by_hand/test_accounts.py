"""The account over real fills: cost, profit, fees and round trips of sequences that can be worked out on paper."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import mmkit

LIMIT = mmkit.LIMIT
POST = mmkit.POST_ONLY

WATCH = '[risk.eye]\nuse = "watcher"\n'

Deal = tuple[str, int, int]
"""Side, lots, price."""


@pytest.fixture
def deal(empty_market: Any, play: Any) -> Callable[..., Any]:
    """Returns a function that takes from the book at given prices, 1000 ns apart, then moves it around a mark."""

    def run(deals: Sequence[Deal], mark: int, cost: str = "average", account: str = "", **settings: Any) -> Any:
        script = {}
        for number, (side, lots, price) in enumerate(deals):
            at = 1000 * number
            bid, ask = (price - 2, price) if side == "buy" else (price, price + 2)
            empty_market.book(at, {bid: 100}, {ask: 100})
            script[at + 500] = [(side, price, lots, LIMIT)]
        at = 1000 * len(deals)
        empty_market.book(at, {mark - 1: 100}, {mark + 1: 100}).until(at + 900)
        stack = f'watch_every = "50ns"\ncost = "{cost}"'
        return play(empty_market, script, stack=stack, account=account, rules=WATCH, record_every="100ns", **settings)

    return run


@pytest.mark.parametrize("cost", ["average", "fifo"])
def test_a_round_trip_earns_the_difference_and_leaves_nothing(deal: Any, cost: str) -> None:
    result = deal([("buy", 1, 100), ("sell", 1, 110)], 120, cost)
    account = result.account(9999)
    assert (account["realised"], account["unrealised"], account["equity"]) == (10.0, 0.0, 10.0)
    assert math.isnan(account["entry"])
    assert (account["trips"], account["last_trip"], account["losses"], account["opened"]) == (1, 10.0, 0, 0)


@pytest.mark.parametrize(("cost", "realised", "entry"), [("average", 15.0, 95.0), ("fifo", 10.0, 90.0)])
def test_what_is_closed_cost_the_average_or_the_oldest(deal: Any, cost: str, realised: float, entry: float) -> None:
    result = deal([("buy", 1, 100), ("buy", 1, 90), ("sell", 1, 110)], 110, cost)
    account = result.account(9999)
    assert (account["realised"], account["entry"]) == (realised, entry)
    assert account["realised"] + account["unrealised"] == 30.0
    assert account["trips"] == 0


@pytest.mark.parametrize("cost", ["average", "fifo"])
def test_a_turn_closes_one_position_and_opens_the_other(deal: Any, cost: str) -> None:
    result = deal([("buy", 1, 100), ("sell", 3, 110)], 110, cost)
    account = result.account(9999)
    assert (account["realised"], account["entry"], account["unrealised"]) == (10.0, 110.0, 0.0)
    # The fill at the venue at 1510 is known at 1530.
    assert (account["trips"], account["opened"]) == (1, 1530)
    assert result.run.summary["position"] == {"X": -2.0}


def test_before_a_turn_the_mark_counts_and_after_it_no_more(deal: Any) -> None:
    result = deal([("buy", 1, 100), ("sell", 3, 118)], 110)
    # At 1100 the book of the second deal is known: 118 120, mid 119.
    assert result.account(1499)["unrealised"] == 19.0
    account = result.account(9999)
    assert (account["realised"], account["unrealised"]) == (18.0, 16.0)


def test_fees_of_a_turn_are_shared_by_what_each_part_trades(deal: Any) -> None:
    result = deal([("buy", 1, 100), ("sell", 3, 110), ("buy", 2, 104)], 104, account="taker_fee = 0.01")
    # First trip: 10 - 1 - 1.1; second: 2 * 6 - 2.2 - 2.08.
    assert result.account(1999)["last_trip"] == pytest.approx(7.9)
    account = result.account(9999)
    assert account["last_trip"] == pytest.approx(12 - 2.2 - 2.08)
    assert account["fees"] == pytest.approx(1 + 3.3 + 2.08)
    assert result.run.summary["fees"] == pytest.approx(account["fees"])


def test_a_maker_pays_or_receives_its_own_rate(market: Any, play: Any) -> None:
    market.sold(2000, 99, 12).until(5000)
    script = {1000: [("buy", 99, 2, POST)], 3000: [("sell", 99, 2, LIMIT)]}
    result = play(market, script, rules=WATCH, account="maker_fee = -0.01\ntaker_fee = 0.02")
    assert result.account(2020)["fees"] == pytest.approx(-1.98)
    account = result.account(9999)
    assert account["fees"] == pytest.approx(-1.98 + 3.96)
    assert account["last_trip"] == pytest.approx(-1.98)
    assert account["losses"] == 1


def test_nothing_counts_before_it_is_known(market: Any, play: Any) -> None:
    market.sold(2000, 99, 12).until(5000)
    result = play(market, {1000: [("buy", 99, 2, POST)]}, rules=WATCH, stack='watch_every = "1ns"', response=700)
    assert [bool(account["opened"]) for now, _, account in result.watched if now in (2699, 2700)] == [False, True]


@pytest.mark.parametrize("cost", ["average", "fifo"])
def test_it_agrees_with_the_records(deal: Any, cost: str) -> None:
    deals = [("buy", 3, 100), ("buy", 2, 90), ("sell", 4, 97), ("sell", 6, 105), ("buy", 1, 101)]
    result = deal(deals, 95, cost, account="taker_fee = 0.003")
    assert result.account(9999)["equity"] == pytest.approx(result.run.records["equity"][-1])
    assert result.run.records["equity"][-1] == pytest.approx(result.run.summary["equity"])
    money = sum((-1 if side == "buy" else 1) * lots * price for side, lots, price in deals)
    fees = 0.003 * sum(lots * price for _, lots, price in deals)
    assert result.run.summary["equity"] == pytest.approx(money - fees - 4 * 95)


INVERSE = 'kind = "inverse"\ncontract_size = 10.0\ntaker_fee = 0.001'


def test_an_inverse_contract_earns_coin_by_the_reciprocal_price(deal: Any) -> None:
    result = deal([("buy", 4, 100)], 125, account=INVERSE)
    account = result.account(9999)
    assert account["entry"] == pytest.approx(100.0)
    assert account["unrealised"] == pytest.approx(4 * 10 * (1 / 100 - 1 / 125))
    assert account["fees"] == pytest.approx(0.001 * 4 * 10 / 100)
    assert result.run.summary["position"] == {"X": 4.0}


def test_the_average_entry_of_an_inverse_contract_is_harmonic(deal: Any) -> None:
    result = deal([("buy", 3, 100), ("buy", 1, 200), ("sell", 2, 150)], 150, account=INVERSE)
    entry = 4 / (3 / 100 + 1 / 200)
    account = result.account(9999)
    assert account["entry"] == pytest.approx(entry)
    assert account["realised"] == pytest.approx(2 * 10 * (1 / entry - 1 / 150))
    assert account["unrealised"] == pytest.approx(2 * 10 * (1 / entry - 1 / 150))


def test_a_short_inverse_contract_earns_when_the_price_falls(deal: Any) -> None:
    result = deal([("sell", 4, 100), ("buy", 6, 80)], 160, "fifo", account=INVERSE)
    account = result.account(9999)
    assert account["realised"] == pytest.approx(4 * 10 * (1 / 80 - 1 / 100))
    assert account["unrealised"] == pytest.approx(2 * 10 * (1 / 80 - 1 / 160))
    assert account["last_trip"] == pytest.approx(4 * 10 * (1 / 80 - 1 / 100) - 0.001 * 40 * (1 / 80 + 1 / 100))


@pytest.mark.parametrize("cost", ["average", "fifo"])
def test_the_coin_of_an_inverse_contract_adds_up_in_the_records(deal: Any, cost: str) -> None:
    deals = [("buy", 3, 100), ("buy", 2, 90), ("sell", 4, 97), ("sell", 6, 105)]
    result = deal(deals, 95, cost, account=INVERSE)
    # A contract bought is 10 / price coins got, and paid back at the mark.
    coin = sum((1 if side == "buy" else -1) * lots * 10 / price for side, lots, price in deals)
    fees = 0.001 * sum(lots * 10 / price for _, lots, price in deals)
    row = result.run.records.row(-1, named=True)
    assert row["cash"] == pytest.approx(coin - fees, rel=1e-12)
    assert row["equity"] == pytest.approx(coin - fees + 5 * 10 / 95, rel=1e-12)
    assert result.account(9999)["equity"] == pytest.approx(row["equity"], rel=1e-9)
    assert result.run.summary["equity"] == pytest.approx(row["equity"], rel=1e-12)


def test_a_linear_contract_is_so_much_of_the_base(deal: Any) -> None:
    result = deal([("buy", 3, 100), ("sell", 1, 110)], 120, account="contract_size = 0.01\ntaker_fee = 0.1")
    account = result.account(9999)
    assert account["realised"] == pytest.approx(0.1)
    assert account["unrealised"] == pytest.approx(2 * 0.01 * 20)
    assert account["fees"] == pytest.approx(0.1 * 0.01 * (300 + 110))
    assert result.run.summary["position"] == {"X": pytest.approx(0.02)}
    assert result.run.summary["equity"] == pytest.approx(account["equity"])


@pytest.mark.parametrize(("skew", "expected"), [(0.0, (119, 121)), (2.5, (118, 120))])
def test_rules_see_the_position_of_an_inverse_contract_in_its_coin(
    empty_market: Any, play: Any, skew: float, expected: tuple[int, int]
) -> None:
    # 4 contracts of 12 are 48 of quote currency: 0.4 coins at a mid of 120, which shift quotes by 0.4 * 2.5.
    empty_market.book(0, {98: 100}, {100: 100}).book(1000, {119: 50}, {121: 50}).until(3000)
    account = 'kind = "inverse"\ncontract_size = 12.0'
    script: Any = {500: [("buy", 100, 4, LIMIT)], 2000: []}
    result = play(empty_market, script, account=account, quantity=1.0, half_spread=f"1.0\nskew = {skew}")
    assert result.at(2000)[0] == 4
    assert result.quotes(2000)[0][::2] == expected
