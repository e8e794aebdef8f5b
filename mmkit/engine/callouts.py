"""Rules that stay Python: the compiled loop calls them here by number, over views of its own memory."""

from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

import attrs

from mmkit.called import PLAINLY, returned
from mmkit.contract import arguments
from mmkit.engine.calls import identifier
from mmkit.engine.digest import digest
from mmkit.errors import PluginError
from mmkit.rules import own_functions
from mmkit.stack import Slot, Stack
from mmkit.subset import REFUSED, Finding, findings, placed

RECORDS = (
    *("params", "state", "inputs", "terms", "constants", "market", "ladder", "desk", "trade", "fill", "book"),
    *("account", "control", "hedges"),
)
"""Arguments that the rule reaches as views; an order is named by its id, everything else is a number."""


@attrs.frozen
class Refusal:
    """Why a rule is not compiled: its function, the function that has what is refused (it or a helper), lines from that one's head.

    A cache keeps it, and a file may have moved, or have other lines above the function, since then.
    """

    function: str
    owner: str
    offset: int
    said: str

    def line(self, slot: Slot) -> str:
        """Returns it in one line, naming rule, supplier, function and place."""
        where = placed(slot.rule, self.function, self.owner, self.offset)
        return f"{slot.path}: {slot.rule.name} ({slot.distribution}): {self.function}: {where}: {self.said}"


def refused(finding: Finding) -> Refusal:
    """Returns what a look at the text has found, as a refusal."""
    said = f"{finding.construct}: {finding.instead}"
    return Refusal(finding.function, finding.owner, finding.offset, said)


table: list[Callable[..., Any]] = []
"""The functions of the session that runs now; a function's number is its position."""


def call(number: int, *scalars: Any) -> Any:
    """Calls a rule's function; the compiled loop knows how many numbers it returns."""
    return table[number](*scalars)


def acting(stack: Stack) -> tuple[Slot, ...]:
    """Returns the slots whose functions the loop calls."""
    return (*stack.slots, *(leg.venue for leg in stack.all_legs), *stack.caches)


def called(slot: Slot) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Yields name, function and argument names of what the loop calls of a rule."""
    for name, function in own_functions(slot.rule):
        if name not in PLAINLY and (name != "assemble" or "constants" in slot.rule.anew):
            yield name, function, arguments(slot.rule, name)


def stays_python(stack: Stack) -> dict[str, Refusal | None]:
    """Returns the paths of the rules that are known not to be compiled: None where they say so themselves, else why."""
    found: dict[str, Refusal | None] = {}
    for slot in acting(stack):
        if not slot.rule.compiled:
            found[slot.path] = None
            continue
        for name, function, _ in called(slot):
            try:
                digest([function])
            except PluginError as error:
                seen = (each for each in findings(slot.rule) if each.kind == REFUSED and each.function == name)
                first = next(seen, None)
                said = f"{error}: a number, a tuple or a field of State"
                found[slot.path] = refused(first) if first else Refusal(name, qualified(function), 0, said)
                break
    return found


def qualified(function: Any) -> str:
    """Returns a function's name within its module."""
    return getattr(function, "__qualname__", "")


def seen_refused(stack: Stack, known: Container[str]) -> dict[str, Refusal]:
    """Returns the rules that cannot be compiled by the look of them, by path, but for those that are known already."""
    found: dict[str, Refusal] = {}
    for slot in acting(stack):
        if slot.path not in known:
            first = next((each for each in findings(slot.rule) if each.kind == REFUSED), None)
            if first is not None:
                found[slot.path] = refused(first)
    return found


def is_scalar(function: str, place: int, argument: str) -> bool:
    """Returns whether an argument is handed over as a number: an input of `prepare` may bear any name."""
    return place > 1 and argument != "constants" if function == "prepare" else argument not in RECORDS


def stub(name: str, number: int, function: str, given: tuple[str, ...]) -> Any:
    """Returns a function that compiles in the place of a rule's own and calls it by number."""
    import numba

    taken = [f"a{i}" for i in range(len(given))]
    passed = [
        f"{own}.id" if argument == "order" else own
        for i, (own, argument) in enumerate(zip(taken, given, strict=True))
        if is_scalar(function, i, argument)
    ]
    kinds = returned(function)
    results = [f"r{i}" for i in range(len(kinds))]
    declared = ", ".join(f'{result}="{kind}"' for result, kind in zip(results, kinds, strict=True))
    taking = f"{', '.join(results)} = " if results else ""
    text = f"def {name}({', '.join(taken)}):\n    with objmode({declared}):\n"
    text += f"        {taking}call({', '.join([str(number), *passed])})\n"
    text += f"    return {', '.join(results)}\n" if results else ""
    scope: dict[str, Any] = {"__name__": __name__, "objmode": numba.objmode, "call": call}
    exec(compile(text, f"<{name}>", "exec"), scope)
    return scope[name]


def stubs(slots: list[Slot]) -> dict[str, Any]:
    """Returns, under their names in the stack's module, what takes the place of the functions of rules that stay Python."""
    found: dict[str, Any] = {}
    for slot in slots:
        for function, _, given in called(slot):
            name = f"{identifier(slot.path)}_{function}"
            found[name] = stub(name, len(found), function, given)
    return found


def fill_table(slots: list[Slot], stack: Stack, session: Any, books: Sequence[Any]) -> None:
    """Points the numbers of `stubs(slots)` at the functions themselves, over a session's views and its instruments' local books."""
    levels = [memoryview(book) for book in books]
    table[:] = [over(slot, *each, stack, session, levels) for slot in slots for each in called(slot)]


def over(
    slot: Slot, name: str, function: Any, given: tuple[str, ...], stack: Stack, session: Any, levels: list[memoryview]
) -> Callable[..., Any]:
    """Returns a rule's function as one of numbers alone."""
    own = identifier(slot.path)
    number = number_of(stack, slot)
    leg = session.legs[number - 1] if number else session
    places = {"params": slot.params, "book": levels[number]}
    for argument in ("state", "inputs", "terms", "constants"):
        places[argument] = getattr(session, f"{own}_{argument}", None)
    for argument in ("market", "desk", "trade", "fill"):
        places[argument] = getattr(leg, argument)
    for argument in ("ladder", "account", "control"):
        places[argument] = getattr(session, argument, None)
    places["hedges"] = getattr(session, "legs", [])[: len(stack.hedges)]
    scalars = [i for i, argument in enumerate(given) if is_scalar(name, i, argument)]
    template = [None if i in scalars else places[argument] for i, argument in enumerate(given)]
    order = given.index("order") if "order" in given and name != "prepare" else -1
    desk = leg.desk

    def run(*numbers: Any) -> Any:
        filled = template.copy()
        for place, value in zip(scalars, numbers, strict=True):
            filled[place] = order_of(desk, value) if place == order else value
        return function(*filled)

    return run


def number_of(stack: Stack, slot: Slot) -> int:
    """Returns the number of the instrument that a rule is concerned with."""
    venues = [number for number, leg in enumerate(stack.all_legs) if leg.venue is slot]
    return venues[0] if venues else stack.leg_names.index(slot.instrument or stack.quote)


def order_of(desk: Any, id: int) -> Any:
    """Returns our order of that id; the venue only names orders that we have not forgotten."""
    orders = desk.orders
    for i in range(desk.live_count):
        order = orders[desk.live[i]]
        if order.id == id:
            return order
    raise LookupError(f"no order {id}")
