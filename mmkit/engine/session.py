"""A stack's module and the session over it: every record of one run in one object."""

from collections.abc import Mapping
from types import FunctionType
from typing import Any

import attrs

from mmkit.engine import places
from mmkit.engine.module import generate, identifier, signal_names
from mmkit.engine.records import (
    FILL_COLUMNS,
    RECORD_COLUMNS,
    Clock,
    Fill,
    Ledger,
    Log,
    MarketView,
    Quotes,
    Trade,
    desk_class,
    exchange_class,
)
from mmkit.errors import MmkitError, PluginError
from mmkit.stack import Instrument, Slot, Stack

ORDERS, MESSAGES = 1024, 2048
"""How many orders may be alive at once, and how many requests or answers under way: far above what a ladder needs."""


CORE = ("market", "trade", "fill", "ladder", "desk", "exchange", "ledger", "clock")


@attrs.frozen(eq=False)
class Program:
    """A stack's module: its text, its functions by name, and the classes of its records."""

    stack: Stack
    source: str
    functions: Mapping[str, Any]
    desk: type
    exchange: type
    parts: type

    def session(self) -> Any:
        """Returns the records of a run that is about to start: parameters, fresh states, our desk, the exchange."""
        stack = self.stack
        instrument = stack.leg.instrument
        venue = stack.leg.venue
        desk = self.desk()
        exchange = self.exchange()
        post_only = stack.execution.rule.post_only  # type: ignore[attr-defined]
        desk.post_only = int(post_only(stack.execution.params)) if post_only else 1
        for name, record in (("entry_latency", desk), ("response_latency", exchange), ("partial_fills", exchange)):
            setattr(record, name, int(getattr(venue.params, name, getattr(record, name))))
        market = MarketView(tick_size=instrument.tick_size, lot_size=instrument.lot_size)
        whole = round(1.0 / instrument.lot_size)
        if abs(whole * instrument.lot_size - 1.0) < 1e-9:
            market.lots_per_unit = float(whole)
        core = (market, Trade(), Fill(), Quotes(), desk, exchange, Ledger(), clock_of(stack))
        parts: dict[str, Any] = dict(zip(CORE, core, strict=True))
        for slot in (*stack.slots, venue, *stack.optimizations):
            parts |= slot_records(slot)
            set_up(slot, parts[f"{identifier(slot.path)}_state"], instrument)
        return self.parts(**parts)

    def log(self, *, fills: int, records: int) -> Log:
        """Returns an empty log with room for so many fills and records."""
        width = RECORD_COLUMNS + len(signal_names(self.stack))
        return Log(
            fill_capacity=fills,
            fill=[0] * (fills * FILL_COLUMNS),
            fill_mid=[0.0] * fills,
            record_capacity=records,
            record_width=width,
            record_time=[0] * records,
            record=[0.0] * (records * width),
        )


def program(stack: Stack, *, orders: int = ORDERS, messages: int = MESSAGES) -> Program:
    """Writes a stack's module; room for so many orders alive and messages under way (powers of two)."""
    source, scope = generate(stack)
    functions = {"__name__": "mmkit_stack", **scope}
    exec(compile(source, f"<stack {stack.name}>", "exec"), functions)
    acting = (*stack.slots, stack.leg.venue, *stack.optimizations)
    names = [*CORE, *(name for slot in acting for name in slot_records(slot))]
    return Program(
        stack=stack,
        source=source,
        functions=functions,
        desk=desk_class(orders, messages),
        exchange=exchange_class(orders, messages),
        parts=attrs.make_class("Session", names, slots=True, eq=False),
    )


def in_their_places(functions: Mapping[str, Any]) -> dict[Any, Any]:
    """Returns which of a module's functions goes into which of the places that the loops leave open."""
    return {
        place: functions[name]
        for name, place in vars(places).items()
        if isinstance(place, FunctionType) and name in functions
    }


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


def slot_records(slot: Slot) -> dict[str, Any]:
    """Returns a rule's own objects by their names in the session."""
    own = identifier(slot.path)
    terms = getattr(slot.rule, "terms", None)
    return {
        f"{own}_params": slot.params,
        f"{own}_state": slot.rule.state(),
        **({f"{own}_inputs": slot.rule.inputs()} if slot.rule.inputs else {}),
        **({f"{own}_terms": terms()} if terms else {}),
    }


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
