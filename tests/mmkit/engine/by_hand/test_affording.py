"""What an account can afford: a spot account never owes coins or cash, margin bounds a derivative's, and venues have least orders."""

import sys
from typing import Any

import pytest

import mmkit
from mmkit.cli import main
from mmkit.errors import VenueError

POST = mmkit.POST_ONLY
LIMIT = mmkit.LIMIT
MARKET = mmkit.MARKET

SPOT = 'kind = "spot"\nbase_currency = "BTC"\nquote_currency = "USD"\n'


def spot(coins: float, cash: float, more: str = "") -> str:
    """Returns the keys of a spot instrument with what the account starts with."""
    return f"{SPOT}balances = {{ BTC = {coins}, USD = {cash} }}\n{more}"


def wanted(result: Any, time: int) -> list[tuple[int, int]]:
    """Returns the lots of bids and asks that a decision wanted, after everything was cut."""
    return [(bid, ask) for _, bid, _, ask in result.quotes(time)]


@pytest.mark.parametrize(("lots", "fills"), [(4, 1), (5, 0)])
def test_a_venue_refuses_to_sell_coins_that_are_not_owned(market: Any, play: Any, lots: int, fills: int) -> None:
    result = play(market.until(5000), {1000: [("sell", 99, lots, LIMIT)]}, account=spot(4, 0))
    assert (len(result.fills), result.orders["rejected"]) == (fills, 1 - fills)


def test_coins_in_a_resting_order_are_not_for_sale_twice(market: Any, play: Any) -> None:
    script = {1000: [("sell", 101, 3, POST)], 2000: [("sell", 102, 2, POST), ("sell", 102, 1, POST)]}
    result = play(market.until(5000), script, account=spot(4, 0))
    assert result.orders["rejected"] == 1


def test_coins_bought_can_be_sold_again(market: Any, play: Any) -> None:
    script = {1000: [("buy", 101, 3, LIMIT)], 2000: [("sell", 99, 3, LIMIT)], 3000: [("sell", 99, 1, LIMIT)]}
    result = play(market.until(5000), script, account=spot(0, 1000))
    assert [fill[2:5] for fill in result.fills] == [(1, 101, 3), (-1, 99, 3)]
    assert result.orders["rejected"] == 1


@pytest.mark.parametrize(("cash", "fills"), [(404, 1), (403.9, 0)])
def test_a_venue_refuses_to_buy_without_the_cash(market: Any, play: Any, cash: float, fills: int) -> None:
    result = play(market.until(5000), {1000: [("buy", 101, 4, LIMIT)]}, account=spot(0, cash))
    assert (len(result.fills), result.orders["rejected"]) == (fills, 1 - fills)


@pytest.mark.parametrize(("cash", "fills"), [(408.1, 1), (408.0, 0)])
def test_the_fee_has_to_be_paid_too(market: Any, play: Any, cash: float, fills: int) -> None:
    # 4 * 101 * 1.01 = 408.04
    account = spot(0, cash, "taker_fee = 0.01")
    result = play(market.until(5000), {1000: [("buy", 101, 4, LIMIT)]}, account=account)
    assert len(result.fills) == fills


def test_cash_in_a_resting_order_is_not_spent_twice(market: Any, play: Any) -> None:
    # 3 * 98 rest; of 500 there are 206 left: 2 * 99 = 198 can be paid, 3 * 99 cannot.
    script = {1000: [("buy", 98, 3, POST)], 2000: [("buy", 99, 3, POST)], 3000: [("buy", 99, 2, POST)]}
    result = play(market.until(5000), script, account=spot(0, 500))
    assert result.orders["rejected"] == 1


@pytest.mark.parametrize(("side", "tick", "total", "stands"), [("sell", 102, 4, True), ("sell", 102, 5, False)])
def test_an_amendment_is_refused_like_a_new_order(
    market: Any, play: Any, side: str, tick: int, total: int, stands: bool
) -> None:
    market.bought(4000, 103, 90).until(5000)
    script = {1000: [(side, tick, 2, POST)], 2000: [("amend", 1, tick, total)]}
    result = play(market, script, account=spot(4, 0))
    assert result.run.summary["position"] == {"X": -4.0 if stands else -2.0}
    assert result.orders["amended"] == int(stands)


