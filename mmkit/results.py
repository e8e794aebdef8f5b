"""What a run leaves: fills and records as tables, and the summary."""

import math
from typing import Any

import attrs
import numpy as np

from mmkit.engine.calls import identifier, is_number
from mmkit.engine.logs import EVENT_COLUMNS, EVENT_VALUES, FILL_COLUMNS, LEG_COLUMNS, RECORD_COLUMNS, Log
from mmkit.engine.module import record_width, signal_names
from mmkit.funding import Settlement
from mmkit.markouts import Markouts
from mmkit.money import Money, Totals
from mmkit.stack import Instrument, Stack
from mmkit.statement import contract_of

CAUSES = ("quote", "hedge", "flatten")
"""What an order was sent for, by its number."""


@attrs.define(eq=False)
class Counts:
    """What a run has counted beside money: decisions, quotes, what its optimizations did."""

    decisions: int = 0
    quotes: int = 0
    caches: dict[str, dict[str, int]] = attrs.field(factory=dict)
    log: dict[str, int] = attrs.field(factory=lambda: {"written": 0, "left_out": 0})

    def add(self, session: Any) -> None:
        """Adds a session's end."""
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
    counts: Counts = attrs.field(factory=Counts)
    ends: list[Totals] = attrs.field(init=False)
    end_mids: list[float] = attrs.field(init=False)
    settlements: list[dict[str, Any]] = attrs.field(factory=list)
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

    def __attrs_post_init__(self) -> None:
        self.ends = [Totals() for _ in self.stack.legs]
        self.end_mids = [math.nan for _ in self.stack.legs]

    @property
    def totals(self) -> Totals:
        """The end of the instrument that is quoted."""
        return self.ends[0]

    @property
    def last_mid(self) -> float:
        """The last mid of the quoted instrument at its venue."""
        return self.end_mids[0]

    @property
    def moneys(self) -> list[Money]:
        """What ledgers mean, instrument by instrument."""
        return [Money(leg.instrument) for leg in self.stack.all_legs]

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
            self.fill_rows.append(rows)
            self.fill_mids.append(np.array(log.fill_mid[: log.fills]))
            if not self.stack.leg.market.rule.paths:  # type: ignore[attr-defined]
                own, money = rows[:, 9] == 0, Money(self.instrument)
                quoted = rows[own]
                prices, quantities = money.price(quoted[:, 3]), money.quantity(quoted[:, 4])
                self.markouts.add_fills(quoted[:, 0], quoted[:, 2], prices, quantities, self.fill_mids[-1][own])
            log.fills = 0

    def records(self, log: Log) -> None:
        """Takes the records out of a log."""
        if log.records:
            width = log.record_width
            self.record_times.append(np.array(log.record_time[: log.records], np.int64))
            self.record_rows.append(numbers(log.record[: log.records * width]).reshape(-1, width))
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

    def mids(self, number: int, ts: Any, mid: Any) -> None:
        """Takes a piece of an instrument's mid path at its venue (ns, quote currency)."""
        if number == 0:
            self.markouts.add_mids(ts, mid)
        known = mid[~np.isnan(mid)]
        if len(known):
            self.end_mids[number] = float(known[-1])

    def settled(self, number: int, due: Settlement, lots: int, amount: float) -> None:
        """Notes a settlement of funding: lots held at its time, what they received."""
        self.settlements.append(
            {
                "instrument": self.stack.leg_names[number],
                "time": due.time,
                "rate": due.rate,
                "mark": due.mark,
                "position": float(self.moneys[number].quantity(lots)),
                "amount": amount,
            }
        )

    def path(self, session: Any, last_mid: float, *, whole: bool = True) -> None:
        """Takes the end of one path; one that was cut short counts in the money, not in the figures across paths."""
        end = Totals()
        end.add(session)
        self.totals.add(session)
        self.counts.add(session)
        self.counts.add_counts(self.stack, session)
        money = Money(self.instrument)
        position = money.quantity(end.position)
        self.marked += float(money.held(position, last_mid))
        self.last_mids.append(last_mid)
        if whole:
            self.positions.append(float(position))
            self.profits.append(money.of(end)[0] + float(money.held(position, last_mid)))
            self.spreads.append(session.clock.spread / session.clock.quoted if session.clock.quoted else math.nan)
        self.last_time = max(self.last_time, session.market.now)

    def finish(self, session: Any, events: int) -> None:
        """Takes the end of the run."""
        self.events = events
        if session is not None and not self.stack.leg.market.rule.paths:  # type: ignore[attr-defined]
            for end, leg in zip(self.ends, [session, *getattr(session, "legs", [])], strict=True):
                end.add(leg)
            self.counts.add(session)
            self.counts.add_counts(self.stack, session)
            self.last_time = session.market.now

    def worth(self, number: int) -> float:
        """Returns what an instrument's position is worth at its last mid, in the currency of its profit."""
        if number == 0 and self.stack.leg.market.rule.paths:  # type: ignore[attr-defined]
            return self.marked
        money = self.moneys[number]
        return float(money.held(money.quantity(self.ends[number].position), self.end_mids[number]))

    def rate(self, number: int) -> float:
        """Returns what an instrument's money is in that of the quoted one, at the last mids."""
        return float(exchanged(self.stack, number, self.end_mids[0], self.end_mids[number]))

    def total(self, part: str) -> float:
        """Returns "cash", "fees" or "equity" of all instruments together, in the quoted one's money."""
        sums = []
        for number, (money, end) in enumerate(zip(self.moneys, self.ends, strict=True)):
            cash, fees = money.of(end)
            own = {"cash": cash, "fees": fees}.get(part, cash + self.worth(number))
            sums.append(own * self.rate(number) if number else own)
        return math.fsum(sums)

    def fills_table(self) -> Any:
        """Returns the fills as a polars DataFrame with the columns of fills.parquet."""
        import polars as pl

        rows = np.concatenate(self.fill_rows) if self.fill_rows else np.zeros((0, FILL_COLUMNS), np.int64)
        mid = np.concatenate(self.fill_mids) if self.fill_mids else np.zeros(0)
        if len(self.stack.legs) > 1:  # the venues run one after another; at equal times the quoted one is first
            order = np.argsort(rows[:, 0], kind="stable")
            rows, mid = rows[order], mid[order]
        maker = rows[:, 6] == 1
        price, qty, fee = (np.zeros(len(rows)) for _ in range(3))
        for number, money in enumerate(self.moneys):
            own = rows[:, 9] == number
            instrument = money.instrument
            price[own], qty[own] = money.price(rows[own, 3].astype(float)), money.quantity(rows[own, 4].astype(float))
            rate = np.where(maker[own], instrument.maker_fee, instrument.taker_fee)
            fee[own] = contract_of(instrument).notional(qty[own], price[own]) * rate
        return pl.DataFrame(
            {
                "exch_ts": rows[:, 0],
                "local_ts": rows[:, 1],
                "instrument": pl.Series([self.stack.leg_names[n] for n in rows[:, 9].tolist()], dtype=pl.String),
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
        rows = np.concatenate(self.record_rows) if self.record_rows else np.zeros((0, record_width(self.stack)))
        legs = [rows[:, RECORD_COLUMNS + LEG_COLUMNS * n :][:, :LEG_COLUMNS].T for n in range(len(self.stack.legs))]
        cash, equity = np.zeros(len(rows)), np.zeros(len(rows))
        positions = []
        for number, (money, (mid, lots, *ledger)) in enumerate(zip(self.moneys, legs, strict=True)):
            positions.append(money.quantity(lots))
            own = money.cash(*ledger)
            worth = money.held(positions[-1], mid)
            rate = exchanged(self.stack, number, legs[0][0], mid) if number else 1.0
            cash, equity = (cash + own * rate, equity + (own + worth) * rate) if number else (own, own + worth)
        first = RECORD_COLUMNS + LEG_COLUMNS * len(legs)
        columns = {
            "time": time,
            "bid": rows[:, 0],
            "ask": rows[:, 1],
            "mid": legs[0][0],
            "bid_quote": rows[:, 2],
            "ask_quote": rows[:, 3],
            "position": positions[0],
            "cash": cash,
            "equity": equity,
            **{name: rows[:, first + i] for i, name in enumerate(names)},
            "path": rows[:, 4].astype(np.int32),
        }
        for name, (mid, *_), position in list(zip(self.stack.leg_names, legs, positions, strict=True))[1:]:
            columns |= {f"{name}.mid": mid, f"{name}.position": position}
        if self.stack.watchers:
            level, reason, step = rows[:, first + len(names) :].T
            causes = [self.stack.risk[int(n)].path if n >= 0 else "" for n in reason.tolist()]
            columns |= {
                "risk_level": level.astype(np.int8),
                "risk_reason": pl.Series(causes, dtype=pl.String),
                "recovery_step": step.astype(np.int32),
            }
        return pl.DataFrame(columns)


def numbers(values: Any) -> Any:
    """Returns values as floats, NaN in the place of what a faulty rule has published instead of a number."""
    try:
        return np.array(values, np.float64)
    except (TypeError, ValueError):
        return np.array([value if is_number(value) else math.nan for value in values], np.float64)


def exchanged(stack: Stack, number: int, quoted_mid: Any, mid: Any) -> Any:
    """Returns the rate from an instrument's money to that of the quoted one: a coin is worth its mid; of one kind they count alike."""
    own, quoted = stack.all_legs[number].instrument, stack.leg.instrument
    if own.inverse == quoted.inverse:
        return 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return mid if own.inverse else 1.0 / np.asarray(quoted_mid)
