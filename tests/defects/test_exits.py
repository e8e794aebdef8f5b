"""Defects of the reference bot's exits and limits, each by its number: tests that its behaviour would fail."""

import itertools
import math
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import polars as pl
import pytest

import mmkit
from mmkit.engine.records import MarketView, Quotes, desk_class
from mmkit.stack import Instrument
from mmkit_plugins.risk import drawdown, loss_streak, position_limit, recovery, stop_loss, take_profit

Go = Callable[..., mmkit.Run]

SECOND = 10**9

MAKER, TAKER = 0.0002, 0.0005
"""The bot's fees."""


class Scene:
    """A rule in front of a position that a test sets by hand."""

    def __init__(self, module: ModuleType, **params: Any) -> None:
        self.rule = module.mmkit_risk()
        self.params, self.state = self.rule.params(**params), self.rule.state()
        if self.rule.setup is not None:
            self.rule.setup(self.params, self.state, Instrument("X", tick_size=0.5, lot_size=0.1))
        self.market = MarketView(tick_size=0.5, lot_size=0.1, mid=84_000.0, bid=84_000.0, ask=84_000.0)
        self.account = SimpleNamespace(
            entry=math.nan,
            unrealised=0.0,
            fees=0.0,
            equity=0.0,
            peak=0.0,
            opened=0,
            losses=0,
            inverse=0,
            maker_fee=MAKER,
            taker_fee=TAKER,
        )
        self.control = SimpleNamespace(
            level=0, releases=0, widen=1.0, patience=0, most_levels=64, step=0, steps=0, reason=0, since=0
        )

    def hold(self, lots: int, entry: float = math.nan, fees: float = 0.0) -> int:
        """The position is `lots` at this average, after fees in all."""
        self.market.position_lots, self.market.position = lots, lots * 0.1
        self.account.entry, self.account.fees = entry, fees
        return self.mark(self.market.mid)

    def mark(self, mid: float, after: float = 0.0) -> int:
        """The price is `mid`, `after` seconds later; returns the level."""
        market, account = self.market, self.account
        market.now += round(after * SECOND)
        market.mid = market.bid = market.ask = mid
        account.unrealised = market.position * (mid - account.entry) if market.position_lots else 0.0
        self.control.level = self.rule.watch(self.params, self.state, market, account, None, self.control)
        return int(self.control.level)


def test_d_97_take_profit_and_stop_act_on_what_is_left_after_fees() -> None:
    # The bot's tracker knew no fees. 1 BTC at 84 000: 16.80 paid, 42 to close.
    for gross, profit, level in ((60.0, 9.5, mmkit.NORMAL), (80.0, 9.5, mmkit.FLATTEN)):
        scene = Scene(take_profit, money=profit, fee_buffer=1.0)
        scene.hold(10, 84_000.0, 16.80)
        assert scene.mark(84_000.0 + gross) == level
    for gross, loss, level in ((-30.0, 100.0, mmkit.NORMAL), (-50.0, 100.0, mmkit.FLATTEN)):
        scene = Scene(stop_loss, money=loss)
        scene.hold(10, 84_000.0, 16.80)
        assert scene.mark(84_000.0 + gross) == level


def test_d_99_the_fill_that_flattens_is_a_fill_like_any_other() -> None:
    # The bot formatted an average that was not there any more, and what came after it was left out.
    for module, params in (
        (stop_loss, {"money": 10.0}),
        (take_profit, {"money": 10.0}),
        (drawdown, {"money": 10.0}),
        (loss_streak, {}),
    ):
        scene = Scene(module, **params)
        scene.hold(1, 84_000.0)
        assert scene.hold(0) == mmkit.NORMAL


