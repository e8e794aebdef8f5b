"""One decision, step by step: the stack's own module, with somebody who listens wherever a rule or the kernel names a step."""

import math
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import attrs

from mmkit.at_fault import stopped
from mmkit.blame import blame
from mmkit.decisions import LEVELS
from mmkit.engine.binding import as_it_is, bind
from mmkit.engine.calls import calls_of, identifier
from mmkit.engine.records import AMENDING, CANCELLING, LIMIT, MARKET, PLACING, POST_ONLY
from mmkit.engine.session import Program, program
from mmkit.money import Money, grid_price
from mmkit.situation import place_snapshot
from mmkit.snapshot import Snapshot
from mmkit.stack import Slot, Stack
from mmkit.steps import step
from mmkit.tape import WINDOW

KERNEL = "mmkit"
"""The rule of the steps that no rule takes."""

ACTIONS = {PLACING: "place", CANCELLING: "cancel", AMENDING: "amend"}
KINDS = {POST_ONLY: "post-only", LIMIT: "limit", MARKET: "market"}


@attrs.frozen
class Step:
    """One step: the place in the stack ("pricing", "risk.limits"; "market" and "grid" are the kernel's), the rule, what the step is
    called, its value and unit."""

    stage: str
    rule: str
    name: str
    value: float
    unit: str


@attrs.frozen
class Explanation:
    """A decision: its steps in the order applied, the quotes from the inside out as (price, quantity), and the requests."""

    steps: tuple[Step, ...]
    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]
    actions: tuple[Mapping[str, Any], ...]

    def document(self) -> dict[str, Any]:
        """Returns what `mmkit explain --json` prints."""
        return {
            "steps": [attrs.asdict(each) for each in self.steps],
            "quotes": {"bids": [list(level) for level in self.bids], "asks": [list(level) for level in self.asks]},
            "actions": [dict(action) for action in self.actions],
        }


def explain(stack: Stack, snapshot: Snapshot) -> Explanation:
    """Returns one decision of a stack in the situation of a snapshot.

    Signals are what the snapshot says, and as new where it says nothing; every other rule acts as in a run. Raises PluginError where a
    rule fails.
    """
    written = program(stack)
    session = written.session()
    place_snapshot(stack, session, snapshot)
    listener = _Listener(stack, session)
    listener.situation(snapshot)
    listener.listen(written)
    session.clock.decisions = 1
    try:
        if stack.watchers:
            written.functions["watch"](session, written.log(fills=1, records=1, events=16))
            listener.governed()
        written.functions["decide"](session, book_of(stack))
        if stack.hedges:
            written.functions["hedge"](session)
    except Exception as error:
        blamed = blame(stack, error, session.market.now, session.clock)
        if blamed is None:
            raise
        raise blamed from error
    fault = stopped(stack, session)
    if fault is not None:
        raise fault
    listener.missing()
    bids, asks = (quotes(session, side, stack) for side in ("bid", "ask"))
    acted = [action for number in range(len(stack.legs)) for action in actions(session, stack, number)]
    return Explanation(tuple(listener.steps), bids, asks, tuple(acted))


def book_of(stack: Stack) -> list[int]:
    """Returns the book that rules see: a snapshot knows the best prices and no level."""
    return [0] * (2 * WINDOW) if any(slot.rule.depth for slot in acting(stack)) else []


def acting(stack: Stack) -> list[Slot]:
    """Returns the rules that act in a decision; signals have published before it."""
    return [slot for slot in stack.slots if slot not in stack.signals]


def quotes(session: Any, side: str, stack: Stack) -> tuple[tuple[float, float], ...]:
    """Returns what is wanted on a side, from the inside out: price and quantity."""
    ladder, money = session.ladder, Money(stack.leg.instrument)
    ticks, lots = getattr(ladder, f"{side}_ticks"), getattr(ladder, f"{side}_lots")
    return tuple(
        (float(money.price(ticks[i])), float(money.quantity(lots[i]))) for i in range(ladder.levels) if lots[i] > 0
    )


