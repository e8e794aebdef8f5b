"""A simulated limit order book: flow around the touch, part of which knows an efficient price.

Orders arrive as Poisson streams in integer ticks and lots (zero intelligence: Smith, Farmer, Gillemot and Krishnamurthy
2003, Quantitative Finance 3, 481-514; Cont, Stoikov and Talreja 2010, Operations Research 58, 549-563), sides drawn
evenly, with w(d) ~ exp(-decay (d - 1)) for a distance of d = 1..levels ticks:

    limit    rate limit_rate w(d), d ticks from the opposite best; size exponential of mean limit_size
    cancel   rate cancel_rate w(d), at the d-th tick of a side, counted from its best; takes a share of what rests
             there, exponential of mean 1/2 and at most all: depth settles where as much leaves as comes
    market   rate market_rate, walks the book from the best; size exponential of mean market_size

The efficient price, reflected at zero, is

    F(t) = start_price + sigma w(t) + common_sigma W(t) + basis_sigma B(t)

with w a Brownian motion of the instrument's own (sigma, common_sigma in price per sqrt(second)), W one that it shares with
every instrument of the stack that names the same `factor`, and B its basis: an Ornstein-Uhlenbeck process from 0 that loses
half of itself in basis_half_life and settles at a standard deviation of 1 (basis_sigma in quote). W and B move every 10 ms.

The share `informed` of each stream knows F (after Glosten and Milgrom 1985, Journal of Financial Economics 14, 71-100):
its market orders come only where F has passed the best price and take no price beyond F; its limit orders count d from
F, and its cancels remove the best level whole where F has passed it, both with F as it was `reaction` ago. So a resting
quote is met more often when it is wrong, which is adverse selection, and the book follows F. Without informed flow the
book wanders by itself.

Each side reaches at least `levels` ticks behind its best. Its deepest level is neither cancelled nor taken: what a
market order has left there is lost. Where fewer than `levels` ticks remain it is filled, with levels of the mean depth,
to twice as many; past three times `levels` it is withdrawn to twice as many. So no side is ever empty, the book is
never crossed or locked, and memory stays flat.

Time is nanoseconds from 0. Each message has a time of its own and is known `feed_latency` later; a market order is one
trade row per level taken, then the new quantities of the levels. A longer market begins with the shorter one of its
seed. Times, prices and quantities are rounded to integers before they are added or compared, so that the same seed
gives the same bytes whatever the last bits of a platform's logarithm.
"""

import math
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np

import mmkit
from mmkit_plugins.market._common_factor import Path, basis, common_factor

BLOCK = 65_536
"""Arrivals drawn at once."""

GRID = 1 << 20
"""Parts of a tick in which the efficient price is kept."""

CANCELLED = 0.5
"""Mean share of a level that a cancel takes, before the cap of all."""

MOST_TICKS = 1 << 40
"""Ticks within which each part of the efficient price stays by twelve deviations: parts of a tick then fit 64 bits."""

MOST_LOTS = 1 << 31
"""Largest mean quantity of a level or an order: sums stay far inside 64 bits."""

LIMIT, MARKET, CANCEL = range(3)

Row = tuple[int, int, int, int]
"""Time in ns, tick, lots, kind."""

Arrival = tuple[int, int, int, bool, bool, int, float]
"""Time in ns, tick below the efficient price, stream, knows that price, on the bids, distance, size over its mean."""