def test_d_100_a_stop_closes_the_position_and_then_halts() -> None:
    # The bot's long from 100 000, marked at 84 000 under a stop of 6 %, halted and stayed open: no order was sent.
    scene = Scene(stop_loss, fraction=0.06)
    scene.hold(10, 100_000.0)
    assert scene.mark(84_000.0) == mmkit.FLATTEN
    assert scene.mark(84_000.0, after=60.0) == mmkit.FLATTEN
    assert scene.hold(0) == mmkit.HALT


def test_d_101_the_stop_watches_on_after_halt_and_recovery() -> None:
    # The bot's monitor ended with the first halt.
    scene = Scene(stop_loss, fraction=0.06)
    for released in range(1, 4):
        scene.hold(10, 100_000.0)
        assert scene.mark(84_000.0) == mmkit.FLATTEN
        assert scene.hold(0) == mmkit.HALT
        scene.control.releases = released
        assert scene.mark(100_000.0) == mmkit.NORMAL


def test_d_102_a_profit_taken_is_no_breach() -> None:
    # The bot halted after its percent take-profit.
    scene = Scene(take_profit, fraction=0.0022, cool_down=3 * SECOND)
    scene.hold(10, 84_000.0)
    assert scene.mark(84_500.0) == mmkit.FLATTEN
    assert scene.hold(0) == mmkit.NO_QUOTES
    assert scene.mark(84_500.0, after=3.0) == mmkit.NORMAL


def test_d_103_the_take_profit_is_ready_again_after_each_close() -> None:
    # The bot's never closed, and its mark of being at it was never taken away.
    scene = Scene(take_profit, money=5.0, cool_down=3 * SECOND)
    for _ in range(3):
        scene.hold(10, 84_000.0)
        assert scene.mark(84_500.0) == mmkit.FLATTEN
        scene.hold(0)
        assert scene.mark(84_000.0, after=3.0) == mmkit.NORMAL


def test_d_104_five_dollars_before_fees_are_no_profit_of_five_dollars() -> None:
    # Of 0.1 BTC at 84 000: 1.68 paid and 4.20 to close, so the bot's trigger at 5 locked a loss in.
    scene = Scene(take_profit, money=5.0, fee_buffer=1.0)
    scene.hold(1, 84_000.0, 1.68)
    assert scene.mark(84_000.0 + 51.0) == mmkit.NORMAL
    assert scene.mark(84_000.0 + 108.5) == mmkit.NORMAL
    assert scene.mark(84_000.0 + 109.0) == mmkit.FLATTEN
    # And of ten times the size, ten times the fees.
    scene = Scene(take_profit, fraction=0.0005, fee_buffer=1.0)
    scene.hold(10, 84_000.0, 16.80)
    assert scene.mark(84_000.0 + 100.0) == mmkit.NORMAL
    assert scene.mark(84_000.0 + 101.5) == mmkit.FLATTEN


def test_d_105_recovery_looks_at_the_cause_anew_and_its_steps_quote() -> None:
    # The bot looked at the size of the position alone, quoted nothing in its steps and then everything.
    scene = Scene(drawdown, money=100.0)
    scene.account.equity = -150.0
    assert scene.mark(84_000.0) == mmkit.HALT
    for releases in (1, 2, 3):
        scene.control.releases = releases
        assert scene.mark(84_000.0, after=1000.0) == mmkit.HALT
    scene.account.equity = -50.0
    scene.control.releases = 4
    assert scene.mark(84_000.0) == mmkit.NORMAL
    back = Scene(recovery, steps=3, every=SECOND, cool_down=SECOND)
    quoted = []
    for level in (mmkit.HALT, mmkit.HALT, mmkit.NORMAL, mmkit.NORMAL, mmkit.NORMAL):
        back.control.level = level
        back.market.now += SECOND
        back.rule.watch(back.params, back.state, back.market, back.account, None, back.control)
        ladder = Quotes(levels=9)
        ladder.bid_lots[:9] = ladder.ask_lots[:9] = [1] * 9
        back.rule.limit(back.params, back.state, back.market, ladder, None)
        quoted.append(sum(ladder.bid_lots))
    assert back.control.releases == 1
    assert quoted[2:] == [3, 6, 9]


