"""The situation that one decision is explained for: a JSON document, every fault of it at once."""

import json
import math
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from mmkit.engine.grid import is_near
from mmkit.engine.session import ORDERS
from mmkit.errors import ConfigError, nearest
from mmkit.faults import Faults
from mmkit.kinds import LARGEST, shown
from mmkit.stack import Slot, Stack

KEYS = ("time", "start", "bid", "ask", "mark", "position", "account", "signals", "orders", "instruments")
ACCOUNT_KEYS = ("entry", "realised", "fees", "funding", "peak", "opened", "trips", "losses", "last_trip")
WHOLE_OF_ACCOUNT = ("opened", "trips", "losses")
INSTRUMENT_KEYS = ("bid", "ask", "position")
ORDER_KEYS = ("side", "price", "qty")
FURTHEST = 2.0**53
"""Ticks or lots that a float still counts one by one."""


@attrs.frozen
class OwnOrder:
    """A working order of ours: side +1 buys, -1 sells; price in quote, quantity in base currency."""

    side: int
    price: float
    qty: float


@attrs.frozen
class Other:
    """Another instrument of the stack: best prices, position in its base currency."""

    bid: float
    ask: float
    position: float = 0.0


@attrs.frozen
class Snapshot:
    """What is known when a decision is due.

    time, start: ns, now and the session's first event; bid, ask: best prices; mark: NaN where not given; position: base
    currency; account: what is known of it by name, "entry"; signals: published numbers by name, "sigma.value"; orders: our own;
    instruments: the others by name.
    """

    time: int
    start: int
    bid: float
    ask: float
    mark: float = math.nan
    position: float = 0.0
    signals: Mapping[str, float] = attrs.field(factory=dict)
    orders: tuple[OwnOrder, ...] = ()
    account: Mapping[str, float] = attrs.field(factory=dict)
    instruments: Mapping[str, Other] = attrs.field(factory=dict)


def read(file: Path, stack: Stack) -> Snapshot:
    """Returns the snapshot in a JSON file ("-": standard input) for a stack. Raises ConfigError with one line per fault."""
    faults = Faults(str(file))
    found = _Reading(faults, stack, _document(file, faults)).snapshot()
    faults.raise_any()
    assert found is not None
    return found


class _Table(dict[str, Any]):
    """A JSON object that remembers which keys came twice."""

    twice: tuple[str, ...] = ()


def _table(pairs: list[tuple[str, Any]]) -> _Table:
    made = _Table(pairs)
    keys = [key for key, _ in pairs]
    made.twice = tuple(dict.fromkeys(key for key in keys if keys.count(key) > 1)) if len(made) < len(keys) else ()
    return made


def _document(file: Path, faults: Faults) -> _Table:
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except FileNotFoundError:
        near = [path.name for path in file.parent.glob("*.json")] if file.parent.is_dir() else []
        raise ConfigError(f"{file}: no such snapshot file{nearest(file.name, near)}") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    try:
        document = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_table)
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not a JSON file: not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{file}: is not a JSON file: {error}") from None
    if not isinstance(document, _Table):
        raise ConfigError(f'{file}: must be a JSON object such as {{"time": 0, "bid": 99.9, "ask": 100.1}}')
    return document