@pytest.mark.parametrize(("total", "tick", "amended"), [(5, 98, 1), (5, 99, 1), (6, 98, 0), (5, 100, 0)])
def test_an_amendment_may_use_the_cash_of_what_it_replaces(
    market: Any, play: Any, total: int, tick: int, amended: int
) -> None:
    # 495 pay 5 at 99 and not 5 at 100.
    script = {1000: [("buy", 98, 4, POST)], 2000: [("amend", 1, tick, total)]}
    result = play(market.until(5000), script, account=spot(0, 495))
    assert result.orders["amended"] == amended


@pytest.mark.parametrize(
    ("coins", "cash", "expected"), [(10, 10_000, (7, 7)), (2, 10_000, (7, 2)), (0, 10_000, (7, 0)), (10, 300, (3, 7))]
)
def test_the_ladder_is_cut_to_coins_and_cash(
    market: Any, play: Any, coins: float, cash: float, expected: tuple[int, int]
) -> None:
    result = play(market.until(5000), {1000: []}, quantity=7.0, account=spot(coins, cash))
    assert wanted(result, 1000) == [expected]


def test_what_is_outstanding_is_spent_already(market: Any, play: Any) -> None:
    # 5 coins, 3 of them for sale; 500 of cash, 2 * 97 in an order: 306 pay 3 at 99.
    script = {1000: [("sell", 103, 3, POST), ("buy", 97, 2, POST)], 1001: [], 2000: []}
    result = play(market.until(5000), script, quantity=7.0, account=spot(5, 500))
    assert [wanted(result, time) for time in (1001, 2000)] == [[(3, 2)], [(3, 2)]]


def test_an_amendment_under_way_is_spent_at_its_largest(market: Any, play: Any) -> None:
    script = {1000: [("sell", 103, 3, POST), ("buy", 97, 2, POST)], 2000: [("amend", 1, 103, 4), ("amend", 2, 97, 3)]}
    result = play(market.until(5000), {**script, 2001: []}, quantity=7.0, account=spot(5, 500))
    # 500 - 3 * 97 = 209 pay 2 at 99.
    assert wanted(result, 2001) == [(2, 1)]


@pytest.mark.parametrize(
    ("account", "quantity", "expected"),
    [
        ("min_quantity = 4.0", 3.0, (0, 0)),
        ("min_quantity = 4.0", 4.0, (4, 4)),
        ("min_notional = 400.0", 4.0, (0, 4)),
        ("min_notional = 404.5", 4.0, (0, 0)),
        ("min_notional = 396.0", 4.0, (4, 4)),
    ],
)
def test_what_is_too_small_is_not_wanted(
    market: Any, play: Any, account: str, quantity: float, expected: tuple[int, int]
) -> None:
    result = play(market.until(5000), {1000: []}, quantity=quantity, account=account)
    assert wanted(result, 1000) == [expected]


@pytest.mark.parametrize(
    ("order", "account", "refused"),
    [
        (("buy", 99, 3, POST), "min_quantity = 4.0", 1),
        (("buy", 99, 4, POST), "min_quantity = 4.0", 0),
        (("buy", 99, 4, POST), "min_notional = 397.0", 1),
        (("buy", 99, 4, POST), "min_notional = 396.0", 0),
        (("buy", 0, 4, MARKET), "min_notional = 404.0", 0),
        (("buy", 0, 4, MARKET), "min_notional = 405.0", 1),
        (("buy", 0, 3, MARKET), "min_quantity = 4.0", 1),
    ],
)
def test_the_venue_refuses_what_is_too_small(market: Any, play: Any, order: Any, account: str, refused: int) -> None:
    assert play(market.until(5000), {1000: [order]}, account=account).orders["rejected"] == refused


def test_a_closing_order_may_be_small(market: Any, play: Any) -> None:
    # 3 of 5 are sold; the 2 that are left are below the least quantity and closed all the same.
    script = {1000: [("buy", 101, 5, LIMIT)], 1500: [("sell", 99, 3, LIMIT)]}
    result = play(
        market.bought(2500, 102, 50).until(5000),
        script,
        account="min_quantity = 3.0",
        rules='[risk.eye]\nuse = "watcher"\n',
        stack='watch_every = "100ns"',
        levels={0: {2000: 4}},
        patience=10_000,
    )
    assert result.run.summary["position"] == {"X": 0.0}


PERPETUAL = 'base_currency = "BTC"\nquote_currency = "USD"\nbalances = {{ USD = {} }}\ninitial_margin = 0.1\n'