def test_d_107_drawdown_and_streaks_of_losses_are_looked_at() -> None:
    # The bot had a drawdown of 10 % and five losses in a row in its configuration and looked at neither.
    scene = Scene(drawdown, fraction=0.1, capital=1000.0)
    scene.account.peak, scene.account.equity = 50.0, -49.0
    assert scene.hold(1, 84_000.0) == mmkit.NORMAL
    scene.account.equity = -50.0
    assert scene.mark(84_000.0) == mmkit.FLATTEN
    scene = Scene(loss_streak)
    levels = []
    for losses in range(1, 6):
        scene.account.losses = losses
        levels.append(scene.mark(84_000.0))
    assert levels == [mmkit.NORMAL] * 4 + [mmkit.NO_QUOTES]


def test_d_107_a_limit_that_nothing_looks_at_is_no_key(go: Go) -> None:
    with pytest.raises(mmkit.ConfigError, match="unknown key"):
        go(more='[risk.limits]\nuse = "position-limit"\nmax_position = 1.0\nrebalance_threshold = 0.8\n')


def test_d_108_a_limit_counts_what_works_and_what_is_proposed() -> None:
    # The bot compared the position alone, and let it pass at the limit.
    desk, ladder = desk_class(8, 8)(), Quotes(levels=2)
    mmkit.place(desk, MarketView(), 1, 90, 6, mmkit.POST_ONLY)
    ladder.bid_ticks[:2], ladder.bid_lots[:2] = [99, 98], [3, 3]
    ladder.ask_ticks[:2], ladder.ask_lots[:2] = [101, 102], [3, 3]
    market = MarketView(position_lots=10, position=10.0)
    params, inputs = position_limit.Params(max_position=20.0), position_limit.Inputs()
    position_limit.limit(params, None, market, inputs, ladder, desk)
    assert ladder.bid_lots[:2] == [3, 1]
    market.position_lots, market.position = 20, 20.0
    position_limit.limit(params, None, market, inputs, ladder, desk)
    assert ladder.bid_lots[:2] == [0, 0]
    assert ladder.ask_lots[:2] == [3, 3]


def positions(run: mmkit.Run) -> list[float]:
    """Returns the position after each fill."""
    return [round(q, 9) for q in run.fills.select((pl.col("side") * pl.col("qty")).cum_sum()).to_series()]


STOP = '[risk.stop]\nuse = "stop-loss"\nmoney = 0.01\n'
BACK = '[risk.back]\nuse = "recovery"\ncool_down = "2s"\nsteps = 3\nevery = "1s"\n'
LADDER = '[ladder]\nuse = "uniform"\nlevels = 6\n'


def test_d_100_a_run_that_stops_out_ends_flat_and_quiet(go: Go) -> None:
    run = go(more=STOP)
    held = positions(run)
    assert any(held)
    assert held[-1] == 0.0
    assert run.fills["cause"].to_list()[-1] == "flatten"
    halted = run.records.filter(pl.col("risk_level") == mmkit.HALT)
    assert halted.height > 100
    assert halted["risk_reason"].unique().to_list() == ["risk.stop"]
    assert halted["time"].max() == run.records["time"].max()
    assert halted["position"].abs().max() == 0.0
    assert halted["equity"].n_unique() == 1


def test_d_101_and_d_105_a_run_recovers_in_steps_and_stops_out_again(go: Go) -> None:
    run = go(more=LADDER + STOP + BACK)
    rounds = run.records.select("risk_level", "recovery_step").rows()
    halts = [i for i, (now, then) in enumerate(itertools.pairwise(rounds)) if now[0] < mmkit.HALT == then[0]]
    assert len(halts) >= 2
    # The step is what is quoted: a third of the levels, two thirds, all.
    assert {step for _, step in rounds} == {0, 1, 2}
    assert all(step == 0 for level, step in rounds if level == mmkit.HALT)
    begun = [(now[1], then[1]) for now, then in itertools.pairwise(rounds) if now[1] != then[1]]
    assert set(begun) <= {(0, 1), (1, 2), (2, 0), (1, 0)}