@attrs.frozen
class Params:
    """The defaults are a lively perpetual future on a tick of 1 basis point, 0.01, that moves 3 of them in a second."""

    start_price: float = mmkit.field(100.0, unit="quote", above=0, doc="efficient price at the start")
    sigma: float = mmkit.field(
        0.03, unit="price/sqrt(s)", at_least=0, doc="volatility of the efficient price's own part"
    )
    duration: mmkit.Duration = mmkit.field("10m", unit="ns", above=0, doc="length of the market")
    limit_rate: float = mmkit.field(20.0, unit="1/s", at_least=1e-3, at_most=1e6, doc="limit orders, both sides")
    market_rate: float = mmkit.field(2.5, unit="1/s", at_least=0, at_most=1e6, doc="market orders, both sides")
    cancel_rate: float = mmkit.field(20.0, unit="1/s", at_least=1e-3, at_most=1e6, doc="cancels, both sides")
    decay: float = mmkit.field(0.3, unit="1/tick", at_least=0, doc="decay of limit orders and cancels with distance")
    levels: int = mmkit.field(20, unit="ticks", at_least=1, at_most=10_000, doc="least depth of a side")
    limit_size: float = mmkit.field(1.0, unit="base", above=0, doc="mean size of a limit order")
    market_size: float = mmkit.field(0.5, unit="base", above=0, doc="mean size of a market order")
    informed: float = mmkit.field(0.4, unit="fraction", at_least=0, at_most=1, doc="share that knows the price")
    reaction: mmkit.Duration = mmkit.field(
        "500ms", unit="ns", at_least=0, at_most=60e9, doc="by which informed limit orders and cancels know it later"
    )
    feed_latency: mmkit.Duration = mmkit.field("5ms", unit="ns", at_least=0, doc="from the venue to us")
    common_sigma: float = mmkit.field(
        0.0, unit="price/sqrt(s)", at_least=0, doc="volatility of the part shared with other instruments; 0 = none"
    )
    factor: int = mmkit.field(
        0, at_least=0, at_most=65_535, doc="number of the common factor; instruments with the same one move together"
    )
    basis_sigma: float = mmkit.field(
        0.0, unit="quote", at_least=0, doc="standard deviation of the basis once it has settled; 0 = none"
    )
    basis_half_life: mmkit.Duration = mmkit.field(
        "30s", unit="ns", at_least=10e6, at_most=30 * 86400e9, doc="time in which half of the basis is gone"
    )


@attrs.define
class Side:
    """One side of the book. Prices are ticks times `sign`: on both sides the best price is the highest."""

    kind: int
    trade: int
    sign: int
    lowest: int
    best: int
    last: int
    lots: dict[int, int] = attrs.field(factory=dict)

    def fair(self, floor: int) -> int:
        """Returns the highest price that does not pass the efficient price, which lies above the tick `floor`."""
        return floor if self.sign > 0 else -floor - 1

    def put(self, now: int, price: int, lots: int) -> Row:
        """Sets what rests at a price and returns the row that says so; the level at `last` is never emptied."""
        if lots:
            self.lots[price] = lots
            if price > self.best:
                self.best = price
        else:
            del self.lots[price]
            while self.best not in self.lots:
                self.best -= 1
        return now, self.sign * price, lots, self.kind

    def take(self, now: int, lots: int, worst: int) -> list[Row]:
        """Walks the side with a market order down to the price `worst`; returns the trades, then what they left."""
        trades: list[Row] = []
        left: list[tuple[int, int]] = []
        price = self.best
        while lots and price >= worst:
            resting = self.lots.get(price, 0)
            if resting:
                taken = min(resting, lots)
                trades.append((now, self.sign * price, taken, self.trade))
                left.append((price, resting - taken))
                lots -= taken
            price -= 1
        return trades + [self.put(now, price, resting) for price, resting in left]

    def settle(self, now: int, levels: int, sizes: Iterator[int]) -> Iterator[Row]:
        """Fills or withdraws the far end where it has come too near to the best or too far from it."""
        if self.best - self.last < levels:
            deepest = max(self.best - 2 * levels, self.lowest)
            for price in range(self.last - 1, deepest - 1, -1):
                yield self.put(now, price, next(sizes))
            self.last = min(self.last, deepest)
        elif self.best - self.last >= 3 * levels:
            self.last = self.best - 2 * levels
            for price in sorted(p for p in self.lots if p < self.last):
                yield self.put(now, price, 0)
            if self.last not in self.lots:
                yield self.put(now, self.last, next(sizes))


