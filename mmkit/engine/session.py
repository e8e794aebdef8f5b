"""A session: every record of one run in one object, and a stack's functions bound to the loops."""

import types
from typing import Any

import attrs

from mmkit.engine import places, replay, walk
from mmkit.engine.binding import bind, plain
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
from mmkit.stack import Slot, Stack

ORDERS, MESSAGES = 2048, 4096
"""How many orders may be alive at once, and how many requests or answers under way: far above what a ladder needs."""


@attrs.frozen(eq=False)
class Program:
    """A stack's module as text, the loops bound to its functions, and the classes of its records."""

    stack: Stack
    source: str
    replay: Any
    walk: Any
    next_time: Any
    desk: type
    exchange: type
    session: type


def program(stack: Stack, *, orders: int = ORDERS, messages: int = MESSAGES) -> Program:
    """Writes a stack's module and binds the loops to it, plain; room for so many orders alive and messages under way."""
    source, scope = generate(stack)
    module = types.ModuleType(f"mmkit stack {stack.name}")
    module.__dict__.update(scope)
    exec(compile(source, f"<stack {stack.name}>", "exec"), module.__dict__)
    filled = {
        function: getattr(module, name)
        for name, function in vars(places).items()
        if isinstance(function, types.FunctionType) and hasattr(module, name)
    }
    done: dict[Any, Any] = {}
    names = [*CORE, *(name for slot in (*stack.slots, stack.leg.venue) for name in slot_records(slot))]
    return Program(
        stack=stack,
        source=source,
        replay=bind(replay.replay, filled, plain, done),
        walk=bind(walk.walk, filled, plain, done),
        next_time=module.next_time,
        desk=desk_class(orders, messages),
        exchange=exchange_class(orders, messages),
        session=attrs.make_class("Session", names, slots=True, eq=False),
    )


CORE = ("market", "trade", "fill", "ladder", "desk", "exchange", "ledger", "clock")


def new_session(program: Program) -> Any:
    """Returns the records of a run that is about to start: parameters, fresh states, our desk, the exchange."""
    stack = program.stack
    instrument = stack.leg.instrument
    venue = stack.leg.venue
    desk = program.desk()
    exchange = program.exchange()
    post_only = stack.execution.rule.post_only  # type: ignore[attr-defined]
    desk.post_only = int(post_only(stack.execution.params)) if post_only else 1
    for name, record in (("entry_latency", desk), ("response_latency", exchange), ("partial_fills", exchange)):
        setattr(record, name, int(getattr(venue.params, name, getattr(record, name))))
    market = MarketView(tick_size=instrument.tick_size, lot_size=instrument.lot_size)
    core = (market, Trade(), Fill(), Quotes(), desk, exchange, Ledger(), clock_of(stack))
    parts: dict[str, Any] = dict(zip(CORE, core, strict=True))
    for slot in (*stack.slots, venue):
        parts |= slot_records(slot)
        if slot.rule.setup is not None:
            try:
                slot.rule.setup(slot.params, parts[f"{identifier(slot.path)}_state"], instrument)
            except MmkitError:
                raise
            except Exception as error:
                what = (
                    f"{slot.path}: {slot.rule.name} ({slot.distribution}): setup raised {type(error).__name__}: {error}"
                )
                raise PluginError(what) from error
    return program.session(**parts)


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


def new_log(stack: Stack, *, fills: int, records: int) -> Log:
    """Returns an empty log with room for so many fills and records."""
    width = RECORD_COLUMNS + len(signal_names(stack))
    return Log(
        fill_capacity=fills,
        fill=[0] * (fills * FILL_COLUMNS),
        fill_mid=[0.0] * fills,
        record_capacity=records,
        record_width=width,
        record_time=[0] * records,
        record=[0.0] * (records * width),
    )
