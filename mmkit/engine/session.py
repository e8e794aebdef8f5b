"""A stack's module and the session over it: every record of one run in one object."""

import math
from collections.abc import Mapping
from types import FunctionType
from typing import Any

import attrs

from mmkit.engine import places
from mmkit.engine.module import generate, identifier, logged_signals, signal_names
from mmkit.engine.records import (
    EVENT_COLUMNS,
    EVENT_VALUES,
    FILL_COLUMNS,
    LATENCY_BUCKETS,
    LEVELS,
    RECORD_COLUMNS,
    Clock,
    Fill,
    Ledger,
    Log,
    MarketView,
    Trade,
    desk_class,
    exchange_class,
    quotes_class,
)
from mmkit.errors import MmkitError, PluginError
from mmkit.stack import Instrument, Slot, Stack

ORDERS, MESSAGES = 1024, 2048
"""How many orders may be alive at once, and how many requests or answers under way: far above what a ladder needs."""


CORE = ("market", "trade", "fill", "ladder", "desk", "exchange", "ledger", "clock")


@attrs.frozen(eq=False)
class Program:
    """A stack's module: its text, its functions by name, and the classes of its records.

    compact: the names of those that take as little room as they can; untimed: as in Clock.
    """

    stack: Stack
    source: str
    functions: Mapping[str, Any]
    quotes: type
    desk: type
    exchange: type
    parts: type
    compact: frozenset[str] = frozenset()
    untimed: int = 7

    def session(self, *, pattern: bool = False) -> Any:
        """Returns the records of a run that is about to start: parameters, fresh states, our desk, the exchange.

        pattern: to be laid out as a record and not used itself: making thousands of requests and answers would take most of the time.
        """
        stack = self.stack
        instrument = stack.leg.instrument
        venue = stack.leg.venue
        desk = self.desk(**(alike(self.desk) if pattern else {}))
        exchange = self.exchange(**(alike(self.exchange) if pattern else {}))
        post_only = stack.execution.rule.post_only  # type: ignore[attr-defined]
        desk.post_only = int(post_only(stack.execution.params)) if post_only else 1
        for name, record in (("entry_latency", desk), ("response_latency", exchange), ("partial_fills", exchange)):
            setattr(record, name, int(getattr(venue.params, name, getattr(record, name))))
        market = MarketView(tick_size=instrument.tick_size, lot_size=instrument.lot_size)
        whole = round(1.0 / instrument.lot_size)
        if abs(whole * instrument.lot_size - 1.0) < 1e-9:
            market.lots_per_unit = float(whole)
        core = (
            market,
            Trade(),
            Fill(),
            self.quotes(),
            desk,
            exchange,
            Ledger(),
            attrs.evolve(clock_of(stack), untimed=self.untimed),
        )
        parts: dict[str, Any] = dict(zip(CORE, core, strict=True))
        for slot in (*stack.slots, venue, *stack.caches):
            parts |= slot_records(slot)
            own = identifier(slot.path)
            set_up(slot, parts[f"{own}_state"], instrument)
            if f"{own}_constants" in parts:
                assemble(slot, parts[f"{own}_constants"])
        return self.parts(**parts)

    def log(self, *, fills: int, records: int, events: int) -> Log:
        """Returns an empty log with room for so many fills, records and events."""
        width = RECORD_COLUMNS + len(signal_names(self.stack))
        return Log(
            fill_capacity=fills,
            fill=[0] * (fills * FILL_COLUMNS),
            fill_mid=[0.0] * fills,
            record_capacity=records,
            record_width=width,
            record_time=[0] * records,
            record=[0.0] * (records * width),
            event_capacity=events,
            event=[0] * (events * EVENT_COLUMNS),
            event_value=[0.0] * (events * EVENT_VALUES),
            last=[math.nan] * len(logged_signals(self.stack)),
            latency=[0] * LATENCY_BUCKETS,
        )


def program(stack: Stack, *, orders: int = 0, messages: int = MESSAGES) -> Program:
    """Writes a stack's module; room for so many orders alive (0: as many as the ladder can need) and messages under way (powers of two)."""
    source, scope = generate(stack)
    functions = {"__name__": "mmkit_stack", **scope}
    exec(compile(source, f"<stack {stack.name}>", "exec"), functions)
    acting = (*stack.slots, stack.leg.venue, *stack.caches)
    names = [*CORE, *(name for slot in acting for name in slot_records(slot))]
    return Program(
        stack=stack,
        source=source,
        functions=functions,
        quotes=quotes_class(levels_of(stack)),
        desk=desk_class(orders or orders_of(stack), messages),
        exchange=exchange_class(orders or orders_of(stack), messages),
        parts=attrs.make_class("Session", names, slots=True, eq=False),
        compact=frozenset(["desk", *(name for slot in acting if slot.rule.compact for name in slot_records(slot))]),
    )