class _Reading:
    """One pass over a document; a part with a fault is None, or NaN for a number."""

    def __init__(self, faults: Faults, stack: Stack, document: _Table) -> None:
        self.faults = faults
        self.stack = stack
        self.document = document
        self.tick_size = stack.leg.instrument.tick_size
        self.lot_size = stack.leg.instrument.lot
        self.without_book = stack.leg.market.rule.paths is not None  # type: ignore[attr-defined]

    def snapshot(self) -> Snapshot | None:
        self.keys("", self.document, KEYS)
        time = self.whole("time")
        # A path's time counts from its start; of a recording's time only the snapshot knows when the session began.
        start = self.whole("start", 0 if self.without_book else time)
        if start is not None and time is not None and start > time:
            self.faults.add("start", f"must not be after time, {time}")
        bid, ask = self.price("bid", self.document), self.price("ask", self.document)
        if ask < bid or (ask == bid and not self.without_book):
            self.faults.add("ask", f"the book is crossed: must be above bid, {bid:.15g}, is {ask:.15g}")
        mark = math.nan
        if self.document.get("mark") is not None:
            mark = self.price("mark", self.document)
        position = self.number("position", self.document.get("position", 0.0))
        if not abs(position / self.lot_size) < FURTHEST and math.isfinite(position):
            self.faults.add("position", "is too large to be counted in lots")
        signals, orders, account, others = self.signals(), self.orders(), self.account(), self.others()
        if self.faults.lines or time is None or start is None:
            return None
        return Snapshot(time, start, bid, ask, mark, position, signals, orders, account, others)

    def keys(self, path: str, table: _Table, known: Iterable[str]) -> None:
        known = tuple(known)
        for key in table:
            if key not in known:
                self.faults.add(f"{path}{key}", f"unknown key{nearest(key, known)}")
        for key in table.twice:
            self.faults.add(f"{path}{key}", "is there twice")

    def number(self, path: str, value: Any) -> float:
        """Returns a finite number, or NaN and a fault."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.faults.add(path, f"must be a number, is {_said(value)}")
            return math.nan
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self.faults.add(path, f"must be a finite number, is {shown(value)}")
            return math.nan
        return number

    def positive(self, path: str, value: Any, step: float, unit: str) -> float:
        number = self.number(path, value)
        if number <= 0.0:
            self.faults.add(path, f"must be above 0, is {number:.15g}")
        elif number / step >= FURTHEST:
            self.faults.add(path, f"is too large to be counted in {unit}")
        else:
            return number
        return math.nan

    def price(self, key: str, table: _Table, path: str = "") -> float:
        if table.get(key) is None:
            self.faults.add(path + key, "required (quote): a price")
            return math.nan
        return self.positive(path + key, table[key], self.tick_size, "ticks")

    def whole(self, key: str, default: int | None = None) -> int | None:
        value = self.document.get(key, default)
        if key not in self.document and (default is not None or key == "start"):
            return default
        if key not in self.document:
            self.faults.add(key, "required (ns): the time of the decision")
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            said = _said(value) if not isinstance(value, int | float) or isinstance(value, bool) else shown(value)
            self.faults.add(key, f"must be a whole number of nanoseconds, is {said}")
            return None
        if not 0 <= value <= LARGEST // 2:
            self.faults.add(key, f"must be between 0 and {LARGEST // 2} ns, is {shown(value)}")
            return None
        return value

    def table(self, key: str, example: str) -> _Table:
        """Returns an object of the document, an empty one where it is left out or at fault."""
        given = self.document.get(key, _Table())
        if isinstance(given, _Table):
            return given
        self.faults.add(key, f"must be an object such as {example}")
        return _Table()

    def account(self) -> dict[str, float]:
        given = self.table("account", '{"entry": 99.5}')
        self.keys("account.", given, ACCOUNT_KEYS)
        if given and not self.stack.accounts:
            self.faults.add("account", "no rule of the stack watches it")
        return {name: self.known_of_account(name, value) for name, value in given.items() if name in ACCOUNT_KEYS}

    def known_of_account(self, name: str, value: Any) -> float:
        path = f"account.{name}"
        if name == "entry":
            return self.positive(path, value, self.tick_size, "ticks")
        number = self.number(path, value)
        if name not in WHOLE_OF_ACCOUNT or not math.isfinite(number):
            return number
        if number != math.floor(number):
            self.faults.add(path, f"must be a whole number, is {shown(value)}")
        return int(value)  # of a time in ns a float has not every digit

    def others(self) -> dict[str, Other]:
        given = self.table("instruments", '{"SPOT": {"bid": 99.9, "ask": 100.1, "position": 0.0}}')
        known = self.stack.leg_names[1:]
        found = {}
        for name, entry in given.items():
            path = f"instruments.{name}"
            if name not in known:
                self.faults.add(path, f"no other instrument of the stack{nearest(name, known)}")
            elif not isinstance(entry, _Table):
                self.faults.add(path, f"must be an object, is {_said(entry)}")
            else:
                self.keys(f"{path}.", entry, INSTRUMENT_KEYS)
                bid, ask = self.price("bid", entry, f"{path}."), self.price("ask", entry, f"{path}.")
                if ask <= bid:
                    self.faults.add(f"{path}.ask", f"the book is crossed: must be above bid, {bid:.15g}, is {ask:.15g}")
                position = self.number(f"{path}.position", entry.get("position", 0.0))
                if abs(position / self.stack.legs[name].instrument.lot) >= FURTHEST:
                    self.faults.add(f"{path}.position", "is too large to be counted in lots")
                found[name] = Other(bid, ask, position)
        return found

    def signals(self) -> dict[str, float]:
        given = self.document.get("signals", _Table())
        if not isinstance(given, _Table):
            self.faults.add("signals", 'must be an object such as {"sigma.value": 0.5}')
            return {}
        known = {f"{slot.name}.{output}": (slot, output) for slot in self.stack.signals for output in slot.rule.outputs}
        for key in given.twice:
            self.faults.add(f"signals.{key}", "is there twice")
        found: dict[str, float] = {}
        for name, value in given.items():
            if name not in known:
                there = f"; there are: {', '.join(known)}" if known else "; the stack has no signals"
                hint = nearest(name, known) or there
                self.faults.add(f"signals.{name}", f"no signal of the stack publishes this{hint}")
            elif value is not None:  # null: not ready
                found[name] = self.published(f"signals.{name}", value, *known[name])
        return found

    def published(self, path: str, value: Any, slot: Slot, output: str) -> float:
        number = self.number(path, value)
        fields: Any = attrs.fields_dict(slot.rule.state)
        if fields[output].type is int and math.isfinite(number) and number != math.floor(number):
            self.faults.add(path, f"must be a whole number, is {shown(value)}")
        return number

    def orders(self) -> tuple[OwnOrder, ...]:
        given = self.document.get("orders", [])
        if not isinstance(given, list):
            self.faults.add("orders", 'must be a list such as [{"side": 1, "price": 99.9, "qty": 0.1}]')
            return ()
        if len(given) > ORDERS:
            self.faults.add("orders", f"must have at most {ORDERS} entries, has {len(given)}")
            return ()
        return tuple(order for place, entry in enumerate(given) if (order := self.order(place, entry)))

    def order(self, place: int, entry: Any) -> OwnOrder | None:
        path = f"orders[{place}]"
        if not isinstance(entry, _Table):
            self.faults.add(path, f"must be an object, is {_said(entry)}")
            return None
        path += "."
        self.keys(path, entry, ORDER_KEYS)
        side = entry.get("side")
        if isinstance(side, bool) or side not in (1, -1):
            self.faults.add(f"{path}side", f"must be 1 (buys) or -1 (sells), is {_said(side)}")
            side = None
        price = self.price("price", entry, path)
        if not on_grid(price, self.tick_size):
            self.faults.add(f"{path}price", f"must be a multiple of the tick, {self.tick_size:.15g}, is {price:.15g}")
        if entry.get("qty") is None:
            self.faults.add(f"{path}qty", "required (base): what is left of the order")
            return None
        qty = self.positive(f"{path}qty", entry["qty"], self.lot_size, "lots")
        if not on_grid(qty, self.lot_size):
            self.faults.add(f"{path}qty", f"must be a multiple of the lot, {self.lot_size:.15g}, is {qty:.15g}")
        return OwnOrder(int(side), price, qty) if side is not None else None


def on_grid(number: float, step: float) -> bool:
    """Returns whether a number is a multiple of `step`, at least one, but for rounding; NaN passes: it has its fault already."""
    if math.isnan(number):
        return True
    whole = math.floor(number / step + 0.5)
    return whole > 0 and is_near(number / step, whole)


def _said(value: Any) -> str:
    """Returns a JSON value as a fault quotes it."""
    if value is None:
        return "null"
    return "an object" if isinstance(value, dict) else shown(value)
