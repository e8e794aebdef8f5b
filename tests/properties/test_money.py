"""The money of whole runs against fractions: the profit identities of E = X + q M, of fills alone and however cost is counted."""

import math
from fractions import Fraction
from typing import Any

import attrs
import pytest
import tap
from hypothesis import given
from hypothesis import strategies as st
from stacks import MS, Case, examples, quoting


@attrs.frozen
class Trade:
    """An execution in u: the price, or -1 / price of an inverse contract; quantity with its side."""

    time: int
    signed: Fraction
    u: Fraction
    before: Fraction
    maker: bool


@attrs.frozen
class Books:
    """Trades in the order in which they happened, and the last mid in u."""

    trades: list[Trade]
    last: Fraction
    fees: Fraction

    @property
    def equity(self) -> Fraction:
        """Worth at the end, before fees and funding: cash plus what is held."""
        return sum((trade.signed * (self.last - trade.u) for trade in self.trades), Fraction(0))


def books(done: Any, cut: int = 2**62) -> Books:
    """Keeps books of a run's fills up to a time, exactly, from prices in ticks and quantities in lots."""
    instrument = done.stack.leg.instrument
    tick, lot = Fraction(str(instrument.tick_size)), Fraction(str(instrument.lot_size))
    inverse = instrument.inverse

    def u(price: float, halves: int = 1) -> Fraction:
        exact = Fraction(round(price / instrument.tick_size * halves), halves) * tick
        return -1 / exact if inverse else exact

    trades, fees = [], Fraction(0)
    fills = done.fills
    known = [mid for mid in fills["mid"] if not math.isnan(mid)]
    mid = known[0] if known else math.nan
    for row in fills.iter_rows(named=True):
        mid = row["mid"] if not math.isnan(row["mid"]) else mid
        if row["exch_ts"] >= cut:
            break
        price = u(row["price"])
        quantity = Fraction(round(row["qty"] / instrument.lot_size)) * lot
        before = u(mid, 2) if not math.isnan(mid) else price
        trades.append(Trade(row["exch_ts"], row["side"] * quantity, price, before, row["maker"]))
        rate = Fraction(str(instrument.maker_fee if row["maker"] else instrument.taker_fee))
        fees += rate * abs(price) * quantity
    mids = [mid for mid in done.records["mid"] if not math.isnan(mid)]
    return Books(trades, u(mids[-1], 2) if mids else Fraction(0), fees)


def near(value: float, exact: Fraction, scale: Fraction) -> bool:
    """Returns whether a float is an exact sum of numbers of a scale, but for rounding."""
    return abs(value - float(exact)) <= 1e-9 * float(scale) + 1e-12


watching = ("position-limit", "sleep")
kinds = st.sampled_from(["linear", "inverse"])


@st.composite
def accounted(draw: Any, kind: str) -> Case:
    """Draws a stack with an account, fees and funding."""
    case = draw(quoting(risks=watching, market={"settles": 700 * MS, "gaps": 0.0, "empties": 0.0}, kind=kind))
    lot = case.changes["instruments.X"]["lot_size"]
    limit = {"max_position": 25 * lot / (1000 * case.changes["instruments.X"]["tick_size"] if kind == "inverse" else 1)}
    fees = {"maker_fee": draw(st.sampled_from([0.0002, -0.0001])), "taker_fee": 0.0005}
    own = {**case.changes["instruments.X"], **fees}
    sleep = {"at": 10**15}
    return Case(case.shape, {**case.changes, "instruments.X": own, "risk.position-limit": limit, "risk.sleep": sleep})