def levels_of(stack: Stack) -> int:
    """Returns the room for levels of the ladder: a power of two, so that few parameters change what is compiled."""
    return power_of_two(most_levels(stack))


def most_levels(stack: Stack) -> int:
    """Returns how many levels the ladder can have."""
    most = stack.ladder.rule.most  # type: ignore[attr-defined]
    return min(int(most(stack.ladder.params)), LEVELS) if most else LEVELS


def orders_of(stack: Stack) -> int:
    """Returns the room for orders alive at once: what the execution says that it can need, else far more than a ladder does."""
    slot = stack.execution
    most = slot.rule.most  # type: ignore[attr-defined]
    if most is None:
        return ORDERS
    latency = sum(int(getattr(stack.leg.venue.params, name, 0)) for name in ("entry_latency", "response_latency"))
    return min(power_of_two(int(most(slot.params, most_levels(stack), latency))), ORDERS)


def power_of_two(count: int) -> int:
    """Returns the smallest power of two that is not below `count`."""
    return 1 << max(count - 1, 0).bit_length()


def in_their_places(functions: Mapping[str, Any]) -> dict[Any, Any]:
    """Returns which of a module's functions goes into which of the places that the loops leave open."""
    return {
        place: functions[name]
        for name, place in vars(places).items()
        if isinstance(place, FunctionType) and name in functions
    }


def alike(cls: Any) -> dict[str, Any]:
    """Returns the arrays of nested records of a class by name, every element the same object."""
    nested = {field.name: field.metadata["records"] for field in attrs.fields(cls) if "records" in field.metadata}
    return {name: [kind()] * size for name, (kind, size) in nested.items()}


def set_up(slot: Slot, state: Any, instrument: Instrument) -> None:
    """Runs a rule's setup; what it raises is the rule's fault, unless it says that the user's settings are."""
    if slot.rule.setup is None:
        return
    try:
        slot.rule.setup(slot.params, state, instrument)
    except MmkitError:
        raise
    except Exception as error:
        raised = f"setup raised {type(error).__name__}: {error}"
        raise PluginError(f"{slot.path}: {slot.rule.name} ({slot.distribution}): {raised}") from error


def assemble(slot: Slot, constants: Any) -> None:
    """Works out what follows from a rule's parameters alone."""
    try:
        slot.rule.assemble(slot.params, constants)  # type: ignore[attr-defined]
    except MmkitError:
        raise
    except Exception as error:
        raised = f"assemble raised {type(error).__name__}: {error}"
        raise PluginError(f"{slot.path}: {slot.rule.name} ({slot.distribution}): {raised}") from error


def slot_records(slot: Slot) -> dict[str, Any]:
    """Returns a rule's own objects by their names in the session."""
    own = identifier(slot.path)
    made = {name: getattr(slot.rule, name, None) for name in ("inputs", "terms", "constants")}
    return {
        f"{own}_params": slot.params,
        f"{own}_state": fitted(slot.rule.state(), slot.params),
        **{f"{own}_{name}": fitted(cls(), slot.params) for name, cls in made.items() if cls},
    }


def fitted(record: Any, params: Any) -> Any:
    """Returns a rule's record with arrays no longer than its parameters need."""
    for field in attrs.fields(type(record)):
        needs = field.metadata.get("needs")
        if needs is not None:
            kept = max(min(int(needs(params)), field.metadata["array"][1]), 1)
            setattr(record, field.name, getattr(record, field.name)[:kept])
    return record


def clock_of(stack: Stack) -> Clock:
    """Returns a clock that knows what the stack's rules listen to."""
    rules = [slot.rule for slot in stack.signals]
    triggers = stack.execution.rule.triggers  # type: ignore[attr-defined]
    return Clock(
        record_every=int(stack.record_every),
        triggers=int(triggers(stack.execution.params)),
        reads_depth=int(any(slot.rule.depth for slot in stack.slots)),
        hears_trades=int(any(getattr(rule, "on_trade", None) is not None for rule in rules)),
        hears_book=int(any(getattr(rule, "on_book", None) is not None and not rule.depth for rule in rules)),
        hears_depth=int(any(getattr(rule, "on_book", None) is not None and rule.depth for rule in rules)),
    )