def test_d_102_and_d_103_a_run_takes_profits_and_goes_on(go: Go) -> None:
    run = go(more='[risk.target]\nuse = "take-profit"\nmoney = 0.005\ncool_down = "1s"\n')
    levels = run.records["risk_level"].to_list()
    paused = [i for i, (a, b) in enumerate(itertools.pairwise(levels)) if a != mmkit.NO_QUOTES == b]
    assert len(paused) >= 3
    assert mmkit.HALT not in levels
    assert run.fills["local_ts"].max() > run.records["time"][paused[-2]]
    closed = run.fills.filter(pl.col("cause") == "flatten")
    assert closed.height >= 3


WATCHER = """
import mmkit

seen = []


def watch(params, state, market, account, desk, control):
    seen.append((market.now, market.mid, market.position, account.entry, account.unrealised, market.tick_size))
    return mmkit.NORMAL


@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("watcher", watch=watch, compiled=False)
"""


def watched(run: mmkit.Run) -> list[Any]:
    """Returns what the watcher saw."""
    found: list[Any] = run.stack.risk[0].rule.watch.__globals__["seen"]  # type: ignore[attr-defined]
    return found


def test_d_106_the_unrealised_pnl_is_that_of_the_mid_at_every_look(go: Go) -> None:
    # The bot's was refreshed by its monitor, every one to four seconds and never after a halt.
    seen = watched(go(plugin=WATCHER, more='[risk.watcher]\nuse = "watcher"\n'))
    held = [row for row in seen if row[2] != 0.0]
    assert len({mid for _, mid, *_ in held}) > 50
    for _, mid, position, entry, unrealised, _ in held:
        assert unrealised == pytest.approx(position * (mid - entry), abs=1e-9)
    assert all(unrealised == 0.0 for _, _, position, _, unrealised, _ in seen if position == 0.0)
    assert max(b[0] - a[0] for a, b in itertools.pairwise(seen)) <= SECOND


SPOT = """
[instruments.SPOT]
tick_size = 0.5
lot_size = 0.25
[instruments.SPOT.market]
use = "book"
duration = "60s"
start_price = 5000.0
sigma = 1.5
[hedging]
use = "buyer"
[risk.watcher]
use = "watcher"
"""

BUYER = """

def triggers(params):
    return int(mmkit.Trigger.FILL)


def next_time(params, state, market):
    return mmkit.NEVER


def hedge(params, state, market, account, hedges):
    spot = hedges[0]
    if spot.desk.live_count == 0 and spot.market.position_lots < 3:
        mmkit.place(spot.desk, spot.market, 1, spot.market.ask_ticks, 1, mmkit.MARKET)


@mmkit.hookimpl
def mmkit_hedging():
    return mmkit.Hedging("buyer", triggers=triggers, next_time=next_time, hedge=hedge, compiled=False)
"""


def test_d_109_each_instrument_has_its_own_position_price_and_tick(go: Go) -> None:
    # The bot kept one tracker, one tick and one unrealised PnL for two instruments.
    run = go(plugin=WATCHER + BUYER, more=SPOT, set=["stack.quote=SIM"])
    assert "SPOT" in run.fills["instrument"].unique().to_list()
    own = run.fills.filter(pl.col("instrument") == "SIM")
    held = {round(q, 9) for q in own.select((pl.col("side") * pl.col("qty")).cum_sum()).to_series()} | {0.0}
    for _, _, position, entry, _, tick in watched(run):
        assert tick == 0.01
        assert round(position, 9) in held
        assert math.isnan(entry) or 50.0 < entry < 200.0
