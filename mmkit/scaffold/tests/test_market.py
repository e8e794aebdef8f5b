"""The swinging market: the kit's checks, and what its events have to be."""

import itertools
from types import SimpleNamespace
from typing import Any

import mmkit
import numpy as np
import pytest
from mmkit.testing import RuleTests

from mmkit.scaffold.rules import market

SECOND = 10**9
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
    bids: set[int] = set()
    asks: set[int] = set()
    mids: list[tuple[float, float]] = []
    for time, rows in itertools.groupby(quiet.tolist(), key=lambda row: row[0]):
        for _, _, tick, lots, kind, _ in rows:
            side = {mmkit.BID: bids, mmkit.ASK: asks}.get(kind, set())
            side.discard(tick)
            side |= {tick} if lots else set()
            assert not bids or not asks or max(bids) < min(asks)
        mids.append((time / SECOND, (max(bids) + min(asks)) / 2 * INSTRUMENT.tick_size))
    for at, price in ((0, 100.0), (15, 100.5), (30, 100.0), (45, 99.5)):
        assert [mid for time, mid in mids if time <= at][-1] == pytest.approx(price, abs=0.01)


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
