"""A spot account pays for what it buys, or does not buy it: also for an order that sweeps the book, and for one that only reduces."""

from typing import Any

import pytest

import mmkit

ACCOUNT = """kind = "spot"
maker_fee = {maker_fee}
base_currency = "C"
quote_currency = "Q"
[instruments.X.balances]
C = {coins}
Q = {cash}
"""


def test_a_market_order_stops_where_the_cash_ends(market: Any, play: Any) -> None:
    # 12 lots at the best price would cost 1212. 10 of them do cost 1010, and the 203 that are left pay for one at 102; the rest lapses.
    market.until(5000)
    result = play(
        market,
        {1000: [("buy", 0, 12, mmkit.MARKET)], 1100: []},
        account=ACCOUNT.format(maker_fee=0.0, coins=0, cash=1213),
    )
    assert [(fill[3], fill[4]) for fill in result.fills] == [(101, 10), (102, 1)]
    assert result.orders["expired"] == 1


def test_an_order_that_only_reduces_is_paid_too(market: Any, play: Any) -> None:
    market.ask(1500, 101, 0).ask(1500, 102, 0).ask(1500, 110, 20).until(5000)
    script = {1000: [("sell", 0, 1, mmkit.MARKET)], 2000: [("reduce-buy", 110, 1, mmkit.LIMIT)], 2100: []}
    result = play(market, script, account=ACCOUNT.format(maker_fee=0.0, coins=1, cash=0))
    assert [(fill[2], fill[3], fill[4]) for fill in result.fills] == [(-1, 99, 1)]
    assert result.orders["rejected"] == 1


@pytest.mark.parametrize(("cash", "bought"), [(995, 10), (994, 0)])
def test_a_resting_order_is_paid_with_its_own_fee(market: Any, play: Any, cash: int, bought: int) -> None:
    # 10 lots at 99 cost 990 and a fee of 4.95.
    market.sold(2000, 98, 100).until(5000)
    account = ACCOUNT.format(maker_fee=0.005, coins=0, cash=cash)
    result = play(market, {1000: [("buy", 99, 10, mmkit.POST_ONLY)]}, account=account)
    assert sum(fill[4] for fill in result.fills) == bought