@pytest.mark.parametrize("kind", ["linear", "inverse"])
@examples(150)
@given(data=st.data())
def test_profit_is_what_the_identities_say_whatever_the_cost_method(kind: str, data: st.DataObject) -> None:
    case = data.draw(accounted(kind))
    stack = case.stack()
    done, session, _ = tap.run(stack)
    kept = books(done)
    trades, last = kept.trades, kept.last
    scale = sum((abs(trade.signed * trade.u) for trade in trades), Fraction(1))
    parts, account = done.summary["pnl"], session.account
    funding = Fraction(done.summary["pnl"]["funding"])

    # I1: spread and inventory are two sums of their own.
    positions = running([trade.signed for trade in trades])
    mids = [*(trade.before for trade in trades), last][1:]
    spread = sum((trade.signed * (trade.before - trade.u) for trade in trades), Fraction(0))
    moves = (mid - trade.before for mid, trade in zip(mids, trades, strict=True))
    inventory = sum((held * move for held, move in zip(positions, moves, strict=True)), Fraction(0))
    assert near(parts["spread"], spread, scale)
    assert near(parts["inventory"], inventory, scale)
    assert near(parts["fees"], -kept.fees, scale)
    assert spread + inventory == kept.equity

    # I2: each fill marked out to the end; the summary's total is that less fees and funding.
    assert near(parts["total"], kept.equity - kept.fees + funding, scale)
    assert near(done.summary["equity"], kept.equity - kept.fees + funding, scale)

    # I4: realised and unrealised together, cost being the average or first in first out.
    held = Fraction(session.ledger.position)
    if not math.isnan(session.market.mid) and session.market.mid == pytest.approx(done.records["mid"][-1]):
        assert near(account.realised + account.unrealised, kept.equity, scale)
        assert near(account.equity, kept.equity - kept.fees + funding, scale)
    assert near(account.fees, kept.fees, scale)
    assert account.lots == held
    other = tap.run(attrs.evolve(stack, fifo=not stack.fifo))[1].account
    assert other.realised + other.unrealised == pytest.approx(
        account.realised + account.unrealised, abs=1e-9 * float(scale)
    )
    assert other.trips == account.trips

    # I6: flat to flat the gross profit is what was paid and received, mid or no mid.
    if positions and positions[-1] == 0:
        assert kept.equity == -sum(trade.signed * trade.u for trade in trades)

    # I7: profits of two parts of the time add up.
    if trades:
        middle = trades[len(trades) // 2]
        first = [trade for trade in trades if trade.time < middle.time]
        mark = middle.before
        early = sum((trade.signed * (mark - trade.u) for trade in first), Fraction(0))
        carried = sum((trade.signed for trade in first), Fraction(0))
        late = carried * (last - mark) + sum((t.signed * (last - t.u) for t in trades[len(first) :]), Fraction(0))
        assert near(parts["spread"] + parts["inventory"], early + late, scale)


def running(values: list[Fraction]) -> list[Fraction]:
    """Returns the sums of the first one, two and so on."""
    sums, total = [], Fraction(0)
    for value in values:
        total += value
        sums.append(total)
    return sums


@examples(150)
@given(accounted("linear"), st.integers(1, 50))
def test_adding_to_all_prices_changes_no_gross_profit_and_scaling_scales_it(case: Case, more: int) -> None:
    # I5; rules that look at fractions of a price see other prices, so these are quoted by ticks alone, and fees are left out.
    free = {**case.changes["instruments.X"], "maker_fee": 0.0, "taker_fee": 0.0}
    market = {**case.changes["instruments.X.market"], "settles": 0}
    own = {"instruments.X": free, "instruments.X.market": market}
    requote = Case({**case.shape, "execution": "requote"}, case.changes)
    here = tap.run(requote.stack(**own))[0].summary
    there = tap.run(requote.stack(**{**own, "instruments.X.market": {**market, "start": 1000 + more}}))[0].summary
    assert there["fills"]["count"] == here["fills"]["count"]
    for part in ("total", "spread", "inventory"):
        assert there["pnl"][part] == pytest.approx(here["pnl"][part], rel=1e-9, abs=1e-6 * free["tick_size"])
    # Twice every price, and every distance in it: twice the profit. Powers of two round nothing.
    twice = {**own, "instruments.X": {**free, "tick_size": 2 * free["tick_size"]}}
    for section, keys in (("pricing", ("half_spread", "skew")), ("sizing", ("notional",))):
        changed = case.changes.get(section, {})
        twice[section] = {**changed, **{key: 2 * changed[key] for key in keys if key in changed}}
    scaled = tap.run(requote.stack(**twice))[0].summary
    assert scaled["fills"]["count"] == here["fills"]["count"]
    for part in ("total", "spread", "inventory"):
        assert scaled["pnl"][part] == pytest.approx(2 * here["pnl"][part], rel=1e-9, abs=1e-6 * free["tick_size"])
