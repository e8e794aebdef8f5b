"""A stack's module and the session over it: every record of one run in one object."""

import math
from collections.abc import Mapping
from types import FunctionType
from typing import Any

import attrs

from mmkit.engine import places
from mmkit.engine.account import ENTRIES, account_class
from mmkit.engine.calls import asked, identifier
from mmkit.engine.control import Control
from mmkit.engine.exchange import exchange_class
from mmkit.engine.logs import EVENT_COLUMNS, EVENT_VALUES, FILL_COLUMNS, LATENCY_BUCKETS, Log
from mmkit.engine.module import generate, logged_signals, record_width
from mmkit.engine.records import (
    HEDGE,
    LEVELS,
    Clock,
    Fill,
    Ledger,
    Leg,
    MarketView,
    Reading,
    Trade,
    desk_class,
    quotes_class,
)
from mmkit.errors import MmkitError, PluginError, raised_at
from mmkit.rules import Role, Trigger
from mmkit.stack import Instrument, Kind, Slot, Stack
from mmkit.stack import Leg as Place

ORDERS, MESSAGES = 1024, 2048
"""How many orders may be alive at once, and how many requests or answers under way: far above what a ladder needs."""


CORE = ("market", "trade", "fill", "ladder", "desk", "exchange", "ledger", "reading", "clock")

COMPACT = ("desk", "reading", "clock", "trade", "fill", "legs")
"""Those of them whose numbers take no more room than their bounds need, always."""


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
        first, *others = (self.leg(number, leg, pattern) for number, leg in enumerate(stack.all_legs))
        post_only = stack.execution.rule.post_only  # type: ignore[attr-defined]
        first.desk.post_only = asked(stack.execution, "post_only") if post_only else 1
        first.desk.may_amend = int(stack.execution.rule.amends)  # type: ignore[attr-defined]
        own: dict[str, Any] = {name: getattr(first, name) for name in CORE if name not in ("ladder", "clock")}
        own |= {"ladder": self.quotes(), "clock": attrs.evolve(clock_of(stack), untimed=self.untimed)}
        parts: dict[str, Any] = {name: own[name] for name in CORE}
        if stack.accounts:
            parts |= {"account": account_of(stack), "control": Control()}
        if others:
            parts["legs"] = others
        for slot in (*stack.slots, *(leg.venue for leg in stack.all_legs), *stack.caches):
            parts |= slot_records(slot)
            name = identifier(slot.path)
            set_up(slot, parts[f"{name}_state"], stack)
            if f"{name}_constants" in parts:
                assemble(slot, parts[f"{name}_constants"])
        return self.parts(**parts)

    def leg(self, number: int, leg: Place, pattern: bool) -> Leg:
        """Returns the records of one instrument, the quoted one first."""
        instrument = leg.instrument
        desk = self.desk(**(alike(self.desk) if pattern else {}))
        exchange = self.exchange(**(alike(self.exchange) if pattern else {}))
        for name, record in (
            *(("entry_latency", desk), ("response_latency", exchange), ("partial_fills", exchange)),
            ("amend", desk),
        ):
            setattr(record, name, int(getattr(leg.venue.params, name, getattr(record, name))))
        exchange.reprice = int(getattr(leg.venue.params, "post_only", 0))
        desk.cause = HEDGE if number else desk.cause
        provide(exchange, instrument)
        market = MarketView(tick_size=instrument.tick_size, lot_size=instrument.lot, number=number)
        market.per_lot = instrument.lot if instrument.inverse else 0.0
        rank = list(self.stack.legs).index(instrument.name)
        reading = attrs.evolve(reading_of(self.stack, instrument.name), rank=rank)
        return Leg(market, Trade(), Fill(), desk, exchange, Ledger(), reading)

    def log(self, *, fills: int, records: int, events: int) -> Log:
        """Returns an empty log with room for so many fills, records and events."""
        width = record_width(self.stack)
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
    acting = (*stack.slots, *(leg.venue for leg in stack.all_legs), *stack.caches)
    own = [*(["account", "control"] if stack.accounts else []), *(["legs"] if len(stack.legs) > 1 else [])]
    names = [*CORE, *own, *(name for slot in acting for name in slot_records(slot))]
    return Program(
        stack=stack,
        source=source,
        functions=functions,
        quotes=quotes_class(levels_of(stack)),
        desk=desk_class(orders or orders_of(stack), messages),
        exchange=exchange_class(orders or orders_of(stack), messages),
        parts=attrs.make_class("Session", names, slots=True, eq=False),
        compact=frozenset([*COMPACT, *(name for slot in acting if slot.rule.compact for name in slot_records(slot))]),
    )


def levels_of(stack: Stack) -> int:
    """Returns the room for levels of the ladder: a power of two, so that few parameters change what is compiled."""
    return power_of_two(most_levels(stack))


def most_levels(stack: Stack) -> int:
    """Returns how many levels the ladder can have."""
    most = stack.ladder.rule.most  # type: ignore[attr-defined]
    return min(asked(stack.ladder, "most"), LEVELS) if most else LEVELS