@pytest.mark.parametrize(("cash", "fills"), [(41, 1), (39, 0)])
def test_initial_margin_bounds_what_is_opened(market: Any, play: Any, cash: float, fills: int) -> None:
    # 4 at a mid of 100 need 40.
    result = play(market.until(5000), {1000: [("buy", 101, 4, LIMIT)]}, account=PERPETUAL.format(cash))
    assert (len(result.fills), result.orders["rejected"]) == (fills, 1 - fills)


def test_resting_orders_count_towards_the_margin(market: Any, play: Any) -> None:
    script = {1000: [("buy", 99, 3, POST)], 2000: [("buy", 98, 2, POST), ("buy", 98, 1, POST)]}
    assert play(market.until(5000), script, account=PERPETUAL.format(45)).orders["rejected"] == 1


def test_closing_needs_no_margin(market: Any, play: Any) -> None:
    # The mid falls to 95: 4 bought at 101 have lost 24 of the 42; 18 do not carry a position of 38 any more.
    market.book(2000, {94: 50}, {96: 50}).until(5000)
    script = {1000: [("buy", 101, 4, LIMIT)], 3000: [("buy", 96, 1, LIMIT)], 3500: [("sell", 94, 4, LIMIT)]}
    result = play(market, script, account=PERPETUAL.format(42))
    assert [fill[2:5] for fill in result.fills] == [(1, 101, 4), (-1, 94, 4)]
    assert result.orders["rejected"] == 1


LIQUIDATED = "the account's equity is below the maintenance margin: the venue liquidates the position"


@pytest.mark.parametrize("rules", ["", '[risk.eye]\nuse = "watcher"\n'])
def test_below_the_maintenance_margin_the_run_ends_and_keeps_its_results(market: Any, play: Any, rules: str) -> None:
    # 4 bought at 101 with 42; at a mid of 93 the equity is 10, the margin 0.05 * 372 = 18.6.
    market.book(2000, {92: 50}, {94: 50}).bought(4000, 94, 1).until(5000)
    account = PERPETUAL.format(42) + "maintenance_margin = 0.05\n"
    script: Any = {1000: [("buy", 101, 4, LIMIT)], 1900: [], 2500: [], 4500: []}
    result = play(market, script, account=account, rules=rules, fails=True)
    assert isinstance(result.run.error, VenueError)
    assert str(result.run.error) == f"instruments.X: {LIQUIDATED} at 2500 ns, decision 2"
    assert len(result.fills) == 1
    assert result.run.summary["position"] == {"X": 4.0}


def test_above_it_the_run_goes_on(market: Any, play: Any) -> None:
    # At a mid of 95 the equity is 18, the margin 0.04 * 380 = 15.2.
    market.book(2000, {94: 50}, {96: 50}).until(5000)
    account = PERPETUAL.format(42) + "maintenance_margin = 0.04\n"
    result = play(market, {1000: [("buy", 101, 4, LIMIT)], 4500: []}, account=account)
    assert result.at(4500)[0] == 4


def test_a_coin_margined_short_is_liquidated_when_the_price_rises(market: Any, play: Any) -> None:
    # 10 contracts of 100 sold at 99 with 2 coins: at a mid of 130 the loss is 1000 (1/99 - 1/130) = 2.4 coins.
    market.book(2000, {129: 50}, {131: 50}).until(5000)
    account = (
        'kind = "inverse"\ncontract_size = 100.0\nbase_currency = "BTC"\nbalances = { BTC = 2.0 }\n'
        "maintenance_margin = 0.01\n"
    )
    result = play(market, {1000: [("sell", 99, 10, LIMIT)], 2050: [], 3000: []}, account=account, fails=True)
    assert LIQUIDATED in str(result.run.error)


def test_liquidation_is_exit_5_and_one_line(
    market: Any, play: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    market.book(2000, {92: 50}, {94: 50}).until(5000)
    account = PERPETUAL.format(42) + "maintenance_margin = 0.05\n"
    script: Any = {1000: [("buy", 101, 4, LIMIT)], 2500: []}
    stack = play(market, script, account=account, fails=True).run.stack.file
    folder = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["mmkit", "run", str(stack), "--engine", "python", "--out", str(folder)])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 5
    assert capsys.readouterr().err.splitlines()[-1] == f"instruments.X: {LIQUIDATED} at 2500 ns, decision 1"
    assert (folder / "fills.parquet").is_file()
