"""What a run leaves: fills and records as tables, and the summary."""

import math
from typing import Any

import attrs
import numpy as np

from mmkit.engine.module import identifier, signal_names
from mmkit.engine.records import EVENT_COLUMNS, EVENT_VALUES, FILL_COLUMNS, Log
from mmkit.markouts import Markouts
from mmkit.stack import Instrument, Stack

CAUSES = ("quote", "hedge", "flatten")


def grid_price(ticks: Any, step: float) -> Any:
    """Returns ticks * step, divided where the inverse is whole: 616597 ticks of 0.1 are 61659.7, not 61659.700000000004."""
    inverse = round(1.0 / step) if step < 1.0 else 0
    if inverse and abs(inverse * step - 1.0) < 1e-12:
        return ticks / inverse
    return ticks * step


@attrs.define(eq=False)
class Totals:
    """Exact money and counts at the end of a session, or summed over paths: lots, tick * lots, orders by fate."""

    position: int = 0
    spent: int = 0
    maker: int = 0
    taker: int = 0
    decisions: int = 0
    quotes: int = 0
    caches: dict[str, dict[str, int]] = attrs.field(factory=dict)
    log: dict[str, int] = attrs.field(factory=lambda: {"written": 0, "left_out": 0})
    submitted: int = 0
    cancelled: int = 0
    rejected: int = 0
    expired: int = 0

    def add(self, session: Any) -> None:
        """Adds a session's end."""
        for name in ("position", "spent", "maker", "taker"):
            setattr(self, name, getattr(self, name) + int(getattr(session.ledger, name)))
        for name in ("cancelled", "rejected", "expired"):
            setattr(self, name, getattr(self, name) + getattr(session.exchange, name))
        self.submitted += session.desk.submitted
        self.decisions += session.clock.decisions
        self.quotes += session.clock.quotes

    def add_counts(self, stack: Stack, session: Any) -> None:
        """Adds what the optimizations counted: how often each cache had what was asked for, what the log left out."""
        for slot in stack.optimizable:
            own = identifier(slot.path)
            for each in slot.optimizations:
                if getattr(each.rule, "keeps", None):
                    state = getattr(session, f"{identifier(each.path)}_state")
                    self.count(each.path, {name: getattr(state, name, 0) for name in ("hits", "misses")})
                elif slot.rule is not slot.declared:
                    self.count(each.path, own_counts(session, own, identifier(each.name)))
        if stack.log:
            state = getattr(session, f"{identifier(stack.log.path)}_state")
            for name in self.log:
                self.log[name] += int(getattr(state, name, 0))

    def count(self, path: str, counted: dict[str, int]) -> None:
        """Adds counts to those of an optimization."""
        if counted:
            before = self.caches.setdefault(path, {})
            self.caches[path] = {name: before.get(name, 0) + int(number) for name, number in counted.items()}


def own_counts(session: Any, rule: str, name: str) -> dict[str, int]:
    """Returns the hits and misses that an optimization counts in the records of the rule that it rewrote."""
    found: dict[str, int] = {}
    for record in (getattr(session, f"{rule}_{part}", None) for part in ("state", "terms")):
        for count in ("hits", "misses"):
            if record is not None and hasattr(record, f"{name}_{count}"):
                found[count] = found.get(count, 0) + int(getattr(record, f"{name}_{count}"))
    return found


