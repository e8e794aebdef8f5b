"""What a rule does during a run: every call of its functions, with what it returned, published, proposed and asked for."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from mmkit.rules import Rule
from mmkit.stack import Slot, Stack
from mmkit.testing.between import between

Note = Callable[[str, Mapping[str, Any], Any], None]
"""Is told of a call: the function, what it was given by name, what it returned."""

LADDER = ("offset_ticks", "bid_qty", "ask_qty", "bid_ticks", "ask_ticks", "bid_lots", "ask_lots")
"""What a ladder has for each level."""


@attrs.frozen
class Call:
    """One call of one of a rule's functions, after it has returned.

    now: local time in ns, None where the function is not told; outputs: what the rule publishes; levels: of the ladder: offsets in ticks,
    then bid and ask quantities in base currency, bid and ask prices in ticks, bid and ask quantities in lots; orders: those alive, by desk,
    each id, side, ticks, lots and what is asked of it; a venue's rule sees one: its id, the quantity in front of it, what has traded.
    """

    function: str
    now: int | None
    result: Any
    outputs: tuple[float, ...] = ()
    levels: tuple[Any, ...] = ()
    orders: tuple[Any, ...] = ()


def watched(rule: Rule, note: Note) -> Rule:
    """Returns the rule with functions that tell `note` of every call; it stays Python, and so is for the plain engine."""

    def through(name: str, function: Callable[..., Any], given: dict[str, Any]) -> Any:
        result = function(*given.values())
        note(name, given, result)
        return result

    return between(rule, through)


def placed(stack: Stack, old: Rule, new: Rule) -> Stack:
    """Returns the stack with `new` wherever it has the rule `old`."""

    def change(slot: Slot) -> Slot:
        optimizations = tuple(map(change, slot.optimizations))
        off = tuple(map(change, slot.off))
        if slot.rule is old or slot.declared is old:
            return attrs.evolve(slot, rule=new, declared=new, optimizations=optimizations, off=off)
        if optimizations != slot.optimizations or off != slot.off:
            return attrs.evolve(slot, optimizations=optimizations, off=off)
        return slot

    groups: dict[str, Any] = {
        name: tuple(map(change, getattr(stack, name))) for name in ("signals", "risk", "reports", "process")
    }
    single: dict[str, Any] = {
        name: change(getattr(stack, name)) for name in ("sizing", "pricing", "ladder", "execution", "hedging")
    }
    legs = {
        name: attrs.evolve(leg, market=change(leg.market), venue=change(leg.venue)) for name, leg in stack.legs.items()
    }
    log = change(stack.log) if stack.log else None
    return attrs.evolve(stack, legs=legs, log=log, **groups, **single)


@attrs.define(eq=False)
class Seen:
    """What was seen of a rule; states: its state at the end of each session, as numbers."""

    rule: Rule
    calls: list[Call] = attrs.field(factory=list)
    _states: dict[int, Any] = attrs.field(factory=dict)

    def note(self, name: str, given: Mapping[str, Any], result: Any) -> None:
        """Takes down a call."""
        state, market, ladder = given.get("state"), given.get("market"), given.get("ladder")
        if state is not None:
            self._states[id(state)] = state
        outputs = tuple(getattr(state, each) for each in self.rule.outputs)
        levels: tuple[Any, ...] = ()
        if ladder is not None:
            levels = tuple(tuple(getattr(ladder, each)[: ladder.levels]) for each in LADDER)
        desks = [given["desk"]] if "desk" in given else [leg.desk for leg in given.get("hedges", ())]
        orders = tuple(map(orders_of, desks))
        if "order" in given:
            orders += ((given["order"].id, given["order"].front, given["order"].traded),)
        now = market.now if market is not None else None
        self.calls.append(Call(name, now, _plain(result), outputs, levels, orders))

    @property
    def states(self) -> list[tuple[Any, ...]]:
        """The rule's states after the last call."""
        return [attrs.astuple(state, recurse=False) for state in self._states.values()]


def _plain(result: Any) -> Any:
    return tuple(result) if isinstance(result, list | tuple) else result


def orders_of(desk: Any) -> tuple[Any, ...]:
    """Returns the orders that are alive, as numbers: of a price that is being amended the old and the new one, the lower first."""
    alive = (desk.orders[desk.live[i]] for i in range(desk.live_count))
    # The venue swaps the two when the amendment arrives, which is before we know of it.
    return tuple(
        (order.id, order.side, *sorted((order.tick, order.asked_tick)), order.lots, order.request) for order in alive
    )