def actions(session: Any, stack: Stack, number: int) -> list[dict[str, Any]]:
    """Returns the requests that are sent for an instrument, in order; `order` counts the snapshot's orders from 0."""
    desk = session.legs[number - 1].desk if number else session.desk
    money = Money(stack.all_legs[number].instrument)
    found = []
    for i in range(desk.sent_first, desk.sent_end):
        request = desk.sent[i & desk.mask]
        order = desk.orders[request.place]
        action: dict[str, Any] = {"action": ACTIONS[request.kind], "side": order.side}
        if number:
            action["instrument"] = money.instrument.name
        if order.kind != MARKET:
            action["price"] = float(money.price(order.asked_tick))
        amended = order.asked_lots if request.kind == AMENDING else order.remaining
        action["qty"] = float(money.quantity(amended))
        if request.kind == PLACING:
            action["kind"] = KINDS[order.kind]
            if order.reduce_only:
                action["reduce_only"] = True
        else:
            action["order"] = order.id - 1
        found.append(action)
    return found


class _Listener:
    """Stands around every call of a stack's module and notes what goes in, what is named, and what comes out."""

    def __init__(self, stack: Stack, session: Any) -> None:
        self.stack = stack
        self.session = session
        self.steps: list[Step] = []
        self.stage, self.rule = "market", KERNEL
        self.wired: set[str] = set()

    def note(self, name: str, value: float, unit: str = "") -> None:
        """Notes a step; takes the place of mmkit.step."""
        if unit == "ticks" and self.stage == "grid":
            value, unit = grid_price(value, self.session.market.tick_size), "quote"
        self.steps.append(Step(self.stage, self.rule, str(name), _number(value), str(unit)))

    def own(self, slot: Slot, what: str) -> Any:
        """Returns a rule's record: "state" or "inputs"."""
        return getattr(self.session, f"{identifier(slot.path)}_{what}")

    def at(self, stage: str, rule: str) -> None:
        self.stage, self.rule = stage, rule

    def situation(self, snapshot: Snapshot) -> None:
        """Notes what is known before the first rule acts."""
        market = self.session.market
        self.at("market", KERNEL)
        self.note("best bid", market.bid, "quote")
        self.note("best ask", market.ask, "quote")
        if math.isfinite(snapshot.mark):
            self.note("mark", snapshot.mark, "quote")
        self.note("mid", market.mid, "quote")
        self.note("position", market.position, "base")
        for slot in self.stack.signals:
            self.at(slot.path, slot.rule.name)
            for output, unit in slot.rule.outputs.items():
                if f"{slot.name}.{output}" in snapshot.signals:
                    self.note(output, getattr(self.own(slot, "state"), output), unit)

    def listen(self, written: Program) -> None:
        """Puts a listener around every function that the module calls for a decision."""
        functions: Any = written.functions
        done: dict[FunctionType, Any] = {}
        hearing = {step: self.note}

        def heard(function: Any) -> Any:
            return bind(function, hearing, as_it_is, done) if isinstance(function, FunctionType) else function

        after: dict[str, Callable[[Any], None]] = {
            "sizes": self.sized,
            "quote": self.priced,
            "levels": self.laddered,
            "watch": self.watched,
        }
        for slot, name in calls_of(self.stack):
            called = f"{identifier(slot.path)}_{name}"
            if called in functions and slot in acting(self.stack):
                around = self.limited if name == "limit" else self.around
                functions[called] = around(slot, heard(functions[called]), after.get(name))
        functions["to_grid"] = self.on_grid(heard(functions["to_grid"]))

    def around(self, slot: Slot, function: Any, after: Callable[[Any], None] | None) -> Any:
        def call(*given: Any) -> Any:
            self.enter(slot)
            result = function(*given)
            if after is not None:
                after(result)
            return result

        return call

    def limited(self, slot: Slot, function: Any, _: Any) -> Any:
        """A risk rule's call: what it took away shows by comparison."""

        def call(*given: Any) -> None:
            self.enter(slot)
            ladder = self.session.ladder
            before = [(list(getattr(ladder, f"{side}_lots")), side) for side in ("bid", "ask")]
            function(*given)
            for i in range(ladder.levels):
                for lots, side in before:
                    left = getattr(ladder, f"{side}_lots")[i]
                    if left != lots[i]:
                        removed = grid_price(lots[i] - left, self.session.market.lot_size)
                        word = "reduced by" if left > 0 else "vetoed:"
                        self.note(f"{side} {i + 1} {word}", removed, "base")

        return call

    def on_grid(self, function: Any) -> Any:
        def call(s: Any, bid: float, ask: float) -> None:
            self.at("grid", KERNEL)
            self.note("bid before rounding", bid, "quote")
            self.note("ask before rounding", ask, "quote")
            function(s, bid, ask)
            ladder = s.ladder
            for i in range(ladder.levels):
                for side in ("bid", "ask"):
                    if getattr(ladder, f"{side}_lots")[i] > 0:
                        self.note(f"{side} {i + 1}", getattr(ladder, f"{side}_ticks")[i], "ticks")
                        lots = getattr(ladder, f"{side}_lots")[i]
                        self.note(f"{side} {i + 1} quantity", grid_price(lots, s.market.lot_size), "base")

        return call

    def enter(self, slot: Slot) -> None:
        """Notes the inputs of a rule that is called for the first time."""
        self.at(slot.path, slot.rule.name)
        if slot.path in self.wired or slot.rule.inputs is None:
            return
        self.wired.add(slot.path)
        inputs = self.own(slot, "inputs")
        for name, source in slot.wiring.items():
            value = getattr(inputs, name)
            if value == value:
                self.note(f"{name} ({source})", value, _unit(slot, name))

    def sized(self, result: Any) -> None:
        for side, quantity in zip(("bid", "ask"), result, strict=True):
            self.note(f"{side} quantity", quantity, "base")

    def priced(self, result: Any) -> None:
        price, half_bid, half_ask = result
        self.note("reservation price", price, "quote")
        self.note("half-spread to the bid", half_bid, "quote")
        self.note("half-spread to the ask", half_ask, "quote")

    def laddered(self, _: Any) -> None:
        ladder = self.session.ladder
        for i in range(ladder.levels):
            self.note(f"level {i + 1} distance from the inner quote", ladder.offset_ticks[i], "ticks")
            self.note(f"level {i + 1} bid quantity", ladder.bid_qty[i], "base")
            self.note(f"level {i + 1} ask quantity", ladder.ask_qty[i], "base")

    def watched(self, level: int) -> None:
        self.note(f"asks for {LEVELS[level]}", level)

    def governed(self) -> None:
        """Notes which level of risk is in force, and why."""
        control = self.session.control
        self.at("risk", KERNEL)
        by = f" ({self.stack.risk[control.reason].path})" if control.level and control.reason >= 0 else ""
        self.note(f"level in force: {LEVELS[max(control.level, 0)]}{by}", control.level)
        if control.steps:
            self.note(f"recovery, of {control.steps} steps", control.step)

    def missing(self) -> None:
        """Notes which required input kept a rule from acting."""
        quoting = self.session.ladder.levels > 0
        for slot in acting(self.stack):
            fields: Any = attrs.fields_dict(slot.rule.inputs) if slot.rule.inputs else {}
            for name, source in slot.wiring.items():
                value = getattr(self.own(slot, "inputs"), name)
                if fields[name].metadata.get("required") and not math.isfinite(value):
                    self.at(slot.path, slot.rule.name)
                    what = "not applied" if quoting else "no quote"
                    self.note(f"{what}: {slot.path}.{name} ({source}) is not there", math.nan, _unit(slot, name))
                    if not quoting:
                        return


def _unit(slot: Slot, name: str) -> str:
    fields: Any = attrs.fields_dict(slot.rule.inputs)  # type: ignore[arg-type]
    return str(fields[name].metadata["unit"])


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else float(value)