@attrs.define(eq=False)
class Collector:
    """Gathers a run's logs piece by piece, so that the engine's own memory stays flat."""

    stack: Stack
    fill_rows: list[Any] = attrs.field(factory=list)
    fill_mids: list[Any] = attrs.field(factory=list)
    record_times: list[Any] = attrs.field(factory=list)
    record_rows: list[Any] = attrs.field(factory=list)
    markouts: Markouts = attrs.field(factory=Markouts)
    totals: Totals = attrs.field(factory=Totals)
    last_mid: float = math.nan
    first_time: int = 0
    last_time: int = 0
    events: int = 0
    profits: list[float] = attrs.field(factory=list)
    positions: list[float] = attrs.field(factory=list)
    spreads: list[float] = attrs.field(factory=list)
    last_mids: list[float] = attrs.field(factory=list)
    marked: float = 0.0
    events_noted: list[Any] = attrs.field(factory=list)
    event_values: list[Any] = attrs.field(factory=list)
    latencies: Any = None
    first_latency: int = -1
    longest: int = 0

    @property
    def instrument(self) -> Instrument:
        """The instrument that is quoted."""
        return self.stack.leg.instrument

    def started(self, first: int) -> None:
        """Notes the first event's time (ns)."""
        self.first_time = self.last_time = first

    def fills(self, log: Log) -> None:
        """Takes the fills out of a log."""
        if log.fills:
            rows = np.array(log.fill[: log.fills * FILL_COLUMNS], np.int64).reshape(-1, FILL_COLUMNS)
            prices = grid_price(rows[:, 3], self.instrument.tick_size)
            lots = grid_price(rows[:, 4], self.instrument.lot_size)
            self.fill_rows.append(rows)
            self.fill_mids.append(np.array(log.fill_mid[: log.fills]))
            if not self.stack.leg.market.rule.paths:  # type: ignore[attr-defined]
                self.markouts.add_fills(rows[:, 0], rows[:, 2], prices, lots, self.fill_mids[-1])
            log.fills = 0

    def records(self, log: Log) -> None:
        """Takes the records out of a log."""
        if log.records:
            width = log.record_width
            self.record_times.append(np.array(log.record_time[: log.records], np.int64))
            self.record_rows.append(np.array(log.record[: log.records * width]).reshape(-1, width))
            log.records = 0

    def events_of(self, log: Log) -> None:
        """Takes the events of the decision log."""
        if log.events:
            self.events_noted.append(
                np.array(log.event[: log.events * EVENT_COLUMNS], np.int64).reshape(-1, EVENT_COLUMNS)
            )
            self.event_values.append(np.array(log.event_value[: log.events * EVENT_VALUES]).reshape(-1, EVENT_VALUES))
            log.events = 0

    def latency(self, log: Log) -> None:
        """Takes how long decisions took."""
        self.latencies = np.array(log.latency, np.int64)
        self.first_latency, self.longest = int(log.first_latency), int(log.longest)

    def mids(self, ts: Any, mid: Any) -> None:
        """Takes a piece of the venue's mid path (ns, quote currency)."""
        self.markouts.add_mids(ts, mid)
        known = mid[~np.isnan(mid)]
        if len(known):
            self.last_mid = float(known[-1])

    def path(self, session: Any, last_mid: float, *, whole: bool = True) -> None:
        """Takes the end of one path; one that was cut short counts in the money, not in the figures across paths."""
        self.totals.add(session)
        self.totals.add_counts(self.stack, session)
        ledger = session.ledger
        position = grid_price(ledger.position, self.instrument.lot_size)
        self.marked += position * last_mid
        self.last_mids.append(last_mid)
        if whole:
            self.positions.append(float(position))
            self.profits.append(self.cash_of(ledger) + float(position) * last_mid)
            self.spreads.append(session.clock.spread / session.clock.quoted if session.clock.quoted else math.nan)
        self.last_time = max(self.last_time, session.market.now)

    def finish(self, session: Any, events: int) -> None:
        """Takes the end of the run."""
        self.events = events
        if session is not None and not self.stack.leg.market.rule.paths:  # type: ignore[attr-defined]
            self.totals.add(session)
            self.totals.add_counts(self.stack, session)
            self.last_time = session.market.now
            self.marked = self.position * self.last_mid if self.totals.position else 0.0

    def money(self, amount: int) -> float:
        """Returns tick * lots in quote currency."""
        return float(grid_price(grid_price(amount, self.instrument.tick_size), self.instrument.lot_size))

    def fees_of(self, ledger: Any) -> float:
        """Returns fees paid in quote currency; negative = rebates received."""
        return (
            self.money(ledger.maker) * self.instrument.maker_fee + self.money(ledger.taker) * self.instrument.taker_fee
        )

    def cash_of(self, ledger: Any) -> float:
        """Returns cash after fees in quote currency."""
        return -self.money(ledger.spent) - self.fees_of(ledger)

    @property
    def position(self) -> float:
        """Position at the end in base currency."""
        return float(grid_price(self.totals.position, self.instrument.lot_size))

    @property
    def equity(self) -> float:
        """Cash plus the position at the last venue mid, in quote currency."""
        return self.cash_of(self.totals) + self.marked

    def fills_table(self) -> Any:
        """Returns the fills as a polars DataFrame with the columns of fills.parquet."""
        import polars as pl

        rows = np.concatenate(self.fill_rows) if self.fill_rows else np.zeros((0, FILL_COLUMNS), np.int64)
        mid = np.concatenate(self.fill_mids) if self.fill_mids else np.zeros(0)
        instrument = self.instrument
        price = grid_price(rows[:, 3].astype(float), instrument.tick_size)
        qty = grid_price(rows[:, 4].astype(float), instrument.lot_size)
        maker = rows[:, 6] == 1
        fee = price * qty * np.where(maker, instrument.maker_fee, instrument.taker_fee)
        return pl.DataFrame(
            {
                "exch_ts": rows[:, 0],
                "local_ts": rows[:, 1],
                "instrument": pl.Series([instrument.name] * len(rows), dtype=pl.String),
                "side": rows[:, 2].astype(np.int8),
                "price": price,
                "qty": qty,
                "order_id": rows[:, 5],
                "fee": fee,
                "maker": maker,
                "mid": mid,
                "cause": pl.Series([CAUSES[c] for c in rows[:, 7].tolist()], dtype=pl.String),
                "path": rows[:, 8].astype(np.int32),
            }
        )

    def records_table(self) -> Any:
        """Returns the records as a polars DataFrame with the columns of records.parquet."""
        import polars as pl

        names = signal_names(self.stack)
        time = np.concatenate(self.record_times) if self.record_times else np.zeros(0, np.int64)
        rows = np.concatenate(self.record_rows) if self.record_rows else np.zeros((0, 10 + len(names)))
        instrument = self.instrument
        position = grid_price(rows[:, 5], instrument.lot_size)
        spent, maker, taker = (
            grid_price(grid_price(rows[:, i], instrument.tick_size), instrument.lot_size) for i in (6, 7, 8)
        )
        cash = -spent - maker * instrument.maker_fee - taker * instrument.taker_fee
        held = np.where(position == 0.0, 0.0, position * rows[:, 2])
        columns = {
            "time": time,
            "bid": rows[:, 0],
            "ask": rows[:, 1],
            "mid": rows[:, 2],
            "bid_quote": rows[:, 3],
            "ask_quote": rows[:, 4],
            "position": position,
            "cash": cash,
            "equity": cash + held,
            **{name: rows[:, 10 + i] for i, name in enumerate(names)},
            "path": rows[:, 9].astype(np.int32),
        }
        return pl.DataFrame(columns)