def events(params: Params, instrument: Any, rng: np.random.Generator) -> Iterator[mmkit.Events]:
    """Yields arrays of mmkit.EVENT, every row in both streams: a RESET with the first levels at time 0, then messages.

    Raises mmkit.ConfigError where the start price, its moves or the sizes do not fit the instrument's grid.
    """
    start, depth = _start(params, instrument), _depth(params, instrument)
    limit_lots, market_lots = params.limit_size / instrument.lot_size, params.market_size / instrument.lot_size
    levels = params.levels
    sizes = (1 + int(size * depth) for size in _exponential(rng))

    best_bid, best_ask = -(-start // GRID) - 1, start // GRID + 1
    bids = Side(mmkit.BID, mmkit.SELL, 1, 1, best_bid, best_bid + 1)
    asks = Side(mmkit.ASK, mmkit.BUY, -1, -(1 << 62), -best_ask, -best_ask + 1)
    rows = [(0, 0, 0, mmkit.RESET), *bids.settle(0, levels, sizes), *asks.settle(0, levels, sizes)]

    for arrivals in _arrivals(params, start, instrument.tick_size, rng):
        for now, floor, stream, knows, on_bids, distance, size in arrivals:
            side, other = (bids, asks) if on_bids else (asks, bids)
            if stream == LIMIT:
                nearest = -other.best - 1
                price = (min(side.fair(floor), nearest) if knows else nearest) - distance + 1
                if price >= side.last:
                    rows.append(side.put(now, price, side.lots.get(price, 0) + 1 + int(size * limit_lots)))
            else:
                passed = None
                if knows:
                    passed = bids if bids.best > floor else asks if -asks.best <= floor else None
                if passed:
                    side = passed
                if stream == CANCEL:
                    price = side.best if passed else side.best - distance + 1
                    resting = side.lots.get(price, 0)
                    if resting and price > side.last:
                        left = 0 if passed else max(0, resting - 1 - int(size * CANCELLED * resting))
                        rows.append(side.put(now, price, left))
                elif passed or not knows:
                    worst = max(side.last, side.fair(floor)) if passed else side.last
                    rows += side.take(now, 1 + int(size * market_lots), worst + 1)
            rows += side.settle(now, levels, sizes)
        if rows:
            yield _events(rows, params.feed_latency)
            rows = []


def _start(params: Params, instrument: Any) -> int:
    """Returns the efficient price at the start in parts of a tick."""
    least = (params.levels + 1) * instrument.tick_size
    if params.start_price < least:
        raise mmkit.ConfigError(
            f"market.start_price = {params.start_price:g} leaves no room below it for market.levels = {params.levels} "
            f"on a tick_size of {instrument.tick_size:g}: at least {least:g}"
        )
    root = math.sqrt(params.duration * 1e-9)
    for key, deviation in (("sigma", root), ("common_sigma", root), ("basis_sigma", 1.0)):
        if 12.0 * getattr(params, key) * deviation > MOST_TICKS * instrument.tick_size:
            raise mmkit.ConfigError(
                f"market.{key} = {getattr(params, key):g} may move the price within market.duration "
                f"by more than {MOST_TICKS} times the tick_size of {instrument.tick_size:g}"
            )
    return round(params.start_price / float(instrument.tick_size) * GRID)


def _depth(params: Params, instrument: Any) -> float:
    """Returns the quantity of a level in lots at which cancels take as much as limit orders bring."""
    taken = CANCELLED * (1.0 - math.exp(-1.0 / CANCELLED))
    depth = params.limit_size * params.limit_rate / (params.cancel_rate * taken)
    for key, quantity in (("limit_size", depth), ("market_size", params.market_size)):
        if quantity > MOST_LOTS * instrument.lot_size:
            raise mmkit.ConfigError(
                f"market.{key} = {getattr(params, key):g} makes quantities of {quantity:g}, "
                f"more than {MOST_LOTS} times the lot_size of {instrument.lot_size:g}"
            )
    return round(depth / float(instrument.lot_size) * 1024) / 1024


def _exponential(rng: np.random.Generator) -> Iterator[float]:
    """Yields exponential numbers of mean 1 without end."""
    while True:
        yield from rng.standard_exponential(BLOCK // 16).tolist()


def _arrivals(params: Params, start: int, tick_size: float, rng: np.random.Generator) -> Iterator[Iterator[Arrival]]:
    """Yields blocks of arrivals up to `duration`, drawn without regard to the book."""
    total = params.limit_rate + params.market_rate + params.cancel_rate
    streams = np.cumsum([params.limit_rate, params.market_rate]) / total
    weights = np.cumprod([1.0] + [round(math.exp(-params.decay) * GRID) / GRID] * (params.levels - 1))
    distances = np.cumsum(weights)[:-1] / np.cumsum(weights)[-1]
    move = params.sigma / tick_size * GRID / math.sqrt(1e9)
    paths = _paths(params, GRID / tick_size, rng)
    own = start
    times, prices = np.zeros(1, np.int64), np.full(1, start)
    while times[-1] < params.duration:
        gaps = np.maximum(np.rint(rng.standard_exponential(BLOCK) * (1e9 / total)), 1.0)
        moves = np.rint(rng.standard_normal(BLOCK) * np.sqrt(gaps) * move)
        # What came before stays as long as somebody may still learn of it.
        kept = _last_at(times, times[-1:] - params.reaction)[0]
        times = np.append(times[kept:], times[-1] + np.cumsum(gaps.astype(np.int64)))
        now = times[-BLOCK:]
        alone = own + np.cumsum(moves.astype(np.int64))
        own = alone[-1]
        # Nobody sees what is after the end: a path is drawn no further.
        known = np.minimum(now, params.duration)
        prices = np.append(prices[kept:], sum((path.at(known) for path in paths), alone))
        seen = prices[_last_at(times, now - params.reaction)]
        stream = np.searchsorted(streams, rng.random(BLOCK), side="right")
        columns = (
            now,
            np.abs(np.where(stream == MARKET, prices[-BLOCK:], seen)) // GRID,
            stream,
            rng.random(BLOCK) < params.informed,
            rng.random(BLOCK) < 0.5,
            np.searchsorted(distances, rng.random(BLOCK), side="right") + 1,
            rng.standard_exponential(BLOCK),
        )
        until = np.searchsorted(now, params.duration, side="right")
        yield zip(*(column[:until].tolist() for column in columns), strict=True)


def _paths(params: Params, parts: float, rng: np.random.Generator) -> list[Path]:
    """Returns what moves the efficient price besides its own part; `parts` is how many of them a quote unit has."""
    paths = []
    if params.common_sigma:
        paths.append(common_factor(rng, params.factor, params.common_sigma * parts))
    if params.basis_sigma:
        paths.append(basis(rng, params.basis_half_life, params.basis_sigma * parts))
    return paths


def _last_at(times: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Returns where in `times` the last one not after each of `when` is, the first one if there is none."""
    return np.maximum(np.searchsorted(times, when, side="right") - 1, 0)


def _events(rows: list[Row], latency: int) -> mmkit.Events:
    """Returns rows as events of both streams."""
    table = np.array(rows, np.int64).reshape(-1, 4)
    found = np.empty(len(table), mmkit.EVENT)
    found["exch_ts"], found["local_ts"] = table[:, 0], table[:, 0] + latency
    found["tick"], found["lots"], found["kind"] = table[:, 1], table[:, 2], table[:, 3]
    found["stream"] = mmkit.BOTH
    return found


@mmkit.hookimpl
def mmkit_market() -> mmkit.Market:
    """Offers the simulated limit order book."""
    return mmkit.Market(
        "book",
        params=Params,
        events=events,
        examples=({"duration": "20s", "common_sigma": 0.05}, {"duration": "20s", "basis_sigma": 0.05}),
    )