def orders_of(stack: Stack) -> int:
    """Returns the room for orders alive at once: what the execution says that it can need, else far more than a ladder does."""
    slot = stack.execution
    most = slot.rule.most  # type: ignore[attr-defined]
    if most is None:
        return ORDERS
    latency = sum(int(getattr(stack.leg.venue.params, name, 0)) for name in ("entry_latency", "response_latency"))
    needed = asked(slot, "most", most_levels(stack), latency) + (4 if stack.accounts else 0)
    # Few different rooms, so that few parameters change what is compiled.
    return min(needed + -needed % 8 if needed <= 64 else power_of_two(needed), ORDERS)


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


def set_up(slot: Slot, state: Any, stack: Stack) -> None:
    """Runs a rule's setup; what it raises is the rule's fault, unless it says that the user's settings are."""
    if slot.rule.setup is None:
        return
    instrument = next((leg.instrument for leg in stack.all_legs if leg.venue is slot), None)
    given = [instrument or stack.legs[slot.instrument or stack.quote].instrument]
    hedges = [tuple(stack.legs[name].instrument for name in stack.hedges)] if slot.rule.role is Role.HEDGING else []
    try:
        slot.rule.setup(slot.params, state, *given, *hedges)
    except MmkitError:
        raise
    except Exception as error:
        raised = f"setup raised {type(error).__name__}: {error} ({raised_at(error)})"
        raise PluginError(f"{slot.path}: {slot.rule.name} ({slot.distribution}): {raised}") from error


def assemble(slot: Slot, constants: Any) -> None:
    """Works out what follows from a rule's parameters alone."""
    try:
        slot.rule.assemble(slot.params, constants)  # type: ignore[attr-defined]
    except MmkitError:
        raise
    except Exception as error:
        raised = f"assemble raised {type(error).__name__}: {error} ({raised_at(error)})"
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
    """Returns a clock that knows what can cause a turn."""
    hedging: Any = stack.hedging.rule
    triggers = asked(stack.execution, "triggers")
    after_fills = stack.hedges and hedging.triggers and asked(stack.hedging, "triggers") & Trigger.FILL
    return Clock(
        record_every=int(stack.record_every),
        watch_every=int(stack.watch_every),
        min_interval=int(getattr(stack.execution.params, "min_interval", 0)),
        triggers=triggers,
        watches=int(bool(stack.watchers)),
        hedges=int(bool(stack.hedges)),
        hedges_fills=int(bool(after_fills)),
        hears_fills=int(bool(triggers & Trigger.FILL or stack.watchers or after_fills)),
    )


def reading_of(stack: Stack, instrument: str) -> Reading:
    """Returns what is listened to of an instrument."""
    rules = [slot.rule for slot in stack.signals if slot.instrument in ("", instrument)]
    acting = stack.slots if instrument == stack.quote else stack.signals
    own = [slot for slot in acting if slot.instrument in ("", instrument)]
    return Reading(
        reads_depth=int(any(slot.rule.depth for slot in own)),
        hears_trades=int(any(getattr(rule, "on_trade", None) is not None for rule in rules)),
        hears_book=int(any(getattr(rule, "on_book", None) is not None and not rule.depth for rule in rules)),
        hears_depth=int(any(getattr(rule, "on_book", None) is not None and rule.depth for rule in rules)),
    )


def account_of(stack: Stack) -> Any:
    """Returns the quoted instrument's account before the first fill."""
    instrument = stack.leg.instrument
    return account_class(ENTRIES if stack.fifo else 1)(
        maker_fee=instrument.maker_fee,
        taker_fee=instrument.taker_fee,
        unit=instrument.lot,
        inverse=int(instrument.inverse),
        alone=int(len(stack.legs) == 1),
    )


def provide(exchange: Any, instrument: Instrument) -> None:
    """Tells a venue of its instrument's grid, fees and least order, and of the account: in lots and tick * lots (inverse: lots / tick)."""
    exchange.lot_size = instrument.lot
    whole = round(1.0 / instrument.lot)
    if abs(whole * instrument.lot - 1.0) < 1e-9:
        exchange.lots_per_unit = float(whole)
    exchange.kind = int(instrument.kind)
    exchange.maker_fee, exchange.taker_fee = instrument.maker_fee, instrument.taker_fee
    exchange.min_lots = math.ceil(instrument.min_quantity / instrument.lot - 1e-9)
    exchange.initial_margin, exchange.maintenance_margin = instrument.initial_margin, instrument.maintenance_margin
    if instrument.inverse:
        exchange.min_lots = max(exchange.min_lots, math.ceil(instrument.min_notional / instrument.lot - 1e-9))
        money = instrument.lot / instrument.tick_size
    else:
        money = instrument.lot * instrument.tick_size
        exchange.min_value = instrument.min_notional / money * (1.0 - 1e-12)
    exchange.bounded = int(instrument.bounded or instrument.balances is not None)
    if instrument.balances is not None:
        exchange.limited = 1
        exchange.cash = instrument.balances[instrument.gains_in] / money
        if instrument.kind == Kind.SPOT:
            exchange.owned = math.floor(instrument.balances[instrument.base] / instrument.lot + 1e-9)
