"""The swinging market: the kit's checks, and what its events have to be."""

import itertools
from types import SimpleNamespace
from typing import Any

import mmkit
import numpy as np
import pytest
from mmkit.testing import RuleTests

from mmkit.scaffold.rules import market

INSTRUMENT = SimpleNamespace(tick_size=0.01, lot_size=0.001)


class TestRule(RuleTests):
    """Everything that a rule of this role has to keep to."""

    rule = market.mmkit_market()


def events(**changed: Any) -> Any:
    """Returns all events of a market as one array."""
    params = market.Params(duration=mmkit.duration("60s"), **changed)
    return np.concatenate(list(market.events(params, INSTRUMENT, np.random.default_rng(1))))


def test_the_mid_swings_once_a_period_by_its_amplitude() -> None:
    quiet = events(trade_rate=0.0, amplitude=0.5)
    book: dict[int, set[int]] = {mmkit.BID: set(), mmkit.ASK: set()}
    mids: dict[int, float] = {}
    for time, rows in itertools.groupby(quiet.tolist(), key=lambda row: row[0]):
        for _, _, tick, lots, kind, _ in rows:
            if kind in book:
                book[kind].discard(tick)
                book[kind] |= {tick} if lots else set()
        assert max(book[mmkit.BID]) < min(book[mmkit.ASK])
        mids[time // 10**9] = (max(book[mmkit.BID]) + min(book[mmkit.ASK])) / 2 * 0.01
    assert [mids[second] for second in (0, 15, 45)] == pytest.approx([100.0, 100.5, 99.5], abs=0.011)


def test_trades_come_at_their_rate_and_what_they_take_is_gone_and_comes_back() -> None:
    busy = events(trade_rate=5.0, amplitude=0.0)
    trades = np.flatnonzero(np.isin(busy["kind"], (mmkit.BUY, mmkit.SELL)))
    assert len(trades) == pytest.approx(300, abs=60)
    taken, left, back = busy["lots"][trades], busy["lots"][trades + 1], busy["lots"][trades[:-1] + 2]
    assert (taken + left == 1000).all()
    assert (back == 1000).all()


def test_a_depth_below_a_lot_and_prices_below_nothing_are_refused() -> None:
    with pytest.raises(mmkit.ConfigError, match="less than one lot"):
        events(depth=0.0001)
    with pytest.raises(mmkit.ConfigError, match="not above 0"):
        events(amplitude=100.0)
